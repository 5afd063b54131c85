//! The console, driven by keys against a core in memory.

use crate::support::console::Console;
use crate::support::control::FakeControl;
use crate::support::picture;

async fn console(width: u16, height: u16) -> Console {
    Console::start(FakeControl::new(picture::state()), (width, height)).await
}

#[tokio::test]
async fn shots() {
    for (w, h) in [(140, 42), (80, 24), (220, 60), (40, 10)] {
        let mut console = console(w, h).await;
        console.shoot("overview");
        console.keys("j enter").await;
        console.shoot("graph");
        console.keys("x").await;
        console.shoot("menu");
        console.keys("esc ?").await;
        console.shoot("help");
        console.keys("esc :").await;
        console.text("tri node").await;
        console.shoot("palette");
        console.keys("esc P").await;
        console.text("nkim looks at the 502").await;
        console.shoot("pause");
        console.keys("esc a").await;
        console.shoot("builds");
        console.keys("esc esc g enter").await;
        console.shoot("graph-cpi");
        console.keys("enter").await;
        console.shoot("build");
        console.keys("S").await;
        console.shoot("chooser");
        console.keys("esc d").await;
        console.shoot("inputs");
        console.keys("esc i").await;
        console.shoot("facts");
        console.keys("esc A").await;
        console.shoot("abort");
        console.keys("n").await;
        console.wait(std::time::Duration::from_secs(1)).await;
        console.keys("n z").await;
        console.shoot("log");
        console.keys("/").await;
        console.text("task 18").await;
        console.shoot("search");
        console.keys("enter z esc alt-s").await;
        console.text("ls").await;
        console.shoot("shell");
    }
}

//! The console, driven by keys against a core in memory.

use std::time::Duration;

use flightdeck::control::{Change, Error, ErrorKind};
use flightdeck::model::build::Status;
use flightdeck::model::{BuildId, PipelineRef};
use flightdeck::tui::look::Look;
use flightdeck::tui::theme::{Depth, Theme};
use flightdeck::tui::{Effect, Exit, Msg};

use crate::support::console::Console;
use crate::support::control::{FakeControl, State};
use crate::support::make::{build, job, pipeline};
use crate::support::picture;

const SIZES: [(u16, u16); 4] = [(80, 24), (140, 42), (220, 60), (40, 10)];

async fn console(width: u16, height: u16) -> Console {
    Console::start(FakeControl::new(picture::state()), (width, height)).await
}

fn snapshot(name: &str, console: &Console, shown: &str) {
    let (width, height) = console.app.size;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/tui");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("{name}-{width}x{height}"), shown));
    console.shoot(name);
}

/// Keys, from the overview on, and the screen that they lead to.
const SCRIPTS: [(&str, &str, &str); 16] = [
    ("overview", "", ""),
    ("graph", "j enter", ""),
    ("graph-path", "j enter f", ""),
    ("menu", "j enter x", ""),
    ("help", "j enter ?", ""),
    ("palette", "j enter :", "tri node"),
    ("pause", "j enter P", "nkim looks at the 502"),
    ("builds", "j enter a", ""),
    ("build", "enter enter", ""),
    ("log", "enter enter z", ""),
    ("search", "enter enter z /", "task 18"),
    ("chooser", "enter enter S", ""),
    ("inputs", "enter enter d", ""),
    ("facts", "enter i", ""),
    ("abort", "enter enter A", ""),
    ("shell", "enter enter alt-s", "ls"),
];

#[tokio::test]
async fn screens_at_every_size() {
    for (name, keys, text) in SCRIPTS {
        for (width, height) in SIZES {
            let mut console = console(width, height).await;
            console.keys(keys).await;
            console.text(text).await;
            snapshot(name, &console, &console.shown());
        }
    }
}

#[tokio::test]
async fn colours_of_both_themes() {
    for (theme, look) in [
        ("night", Theme::night(Depth::True)),
        ("day", Theme::day(Depth::True)),
        ("sixteen", Theme::night(Depth::Sixteen)),
    ] {
        for (name, keys, _) in
            SCRIPTS.iter().filter(|s| ["overview", "graph", "build"].contains(&s.0))
        {
            let control = FakeControl::new(picture::state());
            let look = Look { theme: look.clone(), ..Look::night() };
            let mut console =
                Console::start_with(control, (140, 42), |options| options.look = look).await;
            console.keys(keys).await;
            snapshot(&format!("{name}-{theme}"), &console, &console.picture());
        }
    }
}

#[tokio::test]
async fn a_terminal_too_small_says_so() {
    let mut console = console(39, 9).await;
    assert_eq!(console.shown().lines().next(), Some("too small: 39x9, needs 40x10"));
    console.resize(80, 24).await;
    assert!(console.shows("NEWLY BROKEN"));
}

#[tokio::test]
async fn an_empty_core_says_what_to_do() {
    let console = Console::start(FakeControl::new(State::default()), (80, 24)).await;
    assert!(console.shows("No pipelines yet."));
}

#[tokio::test]
async fn a_quiet_console_does_nothing() {
    let of = PipelineRef::new("main", "quiet");
    let mut done = job(1, "unit");
    done.finished =
        Some(crate::support::make::timed(build(&of, "unit", 1, "1", Status::Succeeded), 390, 330));
    let state =
        State { pipelines: vec![pipeline(1, "main", "quiet", vec![done])], ..State::default() };
    let mut console = Console::start(FakeControl::new(state), (140, 42)).await;
    console.keys("enter").await;
    console.app.take_dirty();
    console.control.take_asked();
    // Ages are told in minutes: that is the next time that anything wakes.
    let wakes = console.app.wakes_at().expect("at the minute");
    assert!(wakes.since(console.app.now) > Duration::from_secs(10));
    console.settle().await;
    assert!(!console.app.take_dirty(), "no frame");
    assert_eq!(console.control.take_asked(), Vec::<String>::new());
    // With something that runs, spinner and times go on: four times a second.
    console.control.change(Change::Pipeline(of.clone()), |state| {
        let mut next = build(&of, "unit", 2, "2", Status::Started);
        next.started_at = Some(next.created_at);
        state.pipelines[0].jobs[0].next = Some(next);
    });
    console.settle().await;
    let wakes = console.app.wakes_at().expect("soon");
    assert!(wakes.since(console.app.now) <= Duration::from_millis(250));
}

#[tokio::test]
async fn only_what_is_on_the_screen_is_asked_for() {
    let mut console = console(140, 42).await;
    console.keys("enter").await;
    console.control.take_asked();
    let other = PipelineRef::new("main", "docs");
    console.control.change(Change::Pipeline(other), |_| {});
    console.settle().await;
    assert_eq!(console.control.take_asked(), Vec::<String>::new());
    let here = PipelineRef::new("cpi", "bosh-alicloud-cpi");
    // A burst of changes is asked for once or twice, not each time.
    for _ in 0..20 {
        console.control.change(Change::Pipeline(here.clone()), |_| {});
    }
    console.settle().await;
    let asked = console.control.take_asked();
    assert!((1..=2).contains(&asked.len()), "{asked:?}");
}

#[tokio::test]
async fn the_first_frame_waits_for_nothing() {
    let control = std::sync::Arc::new(FakeControl::new(picture::state()));
    let clock = std::sync::Arc::new(crate::support::fixed_clock::FixedClock::at(
        crate::support::control::NOW,
    ));
    let options = flightdeck::tui::Options::new(clock);
    let app =
        flightdeck::tui::App::new(&*control, &options, (80, 24), crate::support::control::NOW);
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| flightdeck::tui::view::draw(&app, frame)).unwrap();
    let shown = crate::support::console::text(terminal.backend().buffer());
    assert!(shown.contains("prod") && shown.contains("all teams"), "{shown}");
    assert_eq!(control.take_asked(), Vec::<String>::new());
}

#[tokio::test]
async fn triggering_answers_and_can_be_undone() {
    let mut console = console(140, 42).await;
    console.keys("j enter T").await;
    assert_eq!(console.control.take_told(), ["trigger main/base-images/test-nodejs-base-image"]);
    assert!(console.shows("test-nodejs-base-image #38 is pending   u abort it, 5 s"));
    console.wait(Duration::from_secs(2)).await;
    assert!(console.shows("u abort it, 3 s"));
    console.keys("u").await;
    assert_eq!(console.control.take_told(), ["abort 9001"]);
    console.keys("u").await;
    assert_eq!(console.control.take_told(), Vec::<String>::new());
}

#[tokio::test]
async fn stopping_asks_and_only_y_answers() {
    let mut console = console(140, 42).await;
    console.keys("enter enter A").await;
    assert!(console.shows("Abort bats #112 of cpi/bosh-alicloud-cpi?"));
    // Typed ahead: the question is deaf for a moment.
    console.keys("y").await;
    assert!(console.shows("Abort bats #112"));
    console.wait(Duration::from_millis(300)).await;
    console.keys("enter").await;
    assert!(!console.shows("Abort bats #112 of"));
    assert_eq!(console.control.take_told(), Vec::<String>::new());
    console.keys("A").await;
    console.wait(Duration::from_millis(300)).await;
    console.keys("y").await;
    assert_eq!(console.control.take_told(), ["abort 112"]);
}

#[tokio::test]
async fn pausing_takes_a_reason_and_resuming_none() {
    let mut console = console(140, 42).await;
    console.keys("j enter P").await;
    console.text("the 502").await;
    console.keys("enter").await;
    let told = ["pause main/base-images/test-nodejs-base-image Some(\"the 502\")"];
    assert_eq!(console.control.take_told(), told);
    assert!(console.shows("paused test-nodejs-base-image: \"the 502\"   u undo, 5 s"));
    console.keys("j j j P").await;
    assert_eq!(
        console.control.take_told(),
        ["unpause main/base-images/test-powershell-base-image"]
    );
}

#[tokio::test]
async fn one_who_may_only_look_changes_nothing() {
    let mut control = FakeControl::new(picture::state());
    control.is_read_only = true;
    let mut console = Console::start(control, (140, 42)).await;
    assert!(console.shows("READ-ONLY"));
    for keys in ["T", "P", "A", "R", "s", "S"] {
        for place in ["", "enter", "enter"] {
            console.keys(place).await;
            console.keys(keys).await;
        }
        console.keys("esc esc esc").await;
    }
    assert_eq!(console.control.take_told(), Vec::<String>::new());
    console.keys("T").await;
    assert!(console.shows("read-only: anna may not trigger"));
    console.keys("?").await;
    assert!(!console.shows("CHANGE"));
    console.keys("esc :").await;
    console.text("trigger").await;
    console.keys("enter").await;
    assert_eq!(console.control.take_told(), Vec::<String>::new());
}

#[tokio::test]
async fn a_shell_has_the_terminal_or_a_pane() {
    let mut console = console(140, 42).await;
    console.keys("enter s").await;
    let handed = console.needs.iter().find_map(|effect| match effect {
        Effect::HandOver { ask, greeting } => Some((ask.handle.clone(), greeting.clone())),
        _ => None,
    });
    let (handle, greeting) = handed.expect("the terminal is handed over");
    assert_eq!(handle, "112-run-bats");
    assert!(greeting.contains("cpi/bosh-alicloud-cpi/bats #112"), "{greeting}");
    console.keys("enter alt-s").await;
    assert!(console.shows("root@run-bats:~#") && console.shows("SHELL"));
    console.text("hello").await;
    assert!(console.shows("root@run-bats:~# hello"));
    // Back to the log: keys are the console's again, the shell lives on.
    console.keys("ctrl-] ?").await;
    assert!(console.shows("Keys in a build"));
    console.keys("esc s").await;
    console.text("x").await;
    assert!(console.shows("root@run-bats:~# hellox"));
    console.keys("ctrl-d").await;
    assert!(!console.shows("SHELL"));
}

#[tokio::test]
async fn quitting_an_embedded_core_with_builds_asks() {
    let mut state = picture::state();
    let of = PipelineRef::new("main", "e2e");
    state.running = vec![build(&of, "tests-knative", 410, "410", Status::Started)];
    let mut control = FakeControl::new(state);
    control.is_embedded = true;
    let mut console = Console::start(control, (140, 42)).await;
    console.keys("q").await;
    assert!(console.shows("1 build not over") && console.shows("tests-knative #410"));
    assert!(console.needs.is_empty());
    console.wait(Duration::from_secs(1)).await;
    console.keys("enter").await;
    assert!(console.needs.is_empty(), "enter answers nothing");
    console.keys("w").await;
    assert!(console.needs.is_empty());
    let over = Change::Build { pipeline: of, job: "tests-knative".to_owned(), build: BuildId(410) };
    console.control.change(over, |state| state.running.clear());
    console.settle().await;
    assert_eq!(console.needs, [Effect::Quit(Exit::Done)]);
}

#[tokio::test]
async fn leaving_at_once_leaves_builds() {
    let mut state = picture::state();
    let of = PipelineRef::new("main", "e2e");
    state.running = vec![build(&of, "tests-knative", 410, "410", Status::Started)];
    let mut control = FakeControl::new(state);
    control.is_embedded = true;
    let mut console = Console::start(control, (80, 24)).await;
    console.keys("ctrl-c").await;
    assert!(console.shows("ctrl-c again leaves"));
    console.keys("ctrl-c").await;
    console.wait(Duration::from_secs(1)).await;
    console.keys("l").await;
    assert_eq!(console.needs, [Effect::Quit(Exit::Left)]);
    // One far away does not end with us: nothing is asked.
    let mut console = self::console(80, 24).await;
    console.keys("q").await;
    assert_eq!(console.needs, [Effect::Quit(Exit::Done)]);
}

#[tokio::test]
async fn a_lost_core_is_a_state() {
    let mut console = console(140, 42).await;
    console.keys("j enter").await;
    let gone = Error::new(ErrorKind::Unavailable, "connection refused");
    console.take(Msg::Disconnected(gone));
    assert!(console.shows("no answer from prod since 14:05:11"));
    assert!(console.shows("STALE"));
    snapshot("stale", &console, &console.picture());
    console.keys("T").await;
    assert!(console.shows("T does nothing now: prod cannot be reached"));
    assert_eq!(console.control.take_told(), Vec::<String>::new());
    console.keys("r").await;
    console.wait(Duration::from_secs(1)).await;
    assert!(!console.shows("STALE"));
}

#[tokio::test]
async fn the_selection_stays_with_the_thing() {
    let mut console = console(140, 42).await;
    console.keys("j").await;
    let chosen = console.app.overview.choice.chosen.clone();
    let other = PipelineRef::new("cpi", "bosh-alicloud-cpi");
    console.control.change(Change::Everything, |state| {
        state.pipelines.retain(|pipeline| pipeline.pipeline != other);
    });
    console.settle().await;
    assert_eq!(console.app.overview.choice.chosen, chosen);
    // And when the thing goes, what took its place is chosen.
    let gone = chosen.unwrap();
    console.control.change(Change::Everything, |state| {
        state.pipelines.retain(|pipeline| pipeline.pipeline != gone);
    });
    console.settle().await;
    assert!(console.app.overview.choice.chosen.is_some());
}

#[tokio::test]
async fn a_log_goes_on_after_a_break() {
    let mut console = console(140, 42).await;
    console.keys("enter enter").await;
    console.control.take_asked();
    let lost = Error::new(ErrorKind::Unavailable, "cut");
    console.take(Msg::EventsEnded { build: BuildId(112), generation: 1, result: Err(lost) });
    console.wait(Duration::from_secs(1)).await;
    let asked = console.control.take_asked();
    let n = console.control.state.lock().unwrap().events[&BuildId(112)].len();
    assert!(asked.contains(&format!("build_events 112 {n}")), "{asked:?}");
    assert!(console.shows("8,412 lines"), "nothing twice");
}

#[tokio::test]
async fn searching_finds_and_goes_back() {
    let mut console = console(140, 42).await;
    console.keys("enter enter /").await;
    console.text("Finished in").await;
    assert!(console.shows("1 of 1"));
    console.keys("enter &").await;
    assert!(!console.shows("Failures:"));
    console.keys("esc").await;
    assert!(console.shows("Failures:"));
    console.keys("esc").await;
    assert!(!console.shows("Finished in  "));
    assert_eq!(console.app.build.needle, "");
    // The search is over: now it leads out of the build.
    console.keys("esc").await;
    assert!(console.shows("FIRST CAUSE"));
}

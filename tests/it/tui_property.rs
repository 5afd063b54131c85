//! Whatever is typed, whatever the size, whatever the core answers: the console never panics, and
//! what is chosen exists.

use std::time::Duration;

use flightdeck::control::{Change, Error, ErrorKind};
use flightdeck::model::PipelineRef;
use flightdeck::tui::app::Place;
use flightdeck::tui::term::{Event, Key, Mouse, MouseKind};
use flightdeck::tui::{Level, Msg, Notice};
use proptest::prelude::*;

use crate::support::console::Console;
use crate::support::control::FakeControl;
use crate::support::picture;

/// Something that happens.
#[derive(Debug, Clone)]
enum Happens {
    Key(String),
    Paste(String),
    Wheel(bool),
    Resize(u16, u16),
    Wait(u64),
    /// That pipeline goes.
    Gone(usize),
    /// That pipeline is paused, or resumes.
    Pause(usize),
    /// Its jobs come in another order, and one of them goes.
    Reorder(usize),
    Lost,
    Back,
    Notice(String),
}

fn happens() -> impl Strategy<Value = Happens> {
    let names = vec![
        "h",
        "j",
        "k",
        "l",
        "g",
        "G",
        "e",
        "E",
        "f",
        "z",
        "m",
        "w",
        "t",
        "d",
        "i",
        "a",
        "b",
        "s",
        "S",
        "T",
        "R",
        "A",
        "P",
        "C",
        "u",
        "x",
        "y",
        "n",
        "N",
        "?",
        ":",
        "/",
        "&",
        "-",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "0",
        "$",
        "r",
        "|",
        "enter",
        "esc",
        "tab",
        "space",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pgup",
        "pgdn",
        "backspace",
        "delete",
        "ctrl-left",
        "ctrl-down",
        "ctrl-c",
        "ctrl-]",
        "ctrl-l",
        "ctrl-z",
        "alt-s",
        "~",
        ".",
        "q",
    ];
    prop_oneof![
        30 => prop::sample::select(names).prop_map(|name| Happens::Key(name.to_owned())),
        1 => "\\PC{0,12}".prop_map(Happens::Paste),
        1 => any::<bool>().prop_map(Happens::Wheel),
        3 => (1u16..260, 1u16..80).prop_map(|(w, h)| Happens::Resize(w, h)),
        1 => Just(Happens::Resize(80, 24)),
        1 => Just(Happens::Resize(140, 42)),
        2 => (0u64..400_000).prop_map(Happens::Wait),
        1 => (0usize..20).prop_map(Happens::Gone),
        1 => (0usize..20).prop_map(Happens::Pause),
        1 => (0usize..20).prop_map(Happens::Reorder),
        1 => Just(Happens::Lost),
        1 => Just(Happens::Back),
        1 => "\\PC{0,40}".prop_map(Happens::Notice),
    ]
}

async fn happen(console: &mut Console, happens: Happens) {
    match happens {
        Happens::Key(name) => {
            let key = Key::parse(&name).expect("a key");
            console.take(Msg::Input(Event::Key(key)));
        }
        Happens::Paste(text) => console.take(Msg::Input(Event::Paste(text))),
        Happens::Wheel(up) => {
            let kind = if up { MouseKind::WheelUp } else { MouseKind::WheelDown };
            console.take(Msg::Input(Event::Mouse(Mouse { kind, x: 3, y: 3 })));
        }
        Happens::Resize(width, height) => console.take(Msg::Resize(width, height)),
        Happens::Wait(ms) => console.wait(Duration::from_millis(ms)).await,
        Happens::Gone(at) => console.control.change(Change::Everything, |state| {
            if at < state.pipelines.len() {
                state.pipelines.remove(at);
            }
        }),
        Happens::Pause(at) => console.control.change(Change::Everything, |state| {
            if let Some(pipeline) = state.pipelines.get_mut(at) {
                let pause = flightdeck::control::Pause {
                    by: "lee".to_owned(),
                    why: None,
                    since: crate::support::control::NOW,
                };
                pipeline.pause = if pipeline.pause.is_some() { None } else { Some(pause) };
            }
        }),
        Happens::Reorder(at) => console.control.change(Change::Everything, |state| {
            if let Some(pipeline) = state.pipelines.get_mut(at) {
                pipeline.jobs.reverse();
                pipeline.jobs.pop();
            }
        }),
        Happens::Lost => {
            console.take(Msg::Disconnected(Error::new(ErrorKind::Unavailable, "gone\u{1b}[2J")));
        }
        Happens::Back => console.take(Msg::Connected),
        Happens::Notice(text) => console.take(Msg::Noticed(Notice::new(Level::Warn, text))),
    }
}

fn selection_exists(console: &Console) {
    match &console.app.place {
        Place::Overview => {
            let all = console.app.outlines();
            if let Some(chosen) = &console.app.overview.choice.chosen {
                assert!(all.iter().any(|outline| outline.pipeline.pipeline == *chosen));
            } else {
                assert!(all.is_empty());
            }
        }
        Place::Graph(pipeline) => {
            let Some(summary) = console.app.data.pipeline(pipeline) else { return };
            let chosen = console.app.graphs.get(pipeline).and_then(|graph| graph.chosen.as_ref());
            let exists = chosen.is_some_and(|name| summary.jobs.iter().any(|j| j.name == *name));
            assert!(exists || summary.jobs.is_empty());
        }
        Place::Builds(..) | Place::Build(_) | Place::Messages => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_the_console(
        size in (1u16..240, 1u16..70),
        script in prop::collection::vec(happens(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut console = Console::start(FakeControl::new(picture::state()), size).await;
            for step in script {
                happen(&mut console, step).await;
                console.settle().await;
                console.screen();
                selection_exists(&console);
            }
        });
    }
}

#[test]
fn a_pipeline_that_goes_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut console = Console::start(FakeControl::new(picture::state()), (140, 42)).await;
        console.keys("enter").await;
        let here = PipelineRef::new("cpi", "bosh-alicloud-cpi");
        console.control.change(Change::Pipeline(here.clone()), |state| {
            state.pipelines.retain(|pipeline| pipeline.pipeline != here);
        });
        console.settle().await;
        console.keys("esc").await;
        assert!(console.shows("base-images"));
        assert!(!console.shows("bosh-alicloud-cpi\u{20}\u{20}"));
    });
}

//! How long a person waits for a core: from a trigger to the task's first line, and from the
//! start of a core until it answers.
//!
//! `cargo bench --bench core`. A job without inputs, the process runtime, a database of its own.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench ends where it goes wrong, and prints its figures"
)]

#[path = "../it/support/core.rs"]
#[expect(dead_code, reason = "benches use less of it than tests")]
mod support;

use std::time::{Duration, Instant};

use flightdeck::model::build::Event;
use futures_util::StreamExt;

use support::{Core, Place};

const PIPELINE: &str = "
jobs:
- name: greet
  plan:
  - task: greet
    config: {platform: linux, run: {path: echo, args: [hello]}}
";

/// How often each is measured.
const SAMPLES: usize = 40;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        report("start of a core, new directory", new_core().await);
        report("start of a core, 40 builds before", old_core().await);
        let waits = first_lines().await;
        let median = report("trigger to first line", waits.lines);
        report("trigger to end of the build", waits.ends);
        let budget = Duration::from_millis(150);
        println!("budget {budget:?} for the first line: {}", verdict(median <= budget));
    });
}

fn verdict(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "MISSED" }
}

/// Prints a row; gives the median.
fn report(what: &str, mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    let at = |percent: usize| samples[(samples.len() - 1) * percent / 100];
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (median, p90, most) = (at(50), at(90), at(100));
    println!(
        "{what:<36} median {:6.1} ms   p90 {:6.1} ms   max {:6.1} ms",
        ms(median),
        ms(p90),
        ms(most)
    );
    median
}

async fn new_core() -> Vec<Duration> {
    let mut samples = Vec::new();
    for _ in 0..SAMPLES / 4 {
        let place = Place::new();
        samples.push(start(&place).await);
    }
    samples
}

async fn old_core() -> Vec<Duration> {
    let place = Place::new();
    let core = place.start().await;
    run_builds(&core).await;
    core.shut_down().await;
    let mut samples = Vec::new();
    for _ in 0..SAMPLES / 4 {
        samples.push(start(&place).await);
    }
    samples
}

/// From nothing to the first answer.
async fn start(place: &Place) -> Duration {
    let since = Instant::now();
    let core = place.start().await;
    core.control.list_pipelines().await.expect("answers");
    let took = since.elapsed();
    core.shut_down().await;
    took
}

struct Waits {
    lines: Vec<Duration>,
    ends: Vec<Duration>,
}

async fn first_lines() -> Waits {
    let place = Place::new();
    let core = place.start().await;
    let waits = run_builds(&core).await;
    core.shut_down().await;
    waits
}

async fn run_builds(core: &Core) -> Waits {
    let pipeline = core.set("greet", PIPELINE, &[]).await;
    let mut waits = Waits { lines: Vec::new(), ends: Vec::new() };
    for _ in 0..SAMPLES {
        let since = Instant::now();
        let build = core.trigger(&pipeline, "greet").await;
        let mut events = core.control.build_events(build.id, 0).await.expect("a log");
        let mut has_line = false;
        while let Some(more) = events.next().await {
            let is_line = |event: &Event| matches!(event, Event::Log { .. });
            if !has_line && more.expect("reads").iter().any(|more| is_line(&more.event)) {
                has_line = true;
                waits.lines.push(since.elapsed());
            }
        }
        waits.ends.push(since.elapsed());
    }
    waits
}

//! The engine on real processes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flightdeck::model::build::{Cause, Outcome};
use flightdeck::runtime::Runtime;

use crate::runtime::subject::open_process;
use crate::support::world::{World, build, ended, plan, until};

fn job(script: &str) -> String {
    let script = script.replace('\'', "''");
    format!(
        "jobs: [{{name: j, plan: [{{task: unit, config: {{platform: linux, params: {{S: ((s))}}, \
         run: {{path: sh, args: [-c, '{script}']}}}}}}]}}]"
    )
}

fn real() -> (World, tempfile::TempDir) {
    let mut world = World::at_speed(1);
    world.secrets.insert("s".to_owned(), "correct-horse".into());
    (world, tempfile::tempdir().expect("a temporary directory"))
}

#[tokio::test]
async fn a_secret_in_two_writes_is_found() {
    let (world, place) = real();
    let engine = world.engine_with(Arc::new(open_process(place.path())), world.journal.clone());
    let script = "printf 'a correct-'; sleep 0.2; printf 'horse b\\n'; printf ä; exit 3";
    let running = engine.start(build(plan(&job(script))));
    assert_eq!(ended(&running).await, Outcome::Failed);
    assert_eq!(world.told().output(), "a ((redacted)) b\r\nä");
}

#[tokio::test]
async fn a_process_goes_on_under_the_next_core() {
    let (world, place) = real();
    let runtime = || -> Arc<dyn Runtime> { Arc::new(open_process(place.path())) };
    let engine = world.engine_with(runtime(), world.journal.clone());
    let script = "echo one; until test -e go; do sleep 0.01; done; echo two; exit 7";
    let running = engine.start(build(plan(&job(script))));
    until(|| world.told().output() == "one\r\n").await;
    engine.drain().await;
    assert_eq!(ended(&running).await, Outcome::Stopped(Cause::Detach));
    let container = runtime().find("core-b7-1").await.expect("answers").expect("is there");
    let dir = container.volume("").await.expect("a volume").local_path().expect("a path");
    std::fs::write(dir.join("go"), "").expect("writes");
    let next = world.engine_with(runtime(), world.journal.clone());
    assert_eq!(ended(&next.start(build(plan(&job(script))))).await, Outcome::Failed);
    assert_eq!(world.told().output(), "one\r\ntwo\r\n");
    assert_eq!(world.told().doubled(), []);
}

#[tokio::test]
async fn an_abort_ends_the_process_and_keeps_its_last_words() {
    let (world, place) = real();
    let engine = world.engine_with(Arc::new(open_process(place.path())), world.journal.clone());
    let script = "trap 'echo bye; exit 0' TERM; echo hi; while :; do :; done";
    let running = engine.start(build(plan(&job(script))));
    until(|| world.told().output() == "hi\r\n").await;
    running.stop(Cause::Aborted);
    assert_eq!(ended(&running).await, Outcome::Stopped(Cause::Aborted));
    assert_eq!(world.told().output(), "hi\r\nbye\r\n");
    assert_eq!(world.told().errors(), ["interrupted"]);
}

#[tokio::test]
async fn a_flood_is_told_whole_and_soon() {
    let (world, place) = real();
    let engine = world.engine_with(Arc::new(open_process(place.path())), world.journal.clone());
    let start = Instant::now();
    let running = engine.start(build(plan(&job("echo first; sleep 1; seq 200000"))));
    until(|| !world.told().output().is_empty()).await;
    let first = start.elapsed();
    assert!(first < Duration::from_millis(900), "the first line waits for no other: {first:?}");
    assert_eq!(ended(&running).await, Outcome::Succeeded);
    let told = world.told();
    let text = told.output();
    assert_eq!(text.lines().count(), 200_001);
    assert!(text.ends_with("\n199999\r\n200000\r\n"));
    println!("first line {first:?}, all {:?}, {} events", start.elapsed(), told.0.log.len());
}

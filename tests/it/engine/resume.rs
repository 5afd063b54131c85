//! A core goes away at any write, and another one goes on: nothing is lost, nothing is doubled.

use std::time::Duration;

use flightdeck::model::build::{Cause, Outcome};
use flightdeck::runtime::fake::{Act, Script};
use futures_util::StreamExt;

use crate::support::journal::Loss;
use crate::support::world::{Told, World, build, ended, plan, until};

/// Runs the job whole, then again and again with the core lost at each of its writes.
async fn check(pipeline: &str, world: fn() -> World) {
    let whole = world();
    let (outcome, expected) = whole.run_job(pipeline).await;
    let writes = whole.journal.writes();
    assert!(writes > 4, "there is something to lose");
    assert_eq!(expected.0.log.iter().map(|e| e.id).collect::<Vec<_>>(), ids(&expected));
    let cases = [Loss::Detach, Loss::Before, Loss::After]
        .into_iter()
        .flat_map(|loss| (0..writes).map(move |at| (loss, at)));
    // Most of the time goes by with waiting.
    let mut results = futures_util::stream::iter(cases)
        .map(|(loss, at)| async move {
            let world = world();
            let told = lose(&world, pipeline, at, loss).await;
            (loss, at, world, told)
        })
        .buffer_unordered(8);
    while let Some((loss, at, world, told)) = results.next().await {
        let case = format!("{loss:?} at write {at} of {writes}");
        assert_eq!(told.0, outcome, "{case}");
        assert_eq!(told.1.by_node(), expected.by_node(), "{case}");
        assert_eq!(world.thing.done().len(), whole.thing.done().len(), "{case}");
        assert_eq!(world.tasks().len(), whole.tasks().len(), "{case}");
        let outputs = |told: &Told| told.0.outputs.len();
        assert_eq!(outputs(&told.1), outputs(&expected), "{case}");
    }
}

fn ids(told: &Told) -> Vec<u64> {
    (0..).take(told.0.log.len()).collect()
}

async fn lose(world: &World, pipeline: &str, at: usize, loss: Loss) -> (Outcome, Told) {
    let journal = world.journal.for_next(Some((at, loss)));
    let engine = world.engine_on(journal.clone());
    let running = engine.start(build(plan(pipeline)));
    let is_lost = async {
        tokio::select! {
            () = journal.lost() => {}
            _ = running.wait() => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_lost).await.expect("it is lost or it ends");
    if loss == Loss::Detach {
        engine.drain().await;
    }
    let next = world.engine_on(world.journal.for_next(None));
    let outcome = ended(&next.start(build(plan(pipeline)))).await;
    (outcome, world.told())
}

#[tokio::test]
async fn in_order() {
    let text = "
resources:
- {name: code, type: thing, source: {say: 'one two three', files: {v: 'x'}}}
- {name: shop, type: thing, source: {say: 'going out'}}
jobs:
- name: j
  plan:
  - get: code
  - {load_var: v, file: code/v}
  - task: unit
    config:
      platform: linux
      run: {path: make, args: [((.:v))]}
      inputs: [{name: code}]
      outputs: [{name: out}]
  - {put: shop, params: {version: '2', path: out/y}}
  - task: last
    config: {platform: linux, run: {path: ls}, inputs: [{name: shop}, {name: out}]}
  ensure: {task: sweep, config: {platform: linux, run: {path: sweep}}}
";
    check(text, || {
        World::at_speed(1000)
            .on(
                "unit",
                Script::new([
                    Act::Print("hello\n".to_owned()),
                    Act::Leave { path: "out/y".to_owned(), content: "made".to_owned() },
                    Act::Wait(Duration::from_secs(2)),
                    Act::Print("good-bye, half a li".to_owned()),
                    Act::Wait(Duration::from_secs(2)),
                    Act::Print("ne\n".to_owned()),
                ]),
            )
            .on("last", Script::new([Act::Show("out/y".to_owned()), Act::Exit(1)]))
    })
    .await;
}

#[tokio::test]
async fn side_by_side() {
    let text = "
resources:
- {name: code, type: thing, source: {}}
- {name: bad, type: thing, source: {fail: 'no such thing'}}
jobs:
- name: j
  plan:
  - in_parallel:
    - get: code
    - {task: a, config: {platform: linux, run: {path: a}}}
    - try: {put: bad, no_get: true, params: {}}
  - across: [{var: n, values: [1, 2]}, {var: m, values: [x, z], max_in_flight: all}]
    task: t-((.:n))-((.:m))
    attempts: 2
    config: {platform: linux, run: {path: a, args: [((.:m))]}}
  on_failure: {task: sweep, config: {platform: linux, run: {path: sweep}}}
";
    check(text, || {
        World::at_speed(1000)
            .on("t-2-x", Script::prints("no\n", 1))
            .on("a", Script::prints("a\n", 0))
    })
    .await;
}

#[tokio::test]
async fn bad_ends() {
    let text = "
resources:
- {name: slow, type: thing, source: {hang: true}}
- name: code
  type: thing
  source: {files: {p.yml: 'jobs: [{name: j, plan: [{task: t, file: a/b}]}]'}}
jobs:
- name: j
  plan:
  - get: code
  - {set_pipeline: other, file: code/p.yml}
  - {set_pipeline: other, file: code/p.yml}
  - try: {task: gone, config: {platform: linux, run: {path: a}}}
  - try: {get: slow, timeout: 1s}
  - {load_var: v, file: nowhere/x}
";
    check(text, || World::at_speed(1000).on("gone", Script::new([Act::Missing]))).await;
}

#[tokio::test]
async fn stopped_from_above() {
    let text = "
jobs:
- name: j
  plan:
  - try:
      in_parallel:
        fail_fast: true
        steps:
        - {task: hangs, config: {platform: linux, run: {path: a}}}
        - {task: fails, config: {platform: linux, run: {path: b}}}
  - try:
      do: [{task: hangs, config: {platform: linux, run: {path: a}}}]
      timeout: 60s
";
    check(text, || {
        // Long enough for the other one to be well under way.
        let fails = [Act::Wait(Duration::from_secs(60)), Act::Exit(1)];
        World::new().on("hangs", Script::hangs()).on("fails", Script::new(fails))
    })
    .await;
}

#[tokio::test]
async fn a_task_goes_on_while_nobody_watches() {
    let text = "jobs: [{name: j, plan: [{task: unit, config: {platform: linux, run: {path: x}}}]}]";
    let script = [
        Act::Print("one\n".to_owned()),
        Act::Wait(Duration::from_secs(1)),
        Act::Print("two\n".to_owned()),
        Act::Exit(5),
    ];
    let world = World::at_speed(1).on("unit", Script::new(script));
    let engine = world.engine();
    let running = engine.start(build(plan(text)));
    until(|| world.told().output() == "one\r\n").await;
    engine.drain().await;
    assert_eq!(ended(&running).await, Outcome::Stopped(Cause::Detach));
    assert_eq!(engine.start(build(plan(text))).wait().await, Outcome::Stopped(Cause::Detach));
    let before = world.told();
    assert!(!before.kinds().contains(&"finish-task"));
    let next = world.engine();
    assert_eq!(ended(&next.start(build(plan(text)))).await, Outcome::Failed);
    assert_eq!(world.told().output(), "one\r\ntwo\r\n");
    assert_eq!(world.tasks(), ["unit"]);
    let again = world.engine().start(build(plan(text)));
    assert_eq!(ended(&again).await, Outcome::Failed, "a build that is over stays as it is");
}

#[tokio::test]
async fn a_task_whose_container_is_gone_has_errored() {
    let text = "jobs: [{name: j, plan: [{task: unit, config: {platform: linux, run: {path: x}}}]}]";
    let world = World::new().on("unit", Script::hangs());
    let engine = world.engine();
    engine.start(build(plan(text)));
    world.until_ran(1).await;
    engine.drain().await;
    world.runtime.lose(&world.runtime.ran()[0].handle);
    let outcome = ended(&world.engine().start(build(plan(text)))).await;
    assert!(matches!(outcome, Outcome::Errored(_)), "{outcome:?}");
    assert_eq!(world.told().errors().len(), 1);
}

//! What each kind of step does.

use flightdeck::model::build::{Cause, Outcome};
use flightdeck::runtime::fake::{Act, Script};

use crate::support::world::{World, build, ended, plan};

const GET_TASK_PUT: &str = r#"
resources:
- {name: code, type: thing, source: {files: {task.yml: '{platform: linux, run: {path: sh, args: ["<<.:code.said>>"]}, inputs: [{name: code}], outputs: [{name: out}]}'}}}
- {name: shop, type: thing, source: {say: going out}}
jobs:
- name: j
  plan:
  - get: code
  - {task: unit, file: code/task.yml}
  - {put: shop, params: {version: '2', path: out/x}}
"#;

#[tokio::test]
async fn a_get_a_task_and_a_put_go_by_the_book() {
    let leave = Act::Leave { path: "out/x".to_owned(), content: "made".to_owned() };
    let world = World::new().on("unit", Script::new([Act::Show("code/version".to_owned()), leave]));
    let (outcome, told) = world.run_job(GET_TASK_PUT).await;
    assert_eq!((outcome, told.errors()), (Outcome::Succeeded, vec![]));
    assert_eq!(
        told.kinds(),
        [
            "status",
            "initialize-get",
            "start-get",
            "selected-worker",
            "finish-get",
            "initialize-task",
            "selected-worker",
            "start-task",
            "finish-task",
            "initialize-put",
            "selected-worker",
            "start-put",
            "finish-put",
            "initialize-get",
            "start-get",
            "selected-worker",
            "finish-get",
            "status",
        ]
    );
    assert_eq!(told.output(), "v:1going out\ngoing out\n");
    assert_eq!(world.runtime.ran()[0].spec.args, ["v:1"]);
    assert_eq!(world.thing.done(), ["core-build-7-3"]);
    assert_eq!(told.0.outputs[0].version.to_string(), "v:2");
    assert_eq!(told.0.inputs.len(), 2);
    assert!(told.doubled().is_empty() || told.doubled().iter().all(|(_, kind)| *kind == "status"));
}

#[tokio::test]
async fn a_task_that_says_no_has_failed() {
    let world = World::new().on("unit", Script::prints("oh\n", 4));
    let (outcome, told) = world
        .run_job(
            "jobs: [{name: j, plan: [{task: unit, config: {platform: linux, run: {path: x}}}]}]",
        )
        .await;
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(told.output(), "oh\r\n");
    assert!(told.by_node().values().any(|(events, _)| {
        events.iter().any(|event| event.contains(r#""finish-task" {"exit_status":4"#))
    }));
}

#[tokio::test]
async fn an_abort_interrupts() {
    let world = World::new().on("unit", Script::hangs());
    let text = "
jobs:
- name: j
  plan:
  - task: unit
    config: {platform: linux, run: {path: x}}
    on_abort: {task: sweep, config: {platform: linux, run: {path: x}}}
  - {task: never, config: {platform: linux, run: {path: x}}}
";
    let running = world.engine().start(build(plan(text)));
    world.until_ran(1).await;
    running.stop(Cause::Aborted);
    assert_eq!(ended(&running).await, Outcome::Stopped(Cause::Aborted));
    let told = world.told();
    assert_eq!(told.errors(), ["interrupted"]);
    assert_eq!(world.tasks(), ["unit", "sweep"]);
}

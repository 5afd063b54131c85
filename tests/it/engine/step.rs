//! What each kind of step does.

use flightdeck::model::build::{Cause, Outcome};
use flightdeck::model::{BuildId, Version};
use flightdeck::runtime::Runtime;
use flightdeck::runtime::fake::{Act, Script};
use flightdeck::scheduler;

use crate::support::journal::Loss;
use crate::support::world::{Told, World, build, ended, plan, read};

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
    assert_eq!(told.doubled(), []);
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
        events.iter().any(|event| event.contains(r#"finish-task {"exit_status":4"#))
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

const ECHO: &str = "{platform: linux, run: {path: echo}}";

#[tokio::test]
async fn a_task_gets_its_env_terminal_and_directory() {
    let text = "
jobs:
- name: j
  plan:
  - task: unit
    params: {B: over, C: [1, two]}
    attempts: 2
    config:
      platform: linux
      params: {A: a, B: b}
      outputs: [{name: sub, path: sub/dir}]
      run: {path: x, dir: ./sub/../dir, user: nobody}
";
    let world = World::new();
    let (outcome, _) = world.run_job(text).await;
    assert_eq!(outcome, Outcome::Succeeded);
    let ran = &world.runtime.ran()[0];
    let env: Vec<String> = ran.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["ATC_EXTERNAL_URL=http://deck", "A=a", "B=over", "C=[1,\"two\"]"]);
    let window = ran.spec.tty.expect("a terminal");
    assert_eq!((window.columns, window.rows), (500, 500));
    assert_eq!((&*ran.spec.dir, ran.spec.user.as_deref()), ("sub/dir", Some("nobody")));
    assert_eq!(ran.handle, "core-b7-1");
    assert_eq!((&*ran.metadata.attempt, &*ran.metadata.of), ("1", "main/p/j"));
    let container = world.runtime.find("core-b7-1").await.expect("answers").expect("stays");
    let dir = container.info().await.expect("is there").working_dir;
    assert!(!dir.is_empty(), "it can be entered after its end");
}

#[tokio::test]
async fn a_cache_is_there_in_the_next_build() {
    let text = "
jobs:
- name: j
  plan:
  - task: unit
    config: {platform: linux, run: {path: x}, caches: [{path: .cache}]}
";
    let leave =
        |name: &str| Act::Leave { path: format!(".cache/{name}"), content: name.to_owned() };
    let world = World::new();
    let first = Script::new([leave("one"), Act::Exit(1)]);
    let second = Script::new([Act::Show(".cache/one".to_owned()), leave("two")]);
    let third = ["one", "two"].map(|name| Act::Show(format!(".cache/{name}")));
    world.runtime.on_step("unit", [first, second, Script::new(third)]);
    let mut outcomes = Vec::new();
    for id in 1..=3 {
        let mut spec = build(plan(text));
        spec.id = BuildId(id);
        outcomes.push(ended(&world.engine().start(spec)).await);
    }
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Succeeded, Outcome::Succeeded]);
    assert_eq!(Told(world.journal.left(BuildId(3))).output(), "onetwo");
}

#[tokio::test]
async fn a_check_saves_what_it_finds() {
    for (source, outcome, kinds) in [
        ("{}", Outcome::Succeeded, "initialize-check selected-worker start finish"),
        ("{fail: gone}", Outcome::Failed, "initialize-check selected-worker start finish"),
        ("{hang: true}", Outcome::Failed, "initialize-check selected-worker start error"),
        ("{a: ((b))}", Outcome::Errored("undefined vars: b".to_owned()), "initialize-check error"),
    ] {
        let text = format!(
            "
resources: [{{name: r, type: thing, source: {source}, check_timeout: 5s}}]
jobs: [{{name: j, plan: [{{get: r}}]}}]
"
        );
        let from = Some(Version::of("v", "0"));
        let check = scheduler::plan_check("r", &read(&text), from).expect("a plan");
        let world = World::new();
        let (end, told) = world.run(check).await;
        assert_eq!(end, outcome, "{source}");
        assert_eq!(told.kinds().join(" "), format!("status {kinds} status"), "{source}");
        let found: &[&str] = if end.is_success() { &["v:0", "v:newest"] } else { &[] };
        assert_eq!(world.journal.versions("r"), found);
    }
}

#[tokio::test]
async fn a_put_tells_who_made_the_build_only_if_asked() {
    for expose in [true, false] {
        let text = format!(
            "
resources: [{{name: r, type: thing, source: {{}}, expose_build_created_by: {expose}}}]
jobs: [{{name: j, plan: [{{put: r}}]}}]
"
        );
        let (_, told) = World::new().run_job(&text).await;
        let told: Vec<&str> =
            told.0.outputs[0].metadata.iter().map(|field| field.value.as_str()).collect();
        let expected: &[&str] = if expose { &["ada"] } else { &[] };
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_log_that_refuses_ends_the_build_and_its_processes() {
    let text = format!("jobs: [{{name: j, plan: [{{task: unit, config: {ECHO}}}]}}]");
    let script = Script::new([Act::Print("words\n".to_owned()), Act::Hang]);
    // status, initialize-task, selected-worker, the container, start-task; then words.
    for at in [0, 1, 2, 3, 4, 5] {
        let world = World::new().on("unit", script.clone());
        let engine = world.engine_on(world.journal.for_next(Some((at, Loss::Refuse))));
        let outcome = ended(&engine.start(build(plan(&text)))).await;
        let Outcome::Errored(why) = outcome else { panic!("{outcome:?}") };
        assert_eq!(why, "cannot write the log: the disk is full");
        let containers = world.runtime.list().await.expect("answers");
        assert!(containers.iter().all(|container| !container.is_running), "at {at}");
    }
}

#[tokio::test]
async fn many_side_by_side_keep_to_the_limit() {
    let steps: Vec<String> = (0..6).map(|n| format!("{{task: t{n}, config: {ECHO}}}")).collect();
    let text = format!(
        "jobs: [{{name: j, plan: [{{in_parallel: {{limit: 2, steps: [{}]}}}}]}}]",
        steps.join(", ")
    );
    let mut world = World::new();
    for n in 0..6 {
        world = world.on(&format!("t{n}"), Script::hangs());
    }
    let running = world.engine().start(build(plan(&text)));
    world.until_ran(2).await;
    running.stop(Cause::Aborted);
    assert_eq!(ended(&running).await, Outcome::Stopped(Cause::Aborted));
    let mut tasks = world.tasks();
    tasks.sort();
    assert_eq!(tasks, ["t0", "t1"], "waiting steps are not started");
}

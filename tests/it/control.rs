//! What every handle on a core promises, wherever the core is.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::control::{
    Acting, Change, Control, ErrorKind, HijackAsk, SetAsk, Shell, ShellInput, ShellOutput,
    ShellSize, WaitingFor,
};
use flightdeck::model::build::{Envelope, Event, Status};
use flightdeck::model::{BuildId, PipelineRef, Version};
use futures_util::StreamExt;
use rustix::process::{Pid, test_kill_process};

use crate::support::core::{Core, DEADLINE, Place, eventually, pipeline_of, text, until};

/// A core with two handles on it, as somebody has them who is near or far.
struct Subject {
    core: Core,
    /// May do everything.
    own: Arc<dyn Control>,
    /// May only read.
    reader: Arc<dyn Control>,
    place: Place,
}

impl Subject {
    /// Handles in the core's own process.
    async fn local() -> Self {
        let place = Place::new();
        let core = place.start().await;
        let (own, reader) = (Arc::clone(&core.control), core.reader());
        Self { core, own, reader, place }
    }

    fn act(&self) -> &dyn Acting {
        self.own.acting().expect("may act")
    }

    async fn set(&self, text: &str) -> PipelineRef {
        self.core.set("p", text, &[("place", &self.place.path().display().to_string())]).await
    }

    async fn ended(&self, job: &str, name: &str) -> flightdeck::control::BuildDetail {
        self.core.ended(&pipeline(), job, name).await
    }
}

macro_rules! contract {
    ($($name:ident)*) => {
        mod local {
            use super::Subject;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&Subject::local().await).await;
            })*
        }
    };
}

contract! {
    a_pipeline_is_set_and_read
    a_job_is_triggered_paused_and_run_again
    resources_are_checked_and_have_versions
    what_is_not_there_is_not_found
    what_cannot_be_done_is_a_conflict
    a_reader_cannot_act
    changes_are_told
    a_log_resumes_anywhere
    a_failed_container_can_be_entered
    a_running_container_can_be_entered
    a_container_that_is_gone_says_so
    settled_waits_for_what_follows
}

fn pipeline() -> PipelineRef {
    PipelineRef::new("main", "p")
}

const PIPELINE: &str = "
groups: [{name: all, jobs: [first, second]}]
resources:
- name: thing
  type: mock
  source: {initial_version: v1, metadata: [{name: author, value: ada}]}
  check_every: never
- {name: out, type: mock, source: {no_initial_version: true}}
jobs:
- name: first
  plan:
  - {get: thing}
  - task: say
    config: {platform: linux, run: {path: echo, args: [hello]}}
  - {put: out, params: {version: made}}
- name: second
  disable_manual_trigger: true
  plan:
  - {get: out, trigger: true, passed: [first]}
";

async fn a_pipeline_is_set_and_read(subject: &Subject) {
    let control = subject.own.as_ref();
    assert_eq!(control.list_pipelines().await.expect("lists"), []);
    let config = pipeline_of(PIPELINE, &[]);
    let ask = SetAsk { pipeline: pipeline(), config: config.clone(), is_new_paused: true };
    let answer = subject.act().set_pipeline(ask.clone()).await.expect("sets");
    assert!(answer.is_new && answer.is_changed);
    let answer = subject.act().set_pipeline(ask.clone()).await.expect("sets");
    assert!(!answer.is_new && !answer.is_changed);
    assert_eq!(control.pipeline_config(&pipeline()).await.expect("is there"), config);

    let summary = control.pipeline(&pipeline()).await.expect("is there");
    assert!(summary.pause.is_some());
    assert_eq!(control.list_pipelines().await.expect("lists"), std::slice::from_ref(&summary));
    let names: Vec<&str> = summary.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    let input = &summary.jobs[1].inputs[0];
    assert_eq!((input.resource.as_str(), input.is_trigger), ("out", true));
    assert_eq!(input.passed, ["first"]);
    assert_eq!(summary.jobs[0].outputs[0].resource, "out");
    assert_eq!(summary.jobs[0].groups, ["all"]);
    assert!(summary.jobs[1].is_manual_trigger_disabled);

    let act = subject.act();
    act.unpause_pipeline(&pipeline()).await.expect("unpauses");
    assert_eq!(control.pipeline(&pipeline()).await.expect("is there").pause, None);
    act.pause_pipeline(&pipeline(), Some("release day".to_owned())).await.expect("pauses");
    let pause = control.pipeline(&pipeline()).await.expect("is there").pause.expect("paused");
    assert_eq!((pause.by.as_str(), pause.why.as_deref()), ("ada", Some("release day")));
    // Setting it again leaves the pause as it is; a changed one says so.
    let smaller = pipeline_of(&PIPELINE.replace("hello", "good day"), &[]);
    let answer = act.set_pipeline(SetAsk { config: smaller, ..ask }).await.expect("sets");
    assert!(!answer.is_new && answer.is_changed);
    assert!(control.pipeline(&pipeline()).await.expect("is there").pause.is_some());
}

async fn a_job_is_triggered_paused_and_run_again(subject: &Subject) {
    let control = subject.own.as_ref();
    let act = subject.act();
    subject.set(PIPELINE).await;
    act.pause_job(&pipeline(), "first", Some("why".to_owned())).await.expect("pauses");
    let made = act.trigger_job(&pipeline(), "first").await.expect("triggers");
    assert_eq!((made.name.as_str(), made.status), ("1", Status::Pending));
    assert_eq!(made.created_by.as_deref(), Some("ada"));
    until(control, "it says what it waits for", async || {
        let waiting = control.build(made.id).await.expect("is there").waiting?;
        (waiting.on == WaitingFor::Person && waiting.why.contains("paused")).then_some(())
    })
    .await;
    assert_eq!(control.running_builds().await.expect("lists")[0].id, made.id);
    act.unpause_job(&pipeline(), "first").await.expect("unpauses");

    let build = subject.ended("first", "1").await;
    assert_eq!(build.summary.status, Status::Succeeded);
    let plan = build.plan.as_ref().expect("a plan");
    let mut steps = Vec::new();
    plan.walk(&mut |node| steps.extend(node.step_name()));
    assert_eq!(steps, ["get thing", "task say", "put out", "get out"]);
    assert_eq!(build.inputs[0].version, Version::of("version", "v1"));
    assert!(build.inputs[0].is_first_occurrence);
    assert_eq!(build.outputs[0].version, Version::of("version", "made"));
    assert!(build.summary.started_at >= Some(build.summary.created_at));
    assert!(build.summary.ended_at >= build.summary.started_at);

    // What it put makes a build of the next job.
    let second = subject.ended("second", "1").await;
    assert_eq!(second.summary.status, Status::Succeeded);
    assert_eq!(second.summary.created_by, None);
    assert_eq!(second.made_by.expect("is known").id, build.summary.id);

    let again = act.rerun_build(build.summary.id).await.expect("runs again");
    assert_eq!(again.name, "1.1");
    let again = subject.ended("first", "1.1").await;
    assert_eq!(again.inputs[0].version, build.inputs[0].version);
    assert!(!again.inputs[0].is_first_occurrence);
    let two = act.trigger_job(&pipeline(), "first").await.expect("triggers");
    subject.ended("first", "2").await;
    let place = pipeline();
    let builds = |before, limit| control.job_builds(&place, "first", before, limit);
    let names = |builds: Vec<flightdeck::control::BuildSummary>| {
        builds.into_iter().map(|build| build.name).collect::<Vec<_>>()
    };
    assert_eq!(names(builds(None, 10).await.expect("lists")), ["2", "1.1", "1"]);
    assert_eq!(names(builds(Some(two.id), 1).await.expect("lists")), ["1.1"]);
    let job = &control.pipeline(&pipeline()).await.expect("is there").jobs[0];
    assert_eq!(job.finished.as_ref().map(|build| build.id), Some(two.id));
    assert!(job.estimate.is_some() && job.next.is_none() && job.pulse.len() == 3, "{job:?}");
    // Aborting what is over changes nothing.
    act.abort_build(two.id).await.expect("is no error");
    assert_eq!(control.build(two.id).await.expect("is there").summary.status, Status::Succeeded);
}

async fn resources_are_checked_and_have_versions(subject: &Subject) {
    let control = subject.own.as_ref();
    let bad =
        "- {name: bad, type: mock, check_every: never, source: {check_failure: out of order}}";
    let text = PIPELINE.replace("resources:\n", &format!("resources:\n{bad}\n"));
    let text = text.replace("second]", "second, third]");
    let text = format!("{text}- name: third\n  plan: [{{get: bad}}]\n");
    subject.set(&text).await;
    let check = subject.act().check_resource(&pipeline(), "thing").await.expect("checks");
    assert!(check.ended_at >= Some(check.started_at) && check.error.is_none(), "{check:?}");
    let versions = control.resource_versions(&pipeline(), "thing", 10).await.expect("lists");
    assert_eq!(versions.len(), 1);
    assert_eq!(
        (&versions[0].version, versions[0].is_enabled),
        (&Version::of("version", "v1"), true)
    );
    let check = subject.act().check_resource(&pipeline(), "bad").await.expect("checks");
    assert!(check.error.expect("fails").contains("out of order"));
    let summary = control.pipeline(&pipeline()).await.expect("is there");
    let resource = |name: &str| {
        summary.resources.iter().find(|resource| resource.name == name).expect("is there")
    };
    let latest = resource("thing").latest.as_ref().map(|latest| &latest.version);
    assert_eq!(latest, Some(&Version::of("version", "v1")));
    assert!(resource("bad").check.as_ref().expect("was checked").error.is_some());
}

async fn what_is_not_there_is_not_found(subject: &Subject) {
    subject.set(PIPELINE).await;
    let (control, act) = (subject.own.as_ref(), subject.act());
    let (here, nowhere) = (pipeline(), PipelineRef::new("main", "none"));
    let none = BuildId(4711);
    let errors = [
        control.pipeline(&nowhere).await.map(|_| ()),
        control.pipeline_config(&nowhere).await.map(|_| ()),
        control.job_builds(&here, "none", None, 1).await.map(|_| ()),
        control.job_builds(&nowhere, "first", None, 1).await.map(|_| ()),
        control.build(none).await.map(|_| ()),
        control.build_events(none, 0).await.map(|_| ()),
        control.build_containers(none).await.map(|_| ()),
        control.resource_versions(&here, "none", 1).await.map(|_| ()),
        act.pause_pipeline(&nowhere, None).await,
        act.unpause_pipeline(&nowhere).await,
        act.trigger_job(&here, "none").await.map(|_| ()),
        act.pause_job(&here, "none", None).await,
        act.unpause_job(&here, "none").await,
        act.rerun_build(none).await.map(|_| ()),
        act.abort_build(none).await,
        act.check_resource(&here, "none").await.map(|_| ()),
        act.hijack(ask("none", &[])).await.map(|_| ()),
    ];
    for (n, answer) in errors.into_iter().enumerate() {
        let error = answer.expect_err("is not there");
        assert_eq!(error.kind, ErrorKind::NotFound, "{n}: {error}");
        let name = if error.message.contains("build") { "4711" } else { "none" };
        assert!(error.message.contains(name), "{n}: {error}");
    }
}

async fn what_cannot_be_done_is_a_conflict(subject: &Subject) {
    subject.set(PIPELINE).await;
    let act = subject.act();
    let error = act.trigger_job(&pipeline(), "second").await.expect_err("is disabled");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    act.pause_pipeline(&pipeline(), None).await.expect("pauses");
    let build = act.trigger_job(&pipeline(), "first").await.expect("triggers");
    let error = act.rerun_build(build.id).await.expect_err("never ran");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
}

async fn a_reader_cannot_act(subject: &Subject) {
    subject.set(PIPELINE).await;
    assert!(subject.reader.acting().is_none());
    assert_eq!(subject.reader.identity().user, "eve");
    assert_eq!(subject.own.identity().user, "ada");
    let seen = subject.reader.pipeline(&pipeline()).await.expect("reads");
    assert_eq!(seen, subject.own.pipeline(&pipeline()).await.expect("reads"));
    assert!(subject.own.capabilities().runtimes.contains(&"process".to_owned()));
}

async fn changes_are_told(subject: &Subject) {
    subject.set(PIPELINE).await;
    subject.core.settled().await;
    let mut changes = subject.reader.changes().await.expect("changes");
    let mut told = async |what: &str, wanted: &dyn Fn(&Change) -> bool| {
        let waiting = async {
            loop {
                let change = changes.next().await.expect("goes on");
                if wanted(&change) {
                    return;
                }
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
    };
    let act = subject.act();
    act.pause_pipeline(&pipeline(), None).await.expect("pauses");
    told("a pause", &|change| *change == Change::Pipeline(pipeline())).await;
    act.unpause_pipeline(&pipeline()).await.expect("unpauses");
    told("its end", &|change| *change == Change::Pipeline(pipeline())).await;
    act.check_resource(&pipeline(), "thing").await.expect("checks");
    let thing = Change::Resource { pipeline: pipeline(), resource: "thing".to_owned() };
    told("a check", &|change| *change == thing).await;
    let build = act.trigger_job(&pipeline(), "first").await.expect("triggers");
    let first = Change::Build { pipeline: pipeline(), job: "first".to_owned(), build: build.id };
    told("a build", &|change| *change == first).await;
    let second = |change: &Change| matches!(change, Change::Build { job, .. } if job == "second");
    told("what follows from it", &second).await;
}

const PIECES: &str = "
jobs:
- name: pieces
  plan:
  - task: pieces
    config:
      platform: linux
      run:
        path: sh
        args: [-c, 'for i in $(seq 50); do echo line $i; sleep 0.01; done; printf end']
";

async fn a_log_resumes_anywhere(subject: &Subject) {
    subject.set(PIECES).await;
    let control = subject.own.as_ref();
    let build = subject.act().trigger_job(&pipeline(), "pieces").await.expect("triggers").id;
    // A reader that goes away after each bunch, while the build runs, and comes back.
    let mut seen: Vec<Envelope> = Vec::new();
    let reading = async {
        let is_last = |envelope: &Envelope| matches!(envelope.event, Event::Status { status, .. } if status.is_over());
        while !seen.last().is_some_and(is_last) {
            let from = seen.last().map_or(0, |last| last.id + 1);
            let mut events = control.build_events(build, from).await.expect("a log");
            seen.extend(events.next().await.expect("goes on").expect("reads"));
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("ends");
    let ids: Vec<u64> = seen.iter().map(|envelope| envelope.id).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
    let lines: String = (1..=50).map(|n| format!("line {n}\n")).collect();
    assert_eq!(text(&seen), format!("{lines}end"));
    // The same from the archive, from each place.
    for from in 0..=ids.len() {
        let events = control.build_events(build, from as u64).await.expect("a log");
        let rest = events.map(|events| events.expect("reads")).concat().await;
        assert_eq!(rest, seen[from..], "from {from}");
    }
}

const FAILS: &str = "
jobs:
- name: fails
  plan:
  - task: before
    config: {platform: linux, run: {path: 'true'}}
  - task: fails
    config:
      platform: linux
      params: {FLAVOUR: sweet}
      outputs: [{name: made}]
      run: {path: sh, args: [-c, 'echo kept > made/file; touch ((place))/begun; exit 3']}
";

fn ask(handle: &str, command: &[&str]) -> HijackAsk {
    HijackAsk {
        handle: handle.to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        size: ShellSize { columns: 80, rows: 24 },
        term: "xterm".to_owned(),
    }
}

/// Reads a shell's output until it holds a text.
async fn read_until(shell: &mut Shell, seen: &mut String, wanted: &str) {
    let reading = async {
        while !seen.contains(wanted) {
            match shell.output.recv().await {
                Some(ShellOutput::Bytes(bytes)) => seen.push_str(&String::from_utf8_lossy(&bytes)),
                other => panic!("{other:?} before `{wanted}`:\n{seen}"),
            }
        }
    };
    if tokio::time::timeout(DEADLINE, reading).await.is_err() {
        panic!("in vain: `{wanted}`:\n{seen}");
    }
}

async fn exit(shell: &mut Shell) -> ShellOutput {
    let reading = async {
        loop {
            match shell.output.recv().await.expect("tells how it ended") {
                ShellOutput::Bytes(_) => {}
                end => return end,
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("ends")
}

async fn say(shell: &Shell, keys: &str) {
    shell.input.send(ShellInput::Bytes(keys.as_bytes().to_vec())).await.expect("listens");
}

async fn a_failed_container_can_be_entered(subject: &Subject) {
    subject.set(FAILS).await;
    let build = subject.act().trigger_job(&pipeline(), "fails").await.expect("triggers").id;
    subject.ended("fails", "1").await;
    let containers = subject.reader.build_containers(build).await.expect("lists");
    let first = &containers[0];
    assert!(first.is_failed && !first.info.is_running, "{first:?}");
    assert_eq!((first.info.metadata.step.as_str(), first.info.exit_status), ("fails", Some(3)));
    assert!(first.until.is_some() || first.expires_at.is_some());

    let mut shell = subject.act().hijack(ask(&first.info.handle, &["sh"])).await.expect("enters");
    assert_eq!(shell.directory, first.info.working_dir);
    let mut seen = String::new();
    say(&shell, "echo [$FLAVOUR] [$(cat made/file)] [$(stty size)] [$TERM]\r").await;
    read_until(&mut shell, &mut seen, "[sweet] [kept] [24 80] [xterm]").await;
    let size = ShellSize { columns: 132, rows: 50 };
    shell.input.send(ShellInput::Resize(size)).await.expect("listens");
    say(&shell, "echo [$(stty size)]\r").await;
    read_until(&mut shell, &mut seen, "[50 132]").await;
    say(&shell, "exit 7\r").await;
    assert_eq!(exit(&mut shell).await, ShellOutput::Exit(7));

    // Without a command it is whatever shell there is; it ends when its person leaves.
    let mut shell = subject.act().hijack(ask(&first.info.handle, &[])).await.expect("enters");
    say(&shell, "echo $((6 * 7)); echo $$ > pid\r").await;
    read_until(&mut shell, &mut String::new(), "42").await;
    let pid = std::path::Path::new(&shell.directory).join("pid");
    let number = || std::fs::read_to_string(&pid).ok()?.trim().parse().ok();
    let pid = eventually("its id is written", || Pid::from_raw(number()?)).await;
    drop(shell);
    eventually("it ends", || test_kill_process(pid).err()).await;
    let missing = subject.act().hijack(ask(&first.info.handle, &["no-such-program"])).await;
    let error = missing.expect_err("is not there");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    assert!(error.message.contains("no-such-program"), "{error}");
}

async fn a_running_container_can_be_entered(subject: &Subject) {
    let text = FAILS.replace("exit 3", "echo begun; until [ -e go ]; do sleep 0.01; done");
    subject.set(&text).await;
    let build = subject.act().trigger_job(&pipeline(), "fails").await.expect("triggers").id;
    subject.core.until_logged(build, "begun").await;
    let containers = subject.reader.build_containers(build).await.expect("lists");
    let running = &containers[0];
    assert!(running.info.is_running && !running.is_failed, "{running:?}");
    let command = ["sh", "-c", "touch go; exit 0"];
    let shell = subject.act().hijack(ask(&running.info.handle, &command)).await;
    assert_eq!(exit(&mut shell.expect("enters")).await, ShellOutput::Exit(0));
    assert_eq!(subject.ended("fails", "1").await.summary.status, Status::Succeeded);
}

async fn a_container_that_is_gone_says_so(subject: &Subject) {
    subject.set(FAILS).await;
    let build = subject.act().trigger_job(&pipeline(), "fails").await.expect("triggers").id;
    subject.ended("fails", "1").await;
    let containers = subject.reader.build_containers(build).await.expect("lists");
    let handle = containers[0].info.handle.clone();
    let mut shell = subject.act().hijack(ask(&handle, &["sh"])).await.expect("enters");
    // Once a later build of the job is over it may go, but for whoever is in it.
    subject.act().trigger_job(&pipeline(), "fails").await.expect("triggers");
    subject.ended("fails", "2").await;
    say(&shell, "echo still $((6 * 7))\r").await;
    read_until(&mut shell, &mut String::new(), "still 42").await;
    subject.core.runtime.remove(&handle).await.expect("removes");
    let end = exit(&mut shell).await;
    assert!(matches!(end, ShellOutput::Exit(_) | ShellOutput::Lost(_)), "{end:?}");
    let error = subject.act().hijack(ask(&handle, &[])).await.expect_err("is gone");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.hint.is_some(), "{error:?}");
    let left = subject.reader.build_containers(build).await.expect("lists");
    assert!(left.iter().all(|container| container.info.handle != handle));
}

async fn settled_waits_for_what_follows(subject: &Subject) {
    subject.set(PIPELINE).await;
    subject.act().trigger_job(&pipeline(), "first").await.expect("triggers");
    let settled = tokio::time::timeout(DEADLINE, subject.reader.settled()).await;
    settled.expect("in time").expect("can tell");
    let builds = subject.own.job_builds(&pipeline(), "second", None, 10).await.expect("lists");
    assert_eq!(builds.len(), 1);
    assert_eq!(builds[0].status, Status::Succeeded);
    let again = tokio::time::timeout(Duration::from_secs(5), subject.reader.settled()).await;
    again.expect("at once").expect("can tell");
}

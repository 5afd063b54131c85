//! A core that is killed at any moment, and the next one on its data directory: no line of a
//! log is lost or doubled, and nothing that was asked for is forgotten.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use flightdeck::control::BuildSummary;
use flightdeck::model::PipelineRef;
use flightdeck::model::build::{Envelope, Event, Status};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::core::{Core, Place, eventually};
use crate::support::git;

/// How many lines the task prints.
const LINES: usize = 2000;

/// A task that prints half of its lines, waits for a file, and prints the rest.
const HALVES: &str = "
jobs:
- name: count
  serial: true
  plan:
  - task: count
    config:
      platform: linux
      run:
        path: sh
        args:
        - -c
        - |
          seq 1 1000
          touch ((place))/half
          while [ ! -e ((place))/go ]; do sleep 0.02; done
          seq 1001 2000
";

/// A task that prints its lines within about a third of a second.
const STEADY: &str = "
jobs:
- name: count
  plan:
  - task: count
    config:
      platform: linux
      run:
        path: sh
        args: [-c, 'for i in 0 1 2 3 4 5 6 7 8 9; do seq $((i * 200 + 1)) $((i * 200 + 200)); sleep 0.03; done']
";

/// Starts the program as a core that runs the job of a pipeline.
fn start(place: &Place, pipeline: &str) -> Child {
    let file = place.path().join("count.yml");
    fs::write(&file, pipeline).expect("written");
    Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(["run", "count.yml", "count", "--data-dir"])
        .arg(place.data_dir())
        .args(["-v", &format!("place={}", place.path().display())])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

fn kill(mut core: Child) {
    core.kill().expect("is killed");
    core.wait().expect("ends");
}

fn pipeline() -> PipelineRef {
    PipelineRef::new("main", "count")
}

/// Compares a log with what the task printed.
fn check_lines(events: &[Envelope]) {
    let ids: Vec<u64> = events.iter().map(|envelope| envelope.id).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>(), "ids have gaps");
    let mut text = String::new();
    for envelope in events {
        if let Event::Log { payload, .. } = &envelope.event {
            text.push_str(payload);
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    let wanted: Vec<String> = (1..=LINES).map(|n| n.to_string()).collect();
    let first = lines.iter().zip(&wanted).position(|(line, wanted)| line != wanted);
    assert!(
        lines.len() == LINES && first.is_none(),
        "{} lines, the first other one is line {first:?}: {:?}",
        lines.len(),
        first.map(|at| &lines[at.saturating_sub(2)..(at + 3).min(lines.len())])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_build_is_attached_to_again() {
    let place = Place::new();
    let first = start(&place, HALVES);
    let half = place.path().join("half");
    eventually("half of the lines are printed", || half.exists().then_some(())).await;
    kill(first);
    // Nobody watches the second half.
    fs::write(place.path().join("go"), "").expect("written");
    let core = place.start().await;
    let build = core.succeeded(&pipeline(), "count", "1").await;
    check_lines(&core.events(build.summary.id).await);
    let kinds = core.events(build.summary.id).await;
    let n_starts = kinds.iter().filter(|e| matches!(e.event, Event::StartTask { .. })).count();
    assert_eq!(n_starts, 1);
    core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn builds_that_wait_survive() {
    let place = Place::new();
    let first = place.start().await;
    let vars = [("place", place.path().display().to_string())];
    let vars: Vec<(&str, &str)> =
        vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    first.set("count", HALVES, &vars).await;
    first.act().pause_job(&pipeline(), "count", None).await.expect("pauses");
    for _ in 0..2 {
        first.trigger(&pipeline(), "count").await;
    }
    first.shut_down().await;
    // The job's third build is made by this one, and its first one runs.
    let second = start(&place, HALVES);
    let half = place.path().join("half");
    eventually("half of the lines are printed", || half.exists().then_some(())).await;
    kill(second);
    fs::write(place.path().join("go"), "").expect("written");
    let core = place.start().await;
    let mut last = None;
    for name in ["1", "2", "3"] {
        let build = core.succeeded(&pipeline(), "count", name).await;
        check_lines(&core.events(build.summary.id).await);
        assert!(last < build.summary.started_at, "{name} began before the one before it ended");
        last = build.summary.ended_at;
    }
    core.shut_down().await;
}

/// The supervisors of a data directory.
fn supervisors(data_dir: &Path) -> Vec<Pid> {
    let place = data_dir.join("containers").display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("is there").flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut args = command.split(|byte| *byte == 0);
        if args.nth(2).is_some_and(|arg| arg.starts_with(place.as_bytes())) {
            found.push(pid);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_whose_process_is_gone_says_so() {
    let place = Place::new();
    let first = start(&place, HALVES);
    let half = place.path().join("half");
    eventually("half of the lines are printed", || half.exists().then_some(())).await;
    kill(first);
    let supervisors = supervisors(&place.data_dir());
    assert_eq!(supervisors.len(), 1);
    for supervisor in supervisors {
        kill_process(supervisor, Signal::KILL).expect("is killed");
    }
    let core = place.start().await;
    let build = core.ended(&pipeline(), "count", "1").await;
    assert_eq!(build.summary.status, Status::Errored);
    let cause = build.summary.cause.expect("a cause");
    assert_eq!(cause.step, "task count");
    let line = cause.line.expect("a line");
    assert!(line.contains("gone"), "{line}");
    let log = core.log(build.summary.id).await;
    assert!(log.contains("999\n1000\n"), "{log}");
    // The next one is not hindered by it.
    fs::write(place.path().join("go"), "").expect("written");
    core.trigger(&pipeline(), "count").await;
    core.succeeded(&pipeline(), "count", "2").await;
    core.shut_down().await;
}

/// Starts the program and kills it after a moment, again and again; gives the moments.
async fn kill_at_random(place: &Place, pipeline: &str, most: Duration) -> Vec<Duration> {
    let rounds = std::env::var("FLIGHTDECK_TEST_KILLS").ok();
    let rounds: u32 = rounds.map_or(6, |rounds| rounds.parse().expect("a number"));
    let mut seed = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64 | 1;
    let mut moments = Vec::new();
    for _ in 0..rounds {
        // Xorshift: any spread over the moments will do.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let moment = Duration::from_millis(seed % most.as_millis() as u64);
        moments.push(moment);
        let core = start(place, pipeline);
        tokio::time::sleep(moment).await;
        kill(core);
    }
    moments
}

/// Starts a core that goes on with all that was asked for, and waits until nothing is left.
async fn go_on(place: &Place, text: &str) -> (Core, Vec<BuildSummary>) {
    let core = place.start().await;
    let folder = place.path().display().to_string();
    core.set("count", text, &[("place", &folder)]).await;
    core.act().unpause_pipeline(&pipeline()).await.expect("unpauses");
    core.act().unpause_job(&pipeline(), "count").await.expect("unpauses");
    core.trigger(&pipeline(), "count").await;
    core.settled().await;
    let builds = core.control.job_builds(&pipeline(), "count", None, 1000).await.expect("builds");
    (core, builds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_moment_to_be_killed_at_costs_a_line() {
    let place = Place::new();
    let moments = kill_at_random(&place, STEADY, Duration::from_millis(900)).await;
    let (core, builds) = go_on(&place, STEADY).await;
    println!("{} builds of cores killed after {moments:?}", builds.len());
    for build in &builds {
        let build = core.succeeded(&pipeline(), "count", &build.name).await;
        check_lines(&core.events(build.summary.id).await);
    }
    core.shut_down().await;
}

/// A job that bumps a version and pushes a commit.
const PUTS: &str = "
resources:
- name: version
  type: semver
  source: {driver: git, uri: ((place))/versions.git, branch: main, file: number, initial_version: 0.0.0}
- name: made
  type: git
  source: {uri: ((place))/made.git, branch: main}
jobs:
- name: count
  serial: true
  plan:
  - {put: version, params: {bump: patch}}
  - task: make
    config:
      platform: linux
      inputs: [{name: version}]
      outputs: [{name: out}]
      run:
        path: sh
        args:
        - -euc
        - |
          git clone -q ((place))/made.git out/made
          cd out/made
          cp ../../version/number \"made-$(cat ../../version/number)\"
          git add -A
          git -c user.name=a -c user.email=a@example.invalid commit -qm \"made $(cat ../../version/number)\"
  - {put: made, params: {repository: out/made, rebase: true}}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_is_put_once_whenever_the_core_is_killed() {
    let place = Place::new();
    for name in ["versions", "made"] {
        let (bare, work) = (format!("{name}.git"), place.path().join(name));
        git::run(place.path(), &["init", "-q", "--bare", "-b", "main", &bare]);
        git::run(place.path(), &["init", "-q", "-b", "main", name]);
        git::run(&work, &["commit", "-q", "--allow-empty", "-m", "begin"]);
        git::run(&work, &["push", "-q", &format!("../{bare}"), "main"]);
    }
    let moments = kill_at_random(&place, PUTS, Duration::from_millis(1500)).await;
    let (core, builds) = go_on(&place, PUTS).await;
    println!("{} builds of cores killed after {moments:?}", builds.len());
    let mut numbers = Vec::new();
    for build in builds.iter().rev() {
        let build = core.succeeded(&pipeline(), "count", &build.name).await;
        let version = build.outputs.iter().find(|output| output.name == "version");
        let number = version.and_then(|output| output.version.field("number"));
        numbers.push(number.expect("a number").to_owned());
    }
    let wanted: Vec<String> = (1..=builds.len()).map(|n| format!("0.0.{n}")).collect();
    assert_eq!(numbers, wanted);
    let log = |name: &str| {
        let place = place.path().join(format!("{name}.git"));
        git::run(&place, &["log", "--format=%s", "--reverse", "main"])
    };
    let made: Vec<String> = wanted.iter().map(|number| format!("made {number}")).collect();
    assert_eq!(log("made").lines().skip(1).collect::<Vec<_>>(), made);
    assert_eq!(log("versions").lines().count(), builds.len() + 1, "{}", log("versions"));
    core.shut_down().await;
}

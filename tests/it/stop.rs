//! Builds that are told to stop, that take too long, or that must wait; and one that prints
//! more than memory should hold.

use std::fs;
use std::process::{Command, Stdio};

use flightdeck::model::build::Status;
use rustix::process::{Pid, test_kill_process};

use crate::support::core::{DEADLINE, Place, eventually};

/// A job whose task leaves children behind, with a hook for each outcome.
const FAMILY: &str = "
jobs:
- name: family
  plan:
  - task: family
    config:
      platform: linux
      run:
        path: sh
        args:
        - -c
        - |
          sleep 600 & echo $! > ((place))/child
          setsid sh -c 'echo $$ > ((place))/stranger; exec sleep 600' &
          sh -c 'trap \"\" TERM HUP; echo $$ > ((place))/deaf; while :; do sleep 600; done' &
          until [ -s ((place))/child -a -s ((place))/stranger -a -s ((place))/deaf ]; do sleep 0.01; done
          echo begun
          wait
  on_success:
    task: on-success
    config: {platform: linux, run: {path: echo, args: [after success]}}
  on_failure:
    task: on-failure
    config: {platform: linux, run: {path: echo, args: [after failure]}}
  on_error:
    task: on-error
    config: {platform: linux, run: {path: echo, args: [after error]}}
  on_abort:
    task: on-abort
    config: {platform: linux, run: {path: echo, args: [after abort]}}
  ensure:
    task: at-last
    config: {platform: linux, run: {path: echo, args: [at last]}}
";

fn pid(place: &Place, name: &str) -> Option<Pid> {
    let text = fs::read_to_string(place.path().join(name)).ok()?;
    text.trim().parse().ok().and_then(Pid::from_raw)
}

/// Waits until the children that the task left are gone.
async fn are_gone(place: &Place) {
    for name in ["child", "stranger", "deaf"] {
        let pid = pid(place, name).expect("a process");
        eventually(&format!("{name} ends"), || test_kill_process(pid).err()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_ends_a_task_with_all_its_children_and_runs_hooks() {
    let place = Place::new();
    let core = place.start().await;
    let folder = place.path().display().to_string();
    let pipeline = core.set("p", FAMILY, &[("place", &folder)]).await;
    let build = core.trigger(&pipeline, "family").await;
    core.until_logged(build.id, "begun").await;
    core.act().abort_build(build.id).await.expect("is told");
    // Once more changes nothing: hooks are not stopped by it.
    core.act().abort_build(build.id).await.expect("is told");
    let build = core.ended(&pipeline, "family", "1").await;
    assert_eq!(build.summary.status, Status::Aborted);
    assert_eq!(build.summary.aborted_by.as_deref(), Some("ada"));
    let log = core.log(build.summary.id).await;
    assert!(log.contains("after abort\n") && log.contains("at last\n"), "{log}");
    for other in ["after success", "after failure", "after error"] {
        assert!(!log.contains(other), "{log}");
    }
    are_gone(&place).await;
    core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_takes_too_long_fails_with_all_its_children() {
    let place = Place::new();
    let core = place.start().await;
    let folder = place.path().display().to_string();
    let text = FAMILY.replace("  - task: family\n", "  - task: family\n    timeout: 2s\n");
    let pipeline = core.set("p", &text, &[("place", &folder)]).await;
    core.trigger(&pipeline, "family").await;
    let build = core.ended(&pipeline, "family", "1").await;
    let log = core.log(build.summary.id).await;
    assert_eq!(build.summary.status, Status::Failed, "{log}");
    assert!(log.contains("timeout exceeded"), "{log}");
    assert!(log.contains("after failure\n") && log.contains("at last\n"), "{log}");
    are_gone(&place).await;
    core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_stops_a_hook_of_a_step_that_failed() {
    let place = Place::new();
    let core = place.start().await;
    let text = "
jobs:
- name: late
  plan:
  - task: fail
    config: {platform: linux, run: {path: 'false'}}
    on_failure:
      task: hook
      config:
        platform: linux
        run: {path: sh, args: [-c, 'echo hooked; sleep 600']}
    ensure:
      task: at-last
      config: {platform: linux, run: {path: echo, args: [at last]}}
";
    let pipeline = core.set("p", text, &[]).await;
    let build = core.trigger(&pipeline, "late").await;
    core.until_logged(build.id, "hooked").await;
    core.act().abort_build(build.id).await.expect("is told");
    let build = core.ended(&pipeline, "late", "1").await;
    assert_eq!(build.summary.status, Status::Aborted);
    let log = core.log(build.summary.id).await;
    assert!(log.contains("at last\n"), "{log}");
    core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_waits_can_be_aborted() {
    let place = Place::new();
    let core = place.start().await;
    let text = "
jobs:
- name: slow
  serial: true
  plan:
  - task: wait
    config: {platform: linux, run: {path: sh, args: [-c, 'echo begun; sleep 600']}}
";
    let pipeline = core.set("p", text, &[]).await;
    let first = core.trigger(&pipeline, "slow").await;
    let second = core.trigger(&pipeline, "slow").await;
    core.until_logged(first.id, "begun").await;
    core.act().abort_build(second.id).await.expect("is told");
    let second = core.ended(&pipeline, "slow", "2").await;
    assert_eq!(second.summary.status, Status::Aborted);
    assert_eq!(second.summary.started_at, None);
    assert_eq!(core.log(second.summary.id).await, "");
    core.act().abort_build(first.id).await.expect("is told");
    assert_eq!(core.ended(&pipeline, "slow", "1").await.summary.status, Status::Aborted);
    core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_serial_group_never_run_at_once() {
    let place = Place::new();
    let core = place.start().await;
    let job = |name: &str| {
        format!(
            "
- name: {name}
  serial_groups: [one]
  plan:
  - task: alone
    config:
      platform: linux
      run: {{path: sh, args: [-c, 'mkdir ((place))/held && sleep 0.1 && rmdir ((place))/held']}}
"
        )
    };
    let text = format!("jobs:{}{}", job("a"), job("b"));
    let folder = place.path().display().to_string();
    let pipeline = core.set("p", &text, &[("place", &folder)]).await;
    for _ in 0..3 {
        core.trigger(&pipeline, "a").await;
        core.trigger(&pipeline, "b").await;
    }
    let mut builds = Vec::new();
    for name in ["1", "2", "3"] {
        for job in ["a", "b"] {
            let build = core.succeeded(&pipeline, job, name).await.summary;
            builds.push((build.started_at, build.ended_at, build.id));
        }
    }
    builds.sort();
    for pair in builds.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?}");
        assert!(pair[0].2 < pair[1].2, "not in the order in which they were asked for: {pair:?}");
    }
    core.shut_down().await;
}

#[test]
fn a_million_lines_arrive_in_order_and_are_not_held_in_memory() {
    const LINES: usize = 1_000_000;
    let place = Place::new();
    let pipeline = "
jobs:
- name: big
  plan:
  - task: big
    config: {platform: linux, run: {path: seq, args: ['1', '1000000']}}
";
    fs::write(place.path().join("big.yml"), pipeline).expect("written");
    let out = place.path().join("out");
    let mut child = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(["run", "big.yml", "big"])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).expect("made"))
        .spawn()
        .expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most_kib = 0;
    let since = std::time::Instant::now();
    let exit = loop {
        if let Some(exit) = child.try_wait().expect("waits") {
            break exit;
        }
        assert!(since.elapsed() < DEADLINE * 2, "it does not end");
        // The last reading before the end is the peak, as the kernel keeps it.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        most_kib = most_kib.max(peak.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    println!("{LINES} lines in {:?}, at most {} MiB", since.elapsed(), most_kib / 1024);
    assert!(exit.success());
    let text = fs::read_to_string(&out).expect("is text");
    let mut n_lines = 0;
    for line in text.lines().filter(|line| !line.starts_with('─')) {
        n_lines += 1;
        assert_eq!(line, n_lines.to_string());
    }
    assert_eq!(n_lines, LINES);
    assert!((1..128 * 1024).contains(&most_kib), "{most_kib} KiB");
}

//! bats #112 of the design pictures: its plan, its events, its log.

use std::time::Duration;

use flightdeck::control::*;
use flightdeck::model::build::Status;
use flightdeck::model::step::HookOn;
use flightdeck::model::worker::ContainerKind;
use flightdeck::model::{PlanId, Timestamp};

use super::control::State;
use super::make::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

fn task(id: &str, name: &str) -> PublicPlan {
    PublicPlan { id: PlanId::from(id), kind: PublicKind::Task { name: name.to_owned() } }
}

fn hooked(id: &str, step: PublicPlan, hook: PublicPlan) -> PublicPlan {
    let kind =
        PublicKind::Hooked { step: Box::new(step), on: HookOn::Ensure, hook: Box::new(hook) };
    PublicPlan { id: PlanId::from(id), kind }
}

fn all_of(id: &str, steps: Vec<PublicPlan>) -> PublicPlan {
    PublicPlan { id: PlanId::from(id), kind: PublicKind::Do(steps) }
}

/// Adds the build to a core.
pub fn add(state: &mut State, job: &JobSummary) {
    let mut summary = job.finished.clone().unwrap();
    // It still cleans up.
    summary.status = Status::Started;
    summary.started_at = Some(ago(2_892));
    summary.ended_at = None;
    let of = summary.pipeline.clone().unwrap();
    let names = [
        "put-environment",
        "patch-director-size",
        "patch-director-role",
        "prepare-director",
        "deploy-director",
        "patch-director-env",
        "patch-bats",
        "run-bats",
    ];
    let took = [182, 2, 4, 21, 850, 1, 2, 1_600];
    let gets = (0..12)
        .map(|n| PublicPlan {
            id: PlanId(format!("g{n}")),
            kind: PublicKind::Get {
                name: format!("input-{n}"),
                resource: format!("input-{n}"),
                resource_type: "git".to_owned(),
                version: None,
            },
        })
        .collect();
    let mut steps = vec![PublicPlan {
        id: PlanId::from("1"),
        kind: PublicKind::InParallel { steps: gets, limit: None, fail_fast: false },
    }];
    steps.extend(names.iter().zip(2..).map(|(name, id)| task(&id.to_string(), name)));
    let refresh = PublicPlan {
        id: PlanId::from("try"),
        kind: PublicKind::Try(Box::new(task("20", "refresh-director-credentials"))),
    };
    let teardown = hooked("h2", task("21", "teardown"), task("22", "ensure-terminated"));
    let plan = hooked("h1", all_of("0", steps), all_of("h", vec![refresh, teardown]));
    let mut tape = Tape::default();
    let mut at = ago(2_892);
    tape.status(at, Status::Started);
    for n in 0..12 {
        tape.start(at, &format!("g{n}"));
    }
    at = at + Duration::from_secs(41);
    for n in 0..12 {
        tape.finish(at, &format!("g{n}"), 0);
    }
    for ((name, took), id) in names.iter().zip(took).zip(2..) {
        let id = id.to_string();
        tape.start(at, &id);
        if *name == "run-bats" {
            bats_log(&mut tape, at, &id);
        } else {
            tape.log(at, &id, &format!("{name}: done\n"));
        }
        at = at + Duration::from_secs(took);
        tape.finish(at, &id, i32::from(*name == "run-bats"));
    }
    tape.start(at, "20");
    at = at + Duration::from_secs(4);
    tape.finish(at, "20", 0);
    at = ago(133);
    tape.start(at, "21");
    for n in 0..31 {
        tape.log(at, "21", &format!("deleting {n}\n"));
    }
    let green =
        timed(build(&of, "bats", 111, "111", Status::Succeeded), 6 * HOUR + 3_000, 6 * HOUR);
    let containers = vec![
        container(&summary, "9", ContainerKind::Task, "run-bats", true, Some(52 * MINUTE)),
        container(&summary, "21", ContainerKind::Task, "teardown", false, None),
        container(&summary, "6", ContainerKind::Task, "deploy-director", false, Some(50 * MINUTE)),
        container(&summary, "g0", ContainerKind::Get, "bosh-cpi-src", false, Some(52 * MINUTE)),
    ];
    state.containers.insert(summary.id, containers);
    state.events.insert(summary.id, tape.events);
    state.builds.insert(green.id, detail(green.clone()));
    let mut inputs: Vec<NamedVersion> =
        (0..10).map(|n| got(&format!("input-{n}"), "ref", "abcdefabcdef")).collect();
    inputs.push(got("bosh-cpi-src-in", "ref", "9e61b6e9e61b6e9e61b6e9e61b6e9e61b6e9e61b"));
    inputs.push(got("bosh-cpi-dev-artifacts", "version", "88"));
    let facts = [("author", "xwang"), ("message", "cpi: size data disks by category\n\nmore")];
    state.builds.insert(
        summary.id,
        BuildDetail {
            plan: Some(plan),
            inputs,
            last_green: Some(green),
            changes: vec![
                change(
                    "bosh-cpi-src-in",
                    "ref",
                    "4be0c714be0c714be0c714be0c714be0c714be0c",
                    "9e61b6e9e61b6e9e61b6e9e61b6e9e61b6e9e61b",
                    2,
                    &facts,
                ),
                change("bosh-cpi-dev-artifacts", "version", "87", "88", 1, &[]),
            ],
            made_by: Some(build(&of, "build-candidate", 88, "88", Status::Succeeded)),
            estimate: Some(Duration::from_secs(52 * MINUTE)),
            usual_steps: vec![("task deploy-director".to_owned(), Duration::from_secs(660))],
            worker: Some("w-3".to_owned()),
            ..detail(summary)
        },
    );
}

fn bats_log(tape: &mut Tape, start: Timestamp, id: &str) {
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    for n in 0..8_390u64 {
        tape.log(
            at(n * 1_500 / 8_390),
            id,
            &format!("example {n} of a suite passes in good time\n"),
        );
    }
    for (seconds, line) in [
        (1_502, "Task 18 | 13:41:50 | Creating missing vms: batlight/0 (00:01:47)"),
        (1_502, "Task 18 | 13:43:37 | Updating instance batlight: batlight/0 (canary)"),
        (1_591, "Task 18 | 13:45:06 | L executing pre-stop: batlight/0 (canary)"),
        (1_593, "Task 18 | 13:45:08 | Error: CPI error 'Bosh::Clouds::CloudError'"),
        (1_593, "\x1b[31m  InvalidDataDiskSize: 10 GiB is under the minimum of 20 GiB\x1b[0m"),
        (1_593, "  for category cloud_essd, in 'create_disk' CPI method"),
        (1_593, "\x1b[2m  (CPI request ID: 'cpi-710934')\x1b[0m"),
        (1_594, ""),
        (1_594, "Task 18 Started  Sat Nov 21 13:41:48 UTC"),
        (1_594, "Task 18 Finished Sat Nov 21 13:45:08 UTC"),
        (1_594, "Task 18 error"),
        (1_595, ""),
        (1_596, "Failures:"),
        (1_596, ""),
        (1_596, "\x1b[31m  1) persistent disk keeps its contents when it is resized\x1b[0m"),
        (1_596, "     Failure/Error: expect(@bosh.deploy).to succeed"),
        (1_596, "       expected the deploy to succeed, exit status was 1"),
        (1_596, "\x1b[2m     # ./spec/system/persistent_disks_spec.rb:88\x1b[0m"),
        (1_596, ""),
        (1_599, "Finished in 26 minutes 31 seconds"),
        (1_599, "41 examples, 1 failure, 2 pending"),
    ] {
        tape.log(at(seconds), id, &format!("{line}\n"));
    }
}

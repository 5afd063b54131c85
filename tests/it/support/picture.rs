//! The state of the project's design pictures.

use std::collections::BTreeMap;
use std::time::Duration;

use flightdeck::control::*;
use flightdeck::model::build::Status;
use flightdeck::model::worker::ContainerKind;
use flightdeck::model::{PipelineRef, Version};

use super::control::State;
use super::make::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn secs(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

/// A job whose last build took so long and ended so long ago.
fn done(
    of: &PipelineRef,
    id: i64,
    name: &str,
    number: &str,
    status: Status,
    took: u64,
    ended: u64,
) -> JobSummary {
    let finished = timed(build(of, name, id, number, status), ended + took, ended);
    let marks = match status {
        Status::Failed => "...............x",
        Status::Errored => ".............!!!",
        _ => "................",
    };
    JobSummary {
        transition: Some(finished.clone()),
        finished: Some(finished),
        pulse: pulse(marks),
        estimate: secs(took),
        ..job(id, name)
    }
}

/// A job that runs since so long, of a usual time.
fn running(
    of: &PipelineRef,
    id: i64,
    name: &str,
    number: &str,
    since: u64,
    usual: u64,
) -> JobSummary {
    let mut job = done(of, id, name, &(id - 1).to_string(), Status::Succeeded, usual, DAY);
    job.next = Some(timed(build(of, name, id + 1_000, number, Status::Started), since, 0));
    job.estimate = secs(usual);
    job
}

/// `main/base-images`: nineteen jobs, one red, one errored, three running, one paused.
pub fn base_images() -> PipelineSummary {
    let of = PipelineRef::new("main", "base-images");
    let mut jobs = Vec::new();
    let mut create = done(&of, 31, "create-gke-cluster", "31", Status::Succeeded, 372, 2 * HOUR);
    create.inputs = vec![input("gke-config", &[], false)];
    jobs.push(create);
    let mut deploy = done(&of, 58, "deploy-dispatch", "58", Status::Succeeded, 280, 2 * HOUR);
    deploy.inputs = vec![input("k8s-cluster", &["create-gke-cluster"], true)];
    jobs.push(deploy);
    let mut delete = job(59, "delete-gke-cluster");
    delete.inputs = vec![input("k8s-cluster", &["create-gke-cluster"], false)];
    jobs.push(delete);
    let mut uninstall = done(&of, 22, "uninstall-dispatch", "22", Status::Aborted, 40, DAY);
    uninstall.inputs = vec![input("k8s-cluster", &["create-gke-cluster"], false)];
    if let Some(build) = &mut uninstall.finished {
        build.aborted_by = Some("lee".to_owned());
    }
    jobs.push(uninstall);
    let langs = ["python3", "nodejs", "java", "clojure", "powershell"];
    let units = [
        ("204", 48, 26 * MINUTE),
        ("198", 52, 41 * MINUTE),
        ("177", 70, 0),
        ("90", 62, 3 * DAY),
        ("61", 39, 5 * DAY),
    ];
    for (lang, (number, took, ended)) in langs.iter().zip(units) {
        let name = format!("{lang}-units");
        let id = number.parse::<i64>().unwrap() + 10_000;
        let mut job = match *lang {
            "java" => running(&of, id, &name, number, 31, 71),
            _ => done(&of, id, &name, number, Status::Succeeded, took, ended),
        };
        job.inputs = vec![input(&format!("{lang}-base-image-pr"), &[], true)];
        jobs.push(job);
    }
    let builds = [
        ("41", 185, 22 * MINUTE),
        ("44", 171, 36 * MINUTE),
        ("39", 180, 0),
        ("19", 30, 3 * DAY),
        ("17", 210, 5 * DAY),
    ];
    for (lang, (number, took, ended)) in langs.iter().zip(builds) {
        let name = format!("build-{lang}-base-image");
        let id = number.parse::<i64>().unwrap() + 20_000;
        let mut job = match *lang {
            "java" => running(&of, id, &name, number, 128, 183),
            "clojure" => {
                let mut job = done(&of, id, &name, number, Status::Errored, took, ended);
                if let Some(build) = &mut job.finished {
                    build.cause = Some(cause("3", "put image", None, "registry 503", 12));
                }
                job
            }
            _ => done(&of, id, &name, number, Status::Succeeded, took, ended),
        };
        job.inputs = vec![input(&format!("{lang}-base-image-pr"), &[], true)];
        jobs.push(job);
    }
    for (lang, number) in langs.iter().zip(["36", "37", "12", "9", "8"]) {
        let name = format!("test-{lang}-base-image");
        let id = number.parse::<i64>().unwrap() + 30_000;
        let mut job = match *lang {
            "python3" => running(&of, id, &name, number, 192, 362),
            "nodejs" => {
                let mut job = done(&of, id, &name, number, Status::Failed, 352, 14 * MINUTE);
                let build = job.finished.as_mut().unwrap();
                build.cause = Some(cause(
                    "4",
                    "task test-nodejs",
                    Some(1),
                    "not ok 12 function with package.json",
                    250,
                ));
                job.transition = job.finished.clone();
                job.suspect =
                    Some(change("nodejs-base-image-env", "number", "0.0.11", "0.0.12", 1, &[]));
                job.pulse = pulse(".........x.......x");
                job
            }
            "powershell" => {
                let mut job = done(&of, id, &name, number, Status::Succeeded, 300, 5 * DAY);
                job.pause = Some(Pause {
                    by: "lee".to_owned(),
                    why: Some("runner is flaky".to_owned()),
                    since: ago(2 * DAY),
                });
                job
            }
            _ => done(&of, id, &name, number, Status::Succeeded, 300, 4 * DAY),
        };
        job.inputs = vec![
            input(&format!("{lang}-base-image"), &[&format!("build-{lang}-base-image")], true),
            input("dispatch", &["deploy-dispatch", "create-gke-cluster"], false),
        ];
        jobs.push(job);
    }
    pipeline(2, "main", "base-images", jobs)
}

/// `cpi/bosh-alicloud-cpi`: bats is red and cleans up.
pub fn cpi() -> PipelineSummary {
    let of = PipelineRef::new("cpi", "bosh-alicloud-cpi");
    let mut candidate = done(&of, 88, "build-candidate", "88", Status::Succeeded, 242, 5 * HOUR);
    candidate.inputs =
        vec![input("bosh-cpi-src-in", &[], true), input("version-semver", &[], false)];
    candidate.outputs = vec![JobOutput {
        name: "bosh-cpi-dev-artifacts".to_owned(),
        resource: "bosh-cpi-dev-artifacts".to_owned(),
    }];
    let mut integration = done(&of, 71, "integration", "71", Status::Succeeded, 1_860, 4 * HOUR);
    integration.inputs = vec![input("bosh-cpi-dev-artifacts", &["build-candidate"], true)];
    let mut bats = done(&of, 112, "bats", "112", Status::Failed, 2_600, 3 * MINUTE);
    bats.inputs = vec![input("bosh-cpi-dev-artifacts", &["build-candidate"], true)];
    bats.finished.as_mut().unwrap().cause = Some(cause(
        "9",
        "task run-bats",
        Some(1),
        "InvalidDataDiskSize: 10 GiB is under 20 GiB",
        1_593,
    ));
    bats.transition = bats.finished.clone();
    bats.suspect = Some(change(
        "bosh-cpi-src-in",
        "ref",
        "4be0c714be0c714be0c714be0c714be0c714be0c",
        "9e61b6e9e61b6e9e61b6e9e61b6e9e61b6e9e61b",
        2,
        &[("author", "xwang")],
    ));
    bats.pulse = pulse(".....x.............x");
    let mut end = running(&of, 54, "end-2-end", "54", 1_980, 3_300);
    end.inputs = vec![input("bosh-cpi-dev-artifacts", &["build-candidate"], true)];
    let mut promote = done(&of, 14, "promote-candidate", "14", Status::Succeeded, 60, 11 * HOUR);
    promote.inputs =
        vec![input("bosh-cpi-dev-artifacts", &["integration", "bats", "end-2-end"], false)];
    pipeline(1, "cpi", "bosh-alicloud-cpi", vec![candidate, integration, bats, end, promote])
}

fn others() -> Vec<PipelineSummary> {
    let mut all = Vec::new();
    let main = |name: &str| PipelineRef::new("main", name);
    let shop = |name: &str| PipelineRef::new("shop", name);

    let of = main("release");
    let mut images = done(&of, 81, "build-e2e-images", "81", Status::Errored, 60, 3 * DAY);
    let line = "registry answered 503, 14 in a row";
    images.finished.as_mut().unwrap().cause =
        Some(cause("2", "task prepare-images", None, line, 20));
    let mut first = images.finished.clone().unwrap();
    (first.id, first.name) = (flightdeck::model::BuildId(79), "79".to_owned());
    images.transition = Some(first);
    images.pulse = pulse("........!!!!!!!!");
    let mut ship = done(&of, 82, "ship", "20", Status::Succeeded, 60, 4 * DAY);
    ship.inputs = vec![input("images", &["build-e2e-images"], true)];
    all.push(pipeline(3, "main", "release", vec![images, ship]));

    let of = PipelineRef::new("cpi", "stemcell-builder");
    let mut heavy = done(&of, 9, "heavy-stemcell", "9", Status::Failed, 900, 11 * DAY);
    let line = "image quota used up";
    heavy.finished.as_mut().unwrap().cause = Some(cause("2", "task upload", Some(2), line, 20));
    let mut first = heavy.finished.clone().unwrap();
    (first.id, first.name) = (flightdeck::model::BuildId(4), "4".to_owned());
    heavy.transition = Some(first);
    heavy.pulse = pulse("...xxxxxxxxxxxxx");
    all.push(pipeline(4, "cpi", "stemcell-builder", vec![heavy]));

    let of = main("e2e");
    let knative = running(&of, 410, "tests-knative", "410", 6 * MINUTE, 18 * MINUTE);
    let smoke = done(&of, 411, "smoke", "300", Status::Succeeded, 60, HOUR);
    all.push(pipeline(5, "main", "e2e", vec![knative, smoke]));

    let of = main("pull-requests");
    let jobs = (0..4)
        .map(|n| {
            let name = ["coverage", "lint", "unit", "docs"][n as usize];
            running(&of, 902 + n, name, &(902 + n).to_string(), 200 - n as u64, 260)
        })
        .collect();
    all.push(pipeline(6, "main", "pull-requests", jobs));

    let of = shop("hello-ci");
    let late = running(&of, 1_031, "build", "1031", 300, 180);
    all.push(pipeline(7, "shop", "hello-ci", vec![late]));

    let of = PipelineRef::new("cpi", "bosh-alicloud-cpi-develop");
    let mut paused = pipeline(
        8,
        "cpi",
        "bosh-alicloud-cpi-develop",
        vec![done(&of, 500, "unit", "50", Status::Succeeded, 30, 3 * DAY)],
    );
    paused.pause = Some(Pause {
        by: "anna".to_owned(),
        why: Some("eu-central-1 quota used up".to_owned()),
        since: ago(2 * DAY),
    });
    all.push(paused);
    let of = main("base-images-2019");
    let mut paused = pipeline(
        9,
        "main",
        "base-images-2019",
        vec![done(&of, 501, "unit", "51", Status::Succeeded, 30, 60 * DAY)],
    );
    paused.pause = Some(Pause { by: "lee".to_owned(), why: None, since: ago(41 * DAY) });
    all.push(paused);

    let of = shop("gateway");
    let mut gateway = pipeline(
        10,
        "shop",
        "gateway",
        vec![done(&of, 600, "deploy", "60", Status::Succeeded, 30, 2 * DAY)],
    );
    gateway.resources = vec![ResourceSummary {
        id: flightdeck::model::ResourceId(1),
        name: "gateway-src".to_owned(),
        kind: "git".to_owned(),
        pinned: None,
        latest: Some(ResourceVersion {
            id: flightdeck::model::VersionId(1),
            version: Version::of("ref", "cafecafecafe"),
            metadata: Vec::new(),
            is_enabled: true,
        }),
        check: Some(CheckSummary {
            started_at: ago(9 * HOUR),
            ended_at: Some(ago(9 * HOUR)),
            error: Some("deploy key refused".to_owned()),
        }),
    }];
    all.push(gateway);
    for (n, (team, name, jobs, job_name, ended)) in [
        ("main", "docs", 3, "publish", 20 * MINUTE),
        ("cpi", "light-stemcells", 5, "publish", 2 * HOUR),
        ("shop", "mongo-client", 6, "deploy", 5 * HOUR),
        ("main", "ova-release", 5, "release", DAY),
        ("main", "unit-test", 1, "unit-tests", DAY + HOUR),
        ("shop", "payments", 9, "deploy", DAY + 2 * HOUR),
        ("shop", "catalog", 9, "deploy", 2 * DAY),
    ]
    .into_iter()
    .enumerate()
    {
        let of = PipelineRef::new(team, name);
        let id = 700 + 10 * n as i64;
        let jobs = (0..jobs)
            .map(|i| {
                let name = if i == 0 { job_name.to_owned() } else { format!("step-{i}") };
                let ended = ended + i as u64 * 30;
                done(&of, id + i, &name, "77", Status::Succeeded, 30, ended)
            })
            .collect();
        all.push(pipeline(20 + n as i64, team, name, jobs));
    }
    all
}

/// What test-nodejs-base-image #37 is made of.
fn nodejs(state: &mut State, job: &JobSummary) {
    let summary = job.finished.clone().unwrap();
    let of = summary.pipeline.clone().unwrap();
    let name = "test-nodejs-base-image";
    let green = timed(build(&of, name, 30_036, "36", Status::Succeeded), 3 * HOUR + 300, 3 * HOUR);
    state.builds.insert(green.id, detail(green.clone()));
    state.containers.insert(
        summary.id,
        vec![container(&summary, "4", ContainerKind::Task, "test-nodejs", true, Some(41 * MINUTE))],
    );
    let inputs = ["nodejs-base-image-env", "dispatch", "ci-keys", "k8s-cluster", "release"];
    state.builds.insert(
        summary.id,
        BuildDetail {
            inputs: inputs
                .iter()
                .map(|name| got(name, "ref", "cfda094cfda094cfda094cfda094cfda094cfda0"))
                .collect(),
            last_green: Some(green),
            changes: vec![
                change("nodejs-base-image-env", "number", "0.0.11", "0.0.12", 1, &[]),
                change(
                    "dispatch",
                    "ref",
                    "8f2c1e08f2c1e08f2c1e08f2c1e08f2c1e08f2c1",
                    "cfda094cfda094cfda094cfda094cfda094cfda0",
                    3,
                    &[("author", "nkim")],
                ),
            ],
            ..detail(summary)
        },
    );
}

/// All of it.
pub fn state() -> State {
    let mut pipelines = vec![cpi(), base_images()];
    pipelines.extend(others());
    let mut state = State { pipelines, builds: BTreeMap::new(), ..State::default() };
    for summary in state.pipelines.clone() {
        for job in &summary.jobs {
            for build in [&job.finished, &job.next].into_iter().flatten() {
                state.builds.insert(build.id, detail(build.clone()));
            }
            match job.name.as_str() {
                "bats" => super::bats::add(&mut state, job),
                "test-nodejs-base-image" => nodejs(&mut state, job),
                _ => {}
            }
        }
    }
    state
}

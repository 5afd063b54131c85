//! The whole core over real repositories: the pipelines of the demo from a commit to the end.

use std::time::{Duration, Instant};

use flightdeck::cli::demo::{PIPELINES, Repositories};
use flightdeck::control::{BuildDetail, BuildSummary};
use flightdeck::model::PipelineRef;
use flightdeck::model::build::Status;

use crate::support::core::{Core, Place};
use crate::support::git;

/// The demo's repositories and a core in one place.
struct Demo {
    place: Place,
    repositories: Repositories,
    core: Core,
}

impl Demo {
    async fn start() -> Self {
        let place = Place::in_a_hurry();
        let repositories =
            Repositories::prepare(&place.path().join("repositories")).expect("prepares");
        let core = place.start().await;
        Self { place, repositories, core }
    }

    async fn set(&self, name: &str) -> PipelineRef {
        let pipeline = PIPELINES.iter().find(|pipeline| pipeline.name == name).expect("known");
        let folder = self.repositories.folder().display().to_string();
        self.core.set(name, pipeline.text, &[("repositories", &folder)]).await
    }

    /// Runs git in one of the bare repositories.
    fn git(&self, repository: &str, args: &[&str]) -> String {
        git::run(&self.place.path().join("repositories").join(repository), args)
    }

    /// Commits until a change of that repository was among them.
    fn commit_to(&self, repository: &str) -> String {
        loop {
            let said = self.repositories.commit_something().expect("commits");
            if said.contains(&format!(" to {repository}"))
                || said.contains(&format!("of {repository}"))
            {
                return said;
            }
        }
    }
}

fn input(build: &BuildDetail, name: &str, field: &str) -> String {
    let input = build.inputs.iter().find(|input| input.name == name);
    let input = input.unwrap_or_else(|| panic!("no input {name}: {:?}", build.inputs));
    input.version.field(field).unwrap_or_else(|| panic!("{:?}", input.version)).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_travels_to_the_last_job_with_its_version_and_artifact() {
    let demo = Demo::start().await;
    let pipeline = demo.set("bosh-alicloud-cpi").await;
    let jobs = ["test-unit", "build-candidate", "integration", "bats", "end-2-end"];

    let last = demo.core.succeeded(&pipeline, "end-2-end", "1").await;
    let head = demo.git("bosh-alicloud-cpi-release.git", &["rev-parse", "master"]);
    assert_eq!(input(&last, "bosh-cpi-src", "ref"), head);
    assert_eq!(input(&last, "version-semver", "number"), "0.0.2");
    let log = demo.core.log(last.summary.id).await;
    assert!(log.contains("end to end with bosh-cpi-release/bosh-alicloud-cpi-0.0.2.tgz"), "{log}");
    assert!(log.contains("release 0.0.2 is good"), "{log}");

    let built = demo.core.succeeded(&pipeline, "build-candidate", "1").await;
    let release = demo.git("bosh-cpi-dev-artifacts.git", &["rev-parse", "master"]);
    assert_eq!(input(&last, "bosh-cpi-release", "ref"), release);
    let put = built.outputs.iter().find(|output| output.name == "bosh-cpi-dev-artifacts");
    assert_eq!(put.expect("an output").version.field("ref"), Some(release.as_str()));
    assert_eq!(demo.git("versions.git", &["show", "master:current-version"]), "0.0.2");
    let from = demo.git("bosh-cpi-dev-artifacts.git", &["show", "master:built-from"]);
    assert!(from.contains(&format!("commit: {head}")), "{from}");
    let bats = demo.core.succeeded(&pipeline, "bats", "1").await;
    let log = demo.core.log(bats.summary.id).await;
    assert!(log.contains("tests on 10.0.0.6 with release 0.0.2"), "{log}");
    assert!(log.contains("deleting director 10.0.0.6"), "{log}");

    demo.core.settled().await;
    for job in jobs {
        let builds = demo.core.control.job_builds(&pipeline, job, None, 10).await.expect("builds");
        let ends: Vec<_> = builds.iter().map(|b| (b.name.as_str(), b.status)).collect();
        assert_eq!(ends, [("1", Status::Succeeded)], "{job}");
    }

    demo.commit_to("bosh-alicloud-cpi-release");
    let last = demo.core.succeeded(&pipeline, "end-2-end", "2").await;
    let head = demo.git("bosh-alicloud-cpi-release.git", &["rev-parse", "master"]);
    assert_eq!(input(&last, "bosh-cpi-src", "ref"), head);
    assert_eq!(input(&last, "version-semver", "number"), "0.0.3");
    demo.core.settled().await;
    for job in jobs {
        let builds = demo.core.control.job_builds(&pipeline, job, None, 10).await.expect("builds");
        assert_eq!(builds.len(), 2, "{job}: {builds:?}");
    }
    demo.core.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pull_requests_hold_one_cluster_after_the_other() {
    let demo = Demo::start().await;
    let pipeline = demo.set("dispatch-e2e").await;
    let act = demo.core.act();
    act.pause_job(&pipeline, "run-tests", None).await.expect("pauses");

    let first = demo.core.succeeded(&pipeline, "deploy-dispatch", "1").await;
    let log = demo.core.log(first.summary.id).await;
    assert!(log.contains("to cluster cluster-1"), "{log}");
    let locks = |state: &str| {
        let tree = format!("master:k8s-cluster/{state}");
        demo.git("clusters.git", &["ls-tree", "--name-only", &tree]).replace(".gitkeep", "")
    };
    assert_eq!(locks("claimed").trim(), "cluster-1");

    // While the first one holds the only cluster, the second waits for it.
    demo.commit_to("dispatch");
    demo.core.succeeded(&pipeline, "build-images", "2").await;
    let is_started = |build: &BuildSummary| build.status == Status::Started;
    let second =
        demo.core.until_build(&pipeline, "deploy-dispatch", "2", "starts", is_started).await;
    demo.core.until_logged(second.id, "waiting").await;

    act.unpause_job(&pipeline, "run-tests").await.expect("unpauses");
    let tested = demo.core.succeeded(&pipeline, "run-tests", "1").await;
    assert_eq!(input(&tested, "k8s-clusters", "ref"), output(&first, "k8s-clusters", "ref"));
    let log = demo.core.log(tested.summary.id).await;
    assert!(log.contains("1..12 on cluster cluster-1"), "{log}");
    assert!(log.contains("cleaning cluster cluster-1"), "{log}");
    demo.core.succeeded(&pipeline, "deploy-dispatch", "2").await;
    let last = demo.core.succeeded(&pipeline, "run-tests", "2").await;
    demo.core.settled().await;
    assert_eq!((locks("claimed").trim(), locks("unclaimed").trim()), ("", "cluster-1"));

    for (number, build) in [("1", &tested), ("2", &last)] {
        let commit = input(build, "dispatch", "ref");
        let pull = format!("refs/pull/{number}/head");
        assert_eq!(demo.git("dispatch.git", &["rev-parse", &pull]), commit);
        let recorded = statuses(&demo, &commit);
        assert!(recorded.contains("\"state\":\"success\""), "{recorded}");
    }
    demo.core.shut_down().await;
}

/// What is recorded of a commit of the pull requests' repository.
fn statuses(demo: &Demo, commit: &str) -> String {
    let context = "concourse-ci%2Fdispatch-e2e";
    demo.git("dispatch.git", &["cat-file", "-p", &format!("refs/statuses/{commit}/{context}")])
}

fn output(build: &BuildDetail, name: &str, field: &str) -> String {
    let output = build.outputs.iter().find(|output| output.name == name);
    let output = output.unwrap_or_else(|| panic!("no output {name}: {:?}", build.outputs));
    output.version.field(field).unwrap_or_else(|| panic!("{:?}", output.version)).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_red_job_keeps_its_container_until_the_fix_is_noticed() {
    let demo = Demo::start().await;
    let pipeline = demo.set("checkout").await;
    let red = demo.core.ended(&pipeline, "integration", "1").await;
    assert_eq!(red.summary.status, Status::Failed);
    let cause = red.summary.cause.as_ref().expect("a cause");
    assert_eq!((cause.step.as_str(), cause.exit_status), ("task integration", Some(1)));
    let line = cause.line.as_deref().expect("a line");
    assert!(line.contains("not ok 5 a payment survives a slow bank"), "{line}");
    demo.core.settled().await;
    for job in ["staging", "production"] {
        let builds = demo.core.control.job_builds(&pipeline, job, None, 10).await.expect("builds");
        assert!(builds.is_empty(), "{job}: {builds:?}");
    }
    let containers = demo.core.control.build_containers(red.summary.id).await.expect("containers");
    let kept = containers.first().expect("a container");
    assert!(kept.is_failed && kept.info.metadata.step == "integration", "{containers:?}");
    assert_eq!(kept.info.exit_status, Some(1));

    let since = Instant::now();
    let said = demo.commit_to("checkout");
    assert!(said.contains("gateway"), "{said}");
    demo.core.until_build(&pipeline, "lint", "2", "is made", |_| true).await;
    // By the timer it would be a minute.
    assert!(since.elapsed() < Duration::from_secs(20), "noticed after {:?}", since.elapsed());
    let staging = demo.core.succeeded(&pipeline, "staging", "1").await;
    let head = demo.git("checkout.git", &["rev-parse", "main"]);
    assert_eq!(input(&staging, "checkout", "ref"), head);
    demo.core.settled().await;
    let summary = demo.core.pipeline(&pipeline).await;
    for job in summary.jobs.iter().filter(|job| job.name != "production") {
        let finished = job.finished.as_ref().expect("ran");
        assert_eq!(finished.status, Status::Succeeded, "{}", job.name);
    }
    let build = demo.core.trigger(&pipeline, "production").await;
    demo.core.succeeded(&pipeline, "production", &build.name).await;
    demo.core.shut_down().await;
}

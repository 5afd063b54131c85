//! Whole passes: what the scheduler decides, stored while it still holds.

use flightdeck::model::build::Status;
use flightdeck::model::{BuildId, JobId, Timestamp};
use flightdeck::scheduler::facts::JobFacts;
use flightdeck::scheduler::{Decision, plan, schedule};
use flightdeck::store::job::DueJob;
use flightdeck::store::pass::PassDone;

use super::on_both;
use super::scratch::{Scratch, get, resource, two_jobs, version};

on_both! {
    a_new_version_starts_a_build_and_then_the_next_job,
    a_request_that_comes_during_a_pass_is_not_lost,
    nothing_starts_that_was_paused_meanwhile,
    a_build_that_was_stopped_meanwhile_ends,
    a_version_that_is_gone_is_told,
    a_job_without_a_plan_ends_its_build,
    places_are_not_given_twice,
}

async fn decide(at: &Scratch, name: &str) -> (DueJob, JobFacts, Vec<Decision>) {
    for due in at.due_jobs().await.expect("reads") {
        let job = at.job_by_id(due.job).await.expect("reads").expect("is there");
        if job.name == name {
            let facts = at.job_facts(due.job, 100).await.expect("reads");
            let decisions = schedule(&facts, Timestamp(i64::MAX)).expect("has all it needs");
            return (due, facts, decisions);
        }
    }
    panic!("`{name}` is not due");
}

async fn store(at: &Scratch, decided: &(DueJob, JobFacts, Vec<Decision>)) -> PassDone {
    let (due, facts, decisions) = decided;
    at.store_pass(*due, facts, decisions, plan).await.expect("stores")
}

/// Passes over all that is due, until nothing is; gives the builds that were started.
async fn settle(at: &Scratch) -> Vec<BuildId> {
    let mut started = Vec::new();
    for _ in 0..50 {
        let mut n_waiting = 0;
        for due in at.due_jobs().await.expect("reads") {
            let facts = at.job_facts(due.job, 100).await.expect("reads");
            let decisions = schedule(&facts, Timestamp(i64::MAX)).expect("has all it needs");
            let done = at.store_pass(due, &facts, &decisions, plan).await.expect("stores");
            n_waiting += usize::from(matches!(decisions.last(), Some(Decision::Retry(_))));
            started.extend(done.started);
        }
        if at.due_jobs().await.expect("reads").len() == n_waiting {
            return started;
        }
    }
    panic!("it does not settle");
}

async fn status(at: &Scratch, build: BuildId) -> Status {
    at.build(build).await.expect("reads").expect("is there").status
}

async fn only_build(at: &Scratch, job: JobId) -> BuildId {
    at.job_builds(job, None, 2).await.expect("reads")[0].id
}

async fn a_new_version_starts_a_build_and_then_the_next_job(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    assert!(settle(at).await.is_empty());
    at.check(source, &["a"]).await;
    let started = settle(at).await;
    assert_eq!(started, [only_build(at, unit).await]);
    let inputs = at.build_inputs(started[0]).await.expect("reads");
    assert_eq!((&inputs[0].version, inputs[0].is_first_occurrence), (&version("a"), true));
    assert!(at.build_plan(started[0]).await.expect("reads").is_some());
    at.finish_build(started[0], Status::Succeeded, None).await.expect("ends");
    let next = settle(at).await;
    assert_eq!(next, [only_build(at, ship).await]);
    at.finish_build(next[0], Status::Succeeded, None).await.expect("ends");
    assert!(settle(at).await.is_empty());
    let row = at.job_by_id(ship).await.expect("reads").expect("is there");
    assert_eq!((row.finished, row.has_new_inputs), (Some(next[0]), false));
}

async fn a_request_that_comes_during_a_pass_is_not_lost(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let decided = decide(at, "unit").await;
    at.request_schedule(unit).await.expect("requests");
    store(at, &decided).await;
    let due = at.due_jobs().await.expect("reads");
    assert!(due.iter().any(|due| due.job == unit));
}

async fn nothing_starts_that_was_paused_meanwhile(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    at.check(at.resource_id(set.id, "source").await, &["a"]).await;
    // The build is made in one pass and started in the next.
    let made = store(at, &decide(at, "unit").await).await;
    assert!(made.created.is_some() && made.looks_again);
    let decided = decide(at, "unit").await;
    assert!(matches!(decided.2.last(), Some(Decision::ScheduleAgain)), "{:?}", decided.2);
    at.pause_job(unit, "ada", None).await.expect("pauses");
    let done = store(at, &decided).await;
    assert!(done.started.is_empty() && done.looks_again);
    assert!(settle(at).await.is_empty());
    assert_eq!(status(at, only_build(at, unit).await).await, Status::Pending);
    at.unpause_job(unit).await.expect("unpauses");
    assert_eq!(settle(at).await.len(), 1);
}

async fn a_build_that_was_stopped_meanwhile_ends(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    at.check(at.resource_id(set.id, "source").await, &["a"]).await;
    store(at, &decide(at, "unit").await).await;
    let build = only_build(at, unit).await;
    let decided = decide(at, "unit").await;
    at.abort_build(build, "ada").await.expect("aborts");
    let done = store(at, &decided).await;
    assert_eq!(done.ended, [(build, Status::Aborted)]);
    assert_eq!(status(at, build).await, Status::Aborted);
    assert_eq!(at.final_status(build).await.expect("reads"), Some(Status::Aborted));
    // The same decisions once more: nothing is pending any more.
    let again = store(at, &decided).await;
    assert!(again.ended.is_empty() && again.started.is_empty());
    assert!(settle(at).await.is_empty());
}

async fn a_version_that_is_gone_is_told(at: &Scratch) {
    let mut config = two_jobs();
    let set = at.set(&config).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    store(at, &decide(at, "unit").await).await;
    let decided = decide(at, "unit").await;
    config.resources[0].source.insert("branch".into(), "next".into());
    at.set(&config).await;
    at.scope(source).await;
    let done = store(at, &decided).await;
    assert!(done.started.is_empty() && done.looks_again);
    let next = at.next_inputs(unit).await.expect("reads");
    let why = next.inputs[0].chosen.clone().expect_err("is gone");
    assert_eq!(why, "chosen version of input source not available");
    assert!(!next.is_resolved);
    let build = only_build(at, unit).await;
    assert!(at.build_inputs(build).await.expect("reads").is_empty());
    assert_eq!(status(at, build).await, Status::Pending);
}

async fn a_job_without_a_plan_ends_its_build(at: &Scratch) {
    let mut config = two_jobs();
    let set = at.set(&config).await;
    let unit = at.job_id(set.id, "unit").await;
    at.check(at.resource_id(set.id, "source").await, &["a"]).await;
    store(at, &decide(at, "unit").await).await;
    let decided = decide(at, "unit").await;
    // The job gets an input that the choice knows nothing of.
    config.resources.push(resource("extra"));
    config.jobs[0].plan.push(get("extra", &[]));
    at.set(&config).await;
    let done = store(at, &decided).await;
    let build = only_build(at, unit).await;
    assert_eq!(done.ended, [(build, Status::Errored)]);
    let row = at.build(build).await.expect("reads").expect("is there");
    let line = row.cause.expect("has one").line.expect("tells why");
    assert!(line.contains("extra"), "{line}");
    let mut reader = at.read_events(build, 0).await.expect("reads");
    assert_eq!(reader.next().await.expect("reads").expect("tells it").len(), 2);
}

async fn places_are_not_given_twice(at: &Scratch) {
    let mut config = two_jobs();
    config.jobs[0].serial = true;
    let set = at.set(&config).await;
    let unit = at.job_id(set.id, "unit").await;
    at.check(at.resource_id(set.id, "source").await, &["a"]).await;
    settle(at).await;
    let first = only_build(at, unit).await;
    let second = at.create_manual_build(unit, "ada").await.expect("makes").id;
    assert!(settle(at).await.is_empty(), "one runs");
    assert!(at.job_by_id(unit).await.expect("reads").expect("is there").is_max_in_flight_reached);
    at.finish_build(first, Status::Succeeded, None).await.expect("ends");
    // Two cores decide on the same facts; one of them comes first.
    let source = at.resource_id(set.id, "source").await;
    let scope = at.scope(source).await;
    at.begin_check(scope, None).await.expect("begins");
    let end = flightdeck::store::resource::CheckEnd { error: None, next_at: Timestamp(1) };
    at.end_check(scope, end).await.expect("ends");
    let decided = decide(at, "unit").await;
    assert_eq!(store(at, &decided).await.started, [second]);
    let third = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let late = store(at, &decided).await;
    assert!(late.started.is_empty());
    assert_eq!(status(at, third).await, Status::Pending);
}

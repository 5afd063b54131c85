//! Making, starting, ending and listing builds.

use std::time::Duration;

use flightdeck::engine::journal::{ArtifactRecord, Record, SavedVersion};
use flightdeck::model::build::{ImagePlans, Outcome, Plan, PlanKind, PutPlan, Status, TaskPlan};
use flightdeck::model::step::{HookOn, PutInputs, TaskStep};
use flightdeck::model::task::Limits;
use flightdeck::model::worker::{ContainerInfo, ContainerKind, ContainerMetadata};
use flightdeck::model::{BuildId, Map, Number, PlanId, Timestamp, Value};
use flightdeck::store::StoreError;
use flightdeck::store::build::{BuildKind, CauseRow, Started};

use super::on_both;
use super::scratch::{Scratch, plan, two_jobs, version};

on_both! {
    numbers_have_no_gaps,
    at_most_one_scheduled_build_waits,
    reruns_count_on_the_original,
    a_job_may_forbid_triggers_and_reruns,
    inputs_are_adopted_whole_or_not,
    a_build_moves_only_forward,
    a_plan_survives_with_its_numbers,
    pointers_follow_the_builds,
    an_older_build_that_ends_later_moves_nothing,
    the_end_of_a_build_requests_what_waits_for_it,
    an_aborted_build_that_waits_is_for_the_scheduler,
    a_cause_is_kept,
    what_made_a_build_is_found,
    builds_are_listed_by_page,
    checks_are_builds_without_a_job,
    the_journal_keeps_one_record_a_kind,
    containers_are_kept,
}

async fn numbers_have_no_gaps(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let mut makers = Vec::new();
    for _ in 0..20 {
        let store = at.store.clone();
        makers.push(tokio::spawn(async move { store.create_manual_build(unit, "ada").await }));
    }
    let mut made = Vec::new();
    for maker in makers {
        made.push(maker.await.expect("ends").expect("makes"));
    }
    made.sort_by_key(|build| build.id);
    let names: Vec<_> = made.iter().map(|build| build.name.clone()).collect();
    let expected: Vec<_> = (1..=20).map(|n| n.to_string()).collect();
    assert_eq!(names.len(), 20);
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!(made[0].created_by.as_deref(), Some("ada"));
    assert_eq!(made[0].status, Status::Pending);
}

async fn at_most_one_scheduled_build_waits(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let first = at.create_scheduled_build(unit).await.expect("makes").expect("none waits");
    assert_eq!((first.name.as_str(), first.kind), ("1", BuildKind::Scheduled));
    assert_eq!(at.create_scheduled_build(unit).await.expect("looks"), None);
    at.finish(first.id, &[], Status::Failed).await;
    let second = at.create_scheduled_build(unit).await.expect("makes").expect("none waits");
    assert_eq!(second.name, "2", "what was not made took no number");
}

async fn reruns_count_on_the_original(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let never = at.create_manual_build(unit, "ada").await.expect("makes");
    let refused = at.create_rerun(never.id, "ada").await.expect_err("it has no inputs");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    let first = at.run(unit, &[], Status::Failed).await;
    let rerun = at.create_rerun(first.id, "bob").await.expect("makes");
    assert_eq!((rerun.name.as_str(), rerun.kind), ("2.1", BuildKind::Rerun(first.id)));
    at.finish(rerun.id, &[], Status::Failed).await;
    let again = at.create_rerun(rerun.id, "bob").await.expect("makes");
    assert_eq!((again.name.as_str(), again.kind), ("2.2", BuildKind::Rerun(first.id)));
    let next = at.create_manual_build(unit, "ada").await.expect("makes");
    assert_eq!(next.name, "3");
    let missing = at.create_rerun(BuildId(9999), "ada").await.expect_err("is not there");
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing}");
}

async fn a_job_may_forbid_triggers_and_reruns(at: &Scratch) {
    let mut config = two_jobs();
    config.jobs[0].disable_reruns = true;
    let set = at.set(&config).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.run(unit, &[], Status::Failed).await;
    let refused = at.create_rerun(build.id, "ada").await.expect_err("is forbidden");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    config.jobs[0].disable_manual_trigger = true;
    at.set(&config).await;
    let refused = at.create_manual_build(unit, "ada").await.expect_err("is forbidden");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    at.create_scheduled_build(unit).await.expect("makes").expect("none waits");
}

async fn inputs_are_adopted_whole_or_not(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let good = at.chosen("source", source, "a").await;
    let mut gone = good.clone();
    gone.name = "other".to_owned();
    gone.version.0 += 1000;
    let refused = at.adopt_inputs(build, &[good.clone(), gone]).await.expect_err("one is gone");
    assert!(
        refused.to_string().ends_with("chosen version of input other not available"),
        "{refused}"
    );
    assert!(at.build_inputs(build).await.expect("reads").is_empty());
    assert!(!at.build(build).await.expect("reads").expect("is there").are_inputs_ready);
    at.adopt_inputs(build, std::slice::from_ref(&good)).await.expect("adopts");
    at.adopt_inputs(build, &[good]).await.expect("adopts again");
    let inputs = at.build_inputs(build).await.expect("reads");
    assert_eq!(inputs.len(), 1);
    assert_eq!((&inputs[0].version, inputs[0].is_first_occurrence), (&version("a"), true));
    assert_eq!(inputs[0].check_order, Some(1));
    assert!(at.build(build).await.expect("reads").expect("is there").are_inputs_ready);
}

async fn a_build_moves_only_forward(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let refused = at.finish_build(build, Status::Succeeded, None).await.expect_err("never ran");
    assert!(matches!(refused, StoreError::Move { from: Status::Pending, .. }), "{refused}");
    at.mark_build_scheduled(build).await.expect("marks");
    at.mark_build_scheduled(build).await.expect("marks again");
    assert!(at.build(build).await.expect("reads").expect("is there").is_scheduled);
    assert_eq!(at.build_plan(build).await.expect("reads"), None);
    assert_eq!(at.start_build(build, &plan()).await.expect("starts"), Started::Now);
    assert_eq!(at.start_build(build, &plan()).await.expect("starts"), Started::Already);
    assert_eq!(at.build_plan(build).await.expect("reads"), Some(plan()));
    let started: Vec<_> =
        at.started_builds().await.expect("reads").iter().map(|build| build.id).collect();
    assert_eq!(started, [build]);
    at.finish_build(build, Status::Failed, None).await.expect("ends");
    at.finish_build(build, Status::Failed, None).await.expect("ends the same way");
    let refused = at.finish_build(build, Status::Succeeded, None).await.expect_err("is over");
    assert!(matches!(refused, StoreError::Move { .. }), "{refused}");
    assert_eq!(at.start_build(build, &plan()).await.expect("looks"), Started::Over);
    let row = at.build(build).await.expect("reads").expect("is there");
    assert!(row.created_at < row.started_at.expect("started"));
    assert!(row.started_at < row.ended_at);
    assert_eq!(at.final_status(build).await.expect("reads"), Some(Status::Failed));
    let waiting = at.create_manual_build(unit, "ada").await.expect("makes").id;
    at.abort_build(waiting, "bob").await.expect("aborts");
    assert_eq!(at.start_build(waiting, &plan()).await.expect("looks"), Started::Aborting);
    at.finish_build(waiting, Status::Aborted, None).await.expect("ends");
}

async fn a_plan_survives_with_its_numbers(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let build = at.create_manual_build(at.job_id(set.id, "unit").await, "ada").await;
    let build = build.expect("makes").id;
    let node = |id: &str, attempt: &[u32], kind| Plan {
        id: PlanId::from(id),
        attempt: attempt.to_vec(),
        kind,
    };
    let number = Value::Number(Number::new("1.10").expect("a number"));
    let task = TaskPlan {
        step: TaskStep {
            name: "unit".into(),
            params: [("N".to_owned(), number.clone()), ("M".to_owned(), Value::from(3))].into(),
            limits: Limits { cpu_shares: Some(512), memory_bytes: Some(1 << 30) },
            timeout: Some("1h".into()),
            ..TaskStep::default()
        },
        image_types: Vec::new(),
    };
    let put = PutPlan {
        name: "image".into(),
        resource: "image".into(),
        resource_type: "git".into(),
        source: [("depth".to_owned(), number)].into(),
        params: Map::new(),
        inputs: PutInputs::default(),
        expose_build_created_by: true,
        image: ImagePlans::default(),
        timeout: None,
        tags: vec!["fast".into()],
    };
    let steps = vec![node("1", &[2, 1], PlanKind::Task(task)), node("2", &[], PlanKind::Put(put))];
    let parallel = PlanKind::InParallel { steps, limit: Some(2), fail_fast: true };
    let timeout = PlanKind::Timeout {
        step: Box::new(node("3", &[], parallel)),
        duration: Duration::from_millis(90_500),
    };
    let hooked = PlanKind::Hooked {
        step: Box::new(node("4", &[], timeout)),
        on: HookOn::Ensure,
        hook: Box::new(node("5", &[], PlanKind::Retry(Vec::new()))),
    };
    let plan = node("6", &[], hooked);
    at.start_build(build, &plan).await.expect("starts");
    assert_eq!(at.build_plan(build).await.expect("reads"), Some(plan));
}

async fn pointers_follow_the_builds(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let row = async || at.job_by_id(unit).await.expect("reads").expect("is there");
    let one = at.create_manual_build(unit, "ada").await.expect("makes").id;
    assert_eq!((row().await.finished, row().await.next), (None, Some(one)));
    at.finish(one, &[], Status::Succeeded).await;
    let now = row().await;
    assert_eq!((now.finished, now.next, now.transition), (Some(one), None, Some(one)));
    let two = at.run(unit, &[], Status::Succeeded).await.id;
    assert_eq!((row().await.finished, row().await.transition), (Some(two), Some(one)));
    let three = at.run(unit, &[], Status::Failed).await.id;
    let now = row().await;
    assert_eq!((now.transition, now.green_before), (Some(three), Some(two)));
    let four = at.run(unit, &[], Status::Errored).await.id;
    let now = row().await;
    assert_eq!((now.transition, now.green_before), (Some(four), Some(two)), "red in another way");
    // A rerun takes the place of its original, if that is the latest.
    let rerun = at.create_rerun(four, "ada").await.expect("makes").id;
    assert_eq!(row().await.next, Some(rerun));
    at.finish(rerun, &[], Status::Succeeded).await;
    let now = row().await;
    assert_eq!(
        (now.finished, now.next, now.transition, now.green_before),
        (Some(rerun), None, Some(rerun), None)
    );
    let old = at.create_rerun(one, "ada").await.expect("makes").id;
    assert_eq!(row().await.next, None, "a rerun of an older one is not next");
    at.finish(old, &[], Status::Failed).await;
    let now = row().await;
    assert_eq!((now.finished, now.transition), (Some(rerun), Some(rerun)));
    assert_eq!(now.pulse.len(), 6);
}

async fn an_older_build_that_ends_later_moves_nothing(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let older = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let newer = at.create_manual_build(unit, "ada").await.expect("makes").id;
    at.finish(newer, &[], Status::Succeeded).await;
    at.finish(older, &[], Status::Failed).await;
    let row = at.job_by_id(unit).await.expect("reads").expect("is there");
    assert_eq!((row.finished, row.transition), (Some(newer), Some(newer)));
    let pulse: Vec<_> = row.pulse.iter().map(|entry| entry.id).collect();
    assert_eq!(pulse, [older, newer]);
    for _ in 0..30 {
        at.run(unit, &[], Status::Succeeded).await;
    }
    let row = at.job_by_id(unit).await.expect("reads").expect("is there");
    assert_eq!(row.pulse.len(), 20);
    assert_eq!(row.pulse.last().map(|entry| entry.id), row.finished);
}

async fn the_end_of_a_build_requests_what_waits_for_it(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    for status in [Status::Succeeded, Status::Failed, Status::Errored] {
        let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
        at.start_build(build, &plan()).await.expect("starts");
        at.settle().await;
        at.finish_build(build, status, None).await.expect("ends");
        assert_eq!(at.due().await, ["ship"], "{status}");
    }
}

async fn an_aborted_build_that_waits_is_for_the_scheduler(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    at.settle().await;
    assert_eq!(at.abort_build(build, "bob").await.expect("aborts"), Status::Pending);
    assert_eq!(at.due().await, ["unit"]);
    let row = at.build(build).await.expect("reads").expect("is there");
    assert!(row.is_aborting);
    at.abort_build(build, "eve").await.expect("aborts again");
    at.finish_build(build, Status::Aborted, None).await.expect("ends");
    let row = at.build(build).await.expect("reads").expect("is there");
    assert_eq!((row.is_aborting, row.aborted_by.as_deref()), (false, Some("bob")));
    assert_eq!(at.abort_build(build, "eve").await.expect("looks"), Status::Aborted);
    let missing = at.abort_build(BuildId(9999), "eve").await.expect_err("is not there");
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing}");
}

async fn a_cause_is_kept(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    at.start_build(build, &plan()).await.expect("starts");
    let cause = CauseRow {
        plan: PlanId::from("2a"),
        step: "task unit-tests".into(),
        exit_status: Some(7),
        line: Some("FAIL: it is `\"red\"`".into()),
        after: Some(Duration::from_millis(1500)),
    };
    at.finish_build(build, Status::Failed, Some(&cause)).await.expect("ends");
    assert_eq!(at.build(build).await.expect("reads").expect("is there").cause, Some(cause));
}

async fn what_made_a_build_is_found(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let image = at.resource_id(set.id, "image").await;
    let maker = at.create_manual_build(ship, "ada").await.expect("makes").id;
    let output = SavedVersion {
        name: "image".into(),
        resource: "image".into(),
        version: version("v1"),
        metadata: Vec::new(),
    };
    at.journal().save_output(maker, output).await.expect("saves");
    at.finish(maker, &[], Status::Succeeded).await;
    let user = at.run(unit, &[at.chosen("image", image, "v1").await], Status::Succeeded).await;
    let found = at.made_by(user.id).await.expect("looks").expect("is known");
    assert_eq!(found.id, maker);
    assert_eq!(at.made_by(maker).await.expect("looks"), None);
    let used = at.builds_of_version(image, &version("v1")).await.expect("looks");
    assert_eq!((used.input_to, used.output_of), (vec![user.id], vec![maker]));
    let red = at.run(unit, &[], Status::Failed).await;
    let green = at.last_green_before(red.id).await.expect("looks").expect("is there");
    assert_eq!(green.id, user.id);
    assert_eq!(at.last_green_before(user.id).await.expect("looks"), None);
}

async fn builds_are_listed_by_page(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    for _ in 0..5 {
        at.create_manual_build(unit, "ada").await.expect("makes");
        at.create_manual_build(ship, "ada").await.expect("makes");
    }
    let names = |builds: &[flightdeck::store::build::BuildRow]| {
        builds.iter().map(|build| build.name.clone()).collect::<Vec<_>>().concat()
    };
    let first = at.job_builds(unit, None, 2).await.expect("reads");
    assert_eq!(names(&first), "54");
    let rest = at.job_builds(unit, Some(first[1].id), 10).await.expect("reads");
    assert_eq!(names(&rest), "321");
    assert_eq!(at.recent_builds(None, 4).await.expect("reads").len(), 4);
    assert_eq!(at.running_builds().await.expect("reads").len(), 10);
    let third = at.build_of_job(unit, "3").await.expect("reads").expect("is there");
    assert_eq!(third.job.expect("has one").1, "unit");
    assert_eq!(at.build_of_job(unit, "9").await.expect("reads"), None);
}

async fn checks_are_builds_without_a_job(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    let check = at.create_check_build(source, &plan(), Some("ada")).await.expect("makes");
    assert_eq!(
        (check.kind, check.status, check.name.as_str()),
        (BuildKind::Check, Status::Started, "check")
    );
    assert_eq!(check.resource, Some((source, "source".to_owned())));
    assert!(at.running_builds().await.expect("reads").is_empty(), "it is none of a job");
    assert_eq!(at.started_builds().await.expect("reads").len(), 1);
    let found = vec![version("a"), version("b")];
    let latest = at.journal().save_check(check.id, "source", found).await.expect("saves");
    assert_eq!(latest, Some(version("b")));
    at.finish_build(check.id, Status::Succeeded, None).await.expect("ends");
    assert_eq!(at.refs(source).await, ["b", "a"]);
}

async fn the_journal_keeps_one_record_a_kind(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let build = at.create_manual_build(at.job_id(set.id, "unit").await, "ada").await;
    let build = build.expect("makes").id;
    let journal = at.journal();
    let (one, two) = (PlanId::from("1"), PlanId::from("2"));
    let container =
        |handle: &str| Record::Container { runtime: "process".into(), handle: handle.into() };
    let finished = Record::Finished {
        outcome: Outcome::Errored("it broke".into()),
        version: Some(version("a")),
        artifacts: vec![ArtifactRecord {
            name: "out".into(),
            runtime: "process".into(),
            volume: "v1".into(),
        }],
        vars: vec![("n".into(), flightdeck::model::Value::from(7))],
    };
    for (node, record) in [
        (&one, Record::Begun),
        (&one, container("a")),
        (&two, container("c")),
        (&one, container("b")),
        (&one, finished.clone()),
    ] {
        journal.record(build, node, record).await.expect("records");
    }
    let records = journal.records(build).await.expect("reads");
    let expected = [
        (one.clone(), Record::Begun),
        (one.clone(), container("b")),
        (two, container("c")),
        (one, finished),
    ];
    assert_eq!(records, expected);
    assert!(journal.records(BuildId(9999)).await.expect("reads").is_empty());
}

async fn containers_are_kept(at: &Scratch) {
    let mut info = ContainerInfo {
        handle: "h1".into(),
        runtime: "process".into(),
        metadata: ContainerMetadata {
            kind: ContainerKind::Task,
            build: BuildId(7),
            plan: PlanId::from("2"),
            step: "unit".into(),
            attempt: String::new(),
            build_name: "1".into(),
            of: "main/ci/unit".into(),
        },
        working_dir: "/tmp/x".into(),
        created_at: Timestamp(5),
        is_running: true,
        exit_status: None,
    };
    at.save_container(&info).await.expect("saves");
    info.is_running = false;
    info.exit_status = Some(-9);
    at.save_container(&info).await.expect("saves again");
    at.set_container_expiry("h1", Some(Timestamp(99))).await.expect("sets");
    let found = at.build_containers(BuildId(7)).await.expect("reads");
    assert_eq!((found.len(), &found[0].info), (1, &info));
    assert_eq!(found[0].expires_at, Some(Timestamp(99)));
    at.delete_container("h1").await.expect("deletes");
    at.delete_container("h1").await.expect("deletes again");
    assert_eq!(at.container("h1").await.expect("reads"), None);
}

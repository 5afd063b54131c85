//! What the scheduler is told, seen through what it decides.

use std::collections::BTreeSet;

use flightdeck::model::build::Status;
use flightdeck::model::step::Step;
use flightdeck::model::version::VersionMode;
use flightdeck::model::{JobId, Version, VersionId};
use flightdeck::scheduler::facts::{ChosenInput, JobFacts, PendingKind, Turn};
use flightdeck::scheduler::{Older, resolve};
use flightdeck::store::job::{NextInput, NextInputs};

use super::on_both;
use super::scratch::{Scratch, get, resource, two_jobs, version};

on_both! {
    the_latest_version_is_chosen,
    a_version_flows_through_passed_jobs,
    every_version_comes_in_its_turn,
    disabled_and_pinned_versions_are_told,
    versions_out_of_scope_are_below_zero,
    a_page_that_is_too_short_says_so,
    what_waits_is_told_in_its_order,
    a_rerun_has_the_inputs_of_its_original,
    serial_groups_share_their_places,
    next_inputs_are_kept,
}

/// The facts with as much history as the choice needs, and how often they were asked for.
async fn facts(at: &Scratch, job: JobId, first_page: u32) -> (JobFacts, u32) {
    let mut page = first_page;
    for n in 1.. {
        let facts = at.job_facts(job, page).await.expect("reads");
        match resolve(&facts) {
            Ok(_) => return (facts, n),
            Err(Older::Builds(_) | Older::Versions(_)) => page *= 2,
        }
    }
    unreachable!("the history ends")
}

/// What the inputs of a job get: `name=ref`, or `name!` where nothing fits; `*` for the first
/// time.
async fn choice(at: &Scratch, job: JobId) -> String {
    let (facts, _) = facts(at, job, 2).await;
    let resolution = resolve(&facts).expect("has all it needs");
    let mut words = Vec::new();
    for (name, found) in &resolution.inputs {
        words.push(match found {
            Ok(chosen) => {
                let row = at.version(chosen.resource, chosen.version).await.expect("reads");
                let row = row.expect("is there");
                let star = if chosen.is_first_occurrence { "*" } else { "" };
                format!("{name}={}{star}", row.version.field("ref").unwrap_or_default())
            }
            Err(_) => format!("{name}!"),
        });
    }
    words.join(" ")
}

async fn chosen(at: &Scratch, job: JobId) -> Vec<ChosenInput> {
    let (facts, _) = facts(at, job, 2).await;
    resolve(&facts).expect("has all it needs").chosen().cloned().collect()
}

async fn the_latest_version_is_chosen(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    let before = at.job_facts(unit, 100).await.expect("reads");
    assert!(!before.inputs[0].has_scope && before.inputs[0].is_trigger);
    assert_eq!(choice(at, unit).await, "source!");
    at.check(source, &["a", "b"]).await;
    assert_eq!(choice(at, unit).await, "source=b*");
    at.run(unit, &chosen(at, unit).await, Status::Failed).await;
    assert_eq!(choice(at, unit).await, "source=b");
}

async fn a_version_flows_through_passed_jobs(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    assert_eq!(choice(at, ship).await, "source!");
    let good = at.run(unit, &chosen(at, unit).await, Status::Succeeded).await;
    at.check(source, &["b"]).await;
    at.run(unit, &chosen(at, unit).await, Status::Failed).await;
    assert_eq!(choice(at, ship).await, "source=a*", "`b` did not pass");
    assert_eq!(chosen(at, ship).await[0].passed_builds, [good.id]);
    let shipped = at.run(ship, &chosen(at, ship).await, Status::Succeeded).await;
    assert_eq!(choice(at, ship).await, "source=a");
    let inputs = at.build_inputs(shipped.id).await.expect("reads");
    assert_eq!(inputs[0].version, version("a"));
}

async fn every_version_comes_in_its_turn(at: &Scratch) {
    let mut config = two_jobs();
    for job in &mut config.jobs {
        if let Step::Get(get) = &mut job.plan[0] {
            get.version = VersionMode::Every;
        }
    }
    let set = at.set(&config).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    at.run(unit, &chosen(at, unit).await, Status::Succeeded).await;
    at.run(ship, &chosen(at, ship).await, Status::Succeeded).await;
    at.check(source, &["b", "c", "d"]).await;
    for next in ["b", "c", "d"] {
        assert_eq!(choice(at, unit).await, format!("source={next}*"));
        at.run(unit, &chosen(at, unit).await, Status::Succeeded).await;
    }
    for next in ["b", "c", "d"] {
        assert_eq!(choice(at, ship).await, format!("source={next}*"));
        at.run(ship, &chosen(at, ship).await, Status::Succeeded).await;
    }
    let past = at.job_facts(ship, 100).await.expect("reads").past;
    assert_eq!(past.latest_used.len(), 1);
    assert_eq!(past.pipes[&source].keys().copied().collect::<Vec<_>>(), [unit]);
}

async fn disabled_and_pinned_versions_are_told(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a", "b", "c"]).await;
    for word in ["a", "b", "c"] {
        at.run(unit, &[at.chosen("source", source, word).await], Status::Succeeded).await;
    }
    let c = at.chosen("source", source, "c").await.version;
    at.disable_version(source, c).await.expect("disables");
    assert_eq!(choice(at, unit).await, "source=b");
    assert_eq!(choice(at, ship).await, "source=b*");
    let told = at.job_facts(ship, 100).await.expect("reads");
    assert_eq!(told.disabled[&source], BTreeSet::from([c]));
    let a = at.chosen("source", source, "a").await.version;
    at.pin_version(source, a, "ada", None).await.expect("pins");
    assert_eq!(choice(at, unit).await, "source=a");
    assert_eq!(choice(at, ship).await, "source=a*");
    at.pin_version(source, c, "ada", None).await.expect("pins");
    assert_eq!(choice(at, unit).await, "source=c", "a pin overrules the switch");
    assert_eq!(choice(at, ship).await, "source!", "but not behind passed jobs");
    let told = at.job_facts(unit, 1).await.expect("reads");
    assert_eq!(told.inputs[0].pinned, Some(c));
    assert!(told.inputs[0].is_resource_pin);
}

async fn versions_out_of_scope_are_below_zero(at: &Scratch) {
    let mut config = two_jobs();
    let set = at.set(&config).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    at.run(unit, &chosen(at, unit).await, Status::Succeeded).await;
    config.resources[0].source.insert("branch".into(), "next".into());
    at.set(&config).await;
    at.scope(source).await;
    assert_eq!(choice(at, ship).await, "source!");
    let told = at.job_facts(ship, 100).await.expect("reads");
    let vouched = &told.passed[&unit].entries[0].outputs[0].1;
    assert!(vouched[0] < VersionId(0), "{vouched:?}");
    // The new history finds the same content again.
    at.check(source, &["a"]).await;
    assert_eq!(choice(at, ship).await, "source=a*");
    assert_eq!(choice(at, unit).await, "source=a", "it was used before, whatever the scope");
}

async fn a_page_that_is_too_short_says_so(at: &Scratch) {
    let mut config = two_jobs();
    config.resources.push(resource("extra"));
    config.jobs[0].plan.push(get("extra", &[]));
    config.jobs[1].plan.push(get("extra", &["unit"]));
    let set = at.set(&config).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    let extra = at.resource_id(set.id, "extra").await;
    at.check(source, &["old"]).await;
    at.check(extra, &["x"]).await;
    let x = at.chosen("extra", extra, "x").await;
    let old = at.chosen("source", source, "old").await;
    at.run(unit, &[old, x.clone()], Status::Succeeded).await;
    for i in 0..12 {
        let word = format!("v{i}");
        at.check(source, &[word.as_str()]).await;
        let input = at.chosen("source", source, &word).await;
        at.run(unit, &[input, x.clone()], Status::Succeeded).await;
    }
    // All but the oldest are switched off, so the choice is far back.
    for row in at.versions(source, None, &Version::default(), 12).await.expect("reads") {
        at.disable_version(source, row.id).await.expect("disables");
    }
    let (told, n_tries) = facts(at, ship, 2).await;
    assert!(n_tries > 1, "two entries are not enough");
    assert_eq!(choice(at, ship).await, "source=old* extra=x*");
    assert!(told.passed[&unit].is_whole);
    let cut = at.job_facts(ship, 3).await.expect("reads");
    assert_eq!(cut.passed[&unit].entries.len(), 3);
    assert!(!cut.passed[&unit].is_whole && !cut.versions[&source].is_whole);
    let beyond = &cut.beyond[&(unit, extra)];
    assert_eq!(*beyond, BTreeSet::from([x.version]), "older builds had it too");
    let older = &cut.beyond[&(unit, source)];
    let named = &cut.passed[&unit].entries;
    let is_named = |id: &VersionId| named.iter().any(|build| build.outputs[0].1.contains(id));
    assert!(!older.iter().any(is_named), "no older build had one of these");
}

async fn what_waits_is_told_in_its_order(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let first = at.run(unit, &[], Status::Failed).await;
    let manual = at.create_manual_build(unit, "ada").await.expect("makes");
    let rerun = at.create_rerun(first.id, "ada").await.expect("makes");
    at.abort_build(manual.id, "bob").await.expect("aborts");
    at.mark_build_scheduled(rerun.id).await.expect("marks");
    at.pause_job(unit, "ada", None).await.expect("pauses");
    let told = at.job_facts(unit, 100).await.expect("reads");
    assert!(told.is_paused && !told.is_pipeline_paused && !told.is_pipeline_archived);
    let order: Vec<_> = told.pending.iter().map(|build| build.id).collect();
    assert_eq!(order, [rerun.id, manual.id], "a rerun has the place of its original");
    assert!(told.pending[0].is_scheduled && told.pending[1].is_aborted);
    assert_eq!(told.pending[1].kind, PendingKind::Manual);
    assert_eq!(told.n_running, 0, "it has no serial group");
}

async fn a_rerun_has_the_inputs_of_its_original(at: &Scratch) {
    let mut config = two_jobs();
    let set = at.set(&config).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    let vouching = at.run(unit, &chosen(at, unit).await, Status::Succeeded).await;
    let original = at.run(ship, &chosen(at, ship).await, Status::Failed).await;
    at.check(source, &["b"]).await;
    at.create_rerun(original.id, "ada").await.expect("makes");
    let inputs = async || {
        let told = at.job_facts(ship, 100).await.expect("reads");
        match told.pending[0].kind.clone() {
            PendingKind::Rerun { inputs, .. } => inputs,
            other => panic!("{other:?}"),
        }
    };
    let a = at.chosen("source", source, "a").await.version;
    let expected = ChosenInput {
        name: "source".into(),
        resource: source,
        version: a,
        is_first_occurrence: false,
        passed_builds: vec![vouching.id],
    };
    assert_eq!(inputs().await, Some(vec![expected]));
    config.resources[0].source.insert("branch".into(), "next".into());
    at.set(&config).await;
    at.scope(source).await;
    assert_eq!(inputs().await, None, "its version is gone");
}

async fn serial_groups_share_their_places(at: &Scratch) {
    let mut config = two_jobs();
    config.jobs[0].serial_groups = vec!["deploy".into()];
    config.jobs[1].serial_groups = vec!["deploy".into(), "other".into()];
    let set = at.set(&config).await;
    let (unit, ship) = (at.job_id(set.id, "unit").await, at.job_id(set.id, "ship").await);
    let first = at.create_manual_build(unit, "ada").await.expect("makes");
    let second = at.create_manual_build(ship, "ada").await.expect("makes");
    let told = at.job_facts(ship, 100).await.expect("reads");
    assert_eq!((told.limit, told.n_running, told.others_turn), (Some(1), 0, None));
    let resolved = NextInputs { inputs: Vec::new(), is_resolved: true };
    at.save_next_inputs(unit, &resolved).await.expect("saves");
    let told = at.job_facts(ship, 100).await.expect("reads");
    assert_eq!(told.others_turn, Some(Turn { origin: first.id, build: first.id }));
    at.mark_build_scheduled(first.id).await.expect("marks");
    assert_eq!(at.job_facts(ship, 100).await.expect("reads").n_running, 1);
    at.finish(first.id, &[], Status::Succeeded).await;
    let told = at.job_facts(ship, 100).await.expect("reads");
    assert_eq!((told.n_running, told.others_turn), (0, None));
    assert_eq!(told.pending[0].id, second.id);
}

async fn next_inputs_are_kept(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    let next = NextInputs {
        inputs: vec![
            NextInput { name: "source".into(), chosen: Ok(at.chosen("source", source, "a").await) },
            NextInput { name: "extra".into(), chosen: Err("not found".into()) },
        ],
        is_resolved: false,
    };
    at.save_next_inputs(unit, &next).await.expect("saves");
    assert_eq!(at.next_inputs(unit).await.expect("reads"), next);
    let row = at.job_by_id(unit).await.expect("reads").expect("is there");
    assert!(row.has_new_inputs && !row.are_inputs_determined);
    at.set_max_in_flight_reached(unit, true).await.expect("sets");
    assert!(at.job_by_id(unit).await.expect("reads").expect("is there").is_max_in_flight_reached);
}

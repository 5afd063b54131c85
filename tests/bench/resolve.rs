//! How long it takes to choose a build's versions from long histories.
//!
//! `n` counts versions and outputs of builds together, in every case as many of them as the
//! case has to look at or to pass over.

use std::collections::BTreeSet;

use divan::Bencher;
use flightdeck::model::version::VersionMode;
use flightdeck::model::{BuildId, JobId, ResourceId, VersionId};
use flightdeck::scheduler::facts::{BuildFacts, InputFacts, JobFacts, Page, VersionFacts};
use flightdeck::scheduler::resolve;

const SIZES: [i64; 2] = [10_000, 200_000];
const UNIT: JobId = JobId(1);
const SHIP: JobId = JobId(2);

fn main() {
    divan::main();
}

/// No version is enabled but the oldest.
#[divan::bench(args = SIZES)]
fn latest_enabled_is_the_oldest(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    add_versions(&mut facts, 1, n);
    let page = facts.versions.entry(ResourceId(1)).or_default();
    let newer = page.entries.iter_mut().filter(|version| version.id.0 > 1);
    newer.for_each(|version| version.is_disabled = true);
    facts.inputs = vec![input(1, &[], VersionMode::Latest)];
    run(bencher, &facts, true);
}

/// The input takes every version, and has had only the oldest so far.
#[divan::bench(args = SIZES)]
fn every_goes_on_from_the_oldest(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    add_versions(&mut facts, 1, n);
    let oldest = VersionFacts { id: VersionId(1), check_order: 1, is_disabled: false };
    facts.past.latest_used.insert(ResourceId(1), oldest);
    facts.inputs = vec![input(1, &[], VersionMode::Every)];
    run(bencher, &facts, true);
}

/// The newest build of one job has passed the other too.
#[divan::bench(args = SIZES)]
fn newest_passed_both(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    add_builds(&mut facts, UNIT, n / 4, 2, |place| place);
    add_builds(&mut facts, SHIP, n / 4, 2, |place| place);
    facts.inputs = tied(2);
    run(bencher, &facts, true);
}

/// Only the oldest build of one job has passed the other.
#[divan::bench(args = SIZES)]
fn oldest_passed_both(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    let n_builds = n / 4;
    add_builds(&mut facts, UNIT, n_builds, 2, move |place| place + n_builds - 1);
    add_builds(&mut facts, SHIP, n_builds, 2, |place| place);
    facts.inputs = tied(2);
    run(bencher, &facts, true);
}

/// Nothing fits: one input binds two jobs that each have an input of their own.
#[divan::bench(args = SIZES)]
fn nothing_fits_across_two_jobs(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    let n_builds = n / 6;
    add_builds(&mut facts, UNIT, n_builds, 3, |place| place);
    add_builds(&mut facts, SHIP, n_builds, 3, move |place| place + n_builds);
    facts.inputs = vec![
        input(1, &[UNIT], VersionMode::Latest),
        input(2, &[SHIP], VersionMode::Latest),
        input(3, &[UNIT, SHIP], VersionMode::Latest),
    ];
    run(bencher, &facts, false);
}

/// Nothing fits, though each build of one job fits each of the other: a third job lacks what
/// both have.
#[divan::bench(args = SIZES)]
fn a_third_job_lacks_what_two_have(bencher: Bencher, n: i64) {
    let third = JobId(3);
    let mut facts = JobFacts::default();
    for job in [UNIT, SHIP] {
        add_builds(&mut facts, job, n / 6, 3, |place| place);
        for build in &mut facts.passed.entry(job).or_default().entries {
            build.outputs[2].1 = vec![VersionId(1)];
        }
    }
    add_builds(&mut facts, third, 1, 2, |place| place);
    facts.inputs = vec![
        input(1, &[UNIT], VersionMode::Latest),
        input(2, &[SHIP], VersionMode::Latest),
        input(3, &[UNIT, SHIP, third], VersionMode::Latest),
    ];
    run(bencher, &facts, false);
}

/// The input takes every version that passed, and has had only the oldest so far.
#[divan::bench(args = SIZES)]
fn every_passed_goes_on_from_the_oldest(bencher: Bencher, n: i64) {
    let mut facts = JobFacts::default();
    add_builds(&mut facts, UNIT, n, 1, |place| place);
    facts.past.pipes.entry(ResourceId(1)).or_default().insert(UNIT, BuildId(0));
    facts.inputs = vec![input(1, &[UNIT], VersionMode::Every)];
    run(bencher, &facts, true);
}

fn run(bencher: Bencher, facts: &JobFacts, is_resolved: bool) {
    bencher.bench(|| {
        let found = resolve(facts);
        assert_eq!(found.as_ref().map(|found| found.is_resolved), Ok(is_resolved));
        found
    });
}

fn input(resource: i64, passed: &[JobId], version: VersionMode) -> InputFacts {
    InputFacts {
        name: format!("input-{resource}"),
        resource: ResourceId(resource),
        passed: passed.iter().copied().collect::<BTreeSet<_>>(),
        is_trigger: true,
        version,
        was_every: false,
        pinned: None,
        is_resource_pin: false,
        last_check_ended_at: None,
        next_check_at: None,
        has_scope: true,
    }
}

/// Inputs that must have passed both jobs.
fn tied(n: i64) -> Vec<InputFacts> {
    (1..=n).map(|resource| input(resource, &[UNIT, SHIP], VersionMode::Latest)).collect()
}

fn add_versions(facts: &mut JobFacts, resource: i64, n: i64) {
    let entries = (1..=n).rev().map(|number| VersionFacts {
        id: VersionId(number),
        check_order: number,
        is_disabled: false,
    });
    let page = Page { entries: entries.collect(), is_whole: true };
    facts.versions.insert(ResourceId(resource), page);
}

/// Adds builds, newest first, each with one version of each resource.
fn add_builds(
    facts: &mut JobFacts,
    job: JobId,
    n: i64,
    n_resources: i64,
    version: impl Fn(i64) -> i64,
) {
    let entries = (0..n).rev().map(|place| BuildFacts {
        id: BuildId(place * 3 + job.0 - 1),
        outputs: (1..=n_resources)
            .map(|resource| (ResourceId(resource), vec![VersionId(version(place))]))
            .collect(),
    });
    facts.passed.insert(job, Page { entries: entries.collect(), is_whole: true });
}

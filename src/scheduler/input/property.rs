//! Properties on small random worlds. What is compared:
//!
//! 1. Any world: the choice equals that of the literal algorithm, in versions, source builds
//!    and the flag for more versions. So indexes and shortcuts have no effect.
//! 2. Any world: what is chosen is sound. Each version is in scope, enabled and pinned as asked,
//!    and each passed job has a source build that vouches for it.
//! 3. Plain worlds, where each build names each resource once, all versions are usable, and no
//!    input takes every version: the choice equals the first that fits in an enumeration of all
//!    combinations of builds, so it is complete there. In other worlds Concourse's algorithm is
//!    not complete: a put hides what was got, and one list of doomed candidates stands for many.
//! 4. Any world: passes over the job come to an end, and no two builds that triggers make have
//!    the same versions.
//! 5. Any world, histories cut anywhere: the answer is "older", or that for the whole history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::literal::{Literal, has};
use super::{Set, pin, resolve, split};
use crate::model::version::VersionMode;
use crate::model::{BuildId, JobId, ResourceId, Version, VersionId};
use crate::scheduler::facts::{BuildFacts, InputFacts, JobFacts, Page, VersionFacts, is_in_scope};
use crate::scheduler::simulate;

const N_RESOURCES: i64 = 3;
const N_JOBS: i64 = 3;
const N_VERSIONS: i64 = 3;

/// What a build says of each resource: which versions, by place.
type Outputs = Vec<Vec<i64>>;
/// An input: resource, passed jobs as bits, kind.
type Ask = (i64, u8, u8);
/// A build of the job under test: an input with its version, and builds it came from.
type Used = (usize, i64, Vec<usize>);

#[derive(Debug, Clone)]
struct Draft {
    /// For each version of each resource: usable, disabled, out of scope.
    versions: Vec<u8>,
    builds: Vec<(i64, bool, Outputs)>,
    asks: Vec<Ask>,
    past: Vec<Used>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let version = prop_oneof![8 => Just(0u8), 1 => Just(1), 1 => Just(2)];
    let one = prop_oneof![
        5 => (0..N_VERSIONS).prop_map(|v| vec![v]),
        2 => Just(vec![]),
        1 => vec(0..N_VERSIONS, 2),
    ];
    let build = (1..=N_JOBS, prop::bool::weighted(0.15), vec(one, N_RESOURCES as usize));
    let ask = (1..=N_RESOURCES, 1u8..(1 << N_JOBS), 0u8..8);
    let used = (0usize..4, 0..N_VERSIONS, vec(0usize..8, 0..3));
    (
        vec(version, (N_RESOURCES * N_VERSIONS) as usize),
        vec(build, 0..9),
        vec(ask, 1..5),
        vec(used, 0..3),
    )
        .prop_map(|(versions, builds, asks, past)| Draft { versions, builds, asks, past })
}

fn plain_draft() -> impl Strategy<Value = Draft> {
    let build =
        (1..=N_JOBS, prop::bool::weighted(0.15), vec((0..N_VERSIONS).prop_map(|v| vec![v]), 3));
    let ask = (1..=N_RESOURCES, 1u8..(1 << N_JOBS), Just(0u8));
    let n_versions = (N_RESOURCES * N_VERSIONS) as usize;
    (vec(build, 0..9), vec(ask, 1..5)).prop_map(move |(builds, asks)| Draft {
        versions: vec![0; n_versions],
        builds,
        asks,
        past: Vec::new(),
    })
}

impl Draft {
    fn version(&self, resource: i64, place: i64) -> VersionId {
        let i = (resource - 1) * N_VERSIONS + place;
        let id = i + 1;
        VersionId(if self.versions[i as usize] == 2 { -id } else { id })
    }

    fn facts(&self) -> JobFacts {
        let mut facts = JobFacts::default();
        for resource in 1..=N_RESOURCES {
            let page = facts.versions.entry(ResourceId(resource)).or_default();
            for place in (0..N_VERSIONS).rev() {
                let id = self.version(resource, place);
                let is_disabled = self.versions[(id.0.abs() - 1) as usize] == 1;
                if is_disabled {
                    facts.disabled.entry(ResourceId(resource)).or_default().insert(id);
                }
                if is_in_scope(id) {
                    page.entries.push(VersionFacts { id, check_order: id.0, is_disabled });
                }
            }
        }
        self.add_builds(&mut facts);
        for (i, (resource, passed, kind)) in self.asks.iter().enumerate() {
            let passed = (1..=N_JOBS).filter(|job| passed & (1 << (job - 1)) != 0).map(JobId);
            facts.inputs.push(InputFacts {
                name: format!("in-{i}"),
                resource: ResourceId(*resource),
                passed: passed.collect(),
                is_trigger: true,
                version: match kind {
                    0..4 => VersionMode::Latest,
                    4..6 => VersionMode::Every,
                    _ => VersionMode::Pinned(Version::of("v", "1")),
                },
                was_every: *kind == 7,
                pinned: Some(self.version(*resource, 1)).filter(|id| is_in_scope(*id)),
                is_resource_pin: false,
                last_check_ended_at: None,
                next_check_at: None,
                has_scope: true,
            });
        }
        self.add_past(&mut facts);
        facts
    }

    fn add_builds(&self, facts: &mut JobFacts) {
        let mut origins: BTreeMap<BuildId, BuildId> = BTreeMap::new();
        for (i, (job, is_rerun, outputs)) in self.builds.iter().enumerate() {
            let id = BuildId(i as i64 + 1);
            let page = facts.passed.entry(JobId(*job)).or_default();
            let origin = page.entries.first().filter(|_| *is_rerun).map_or(id, |b| origins[&b.id]);
            origins.insert(id, origin);
            let outputs = (1..=N_RESOURCES).zip(outputs).filter(|(_, found)| !found.is_empty());
            let outputs = outputs.map(|(resource, places)| {
                let mut ids: Vec<VersionId> = Vec::new();
                for place in places {
                    let id = self.version(resource, *place);
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                (ResourceId(resource), ids)
            });
            page.entries.push(BuildFacts { id, outputs: outputs.collect() });
        }
        for page in facts.passed.values_mut() {
            page.entries.sort_by_key(|build| std::cmp::Reverse((origins[&build.id], build.id)));
        }
    }

    fn add_past(&self, facts: &mut JobFacts) {
        for (i, place, sources) in &self.past {
            let input = &facts.inputs[i % facts.inputs.len()];
            let (name, resource) = (input.name.clone(), input.resource);
            let id = self.version(resource.0, *place);
            facts.past.inputs.insert((name, resource, id));
            let mut pipes = BTreeMap::new();
            for source in sources.iter().filter(|source| **source < self.builds.len()) {
                pipes.insert(JobId(self.builds[*source].0), BuildId(*source as i64 + 1));
            }
            let found = facts.versions[&resource].entries.iter().find(|v| v.id == id).copied();
            let Some(version) = found else { continue };
            let latest = facts.past.latest_used.entry(resource).or_insert(version);
            if latest.check_order <= version.check_order {
                *latest = version;
                facts.past.pipes.insert(resource, pipes);
            }
        }
    }
}

/// The first combination of builds, one of each passed job, that fits: jobs in the order in
/// which inputs name them, newest builds first.
fn first_fit(facts: &JobFacts, members: &[usize]) -> Option<Vec<VersionId>> {
    let mut jobs: Vec<JobId> = Vec::new();
    for i in members {
        for job in &facts.inputs[*i].passed {
            if !jobs.contains(job) {
                jobs.push(*job);
            }
        }
    }
    let mut combinations: Vec<Vec<&BuildFacts>> = vec![Vec::new()];
    for job in &jobs {
        let builds: &[BuildFacts] = facts.passed.get(job).map_or(&[], |page| &page.entries);
        combinations = combinations
            .iter()
            .flat_map(|c| builds.iter().map(|build| [c.as_slice(), &[build]].concat()))
            .collect();
    }
    combinations.iter().find_map(|builds| {
        members
            .iter()
            .map(|i| {
                let input = &facts.inputs[*i];
                let of = jobs.iter().zip(builds).filter(|(job, _)| input.passed.contains(job));
                let mut versions =
                    of.map(|(_, build)| build.outputs[input.resource.0 as usize - 1].1[0]);
                let first = versions.next()?;
                versions.all(|version| version == first).then_some(first)
            })
            .collect()
    })
}

fn cut<T>(page: &mut Page<T>, n: usize) {
    page.is_whole = n >= page.entries.len();
    page.entries.truncate(n);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shortcuts_have_no_effect(draft in draft()) {
        let facts = draft.facts();
        let resolution = resolve(&facts).unwrap();
        for set in split(&facts.inputs) {
            let Set::Tied(members) = set else { panic!("all inputs have passed jobs") };
            let expected = Literal::choose(&facts, &members);
            let found: Option<Vec<_>> = members
                .iter()
                .map(|i| resolution.inputs[*i].1.as_ref().ok())
                .map(|c| c.map(|c| (c.version, c.passed_builds.clone())))
                .collect();
            let has_next = expected.iter().flatten().any(|choice| choice.2);
            let expected = expected.map(|all| all.into_iter().map(|c| (c.0, c.1)).collect());
            prop_assert_eq!(found, expected);
            prop_assert!(resolution.has_next || !has_next);
        }
    }

    #[test]
    fn choices_are_sound(draft in draft()) {
        let facts = draft.facts();
        for (input, (_, found)) in facts.inputs.iter().zip(&resolve(&facts).unwrap().inputs) {
            let Ok(chosen) = found else { continue };
            prop_assert!(is_in_scope(chosen.version));
            prop_assert!(!facts.is_disabled(input.resource, chosen.version));
            if let Some(pin) = pin(input) {
                prop_assert_eq!(pin.unwrap(), chosen.version);
            }
            for job in &input.passed {
                let mut builds = facts.passed[job].entries.iter();
                let is_vouched = builds.any(|build| {
                    chosen.passed_builds.contains(&build.id)
                        && has(build, input.resource, chosen.version)
                });
                prop_assert!(is_vouched, "{} by {}", input.name, job);
            }
        }
    }

    #[test]
    fn passes_come_to_an_end(draft in draft()) {
        let mut facts = draft.facts();
        let started = simulate::run(&mut facts);
        let triggered: Vec<Vec<VersionId>> =
            started.iter().map(|inputs| inputs.iter().map(|input| input.version).collect()).collect();
        let distinct: BTreeSet<&Vec<VersionId>> = triggered.iter().collect();
        prop_assert_eq!(distinct.len(), triggered.len());
    }

    #[test]
    fn plain_worlds_give_the_first_fit(draft in plain_draft()) {
        let facts = draft.facts();
        let resolution = resolve(&facts).unwrap();
        for set in split(&facts.inputs) {
            let Set::Tied(members) = set else { panic!("all inputs have passed jobs") };
            let found: Option<Vec<VersionId>> = members
                .iter()
                .map(|i| resolution.inputs[*i].1.as_ref().ok().map(|chosen| chosen.version))
                .collect();
            prop_assert_eq!(found, first_fit(&facts, &members));
        }
    }

    #[test]
    fn short_pages_never_change_the_answer(
        draft in draft(),
        cuts in vec(0usize..9, (N_JOBS + N_RESOURCES) as usize),
        tells_older in any::<bool>(),
    ) {
        let whole = draft.facts();
        let mut facts = whole.clone();
        for (job, n) in (1..=N_JOBS).zip(&cuts) {
            let page = facts.passed.entry(JobId(job)).or_default();
            let older = page.entries.iter().skip(*n).flat_map(|build| &build.outputs);
            let mut beyond: BTreeMap<ResourceId, BTreeSet<VersionId>> =
                (1..=N_RESOURCES).map(|id| (ResourceId(id), BTreeSet::new())).collect();
            for (resource, versions) in older {
                beyond.entry(*resource).or_default().extend(versions);
            }
            if tells_older {
                let entries = beyond.into_iter().map(|(id, found)| ((JobId(job), id), found));
                facts.beyond.extend(entries);
            }
            cut(page, *n);
        }
        for (resource, n) in (1..=N_RESOURCES).zip(cuts.iter().skip(N_JOBS as usize)) {
            cut(facts.versions.entry(ResourceId(resource)).or_default(), *n);
        }
        if let Ok(found) = resolve(&facts) {
            prop_assert_eq!(found, resolve(&whole).unwrap());
        }
    }
}

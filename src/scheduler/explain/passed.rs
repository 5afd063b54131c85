//! Why no version of an input passed the jobs that it must have passed.

use std::collections::BTreeSet;

use super::{Names, list};
use crate::model::version::VersionMode;
use crate::model::{JobId, VersionId};
use crate::scheduler::facts::{InputFacts, JobFacts, is_in_scope};

/// What an input could take from the builds of one passed job.
struct Supply {
    job: JobId,
    /// Usable versions, newest build first.
    usable: Vec<VersionId>,
    n_disabled: usize,
    n_unknown: usize,
    n_not_pinned: usize,
    has_builds: bool,
}

/// Why the named input, one of a group that failed, has no version.
pub(super) fn why(facts: &JobFacts, names: &Names, name: &str) -> String {
    let Some(input) = facts.inputs.iter().find(|input| input.name == name) else {
        return format!("input `{name}` is not an input of the job");
    };
    let supplies: Vec<Supply> = input.passed.iter().map(|job| supply(facts, input, *job)).collect();
    if let Some(dry) = supplies.iter().find(|supply| supply.usable.is_empty()) {
        return format!("input `{name}`: {}", why_dry(names, input, dry));
    }
    let common = supplies.iter().map(|s| s.usable.iter().copied().collect::<BTreeSet<_>>());
    let common = common.reduce(|all, next| &all & &next).unwrap_or_default();
    if common.is_empty() {
        let newest: Vec<String> = supplies
            .iter()
            .filter_map(|supply| {
                let version = names.version(input.resource, *supply.usable.first()?);
                Some(format!("{version} of `{}`", names.job(supply.job)))
            })
            .collect();
        let jobs = list(input.passed.iter().map(|job| names.job(*job)));
        return format!(
            "input `{name}`: no version has passed all of {jobs}; the newest are {}",
            newest.join(", ")
        );
    }
    let partners = facts
        .inputs
        .iter()
        .filter(|other| other.name != input.name && !other.passed.is_disjoint(&input.passed));
    let partners: Vec<String> = partners.map(|other| other.name.clone()).collect();
    if partners.is_empty() {
        return format!("input `{name}`: the inputs that share passed jobs with it do not fit");
    }
    format!(
        "input `{name}`: no builds of its passed jobs have versions that fit {} too",
        list(partners.into_iter())
    )
}

fn supply(facts: &JobFacts, input: &InputFacts, job: JobId) -> Supply {
    let builds = facts.passed.get(&job).map_or(&[][..], |page| &page.entries);
    let (mut usable, mut seen) = (Vec::new(), BTreeSet::new());
    let mut supply = Supply {
        job,
        usable: Vec::new(),
        n_disabled: 0,
        n_unknown: 0,
        n_not_pinned: 0,
        has_builds: !builds.is_empty(),
    };
    let is_pinned = matches!(input.version, VersionMode::Pinned(_));
    let outputs = builds.iter().flat_map(|build| &build.outputs);
    for version in outputs.filter(|(resource, _)| *resource == input.resource).flat_map(|o| &o.1) {
        if !seen.insert(*version) {
            continue;
        }
        if facts.is_disabled(input.resource, *version) {
            supply.n_disabled += 1;
        } else if is_pinned && input.pinned != Some(*version) {
            supply.n_not_pinned += 1;
        } else if !is_in_scope(*version) {
            supply.n_unknown += 1;
        } else {
            usable.push(*version);
        }
    }
    supply.usable = usable;
    supply
}

fn why_dry(names: &Names, input: &InputFacts, supply: &Supply) -> String {
    let (job, resource) = (names.job(supply.job), names.resource(input.resource));
    if !supply.has_builds {
        return format!("no build of `{job}` has succeeded yet");
    }
    if supply.n_not_pinned > 0 {
        let pin = match &input.version {
            VersionMode::Pinned(pin) => pin.to_string(),
            VersionMode::Latest | VersionMode::Every => String::new(),
        };
        return format!("the pinned version {pin} has not passed `{job}`");
    }
    if supply.n_disabled > 0 {
        return format!("all versions of `{resource}` that passed `{job}` are disabled");
    }
    if supply.n_unknown > 0 {
        return format!(
            "all versions of `{resource}` that passed `{job}` are from before its configuration \
             changed; checks have not found them again"
        );
    }
    format!("no successful build of `{job}` got or put `{resource}`")
}

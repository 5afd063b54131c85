//! Which versions a build gets.
//!
//! Inputs without passed jobs are chosen one by one; inputs that share passed jobs are chosen
//! together. A set that cannot be satisfied fails alone: the others still get versions.
//!
//! *Follows:* Concourse's input algorithm (`atc/scheduler/algorithm`), in what it chooses and
//! in the order in which it tries.

mod builds;
mod group;
#[cfg(test)]
mod literal;
#[cfg(test)]
mod property;
mod reason;
mod single;
#[cfg(test)]
mod tests;

pub use reason::Reason;

use std::collections::BTreeSet;

use super::facts::{ChosenInput, InputFacts, JobFacts};
use crate::model::version::VersionMode;
use crate::model::{BuildId, JobId, ResourceId, VersionId};

/// What was found for a job's inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Each input by name with its version, or why it has none; in the order of the facts.
    pub inputs: Vec<(String, Result<ChosenInput, Reason>)>,
    /// Whether all inputs have versions.
    pub is_resolved: bool,
    /// Whether a newer version waits for an input that takes every one.
    pub has_next: bool,
}

impl Resolution {
    /// The inputs that have versions.
    pub fn chosen(&self) -> impl Iterator<Item = &ChosenInput> {
        self.inputs.iter().filter_map(|(_, found)| found.as_ref().ok())
    }

    /// The inputs that have none, with the reason.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &Reason)> {
        self.inputs.iter().filter_map(|(name, found)| Some((name.as_str(), found.as_ref().err()?)))
    }
}

/// The facts reach not far enough back: "older, please".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Older {
    /// Older versions of the resource are needed.
    #[error("older versions of resource `{0}` are needed")]
    Versions(ResourceId),
    /// Older builds of the passed job are needed.
    #[error("older builds of job `{0}` are needed")]
    Builds(JobId),
}

/// What one resolver says of its inputs.
type Found<T> = Result<T, Reason>;

/// A version that a resolver picked for one input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pick {
    version: VersionId,
    passed_builds: Vec<BuildId>,
    has_next: bool,
}

/// Inputs that are chosen together, by their places in the facts.
#[derive(Debug, PartialEq, Eq)]
enum Set {
    Alone(usize),
    Tied(Vec<usize>),
}

/// Chooses versions for all inputs of a job.
///
/// # Errors
/// When a page that is not the whole history ends before the choice is certain.
pub fn resolve(facts: &JobFacts) -> Result<Resolution, Older> {
    let mut picks: Vec<Option<Found<Pick>>> = facts.inputs.iter().map(|_| None).collect();
    for set in split(&facts.inputs) {
        match set {
            Set::Alone(i) => picks[i] = Some(single::pick(facts, &facts.inputs[i])?),
            Set::Tied(members) => {
                let found = group::pick(facts, &members)?;
                match found {
                    Ok(found) => {
                        for (i, pick) in members.into_iter().zip(found) {
                            picks[i] = Some(Ok(pick));
                        }
                    }
                    Err(reason) => {
                        for i in members {
                            picks[i] = Some(Err(reason.clone()));
                        }
                    }
                }
            }
        }
    }
    let mut resolution = Resolution { inputs: Vec::new(), is_resolved: true, has_next: false };
    for (input, pick) in facts.inputs.iter().zip(picks.into_iter().flatten()) {
        let found = pick.map(|pick| {
            resolution.has_next |= pick.has_next;
            choose(facts, input, pick)
        });
        resolution.is_resolved &= found.is_ok();
        resolution.inputs.push((input.name.clone(), found));
    }
    Ok(resolution)
}

fn choose(facts: &JobFacts, input: &InputFacts, pick: Pick) -> ChosenInput {
    let used = (input.name.clone(), input.resource, pick.version);
    ChosenInput {
        is_first_occurrence: !facts.past.inputs.contains(&used),
        name: used.0,
        resource: input.resource,
        version: pick.version,
        passed_builds: pick.passed_builds,
    }
}

/// Splits inputs into sets that are chosen apart. An input that shares passed jobs with several
/// groups joins the last of them; the groups stay apart.
fn split(inputs: &[InputFacts]) -> Vec<Set> {
    let mut alone = Vec::new();
    let mut groups: Vec<(BTreeSet<JobId>, Vec<usize>)> = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        if input.passed.is_empty() {
            alone.push(Set::Alone(i));
            continue;
        }
        match groups.iter_mut().rev().find(|(jobs, _)| !jobs.is_disjoint(&input.passed)) {
            Some((jobs, members)) => {
                jobs.extend(&input.passed);
                members.push(i);
            }
            None => groups.push((input.passed.clone(), vec![i])),
        }
    }
    alone.extend(groups.into_iter().map(|(_, members)| Set::Tied(members)));
    alone
}

/// The version that the input's pin stands for, if it has a pin.
fn pin(input: &InputFacts) -> Option<Found<VersionId>> {
    let VersionMode::Pinned(fields) = &input.version else { return None };
    Some(input.pinned.ok_or_else(|| Reason::PinNotFound(fields.clone())))
}

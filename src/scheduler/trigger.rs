//! Whether new versions ask for a build.
//!
//! *Follows:* Concourse: a build is made by itself when all inputs have versions, one that
//! triggers has a version that no build of the job had, and no build of the job is pending.

use super::facts::JobFacts;
use super::input::Resolution;

/// A build to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewBuild {
    /// Whether some input is new to the job; true for all that triggers make.
    pub has_new_inputs: bool,
}

/// The build that new versions ask for, if they do.
pub fn new_build(facts: &JobFacts, resolution: &Resolution) -> Option<NewBuild> {
    let is_asleep = facts.is_paused || facts.is_pipeline_paused || facts.is_pipeline_archived;
    if is_asleep || !resolution.is_resolved || !facts.pending.is_empty() {
        return None;
    }
    let is_new = |found: &(String, Result<super::facts::ChosenInput, super::Reason>)| {
        found.1.as_ref().is_ok_and(|chosen| chosen.is_first_occurrence)
    };
    let mut inputs = facts.inputs.iter().zip(&resolution.inputs);
    let is_triggered = inputs.any(|(input, found)| input.is_trigger && is_new(found));
    let has_new_inputs = resolution.inputs.iter().any(is_new);
    is_triggered.then_some(NewBuild { has_new_inputs })
}

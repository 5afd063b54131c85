//! What should happen, given the facts and the time.
//!
//! Pure: no clock, no database, nothing is started from here. What is decided comes back as
//! data; the server's passes store it and act on it.
//!
//! *Follows:* Concourse's scheduler (`atc/scheduler`), but for its timers: where Concourse
//! looks again after some seconds, a [`Decision`] says when looking again is of use.

pub mod due;
pub mod explain;
pub mod facts;
pub mod input;

mod decision;
mod planner;
mod queue;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod tests;
mod trigger;
#[cfg(test)]
mod world;

pub use decision::{Decision, Interval, Stopped, Wait};
pub use input::{Older, Reason, Resolution, resolve};
pub use planner::{PlanError, plan, plan_check};
pub use trigger::{NewBuild, new_build};

use crate::model::Timestamp;
use facts::JobFacts;

/// One pass over a job: what to do, in this order and in one transaction.
///
/// The last decision, and only the last, says whether to look at the job again: it is
/// [`Decision::MarkScheduled`], [`Decision::Retry`] or [`Decision::ScheduleAgain`]. A pass starts
/// one build at most and asks for the next pass then, so that each build is decided on facts
/// that know of the builds before it.
///
/// The facts may be stale when the decisions are stored. That does no harm as long as each
/// decision is stored only while its condition, named there, holds; one that does not hold ends the
/// transaction like [`Decision::ScheduleAgain`].
///
/// # Errors
/// When a page that is not the whole history ends before the choice of versions is certain.
pub fn schedule(facts: &JobFacts, now: Timestamp) -> Result<Vec<Decision>, Older> {
    let mut decisions = Vec::new();
    let is_asleep = facts.is_paused || facts.is_pipeline_paused || facts.is_pipeline_archived;
    if is_asleep && !queue::needs_inputs(facts) {
        queue::start(facts, None, now, &mut decisions);
        return Ok(decisions);
    }
    let resolution = resolve(facts)?;
    decisions.push(Decision::SaveInputs(resolution.clone()));
    match new_build(facts, &resolution) {
        Some(NewBuild { has_new_inputs }) => {
            decisions.push(Decision::CreateBuild { has_new_inputs });
            decisions.push(Decision::ScheduleAgain);
        }
        None => queue::start(facts, Some(&resolution), now, &mut decisions),
    }
    Ok(decisions)
}

//! Which pending build may start, and what stops the first that may not.
//!
//! *Follows:* `atc/scheduler/buildstarter.go` and the limits of `atc/db/job.go` of Concourse.

use std::collections::BTreeSet;

use super::decision::{Decision, Interval, Stopped, Wait};
use super::facts::{InputFacts, JobFacts, PendingFacts, PendingKind};
use super::input::Resolution;
use crate::model::{ResourceId, Timestamp};

/// Whether a build of a paused job goes on all the same and so needs versions.
pub(super) fn needs_inputs(facts: &JobFacts) -> bool {
    !facts.is_pipeline_archived
        && facts.pending.iter().any(|build| build.is_scheduled && !build.is_aborted)
}

/// Tries the pending builds in their order, until one starts or one has to wait.
pub(super) fn start(
    facts: &JobFacts,
    resolution: Option<&Resolution>,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let mut queue = Queue { facts, resolution, now, n_running: facts.n_running, decisions };
    let end = facts.pending.iter().find_map(|build| queue.attempt(build));
    decisions.push(end.unwrap_or(Decision::MarkScheduled));
}

/// The walk along a job's pending builds.
struct Queue<'a> {
    facts: &'a JobFacts,
    resolution: Option<&'a Resolution>,
    now: Timestamp,
    n_running: u32,
    decisions: &'a mut Vec<Decision>,
}

impl Queue<'_> {
    /// Does what can be done for a build. What comes back ends the walk; without it the next
    /// build may be tried.
    fn attempt(&mut self, build: &PendingFacts) -> Option<Decision> {
        if build.is_aborted {
            return self.abort(build, Stopped::ByPerson);
        }
        if self.facts.is_pipeline_archived {
            return self.abort(build, Stopped::Archived);
        }
        if !build.is_scheduled
            && let Some(wait) = self.hold(build)
        {
            let resources = checks_while_held(self.facts, build, &wait, self.now);
            want(build, resources, self.decisions);
            return Some(Decision::Retry(wait));
        }
        let unchecked = unchecked(self.facts, build);
        if !unchecked.is_empty() {
            self.take_place(build);
            want(build, due(self.facts, build, &unchecked, self.now), self.decisions);
            return Some(Decision::Retry(Wait::Checks(unchecked)));
        }
        let inputs = match &build.kind {
            PendingKind::Rerun { inputs: Some(inputs), .. } => Some(inputs.clone()),
            PendingKind::Rerun { inputs: None, .. } => {
                return self.abort(build, Stopped::InputsGone);
            }
            PendingKind::Scheduled | PendingKind::Manual => {
                let resolution = self.resolution.filter(|resolution| resolution.is_resolved);
                resolution.map(|resolution| resolution.chosen().cloned().collect())
            }
        };
        self.take_place(build);
        // Without versions, news about its inputs bring the next pass.
        let Some(inputs) = inputs else { return Some(Decision::MarkScheduled) };
        self.decisions.push(Decision::Start { build: build.id, inputs });
        Some(Decision::ScheduleAgain)
    }

    /// What keeps a build from taking a place. Whether it is the limit is remembered.
    fn hold(&mut self, build: &PendingFacts) -> Option<Wait> {
        if self.facts.is_paused || self.facts.is_pipeline_paused {
            return Some(Wait::Paused);
        }
        let is_resolved = self.resolution.is_some_and(|resolution| resolution.is_resolved);
        let wait = limit(self.facts, is_resolved, build, self.n_running);
        self.decisions.push(Decision::SetMaxInFlightReached(wait.is_some()));
        wait
    }

    fn take_place(&mut self, build: &PendingFacts) {
        if !build.is_scheduled {
            self.decisions.push(Decision::TakePlace { build: build.id });
        }
    }

    fn abort(&mut self, build: &PendingFacts, why: Stopped) -> Option<Decision> {
        self.decisions.push(Decision::FinishAborted { build: build.id, why });
        self.n_running = self.n_running.saturating_sub(u32::from(build.is_scheduled));
        None
    }
}

/// What the limit on running builds makes a build wait for: places that are taken, or builds
/// before it in the line that its serial groups share.
pub(super) fn limit(
    facts: &JobFacts,
    has_inputs: bool,
    build: &PendingFacts,
    n_running: u32,
) -> Option<Wait> {
    let limit = facts.limit?;
    if n_running >= limit {
        return Some(Wait::Running { n_running, limit });
    }
    if !has_inputs {
        return Some(Wait::Inputs);
    }
    let is_in_line = |own: &&PendingFacts| {
        !own.is_aborted && !matches!(own.kind, PendingKind::Rerun { inputs: None, .. })
    };
    let own = facts.pending.iter().filter(is_in_line).map(PendingFacts::turn).min();
    let first = own.into_iter().chain(facts.others_turn).min();
    first.filter(|first| *first < build.turn()).map(Wait::Turn)
}

/// The resources that must be checked before the build's inputs are chosen.
pub(super) fn unchecked(facts: &JobFacts, build: &PendingFacts) -> BTreeSet<ResourceId> {
    let is_unchecked = |input: &&InputFacts| match build.kind {
        PendingKind::Manual => {
            input.last_check_ended_at.is_none_or(|ended| ended < build.created_at)
        }
        PendingKind::Scheduled => {
            !input.is_trigger
                && input.has_scope
                && input.next_check_at.is_none_or(|next| next < build.created_at)
        }
        PendingKind::Rerun { .. } => false,
    };
    checkable(facts).filter(is_unchecked).map(|input| input.resource).collect()
}

/// The inputs whose resources a build may wait for.
fn checkable(facts: &JobFacts) -> impl Iterator<Item = &InputFacts> {
    facts.inputs.iter().filter(|input| input.passed.is_empty() && !input.is_resource_pin)
}

/// Those of the unchecked resources whose check should start now.
fn due(
    facts: &JobFacts,
    build: &PendingFacts,
    unchecked: &BTreeSet<ResourceId>,
    now: Timestamp,
) -> BTreeSet<ResourceId> {
    if build.kind == PendingKind::Manual {
        return unchecked.clone();
    }
    let is_due = |input: &&InputFacts| {
        unchecked.contains(&input.resource) && input.next_check_at.is_none_or(|next| next <= now)
    };
    facts.inputs.iter().filter(is_due).map(|input| input.resource).collect()
}

/// What to check for a build that may not take a place yet. Concourse checks for a manual build
/// at each try; here that would be at each end of a check. So a build that waits long for
/// others has its resources checked once per interval, and one that is paused once.
fn checks_while_held(
    facts: &JobFacts,
    build: &PendingFacts,
    wait: &Wait,
    now: Timestamp,
) -> BTreeSet<ResourceId> {
    let mut resources = due(facts, build, &unchecked(facts, build), now);
    if build.kind == PendingKind::Manual && *wait != Wait::Paused {
        let is_due = |input: &&InputFacts| input.next_check_at.is_none_or(|next| next <= now);
        resources.extend(checkable(facts).filter(is_due).map(|input| input.resource));
    }
    resources
}

fn want(build: &PendingFacts, resources: BTreeSet<ResourceId>, decisions: &mut Vec<Decision>) {
    if resources.is_empty() {
        return;
    }
    let interval = match build.kind {
        PendingKind::Manual => Interval::SkippedWithImages,
        PendingKind::Scheduled | PendingKind::Rerun { .. } => Interval::Obeyed,
    };
    decisions.push(Decision::WantChecks { build: build.id, resources, interval });
}

//! What a pass over a job decides.

use std::collections::BTreeSet;

use super::facts::{ChosenInput, Turn};
use super::input::Resolution;
use crate::model::{BuildId, ResourceId};

/// One thing to store or to do. Each can be done twice without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Keep these as the job's next inputs, and whether they are determined.
    SaveInputs(Resolution),
    /// Make a pending build, named by the next number. Condition: the job has no pending build;
    /// test, number and insertion are one transaction.
    CreateBuild {
        /// Whether some input is new to the job, even if it starts no build by itself.
        has_new_inputs: bool,
    },
    /// Finish a pending build as aborted. Condition: it is pending.
    FinishAborted {
        /// The build.
        build: BuildId,
        /// Why.
        why: Stopped,
    },
    /// Remember whether the limit on running builds holds the job's builds back.
    SetMaxInFlightReached(bool),
    /// Give a pending build a place among the running ones. Condition: it is pending, neither
    /// job nor pipeline is paused, and as many places are taken as the facts say.
    TakePlace {
        /// The build.
        build: BuildId,
    },
    /// Check resources, because a build waits for it. One that is being checked for the
    /// same or a stronger wish already needs no second check.
    WantChecks {
        /// The build that waits.
        build: BuildId,
        /// What to check.
        resources: BTreeSet<ResourceId>,
        /// What the checks do about intervals.
        interval: Interval,
    },
    /// Adopt the inputs for a pending build (their builds as its origins too), make its plan
    /// with [`super::plan`] and mark it started. If there is no plan, it keeps the inputs and is
    /// finished as errored. If it was aborted meanwhile, it is finished as aborted. Condition: it
    /// is pending and all versions are there still; for one that is gone, the job's next inputs
    /// keep [`super::Reason::Gone`].
    Start {
        /// The build.
        build: BuildId,
        /// Its inputs.
        inputs: Vec<ChosenInput>,
    },
    /// The request that led to this pass is served; a later one stays.
    MarkScheduled,
    /// The request stays: look again when what is waited for may have come.
    Retry(Wait),
    /// The request is served, and the job is to be looked at again at once.
    ScheduleAgain,
}

/// Why a pending build is finished as aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// A person said so.
    ByPerson,
    /// The pipeline is archived.
    Archived,
    /// It was to run with the inputs of another build, and these are not all there any more.
    InputsGone,
}

/// What a check does about the time that should lie between two checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// It waits until the time has passed.
    Obeyed,
    /// It runs now; images of custom types are checked when their time has passed.
    Skipped,
    /// It runs now, and images of custom types are checked now too.
    SkippedWithImages,
}

/// What the first pending build of a job waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The pipeline or the job is paused.
    Paused,
    /// As many builds run as may.
    Running {
        /// How many run, in all jobs that share a serial group.
        n_running: u32,
        /// How many may run.
        limit: u32,
    },
    /// A pending build of another job in a shared serial group comes first.
    Turn(Turn),
    /// The limit lets only builds start whose job has versions for all inputs.
    Inputs,
    /// These resources are to be checked first.
    Checks(BTreeSet<ResourceId>),
}

//! One execution of a job: its status, its plan, its outcome, its events.

mod event;
mod outcome;
mod plan;
mod public;

pub use event::{
    Envelope, Event, EventId, LogSource, Origin, TaskCommand, TaskSummary, TaskSummaryInput,
};
pub use outcome::{Cause, Outcome};
pub use plan::{
    AcrossPlan, CheckPlan, GetPlan, GetVersion, ImagePlans, Plan, PlanKind, PutPlan, TaskPlan,
    TypeImage,
};

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits to start.
    Pending,
    /// Runs.
    Started,
    /// The work was done.
    Succeeded,
    /// The work said no.
    Failed,
    /// The work could not be done.
    Errored,
    /// A person said stop.
    Aborted,
}

impl Status {
    /// The word, as people and the wire write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Started => "started",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Errored => "errored",
            Status::Aborted => "aborted",
        }
    }

    /// The status of that word.
    pub fn named(word: &str) -> Option<Self> {
        [
            Status::Pending,
            Status::Started,
            Status::Succeeded,
            Status::Failed,
            Status::Errored,
            Status::Aborted,
        ]
        .into_iter()
        .find(|status| status.as_str() == word)
    }

    /// Whether it is final.
    pub fn is_over(self) -> bool {
        !matches!(self, Status::Pending | Status::Started)
    }

    /// Whether a build may go from this status to `next`.
    pub fn may_become(self, next: Status) -> bool {
        match self {
            Status::Pending => {
                matches!(next, Status::Started | Status::Aborted | Status::Errored)
            }
            Status::Started => next.is_over(),
            Status::Succeeded | Status::Failed | Status::Errored | Status::Aborted => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! How a step ends, and why it may be told to end.

use serde::{Deserialize, Serialize};

use super::Status;

/// Why running work is told to stop. It is part of the outcome, because each cause leads to
/// other hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A person said stop.
    Aborted,
    /// Its time is up.
    Deadline,
    /// A sibling did not succeed, and the group ends with the first that does not.
    FailFast,
    /// The core goes away: watching stops, the work goes on. No hook, no kill, no event.
    Detach,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The work was done.
    Succeeded,
    /// The work said no.
    Failed,
    /// The work could not be done, for the reason given.
    Errored(String),
    /// It was told to stop.
    Stopped(Cause),
}

impl Outcome {
    /// Whether the work was done.
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::Succeeded)
    }

    /// The status of a build whose whole plan ended so; nothing for a build that was left.
    pub fn status(&self) -> Option<Status> {
        match self {
            Outcome::Succeeded => Some(Status::Succeeded),
            Outcome::Failed => Some(Status::Failed),
            Outcome::Errored(_) | Outcome::Stopped(Cause::Deadline) => Some(Status::Errored),
            Outcome::Stopped(Cause::Aborted | Cause::FailFast) => Some(Status::Aborted),
            Outcome::Stopped(Cause::Detach) => None,
        }
    }
}

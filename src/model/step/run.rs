//! `run`: sends a message to a prototype.

use serde::{Deserialize, Serialize};

use crate::model::task::Limits;
use crate::model::value::Map;

/// A run step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunStep {
    /// The message.
    pub message: String,
    /// The prototype.
    pub kind: String,
    /// What goes with the message.
    pub params: Map,
    /// Whether its container is privileged.
    pub privileged: bool,
    /// Worker tags.
    pub tags: Vec<String>,
    /// What its container may use.
    pub limits: Limits,
    /// The limit of time, as written; read when the step runs.
    pub timeout: Option<String>,
}

//! `task`: runs a command.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::task::{Limits, TaskConfig};
use crate::model::value::Map;

/// A task step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskStep {
    /// Its name.
    pub name: String,
    /// What it runs, if it stands in the pipeline.
    pub config: Option<TaskConfig>,
    /// `artifact/path` of the file that says what it runs, if it does not.
    pub file: Option<String>,
    /// The artifact that is its image.
    pub image: Option<String>,
    /// Whether its container is privileged.
    pub privileged: bool,
    /// Whether it has no network.
    pub hermetic: bool,
    /// Environment over that of the config; coerced to text when it runs.
    pub params: Map,
    /// Values for references in `file`.
    pub vars: Map,
    /// Limits over those of the config.
    pub limits: Limits,
    /// Input name to artifact name.
    pub input_mapping: BTreeMap<String, String>,
    /// Output name to artifact name.
    pub output_mapping: BTreeMap<String, String>,
    /// Worker tags.
    pub tags: Vec<String>,
    /// The limit of time, as written; read when the step runs.
    pub timeout: Option<String>,
}

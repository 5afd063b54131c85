//! `put`: sends something out and brings back what came of it.

use serde::{Deserialize, Serialize};

use crate::model::value::Map;

/// A put step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PutStep {
    /// The name of the step and of the artifact that the get after it makes.
    pub name: String,
    /// The resource, if it is not called like the step.
    pub resource: Option<String>,
    /// What the resource's type is told.
    pub params: Map,
    /// Which artifacts it sees.
    pub inputs: PutInputs,
    /// Params of the get after it.
    pub get_params: Map,
    /// Whether there is no get after it.
    pub no_get: bool,
    /// Worker tags.
    pub tags: Vec<String>,
    /// The limit of time, as written; read when the step runs.
    pub timeout: Option<String>,
}

impl PutStep {
    /// The name of the resource.
    pub fn resource(&self) -> &str {
        self.resource.as_deref().unwrap_or(&self.name)
    }
}

/// Which artifacts a put sees.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PutInputs {
    /// Those that its params name.
    #[default]
    Detect,
    /// All that there are.
    All,
    /// These.
    Named(Vec<String>),
}

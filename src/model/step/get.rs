//! `get`: brings a version of a resource in.

use serde::{Deserialize, Serialize};

use crate::model::value::Map;
use crate::model::version::VersionMode;

/// A get step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GetStep {
    /// The name of the step, of the input and of the artifact.
    pub name: String,
    /// The resource, if it is not called like the step.
    pub resource: Option<String>,
    /// The jobs that must have succeeded with the version; patterns are expanded already.
    pub passed: Vec<String>,
    /// Whether a new version starts a build.
    pub trigger: bool,
    /// Which version.
    pub version: VersionMode,
    /// What the resource's type is told.
    pub params: Map,
    /// Worker tags.
    pub tags: Vec<String>,
    /// The limit of time, as written; read when the step runs.
    pub timeout: Option<String>,
}

impl GetStep {
    /// The name of the resource.
    pub fn resource(&self) -> &str {
        self.resource.as_deref().unwrap_or(&self.name)
    }
}

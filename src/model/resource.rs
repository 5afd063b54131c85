//! Resources and resource types as configured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Version;
use super::value::Map;

/// Something outside with versions, as a pipeline names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Its name before a rename; history moves along.
    pub old_name: Option<String>,
    /// The name of its type: the pipeline's own types win over built-in ones.
    pub kind: String,
    /// Where and what it is; may hold `((references))`.
    pub source: Map,
    /// A version that all inputs take.
    pub version: Option<Version>,
    /// How often it is checked.
    pub check_every: CheckEvery,
    /// How long a check may take, as written; read when the check runs.
    pub check_timeout: Option<String>,
    /// Worker tags of its checks.
    pub tags: Vec<String>,
    /// Whether strangers may see version metadata.
    pub public: bool,
    /// The word that a webhook must bring.
    pub webhook_token: Option<String>,
    /// A picture's name.
    pub icon: Option<String>,
    /// Whether puts learn who made the build.
    pub expose_build_created_by: bool,
}

/// A type of resource that a pipeline brings itself, or a prototype.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResourceType {
    /// Its name.
    pub name: String,
    /// The type of the resource that its image comes from.
    pub kind: String,
    /// The source of the image.
    pub source: Map,
    /// Keys of `source` that resources of this type have unless they set them.
    pub defaults: Map,
    /// Params of the image's get.
    pub params: Map,
    /// Whether its containers are privileged.
    pub privileged: bool,
    /// How often its image is checked.
    pub check_every: CheckEvery,
    /// Worker tags of its image's fetch.
    pub tags: Vec<String>,
}

/// How often a thing is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckEvery {
    /// As often as the core checks by default.
    #[default]
    Default,
    /// After this long.
    Every(Duration),
    /// Only when asked.
    Never,
}

//! `set_pipeline`: sets a pipeline from a file of an artifact.

use serde::{Deserialize, Serialize};

use crate::model::value::Map;

/// A set_pipeline step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SetPipeline {
    /// The pipeline's name, or `self`.
    pub name: String,
    /// `artifact/path` of its file.
    pub file: String,
    /// The team, if it is another.
    pub team: Option<String>,
    /// Values for references in the file.
    pub vars: Map,
    /// `artifact/path` of files with more of them.
    pub var_files: Vec<String>,
    /// What makes the pipeline one of several instances.
    pub instance_vars: Map,
}

//! `load_var`: reads a file of an artifact into a local var.

use serde::{Deserialize, Serialize};

/// A load_var step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoadVar {
    /// The name of the var, `((.:name))`.
    pub name: String,
    /// `artifact/path` of the file.
    pub file: String,
    /// The file's format as written; by its extension without one.
    pub format: Option<String>,
    /// Whether logs may show the value.
    pub reveal: bool,
}

/// How a file becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Text without white space around it.
    Trim,
    /// Text as it is.
    Raw,
}

impl VarFormat {
    /// The format of that name: `json`, `yaml`, `yml`, `trim`, `raw`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "trim" => Some(Self::Trim),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }
}

//! A pipeline as configured: jobs over resources.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::value::{Map, Value};
use super::{Job, Resource, ResourceType};

/// A pipeline's configuration. Values may still hold `((references))` that are filled when a
/// build runs; no secret's value is ever in here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pipeline {
    /// Names for sets of jobs, for the eye only.
    pub groups: Vec<Group>,
    /// Where references with a source name are looked up.
    pub var_sources: Vec<VarSource>,
    /// The resources.
    pub resources: Vec<Resource>,
    /// The resource types that the pipeline brings itself.
    pub resource_types: Vec<ResourceType>,
    /// The prototypes, which have the shape of resource types.
    pub prototypes: Vec<ResourceType>,
    /// The jobs, in the file's order.
    pub jobs: Vec<Job>,
    /// How a web page may show it.
    pub display: Option<Display>,
    /// Kept word for word, never interpreted.
    pub user_data: Option<Value>,
}

impl Pipeline {
    /// The job of that name.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The resource of that name.
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }

    /// The pipeline's own resource type of that name.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|kind| kind.name == name)
    }
}

/// A group of jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// The group's name.
    pub name: String,
    /// Names of jobs, or patterns that match them.
    pub jobs: Vec<String>,
    /// Names of resources.
    pub resources: Vec<String>,
}

/// A source of references, `((name:path))`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VarSource {
    /// The name that references use.
    pub name: String,
    /// The kind of source.
    pub kind: String,
    /// What the kind needs to know.
    pub config: Map,
}

/// How a web page shows a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Display {
    /// The address of a picture.
    pub background_image: Option<String>,
    /// A CSS filter over it.
    pub background_filter: Option<String>,
}

/// Names one pipeline of a core.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PipelineRef {
    /// The team's name.
    pub team: String,
    /// The pipeline's name.
    pub name: String,
    /// The instance vars as compact JSON, empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
}

impl PipelineRef {
    /// The pipeline `name` of `team`, without instance vars.
    pub fn new(team: &str, name: &str) -> Self {
        Self { team: team.to_owned(), name: name.to_owned(), instance: String::new() }
    }
}

impl fmt::Display for PipelineRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.name)?;
        if self.instance.is_empty() { Ok(()) } else { write!(f, "/{}", self.instance) }
    }
}

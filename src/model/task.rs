//! What a task runs: the config of a task step or a task file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Version;
use super::value::Map;

/// A task's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskConfig {
    /// The platform of the worker; never empty.
    pub platform: String,
    /// Where its image comes from.
    pub image_resource: Option<ImageResource>,
    /// An image that the runtime fetches by itself.
    pub rootfs_uri: Option<String>,
    /// What it may use.
    pub limits: Limits,
    /// Its environment, as text.
    pub params: BTreeMap<String, String>,
    /// The command; without a path the image's own is run.
    pub run: Run,
    /// What it reads.
    pub inputs: Vec<TaskInput>,
    /// What it leaves behind.
    pub outputs: Vec<TaskOutput>,
    /// What it keeps for its next run.
    pub caches: Vec<TaskCache>,
}

/// A task's command.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// The executable: looked up on the path, or relative to the working directory.
    pub path: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its directory, relative to the working directory.
    pub dir: Option<String>,
    /// Its user.
    pub user: Option<String>,
}

/// An artifact that a task reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskInput {
    /// The artifact's name.
    pub name: String,
    /// Where it stands, if not under its name.
    pub path: Option<String>,
    /// Whether the task runs without it.
    pub optional: bool,
}

/// An artifact that a task makes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskOutput {
    /// The artifact's name.
    pub name: String,
    /// Where it is made, if not under its name.
    pub path: Option<String>,
}

/// A directory that outlives the task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskCache {
    /// Where it stands.
    pub path: String,
    /// How long it is kept unused; forever without.
    pub ttl: Option<Duration>,
}

/// An image that comes from a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImageResource {
    /// A name for it.
    pub name: Option<String>,
    /// The resource's type.
    pub kind: String,
    /// The resource's source.
    pub source: Map,
    /// The version; without one the newest is looked for.
    pub version: Option<Version>,
    /// Params of the get.
    pub params: Map,
    /// Worker tags of the fetch.
    pub tags: Vec<String>,
}

/// What a container may use; nothing said means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// CPU shares.
    pub cpu_shares: Option<u64>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}

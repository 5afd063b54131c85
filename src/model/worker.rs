//! Workers, containers and volumes as people see them.

use serde::{Deserialize, Serialize};

use super::{BuildId, PlanId, Timestamp};

/// What a container is for. Runtimes keep it as labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerMetadata {
    /// The kind of step.
    pub kind: ContainerKind,
    /// The build that it belongs to.
    pub build: BuildId,
    /// The node of the build's plan.
    pub plan: PlanId,
    /// The step's name.
    pub step: String,
    /// Which attempt, `1` or `1.2`; empty outside of attempts.
    pub attempt: String,
    /// The build's name, such as `42`.
    pub build_name: String,
    /// The pipeline's team and name and the job, where it has them: `team/pipeline/job`.
    pub of: String,
}

/// The kind of step that a container serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerKind {
    /// A check.
    Check,
    /// A get.
    Get,
    /// A put.
    Put,
    /// A task.
    Task,
    /// A message to a prototype.
    Run,
}

/// A container as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerInfo {
    /// Its handle, unique in its runtime.
    pub handle: String,
    /// The runtime that has it.
    pub runtime: String,
    /// What it is for.
    pub metadata: ContainerMetadata,
    /// The working directory of its process.
    pub working_dir: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether its process runs.
    pub is_running: bool,
    /// The exit status of its process, once it ended.
    pub exit_status: Option<i32>,
}

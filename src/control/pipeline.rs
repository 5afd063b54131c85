//! Pipelines: what can be asked and told of them.

use async_trait::async_trait;

use super::{JobSummary, ResourceSummary, Result};
use crate::model::pipeline::Group;
use crate::model::{Diagnostic, Pipeline, PipelineId, PipelineRef, Timestamp};

/// Reading pipelines.
#[async_trait]
pub trait PipelineReads: Send + Sync {
    /// All pipelines that may be seen, with their jobs, in their order.
    async fn list_pipelines(&self) -> Result<Vec<PipelineSummary>>;

    /// One pipeline with its jobs.
    async fn pipeline(&self, pipeline: &PipelineRef) -> Result<PipelineSummary>;

    /// One pipeline's configuration, references unfilled.
    async fn pipeline_config(&self, pipeline: &PipelineRef) -> Result<Pipeline>;
}

/// Acting on pipelines.
#[async_trait]
pub trait PipelineActs: Send + Sync {
    /// Sets a pipeline; a new one is made.
    async fn set_pipeline(&self, ask: SetAsk) -> Result<SetAnswer>;

    /// Starts no further builds of it. `why` is shown to everybody.
    async fn pause_pipeline(&self, pipeline: &PipelineRef, why: Option<String>) -> Result<()>;

    /// Starts builds of it again.
    async fn unpause_pipeline(&self, pipeline: &PipelineRef) -> Result<()>;
}

/// A pipeline to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsk {
    /// Which.
    pub pipeline: PipelineRef,
    /// Its configuration, read and found free of errors.
    pub config: Pipeline,
    /// Whether a new one starts paused, as Concourse's do.
    pub is_new_paused: bool,
}

/// What setting a pipeline did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAnswer {
    /// Whether it was made now.
    pub is_new: bool,
    /// Whether anything changed.
    pub is_changed: bool,
    /// What the core remarks on it.
    pub warnings: Vec<Diagnostic>,
}

/// A pipeline as lists and the graph show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSummary {
    /// Its id.
    pub id: PipelineId,
    /// Its team and name.
    pub pipeline: PipelineRef,
    /// Whether and why it is paused.
    pub pause: Option<Pause>,
    /// Whether it is archived.
    pub is_archived: bool,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its jobs, in the file's order.
    pub jobs: Vec<JobSummary>,
    /// Its resources, in the file's order.
    pub resources: Vec<ResourceSummary>,
}

/// A pause: who, why, since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Who paused it.
    pub by: String,
    /// Why, in their words.
    pub why: Option<String>,
    /// When.
    pub since: Timestamp,
}

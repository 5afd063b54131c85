//! Runs one plan.
//!
//! This room knows no store, no queue and no HTTP, and never decides whether to run. What it
//! must keep it gives to the port [`journal::Journal`]; what it needs of the world comes in
//! [`Parts`].

pub mod journal;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::model::build::Plan;
use crate::model::var::Reference;
use crate::model::{BuildId, Clock, JobId, PipelineId, PipelineRef, Value};
use crate::runtime::Runtime;

/// What the engine works with.
#[derive(Clone)]
pub struct Parts {
    /// The runtimes, the preferred one first.
    pub runtimes: Vec<Arc<dyn Runtime>>,
    /// Where builds write.
    pub journal: Arc<dyn journal::Journal>,
    /// Values of references that no step set.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A directory for files that may go at any time.
    pub cache_dir: PathBuf,
    /// The name of this core, for operation ids: unique and the same for ever.
    pub core_id: String,
    /// The name of this worker.
    pub worker: String,
    /// The address that builds are told, if there is one.
    pub external_url: String,
}

/// Values of references that no step set.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The value of the var that a reference names, before its fields are walked; nothing if
    /// there is none. What comes from here is taken out of logs.
    ///
    /// # Errors
    /// A sentence for people when the place where secrets are does not answer.
    async fn find(
        &self,
        pipeline: Option<&PipelineRef>,
        reference: &Reference,
    ) -> Result<Option<Value>, String>;
}

/// A build to run.
#[derive(Debug, Clone)]
pub struct BuildSpec {
    /// The build.
    pub id: BuildId,
    /// Its number among the job's, such as `42`.
    pub name: String,
    /// Its team.
    pub team: String,
    /// Its pipeline.
    pub pipeline: Option<(PipelineId, PipelineRef)>,
    /// Its job.
    pub job: Option<(JobId, String)>,
    /// Who made it; nothing for the scheduler.
    pub created_by: Option<String>,
    /// What it does.
    pub plan: Plan,
}

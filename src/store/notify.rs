//! "Something changed": told to everybody in this process, and over PostgreSQL to other cores.
//!
//! A change says what to look at again, never what it is now. It is told after its transaction
//! is durable. Listeners that are slow get [`Change::Everything`] in place of what they missed.

use crate::model::{BuildId, JobId, PipelineId, ResourceId, ScopeId};

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Anything at all.
    Everything,
    /// A pipeline came, went, was set, paused, unpaused, archived.
    Pipeline(PipelineId),
    /// A job's scheduling was requested.
    JobDue(JobId),
    /// A job was paused or unpaused, or its next inputs were found.
    Job {
        /// The job.
        job: JobId,
        /// Its pipeline.
        pipeline: PipelineId,
    },
    /// A build was made, started, ended, told to stop, or learned something.
    Build {
        /// The build.
        build: BuildId,
        /// Its job, if it has one.
        job: Option<JobId>,
        /// Its pipeline, if it has one.
        pipeline: Option<PipelineId>,
        /// What happened to it.
        what: BuildChange,
    },
    /// A resource was pinned, unpinned, moved to another scope, a version of it switched.
    Resource {
        /// The resource.
        resource: ResourceId,
        /// Its pipeline.
        pipeline: PipelineId,
    },
    /// A scope has new versions or its check began or ended.
    Scope(ScopeId),
}

/// What happened to a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildChange {
    /// It was made.
    Created,
    /// It got inputs, a slot, an output: it looks different now.
    Changed,
    /// It started; nobody runs it yet.
    Started,
    /// It was told to stop.
    Aborting,
    /// It is over.
    Finished,
}

/// Changes as they come.
pub struct Changes {
    receiver: tokio::sync::broadcast::Receiver<Change>,
}

impl Changes {
    /// The next change; nothing once the store is closed. Cancel safe.
    pub async fn next(&mut self) -> Option<Change> {
        use tokio::sync::broadcast::error::RecvError;
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(_)) => Some(Change::Everything),
            Err(RecvError::Closed) => None,
        }
    }
}

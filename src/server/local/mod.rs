//! Local: a core in this process, as one person may use it.
//!
//! Who may do what is decided here and nowhere else, on the rights that the handle carries.

mod build;
mod container;
mod job;
mod pipeline;
mod resource;
mod watch;

use std::sync::Arc;

use super::Core;
use crate::control::{Acting, Capabilities, Control, Error, ErrorKind, Identity, Result};
use crate::model::PipelineRef;
use crate::store::StoreError;
use crate::store::job::JobRow;
use crate::store::pipeline::PipelineRow;
use crate::store::resource::ResourceRow;

/// A core in this process, as one person may use it.
#[derive(Clone)]
pub struct Local {
    core: Arc<Core>,
    user: String,
    rights: Rights,
}

/// What the holder of a handle may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// See everything, change nothing.
    Read,
    /// See and change everything.
    Own,
}

impl Local {
    pub(super) fn new(core: Arc<Core>, user: &str, rights: Rights) -> Self {
        Self { core, user: user.to_owned(), rights }
    }

    async fn find_pipeline(&self, pipeline: &PipelineRef) -> Result<PipelineRow> {
        let row = self.core.store.pipeline(pipeline).await?;
        row.ok_or_else(|| Error::not_found("pipeline", pipeline))
    }

    async fn find_job(&self, pipeline: &PipelineRef, job: &str) -> Result<JobRow> {
        let pipeline = self.find_pipeline(pipeline).await?;
        let row = self.core.store.job(pipeline.id, job).await?;
        row.ok_or_else(|| Error::not_found("job", job))
    }

    async fn find_resource(&self, pipeline: &PipelineRef, resource: &str) -> Result<ResourceRow> {
        let pipeline = self.find_pipeline(pipeline).await?;
        let row = self.core.store.resource(pipeline.id, resource).await?;
        row.ok_or_else(|| Error::not_found("resource", resource))
    }
}

impl Control for Local {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: self.core.name.clone(),
            is_embedded: true,
            has_change_feed: true,
            runtimes: self.core.runtimes.iter().map(|runtime| runtime.name().to_owned()).collect(),
        }
    }

    fn identity(&self) -> Identity {
        Identity { user: self.user.clone() }
    }

    fn acting(&self) -> Option<&dyn Acting> {
        match self.rights {
            Rights::Own => Some(self),
            Rights::Read => None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } => Self::new(ErrorKind::NotFound, error.to_string()),
            StoreError::Conflict { .. } | StoreError::Move { .. } => {
                Self::new(ErrorKind::Conflict, error.to_string())
            }
            StoreError::InUse { .. } | StoreError::LeaseLost { .. } => {
                Self::new(ErrorKind::Unavailable, error.to_string())
            }
            StoreError::Newer { .. }
            | StoreError::Url { .. }
            | StoreError::Open { .. }
            | StoreError::Statement { .. }
            | StoreError::Decode { .. }
            | StoreError::Disk { .. } => Self::internal(&error),
        }
    }
}

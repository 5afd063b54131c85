//! Live streams: what happens in a build, and that something changed.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::{Error, ErrorKind, Result};
use crate::model::build::{Envelope, EventId};
use crate::model::{BuildId, PipelineRef};

/// Events of a build in order, as they come, in bunches of what there is. It ends after the
/// build's final status.
pub type EventStream = BoxStream<'static, Result<Vec<Envelope>>>;

/// Changes as they come. A slow reader gets [`Change::Everything`] in place of what it missed.
pub type ChangeStream = BoxStream<'static, Change>;

/// Watching.
#[async_trait]
pub trait WatchReads: Send + Sync {
    /// The events of a build from `from` on: first what is there, then what comes. A new call
    /// with the id after the last one seen repeats and misses nothing.
    async fn build_events(&self, build: BuildId, from: EventId) -> Result<EventStream>;

    /// What changes from now on.
    async fn changes(&self) -> Result<ChangeStream>;

    /// Waits until nothing more happens by itself: nothing runs, no check is under way, and no
    /// job has anything left to decide. Builds that wait for a person or for versions that
    /// nobody makes may still be pending. Cancel safe.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where a core cannot tell.
    async fn settled(&self) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "this core cannot tell whether it is done"))
    }
}

/// Something changed: look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Anything at all may have.
    Everything,
    /// A pipeline came, went, was set, paused or unpaused.
    Pipeline(PipelineRef),
    /// A job, or a build of it: made, started, over, told to stop.
    Build {
        /// The pipeline.
        pipeline: PipelineRef,
        /// The job.
        job: String,
        /// The build.
        build: BuildId,
    },
    /// A resource was checked or has new versions.
    Resource {
        /// The pipeline.
        pipeline: PipelineRef,
        /// The resource.
        resource: String,
    },
}

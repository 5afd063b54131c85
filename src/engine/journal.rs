//! The port through which a build writes what must survive, and reads it back.
//!
//! Two records, kept apart: the *event log*, which people see, and the *journal*, which only
//! the engine reads. A step journals before it acts. After a restart the engine runs the plan
//! again from its root: a node with [`Record::Finished`] gives back what it recorded, one with
//! [`Record::Container`] attaches to what runs, and an event that the log has already is not
//! written again.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::build::{Envelope, Event, EventId, Outcome};
use crate::model::version::MetadataField;
use crate::model::{BuildId, Pipeline, PipelineRef, PlanId, Value, Version};

/// Takes one event of a log after the other. (Written out where an async trait has it, its
/// argument would get the lifetime of the whole call.)
pub type Visit<'a> = dyn FnMut(&Envelope) + Send + 'a;

/// What a build writes to and reads from.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends events to the build's log, in order and without a gap. When it returns they are
    /// written (a finished write(2)), and synced if a status is among them.
    ///
    /// Gives the id of the first.
    ///
    /// # Errors
    /// When the disk refuses. Nothing of the call is in the log then.
    async fn append(&self, build: BuildId, events: Vec<NewEvent>) -> Result<EventId, JournalError>;

    /// Calls `visit` with each event of the build's log, in order.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn read_log(&self, build: BuildId, visit: &mut Visit<'_>) -> Result<(), JournalError>;

    /// Journals a record of a node, durably. A second record of the same kind takes the place
    /// of the first.
    ///
    /// # Errors
    /// When the store refuses.
    async fn record(
        &self,
        build: BuildId,
        node: &PlanId,
        record: Record,
    ) -> Result<(), JournalError>;

    /// All records of a build, in the order of their writing.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn records(&self, build: BuildId) -> Result<Vec<(PlanId, Record)>, JournalError>;

    /// Saves what a put made: a version of the resource and an output of the build.
    /// Saving it again changes nothing.
    ///
    /// # Errors
    /// When the store refuses.
    async fn save_output(&self, build: BuildId, output: SavedVersion) -> Result<(), JournalError>;

    /// Saves what a get learned of a version.
    ///
    /// # Errors
    /// When the store refuses.
    async fn save_metadata(&self, build: BuildId, input: SavedVersion) -> Result<(), JournalError>;

    /// Saves versions that a check found, oldest first. Gives the newest that is known then.
    ///
    /// # Errors
    /// When the store refuses.
    async fn save_check(
        &self,
        build: BuildId,
        resource: &str,
        versions: Vec<Version>,
    ) -> Result<Option<Version>, JournalError>;

    /// The configuration that a pipeline has, if there is such a pipeline.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn pipeline_config(
        &self,
        pipeline: &PipelineRef,
    ) -> Result<Option<Pipeline>, JournalError>;

    /// Sets a pipeline on behalf of a build. Tells whether it was set: not if a newer build
    /// has set it since.
    ///
    /// # Errors
    /// When the store refuses.
    async fn set_pipeline(
        &self,
        build: BuildId,
        pipeline: &PipelineRef,
        config: Pipeline,
    ) -> Result<bool, JournalError>;
}

/// An event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub event: Event,
    /// For output of a process: the offset that it ends at.
    pub output_offset: Option<u64>,
}

/// A version to save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedVersion {
    /// The step's name.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
}

/// What the engine keeps of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// It is about to act outside: a put that is found so may have happened.
    Begun,
    /// It works in this container.
    Container {
        /// The runtime.
        runtime: String,
        /// The container.
        handle: String,
    },
    /// Its process is about to be told to stop. The node ends so, whatever its process says
    /// then.
    Stopping {
        /// How it will end.
        outcome: Outcome,
    },
    /// It ended.
    Finished {
        /// How.
        outcome: Outcome,
        /// The version that it made or brought.
        version: Option<Version>,
        /// The artifacts that it left.
        artifacts: Vec<ArtifactRecord>,
        /// The local vars that it set, and whether logs may show them. A value that may not be
        /// shown is not in here: it is read again from its file.
        vars: Vec<(String, Value)>,
    },
}

/// An artifact as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// Its name.
    pub name: String,
    /// The runtime of its volume.
    pub runtime: String,
    /// Its volume.
    pub volume: String,
}

/// The journal cannot do what was asked.
#[derive(Debug, Error)]
#[error("cannot {action}")]
pub struct JournalError {
    /// What was tried, as a verb and its object.
    pub action: String,
    /// Why not.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

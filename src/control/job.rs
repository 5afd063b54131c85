//! Jobs: what can be asked and told of them.

use std::time::Duration;

use async_trait::async_trait;

use super::{BuildSummary, InputChange, Pause, Result};
use crate::model::build::Status;
use crate::model::{BuildId, JobId, PipelineRef};

/// Reading jobs.
#[async_trait]
pub trait JobReads: Send + Sync {
    /// Builds of a job, newest first, older than `before` if that is given, at most `limit`.
    async fn job_builds(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<BuildSummary>>;
}

/// Acting on jobs.
#[async_trait]
pub trait JobActs: Send + Sync {
    /// Makes a build of a job.
    async fn trigger_job(&self, pipeline: &PipelineRef, job: &str) -> Result<BuildSummary>;

    /// Makes a build that runs again with the inputs of another.
    async fn rerun_build(&self, build: BuildId) -> Result<BuildSummary>;

    /// Starts no further builds of it. `why` is shown to everybody.
    async fn pause_job(&self, pipeline: &PipelineRef, job: &str, why: Option<String>)
    -> Result<()>;

    /// Starts builds of it again.
    async fn unpause_job(&self, pipeline: &PipelineRef, job: &str) -> Result<()>;
}

/// A job as lists and the graph show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Whether and why it is paused.
    pub pause: Option<Pause>,
    /// The latest build that is over.
    pub finished: Option<BuildSummary>,
    /// The next build that is not.
    pub next: Option<BuildSummary>,
    /// The build at which the status last changed.
    pub transition: Option<BuildSummary>,
    /// For a job that is red: the first input that changed with the transition build.
    pub suspect: Option<InputChange>,
    /// Its last builds that are over, oldest first, at most 20.
    pub pulse: Vec<Pulse>,
    /// How long it usually takes: the median of its last successes.
    pub estimate: Option<Duration>,
    /// Why its next build has not started.
    pub waiting: Option<Waiting>,
    /// What it gets.
    pub inputs: Vec<JobInput>,
    /// What it puts.
    pub outputs: Vec<JobOutput>,
    /// The groups it is in.
    pub groups: Vec<String>,
    /// Whether people may not start it.
    pub is_manual_trigger_disabled: bool,
}

/// One build of a job's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Its id.
    pub id: BuildId,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Status,
}

/// Why a build has not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who must act.
    pub on: WaitingFor,
    /// The reason in words: `waits for build-java #39`.
    pub why: String,
}

/// Who must act so that a build starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingFor {
    /// Nobody: a place comes free, a check ends.
    Slot,
    /// Another job, which is under way.
    Job,
    /// A person.
    Person,
}

/// Something a job gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInput {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// The jobs that it must have passed.
    pub passed: Vec<String>,
    /// Whether a new version starts a build.
    pub is_trigger: bool,
}

/// Something a job puts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutput {
    /// The step's name.
    pub name: String,
    /// The resource.
    pub resource: String,
}

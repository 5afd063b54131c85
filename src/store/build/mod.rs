//! Builds: making, starting, ending, listing; what they got and put.

use std::time::Duration;

use crate::model::build::{Plan, Status};
use crate::model::version::MetadataField;
use crate::model::{
    BuildId, JobId, PipelineId, PipelineRef, PlanId, ResourceId, Timestamp, Version,
};
use crate::scheduler::facts::ChosenInput;

use super::{Result, Store};

/// A build as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRow {
    /// Its id.
    pub id: BuildId,
    /// Its number among the job's, such as `42` or `42.1`; `check` for checks.
    pub name: String,
    /// What made it.
    pub kind: BuildKind,
    /// Its team.
    pub team: String,
    /// Its pipeline.
    pub pipeline: Option<(PipelineId, PipelineRef)>,
    /// Its job.
    pub job: Option<(JobId, String)>,
    /// For a check: the resource.
    pub resource: Option<(ResourceId, String)>,
    /// Where it stands.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Who made it; nothing for the scheduler.
    pub created_by: Option<String>,
    /// Who told it to stop.
    pub aborted_by: Option<String>,
    /// Whether somebody told it to stop and it has not yet.
    pub is_aborting: bool,
    /// Whether it holds a place among the running ones.
    pub is_scheduled: bool,
    /// Whether its inputs are fixed.
    pub are_inputs_ready: bool,
    /// For one that did not succeed: where it broke first.
    pub cause: Option<CauseRow>,
}

/// What made a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildKind {
    /// A new version.
    Scheduled,
    /// A person.
    Manual,
    /// A person, once more with the inputs of that build.
    Rerun(BuildId),
    /// A check that is shown as a build.
    Check,
}

/// Where a build broke first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseRow {
    /// The node of the plan.
    pub plan: PlanId,
    /// The kind of step and its name: `task unit-tests`.
    pub step: String,
    /// The exit status, if a process ended with one.
    pub exit_status: Option<i32>,
    /// The line that tells the fault, secrets taken out.
    pub line: Option<String>,
    /// How long after the build's start it broke.
    pub after: Option<Duration>,
}

/// An input of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// Whether no build of the job had it before.
    pub is_first_occurrence: bool,
    /// The version's rank in the resource's present scope, if it is known there.
    pub check_order: Option<i64>,
}

/// An output of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRow {
    /// The step's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
}

/// How starting a build went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs now.
    Now,
    /// It had started before; nothing changed.
    Already,
    /// Somebody told it to stop meanwhile; nothing changed.
    Aborting,
    /// It is over; nothing changed.
    Over,
}

impl Store {
    /// Makes a build of a job for a person, with the next number.
    ///
    /// # Errors
    /// Not found; a conflict when the job forbids it or its pipeline is archived.
    pub async fn create_manual_build(&self, _job: JobId, _by: &str) -> Result<BuildRow> {
        todo!()
    }

    /// Makes a build of a job for the scheduler, unless one of the job waits already.
    pub async fn create_scheduled_build(&self, _job: JobId) -> Result<Option<BuildRow>> {
        todo!()
    }

    /// Makes a build that runs again with the inputs of another.
    ///
    /// # Errors
    /// Not found; a conflict when the job forbids it, its pipeline is archived, or the original
    /// never got its inputs.
    pub async fn create_rerun(&self, _of: BuildId, _by: &str) -> Result<BuildRow> {
        todo!()
    }

    /// Makes a build that shows a check of a resource, started with its plan.
    ///
    /// # Errors
    /// Not found; a conflict when the pipeline is archived.
    pub async fn create_check_build(
        &self,
        _resource: ResourceId,
        _plan: &Plan,
        _by: Option<&str>,
    ) -> Result<BuildRow> {
        todo!()
    }

    /// Gives a pending build a place among the running ones. Doing it again changes nothing.
    pub async fn mark_build_scheduled(&self, _build: BuildId) -> Result<()> {
        todo!()
    }

    /// Fixes a pending build's inputs, with the builds that vouch for them, in place of what was
    /// there.
    ///
    /// # Errors
    /// A conflict when a version is gone from its resource's scope:
    /// `chosen version of input <name> not available`.
    pub async fn adopt_inputs(&self, _build: BuildId, _inputs: &[ChosenInput]) -> Result<()> {
        todo!()
    }

    /// Starts a build with its plan.
    pub async fn start_build(&self, _build: BuildId, _plan: &Plan) -> Result<Started> {
        todo!()
    }

    /// Ends a build: status, first cause, pointers and pulse of its job, requests for the jobs
    /// that wait for it; on success also what it vouches for. Ending it the same way again
    /// changes nothing.
    ///
    /// # Errors
    /// [`super::StoreError::Move`] when it cannot go there.
    pub async fn finish_build(
        &self,
        _build: BuildId,
        _status: Status,
        _cause: Option<&CauseRow>,
    ) -> Result<()> {
        todo!()
    }

    /// Tells a build to stop. One that waits is requested to be scheduled, which ends it.
    /// One that is over stays so. Tells where it stands.
    ///
    /// # Errors
    /// Not found.
    pub async fn abort_build(&self, _build: BuildId, _by: &str) -> Result<Status> {
        todo!()
    }

    /// One build.
    pub async fn build(&self, _build: BuildId) -> Result<Option<BuildRow>> {
        todo!()
    }

    /// The build of a job with that name.
    pub async fn build_of_job(&self, _job: JobId, _name: &str) -> Result<Option<BuildRow>> {
        todo!()
    }

    /// Builds of a job, newest first, older than `before` if that is given.
    pub async fn job_builds(
        &self,
        _job: JobId,
        _before: Option<BuildId>,
        _limit: u32,
    ) -> Result<Vec<BuildRow>> {
        todo!()
    }

    /// Builds of jobs that are not over, oldest first.
    pub async fn running_builds(&self) -> Result<Vec<BuildRow>> {
        todo!()
    }

    /// Builds that started and are not over, checks too, oldest first: what must be tracked.
    pub async fn started_builds(&self) -> Result<Vec<BuildRow>> {
        todo!()
    }

    /// What a build does, once that is decided.
    pub async fn build_plan(&self, _build: BuildId) -> Result<Option<Plan>> {
        todo!()
    }

    /// What a build got, by name.
    pub async fn build_inputs(&self, _build: BuildId) -> Result<Vec<InputRow>> {
        todo!()
    }

    /// What a build put, in the order of putting.
    pub async fn build_outputs(&self, _build: BuildId) -> Result<Vec<OutputRow>> {
        todo!()
    }

    /// The last build of the same job before it that succeeded.
    pub async fn last_green_before(&self, _build: BuildId) -> Result<Option<BuildRow>> {
        todo!()
    }

    /// The newest build before it that put a version that this one got for the first time.
    pub async fn made_by(&self, _build: BuildId) -> Result<Option<BuildRow>> {
        todo!()
    }
}

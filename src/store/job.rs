//! Jobs: scheduling requests, next inputs, pauses, pointers to builds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pipeline::Paused;
use super::{Result, Store};
use crate::model::build::Status;
use crate::model::{BuildId, Job, JobId, PipelineId, Timestamp};
use crate::scheduler::facts::ChosenInput;

/// A job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// Its pipeline.
    pub pipeline: PipelineId,
    /// Its name.
    pub name: String,
    /// Whether the pipeline's present configuration has it.
    pub is_active: bool,
    /// Whether and why it is paused.
    pub pause: Option<Paused>,
    /// Whether some input of its next build is new to it.
    pub has_new_inputs: bool,
    /// Whether all inputs of its next build are found.
    pub are_inputs_determined: bool,
    /// Whether its last pass found no free place.
    pub is_max_in_flight_reached: bool,
    /// The latest build that is over.
    pub finished: Option<BuildId>,
    /// The next build that is not.
    pub next: Option<BuildId>,
    /// The build at which the status last changed.
    pub transition: Option<BuildId>,
    /// The last build that succeeded before `transition`, if that one did not.
    pub green_before: Option<BuildId>,
    /// Its last builds that are over, oldest first, at most 20; reruns are among them.
    pub pulse: Vec<PulseRow>,
}

/// One build of a job's recent past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulseRow {
    /// The build.
    pub id: BuildId,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// How long it ran; nothing if it never started.
    pub took: Option<Duration>,
}

/// A job whose scheduling was requested after it was last scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The job.
    pub job: JobId,
    /// Its pipeline.
    pub pipeline: PipelineId,
    /// The request; goes back with [`Store::mark_scheduled`].
    pub requested: ScheduleRequest,
}

/// Names a request to schedule, so that one that comes during a pass is not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScheduleRequest(pub(super) i64);

/// What a pass found for the next build of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NextInputs {
    /// One an input, in the order of the plan.
    pub inputs: Vec<NextInput>,
    /// Whether all inputs have versions.
    pub is_resolved: bool,
}

/// One input of [`NextInputs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextInput {
    /// The input's name.
    pub name: String,
    /// The version that it gets, or why none.
    pub chosen: std::result::Result<ChosenInput, String>,
}

impl Store {
    /// The active job of that name.
    pub async fn job(&self, _pipeline: PipelineId, _name: &str) -> Result<Option<JobRow>> {
        todo!()
    }

    /// The job of that id, active or not.
    pub async fn job_by_id(&self, _job: JobId) -> Result<Option<JobRow>> {
        todo!()
    }

    /// A job's configuration, as it was when it was last active.
    pub async fn job_config(&self, _job: JobId) -> Result<Option<Job>> {
        todo!()
    }

    /// The active jobs that are due, longest waiting first.
    pub async fn due_jobs(&self) -> Result<Vec<DueJob>> {
        todo!()
    }

    /// Requests scheduling of a job.
    pub async fn request_schedule(&self, _job: JobId) -> Result<()> {
        todo!()
    }

    /// Notes that a pass over the job is complete. The job stays due if another request came.
    pub async fn mark_scheduled(&self, _job: JobId, _requested: ScheduleRequest) -> Result<()> {
        todo!()
    }

    /// Stores what a pass found for the next build, in place of what was there.
    pub async fn save_next_inputs(&self, _job: JobId, _next: &NextInputs) -> Result<()> {
        todo!()
    }

    /// What the last pass found.
    pub async fn next_inputs(&self, _job: JobId) -> Result<NextInputs> {
        todo!()
    }

    /// Notes whether the last pass found no free place.
    pub async fn set_max_in_flight_reached(&self, _job: JobId, _is_reached: bool) -> Result<()> {
        todo!()
    }

    /// Starts no further builds of it. Pausing again changes who and why.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn pause_job(&self, _job: JobId, _by: &str, _why: Option<&str>) -> Result<()> {
        todo!()
    }

    /// Starts builds of it again and requests its scheduling.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn unpause_job(&self, _job: JobId) -> Result<()> {
        todo!()
    }
}

/// How many builds [`JobRow::pulse`] holds at most.
pub const PULSE_LENGTH: usize = 20;

/// When a job was asked to be scheduled and when it was; for explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleState {
    /// When scheduling was last requested.
    pub requested_at: Timestamp,
    /// The request that the last complete pass answered.
    pub scheduled_at: Timestamp,
}

//! Jobs: scheduling requests, next inputs, pauses, pointers to builds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::notify::Change;
use super::pipeline::{Paused, refuse_archived};
use super::pool::{Tx, transact};
use super::row::{Row, args, to_json};
use super::{Result, Store, StoreError};
use crate::model::build::Status;
use crate::model::{BuildId, Job, JobId, PipelineId, ResourceId, ScopeId, Timestamp, VersionId};
use crate::scheduler::facts::ChosenInput;

/// How many builds [`JobRow::pulse`] holds at most.
pub const PULSE_LENGTH: usize = 20;
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

impl JobRow {
    /// The columns of a job `j`, in the order of [`JobRow::read`].
    pub(super) const COLUMNS: &str = "j.id, j.pipeline_id, j.name, j.is_active, j.paused_at, \
        j.paused_by, j.paused_why, j.has_new_inputs, j.are_inputs_determined, \
        j.is_max_in_flight_reached, j.finished_build_id, j.next_build_id, \
        j.transition_build_id, j.green_build_id, j.pulse";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            pipeline: row.take()?,
            name: row.take()?,
            is_active: row.take()?,
            pause: Paused::read(row)?,
            has_new_inputs: row.take()?,
            are_inputs_determined: row.take()?,
            is_max_in_flight_reached: row.take()?,
            finished: row.take_opt()?,
            next: row.take_opt()?,
            transition: row.take_opt()?,
            green_before: row.take_opt()?,
            pulse: row.take_json("pulse")?,
        })
    }
}

impl Store {
    /// The active job of that name.
    pub async fn job(&self, pipeline: PipelineId, name: &str) -> Result<Option<JobRow>> {
        let sql = format!(
            "SELECT {} FROM jobs j WHERE j.pipeline_id = $1 AND j.name = $2 AND j.is_active",
            JobRow::COLUMNS
        );
        let row = self.db().fetch_optional(sql, args![pipeline, name]).await?;
        row.map(|mut row| JobRow::read(&mut row)).transpose()
    }

    /// The job of that id, active or not.
    pub async fn job_by_id(&self, job: JobId) -> Result<Option<JobRow>> {
        let sql = format!("SELECT {} FROM jobs j WHERE j.id = $1", JobRow::COLUMNS);
        let row = self.db().fetch_optional(sql, args![job]).await?;
        row.map(|mut row| JobRow::read(&mut row)).transpose()
    }

    /// A job's configuration, as it was when it was last active.
    pub async fn job_config(&self, job: JobId) -> Result<Option<Job>> {
        let sql = "SELECT config FROM jobs WHERE id = $1";
        let row = self.db().fetch_optional(sql, args![job]).await?;
        row.map(|mut row| row.take_json("job")).transpose()
    }

    /// The active jobs that are due, longest waiting first.
    pub async fn due_jobs(&self) -> Result<Vec<DueJob>> {
        let sql = "SELECT id, pipeline_id, requested FROM jobs \
                   WHERE requested > scheduled AND is_active ORDER BY requested, id";
        let rows = self.db().fetch_all(sql, args![]).await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(DueJob {
                    job: row.take()?,
                    pipeline: row.take()?,
                    requested: ScheduleRequest(row.take()?),
                })
            })
            .collect()
    }

    /// Requests scheduling of a job.
    pub async fn request_schedule(&self, job: JobId) -> Result<()> {
        transact!(self, Process, |tx| request(tx, self.now(), Which::Job(job)).await)
    }

    /// Notes that a pass over the job is complete. The job stays due if another request came.
    pub async fn mark_scheduled(&self, job: JobId, requested: ScheduleRequest) -> Result<()> {
        transact!(self, Process, |tx| mark_scheduled(tx, job, requested).await)
    }

    /// Stores what a pass found for the next build, in place of what was there.
    pub async fn save_next_inputs(&self, job: JobId, next: &NextInputs) -> Result<()> {
        transact!(self, Process, |tx| save_next_inputs(tx, job, next).await)
    }

    /// What the last pass found.
    pub async fn next_inputs(&self, job: JobId) -> Result<NextInputs> {
        let sql = "SELECT next_inputs, are_inputs_determined FROM jobs WHERE id = $1";
        let row = self.db().fetch_optional(sql, args![job]).await?;
        let Some(mut row) = row else { return Ok(NextInputs::default()) };
        let stored: Vec<StoredInput> = row.take_json("next inputs")?;
        Ok(NextInputs {
            inputs: stored.into_iter().map(StoredInput::into_next).collect(),
            is_resolved: row.take()?,
        })
    }

    /// Notes whether the last pass found no free place.
    pub async fn set_max_in_flight_reached(&self, job: JobId, is_reached: bool) -> Result<()> {
        transact!(self, Process, |tx| set_max_in_flight_reached(tx, job, is_reached).await)
    }

    /// Starts no further builds of it. Pausing again changes who and why.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn pause_job(&self, job: JobId, by: &str, why: Option<&str>) -> Result<()> {
        let sql = "UPDATE jobs SET paused_at = COALESCE(paused_at, $2), paused_by = $3, \
                   paused_why = $4 WHERE id = $1";
        transact!(self, Process, |tx| {
            let pipeline = pipeline_of(tx, job).await?;
            refuse_archived(tx, pipeline, "pause a job").await?;
            tx.execute(sql, args![job, self.now(), by, why]).await?;
            tx.tell(Change::Job { job, pipeline });
            Ok(())
        })
    }

    /// Starts builds of it again and requests its scheduling.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn unpause_job(&self, job: JobId) -> Result<()> {
        let sql = "UPDATE jobs SET paused_at = NULL, paused_by = NULL, paused_why = NULL \
                   WHERE id = $1";
        transact!(self, Process, |tx| {
            let pipeline = pipeline_of(tx, job).await?;
            refuse_archived(tx, pipeline, "unpause a job").await?;
            tx.execute(sql, args![job]).await?;
            tx.tell(Change::Job { job, pipeline });
            request(tx, self.now(), Which::Job(job)).await
        })
    }
}

/// One input of [`NextInputs`] as it lies in the database.
#[derive(Serialize, Deserialize)]
struct StoredInput {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default)]
    resource: ResourceId,
    #[serde(default)]
    version: VersionId,
    #[serde(default)]
    is_first_occurrence: bool,
    #[serde(default)]
    passed_builds: Vec<BuildId>,
}

impl StoredInput {
    fn of(input: &NextInput) -> Self {
        let name = input.name.clone();
        match &input.chosen {
            Ok(chosen) => Self {
                name,
                error: None,
                resource: chosen.resource,
                version: chosen.version,
                is_first_occurrence: chosen.is_first_occurrence,
                passed_builds: chosen.passed_builds.clone(),
            },
            Err(why) => Self {
                name,
                error: Some(why.clone()),
                resource: ResourceId(0),
                version: VersionId(0),
                is_first_occurrence: false,
                passed_builds: Vec::new(),
            },
        }
    }

    fn into_next(self) -> NextInput {
        let chosen = match self.error {
            Some(why) => Err(why),
            None => Ok(ChosenInput {
                name: self.name.clone(),
                resource: self.resource,
                version: self.version,
                is_first_occurrence: self.is_first_occurrence,
                passed_builds: self.passed_builds,
            }),
        };
        NextInput { name: self.name, chosen }
    }
}

pub(super) async fn mark_scheduled(
    tx: &mut Tx,
    job: JobId,
    requested: ScheduleRequest,
) -> Result<()> {
    let sql = "UPDATE jobs SET scheduled = $2 WHERE id = $1 AND scheduled < $2";
    tx.execute(sql, args![job, requested.0]).await?;
    Ok(())
}

pub(super) async fn save_next_inputs(tx: &mut Tx, job: JobId, next: &NextInputs) -> Result<()> {
    let stored: Vec<StoredInput> = next.inputs.iter().map(StoredInput::of).collect();
    let text = to_json(&stored, "next inputs")?;
    let has_new = stored.iter().any(|input| input.is_first_occurrence);
    // What is there already is left alone: most passes find what the last one found.
    let sql = "UPDATE jobs SET next_inputs = $2, are_inputs_determined = $3, \
               has_new_inputs = $4 WHERE id = $1 AND (next_inputs <> $2 OR \
               are_inputs_determined <> $3 OR has_new_inputs <> $4) RETURNING pipeline_id";
    let changed = tx.fetch_optional(sql, args![job, text, next.is_resolved, has_new]).await?;
    if let Some(mut row) = changed {
        tx.tell(Change::Job { job, pipeline: row.take()? });
    }
    Ok(())
}

pub(super) async fn set_max_in_flight_reached(
    tx: &mut Tx,
    job: JobId,
    is_reached: bool,
) -> Result<()> {
    let sql = "UPDATE jobs SET is_max_in_flight_reached = $2 \
               WHERE id = $1 AND is_max_in_flight_reached <> $2 RETURNING pipeline_id";
    if let Some(mut row) = tx.fetch_optional(sql, args![job, is_reached]).await? {
        tx.tell(Change::Job { job, pipeline: row.take()? });
    }
    Ok(())
}

/// Whose scheduling is requested.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// The job.
    Job(JobId),
    /// All jobs of the pipeline.
    Pipeline(PipelineId),
    /// The jobs that take the resource.
    UsersOf(ResourceId),
    /// The jobs that take a resource of the scope without `passed`.
    PlainUsersOf(ScopeId),
    /// The jobs with a build that waits and an input of the scope: it may wait for a check.
    PendingUsersOf(ScopeId),
    /// The jobs with an input that must have passed the job.
    After(JobId),
}

/// Requests scheduling. Each request is later than the one before, whatever the clock says, so
/// that none is lost that comes during a pass.
pub(super) async fn request(tx: &mut Tx, now: Timestamp, which: Which) -> Result<()> {
    let (selected, id) = match which {
        Which::Job(job) => ("id = $2", job.0),
        Which::Pipeline(pipeline) => ("pipeline_id = $2", pipeline.0),
        Which::UsersOf(resource) => {
            ("id IN (SELECT job_id FROM job_inputs WHERE resource_id = $2)", resource.0)
        }
        Which::PlainUsersOf(scope) => (
            "id IN (SELECT i.job_id FROM job_inputs i JOIN resources r ON r.id = i.resource_id \
             WHERE r.scope_id = $2 AND r.is_active AND NOT i.has_passed)",
            scope.0,
        ),
        Which::PendingUsersOf(scope) => (
            "id IN (SELECT i.job_id FROM job_inputs i JOIN resources r ON r.id = i.resource_id \
             WHERE r.scope_id = $2 AND r.is_active AND NOT i.has_passed AND EXISTS (\
               SELECT 1 FROM builds b WHERE b.job_id = i.job_id \
               AND b.status IN ('pending', 'started') AND b.status = 'pending'))",
            scope.0,
        ),
        Which::After(job) => {
            ("id IN (SELECT job_id FROM job_passed WHERE passed_job_id = $2)", job.0)
        }
    };
    let sql = format!(
        "UPDATE jobs SET requested = CASE WHEN requested >= $1 THEN requested + 1 ELSE $1 END \
         WHERE is_active AND {selected} RETURNING id"
    );
    for mut row in tx.fetch_all(sql, args![now, id]).await? {
        tx.tell(Change::JobDue(row.take()?));
    }
    Ok(())
}

/// The pipeline of a job.
pub(super) async fn pipeline_of(tx: &mut Tx, job: JobId) -> Result<PipelineId> {
    let sql = "SELECT pipeline_id FROM jobs WHERE id = $1";
    match tx.fetch_optional(sql, args![job]).await? {
        Some(mut row) => row.take(),
        None => Err(StoreError::not_found("job", job)),
    }
}

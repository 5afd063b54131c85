//! Making builds: number, test and row are one transaction, so that numbers have no gaps.
//!
//! *Follows:* Concourse's `atc/db/job.go`.

use super::{BuildKind, BuildRow, find, pointer};
use crate::model::build::{Plan, Status};
use crate::model::{BuildId, Job, JobId, PipelineId, ResourceId, TeamId, Timestamp};
use crate::store::job::{Which, request};
use crate::store::notify::BuildChange;
use crate::store::pipeline::refuse_archived;
use crate::store::pool::{Tx, transact};
use crate::store::row::{args, to_json};
use crate::store::{Result, Store, StoreError, resource};

impl Store {
    /// Makes a build of a job for a person, with the next number.
    ///
    /// # Errors
    /// Not found; a conflict when the job forbids it or its pipeline is archived.
    pub async fn create_manual_build(&self, job: JobId, by: &str) -> Result<BuildRow> {
        transact!(self, Process, |tx| {
            let owner = Owner::of(tx, job).await?;
            refuse_archived(tx, owner.pipeline, "trigger a job").await?;
            if owner.config.disable_manual_trigger {
                let action = format!("trigger job `{}`", owner.config.name);
                return Err(StoreError::conflict(action, "its manual triggering is disabled"));
            }
            let name = next_number(tx, job).await?;
            let made = New { name, kind: BuildKind::Manual, by: Some(by), now: self.now() };
            insert(tx, &owner, made).await
        })
    }

    /// Makes a build of a job for the scheduler, unless one of the job waits already.
    ///
    /// # Errors
    /// Not found.
    pub async fn create_scheduled_build(&self, job: JobId) -> Result<Option<BuildRow>> {
        transact!(self, Process, |tx| create_scheduled(tx, job, self.now()).await)
    }

    /// Makes a build that runs again with the inputs of another.
    ///
    /// # Errors
    /// Not found; a conflict when the job forbids it, its pipeline is archived, or the original
    /// never got its inputs.
    pub async fn create_rerun(&self, of: BuildId, by: &str) -> Result<BuildRow> {
        transact!(self, Process, |tx| {
            let asked = find(tx, of).await?;
            // A rerun of a rerun counts on the original.
            let original = match asked.kind {
                BuildKind::Rerun(original) => find(tx, original).await?,
                BuildKind::Scheduled | BuildKind::Manual | BuildKind::Check => asked,
            };
            let action = format!("rerun build `{of}`");
            let Some((job, _)) = original.job else {
                return Err(StoreError::conflict(action, "it has no job"));
            };
            let owner = Owner::of(tx, job).await?;
            refuse_archived(tx, owner.pipeline, "rerun a build").await?;
            if owner.config.disable_reruns {
                return Err(StoreError::conflict(action, "its job's reruns are disabled"));
            }
            if !original.are_inputs_ready {
                return Err(StoreError::conflict(action, "it never got its inputs"));
            }
            let sql = "SELECT COUNT(*) FROM builds WHERE rerun_of = $1";
            let n_reruns: i64 = tx.fetch_one(sql, args![original.id]).await?.take()?;
            let made = New {
                name: format!("{}.{}", original.name, n_reruns + 1),
                kind: BuildKind::Rerun(original.id),
                by: Some(by),
                now: self.now(),
            };
            insert(tx, &owner, made).await
        })
    }

    /// Makes a build that shows a check of a resource, started with its plan.
    ///
    /// # Errors
    /// Not found; a conflict when the pipeline is archived.
    pub async fn create_check_build(
        &self,
        resource: ResourceId,
        plan: &Plan,
        by: Option<&str>,
    ) -> Result<BuildRow> {
        let text = to_json(plan, "plan")?;
        let now = self.now();
        let sql = "INSERT INTO builds (name, kind, team_id, pipeline_id, resource_id, status, \
                   created_at, started_at, created_by, is_scheduled, are_inputs_ready) \
                   SELECT 'check', 'check', p.team_id, p.id, $2, 'started', $3, $3, $4, \
                   TRUE, TRUE FROM pipelines p WHERE p.id = $1 RETURNING id";
        let store_plan = "INSERT INTO build_plans (build_id, plan) VALUES ($1, $2)";
        transact!(self, Power, |tx| {
            let pipeline = resource::find(tx, resource).await?.pipeline;
            refuse_archived(tx, pipeline, "check a resource").await?;
            let args = args![pipeline, resource, now, by];
            let build: BuildId = tx.fetch_one(sql, args).await?.take()?;
            tx.execute(store_plan, args![build, &text]).await?;
            let made = find(tx, build).await?;
            tx.tell(made.change(BuildChange::Started));
            Ok(made)
        })
    }
}

/// Makes a build for the scheduler, unless one waits already.
pub(in crate::store) async fn create_scheduled(
    tx: &mut Tx,
    job: JobId,
    now: Timestamp,
) -> Result<Option<BuildRow>> {
    let sql = "SELECT COUNT(*) FROM builds WHERE job_id = $1 \
               AND status IN ('pending', 'started') AND status = 'pending'";
    let n_waiting: i64 = tx.fetch_one(sql, args![job]).await?.take()?;
    if n_waiting > 0 {
        return Ok(None);
    }
    let owner = Owner::of(tx, job).await?;
    let name = next_number(tx, job).await?;
    let made = New { name, kind: BuildKind::Scheduled, by: None, now };
    insert(tx, &owner, made).await.map(Some)
}

/// What a build belongs to.
struct Owner {
    job: JobId,
    pipeline: PipelineId,
    team: TeamId,
    config: Job,
}

impl Owner {
    async fn of(tx: &mut Tx, job: JobId) -> Result<Self> {
        let sql = "SELECT j.pipeline_id, p.team_id, j.config FROM jobs j \
                   JOIN pipelines p ON p.id = j.pipeline_id WHERE j.id = $1 AND j.is_active";
        let Some(mut row) = tx.fetch_optional(sql, args![job]).await? else {
            return Err(StoreError::not_found("job", job));
        };
        Ok(Self { job, pipeline: row.take()?, team: row.take()?, config: row.take_json("job")? })
    }
}

/// A build to insert.
struct New<'a> {
    name: String,
    kind: BuildKind,
    by: Option<&'a str>,
    now: Timestamp,
}

async fn next_number(tx: &mut Tx, job: JobId) -> Result<String> {
    let sql = "UPDATE jobs SET last_number = last_number + 1 WHERE id = $1 RETURNING last_number";
    let number: i64 = tx.fetch_one(sql, args![job]).await?.take()?;
    Ok(number.to_string())
}

async fn insert(tx: &mut Tx, owner: &Owner, made: New<'_>) -> Result<BuildRow> {
    let rerun_of = match made.kind {
        BuildKind::Rerun(of) => Some(of),
        BuildKind::Scheduled | BuildKind::Manual | BuildKind::Check => None,
    };
    let sql = "INSERT INTO builds (name, kind, team_id, pipeline_id, job_id, rerun_of, status, \
               created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    let args = args![
        made.name,
        made.kind.word(),
        owner.team,
        owner.pipeline,
        owner.job,
        rerun_of,
        Status::Pending,
        made.now,
        made.by,
    ];
    let id: BuildId = tx.fetch_one(sql, args).await?.take()?;
    pointer::update_next(tx, owner.job).await?;
    request(tx, made.now, Which::Job(owner.job)).await?;
    let build = find(tx, id).await?;
    tx.tell(build.change(BuildChange::Created));
    Ok(build)
}

//! Setting a pipeline: one transaction from the configuration to the rows of its parts.
//!
//! *Follows:* Concourse's config save (`atc/db/team.go`): parts that are not in the new
//! configuration become inactive and keep their history.

use std::collections::BTreeMap;

use super::rename::rename_all;
use crate::model::{
    BuildId, Job, JobId, Pipeline, PipelineId, PipelineRef, Resource, ResourceId, TeamId, Timestamp,
};
use crate::store::job::{Which, request};
use crate::store::notify::Change;
use crate::store::pool::{Tx, transact};
use crate::store::row::{args, to_json};
use crate::store::{Result, Store, StoreError};

/// A pipeline to set.
#[derive(Debug, Clone, Copy)]
pub struct SetPipeline<'a> {
    /// Which.
    pub pipeline: &'a PipelineRef,
    /// Its configuration.
    pub config: &'a Pipeline,
    /// Who sets it.
    pub by: SetBy,
    /// The version that it must have, if somebody else's change must not be lost; 0 for "must
    /// not exist".
    pub from_version: Option<i64>,
}

/// Who sets a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// A person or program: a pipeline that is new starts paused or not; one that exists keeps
    /// its state, and has no parent any more.
    Person {
        /// Whether a new one starts paused.
        is_new_paused: bool,
    },
    /// A `set_pipeline` step of a build: unpaused, and the build is its parent.
    Build(BuildId),
}

/// What setting a pipeline did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipelineSet {
    /// The pipeline.
    pub id: PipelineId,
    /// Its version now.
    pub version: i64,
    /// Whether it was made now.
    pub is_new: bool,
    /// Whether anything changed.
    pub is_changed: bool,
    /// Whether it was left as it is, because a newer build has set it since.
    pub is_superseded: bool,
}

impl Store {
    /// Sets a pipeline in one transaction: configuration, jobs, resources, edges, pins, and a
    /// request to schedule all its jobs. A configuration that is stored already changes nothing
    /// but the parent, and brings back pins of the configuration that a person removed.
    ///
    /// # Errors
    /// A conflict when the pipeline is not at `from_version`, or names are swapped by
    /// `old_name`.
    pub async fn set_pipeline(&self, ask: SetPipeline<'_>) -> Result<PipelineSet> {
        let text = to_json(ask.config, "pipeline")?;
        let now = self.now();
        transact!(self, Power, |tx| {
            match find(tx, ask.pipeline).await? {
                None => create(tx, &ask, &text, now).await,
                Some(stored) => update(tx, &ask, stored, &text, now).await,
            }
        })
    }
}

/// A pipeline as it is before it is set.
struct Stored {
    id: PipelineId,
    version: i64,
    is_archived: bool,
    parent_build: Option<BuildId>,
    config: Option<String>,
}

async fn find(tx: &mut Tx, pipeline: &PipelineRef) -> Result<Option<Stored>> {
    let sql = "SELECT p.id, p.version, p.archived_at, p.parent_build_id, p.config \
               FROM pipelines p JOIN teams t ON t.id = p.team_id \
               WHERE t.name = $1 AND p.name = $2 AND p.instance = $3";
    let args = args![&pipeline.team, &pipeline.name, &pipeline.instance];
    let Some(mut row) = tx.fetch_optional(sql, args).await? else { return Ok(None) };
    Ok(Some(Stored {
        id: row.take()?,
        version: row.take()?,
        is_archived: row.take_opt::<Timestamp>()?.is_some(),
        parent_build: row.take_opt()?,
        config: row.take_opt()?,
    }))
}

async fn create(
    tx: &mut Tx,
    ask: &SetPipeline<'_>,
    text: &str,
    now: Timestamp,
) -> Result<PipelineSet> {
    if ask.from_version.is_some_and(|version| version != 0) {
        return Err(stale(ask.pipeline));
    }
    let team = team(tx, &ask.pipeline.team).await?;
    let version = next_version(tx).await?;
    let (parent_job, parent_build) = parent(tx, ask.by).await?;
    let paused_at = matches!(ask.by, SetBy::Person { is_new_paused: true }).then_some(now);
    // Instances of one name stand together.
    let sql = "INSERT INTO pipelines (team_id, name, instance, version, position, paused_at, \
               updated_at, parent_job_id, parent_build_id, config, groups) \
               SELECT $1, $2, $3, $4, COALESCE(\
                 (SELECT MIN(position) FROM pipelines WHERE team_id = $1 AND name = $2), \
                 (SELECT MAX(position) + 1 FROM pipelines WHERE team_id = $1), 1), \
               $5, $6, $7, $8, $9, $10 RETURNING id";
    let args = args![
        team,
        &ask.pipeline.name,
        &ask.pipeline.instance,
        version,
        paused_at,
        now,
        parent_job,
        parent_build,
        text,
        to_json(&ask.config.groups, "groups")?,
    ];
    let id: PipelineId = tx.fetch_one(sql, args).await?.take()?;
    save_parts(tx, id, ask.config).await?;
    request(tx, now, Which::Pipeline(id)).await?;
    tx.tell(Change::Pipeline(id));
    Ok(PipelineSet { id, version, is_new: true, is_changed: true, is_superseded: false })
}

async fn update(
    tx: &mut Tx,
    ask: &SetPipeline<'_>,
    stored: Stored,
    text: &str,
    now: Timestamp,
) -> Result<PipelineSet> {
    let id = stored.id;
    let mut answer = PipelineSet {
        id,
        version: stored.version,
        is_new: false,
        is_changed: false,
        is_superseded: false,
    };
    if ask.from_version.is_some_and(|version| version != stored.version) {
        return Err(stale(ask.pipeline));
    }
    if let (SetBy::Build(build), Some(parent)) = (ask.by, stored.parent_build)
        && parent > build
    {
        answer.is_superseded = true;
        return Ok(answer);
    }
    let (parent_job, parent_build) = parent(tx, ask.by).await?;
    let sql = "UPDATE pipelines SET parent_job_id = $2, parent_build_id = $3 WHERE id = $1";
    tx.execute(sql, args![id, parent_job, parent_build]).await?;
    if stored.config.as_deref() == Some(text) {
        if save_pins(tx, id, ask.config).await? {
            request(tx, now, Which::Pipeline(id)).await?;
            tx.tell(Change::Pipeline(id));
        }
        return Ok(answer);
    }
    answer.version = next_version(tx).await?;
    answer.is_changed = true;
    let sql = "UPDATE pipelines SET version = $2, config = $3, updated_at = $4, groups = $5, \
               archived_at = NULL WHERE id = $1";
    let groups = to_json(&ask.config.groups, "groups")?;
    tx.execute(sql, args![id, answer.version, text, now, groups]).await?;
    if stored.is_archived && matches!(ask.by, SetBy::Build(_)) {
        let sql = "UPDATE pipelines SET paused_at = NULL, paused_by = NULL, paused_why = NULL \
                   WHERE id = $1";
        tx.execute(sql, args![id]).await?;
    }
    rename_all(tx, id, ask.config).await?;
    save_parts(tx, id, ask.config).await?;
    request(tx, now, Which::Pipeline(id)).await?;
    tx.tell(Change::Pipeline(id));
    Ok(answer)
}

fn stale(pipeline: &PipelineRef) -> StoreError {
    let why = "its configuration has changed since it was read";
    StoreError::conflict(format!("set pipeline `{pipeline}`"), why)
}

async fn team(tx: &mut Tx, name: &str) -> Result<TeamId> {
    let sql = "INSERT INTO teams (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, args![name]).await?;
    tx.fetch_one("SELECT id FROM teams WHERE name = $1", args![name]).await?.take()
}

async fn next_version(tx: &mut Tx) -> Result<i64> {
    let sql = "UPDATE counters SET value = value + 1 WHERE name = 'pipeline_version' \
               RETURNING value";
    tx.fetch_one(sql, args![]).await?.take()
}

async fn parent(tx: &mut Tx, by: SetBy) -> Result<(Option<JobId>, Option<BuildId>)> {
    let SetBy::Build(build) = by else { return Ok((None, None)) };
    let sql = "SELECT job_id FROM builds WHERE id = $1";
    match tx.fetch_optional(sql, args![build]).await? {
        Some(mut row) => Ok((row.take_opt()?, Some(build))),
        None => Err(StoreError::not_found("build", build)),
    }
}

/// Writes jobs, resources and what ties them; what is not in the configuration any more becomes
/// inactive.
async fn save_parts(tx: &mut Tx, id: PipelineId, config: &Pipeline) -> Result<()> {
    for sql in [
        "UPDATE jobs SET is_active = FALSE WHERE pipeline_id = $1",
        "UPDATE resources SET is_active = FALSE WHERE pipeline_id = $1",
        "DELETE FROM job_inputs WHERE job_id IN (SELECT id FROM jobs WHERE pipeline_id = $1)",
        "DELETE FROM job_passed WHERE job_id IN (SELECT id FROM jobs WHERE pipeline_id = $1)",
        "DELETE FROM job_outputs WHERE job_id IN (SELECT id FROM jobs WHERE pipeline_id = $1)",
        "DELETE FROM job_serial_groups WHERE job_id IN \
         (SELECT id FROM jobs WHERE pipeline_id = $1)",
    ] {
        tx.execute(sql, args![id]).await?;
    }
    let mut names = Names::default();
    for (place, resource) in (0i64..).zip(&config.resources) {
        let saved = save_resource(tx, id, place, resource).await?;
        names.resources.insert(&resource.name, saved);
    }
    for (place, job) in (0i64..).zip(&config.jobs) {
        names.jobs.insert(&job.name, save_job(tx, id, place, job).await?);
    }
    for job in &config.jobs {
        save_edges(tx, &names, job).await?;
    }
    save_pins(tx, id, config).await?;
    Ok(())
}

/// What the parts' ids are.
#[derive(Default)]
struct Names<'a> {
    resources: BTreeMap<&'a str, ResourceId>,
    jobs: BTreeMap<&'a str, JobId>,
}

async fn save_resource(
    tx: &mut Tx,
    id: PipelineId,
    place: i64,
    resource: &Resource,
) -> Result<ResourceId> {
    let sql = "INSERT INTO resources (pipeline_id, name, kind, is_active, position, config) \
               VALUES ($1, $2, $3, TRUE, $4, $5) \
               ON CONFLICT (pipeline_id, name) DO UPDATE SET kind = excluded.kind, \
               is_active = TRUE, position = excluded.position, config = excluded.config \
               RETURNING id";
    let config = to_json(resource, "resource")?;
    tx.fetch_one(sql, args![id, &resource.name, &resource.kind, place, config]).await?.take()
}

async fn save_job(tx: &mut Tx, id: PipelineId, place: i64, job: &Job) -> Result<JobId> {
    let sql = "INSERT INTO jobs (pipeline_id, name, is_active, position, config) \
               VALUES ($1, $2, TRUE, $3, $4) \
               ON CONFLICT (pipeline_id, name) DO UPDATE SET is_active = TRUE, \
               position = excluded.position, config = excluded.config RETURNING id";
    let config = to_json(job, "job")?;
    tx.fetch_one(sql, args![id, &job.name, place, config]).await?.take()
}

/// Writes a job's inputs, passed jobs, outputs and serial groups. A name that the pipeline does
/// not know is left out: the dialect has told of it.
async fn save_edges(tx: &mut Tx, names: &Names<'_>, job: &Job) -> Result<()> {
    let Some(id) = names.jobs.get(job.name.as_str()) else { return Ok(()) };
    for (place, get) in (0i64..).zip(job.inputs()) {
        let Some(resource) = names.resources.get(get.resource()) else { continue };
        let sql = "INSERT INTO job_inputs (job_id, position, name, resource_id, is_trigger, \
                   has_passed) VALUES ($1, $2, $3, $4, $5, $6)";
        let args = args![*id, place, &get.name, *resource, get.trigger, !get.passed.is_empty()];
        tx.execute(sql, args).await?;
        for passed in &get.passed {
            let Some(passed) = names.jobs.get(passed.as_str()) else { continue };
            let sql = "INSERT INTO job_passed (job_id, position, passed_job_id) \
                       VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            tx.execute(sql, args![*id, place, *passed]).await?;
        }
    }
    for (place, put) in (0i64..).zip(job.outputs()) {
        let Some(resource) = names.resources.get(put.resource()) else { continue };
        let sql = "INSERT INTO job_outputs (job_id, position, name, resource_id) \
                   VALUES ($1, $2, $3, $4)";
        tx.execute(sql, args![*id, place, &put.name, *resource]).await?;
    }
    for group in job.effective_serial_groups() {
        let sql = "INSERT INTO job_serial_groups (job_id, name) VALUES ($1, $2) \
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, args![*id, group]).await?;
    }
    forget_caches(tx, *id, job).await
}

/// Forgets the caches of tasks that the job does not have any more.
async fn forget_caches(tx: &mut Tx, id: JobId, job: &Job) -> Result<()> {
    let mut steps = Vec::new();
    job.walk(&mut |step| {
        if let crate::model::Step::Task(task) = step {
            steps.push(task.name.as_str());
        }
    });
    let sql = "SELECT DISTINCT step FROM task_caches WHERE job_id = $1";
    for mut row in tx.fetch_all(sql, args![id]).await? {
        let step: String = row.take()?;
        if !steps.contains(&step.as_str()) {
            let sql = "DELETE FROM task_caches WHERE job_id = $1 AND step = $2";
            tx.execute(sql, args![id, step]).await?;
        }
    }
    Ok(())
}

/// Pins of the configuration take the place of all pins; a person's pin stays where the
/// configuration has none. A pin without a person behind it is the configuration's.
///
/// Tells whether any pin changed.
async fn save_pins(tx: &mut Tx, id: PipelineId, config: &Pipeline) -> Result<bool> {
    let mut n_changed = 0;
    for resource in &config.resources {
        let name = &resource.name;
        n_changed += match &resource.version {
            Some(version) => {
                let sql = "UPDATE resources SET pin = $3, pin_by = NULL, pin_comment = NULL \
                           WHERE pipeline_id = $1 AND name = $2 \
                           AND (pin IS NULL OR pin <> $3 OR pin_by IS NOT NULL)";
                tx.execute(sql, args![id, name, to_json(version, "pin")?]).await?
            }
            None => {
                let sql = "UPDATE resources SET pin = NULL, pin_comment = NULL \
                           WHERE pipeline_id = $1 AND name = $2 \
                           AND pin IS NOT NULL AND pin_by IS NULL";
                tx.execute(sql, args![id, name]).await?
            }
        };
    }
    Ok(n_changed > 0)
}

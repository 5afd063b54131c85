//! Fills [`crate::scheduler::facts`]: one moment of the database, as much history as asked for.

mod history;
mod number;
mod past;
mod queue;
mod resource;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::queue::n_running;

use self::number::Numbers;
use super::pool::Tx;
use super::resource::{CheckState, find_pinned};
use super::row::args;
use super::{Result, Store, StoreError};
use crate::model::version::VersionMode;
use crate::model::{Job, JobId, PipelineId, ResourceId, ScopeId, Timestamp, Version};
use crate::scheduler::facts::{InputFacts, JobFacts};

/// How much history facts hold at first.
pub const FIRST_PAGE: u32 = 100;

impl Store {
    /// The facts of a job with at most `page` entries of each history; ask again with twice as
    /// much when a decision wants older ones.
    ///
    /// # Errors
    /// Not found.
    pub async fn job_facts(&self, job: JobId, page: u32) -> Result<JobFacts> {
        let mut tx = self.db().begin_read().await?;
        let facts = read(&mut tx, job, i64::from(page)).await;
        tx.rollback().await;
        facts
    }
}

/// A job while its facts are gathered.
struct Gathering<'a> {
    tx: &'a mut Tx,
    page: i64,
    pipeline: PipelineId,
    config: Job,
    facts: JobFacts,
    /// The present scope of each resource that an input takes.
    scopes: BTreeMap<ResourceId, Option<ScopeId>>,
    numbers: Numbers,
}

async fn read(tx: &mut Tx, job: JobId, page: i64) -> Result<JobFacts> {
    let mut gathering = begin(tx, job, page).await?;
    gathering.read_inputs().await?;
    gathering.read_versions().await?;
    gathering.read_passed().await?;
    gathering.read_disabled().await?;
    gathering.read_beyond().await?;
    gathering.read_past().await?;
    gathering.read_pending().await?;
    gathering.read_running().await?;
    Ok(gathering.facts)
}

async fn begin(tx: &mut Tx, job: JobId, page: i64) -> Result<Gathering<'_>> {
    let sql = "SELECT j.pipeline_id, j.name, j.config, j.paused_at, p.paused_at, p.archived_at \
               FROM jobs j JOIN pipelines p ON p.id = j.pipeline_id WHERE j.id = $1";
    let Some(mut row) = tx.fetch_optional(sql, args![job]).await? else {
        return Err(StoreError::not_found("job", job));
    };
    let pipeline = row.take()?;
    let name = row.take()?;
    let config: Job = row.take_json("job")?;
    let facts = JobFacts {
        job,
        name,
        limit: config.limit(),
        is_paused: row.take_opt::<Timestamp>()?.is_some(),
        is_pipeline_paused: row.take_opt::<Timestamp>()?.is_some(),
        is_pipeline_archived: row.take_opt::<Timestamp>()?.is_some(),
        ..JobFacts::default()
    };
    Ok(Gathering {
        tx,
        page,
        pipeline,
        config,
        facts,
        scopes: BTreeMap::new(),
        numbers: Numbers::default(),
    })
}

impl Gathering<'_> {
    async fn read_inputs(&mut self) -> Result<()> {
        let mut passed: BTreeMap<i64, BTreeSet<JobId>> = BTreeMap::new();
        let sql = "SELECT position, passed_job_id FROM job_passed WHERE job_id = $1";
        for mut row in self.tx.fetch_all(sql, args![self.facts.job]).await? {
            passed.entry(row.take()?).or_default().insert(row.take()?);
        }
        let sql = format!(
            "SELECT i.position, i.name, i.resource_id, i.is_trigger, r.scope_id, r.pin, {}, \
             c.ended_at, c.error, c.next_at \
             FROM job_inputs i JOIN resources r ON r.id = i.resource_id \
             LEFT JOIN scopes s ON s.id = r.scope_id \
             LEFT JOIN scopeless_checks c ON c.resource_id = r.id AND r.scope_id IS NULL \
             WHERE i.job_id = $1 ORDER BY i.position",
            CheckState::COLUMNS
        );
        let modes: Vec<VersionMode> =
            self.config.inputs().into_iter().map(|get| get.version.clone()).collect();
        for mut row in self.tx.fetch_all(sql, args![self.facts.job]).await? {
            let position: i64 = row.take()?;
            let name = row.take()?;
            let resource = row.take()?;
            let is_trigger = row.take()?;
            let scope: Option<ScopeId> = row.take_opt()?;
            let pin: Option<Version> = row.take_opt()?;
            let check = CheckState::read_either(&mut row)?;
            let asked = usize::try_from(position).ok().and_then(|place| modes.get(place));
            let asked = asked.cloned().unwrap_or_default();
            let version = match (&asked, &pin) {
                (VersionMode::Pinned(_), _) | (_, None) => asked.clone(),
                (_, Some(pin)) => VersionMode::Pinned(pin.clone()),
            };
            let was_every = asked == VersionMode::Every && version != VersionMode::Every;
            let pinned = match (&version, scope) {
                (VersionMode::Pinned(pin), Some(scope)) => find_pinned(self.tx, scope, pin).await?,
                _ => None,
            };
            self.scopes.insert(resource, scope);
            self.facts.inputs.push(InputFacts {
                name,
                resource,
                passed: passed.remove(&position).unwrap_or_default(),
                is_trigger,
                version,
                was_every,
                pinned,
                is_resource_pin: pin.is_some(),
                last_check_ended_at: check.as_ref().and_then(|check| check.ended_at),
                next_check_at: check.and_then(|check| check.next_at),
                has_scope: scope.is_some(),
            });
        }
        Ok(())
    }

    /// The resources that inputs take.
    fn resources(&self) -> Vec<(ResourceId, Option<ScopeId>)> {
        self.scopes.iter().map(|(resource, scope)| (*resource, *scope)).collect()
    }
}

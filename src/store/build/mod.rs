//! Builds: making, starting, ending, listing; what they got and put.

mod create;
mod finish;
mod input;
mod pointer;
mod read;
mod start;

pub use input::{InputRow, OutputRow, VersionUse};
pub use start::Started;

pub(super) use create::create_scheduled;
pub(super) use finish::finish;
pub(super) use start::{Adopted, adopt_all, start, take_place};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::build::Status;
use crate::model::{BuildId, JobId, PipelineId, PipelineRef, PlanId, ResourceId, Timestamp};

use super::notify::{BuildChange, Change};
use super::pool::Tx;
use super::row::{Row, args};
use super::{Result, StoreError};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl BuildKind {
    /// The word in the database.
    fn word(self) -> &'static str {
        match self {
            BuildKind::Scheduled => "scheduled",
            BuildKind::Manual => "manual",
            BuildKind::Rerun(_) => "rerun",
            BuildKind::Check => "check",
        }
    }

    fn read(word: &str, rerun_of: Option<BuildId>) -> Result<Self> {
        match (word, rerun_of) {
            ("scheduled", _) => Ok(BuildKind::Scheduled),
            ("manual", _) => Ok(BuildKind::Manual),
            ("rerun", Some(of)) => Ok(BuildKind::Rerun(of)),
            ("check", _) => Ok(BuildKind::Check),
            _ => Err(StoreError::Decode {
                what: "build".to_owned(),
                source: format!("unknown kind `{word}`").into(),
            }),
        }
    }
}

impl BuildRow {
    /// The columns of a build, in the order of [`BuildRow::read`]; needs [`BuildRow::FROM`].
    pub(super) const COLUMNS: &str = "b.id, b.name, b.kind, b.rerun_of, bt.name, \
        b.pipeline_id, bp.name, bp.instance, b.job_id, bj.name, b.resource_id, br.name, \
        b.status, b.created_at, b.started_at, b.ended_at, b.created_by, b.aborted_by, \
        b.is_aborted, b.is_scheduled, b.are_inputs_ready, b.cause";

    /// Builds `b` with the names of what they belong to.
    pub(super) const FROM: &str = "FROM builds b JOIN teams bt ON bt.id = b.team_id \
        LEFT JOIN pipelines bp ON bp.id = b.pipeline_id \
        LEFT JOIN jobs bj ON bj.id = b.job_id \
        LEFT JOIN resources br ON br.id = b.resource_id";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        let id = row.take()?;
        let name = row.take()?;
        let kind: String = row.take()?;
        let kind = BuildKind::read(&kind, row.take_opt()?)?;
        let team: String = row.take()?;
        let pipeline = match (row.take_opt()?, row.take_opt()?, row.take_opt()?) {
            (Some(id), Some(name), Some(instance)) => {
                Some((id, PipelineRef { team: team.clone(), name, instance }))
            }
            _ => None,
        };
        let job = pair(row)?;
        let resource = pair(row)?;
        let status: Status = row.take()?;
        let mut build = Self {
            id,
            name,
            kind,
            team,
            pipeline,
            job,
            resource,
            status,
            created_at: row.take()?,
            started_at: row.take_opt()?,
            ended_at: row.take_opt()?,
            created_by: row.take_opt()?,
            aborted_by: row.take_opt()?,
            is_aborting: row.take()?,
            is_scheduled: row.take()?,
            are_inputs_ready: row.take()?,
            cause: row.take_json_opt("cause")?,
        };
        build.is_aborting &= !status.is_over();
        Ok(build)
    }

    /// What to tell of it.
    pub(super) fn change(&self, what: BuildChange) -> Change {
        Change::Build {
            build: self.id,
            job: self.job.as_ref().map(|(id, _)| *id),
            pipeline: self.pipeline.as_ref().map(|(id, _)| *id),
            what,
        }
    }
}

/// Takes an id and a name.
fn pair<T: super::row::Column>(row: &mut Row) -> Result<Option<(T, String)>> {
    Ok(match (row.take_opt()?, row.take_opt()?) {
        (Some(id), Some(name)) => Some((id, name)),
        _ => None,
    })
}

/// A build, inside a transaction.
///
/// # Errors
/// Not found.
pub(super) async fn find(tx: &mut Tx, build: BuildId) -> Result<BuildRow> {
    let sql = format!("SELECT {} {} WHERE b.id = $1", BuildRow::COLUMNS, BuildRow::FROM);
    match tx.fetch_optional(sql, args![build]).await? {
        Some(mut row) => BuildRow::read(&mut row),
        None => Err(StoreError::not_found("build", build)),
    }
}

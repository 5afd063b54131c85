//! Pipelines: setting, pausing, archiving, listing.

mod archive;
mod overview;
mod rename;
mod set;

pub use overview::{JobOverview, Overview, PipelineOverview};
pub use set::{PipelineSet, SetBy, SetPipeline};

pub(super) use archive::archive_children;

use crate::model::{BuildId, JobId, Pipeline, PipelineId, PipelineRef, Timestamp};

use super::job::{Which, request};
use super::notify::Change;
use super::pool::{Tx, transact};
use super::row::{Row, args};
use super::{Result, Store, StoreError};

/// A pipeline as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRow {
    /// Its id.
    pub id: PipelineId,
    /// Its team, name and instance vars.
    pub pipeline: PipelineRef,
    /// The version of its configuration, from one sequence of all pipelines.
    pub version: i64,
    /// Its place among the team's.
    pub position: i64,
    /// Whether and why it is paused.
    pub pause: Option<Paused>,
    /// Whether it is archived.
    pub is_archived: bool,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// The build that set it last, if a build did.
    pub parent: Option<(JobId, BuildId)>,
}

/// Who paused a thing, why, since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub why: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

impl Paused {
    /// Takes the columns since when, by whom, why.
    pub(super) fn read(row: &mut Row) -> Result<Option<Self>> {
        let since: Option<Timestamp> = row.take_opt()?;
        let by: Option<String> = row.take_opt()?;
        let why = row.take_opt()?;
        Ok(since.map(|since| Self { by: by.unwrap_or_default(), why, since }))
    }
}

impl PipelineRow {
    /// The columns of a pipeline `p` of a team `t`, in the order of [`PipelineRow::read`].
    pub(super) const COLUMNS: &str = "p.id, t.name, p.name, p.instance, p.version, p.position, \
        p.paused_at, p.paused_by, p.paused_why, p.archived_at, p.updated_at, p.parent_job_id, \
        p.parent_build_id";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            pipeline: PipelineRef { team: row.take()?, name: row.take()?, instance: row.take()? },
            version: row.take()?,
            position: row.take()?,
            pause: Paused::read(row)?,
            is_archived: row.take_opt::<Timestamp>()?.is_some(),
            updated_at: row.take()?,
            parent: match (row.take_opt()?, row.take_opt()?) {
                (Some(job), Some(build)) => Some((job, build)),
                _ => None,
            },
        })
    }
}

impl Store {
    /// The pipeline of that name.
    pub async fn pipeline(&self, pipeline: &PipelineRef) -> Result<Option<PipelineRow>> {
        let sql = format!(
            "SELECT {} FROM pipelines p JOIN teams t ON t.id = p.team_id \
             WHERE t.name = $1 AND p.name = $2 AND p.instance = $3",
            PipelineRow::COLUMNS
        );
        let args = args![&pipeline.team, &pipeline.name, &pipeline.instance];
        let row = self.db().fetch_optional(sql, args).await?;
        row.map(|mut row| PipelineRow::read(&mut row)).transpose()
    }

    /// The pipeline of that id.
    pub async fn pipeline_by_id(&self, id: PipelineId) -> Result<Option<PipelineRow>> {
        let sql = format!(
            "SELECT {} FROM pipelines p JOIN teams t ON t.id = p.team_id WHERE p.id = $1",
            PipelineRow::COLUMNS
        );
        let row = self.db().fetch_optional(sql, args![id]).await?;
        row.map(|mut row| PipelineRow::read(&mut row)).transpose()
    }

    /// A pipeline's configuration; an archived one has none.
    pub async fn pipeline_config(&self, id: PipelineId) -> Result<Option<Pipeline>> {
        let sql = "SELECT config FROM pipelines WHERE id = $1";
        match self.db().fetch_optional(sql, args![id]).await? {
            Some(mut row) => row.take_json_opt("pipeline"),
            None => Ok(None),
        }
    }

    /// All pipelines, by team and place.
    pub async fn list_pipelines(&self) -> Result<Vec<PipelineRow>> {
        let sql = format!(
            "SELECT {} FROM pipelines p JOIN teams t ON t.id = p.team_id \
             ORDER BY t.name, p.position, p.id",
            PipelineRow::COLUMNS
        );
        let rows = self.db().fetch_all(sql, args![]).await?;
        rows.into_iter().map(|mut row| PipelineRow::read(&mut row)).collect()
    }

    /// Starts no further builds of it. Pausing again changes who and why.
    ///
    /// # Errors
    /// Not found; a conflict for an archived one.
    pub async fn pause_pipeline(&self, id: PipelineId, by: &str, why: Option<&str>) -> Result<()> {
        let sql = "UPDATE pipelines SET paused_at = COALESCE(paused_at, $2), paused_by = $3, \
                   paused_why = $4 WHERE id = $1";
        transact!(self, Process, |tx| {
            refuse_archived(tx, id, "pause a pipeline").await?;
            tx.execute(sql, args![id, self.now(), by, why]).await?;
            tx.tell(Change::Pipeline(id));
            Ok(())
        })
    }

    /// Starts builds of it again and requests scheduling of all its jobs.
    ///
    /// # Errors
    /// Not found; a conflict for an archived one.
    pub async fn unpause_pipeline(&self, id: PipelineId) -> Result<()> {
        let sql = "UPDATE pipelines SET paused_at = NULL, paused_by = NULL, paused_why = NULL \
                   WHERE id = $1";
        transact!(self, Process, |tx| {
            refuse_archived(tx, id, "unpause a pipeline").await?;
            tx.execute(sql, args![id]).await?;
            tx.tell(Change::Pipeline(id));
            request(tx, self.now(), Which::Pipeline(id)).await
        })
    }

    /// Gives it, with all its instances, another name.
    ///
    /// # Errors
    /// Not found; a conflict when the name is taken.
    pub async fn rename_pipeline(&self, pipeline: &PipelineRef, name: &str) -> Result<()> {
        let count = "SELECT COUNT(*) FROM pipelines p JOIN teams t ON t.id = p.team_id \
                     WHERE t.name = $1 AND p.name = $2";
        let sql = "UPDATE pipelines SET name = $3 WHERE name = $2 AND team_id = \
                   (SELECT id FROM teams WHERE name = $1) RETURNING id";
        transact!(self, Process, |tx| {
            if name == pipeline.name {
                return Ok(());
            }
            let taken: i64 = tx.fetch_one(count, args![&pipeline.team, name]).await?.take()?;
            if taken > 0 {
                let action = format!("rename pipeline `{pipeline}`");
                return Err(StoreError::conflict(action, format!("`{name}` exists")));
            }
            let renamed = tx.fetch_all(sql, args![&pipeline.team, &pipeline.name, name]).await?;
            if renamed.is_empty() {
                return Err(StoreError::not_found("pipeline", pipeline));
            }
            for mut row in renamed {
                tx.tell(Change::Pipeline(row.take()?));
            }
            Ok(())
        })
    }
}

/// Refuses what an archived pipeline does not allow.
///
/// # Errors
/// Not found; a conflict for an archived one.
pub(super) async fn refuse_archived(tx: &mut Tx, pipeline: PipelineId, action: &str) -> Result<()> {
    let sql = "SELECT archived_at FROM pipelines WHERE id = $1";
    let Some(mut row) = tx.fetch_optional(sql, args![pipeline]).await? else {
        return Err(StoreError::not_found("pipeline", pipeline));
    };
    match row.take_opt::<Timestamp>()? {
        None => Ok(()),
        Some(_) => Err(StoreError::conflict(action, "action not allowed for an archived pipeline")),
    }
}

//! Pipelines: setting, pausing, archiving, listing.

mod overview;

pub use overview::{JobOverview, Overview, PipelineOverview};

use crate::model::{BuildId, JobId, Pipeline, PipelineId, PipelineRef, Timestamp};

use super::{Result, Store};

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
    /// but the parent.
    ///
    /// # Errors
    /// [`super::StoreError::Conflict`] when the pipeline is not at `from_version`, or names are
    /// swapped by `old_name`.
    pub async fn set_pipeline(&self, _ask: SetPipeline<'_>) -> Result<PipelineSet> {
        todo!()
    }

    /// The pipeline of that name.
    pub async fn pipeline(&self, _pipeline: &PipelineRef) -> Result<Option<PipelineRow>> {
        todo!()
    }

    /// The pipeline of that id.
    pub async fn pipeline_by_id(&self, _id: PipelineId) -> Result<Option<PipelineRow>> {
        todo!()
    }

    /// A pipeline's configuration; an archived one has none.
    pub async fn pipeline_config(&self, _id: PipelineId) -> Result<Option<Pipeline>> {
        todo!()
    }

    /// All pipelines, by team and place.
    pub async fn list_pipelines(&self) -> Result<Vec<PipelineRow>> {
        todo!()
    }

    /// Starts no further builds of it. Pausing again changes who and why.
    ///
    /// # Errors
    /// Not found; a conflict for an archived one.
    pub async fn pause_pipeline(
        &self,
        _id: PipelineId,
        _by: &str,
        _why: Option<&str>,
    ) -> Result<()> {
        todo!()
    }

    /// Starts builds of it again and requests scheduling of all its jobs.
    ///
    /// # Errors
    /// Not found; a conflict for an archived one.
    pub async fn unpause_pipeline(&self, _id: PipelineId) -> Result<()> {
        todo!()
    }

    /// Archives it: paused, configuration cleared, history kept. Doing it again changes nothing.
    ///
    /// # Errors
    /// Not found.
    pub async fn archive_pipeline(&self, _id: PipelineId, _by: &str) -> Result<()> {
        todo!()
    }

    /// Deletes it with all its history. Gives the builds whose logs are of no use any more.
    ///
    /// # Errors
    /// Not found.
    pub async fn destroy_pipeline(&self, _id: PipelineId) -> Result<Vec<BuildId>> {
        todo!()
    }

    /// Gives it, with all its instances, another name.
    ///
    /// # Errors
    /// Not found; a conflict when the name is taken.
    pub async fn rename_pipeline(&self, _pipeline: &PipelineRef, _name: &str) -> Result<()> {
        todo!()
    }
}

//! Resources, the scopes that hold their histories, versions, pins, checks.

use crate::model::version::MetadataField;
use crate::model::{
    BuildId, Map, PipelineId, Resource, ResourceId, ScopeId, Timestamp, Version, VersionId,
};

use super::{Result, Store};

/// A resource as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRow {
    /// Its id.
    pub id: ResourceId,
    /// Its pipeline.
    pub pipeline: PipelineId,
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub kind: String,
    /// Whether the pipeline's present configuration has it.
    pub is_active: bool,
    /// Its configuration.
    pub config: Resource,
    /// The version history that it is attached to.
    pub scope: Option<ScopeId>,
    /// The version that all its inputs take.
    pub pin: Option<Pin>,
}

/// A pin of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The version, or fields that it must have.
    pub version: Version,
    /// Who pinned it; nothing for the configuration.
    pub by: Option<String>,
    /// Why, in their words.
    pub comment: Option<String>,
}

/// A version as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Its id.
    pub id: VersionId,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// Its rank in its scope; the highest is the latest, 0 was never reported by a check.
    pub check_order: i64,
    /// Whether it may be used.
    pub is_enabled: bool,
}

/// A resource as an overview shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceOverview {
    /// The resource.
    pub row: ResourceRow,
    /// The newest version of its scope.
    pub latest: Option<VersionRow>,
    /// Its scope's last check.
    pub check: Option<CheckState>,
}

/// How the last check of a scope went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckState {
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended; before `started_at` or nothing while it runs.
    pub ended_at: Option<Timestamp>,
    /// Whether it went well.
    pub is_ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// When the next is due.
    pub next_at: Option<Timestamp>,
    /// The build that shows it, if one does.
    pub build: Option<BuildId>,
}

impl CheckState {
    /// Whether one runs.
    pub fn is_running(&self) -> bool {
        self.started_at.is_some() && self.ended_at < self.started_at
    }
}

/// What a version history belongs to: a type and a source, filled.
#[derive(Debug, Clone, Copy)]
pub struct ScopeKey<'a> {
    /// The type; for a custom type, what tells its image apart too.
    pub kind: &'a str,
    /// The source with all references filled. Only a digest of it is kept.
    pub source: &'a Map,
    /// Whether resources with the same type and source share the history.
    pub is_shared: bool,
}

/// A resource's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached {
    /// The scope.
    pub scope: ScopeId,
    /// Whether the resource had another before, or none.
    pub is_moved: bool,
}

/// What saving versions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionsSaved {
    /// How many were unknown before.
    pub n_new: u32,
    /// The latest version now.
    pub latest: Option<VersionId>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckEnd<'a> {
    /// Why it failed; nothing if it went well.
    pub error: Option<&'a str>,
    /// When the next is due.
    pub next_at: Timestamp,
}

/// A resource with all that says whether it is due for a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCandidate {
    /// The resource.
    pub row: ResourceRow,
    /// Its scope's last check.
    pub check: Option<CheckState>,
    /// Whether some job takes it as a trigger without `passed`.
    pub is_trigger: bool,
    /// Whether some job takes it without trigger and without `passed`.
    pub is_plain_input: bool,
    /// Whether its scope has any version that a check reported.
    pub has_versions: bool,
    /// Whether a stored version matches its pin; true without a pin.
    pub is_pin_known: bool,
}

impl Store {
    /// The active resource of that name.
    pub async fn resource(
        &self,
        _pipeline: PipelineId,
        _name: &str,
    ) -> Result<Option<ResourceRow>> {
        todo!()
    }

    /// The resource of that id, active or not.
    pub async fn resource_by_id(&self, _resource: ResourceId) -> Result<Option<ResourceRow>> {
        todo!()
    }

    /// Active resources of pipelines that are not paused, with what says whether they are due.
    pub async fn check_candidates(&self) -> Result<Vec<CheckCandidate>> {
        todo!()
    }

    /// Finds or makes the scope of that key and points the resource at it. Jobs that use the
    /// resource are requested when it moves.
    ///
    /// # Errors
    /// Not found.
    pub async fn attach_scope(
        &self,
        _resource: ResourceId,
        _key: ScopeKey<'_>,
    ) -> Result<Attached> {
        todo!()
    }

    /// Saves versions that a check found, oldest first: known ones stay where they are unless a
    /// new one is among them, then all move up in the order given. Jobs that take a resource of
    /// the scope without `passed` are requested when anything is new.
    pub async fn save_versions(
        &self,
        _scope: ScopeId,
        _versions: &[Version],
    ) -> Result<VersionsSaved> {
        todo!()
    }

    /// Versions of a resource, newest first: older than `before` if that is given, with all
    /// fields of `filter`, at most `limit`.
    pub async fn versions(
        &self,
        _resource: ResourceId,
        _before: Option<VersionId>,
        _filter: &Version,
        _limit: u32,
    ) -> Result<Vec<VersionRow>> {
        todo!()
    }

    /// One version of the resource's scope.
    pub async fn version(
        &self,
        _resource: ResourceId,
        _version: VersionId,
    ) -> Result<Option<VersionRow>> {
        todo!()
    }

    /// The latest version of a scope.
    pub async fn latest_version(&self, _scope: ScopeId) -> Result<Option<VersionRow>> {
        todo!()
    }

    /// Pins a resource to a version of its scope.
    ///
    /// # Errors
    /// Not found; a conflict when the configuration pins it, or its pipeline is archived.
    pub async fn pin_version(
        &self,
        _resource: ResourceId,
        _version: VersionId,
        _by: &str,
        _comment: Option<&str>,
    ) -> Result<()> {
        todo!()
    }

    /// Removes whatever pin is stored.
    pub async fn unpin_version(&self, _resource: ResourceId) -> Result<()> {
        todo!()
    }

    /// Lets a version be used, or not. It holds for the same content in later scopes too.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn enable_version(&self, _resource: ResourceId, _version: VersionId) -> Result<()> {
        todo!()
    }

    /// The opposite of [`Store::enable_version`].
    ///
    /// # Errors
    /// As there.
    pub async fn disable_version(&self, _resource: ResourceId, _version: VersionId) -> Result<()> {
        todo!()
    }

    /// How the last check of a scope went.
    pub async fn check_state(&self, _scope: ScopeId) -> Result<Option<CheckState>> {
        todo!()
    }

    /// Notes that a check of the scope begins; `build` shows it.
    pub async fn begin_check(&self, _scope: ScopeId, _build: Option<BuildId>) -> Result<()> {
        todo!()
    }

    /// Notes how a check of the scope ended.
    pub async fn end_check(&self, _scope: ScopeId, _end: CheckEnd<'_>) -> Result<()> {
        todo!()
    }

    /// Notes that a resource without a scope cannot be checked: its source cannot be filled.
    pub async fn note_check_error(
        &self,
        _resource: ResourceId,
        _error: Option<&str>,
        _next_at: Timestamp,
    ) -> Result<()> {
        todo!()
    }
}

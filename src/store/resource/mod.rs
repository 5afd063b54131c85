//! Resources, the scopes that hold their histories, versions, pins, checks.

mod check;
mod pin;
mod scope;
mod version;

pub use check::{CheckCandidate, CheckEnd, CheckState};
pub use scope::{Attached, ScopeKey};
pub use version::{VersionRow, VersionsSaved};

pub(super) use pin::find_pinned;
pub(super) use scope::scope_of_put;
pub(super) use version::{digest, save_versions, text};

use crate::model::{PipelineId, Resource, ResourceId, ScopeId, Version};

use super::pool::Tx;
use super::row::{Row, args};
use super::{Result, Store, StoreError};

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

impl ResourceRow {
    /// The columns of a resource `r`, in the order of [`ResourceRow::read`].
    pub(super) const COLUMNS: &str = "r.id, r.pipeline_id, r.name, r.kind, r.is_active, \
        r.config, r.scope_id, r.pin, r.pin_by, r.pin_comment";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            pipeline: row.take()?,
            name: row.take()?,
            kind: row.take()?,
            is_active: row.take()?,
            config: row.take_json("resource")?,
            scope: row.take_opt()?,
            pin: Pin::read(row)?,
        })
    }
}

impl Pin {
    fn read(row: &mut Row) -> Result<Option<Self>> {
        let version: Option<Version> = row.take_opt()?;
        let by = row.take_opt()?;
        let comment = row.take_opt()?;
        Ok(version.map(|version| Self { version, by, comment }))
    }
}

impl ResourceOverview {
    /// Selects resources `r` with their newest version and last check, in the order of
    /// [`ResourceOverview::read`]; a condition may follow.
    pub(super) const SELECT: &str = "SELECT r.id, r.pipeline_id, r.name, r.kind, r.is_active, \
        r.config, r.scope_id, r.pin, r.pin_by, r.pin_comment, \
        v.id, v.version, v.metadata, v.check_order, d.digest, \
        s.id, s.check_started_at, s.check_ended_at, s.check_ok, s.check_error, s.check_next_at, \
        s.check_build_id, c.ended_at, c.error, c.next_at \
        FROM resources r \
        LEFT JOIN scopes s ON s.id = r.scope_id \
        LEFT JOIN scopeless_checks c ON c.resource_id = r.id AND r.scope_id IS NULL \
        LEFT JOIN versions v ON v.id = (SELECT n.id FROM versions n \
            WHERE n.scope_id = r.scope_id AND n.check_order > 0 \
            ORDER BY n.check_order DESC LIMIT 1) \
        LEFT JOIN disabled_versions d ON d.resource_id = r.id AND d.digest = v.digest";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            row: ResourceRow::read(row)?,
            latest: VersionRow::read_opt(row)?,
            check: CheckState::read_either(row)?,
        })
    }
}

impl Store {
    /// The active resource of that name.
    pub async fn resource(&self, pipeline: PipelineId, name: &str) -> Result<Option<ResourceRow>> {
        let sql = format!(
            "SELECT {} FROM resources r WHERE r.pipeline_id = $1 AND r.name = $2 AND r.is_active",
            ResourceRow::COLUMNS
        );
        let row = self.db().fetch_optional(sql, args![pipeline, name]).await?;
        row.map(|mut row| ResourceRow::read(&mut row)).transpose()
    }

    /// The resource of that id, active or not.
    pub async fn resource_by_id(&self, resource: ResourceId) -> Result<Option<ResourceRow>> {
        let sql = format!("SELECT {} FROM resources r WHERE r.id = $1", ResourceRow::COLUMNS);
        let row = self.db().fetch_optional(sql, args![resource]).await?;
        row.map(|mut row| ResourceRow::read(&mut row)).transpose()
    }

    /// The active resources whose history a scope is.
    pub async fn resources_of_scope(&self, scope: ScopeId) -> Result<Vec<ResourceRow>> {
        let sql = format!(
            "SELECT {} FROM resources r WHERE r.scope_id = $1 AND r.is_active",
            ResourceRow::COLUMNS
        );
        let rows = self.db().fetch_all(sql, args![scope]).await?;
        rows.into_iter().map(|mut row| ResourceRow::read(&mut row)).collect()
    }
}

/// A resource, inside a transaction.
///
/// # Errors
/// Not found.
pub(super) async fn find(tx: &mut Tx, resource: ResourceId) -> Result<ResourceRow> {
    let sql = format!("SELECT {} FROM resources r WHERE r.id = $1", ResourceRow::COLUMNS);
    match tx.fetch_optional(sql, args![resource]).await? {
        Some(mut row) => ResourceRow::read(&mut row),
        None => Err(StoreError::not_found("resource", resource)),
    }
}

//! What builds got and put.

use crate::model::version::MetadataField;
use crate::model::{BuildId, ResourceId, Version};
use crate::store::row::{Row, args};
use crate::store::{Result, Store};

/// An input of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// Whether no build of the job had it before.
    pub is_first_occurrence: bool,
    /// The version's rank in the resource's present scope, if it is known there.
    pub check_order: Option<i64>,
}

/// An output of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRow {
    /// The step's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
}

impl InputRow {
    /// The columns of an input, in the order of [`InputRow::read`]; needs [`InputRow::FROM`].
    pub(in crate::store) const COLUMNS: &str = "i.name, i.resource_id, ir.name, i.version, \
        i.metadata, i.is_first_occurrence, iv.check_order";

    /// Inputs `i` with their resources and ranks.
    pub(in crate::store) const FROM: &str = "FROM build_inputs i \
        JOIN resources ir ON ir.id = i.resource_id \
        LEFT JOIN versions iv ON iv.scope_id = ir.scope_id AND iv.digest = i.digest";

    pub(in crate::store) fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            name: row.take()?,
            resource: row.take()?,
            resource_name: row.take()?,
            version: row.take()?,
            metadata: row.take_json("metadata")?,
            is_first_occurrence: row.take()?,
            check_order: row.take_opt()?,
        })
    }
}

impl Store {
    /// What a build got, by name.
    pub async fn build_inputs(&self, build: BuildId) -> Result<Vec<InputRow>> {
        let sql = format!(
            "SELECT {} {} WHERE i.build_id = $1 ORDER BY i.name",
            InputRow::COLUMNS,
            InputRow::FROM
        );
        let rows = self.db().fetch_all(sql, args![build]).await?;
        rows.into_iter().map(|mut row| InputRow::read(&mut row)).collect()
    }

    /// What a build put, in the order of putting.
    pub async fn build_outputs(&self, build: BuildId) -> Result<Vec<OutputRow>> {
        let sql = "SELECT o.name, o.resource_id, r.name, o.version, o.metadata \
                   FROM build_outputs o JOIN resources r ON r.id = o.resource_id \
                   WHERE o.build_id = $1 ORDER BY o.id";
        let rows = self.db().fetch_all(sql, args![build]).await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(OutputRow {
                    name: row.take()?,
                    resource: row.take()?,
                    resource_name: row.take()?,
                    version: row.take()?,
                    metadata: row.take_json("metadata")?,
                })
            })
            .collect()
    }

    /// The builds that got or put a version of a resource, newest first.
    pub async fn builds_of_version(
        &self,
        resource: ResourceId,
        version: &Version,
    ) -> Result<VersionUse> {
        let digest = crate::store::resource::digest(&crate::store::resource::text(version)?);
        let mut used = VersionUse::default();
        for (found, table) in
            [(&mut used.input_to, "build_inputs"), (&mut used.output_of, "build_outputs")]
        {
            let sql = format!(
                "SELECT DISTINCT build_id FROM {table} WHERE resource_id = $1 AND digest = $2 \
                 ORDER BY build_id DESC"
            );
            for mut row in self.db().fetch_all(sql, args![resource, &digest]).await? {
                found.push(row.take()?);
            }
        }
        Ok(used)
    }
}

/// The builds that used a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionUse {
    /// Those that got it.
    pub input_to: Vec<BuildId>,
    /// Those that put it.
    pub output_of: Vec<BuildId>,
}

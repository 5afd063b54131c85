//! Versions: saving what checks and puts found, listing.
//!
//! *Follows:* Concourse's `atc/db/resource_config_scope.go`.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::model::version::MetadataField;
use crate::model::{ResourceId, ScopeId, Timestamp, Version, VersionId};
use crate::store::job::{Which, request};
use crate::store::notify::Change;
use crate::store::pool::{Tx, transact};
use crate::store::row::{Row, args, to_json};
use crate::store::{Result, Store, StoreError, hex};

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

/// What saving versions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionsSaved {
    /// How many were unknown before.
    pub n_new: u32,
    /// The latest version now.
    pub latest: Option<VersionId>,
}

impl VersionRow {
    /// The columns of a version `v` and its switch `d`, in the order of [`VersionRow::read`].
    pub(super) const COLUMNS: &str = "v.id, v.version, v.metadata, v.check_order, d.digest";

    pub(super) fn read(row: &mut Row) -> Result<Self> {
        match Self::read_opt(row)? {
            Some(version) => Ok(version),
            None => Err(StoreError::Decode { what: "version".into(), source: "it is null".into() }),
        }
    }

    pub(super) fn read_opt(row: &mut Row) -> Result<Option<Self>> {
        let id = row.take_opt()?;
        let version = row.take_opt()?;
        let metadata = row.take_json_opt("metadata")?;
        let check_order = row.take_opt()?;
        let disabled: Option<String> = row.take_opt()?;
        let (Some(id), Some(version), Some(check_order)) = (id, version, check_order) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            version,
            metadata: metadata.unwrap_or_default(),
            check_order,
            is_enabled: disabled.is_none(),
        }))
    }
}

impl Store {
    /// Saves versions that a check found, oldest first: known ones stay where they are unless a
    /// new one is among them, then all move up in the order given. Jobs that take a resource of
    /// the scope without `passed` are requested when anything is new.
    pub async fn save_versions(
        &self,
        scope: ScopeId,
        versions: &[Version],
    ) -> Result<VersionsSaved> {
        transact!(self, Process, |tx| {
            let found = versions.iter().map(|version| (version, &[][..])).collect::<Vec<_>>();
            save_versions(tx, scope, &found, self.now()).await
        })
    }

    /// Versions of a resource, newest first: older than `before` if that is given, with all
    /// fields of `filter`, at most `limit`.
    pub async fn versions(
        &self,
        resource: ResourceId,
        before: Option<VersionId>,
        filter: &Version,
        limit: u32,
    ) -> Result<Vec<VersionRow>> {
        let sql = format!(
            "SELECT {} FROM resources r JOIN versions v ON v.scope_id = r.scope_id \
             LEFT JOIN disabled_versions d ON d.resource_id = r.id AND d.digest = v.digest \
             WHERE r.id = $1 AND v.check_order > 0 AND v.check_order < $2 \
             ORDER BY v.check_order DESC LIMIT $3",
            VersionRow::COLUMNS
        );
        let mut from = match before {
            None => i64::MAX,
            Some(version) => match self.version(resource, version).await? {
                Some(version) => version.check_order,
                None => return Ok(Vec::new()),
            },
        };
        // Containment is not in the portable subset of SQL, so it is looked for page by page.
        let page = if filter.0.is_empty() { i64::from(limit) } else { i64::from(limit).max(1000) };
        let mut found = Vec::new();
        loop {
            let rows = self.db().fetch_all(sql.clone(), args![resource, from, page]).await?;
            let n_rows = rows.len();
            for mut row in rows {
                let version = VersionRow::read(&mut row)?;
                from = version.check_order;
                if version.version.satisfies(filter) {
                    found.push(version);
                }
                if found.len() >= limit as usize {
                    return Ok(found);
                }
            }
            if i64::try_from(n_rows).unwrap_or(i64::MAX) < page {
                return Ok(found);
            }
        }
    }

    /// One version of the resource's scope.
    pub async fn version(
        &self,
        resource: ResourceId,
        version: VersionId,
    ) -> Result<Option<VersionRow>> {
        let sql = format!(
            "SELECT {} FROM resources r JOIN versions v ON v.scope_id = r.scope_id \
             LEFT JOIN disabled_versions d ON d.resource_id = r.id AND d.digest = v.digest \
             WHERE r.id = $1 AND v.id = $2",
            VersionRow::COLUMNS
        );
        let row = self.db().fetch_optional(sql, args![resource, version]).await?;
        row.map(|mut row| VersionRow::read(&mut row)).transpose()
    }

    /// The latest version of a scope. A scope knows no switches: it says that it may be used.
    pub async fn latest_version(&self, scope: ScopeId) -> Result<Option<VersionRow>> {
        let sql = "SELECT v.id, v.version, v.metadata, v.check_order, CAST(NULL AS TEXT) \
                   FROM versions v WHERE v.scope_id = $1 AND v.check_order > 0 \
                   ORDER BY v.check_order DESC LIMIT 1";
        let row = self.db().fetch_optional(sql, args![scope]).await?;
        row.map(|mut row| VersionRow::read(&mut row)).transpose()
    }

    /// How many versions of the resource's present scope are newer than `from` and not newer
    /// than `to`; nothing if one of them is not there.
    pub async fn versions_between(
        &self,
        resource: ResourceId,
        from: &Version,
        to: &Version,
    ) -> Result<Option<u32>> {
        let order = "SELECT v.check_order FROM resources r \
                     JOIN versions v ON v.scope_id = r.scope_id WHERE r.id = $1 AND v.digest = $2";
        let count = "SELECT COUNT(*) FROM resources r JOIN versions v ON v.scope_id = r.scope_id \
                     WHERE r.id = $1 AND v.check_order > $2 AND v.check_order <= $3";
        let mut ends = [0i64; 2];
        for (end, version) in ends.iter_mut().zip([from, to]) {
            let args = args![resource, digest(&text(version)?)];
            let Some(mut row) = self.db().fetch_optional(order, args).await? else {
                return Ok(None);
            };
            *end = row.take()?;
        }
        let row = self.db().fetch_optional(count, args![resource, ends[0], ends[1]]).await?;
        let n: i64 = row.map_or(Ok(0), |mut row| row.take())?;
        Ok(u32::try_from(n).ok())
    }
}

/// A version with what is told of it.
type Found<'a> = (&'a Version, &'a [MetadataField]);

/// Saves versions, oldest first; see [`Store::save_versions`]. Metadata that is empty leaves
/// what is stored.
pub(in crate::store) async fn save_versions(
    tx: &mut Tx,
    scope: ScopeId,
    versions: &[Found<'_>],
    now: Timestamp,
) -> Result<VersionsSaved> {
    let mut new = BTreeSet::new();
    for (version, metadata) in versions {
        if save_unordered(tx, scope, version, metadata).await? {
            new.insert(*version);
        }
    }
    if !new.is_empty() {
        let sql = "SELECT COALESCE(MAX(check_order), 0) FROM versions WHERE scope_id = $1";
        let mut order: i64 = tx.fetch_one(sql, args![scope]).await?.take()?;
        for (version, _) in versions {
            order += 1;
            let sql = "UPDATE versions SET check_order = $3 WHERE scope_id = $1 AND digest = $2";
            tx.execute(sql, args![scope, digest(&text(version)?), order]).await?;
        }
        request(tx, now, Which::PlainUsersOf(scope)).await?;
        tx.tell(Change::Scope(scope));
    }
    let sql = "SELECT id FROM versions WHERE scope_id = $1 AND check_order > 0 \
               ORDER BY check_order DESC LIMIT 1";
    let latest = tx.fetch_optional(sql, args![scope]).await?;
    let n_new = u32::try_from(new.len()).unwrap_or(u32::MAX);
    Ok(VersionsSaved { n_new, latest: latest.map(|mut row| row.take()).transpose()? })
}

/// Stores a version without a rank, if it is unknown. Tells whether it has no rank.
async fn save_unordered(
    tx: &mut Tx,
    scope: ScopeId,
    version: &Version,
    metadata: &[MetadataField],
) -> Result<bool> {
    let content = text(version)?;
    let digest = digest(&content);
    let sql = "SELECT check_order FROM versions WHERE scope_id = $1 AND digest = $2";
    let known: Option<i64> = match tx.fetch_optional(sql, args![scope, &digest]).await? {
        Some(mut row) => Some(row.take()?),
        None => None,
    };
    if known.is_none() {
        let sql = "INSERT INTO versions (scope_id, digest, check_order, version) \
                   VALUES ($1, $2, 0, $3)";
        tx.execute(sql, args![scope, &digest, &content]).await?;
    }
    if !metadata.is_empty() {
        let sql = "UPDATE versions SET metadata = $3 WHERE scope_id = $1 AND digest = $2";
        tx.execute(sql, args![scope, &digest, to_json(&metadata, "metadata")?]).await?;
    }
    Ok(known.unwrap_or(0) == 0)
}

/// A version's one text: compact JSON, ordered by key.
pub(in crate::store) fn text(version: &Version) -> Result<String> {
    to_json(version, "version")
}

/// What identifies a version's content.
pub(in crate::store) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

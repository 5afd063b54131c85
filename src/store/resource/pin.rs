//! Pins, and switching versions on and off.

use super::find;
use super::version::digest;
use crate::model::{ResourceId, ScopeId, Version, VersionId};
use crate::store::job::{Which, request};
use crate::store::notify::Change;
use crate::store::pipeline::refuse_archived;
use crate::store::pool::{Tx, transact};
use crate::store::row::args;
use crate::store::{Result, Store, StoreError};

impl Store {
    /// Pins a resource to a version of its scope.
    ///
    /// # Errors
    /// Not found; a conflict when the configuration pins it, or its pipeline is archived.
    pub async fn pin_version(
        &self,
        resource: ResourceId,
        version: VersionId,
        by: &str,
        comment: Option<&str>,
    ) -> Result<()> {
        let sql = "UPDATE resources SET pin = $2, pin_by = $3, pin_comment = $4 WHERE id = $1";
        transact!(self, Process, |tx| {
            let found = find(tx, resource).await?;
            refuse_archived(tx, found.pipeline, "pin a version").await?;
            if found.pin.is_some_and(|pin| pin.by.is_none()) {
                let action = format!("pin resource `{}`", found.name);
                return Err(StoreError::conflict(action, "its configuration pins it"));
            }
            let content = content(tx, resource, version).await?;
            tx.execute(sql, args![resource, content, by, comment]).await?;
            tx.tell(Change::Resource { resource, pipeline: found.pipeline });
            request(tx, self.now(), Which::UsersOf(resource)).await
        })
    }

    /// Removes whatever pin is stored.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn unpin_version(&self, resource: ResourceId) -> Result<()> {
        let sql = "UPDATE resources SET pin = NULL, pin_by = NULL, pin_comment = NULL \
                   WHERE id = $1";
        transact!(self, Process, |tx| {
            let found = find(tx, resource).await?;
            refuse_archived(tx, found.pipeline, "unpin a version").await?;
            tx.execute(sql, args![resource]).await?;
            tx.tell(Change::Resource { resource, pipeline: found.pipeline });
            request(tx, self.now(), Which::UsersOf(resource)).await
        })
    }

    /// Lets a version be used, or not. It holds for the same content in later scopes too.
    ///
    /// # Errors
    /// Not found; a conflict in an archived pipeline.
    pub async fn enable_version(&self, resource: ResourceId, version: VersionId) -> Result<()> {
        let sql = "DELETE FROM disabled_versions WHERE resource_id = $1 AND digest = $2";
        self.switch_version(resource, version, sql).await
    }

    /// The opposite of [`Store::enable_version`].
    ///
    /// # Errors
    /// As there.
    pub async fn disable_version(&self, resource: ResourceId, version: VersionId) -> Result<()> {
        let sql = "INSERT INTO disabled_versions (resource_id, digest) VALUES ($1, $2) \
                   ON CONFLICT DO NOTHING";
        self.switch_version(resource, version, sql).await
    }

    async fn switch_version(
        &self,
        resource: ResourceId,
        version: VersionId,
        sql: &'static str,
    ) -> Result<()> {
        transact!(self, Process, |tx| {
            let found = find(tx, resource).await?;
            refuse_archived(tx, found.pipeline, "enable or disable a version").await?;
            let content = content(tx, resource, version).await?;
            tx.execute(sql, args![resource, digest(&content)]).await?;
            tx.tell(Change::Resource { resource, pipeline: found.pipeline });
            request(tx, self.now(), Which::UsersOf(resource)).await
        })
    }
}

/// The text of a version of the resource's scope.
async fn content(tx: &mut Tx, resource: ResourceId, version: VersionId) -> Result<String> {
    let sql = "SELECT v.version FROM resources r JOIN versions v ON v.scope_id = r.scope_id \
               WHERE r.id = $1 AND v.id = $2";
    match tx.fetch_optional(sql, args![resource, version]).await? {
        Some(mut row) => row.take(),
        None => Err(StoreError::not_found("version", version)),
    }
}

/// The newest version of a scope that has all fields of a pin.
pub(in crate::store) async fn find_pinned(
    tx: &mut Tx,
    scope: ScopeId,
    pin: &Version,
) -> Result<Option<VersionId>> {
    let sql = "SELECT id FROM versions WHERE scope_id = $1 AND digest = $2";
    let exact = args![scope, digest(&super::text(pin)?)];
    if let Some(mut row) = tx.fetch_optional(sql, exact).await? {
        return Ok(Some(row.take()?));
    }
    // LIKE only narrows: it knows no case on SQLite. The versions themselves decide.
    let like = pin.0.iter().next().map_or_else(
        || "%".to_owned(),
        |(key, value)| {
            let pair = super::text(&Version::of(key, value)).unwrap_or_default();
            let inner = pair.trim_start_matches('{').trim_end_matches('}');
            let escaped: String = inner
                .chars()
                .flat_map(|c| if "\\%_".contains(c) { vec!['\\', c] } else { vec![c] })
                .collect();
            format!("%{escaped}%")
        },
    );
    let sql = "SELECT id, version FROM versions WHERE scope_id = $1 AND version LIKE $2 \
               ESCAPE '\\' ORDER BY check_order DESC, id DESC";
    for mut row in tx.fetch_all(sql, args![scope, like]).await? {
        let id = row.take()?;
        if row.take::<Version>()?.satisfies(pin) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

//! Scopes: the version histories that resources are attached to.
//!
//! *Follows:* Concourse's `atc/db/resource_config.go`: a changed type or source gives another
//! scope, with an empty history; a scope of the resource's own goes when it moves to another.

use sha2::{Digest, Sha256};

use crate::model::{Map, ResourceId, ScopeId, Value};
use crate::store::job::{Which, request};
use crate::store::notify::Change;
use crate::store::pool::{Tx, transact};
use crate::store::row::args;
use crate::store::{Result, Store, hex};

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

impl Store {
    /// Finds or makes the scope of that key and points the resource at it. Jobs that use the
    /// resource are requested when it moves.
    ///
    /// # Errors
    /// Not found.
    pub async fn attach_scope(&self, resource: ResourceId, key: ScopeKey<'_>) -> Result<Attached> {
        let digest = self.scope_digest(key.kind, key.source);
        let sql = "SELECT s.id FROM resources r JOIN scopes s ON s.id = r.scope_id \
                   JOIN resource_configs c ON c.id = s.config_id \
                   WHERE r.id = $1 AND c.digest = $2 AND (s.resource_id IS NULL) = $3";
        // Nearly always it is there already, and nobody need wait for the one writer.
        let row = self.db().fetch_optional(sql, args![resource, &digest, key.is_shared]).await?;
        if let Some(mut row) = row {
            return Ok(Attached { scope: row.take()?, is_moved: false });
        }
        transact!(self, Power, |tx| attach(tx, resource, key, &digest, self.now()).await)
    }

    /// What tells two configurations of resources apart, without saying what is in them. The
    /// salt keeps the same secret from looking the same in two installations.
    pub(super) fn scope_digest(&self, kind: &str, source: &Map) -> String {
        let mut hash = Sha256::new();
        for part in [&self.inner.salt, kind, &Value::Map(source.clone()).to_json()] {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        hex(&hash.finalize())
    }
}

async fn attach(
    tx: &mut Tx,
    resource: ResourceId,
    key: ScopeKey<'_>,
    digest: &str,
    now: crate::model::Timestamp,
) -> Result<Attached> {
    let found = super::find(tx, resource).await?;
    let sql = "INSERT INTO resource_configs (kind, digest) VALUES ($1, $2) \
               ON CONFLICT (digest) DO NOTHING";
    tx.execute(sql, args![key.kind, digest]).await?;
    let sql = "SELECT id FROM resource_configs WHERE digest = $1";
    let config: i64 = tx.fetch_one(sql, args![digest]).await?.take()?;
    let owner = (!key.is_shared).then_some(resource);
    let sql = "SELECT id FROM scopes WHERE config_id = $1 AND \
               (resource_id = $2 OR (resource_id IS NULL AND $3))";
    let scope: ScopeId = match tx.fetch_optional(sql, args![config, owner, key.is_shared]).await? {
        Some(mut row) => row.take()?,
        None => {
            let sql = "INSERT INTO scopes (config_id, resource_id) VALUES ($1, $2) RETURNING id";
            tx.fetch_one(sql, args![config, owner]).await?.take()?
        }
    };
    if found.scope == Some(scope) {
        return Ok(Attached { scope, is_moved: false });
    }
    let sql = "UPDATE resources SET scope_id = $2 WHERE id = $1";
    tx.execute(sql, args![resource, scope]).await?;
    tx.execute("DELETE FROM scopes WHERE resource_id = $1 AND id <> $2", args![resource, scope])
        .await?;
    let sql = "DELETE FROM scopes WHERE resource_id IS NULL AND id <> $1 \
               AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.scope_id = scopes.id)";
    tx.execute(sql, args![scope]).await?;
    tx.execute("DELETE FROM scopeless_checks WHERE resource_id = $1", args![resource]).await?;
    request(tx, now, Which::UsersOf(resource)).await?;
    tx.tell(Change::Resource { resource, pipeline: found.pipeline });
    Ok(Attached { scope, is_moved: true })
}

/// The scope that a put of the resource saves into. A resource that nobody attached yet gets
/// the one of its source as written, which is its own where the source has no references.
pub(in crate::store) async fn scope_of_put(
    store: &Store,
    tx: &mut Tx,
    resource: ResourceId,
) -> Result<ScopeId> {
    let found = super::find(tx, resource).await?;
    if let Some(scope) = found.scope {
        return Ok(scope);
    }
    let key = ScopeKey { kind: &found.kind, source: &found.config.source, is_shared: false };
    let digest = store.scope_digest(key.kind, key.source);
    Ok(attach(tx, resource, key, &digest, store.now()).await?.scope)
}

//! Numbers for versions: their ids where the resource's present scope knows them, else numbers
//! below zero that are made up here.

use std::collections::BTreeMap;

use crate::model::{ResourceId, ScopeId, VersionId};
use crate::store::Result;
use crate::store::pool::{Tx, placeholders};
use crate::store::row::{Arg, args};

/// How many arguments a statement gets at most.
const CHUNK: usize = 400;

/// The numbers of the versions that facts name.
#[derive(Default)]
pub(super) struct Numbers {
    known: BTreeMap<ResourceId, BTreeMap<String, VersionId>>,
    n_unknown: i64,
}

impl Numbers {
    /// Notes a version of the present scope.
    pub(super) fn add(&mut self, resource: ResourceId, digest: String, version: VersionId) {
        self.known.entry(resource).or_default().insert(digest, version);
    }

    /// Notes versions of which the present scope may know some.
    pub(super) async fn look_up(
        &mut self,
        tx: &mut Tx,
        resource: ResourceId,
        scope: Option<ScopeId>,
        digests: impl IntoIterator<Item = String>,
    ) -> Result<()> {
        let known = self.known.entry(resource).or_default();
        let mut missing: Vec<String> =
            digests.into_iter().filter(|digest| !known.contains_key(digest)).collect();
        missing.sort_unstable();
        missing.dedup();
        if let Some(scope) = scope {
            for mut row in in_chunks(
                tx,
                "SELECT digest, id FROM versions WHERE scope_id = $1 AND digest IN",
                args![scope],
                &missing,
            )
            .await?
            {
                known.insert(row.take()?, row.take()?);
            }
        }
        for digest in missing {
            known.entry(digest).or_insert_with(|| {
                self.n_unknown += 1;
                VersionId(-self.n_unknown)
            });
        }
        Ok(())
    }

    /// The number of a version that was noted.
    pub(super) fn get(&self, resource: ResourceId, digest: &str) -> Option<VersionId> {
        self.known.get(&resource)?.get(digest).copied()
    }

    /// The digests that were noted of a resource.
    pub(super) fn digests(&self, resource: ResourceId) -> Vec<String> {
        self.known.get(&resource).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}

/// Runs a statement that ends in `IN` for all the texts, some at a time.
pub(super) async fn in_chunks(
    tx: &mut Tx,
    sql: &str,
    first: Vec<Arg>,
    texts: &[String],
) -> Result<Vec<crate::store::row::Row>> {
    let mut rows = Vec::new();
    for chunk in texts.chunks(CHUNK) {
        // Always a power of two, so that few statements are prepared: the last text repeats.
        let n = chunk.len().next_power_of_two();
        let sql = format!("{sql} ({})", placeholders(first.len() + 1, n));
        let mut args = first.clone();
        args.extend(chunk.iter().map(Arg::from));
        let filler = chunk.last().into_iter().cycle().take(n - chunk.len());
        args.extend(filler.map(Arg::from));
        rows.extend(tx.fetch_all(sql, args).await?);
    }
    Ok(rows)
}

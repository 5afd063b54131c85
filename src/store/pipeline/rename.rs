//! `old_name`: jobs and resources that keep their history under a new name.
//!
//! *Follows:* Concourse's config save (`atc/db/team.go`): chains are renamed in a safe order,
//! cycles are refused, an `old_name` that is not stored or equals the name is ignored.

use std::collections::BTreeMap;

use crate::model::{Pipeline, PipelineId};
use crate::store::pool::Tx;
use crate::store::row::args;
use crate::store::{Result, StoreError};

/// A kind of thing that can be renamed.
#[derive(Clone, Copy)]
struct Noun {
    word: &'static str,
    list: &'static str,
    rename: &'static str,
    /// Deletes what has the new name already and may be deleted.
    clear: &'static str,
}

const JOB: Noun = Noun {
    word: "job",
    list: "SELECT name FROM jobs WHERE pipeline_id = $1",
    rename: "UPDATE jobs SET name = $3 WHERE pipeline_id = $1 AND name = $2",
    clear: "DELETE FROM jobs WHERE pipeline_id = $1 AND name = $2 AND NOT is_active",
};

const RESOURCE: Noun = Noun {
    word: "resource",
    list: "SELECT name FROM resources WHERE pipeline_id = $1",
    rename: "UPDATE resources SET name = $3 WHERE pipeline_id = $1 AND name = $2",
    clear: "DELETE FROM resources WHERE pipeline_id = $1 AND name = $2",
};

/// Renames what the configuration says was called otherwise before.
pub(super) async fn rename_all(tx: &mut Tx, id: PipelineId, config: &Pipeline) -> Result<()> {
    let jobs = config.jobs.iter().map(|job| (job.old_name.as_deref(), job.name.as_str()));
    rename(tx, id, JOB, jobs).await?;
    let resources = config
        .resources
        .iter()
        .map(|resource| (resource.old_name.as_deref(), resource.name.as_str()));
    rename(tx, id, RESOURCE, resources).await
}

async fn rename(
    tx: &mut Tx,
    id: PipelineId,
    noun: Noun,
    names: impl Iterator<Item = (Option<&str>, &str)>,
) -> Result<()> {
    let wanted: Vec<(String, String)> = names
        .filter_map(|(old, new)| Some((old?.to_owned(), new.to_owned())))
        .filter(|(old, new)| old != new)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let rows = tx.fetch_all(noun.list, args![id]).await?;
    let stored: Vec<String> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_>>()?;
    let moves = wanted.into_iter().filter(|(old, _)| stored.contains(old)).collect();
    let order = safe_order(moves).ok_or_else(|| {
        let why = format!("{} name swapping is not supported at this time", noun.word);
        StoreError::conflict("set pipeline", why)
    })?;
    for (old, new) in order {
        tx.execute(noun.clear, args![id, &new]).await?;
        tx.execute(noun.rename, args![id, &old, &new]).await?;
    }
    Ok(())
}

/// The moves from old to new, each after the one that frees its new name; nothing if they go in
/// a circle.
fn safe_order(mut moves: BTreeMap<String, String>) -> Option<Vec<(String, String)>> {
    let mut order = Vec::with_capacity(moves.len());
    while !moves.is_empty() {
        let free = moves.iter().find(|(_, new)| !moves.contains_key(*new))?.0.clone();
        order.extend(moves.remove_entry(&free));
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_ordered_and_circles_refused() {
        for (moves, order) in [
            (vec![("a", "b")], Some(vec![("a", "b")])),
            (vec![("a", "b"), ("b", "c")], Some(vec![("b", "c"), ("a", "b")])),
            (vec![("a", "b"), ("b", "a")], None),
            (vec![], Some(vec![])),
        ] {
            let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
            let found = safe_order(moves.into_iter().map(owned).collect());
            assert_eq!(found, order.map(|order| order.into_iter().map(owned).collect()));
        }
    }
}

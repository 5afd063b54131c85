//! Which proposals are new.
//!
//! A repository tells when a commit was made, not when it was proposed. So the order in which
//! proposals were first seen is kept in the cache; where that is lost, the commits' dates
//! decide.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Source, named};
use crate::model::Version;
use crate::model::value::{Map, Value};
use crate::resource::git::command::Git;
use crate::resource::git::{Answers, has_commit, hex, says_skip, tip};
use crate::resource::{Context, ResourceError, files};

/// A proposal at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Proposal {
    /// When its commit was made, in seconds, and its number: the order when no other is known.
    made: (i64, u64),
    commit: String,
}

impl Proposal {
    fn version(&self) -> Version {
        let mut version = Version::of("ref", &self.commit);
        version.0.insert("pr".to_owned(), self.made.1.to_string());
        version
    }

    fn is(&self, version: &Version) -> bool {
        self.version() == *version
    }
}

pub(super) async fn check(
    cx: &Context,
    map: &Map,
    from: Option<&Version>,
) -> Result<Vec<Version>, ResourceError> {
    let source = Source::read(map)?;
    let git = Git::new(cx, &source.remote)?;
    let base = tip(&git, &source.remote, source.base.as_deref()).await?;
    let format = "--format=%(refname)%1f%(objectname)%1f%(committerdate:unix)%1f%(contents)%1e";
    let call = git.bare(source.repository.dir());
    let refs = call.text(&["for-each-ref", format, "refs/pull"]).await?;
    let base = base.map(|tip| tip.commit);
    let state = format!("{} {}", hex(&Sha256::digest(&refs)), base.as_deref().unwrap_or("none"));
    let answers = Answers::of(cx, "pull-request", map);
    if let Some(versions) = answers.find(&state, from) {
        return Ok(versions);
    }
    let mut heads = Vec::new();
    for proposal in proposals(&source, &refs) {
        if touches(&git, &source, base.as_deref(), &proposal.commit).await? {
            heads.push(proposal);
        }
    }
    heads.sort_by_key(|proposal| proposal.made);
    let known = match from {
        Some(from) => known(&git, &source, from).await?,
        None => None,
    };
    let mut hash = Sha256::new();
    hash.update(Value::Map(map.clone()).to_json());
    let file = cx.cache_dir.join("pull-request").join(hex(&hash.finalize()));
    let seen = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (found, seen) = order(seen.unwrap_or_default(), &heads, from, known);
    // A cache that cannot be written costs the order of what came in the same second.
    let _ = files::write(&file, serde_json::to_vec(&seen).unwrap_or_default());
    let versions: Vec<Version> = found.iter().map(Proposal::version).collect();
    answers.keep(&state, from, &versions);
    Ok(versions)
}

/// The heads among the refs that the source's labels and words let pass.
fn proposals(source: &Source, refs: &str) -> Vec<Proposal> {
    let records: Vec<Vec<&str>> = refs
        .split('\u{1e}')
        .map(|record| record.trim_start().splitn(4, '\u{1f}').collect())
        .collect();
    let has_label = |number: &str| {
        source.labels.is_empty()
            || source.labels.iter().any(|label| {
                let name = format!("refs/pull/{number}/labels/{label}");
                records.iter().any(|record| record.first() == Some(&name.as_str()))
            })
    };
    let mut found = Vec::new();
    for record in &records {
        let [name, commit, date, message] = record.as_slice() else { continue };
        let number = name.strip_prefix("refs/pull/").and_then(|rest| rest.strip_suffix("/head"));
        let (Some(number), Ok(date)) = (number, date.parse()) else { continue };
        let Ok(digits) = number.parse() else { continue };
        let is_skipped = source.is_skip_honoured && says_skip(message);
        if has_label(number) && !is_skipped {
            found.push(Proposal { made: (date, digits), commit: (*commit).to_owned() });
        }
    }
    found
}

/// Whether a proposal changes what the source looks at.
async fn touches(
    git: &Git<'_>,
    source: &Source,
    base: Option<&str>,
    commit: &str,
) -> Result<bool, ResourceError> {
    if source.paths.is_empty() && source.ignore_paths.is_empty() {
        return Ok(true);
    }
    let Some(base) = base else { return Ok(true) };
    let range = format!("{base}...{commit}");
    let mut args = vec!["diff".to_owned(), "--name-only".to_owned(), range, "--".to_owned()];
    args.extend(source.paths.iter().cloned());
    args.extend(source.ignore_paths.iter().map(|path| format!(":(exclude){path}")));
    Ok(!git.bare(source.repository.dir()).text(&args).await?.is_empty())
}

/// The proposal that a version names, if its commit is still there.
async fn known(
    git: &Git<'_>,
    source: &Source,
    version: &Version,
) -> Result<Option<Proposal>, ResourceError> {
    let Some((number, commit)) = named(version) else { return Ok(None) };
    let repository = source.repository.dir();
    if !has_commit(git, repository, commit).await? {
        return Ok(None);
    }
    let args = ["log", "-1", "--no-show-signature", "--format=%ct", commit, "--"];
    let date = git.bare(repository).text(&args).await?;
    let (Ok(date), Ok(number)) = (date.parse(), number.parse()) else { return Ok(None) };
    Ok(Some(Proposal { made: (date, number), commit: commit.to_owned() }))
}

/// What a check answers, and what is kept of the order: those seen before in their order, then
/// those that are new by their dates.
fn order(
    mut seen: Vec<Proposal>,
    heads: &[Proposal],
    from: Option<&Version>,
    known: Option<Proposal>,
) -> (Vec<Proposal>, Vec<Proposal>) {
    seen.retain(|old| heads.contains(old) || from.is_some_and(|from| old.is(from)));
    seen.extend(heads.iter().filter(|head| !seen.contains(head)).cloned().collect::<Vec<_>>());
    let Some(known) = known else {
        let newest = seen.iter().rev().find(|old| heads.contains(old));
        return (newest.cloned().into_iter().collect(), seen);
    };
    let at = seen.iter().position(|old| *old == known);
    let mut found = vec![known];
    match at {
        Some(at) => found.extend(seen[at + 1..].iter().cloned()),
        None => {
            let later = heads.iter().filter(|head| head.made > found[0].made);
            found.extend(later.cloned().collect::<Vec<_>>());
        }
    }
    found.dedup();
    (found, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(date: i64, number: u64) -> Proposal {
        Proposal { made: (date, number), commit: format!("{number:039x}{}", date % 10) }
    }

    #[track_caller]
    fn check(
        seen: &[(i64, u64)],
        heads: &[(i64, u64)],
        known: Option<(i64, u64)>,
        expected: &[(i64, u64)],
    ) {
        let all = |list: &[(i64, u64)]| -> Vec<Proposal> {
            list.iter().map(|(date, number)| proposal(*date, *number)).collect()
        };
        let known = known.map(|(date, number)| proposal(date, number));
        let from = known.as_ref().map(Proposal::version);
        let (found, _) = order(all(seen), &all(heads), from.as_ref(), known);
        let found: Vec<(i64, u64)> = found.iter().map(|proposal| proposal.made).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn dates_decide_when_nothing_was_seen() {
        check(&[], &[(1, 1), (2, 2), (3, 3)], None, &[(3, 3)]);
        check(&[], &[(1, 1), (2, 2), (3, 3)], Some((2, 2)), &[(2, 2), (3, 3)]);
        check(&[], &[(1, 1), (3, 3)], Some((2, 2)), &[(2, 2), (3, 3)]);
    }

    #[test]
    fn what_was_proposed_late_is_new_though_its_commit_is_old() {
        check(&[(5, 1)], &[(2, 2), (5, 1)], Some((5, 1)), &[(5, 1), (2, 2)]);
        check(&[(5, 2)], &[(5, 1), (5, 2)], Some((5, 2)), &[(5, 2), (5, 1)]);
    }

    #[test]
    fn what_was_answered_before_is_not_answered_again() {
        check(&[(5, 1), (2, 2)], &[(2, 2), (5, 1)], Some((2, 2)), &[(2, 2)]);
    }

    #[test]
    fn a_proposal_that_moved_on_leaves_its_place() {
        check(&[(1, 1), (2, 2)], &[(2, 2), (3, 1)], Some((1, 1)), &[(1, 1), (2, 2), (3, 1)]);
        check(&[(1, 1)], &[(9, 1)], None, &[(9, 1)]);
    }
}

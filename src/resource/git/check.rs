//! Which commits or tags are versions.
//!
//! *Follows:* the check of concourse/git-resource. One difference: when the given commit is no
//! longer on the branch, the newest is answered, whether or not a cache still has the old one.

use std::path::Path;

use regex::Regex;

use super::answer::Answers;
use super::command::Git;
use super::objects::{Tip, has_commit, objects, objects_with_tags, tip};
use super::remote::Remote;
use super::source::{Filter, Source};
use crate::model::Version;
use crate::model::value::Map;
use crate::resource::{Context, ResourceError};

/// Separates commits in git's output, and the parts of one.
const RECORD: char = '\u{1e}';
const UNIT: char = '\u{1f}';

pub(super) async fn check(
    cx: &Context,
    map: &Map,
    from: Option<&Version>,
) -> Result<Vec<Version>, ResourceError> {
    let source = Source::read(map)?;
    let git = Git::new(cx, &source.remote)?;
    let tip = tip(&git, &source.remote, source.branch.as_deref()).await?;
    let Some(tip) = tip else {
        return match &source.branch {
            Some(branch) if !source.is_tagged() => Err(missing_branch(&source.remote, branch)),
            // A repository without commits has no versions yet.
            _ => Ok(Vec::new()),
        };
    };
    let state = match source.is_tagged() {
        true => format!("{} {}", tip.commit, tags_state(&git, &source.remote).await?),
        false => tip.commit.clone(),
    };
    let answers = Answers::of(cx, "git", map);
    if let Some(versions) = answers.find(&state, from) {
        return Ok(versions);
    }
    let versions = match source.is_tagged() {
        true => tagged(&git, &source, &tip, from).await?,
        false => {
            let repository = objects(&git, &source.remote, &tip).await?;
            let from = from.and_then(|version| version.field("ref"));
            commits(&git, &repository, &source.filter, &tip.commit, from)
                .await?
                .iter()
                .map(|commit| Version::of("ref", commit))
                .collect()
        }
    };
    answers.keep(&state, from, &versions);
    Ok(versions)
}

pub(super) fn missing_branch(remote: &Remote, branch: &str) -> ResourceError {
    let message = format!("branch `{branch}` not found in `{}`", remote.uri);
    ResourceError::Failed { message, exit_status: 1 }
}

/// The commits that led to `head` along first parents, from `from` on, oldest first; the newest
/// ones when `from` is not among them.
pub(in crate::resource) async fn commits(
    git: &Git<'_>,
    repository: &Path,
    filter: &Filter,
    head: &str,
    from: Option<&str>,
) -> Result<Vec<String>, ResourceError> {
    if let Some(from) = from
        && has_commit(git, repository, from).await?
        && is_ancestor(git, repository, from, head).await?
    {
        // What comes before `from` is left out, so that `from` itself is filtered like the rest.
        let parents =
            git.bare(repository).text(&["rev-list", "--parents", "-n", "1", from]).await?;
        let range = match parents.split_whitespace().nth(1) {
            Some(parent) => vec![head.to_owned(), format!("^{parent}")],
            None => vec![head.to_owned()],
        };
        let mut found = log(git, repository, filter, &range, None).await?;
        found.reverse();
        return Ok(found);
    }
    // Messages decide after git did, so that a short look may find too little.
    for most in [Some(filter.depth.saturating_mul(4).max(20)), Some(1000), None] {
        let mut found = log(git, repository, filter, &[head.to_owned()], most).await?;
        let is_enough = found.len() >= filter.depth || !filter.reads_messages();
        if is_enough || most.is_none() {
            found.truncate(filter.depth);
            found.reverse();
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn is_ancestor(
    git: &Git<'_>,
    repository: &Path,
    one: &str,
    other: &str,
) -> Result<bool, ResourceError> {
    let args = ["merge-base", "--is-ancestor", one, other];
    Ok(git.bare(repository).ask(&args).await?.status == 0)
}

/// Commits that pass the filter, newest first.
async fn log(
    git: &Git<'_>,
    repository: &Path,
    filter: &Filter,
    range: &[String],
    most: Option<usize>,
) -> Result<Vec<String>, ResourceError> {
    let mut args =
        ["log", "--first-parent", "--no-show-signature", "--no-color"].map(str::to_owned).to_vec();
    let body = if filter.reads_messages() { "%B" } else { "" };
    args.push(format!("--format=%H{UNIT}{body}{RECORD}"));
    args.extend(most.map(|most| format!("--max-count={most}")));
    args.push("--end-of-options".to_owned());
    args.extend_from_slice(range);
    args.push("--".to_owned());
    args.extend(filter.paths.iter().cloned());
    args.extend(filter.ignore_paths.iter().map(|path| format!(":(exclude){path}")));
    let text = git.bare(repository).text(&args).await?;
    let found = text
        .split(RECORD)
        .filter_map(|record| record.trim_start().split_once(UNIT))
        .filter(|(_, message)| filter.takes(message))
        .map(|(commit, _)| commit.to_owned());
    Ok(found.collect())
}

/// A text that changes whenever a tag does.
async fn tags_state(git: &Git<'_>, remote: &Remote) -> Result<String, ResourceError> {
    use sha2::{Digest, Sha256};
    let answer = git.call().text(&["ls-remote", "--tags", "--", &remote.uri]).await?;
    Ok(super::objects::hex(&Sha256::digest(answer)))
}

async fn tagged(
    git: &Git<'_>,
    source: &Source,
    tip: &Tip,
    from: Option<&Version>,
) -> Result<Vec<Version>, ResourceError> {
    let repository = objects_with_tags(git, &source.remote).await?;
    let tags = list_tags(git, &repository, source, tip).await?;
    let from_ref = from.and_then(|version| version.field("ref"));
    if source.wants_ancestors {
        let Some((_, newest)) = tags.last() else { return Ok(Vec::new()) };
        let found = commits(git, &repository, &source.filter, newest, from_ref).await?;
        return Ok(found.iter().map(|commit| Version::of("ref", commit)).collect());
    }
    let mut tags = tags;
    if let Some(at) = tags.iter().position(|(tag, _)| Some(tag.as_str()) == from_ref) {
        tags.drain(..at);
    }
    let excess = tags.len().saturating_sub(source.filter.depth);
    let mut versions = Vec::new();
    for (tag, commit) in tags.drain(..).skip(excess) {
        let mut version = Version::of("ref", &tag);
        version.0.insert("commit".to_owned(), commit);
        versions.push(version);
    }
    Ok(versions)
}

/// The tags that the source asks for with their commits, oldest first.
async fn list_tags(
    git: &Git<'_>,
    repository: &Path,
    source: &Source,
    tip: &Tip,
) -> Result<Vec<(String, String)>, ResourceError> {
    let format = format!("--format=%(refname:strip=2){UNIT}%(objectname){UNIT}%(*objectname)");
    let mut args = ["for-each-ref", "--sort=creatordate", &format].map(str::to_owned).to_vec();
    if source.branch.is_some() {
        args.push(format!("--merged={}", tip.commit));
    }
    match &source.tag_filter {
        Some(glob) => args.push(format!("refs/tags/{glob}")),
        None => args.push("refs/tags".to_owned()),
    }
    let text = git.bare(repository).text(&args).await?;
    let mut tags = Vec::new();
    for line in text.lines() {
        let mut parts = line.split(UNIT);
        let (Some(tag), Some(object), Some(peeled)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let is_wanted = source.tag_regex.as_ref().is_none_or(|regex: &Regex| regex.is_match(tag));
        if is_wanted {
            let commit = if peeled.is_empty() { object } else { peeled };
            tags.push((tag.to_owned(), commit.to_owned()));
        }
    }
    Ok(tags)
}

//! Which commits and tags of real repositories are versions.

use flightdeck::model::Version;

use super::{Bed, map};
use crate::support::git::Repository;

fn bed(repository: &Repository, more: &str) -> Bed {
    Bed::new("git", &format!(r#"{{"uri": "{}"{more}}}"#, repository.uri()))
}

#[tokio::test]
async fn every_commit_from_the_known_one_oldest_first() {
    let repository = Repository::new();
    let bed = bed(&repository, "");
    assert_eq!(bed.check(None).await, [], "nothing is there yet");
    let commits: Vec<String> =
        ["1", "2", "3"].iter().map(|n| repository.commit(n, &[("a", n)])).collect();
    assert_eq!(bed.refs("ref", None).await, commits[2..]);
    assert_eq!(bed.refs("ref", Some(&commits[0])).await, commits);
    assert_eq!(bed.refs("ref", Some(&commits[2])).await, commits[2..]);
    let more = repository.commit("4", &[("a", "4")]);
    assert_eq!(bed.refs("ref", Some(&commits[2])).await, [commits[2].clone(), more]);
}

#[tokio::test]
async fn a_rewritten_history_begins_anew_with_the_newest() {
    let repository = Repository::with(&[&[("a", "1")], &[("a", "2")]]);
    let bed = bed(&repository, "");
    let old = bed.refs("ref", None).await.remove(0);
    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repository.commit("3", &[("a", "3")]);
    let new = repository.commit("4", &[("a", "4")]);
    assert_eq!(bed.refs("ref", Some(&old)).await, std::slice::from_ref(&new));
    assert_eq!(bed.refs("ref", Some("not a commit")).await, [new]);
}

#[tokio::test]
async fn a_merge_counts_as_one_commit() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let base = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.commit("side", &[("b", "1")]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--no-edit", "side"]);
    let merge = repository.commit("after", &[("a", "2")]);
    let found = bed(&repository, r#", "branch": "main""#).refs("ref", Some(&base)).await;
    assert_eq!(found.len(), 3);
    assert_eq!((&found[0], &found[2]), (&base, &merge));
}

#[tokio::test]
async fn paths_and_messages_decide() {
    let repository = Repository::new();
    let commit = |message: &str, path: &str| {
        repository.commit(message, &[(path, &format!("{message} {path}"))])
    };
    let code = commit("code", "src/a.rs");
    let docs = commit("docs", "docs/a.md");
    let skipped = commit("code [ci skip]", "src/b.rs");
    let both = commit("fix: more", "src/c.rs");
    let check = async |more: &str, expected: &[&String]| {
        let bed = bed(&repository, more);
        let expected: Vec<String> = expected.iter().map(|c| (*c).clone()).collect();
        assert_eq!(bed.refs("ref", Some(&code)).await, expected, "{more}");
        assert_eq!(bed.refs("ref", None).await, expected[expected.len() - 1..], "{more}");
    };
    check("", &[&code, &docs, &both]).await;
    check(r#", "disable_ci_skip": true"#, &[&code, &docs, &skipped, &both]).await;
    check(r#", "paths": ["src/*"]"#, &[&code, &both]).await;
    check(r#", "ignore_paths": ["src/**/*.rs", "src/*.rs"]"#, &[&docs]).await;
    check(r#", "paths": ["src"], "ignore_paths": ["src/c.rs"]"#, &[&code]).await;
    check(r#", "commit_filter": {"exclude": ["^fix"]}"#, &[&code, &docs]).await;
    check(r#", "commit_filter": {"include": ["^docs", "^fix"]}"#, &[&docs, &both]).await;
    let deep = bed(&repository, r#", "version_depth": 2"#);
    assert_eq!(deep.refs("ref", None).await, [docs, both]);
}

#[tokio::test]
async fn tags_are_versions_when_they_are_asked_for() {
    let repository = Repository::new();
    let mut commits = Vec::new();
    for (n, tag) in ["v1", "w1", "v2", "v3"].iter().enumerate() {
        commits.push(repository.commit(tag, &[("a", tag)]));
        let date = format!("2026-01-0{}T00:00:00Z", n + 1);
        let work = repository.work();
        let made = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a", "tag", "-a", "-m", tag, tag])
            .current_dir(&work)
            .env("GIT_COMMITTER_DATE", date)
            .status();
        assert!(made.expect("git runs").success());
    }
    repository.git(&["push", "--quiet", "--tags", "origin"]);
    let version = |tag: &str, n: usize| {
        let mut version = Version::of("ref", tag);
        version.0.insert("commit".to_owned(), commits[n].clone());
        version
    };
    let filtered = bed(&repository, r#", "tag_filter": "v*", "version_depth": 10"#);
    let all = [version("v1", 0), version("v2", 2), version("v3", 3)];
    assert_eq!(filtered.check(None).await, all);
    assert_eq!(filtered.check(Some(&all[1])).await, all[1..]);
    let (found, tree) = filtered.get("{}", &all[1]).await.expect("gets");
    assert_eq!(found.version, all[1]);
    assert_eq!((tree.read("a").as_str(), tree.read(".git/ref").trim()), ("v2", "v2"));
    let regex = bed(&repository, r#", "tag_regex": "w[0-9]", "branch": "main""#);
    assert_eq!(regex.check(None).await, [version("w1", 1)]);
    let newest = bed(&repository, r#", "tag_filter": "v*""#);
    assert_eq!(newest.check(Some(&all[0])).await, all[2..], "only as many as the depth");
    let up_to = bed(&repository, r#", "tag_filter": "v2", "tag_behaviour": "match_tag_ancestors""#);
    assert_eq!(up_to.refs("ref", Some(&commits[0])).await, commits[..3]);
}

#[tokio::test]
async fn all_forms_of_a_local_address() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["worktree", "add", "--quiet", "-b", "linked", "../linked"]);
    let work = repository.work();
    let linked = work.with_file_name("linked");
    for uri in [
        repository.uri(),
        format!("file://{}", repository.uri()),
        work.to_string_lossy().into_owned(),
        linked.to_string_lossy().into_owned(),
    ] {
        let bed = Bed::new("git", &format!(r#"{{"uri": "{uri}"}}"#));
        assert_eq!(bed.refs("ref", None).await, std::slice::from_ref(&head), "{uri}");
        assert!(!bed.type_.watched_paths(&bed.source).is_empty(), "{uri}");
        let (_, tree) = bed.get("{}", &super::ref_(&head)).await.expect("gets");
        assert_eq!(tree.read("a"), "1", "{uri}");
    }
}

#[tokio::test]
async fn packed_refs_are_read_too() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.bare(&["pack-refs", "--all"]);
    assert_eq!(bed(&repository, r#", "branch": "main""#).refs("ref", None).await, [head]);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let uri = repository.uri();
    for (source, expected) in [
        (
            format!(r#"{{"uri": "{uri}", "branch": "none"}}"#),
            format!("branch `none` not found in `{uri}`"),
        ),
        (
            r#"{"uri": "/no/such/place"}"#.to_owned(),
            "`git ls-remote` ended with status 128: '/no/such/place' does not appear to be a git \
             repository"
                .to_owned(),
        ),
    ] {
        let bed = Bed::new("git", &source);
        let checked = bed.type_.check(&bed.cx, &map(&source), None).await;
        assert_eq!(checked.expect_err("fails").to_string(), expected);
    }
}

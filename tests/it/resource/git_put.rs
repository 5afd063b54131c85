//! What a put of a repository does to the remote.

use super::Bed;
use crate::support::git::{Repository, run};

/// A remote with one commit, and an artifact `made` that is one commit ahead of it.
fn ahead() -> (Repository, Bed) {
    let repository = Repository::with(&[&[("a", "1")]]);
    let bed = Bed::new("git", &format!(r#"{{"uri": "{}", "branch": "main"}}"#, repository.uri()));
    run(&bed.artifacts(), &["clone", "--quiet", &repository.uri(), "made"]);
    commit(&bed, "b", "made");
    (repository, bed)
}

fn commit(bed: &Bed, path: &str, text: &str) -> String {
    let made = bed.artifacts().join("made");
    bed.artifact(&format!("made/{path}"), text);
    run(&made, &["add", "--all"]);
    run(&made, &["commit", "--quiet", "-m", text]);
    run(&made, &["rev-parse", "HEAD"])
}

#[tokio::test]
async fn a_push_that_is_behind_fails_unless_told_how_to_go_on() {
    let (repository, bed) = ahead();
    let theirs = repository.commit("theirs", &[("c", "1")]);
    let error = bed.put(r#"{"repository": "made"}"#, "o").await.expect_err("is behind");
    assert!(error.to_string().contains("rejected"), "{error}");
    assert_eq!(repository.bare(&["rev-parse", "main"]), theirs);

    let put = bed.put(r#"{"repository": "made", "rebase": true}"#, "o").await.expect("rebases");
    let head = repository.bare(&["rev-parse", "main"]);
    assert_eq!(put.version.field("ref"), Some(head.as_str()));
    assert_eq!(repository.bare(&["rev-parse", "main~1"]), theirs);
    assert_eq!(repository.bare(&["log", "-1", "--format=%an", "main"]), "Ada");

    // The same operation again, after more came from others.
    let later = repository.commit_on_top("later", &[("d", "1")]);
    let again = bed.put_again(r#"{"repository": "made", "rebase": true}"#, "o").await;
    assert_eq!(again.expect("is found").version, put.version);
    assert_eq!(repository.bare(&["rev-parse", "main"]), later);
}

#[tokio::test]
async fn a_merge_keeps_both() {
    let (repository, bed) = ahead();
    let ours = run(&bed.artifacts().join("made"), &["rev-parse", "HEAD"]);
    repository.commit("theirs", &[("c", "1")]);
    let params = r#"{"repository": "made", "merge": true}"#;
    let put = bed.put(params, "o").await.expect("merges");
    let head = repository.bare(&["rev-parse", "main"]);
    assert_eq!(put.version.field("ref"), Some(head.as_str()));
    assert_eq!(repository.bare(&["rev-parse", "main^1"]), ours);
    assert_eq!(bed.put_again(params, "o").await.expect("is found").version, put.version);
    let unmerged = r#"{"repository": "made", "merge": true, "returning": "unmerged"}"#;
    repository.commit_on_top("more", &[("d", "1")]);
    let mine = commit(&bed, "e", "mine");
    let put = bed.put(unmerged, "p").await.expect("merges");
    assert_eq!(put.version.field("ref"), Some(mine.as_str()));
}

#[tokio::test]
async fn a_conflict_ends_the_put() {
    let (repository, bed) = ahead();
    repository.commit("theirs", &[("b", "another")]);
    let put = bed.put(r#"{"repository": "made", "rebase": true}"#, "o").await;
    let error = put.expect_err("conflicts").to_string();
    assert!(error.starts_with("cannot rebase onto what others pushed: CONFLICT"), "{error}");
}

#[tokio::test]
async fn force_pushes_once() {
    let (repository, bed) = ahead();
    let ours = run(&bed.artifacts().join("made"), &["rev-parse", "HEAD"]);
    repository.commit("theirs", &[("c", "1")]);
    let params = r#"{"repository": "made", "force": true}"#;
    bed.put(params, "o").await.expect("pushes");
    assert_eq!(repository.bare(&["rev-parse", "main"]), ours);
    let later = repository.commit_on_top("later", &[("d", "1")]);
    bed.put_again(params, "o").await.expect("is found");
    assert_eq!(repository.bare(&["rev-parse", "main"]), later, "what came later stays");
}

#[tokio::test]
async fn tags_notes_and_other_branches() {
    let (repository, bed) = ahead();
    let head = run(&bed.artifacts().join("made"), &["rev-parse", "HEAD"]);
    bed.artifact("words/tag", "1.0\n");
    bed.artifact("words/text", "a release");
    let params = r#"{"repository": "made", "only_tag": true, "tag": "words/tag", "tag_prefix": "v",
        "annotate": "words/text"}"#;
    let put = bed.put(params, "o").await.expect("tags");
    assert_eq!(put.version.field("ref"), Some(head.as_str()));
    assert_eq!(repository.bare(&["rev-parse", "v1.0^{commit}"]), head);
    let words = repository.bare(&["tag", "-l", "--format=%(contents)", "v1.0"]);
    assert_eq!(words, "a release");
    assert_ne!(repository.bare(&["rev-parse", "main"]), head);
    let tag = repository.bare(&["rev-parse", "v1.0"]);
    bed.put_again(params, "o").await.expect("is found");
    assert_eq!(repository.bare(&["rev-parse", "v1.0"]), tag);

    let params = r#"{"repository": "made", "branch": "next", "notes": "words/text"}"#;
    let put = bed.put(params, "p").await.expect("pushes");
    assert_eq!(put.version.field("branch"), Some("next"));
    assert_eq!(repository.bare(&["rev-parse", "next"]), head);
    assert_eq!(repository.bare(&["notes", "show", &head]), "a release");
    let (found, tree) = bed.get("{}", &put.version).await.expect("gets");
    assert_eq!(found.version, put.version);
    assert_eq!(tree.read(".git/branch").trim(), "next");
}

#[tokio::test]
async fn hooks_and_settings_of_the_artifact_do_not_run() {
    let (repository, bed) = ahead();
    let made = bed.artifacts().join("made");
    let mark = bed.place.path().join("mark");
    let script = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    for hook in ["pre-push", "post-checkout", "pre-rebase", "reference-transaction"] {
        let path = made.join(".git/hooks").join(hook);
        std::fs::write(&path, &script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("set");
    }
    run(&made, &["config", "core.fsmonitor", &format!("touch {}", mark.display())]);
    run(&made, &["config", "uploadpack.packObjectsHook", &format!("touch {}", mark.display())]);
    repository.commit("theirs", &[("c", "1")]);
    bed.put(r#"{"repository": "made", "rebase": true}"#, "o").await.expect("pushes");
    assert!(!mark.exists());
}

#[tokio::test]
async fn an_artifact_that_is_not_there_is_named() {
    let (_repository, bed) = ahead();
    let error = bed.put(r#"{"repository": "none"}"#, "o").await.expect_err("fails");
    let expected = "`none` not found; it must begin with the name of an artifact";
    assert_eq!(error.to_string(), expected);
}

//! Proposals in a repository of this machine.

use flightdeck::model::Version;

use super::Bed;
use crate::support::git::{Repository, run};

fn bed(repository: &Repository, more: &str) -> Bed {
    Bed::new("pull-request", &format!(r#"{{"uri": "{}"{more}}}"#, repository.uri()))
}

/// Proposes files on top of `main`.
fn propose(repository: &Repository, number: u32, files: &[(&str, &str)]) -> Version {
    let branch = format!("topic-{number}");
    repository.git(&["checkout", "--quiet", "-B", &branch, "main"]);
    let commit = repository.commit(&format!("proposal {number}\n\nwith a body"), files);
    let spec = format!("HEAD:refs/pull/{number}/head");
    repository.git(&["push", "--quiet", "--force", "origin", &spec]);
    repository.git(&["checkout", "--quiet", "main"]);
    let mut version = Version::of("pr", &number.to_string());
    version.0.insert("ref".to_owned(), commit);
    version
}

#[tokio::test]
async fn each_proposal_and_each_change_of_one_is_a_version() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let bed = bed(&repository, "");
    assert_eq!(bed.check(None).await, []);
    let two = propose(&repository, 2, &[("two", "1")]);
    assert_eq!(bed.check(None).await, std::slice::from_ref(&two));
    // In the same second, and with a lower number.
    let one = propose(&repository, 1, &[("one", "1")]);
    assert_eq!(bed.check(Some(&two)).await, [two.clone(), one.clone()]);
    assert_eq!(bed.check(Some(&one)).await, std::slice::from_ref(&one));
    let changed = propose(&repository, 1, &[("one", "2")]);
    assert_eq!(bed.check(Some(&one)).await, [one, changed.clone()]);
    assert_eq!(bed.check(Some(&changed)).await, [changed]);
    assert!(bed.type_.watched_paths(&bed.source).contains(&repository.path().join("refs/pull")));
}

#[tokio::test]
async fn labels_and_paths_choose() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let code = propose(&repository, 1, &[("src/a", "1")]);
    let docs = propose(&repository, 2, &[("docs/a", "1")]);
    repository.git(&["push", "--quiet", "origin", "main:refs/pull/1/labels/run-e2e"]);
    for (more, expected) in [
        (r#", "label": "run-e2e""#, &code),
        (r#", "paths": ["docs"]"#, &docs),
        (r#", "ignore_paths": ["docs"]"#, &code),
    ] {
        assert_eq!(
            bed(&repository, more).check(None).await,
            std::slice::from_ref(expected),
            "{more}"
        );
    }
}

#[tokio::test]
async fn a_proposal_comes_alone_or_merged_with_its_facts() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let version = propose(&repository, 7, &[("b", "2")]);
    repository.commit("meanwhile", &[("c", "3")]);
    let bed = bed(&repository, r#", "base": "main""#);
    let (found, alone) = bed.get("{}", &version).await.expect("gets");
    assert!(alone.has("b") && !alone.has("c"));
    let (_, merged) = bed.get(r#"{"fetch_merge": true}"#, &version).await.expect("gets");
    assert!(merged.has("a") && merged.has("b") && merged.has("c"));
    assert_eq!(merged.read(".git/id"), "7\n");
    assert_eq!(merged.read(".git/resource/title"), "proposal 7");
    assert_eq!(merged.read(".git/body"), "with a body\n");
    let config = |key: &str| run(merged.path(), &["config", &format!("pullrequest.{key}")]);
    assert_eq!(
        (config("id"), config("branch"), config("basebranch")),
        ("7".into(), "topic-7".into(), "main".into())
    );
    assert_eq!(config("url"), format!("file://{}/pull/7", repository.uri()));
    let named = |name: &str| {
        found.metadata.iter().find(|field| field.name == name).expect("is told").value.clone()
    };
    assert_eq!((named("pr").as_str(), named("author").as_str()), ("7", "Ada"));

    let teliaoss = format!(r#"{{"repository": "{}"}}"#, repository.uri());
    let teliaoss = Bed::new("pull-request", &teliaoss);
    let (_, tree) = teliaoss.get(r#"{"list_changed_files": true}"#, &version).await.expect("gets");
    assert!(tree.has("c"), "merging is what that type does unasked");
    assert_eq!(tree.read(".git/resource/changed_files"), "b\n");
    let (_, tree) =
        teliaoss.get(r#"{"integration_tool": "rebase"}"#, &version).await.expect("gets");
    assert_eq!(run(tree.path(), &["log", "--format=%s"]), "proposal 7\nmeanwhile\na commit");
    let (_, tree) = teliaoss.get(r#"{"skip_download": true}"#, &version).await.expect("gets");
    assert!(!tree.has("b"));
}

#[tokio::test]
async fn a_merge_that_the_repository_has_is_taken_as_it_is() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let version = propose(&repository, 1, &[("b", "2")]);
    repository.git(&["checkout", "--quiet", "--detach", "main"]);
    repository.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "theirs",
        version.field("ref").expect("has"),
    ]);
    repository.git(&["push", "--quiet", "origin", "HEAD:refs/pull/1/merge"]);
    let (_, tree) = bed(&repository, r#", "base": "main""#)
        .get(r#"{"fetch_merge": true}"#, &version)
        .await
        .expect("gets");
    assert_eq!(run(tree.path(), &["log", "-1", "--format=%s"]), "theirs");
}

#[tokio::test]
async fn what_conflicts_is_told() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let version = propose(&repository, 1, &[("a", "mine")]);
    repository.commit("meanwhile", &[("a", "theirs")]);
    let bed = bed(&repository, r#", "base": "main""#);
    let error = bed.get(r#"{"fetch_merge": true}"#, &version).await.err().expect("conflicts");
    let expected = "pull request 1 does not go together with `main`: CONFLICT";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn statuses_and_comments_are_recorded_once() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let version = propose(&repository, 1, &[("b", "1")]);
    let bed = bed(&repository, "");
    let commit = version.field("ref").expect("has");
    bed.artifact("pr/.git/resource/version.json", &format!(r#"{{"pr":"1","ref":"{commit}"}}"#));
    bed.artifact("words/comment", "see build $BUILD_NAME");
    for status in ["pending", "SUCCESS"] {
        let params = format!(
            r#"{{"path": "pr", "status": "{status}", "context": "dispatch-units",
            "comment": "words/comment", "label": "seen"}}"#
        );
        let put = bed.put(&params, "a").await.expect("puts");
        assert_eq!(put.version, version);
        assert_eq!(bed.put_again(&params, "a").await.expect("puts"), put);
    }
    let ref_ = format!("refs/statuses/{commit}/concourse-ci%2Fdispatch-units");
    let status: serde_json::Value =
        serde_json::from_str(&repository.bare(&["cat-file", "blob", &ref_])).expect("JSON");
    assert_eq!(
        (&status["state"], &status["context"]),
        (&"success".into(), &"concourse-ci/dispatch-units".into())
    );
    let comments = repository.bare(&["for-each-ref", "--format=%(refname)", "refs/comments"]);
    assert_eq!(comments.lines().count(), 1);
    assert_eq!(repository.bare(&["cat-file", "blob", &comments]), "see build 7");
    assert_eq!(bed.check(Some(&version)).await, [version], "a label is no new version");
}

#[tokio::test]
async fn what_is_not_there_yet_is_told() {
    let bed = Bed::new("pull-request", r#"{"repo": "vmware/dispatch", "access_token": "x"}"#);
    let error = bed.type_.check(&bed.cx, &bed.source, None).await.expect_err("fails");
    assert_eq!(
        error.to_string(),
        "source key `repo` is `vmware/dispatch`: this build cannot ask GitHub for pull requests \
         (its API is not spoken yet); a path of a repository with `refs/pull/<n>/head` is served"
    );
    let repository = Repository::with(&[&[("a", "1")]]);
    let bed = self::bed(&repository, r#", "require_review_approval": true"#);
    let error = bed.type_.check(&bed.cx, &bed.source, None).await.expect_err("fails");
    assert_eq!(
        error.to_string(),
        "source key `require_review_approval` cannot be answered by a repository of this machine"
    );
}

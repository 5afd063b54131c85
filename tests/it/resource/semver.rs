//! Version numbers in repositories and files.

use super::Bed;
use crate::support::git::Repository;

fn bed(repository: &Repository) -> Bed {
    Bed::new(
        "semver",
        &format!(
            r#"{{"driver": "git", "uri": "{}", "branch": "main", "file": "version",
            "initial_version": "0.1.3"}}"#,
            repository.uri()
        ),
    )
}

#[tokio::test]
async fn a_number_is_got_bumped_and_put() {
    let repository = Repository::new();
    let bed = bed(&repository);
    assert_eq!(bed.refs("number", None).await, ["0.1.3"], "before there is a branch");
    let version = bed.check(None).await.remove(0);
    let (found, tree) = bed.get(r#"{"bump": "patch", "pre": "rc"}"#, &version).await.expect("gets");
    assert_eq!(found.version, version);
    assert_eq!(found.metadata[0].value, "0.1.3");
    assert_eq!(
        (tree.read("number"), tree.read("version")),
        ("0.1.4-rc.1".into(), "0.1.4-rc.1".into())
    );
    bed.artifact("v/number", "0.1.4-rc.1");
    let put = bed.put(r#"{"file": "v/number"}"#, "a").await.expect("sets");
    assert_eq!(put.version.field("number"), Some("0.1.4-rc.1"));
    assert_eq!(repository.bare(&["show", "main:version"]), "0.1.4-rc.1");
    assert_eq!(repository.bare(&["log", "-1", "--format=%s", "main"]), "bump to 0.1.4-rc.1");
    bed.put(r#"{"pre": "rc"}"#, "b").await.expect("bumps");
    bed.put(r#"{"bump": "final"}"#, "c").await.expect("bumps");
    let all = bed.refs("number", Some("0.1.4-rc.1")).await;
    assert_eq!(all, ["0.1.4-rc.1", "0.1.4-rc.2", "0.1.4"]);
    assert_eq!(bed.refs("number", Some("9.9.9")).await, ["0.1.4"]);
    let latest = bed.put(r#"{"get_latest": true}"#, "d").await.expect("reads");
    assert_eq!(latest.version.field("number"), Some("0.1.4"));
    assert_eq!(repository.bare(&["rev-list", "--count", "main"]), "3");
}

#[tokio::test]
async fn many_bumps_at_once_all_count() {
    let repository = Repository::with(&[&[("version", "1.0.0"), ("else", "kept")]]);
    let uri = repository.uri();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..4 {
        let source =
            format!(r#"{{"driver": "git", "uri": "{uri}", "branch": "main", "file": "version"}}"#);
        tasks.spawn(async move {
            let bed = Bed::new("semver", &source);
            bed.put(r#"{"bump": "patch"}"#, &format!("build-{n}")).await.expect("bumps").version
        });
    }
    let mut versions = tasks.join_all().await;
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 4);
    assert_eq!(repository.bare(&["show", "main:version"]), "1.0.4");
    assert_eq!(repository.bare(&["show", "main:else"]), "kept");
}

#[tokio::test]
async fn a_repeated_bump_answers_what_it_did_then() {
    let repository = Repository::with(&[&[("version", "1.0.0")]]);
    let bed = bed(&repository);
    let put = bed.put(r#"{"bump": "minor"}"#, "build-1").await.expect("bumps");
    bed.put(r#"{"bump": "minor"}"#, "build-2").await.expect("bumps");
    assert_eq!(bed.put_again(r#"{"bump": "minor"}"#, "build-1").await.expect("is found"), put);
    assert_eq!(bed.refs("number", None).await, ["1.2.0"]);
}

#[tokio::test]
async fn a_file_of_this_machine_works_alike() {
    let place = tempfile::tempdir().expect("a place");
    let path = place.path().join("deep/version");
    let source = format!(
        r#"{{"driver": "file", "path": "{}", "initial_version": "2.0.0"}}"#,
        path.display()
    );
    let bed = Bed::new("semver", &source);
    assert_eq!(bed.refs("number", None).await, ["2.0.0"]);
    let put = bed.put(r#"{"bump": "patch"}"#, "a").await.expect("bumps");
    assert_eq!(bed.put_again(r#"{"bump": "patch"}"#, "a").await.expect("is found"), put);
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "2.0.1");
    assert_eq!(bed.type_.watched_paths(&bed.source), [path]);
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let repository = Repository::with(&[&[("version", "none")]]);
    let lacking = |name: &str| {
        format!("source key `driver` is `{name}`, which is not in this build; `git` and `file` are")
    };
    for (source, expected) in [
        (r#"{"bucket": "b", "key": "k"}"#.to_owned(), lacking("s3")),
        (r#"{"driver": "gcs", "bucket": "b"}"#.to_owned(), lacking("gcs")),
        (
            r#"{"driver": "git", "uri": "/r", "file": "f"}"#.to_owned(),
            "source key `branch` is required".to_owned(),
        ),
        (
            r#"{"driver": "file", "path": "/x", "initial_version": "1"}"#.to_owned(),
            "source key `initial_version` must be a number such as `1.2.3`".to_owned(),
        ),
        (
            format!(
                r#"{{"driver": "git", "uri": "{}", "branch": "main", "file": "version"}}"#,
                repository.uri()
            ),
            "`version` holds `none`, which is no version number".to_owned(),
        ),
    ] {
        let bed = Bed::new("semver", &source);
        let error = bed.type_.check(&bed.cx, &bed.source, None).await.expect_err("fails");
        assert_eq!(error.to_string(), expected);
    }
    let error = bed(&repository).put("{}", "a").await.expect_err("fails");
    assert_eq!(error.to_string(), "no version bump specified");
}

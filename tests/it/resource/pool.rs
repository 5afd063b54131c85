//! Locks, and many who want them.

use std::collections::BTreeSet;

use flightdeck::model::build::Cause;
use flightdeck::resource::ResourceError;

use super::{Bed, until};
use crate::support::git::Repository;

fn locks(unclaimed: &[&str]) -> Repository {
    let mut files = vec![("k8s/claimed/.gitkeep", ""), ("k8s/unclaimed/.gitkeep", "")];
    let paths: Vec<String> = unclaimed.iter().map(|name| format!("k8s/unclaimed/{name}")).collect();
    files.extend(paths.iter().map(|path| (path.as_str(), r#"{"ip": "10.0.0.1"}"#)));
    Repository::with(&[&files])
}

fn bed(repository: &Repository) -> Bed {
    let source = format!(
        r#"{{"uri": "{}", "branch": "main", "pool": "k8s", "retry_delay": "50ms"}}"#,
        repository.uri()
    );
    Bed::new("pool", &source)
}

fn list(repository: &Repository, state: &str) -> Vec<String> {
    let text = repository.bare(&["ls-tree", "--name-only", &format!("main:k8s/{state}")]);
    text.lines().filter(|name| !name.starts_with('.')).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_lock_goes_round() {
    let repository = locks(&["one"]);
    let bed = bed(&repository);
    let put = bed.put(r#"{"acquire": true}"#, "build-1").await.expect("acquires");
    assert_eq!(put.metadata[0].value, "one");
    assert_eq!((list(&repository, "claimed").len(), list(&repository, "unclaimed").len()), (1, 0));
    let subject = repository.bare(&["log", "-1", "--format=%s", "main"]);
    assert_eq!(subject, "p/j build 7 claiming: one");

    let (_, tree) = bed.get("{}", &put.version).await.expect("gets");
    assert_eq!(
        (tree.read("name").as_str(), tree.read("metadata").as_str()),
        ("one", r#"{"ip": "10.0.0.1"}"#)
    );
    bed.artifact("lock/name", "one\n");
    bed.artifact("lock/metadata", "new");
    let released = bed.put(r#"{"release": "lock"}"#, "build-2").await.expect("releases");
    assert_eq!(list(&repository, "unclaimed"), ["one"]);
    let error = bed.get("{}", &put.version).await.err().expect("is over");
    assert_eq!(error.to_string(), "lock instance is no longer acquired: `one`");
    assert!(bed.get("{}", &released.version).await.expect("gets").1.has("metadata"));
    let error = bed.put(r#"{"release": "lock"}"#, "build-3").await.expect_err("is free");
    assert_eq!(error.to_string(), "lock `one` is not claimed");
    let found = bed.check(Some(&put.version)).await;
    assert_eq!(found, [put.version, released.version]);
}

#[tokio::test]
async fn locks_are_added_updated_and_removed() {
    let repository = locks(&[]);
    let bed = bed(&repository);
    bed.artifact("lock/name", "new");
    bed.artifact("lock/metadata", "1");
    bed.put(r#"{"add": "lock"}"#, "a").await.expect("adds");
    assert_eq!(list(&repository, "unclaimed"), ["new"]);
    bed.artifact("lock/metadata", "2");
    let updated = bed.put(r#"{"update": "lock"}"#, "b").await.expect("updates");
    assert_eq!(bed.get("{}", &updated.version).await.expect("gets").1.read("metadata"), "2");
    let same = bed.put(r#"{"update": "lock"}"#, "c").await.expect("is so already");
    assert_eq!(same.version, updated.version);
    let claimed = bed.put(r#"{"claim": "new"}"#, "d").await.expect("claims");
    bed.put(r#"{"check_unclaimed": "lock"}"#, "e").await.expect("is claimed");
    let removed = bed.put(r#"{"remove": "lock"}"#, "f").await.expect("removes");
    assert_eq!(list(&repository, "claimed").len(), 0);
    for version in [&claimed.version, &removed.version] {
        let (_, tree) = bed.get("{}", version).await.expect("a lock that is gone is no fault");
        assert!(!tree.has("name"));
    }
    bed.put(r#"{"add_claimed": "lock"}"#, "g").await.expect("adds");
    assert_eq!(list(&repository, "claimed"), ["new"]);
    let error = bed.put(r#"{"acquire": true, "claim": "x"}"#, "h").await.expect_err("two");
    assert_eq!(error.to_string(), "params key `claim` cannot stand beside `acquire`");
    let error = bed.put("{}", "h").await.expect_err("none");
    assert_eq!(error.to_string(), "params key `acquire` or another of the actions is required");
}

#[tokio::test]
async fn many_at_once_get_locks_of_their_own() {
    let repository = locks(&["a", "b", "c", "d"]);
    let uri = repository.uri();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..4 {
        let source = format!(r#"{{"uri": "{uri}", "branch": "main", "pool": "k8s"}}"#);
        tasks.spawn(async move {
            let bed = Bed::new("pool", &source);
            let put = bed.put(r#"{"acquire": true}"#, &format!("build-{n}")).await;
            let version = put.expect("acquires").version;
            bed.get("{}", &version).await.expect("gets").1.read("name")
        });
    }
    let names: BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(list(&repository, "claimed").len(), 4);
}

#[tokio::test]
async fn who_waits_says_so_and_goes_on_when_one_is_free() {
    let repository = locks(&["one"]);
    let first = bed(&repository);
    let taken = first.put(r#"{"acquire": true}"#, "a").await.expect("acquires");
    let second = std::sync::Arc::new(bed(&repository));
    let waiting = tokio::spawn({
        let second = std::sync::Arc::clone(&second);
        async move { second.put(r#"{"acquire": true}"#, "b").await }
    });
    until("the words", || second.said().contains("no lock of pool `k8s` is free; waiting")).await;
    first.artifact("lock/name", "one");
    first.put(r#"{"release": "lock"}"#, "c").await.expect("releases");
    let put = waiting.await.expect("ends").expect("acquires");
    assert_ne!(put.version, taken.version);
    assert_eq!(second.said().matches("waiting").count(), 1);
}

#[tokio::test]
async fn who_waits_can_be_stopped() {
    let repository = locks(&[]);
    let bed = std::sync::Arc::new(bed(&repository));
    let waiting = tokio::spawn({
        let bed = std::sync::Arc::clone(&bed);
        async move { bed.put(r#"{"acquire": true}"#, "b").await }
    });
    until("the words", || bed.said().contains("waiting")).await;
    bed.cx.cancel.cancel(Cause::Aborted);
    let ended = waiting.await.expect("ends");
    assert!(matches!(ended, Err(ResourceError::Stopped(Cause::Aborted))));
}

#[tokio::test]
async fn a_repeated_acquire_finds_its_lock_and_takes_no_other() {
    let repository = locks(&["a", "b"]);
    let bed = bed(&repository);
    let put = bed.put(r#"{"acquire": true}"#, "build-1").await.expect("acquires");
    // An id that another begins with is another id.
    bed.put(r#"{"acquire": true}"#, "build-12").await.expect("acquires");
    let again = bed.put_again(r#"{"acquire": true}"#, "build-1").await.expect("is found");
    assert_eq!(again, put);
    assert_eq!(list(&repository, "claimed").len(), 2);
}

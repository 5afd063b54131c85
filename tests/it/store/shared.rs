//! What is told, what is leased, who holds a directory: the store and those beside it.

use std::time::Duration;

use flightdeck::model::build::Status;
use flightdeck::store::lease::Lease;
use flightdeck::store::notify::{BuildChange, Change, Changes};
use flightdeck::store::{StoreError, StoreUrl};

use super::on_both;
use super::scratch::{Scratch, open, two_jobs};

on_both! {
    changes_are_told_when_they_are_there,
    a_lease_has_one_holder,
    a_directory_has_one_holder,
    it_opens_again_with_all_that_was_there,
    cores_on_one_database_hear_of_each_other,
}

async fn next(changes: &mut Changes) -> Change {
    let deadline = Duration::from_secs(20);
    tokio::time::timeout(deadline, changes.next()).await.expect("comes").expect("is open")
}

async fn changes_are_told_when_they_are_there(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let mut changes = at.changes();
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let told = [next(&mut changes).await, next(&mut changes).await];
    let made = Change::Build {
        build,
        job: Some(unit),
        pipeline: Some(set.id),
        what: BuildChange::Created,
    };
    assert!(told.contains(&Change::JobDue(unit)) && told.contains(&made), "{told:?}");
    // What was refused is not told.
    at.finish_build(build, Status::Succeeded, None).await.expect_err("never ran");
    at.mark_build_scheduled(build).await.expect("marks");
    let changed = Change::Build {
        build,
        job: Some(unit),
        pipeline: Some(set.id),
        what: BuildChange::Changed,
    };
    assert_eq!(next(&mut changes).await, changed);
    // Who is slow is told to look at everything.
    for _ in 0..3000 {
        at.request_schedule(unit).await.expect("requests");
    }
    assert_eq!(next(&mut changes).await, Change::Everything);
}

async fn a_lease_has_one_holder(at: &Scratch) {
    let span = Duration::from_secs(3600);
    let first = at.take_lease("pass", span).await.expect("takes").expect("is free");
    assert_eq!(first, Lease { name: "pass".into(), epoch: 1 });
    let again = at.take_lease("pass", span).await.expect("takes").expect("is its own");
    assert_eq!(again.epoch, 1);
    at.renew_lease(&first, span).await.expect("renews");
    at.release_lease(&first).await.expect("gives back");
    let second = at.take_lease("pass", span).await.expect("takes").expect("is free");
    assert_eq!(second.epoch, 2);
    let lost = at.renew_lease(&first, span).await.expect_err("is an old one");
    assert!(matches!(lost, StoreError::LeaseLost { .. }), "{lost}");
    if !at.is_postgres() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let other = at.neighbour(dir.path()).await;
    assert_eq!(other.take_lease("pass", span).await.expect("looks"), None);
    at.release_lease(&second).await.expect("gives back");
    let theirs = other.take_lease("pass", span).await.expect("takes").expect("is free");
    assert_eq!(theirs.epoch, 3);
    // A build that another core took over is not written to any more.
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let name = Lease::of_build(build);
    at.take_lease(&name, Duration::ZERO).await.expect("takes").expect("is free");
    other.take_lease(&name, span).await.expect("takes").expect("has ended");
    let node = flightdeck::model::PlanId::from("1");
    let record = flightdeck::engine::journal::Record::Begun;
    at.journal().record(build, &node, record.clone()).await.expect_err("is not its own");
    other.journal().record(build, &node, record).await.expect("is its own");
    other.close().await;
}

async fn a_directory_has_one_holder(at: &Scratch) {
    let error = match open(&at.url, at.dir.path()).await {
        Ok(_) => panic!("it is held"),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
}

async fn it_opens_again_with_all_that_was_there(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.run(unit, &[], Status::Succeeded).await;
    let scope = at.scope(at.resource_id(set.id, "source").await).await;
    at.begin_check(scope, None).await.expect("begins");
    let dir = super::scratch::copy_of(at.dir.path());
    let again = open(&at.url, dir.path()).await.expect("opens");
    assert_eq!(again.core_id(), at.core_id());
    assert_eq!(again.build(build.id).await.expect("reads"), Some(build));
    if !at.is_postgres() {
        let check = again.check_state(scope).await.expect("reads");
        assert_eq!(check, None, "who checked it is gone");
    }
    again.close().await;
}

async fn cores_on_one_database_hear_of_each_other(at: &Scratch) {
    if !at.is_postgres() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let other = at.neighbour(dir.path()).await;
    let mut changes = other.changes();
    let set = at.set(&two_jobs()).await;
    // Tests share the database, and so its messages.
    while next(&mut changes).await != Change::Pipeline(set.id) {}
    other.close().await;
}

#[test]
fn a_database_address_is_read() {
    for (text, url) in [
        ("", Some(StoreUrl::Sqlite)),
        ("sqlite", Some(StoreUrl::Sqlite)),
        ("postgres://db/ci", Some(StoreUrl::Postgres("postgres://db/ci".into()))),
        ("mysql://me:secret@db/ci", None),
    ] {
        let read = StoreUrl::parse(text);
        if let Err(error) = &read {
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(read.ok(), url, "{text}");
    }
}

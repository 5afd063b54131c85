//! Versions, pins, switches, scopes, checks.

use flightdeck::engine::journal::SavedVersion;
use flightdeck::model::build::Status;
use flightdeck::model::version::MetadataField;
use flightdeck::model::{Map, Timestamp, Value, Version};
use flightdeck::store::resource::{CheckEnd, ScopeKey};

use super::on_both;
use super::scratch::{Scratch, two_jobs, version};

on_both! {
    known_versions_move_only_with_new_ones,
    new_versions_request_the_jobs_that_take_them_directly,
    a_put_is_the_latest_only_when_it_is_new,
    metadata_is_kept_until_there_is_more,
    versions_are_listed_by_page_and_field,
    another_source_is_another_history,
    a_shared_history_is_one,
    a_switch_holds_for_the_content,
    a_check_tells_how_it_went,
    candidates_know_what_makes_them_due,
    versions_between_two_are_counted,
}

async fn known_versions_move_only_with_new_ones(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    let scope = at.scope(source).await;
    let save = async |refs: &[&str]| {
        let versions: Vec<Version> = refs.iter().map(|r| version(r)).collect();
        at.save_versions(scope, &versions).await.expect("saves").n_new
    };
    for (found, n_new, order) in [
        (&["a", "b", "c"][..], 3, "cba"),
        (&["a"], 0, "cba"),
        (&["b", "a"], 0, "cba"),
        // A new one is among them: all that were found move up, in their order.
        (&["b", "d"], 1, "dbca"),
        (&["c", "a", "e", "b"], 1, "beacd"),
        (&[], 0, "beacd"),
        (&["x", "x"], 1, "xbeacd"),
    ] {
        assert_eq!(save(found).await, n_new, "{found:?}");
        assert_eq!(at.refs(source).await.concat(), order, "{found:?}");
    }
}

async fn new_versions_request_the_jobs_that_take_them_directly(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    at.scope(source).await;
    at.settle().await;
    at.check(source, &["a"]).await;
    assert_eq!(at.due().await, ["unit"], "`ship` takes what passed `unit` only");
    at.settle().await;
    at.check(source, &["a"]).await;
    assert!(at.due().await.is_empty(), "nothing is new");
}

async fn a_put_is_the_latest_only_when_it_is_new(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let image = at.resource_id(set.id, "image").await;
    let build = at.create_manual_build(at.job_id(set.id, "ship").await, "ada").await;
    let build = build.expect("makes").id;
    let put = async |word: &str| {
        let output = SavedVersion {
            name: "image".into(),
            resource: "image".into(),
            version: version(word),
            metadata: vec![MetadataField::new("tag", word)],
        };
        at.journal().save_output(build, output).await.expect("saves");
    };
    put("a").await;
    put("b").await;
    put("a").await;
    assert_eq!(at.refs(image).await, ["b", "a"]);
    let outputs = at.build_outputs(build).await.expect("reads");
    let refs: Vec<_> = outputs.iter().map(|output| output.version.clone()).collect();
    assert_eq!(refs, [version("a"), version("b")], "saving it again changes nothing");
    assert_eq!(outputs[0].metadata, [MetadataField::new("tag", "a")]);
    // The first check finds the history that the put began.
    at.check(image, &["b"]).await;
    assert_eq!(at.refs(image).await, ["b", "a"]);
}

async fn metadata_is_kept_until_there_is_more(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    let inputs = [at.chosen("source", source, "a").await];
    let build = at.run(at.job_id(set.id, "unit").await, &inputs, Status::Succeeded).await;
    let learn = async |metadata: Vec<MetadataField>| {
        let input = SavedVersion {
            name: "source".into(),
            resource: "source".into(),
            version: version("a"),
            metadata,
        };
        at.journal().save_metadata(build.id, input).await.expect("saves");
    };
    let author = vec![MetadataField::new("author", "Ada \"A\" ünï")];
    learn(author.clone()).await;
    learn(Vec::new()).await;
    at.check(source, &["a"]).await;
    let found = at.versions(source, None, &Version::default(), 1).await.expect("reads");
    assert_eq!(found[0].metadata, author);
    assert_eq!(at.build_inputs(build.id).await.expect("reads")[0].metadata, author);
}

async fn versions_are_listed_by_page_and_field(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    let scope = at.scope(source).await;
    let fields = |i: i32| {
        let parity = if i % 2 == 0 { "even" } else { "odd" };
        Version([("n".to_owned(), i.to_string()), ("parity".to_owned(), parity.to_owned())].into())
    };
    let versions: Vec<Version> = (0..10).map(fields).collect();
    at.save_versions(scope, &versions).await.expect("saves");
    let numbers = async |before, filter: &Version, limit| {
        let rows = at.versions(source, before, filter, limit).await.expect("reads");
        let words: Vec<_> =
            rows.iter().map(|row| row.version.field("n").expect("a number").to_owned()).collect();
        (words.concat(), rows.last().map(|row| row.id))
    };
    let all = Version::default();
    let (first, last) = numbers(None, &all, 4).await;
    assert_eq!(first, "9876");
    assert_eq!(numbers(last, &all, 4).await.0, "5432");
    assert_eq!(numbers(None, &Version::of("parity", "odd"), 3).await.0, "975");
    assert_eq!(numbers(None, &Version::of("parity", "none"), 3).await.0, "");
    assert_eq!(numbers(None, &fields(3), 3).await.0, "3");
}

async fn another_source_is_another_history(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    let map = |word: &str| -> Map { [("uri".to_owned(), Value::from(word))].into() };
    let attach = async |kind: &str, word: &str| {
        let source_map = map(word);
        let key = ScopeKey { kind, source: &source_map, is_shared: false };
        at.attach_scope(source, key).await.expect("attaches")
    };
    let first = attach("git", "secret-one").await;
    assert!(first.is_moved);
    assert_eq!(at.due().await, ["ship", "unit"]);
    at.save_versions(first.scope, &[version("a")]).await.expect("saves");
    assert_eq!(attach("git", "secret-one").await.scope, first.scope);
    let second = attach("git", "secret-two").await;
    assert!(second.is_moved && second.scope != first.scope);
    assert!(at.refs(source).await.is_empty());
    assert_ne!(attach("hg", "secret-two").await.scope, second.scope);
    let back = attach("git", "secret-one").await;
    assert!(back.is_moved);
    assert!(at.refs(source).await.is_empty(), "its own history went when it moved");
}

async fn a_shared_history_is_one(at: &Scratch) {
    let mut config = two_jobs();
    config.resources[1] = config.resources[0].clone();
    config.resources[1].name = "image".to_owned();
    let set = at.set(&config).await;
    let one = at.resource_id(set.id, "source").await;
    let two = at.resource_id(set.id, "image").await;
    let source = &config.resources[0].source;
    let key = ScopeKey { kind: "git", source, is_shared: true };
    let shared = at.attach_scope(one, key).await.expect("attaches").scope;
    assert_eq!(at.attach_scope(two, key).await.expect("attaches").scope, shared);
    at.save_versions(shared, &[version("a")]).await.expect("saves");
    assert_eq!((at.refs(one).await, at.refs(two).await), (vec!["a".into()], vec!["a".into()]));
    // One moves away: the other still has it.
    at.scope(one).await;
    assert_eq!((at.refs(one).await, at.refs(two).await), (vec![], vec!["a".into()]));
}

async fn a_switch_holds_for_the_content(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a", "b"]).await;
    let b = at.chosen("source", source, "b").await.version;
    at.settle().await;
    at.disable_version(source, b).await.expect("disables");
    at.disable_version(source, b).await.expect("disables again");
    assert_eq!(at.due().await, ["ship", "unit"]);
    let enabled = async || {
        let rows = at.versions(source, None, &Version::default(), 10).await.expect("reads");
        rows.iter().map(|row| row.is_enabled).collect::<Vec<_>>()
    };
    assert_eq!(enabled().await, [false, true]);
    // The same content in another scope.
    let other: Map = [("uri".to_owned(), Value::from("moved"))].into();
    let key = ScopeKey { kind: "git", source: &other, is_shared: false };
    let scope = at.attach_scope(source, key).await.expect("attaches").scope;
    at.save_versions(scope, &[version("b"), version("c")]).await.expect("saves");
    assert_eq!(enabled().await, [true, false]);
    let b = at.chosen("source", source, "b").await.version;
    at.enable_version(source, b).await.expect("enables");
    assert_eq!(enabled().await, [true, true]);
}

async fn a_check_tells_how_it_went(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    let unit = at.job_id(set.id, "unit").await;
    at.note_check_error(source, Some("no such secret"), Timestamp(5)).await.expect("notes");
    let overview = async || {
        let overview = at.overview().await.expect("reads");
        overview.pipelines[0].resources[0].check.clone()
    };
    let failed = overview().await.expect("was checked");
    assert_eq!(
        (failed.error.as_deref(), failed.next_at),
        (Some("no such secret"), Some(Timestamp(5)))
    );
    let scope = at.scope(source).await;
    assert_eq!(at.check_state(scope).await.expect("reads"), None);
    assert_eq!(overview().await, None);
    at.begin_check(scope, None).await.expect("begins");
    assert!(at.check_state(scope).await.expect("reads").expect("has one").is_running());
    at.create_manual_build(unit, "ada").await.expect("makes");
    at.settle().await;
    let end = CheckEnd { error: Some("exit status 1"), next_at: Timestamp(77) };
    at.end_check(scope, end).await.expect("ends");
    let state = overview().await.expect("was checked");
    assert!(!state.is_running() && !state.is_ok);
    assert_eq!(
        (state.error.as_deref(), state.next_at),
        (Some("exit status 1"), Some(Timestamp(77)))
    );
    assert_eq!(at.due().await, ["unit"], "its build may have waited for the check");
}

async fn candidates_know_what_makes_them_due(at: &Scratch) {
    let mut config = two_jobs();
    config.resources[0].version = Some(Version::of("branch", "x_y%"));
    let set = at.set(&config).await;
    let source = at.resource_id(set.id, "source").await;
    let image = at.resource_id(set.id, "image").await;
    let facts = async |resource| {
        let all = at.resource_facts().await.expect("reads");
        all.into_iter().find(|facts| facts.resource == resource)
    };
    let found = facts(source).await.expect("is a candidate");
    assert!(found.has_trigger_input && !found.has_quiet_input && !found.has_versions);
    assert!(found.pin.is_some() && !found.has_pinned && !found.is_checking);
    assert_eq!(found.last_check_succeeded, None);
    let put_only = facts(image).await.expect("is a candidate");
    assert!(!put_only.has_trigger_input && !put_only.has_quiet_input);
    let scope = at.scope(source).await;
    let with = |branch: &str, word: &str| {
        Version([("branch".to_owned(), branch.to_owned()), ("ref".to_owned(), word.into())].into())
    };
    at.begin_check(scope, None).await.expect("begins");
    assert!(facts(source).await.expect("is a candidate").is_checking);
    // What only looks alike to LIKE is no match.
    at.save_versions(scope, &[with("xzy%", "1"), with("X_Y%", "2")]).await.expect("saves");
    at.end_check(scope, CheckEnd { error: None, next_at: Timestamp(9) }).await.expect("ends");
    let found = facts(source).await.expect("is a candidate");
    assert!(found.has_versions && !found.has_pinned && !found.is_checking);
    assert_eq!((found.last_check_succeeded, found.next_check_at), (Some(true), Some(Timestamp(9))));
    at.save_versions(scope, &[with("x_y%", "3")]).await.expect("saves");
    assert!(facts(source).await.expect("is a candidate").has_pinned);
    at.pause_pipeline(set.id, "ada", None).await.expect("pauses");
    assert_eq!(facts(source).await, None);
}

async fn versions_between_two_are_counted(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a", "b", "c", "d"]).await;
    let between = async |from: &str, to: &str| {
        at.versions_between(source, &version(from), &version(to)).await.expect("counts")
    };
    assert_eq!(between("a", "d").await, Some(3));
    assert_eq!(between("d", "d").await, Some(0));
    assert_eq!(between("a", "z").await, None);
}

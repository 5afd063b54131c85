//! What every type promises: a check without a version finds at most one or as many as asked,
//! a check from a version begins with it, a get of a found version works, a put's version can
//! be got and checked from, and a put that is repeated changes nothing and answers the same.

use flightdeck::model::Version;
use flightdeck::resource::{BUILTIN, Operation};

use super::{Bed, map};
use crate::support::git::Repository;

/// A type with something to put.
struct Case {
    bed: Bed,
    params: &'static str,
    /// Held so long as the case is used.
    _repository: Option<Repository>,
}

fn case(type_: &str) -> Case {
    let repository = Repository::with(&[&[
        ("a", "1"),
        ("version", "1.2.3"),
        ("locks/unclaimed/one", "{}"),
        ("locks/claimed/.k", ""),
    ]]);
    let uri = repository.uri();
    let (source, params) = match type_ {
        "git" => (format!(r#"{{"uri": "{uri}", "branch": "main"}}"#), r#"{"repository": "made"}"#),
        "time" => (r#"{"interval": "1h"}"#.to_owned(), "{}"),
        "semver" => (
            format!(r#"{{"driver": "git", "uri": "{uri}", "branch": "main", "file": "version"}}"#),
            r#"{"bump": "minor"}"#,
        ),
        "pool" => (
            format!(
                r#"{{"uri": "{uri}", "branch": "main", "pool": "locks", "retry_delay": "1s"}}"#
            ),
            r#"{"acquire": true}"#,
        ),
        "keyval" => ("{}".to_owned(), r#"{"file": "made/keyval.properties"}"#),
        "mock" => (r#"{"initial_version": "1"}"#.to_owned(), r#"{"version": "2"}"#),
        "pull-request" => {
            repository.git(&["checkout", "--quiet", "-b", "feature"]);
            repository.commit("a proposal", &[("proposed", "1")]);
            repository.git(&["push", "--quiet", "origin", "HEAD:refs/pull/1/head"]);
            (
                format!(r#"{{"uri": "{uri}", "base": "main"}}"#),
                r#"{"path": "made", "status": "pending", "context": "units"}"#,
            )
        }
        other => panic!("no case for type `{other}`: write one"),
    };
    let bed = Bed::new(type_, &source);
    if type_ == "pull-request" {
        let commit = repository.git(&["rev-parse", "HEAD"]);
        let version = format!(r#"{{"pr": "1", "ref": "{commit}"}}"#);
        bed.artifact("made/.git/resource/version.json", &version);
    }
    let made = bed.artifacts().join("made");
    if type_ == "git" {
        crate::support::git::run(&bed.artifacts(), &["clone", "--quiet", &uri, "made"]);
    }
    bed.artifact("made/keyval.properties", "tag=v1\n");
    if type_ == "git" {
        crate::support::git::run(&made, &["add", "--all"]);
        crate::support::git::run(&made, &["commit", "--quiet", "-m", "made"]);
    }
    Case { bed, params, _repository: Some(repository) }
}

#[tokio::test]
async fn every_type_keeps_the_contract() {
    for type_ in BUILTIN {
        let name = type_.name();
        let Case { bed, params, _repository } = case(name);
        let first = bed.check(None).await;
        assert!(first.len() <= 1, "{name}: {first:?}");
        if let Some(version) = first.first() {
            let again = bed.check(Some(version)).await;
            assert_eq!(again.first(), Some(version), "{name}");
            let (found, _) = bed.get("{}", version).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(found.version, *version, "{name}");
        }
        let put = bed.put(params, "build-7-1").await.unwrap_or_else(|e| panic!("{name}: {e}"));
        let after = bed.check(first.first()).await;
        let repeated =
            bed.put_again(params, "build-7-1").await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(repeated, put, "{name}: a repeated put answers the same");
        let later = bed.check(first.first()).await;
        if name != "time" {
            assert_eq!(later, after, "{name}: a repeated put does nothing");
        }
        let (found, _) =
            bed.get("{}", &put.version).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(found.version, put.version, "{name}");
        let from = bed.check(Some(&put.version)).await;
        assert_eq!(from.first(), Some(&put.version), "{name}: the check begins with what is known");
    }
}

#[tokio::test]
async fn every_type_refuses_unknown_keys() {
    for type_ in BUILTIN {
        let Case { bed, params, _repository } = case(type_.name());
        let mut source = bed.source.clone();
        source.extend(map(r#"{"no_such_key": 1}"#));
        let error = type_.check(&bed.cx, &source, None).await.expect_err("refuses");
        assert!(error.to_string().starts_with("source key `no_such_key` is unknown"), "{error}");
        let mut params = map(params);
        params.extend(map(r#"{"no_such_key": 1}"#));
        let operation = Operation { id: "x".to_owned(), is_repeat: false };
        let artifacts = bed.artifacts();
        let put = type_.put(&bed.cx, &bed.source, &params, &artifacts, &operation).await;
        let error = put.expect_err("refuses");
        assert!(error.to_string().starts_with("params key `no_such_key` is unknown"), "{error}");
        let version = Version::of("x", "y");
        let params = map(r#"{"no_such_key": 1}"#);
        let got = type_.get(&bed.cx, &bed.source, &params, &version, &artifacts).await;
        let error = got.expect_err("refuses");
        assert!(error.to_string().starts_with("params key `no_such_key` is unknown"), "{error}");
    }
}

#[tokio::test]
async fn a_version_that_is_gone_is_told() {
    let gone = "0123456789012345678901234567890123456789";
    for (name, field, value) in [
        ("git", "ref", gone),
        ("pool", "ref", gone),
        ("time", "time", "x"),
        ("semver", "number", "x"),
    ] {
        let Case { bed, _repository, .. } = case(name);
        let error = bed.get("{}", &Version::of(field, value)).await.err().expect("is gone");
        assert_eq!(error.to_string(), format!("version `{field}:{value}` not found"), "{name}");
    }
}

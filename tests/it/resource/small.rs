//! The types that need nothing outside: `time`, `keyval`, `mock`.

use flightdeck::model::Version;

use super::Bed;

#[tokio::test]
async fn time_makes_moments_and_files_of_them() {
    let bed = Bed::new("time", r#"{"interval": "1h"}"#);
    let first = bed.check(None).await;
    assert_eq!(first.len(), 1);
    assert_eq!(bed.check(first.first()).await, first, "not due again yet");
    let old = Version::of("time", "2026-01-05T10:00:00.5Z");
    assert_eq!(bed.check(Some(&old)).await.len(), 2);
    let (_, tree) = bed.get("{}", &old).await.expect("gets");
    assert_eq!(tree.read("epoch"), "1767607200");
    assert_eq!(tree.read("timestamp"), "2026-01-05T10:00:00.5Z");
    assert_eq!(
        tree.read("input"),
        r#"{"source":{"interval":"1h"},"version":{"time":"2026-01-05T10:00:00.5Z"}}"#
    );
    assert!(bed.type_.has_unique_history());
}

#[tokio::test]
async fn time_names_what_is_wrong() {
    for (source, expected) in [
        (r#"{"start": "8AM"}"#, "source key `stop` is required beside `start`"),
        (
            r#"{"days": ["Funday"]}"#,
            "source key `days` has `Funday`, which is no day such as `Monday`",
        ),
        (
            r#"{"location": "Nowhere"}"#,
            "source key `location` names `Nowhere`, which is no time zone",
        ),
        (r#"{"interval": "5"}"#, "source key `interval` must be a duration such as `1h30m`"),
    ] {
        let bed = Bed::new("time", source);
        let error = bed.type_.check(&bed.cx, &bed.source, None).await.expect_err("fails");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn keyval_carries_names_and_values() {
    let bed = Bed::new("keyval", "{}");
    assert_eq!(bed.check(None).await, []);
    bed.artifact("made/keyval.properties", "# by a task\ntag=v1\nurl=https\\://host\n");
    let params = r#"{"file": "made/keyval.properties", "overrides": {"n": 1.10}}"#;
    let put = bed.put(params, "a").await.expect("puts");
    assert_eq!(put.version.to_string(), "n:1.10,tag:v1,url:https://host");
    let (_, tree) = bed.get("{}", &put.version).await.expect("gets");
    assert_eq!(tree.read("keyval.properties"), "n=1.10\ntag=v1\nurl=https://host\n");
    bed.artifact("made/empty", "# nothing\n");
    let error = bed.put(r#"{"file": "made/empty"}"#, "b").await.expect_err("fails");
    assert_eq!(error.to_string(), "`made/empty` holds no names and values");
}

#[tokio::test]
async fn mock_does_as_it_is_told() {
    let versions = async |source: &str, from: Option<&str>| {
        Bed::new("mock", source).refs("version", from).await
    };
    assert_eq!(versions("{}", None).await, ["mock"]);
    assert_eq!(versions(r#"{"initial_version": 1.10}"#, None).await, ["1.10"]);
    assert_eq!(versions(r#"{"initial_version": "1"}"#, Some("2")).await, ["2"]);
    assert_eq!(versions(r#"{"force_version": "3"}"#, Some("2")).await, ["3"]);
    assert_eq!(versions(r#"{"no_initial_version": true}"#, None).await.len(), 0);
    let failing = Bed::new("mock", r#"{"check_failure": "no", "check_delay": "1ms"}"#);
    let error = failing.type_.check(&failing.cx, &failing.source, None).await.expect_err("fails");
    assert_eq!(error.to_string(), "intentionally failing to check: no");

    let source = r#"{"mirror_self": true, "log": "hello", "metadata": [{"name": "a", "value": "b"}],
        "create_files": {"x/y": "START_VARvEND_VAR", "z": {"k": [1]}}}"#;
    let bed = Bed::new("mock", source);
    let params = r#"{"create_files_via_params": {"z": "over"}}"#;
    let (found, tree) = bed.get(params, &Version::of("version", "7")).await.expect("gets");
    assert_eq!(found.metadata[0].value, "b");
    for (path, text) in [
        ("version", "7\n"),
        ("privileged", "false\n"),
        ("x/y", "((v))"),
        ("z", "over"),
        ("metadata.json", r#"{"env":["MIRRORED_VERSION=7"],"user":"root"}"#),
    ] {
        assert_eq!(tree.read(path), text, "{path}");
    }
    let put = bed.put(r#"{"version": "8", "print_env": true}"#, "a").await.expect("puts");
    assert_eq!(put.version, Version::of("version", "8"));
    let said = bed.said();
    for words in ["hello", "fetching version: 7", "mirroring self image", "env: BUILD_NAME=7"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let outside = Bed::new("mock", r#"{"create_files": {"../x": "1"}}"#);
    let error = outside.get("{}", &Version::of("version", "7")).await.err().expect("refuses");
    assert_eq!(error.to_string(), "`../x` is no path below the directory");
    assert_eq!(bed.put("{}", "b").await.expect_err("fails").to_string(), "no version specified");
}

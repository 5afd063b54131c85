//! Files of the corpus in their canonical form: they say the same, and formatting them again
//! changes nothing.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::{Path, PathBuf};

use flightdeck::dialect::{format, read, read_task, read_vars};
use flightdeck::model::var::Values;
use flightdeck::model::{Pipeline, TaskConfig};
use proptest::prelude::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dialect")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn values() -> Values {
    let mut values = Values::new();
    for family in ["bosh-alicloud", "dispatch"] {
        let path = fixtures().join(format!("{family}.vars.yml"));
        let (vars, _) = read_vars("vars", &fs::read_to_string(path).expect("vars"));
        values.add_file(vars.expect("a map"));
    }
    values
}

/// What a file says, as a pipeline or as a task.
fn said(text: &str) -> (Option<Pipeline>, Option<TaskConfig>) {
    let values = values();
    (read("f.yml", text, &values).pipeline, read_task("f.yml", text, &values).0)
}

#[test]
fn the_corpus_says_the_same_when_formatted() {
    let mut n_read = 0;
    for family in ["bosh-alicloud", "dispatch"] {
        for path in files(&fixtures().join(family)) {
            let text = fs::read_to_string(&path).expect("a file");
            let name = path.display().to_string();
            let formatted = format(&name, &text).unwrap_or_else(|faults| panic!("{faults:#?}"));
            let (before, after) = (said(&text), said(&formatted));
            n_read += usize::from(before.0.is_some() || before.1.is_some());
            assert_eq!(before, after, "{name}");
            let again = format(&name, &formatted).expect("a file that is formatted");
            assert_eq!(again, formatted, "{name}");
            for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
                assert!(formatted.contains(line.trim()), "{name} loses `{line}`");
            }
        }
    }
    assert!(n_read > 40, "{n_read} files were read");
}

#[test]
fn a_formatted_pipeline_looks_like_this() {
    let path = fixtures().join("bosh-alicloud/pipeline-2026-08.yml");
    let text = fs::read_to_string(path).expect("a file");
    insta::assert_snapshot!(format("f", &text).expect("a file that can be formatted"));
}

/// Pieces of files, so that what is made of them is often YAML.
fn scrap() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "(name|plan|jobs|get|put|task|config|run|<<|z[0-9]): ?(x|1|'a'|\"b\"|\\[c, d\\]|\\{e: f\\}|\\(\\(v\\)\\)|\\{\\{v\\}\\}|&a[0-2] x|\\*a[0-2])?",
        2 => "- (name|get|task|do|z[0-9]): ?(x|y z|\\*a[0-2])?",
        1 => "- (x|- y|\\*a[0-2]|&a[0-2])",
        1 => "(k: |- )[|>][-+2]?( # c)?",
        2 => "# [a-c]",
        1 => "",
        1 => "text( # c)?",
    ];
    let tail = prop_oneof![6 => Just(""), 1 => Just(" # t"), 1 => Just("  ")];
    let whole = (0usize..5, line, tail)
        .prop_map(|(indent, line, tail)| format!("{}{line}{tail}\n", " ".repeat(indent * 2)));
    prop::collection::vec(whole, 0..14).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_can_be_formatted_stays_formatted(text in scrap()) {
        if let Ok(formatted) = format("f", &text) {
            let again = format("f", &formatted);
            prop_assert_eq!(again.as_deref(), Ok(formatted.as_str()));
        }
    }
}

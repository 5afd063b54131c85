//! The program as people start it: what it prints, and how it ends.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the files of these tests lie; commands run there, so that paths in outputs are short.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cli")
}

/// Runs the program in a folder; gives all that it printed and its exit code, as one text.
fn run_in(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let mut said = format!("$ flightdeck {}\n{}", arguments.join(" "), text(output.stdout));
    let errors = text(output.stderr);
    if !errors.is_empty() {
        said += &format!("--- standard error\n{errors}");
    }
    said + &format!("--- exit code {}\n", output.status.code().expect("an exit code"))
}

/// Runs the program several times; gives the texts one below the other.
fn session(commands: &[&[&str]]) -> String {
    let texts: Vec<String> =
        commands.iter().map(|arguments| run_in(&fixtures(), arguments)).collect();
    texts.join("\n")
}

#[test]
fn validate_counts_warnings_only_when_strict() {
    insta::assert_snapshot!(session(&[
        &["validate", "shop.yml"],
        &["validate", "--strict", "shop.yml"],
        &["validate", "old.yml"],
        &["validate", "--strict", "old.yml"],
        &["validate", "--strict", "--output", "json", "old.yml"],
        &["validate", "broken.yml"],
        &["validate", "missing.yml"],
    ]));
}

#[test]
fn graph_prints_four_forms() {
    insta::assert_snapshot!(session(&[
        &["graph", "shop.yml"],
        &["graph", "shop.yml", "--format", "dot"],
        &["graph", "shop.yml", "--format", "mermaid"],
        &["graph", "shop.yml", "--format", "json"],
        &["graph", "broken.yml"],
    ]));
}

#[test]
fn diff_prints_what_set_pipeline_would() {
    insta::assert_snapshot!(session(&[
        &["diff", "shop.yml", "shop-next.yml"],
        &["diff", "shop.yml", "shop.yml"],
        &["diff", "shop.yml", "broken.yml"],
    ]));
}

#[test]
fn format_prints_checks_and_writes() {
    let mut said = session(&[
        &["format", "untidy.yml"],
        &["format", "--check", "untidy.yml"],
        &["format", "--check", "--write", "untidy.yml"],
        &["format", "documents.yml"],
        &["format", "caicloud.yml"],
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pipeline.yml");
    fs::copy(fixtures().join("untidy.yml"), &file).expect("a copy");
    for arguments in
        [&["format", "--write", "."][..], &["format", "--write", "."], &["format", "--check", "."]]
    {
        said += &format!("\n{}", run_in(folder.path(), arguments));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    said += &format!("\n{}", fs::read_to_string(&file).expect("a file"));
    insta::assert_snapshot!(said);
}

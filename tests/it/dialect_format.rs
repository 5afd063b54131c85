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

/// What a file holds, before it is laid out.
#[derive(Debug, Clone)]
enum Tree {
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Trees of any shape. Keys are known and unknown ones, so that some maps are put in order.
fn tree() -> impl Strategy<Value = Tree> {
    let scalar = prop_oneof![
        8 => "(x|1|'a: b'|\"#b\"|\\[c,  d\\]|\\{e: f\\}|\\(\\(v\\)\\)|\\{\\{v\\}\\}|!t u|é)?",
        2 => "(&b[01] x|\\*b[01]|\\*a[01])",
        2 => "[|>][-+]?(\n~| # h\n~)(t|t\n~  u|t\n\n~u|# t)\n{0,2}",
        1 => "(plain\n~two|'q\n~\n~r'|\\[a, # c\n~b\\])",
    ];
    let key = "(name|plan|jobs|resources|get|task|config|run|platform|<<|ensure|z[0-4])";
    scalar.prop_map(Tree::Scalar).prop_recursive(4, 30, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::List),
            prop::collection::btree_map(key, inner, 1..6).prop_map(|map| {
                // By a number that has nothing to do with the key.
                let mut entries: Vec<(String, Tree)> = map.into_iter().collect();
                entries.sort_by_key(|(key, _)| key.bytes().rev().collect::<Vec<u8>>());
                for (_, value) in entries.iter_mut().filter(|(key, _)| key == "<<") {
                    *value = Tree::Scalar("*a0".to_owned());
                }
                Tree::Map(entries)
            }),
        ]
    })
}

/// Lays a tree out, with comments and blank lines, as the bytes of `noise` say.
struct Layout {
    out: String,
    noise: Vec<u8>,
    at: usize,
}

impl Layout {
    fn choose(&mut self, n: usize) -> usize {
        self.at += 1;
        usize::from(self.noise[self.at % self.noise.len()]) % n
    }

    fn between(&mut self, column: usize) {
        match self.choose(12) {
            0 => self.out += "\n",
            1 => self.out += &format!("{}# c{}\n", " ".repeat(column), self.at),
            2 => {
                let column = self.choose(12);
                self.out += &format!("{}# d{}\n", " ".repeat(column), self.at);
            }
            3 => self.out += &format!("\n{}# e{}\n\n", " ".repeat(column), self.at),
            _ => {}
        }
    }

    fn behind(&mut self) {
        if self.choose(8) == 0 {
            self.out += &format!("  # b{}", self.at);
        }
        self.out.push('\n');
    }

    /// A value behind a key or a `-`; `column` is that of the key or `-`.
    fn value(&mut self, tree: &Tree, column: usize, is_item: bool) {
        let step = 1 + self.choose(4);
        match tree {
            Tree::Scalar(text) => {
                let gap = if text.is_empty() { 0 } else { 1 + self.choose(3) };
                let text = text.replace('~', &" ".repeat(column + step));
                self.out += &format!("{}{text}", " ".repeat(gap));
                if text.starts_with(['|', '>']) { self.out.push('\n') } else { self.behind() }
            }
            Tree::List(items) => {
                let flat = !is_item && self.choose(2) == 0;
                self.behind();
                let column = if flat { column } else { column + step };
                for item in items {
                    self.between(column);
                    self.out += &format!("{}-", " ".repeat(column));
                    self.value(item, column, true);
                }
            }
            Tree::Map(entries) => {
                let compact = is_item && self.choose(3) > 0;
                if compact {
                    self.out += &" ".repeat(step)
                } else {
                    self.behind()
                }
                let column = column + step + usize::from(compact);
                for (place, (key, value)) in entries.iter().enumerate() {
                    if place > 0 || !compact {
                        self.between(column);
                        self.out += &" ".repeat(column);
                    }
                    self.out += &format!("{key}:");
                    self.value(value, column, false);
                }
            }
        }
    }
}

fn file() -> impl Strategy<Value = String> {
    let key = "(jobs|resources|groups|z[0-4]|platform|run)";
    let top = prop::collection::btree_map(key, tree(), 1..5);
    (top, prop::collection::vec(any::<u8>(), 40)).prop_map(|(top, noise)| {
        let anchors = "anchors: [&a0 {p: 1, plan: 2}, &a1 {}, &b0 u, &b1 v]\n";
        let mut layout = Layout { out: anchors.to_owned(), noise, at: 0 };
        for (key, value) in top.iter().rev() {
            layout.between(0);
            layout.out += &format!("{key}:");
            layout.value(value, 0, false);
        }
        layout.between(0);
        layout.out
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn what_can_be_formatted_stays_formatted(text in file()) {
        match format("f", &text) {
            Ok(formatted) => prop_assert_eq!(format("f", &formatted), Ok(formatted)),
            // Faults of YAML are no concern here, a formatter that gives up is.
            Err(faults) => {
                let gave_up = faults.iter().find(|one| one.message.contains("without a change"));
                prop_assert_eq!(gave_up, None);
            }
        }
    }
}

//! How one pipeline became another, for people: what was added, removed or changed, by name,
//! with the lines that differ.
//!
//! It compares what the pipelines say, not how their files are written, so that a file that was
//! only formatted has no differences. It never prints: [`print`] gives lines.
//!
//! *Follows:* the headings, marks and order of `atc/config_diff.go`; items are compared as the
//! YAML of Concourse's config route.

use std::collections::HashMap;

use super::write;
use crate::dialect::yaml::emit;
use crate::model::{Pipeline, Value};

/// Sections that hold a list of named things: the key, the heading, the word for one of them.
const SECTIONS: [(&str, &str, &str); 6] = [
    ("groups", "groups:", "group"),
    ("var_sources", "variable sources:", "variable source"),
    ("resources", "resources:", "resource"),
    ("resource_types", "resource types:", "resource type"),
    ("prototypes", "prototypes:", "prototype"),
    ("jobs", "jobs:", "job"),
];

/// Parts that are there once, with their names.
const PARTS: [(&str, &str); 2] = [("display", "display configuration"), ("user_data", "user data")];

/// A table of more cells than this is not made; what differs is then shown as a whole.
const MOST_CELLS: usize = 4_000_000;

/// One thing of a pipeline that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key of its section at the top of a pipeline.
    pub section: &'static str,
    /// What it is, with its name: `job unit`.
    pub what: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its YAML, line by line.
    pub lines: Vec<DiffLine>,
}

/// What happened to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is not what it was. A group that only stands elsewhere counts too, because the order
    /// of groups is seen.
    Changed,
}

/// A line of a thing's YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Which of the two has it.
    pub side: Side,
    /// The line.
    pub text: String,
}

/// Which of two texts has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The old one alone.
    Old,
    /// The new one alone.
    New,
    /// Both.
    Both,
}

/// All that differs, in the order of sections; within one, first what was there before. Without
/// an old pipeline all is new.
pub fn diff(old: Option<&Pipeline>, new: &Pipeline) -> Vec<Change> {
    let (old, new) = (old.map(write), write(new));
    let part = |config: Option<&Value>, key: &str| config?.as_map()?.get(key).cloned();
    let mut changes = Vec::new();
    for (section, _, word) in SECTIONS {
        let list = |config| match part(config, section) {
            Some(Value::List(items)) => items,
            Some(_) | None => Vec::new(),
        };
        items(section, word, &list(old.as_ref()), &list(Some(&new)), &mut changes);
    }
    for (section, name) in PARTS {
        let (was, is) = (part(old.as_ref(), section), part(Some(&new), section));
        if was != is {
            changes.push(change(section, name.to_owned(), was.as_ref(), is.as_ref()));
        }
    }
    changes
}

/// The changes as text, one line an entry, without line ends.
pub fn print(changes: &[Change]) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = "";
    for Change { section, what, kind, lines } in changes {
        let heading = SECTIONS.iter().find(|(key, ..)| key == section).map(|(_, text, _)| *text);
        if let Some(heading) = heading.filter(|_| *section != open) {
            out.push(heading.to_owned());
        }
        open = section;
        let happened = match kind {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
        };
        let has = if *kind == ChangeKind::Changed { "has" } else { "has been" };
        out.push(format!("  {what} {has} {happened}:"));
        out.extend(lines.iter().map(|line| match line.side {
            Side::Old => format!("- {}", line.text),
            Side::New => format!("+ {}", line.text),
            Side::Both => format!("  {}", line.text),
        }));
    }
    out
}

fn items(
    section: &'static str,
    word: &str,
    was: &[Value],
    is: &[Value],
    changes: &mut Vec<Change>,
) {
    let (before, after) = (by_name(was), by_name(is));
    for (place, item) in was.iter().enumerate() {
        let name = name(item);
        let what = format!("{word} {name}");
        match after.get(&name) {
            None => changes.push(change(section, what, Some(item), None)),
            Some(&new) => {
                let moved = section == "groups" && new != place;
                if is[new] != *item || moved {
                    changes.push(change(section, what, Some(item), Some(&is[new])));
                }
            }
        }
    }
    for item in is.iter().filter(|item| !before.contains_key(&name(item))) {
        changes.push(change(section, format!("{word} {}", name(item)), None, Some(item)));
    }
}

fn by_name(items: &[Value]) -> HashMap<String, usize> {
    items.iter().enumerate().map(|(place, item)| (name(item), place)).collect()
}

fn name(item: &Value) -> String {
    item.as_map().and_then(|map| map.get("name")).map(Value::to_param).unwrap_or_default()
}

fn change(section: &'static str, what: String, was: Option<&Value>, is: Option<&Value>) -> Change {
    let kind = match (was, is) {
        (None, _) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (Some(_), Some(_)) => ChangeKind::Changed,
    };
    let lines = lines(&yaml(was), &yaml(is));
    Change { section, what, kind, lines }
}

fn yaml(value: Option<&Value>) -> String {
    value.map(emit).unwrap_or_default()
}

/// The lines of two texts, those of one alone marked.
fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let mut out: Vec<DiffLine> = a[..start].iter().map(|text| line(Side::Both, text)).collect();
    common(&a[start..a.len() - end], &b[start..b.len() - end], &mut out);
    out.extend(a[a.len() - end..].iter().map(|text| line(Side::Both, text)));
    out
}

fn line(side: Side, text: &str) -> DiffLine {
    DiffLine { side, text: text.to_owned() }
}

/// The longest common lines, and around them what differs.
fn common(a: &[&str], b: &[&str], out: &mut Vec<DiffLine>) {
    if a.len().saturating_mul(b.len()) > MOST_CELLS {
        out.extend(a.iter().map(|text| line(Side::Old, text)));
        out.extend(b.iter().map(|text| line(Side::New, text)));
        return;
    }
    let width = b.len() + 1;
    let mut longest = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (down, right) = (i < a.len(), j < b.len());
        if down && right && a[i] == b[j] {
            out.push(line(Side::Both, a[i]));
            (i, j) = (i + 1, j + 1);
        } else if down && (!right || longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            out.push(line(Side::Old, a[i]));
            i += 1;
        } else {
            out.push(line(Side::New, b[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::read;
    use crate::model::var::Values;

    fn pipeline(text: &str) -> Pipeline {
        let read = read("f.yml", text, &Values::new());
        read.pipeline.unwrap_or_else(|| panic!("{text}\n{:#?}", read.diagnostics))
    }

    fn check(old: &str, new: &str, expected: &[&str]) {
        let (old, new) = (pipeline(old), pipeline(new));
        assert_eq!(print(&diff(Some(&old), &new)), expected);
        assert_eq!(diff(Some(&new), &new), []);
    }

    #[test]
    fn changes_are_told_by_name() {
        check(
            "resources: [{name: x, type: git}, {name: w, type: git}]
jobs: [{name: a, plan: [{get: x}, {get: w}]}, {name: b, serial: true}]
display: {background_image: 'https://a/b.png'}",
            "resources: [{name: x, type: git, icon: git}, {name: z, type: time}]
jobs: [{name: a, plan: [{get: x}, {get: z}]}]
user_data: 1",
            &[
                "resources:",
                "  resource x has changed:",
                "+ icon: git",
                "  name: x",
                "  source: null",
                "  type: git",
                "  resource w has been removed:",
                "- name: w",
                "- source: null",
                "- type: git",
                "  resource z has been added:",
                "+ name: z",
                "+ source: null",
                "+ type: time",
                "jobs:",
                "  job a has changed:",
                "  name: a",
                "  plan:",
                "  - get: x",
                "- - get: w",
                "+ - get: z",
                "  job b has been removed:",
                "- name: b",
                "- plan: []",
                "- serial: true",
                "  display configuration has been removed:",
                "- background_image: https://a/b.png",
                "  user data has been added:",
                "+ 1",
            ],
        );
    }

    #[test]
    fn the_order_counts_for_groups_alone() {
        check(
            "groups: [{name: g, jobs: [a]}, {name: h, jobs: [b]}]\njobs: [{name: a}, {name: b}]",
            "groups: [{name: h, jobs: [b]}, {name: g, jobs: [a]}]\njobs: [{name: b}, {name: a}]",
            &[
                "groups:",
                "  group g has changed:",
                "  jobs:",
                "  - a",
                "  name: g",
                "  group h has changed:",
                "  jobs:",
                "  - b",
                "  name: h",
            ],
        );
    }

    #[test]
    fn a_first_pipeline_is_all_new() {
        let changes = diff(None, &pipeline("jobs: [{name: a}]"));
        let expected = ["jobs:", "  job a has been added:", "+ name: a", "+ plan: []"];
        assert_eq!(print(&changes), expected);
    }
}

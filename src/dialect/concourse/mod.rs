//! Concourse's pipelines and task files.
//!
//! All faults are told at once, in Concourse's words where it has them, each at its place. What
//! Concourse reads over without a word is a warning here. Two old forms are read that Concourse
//! dropped, with a warning: `{{x}}` and `aggregate`.
//!
//! *Follows:* `atc/config.go`, `atc/steps.go`, `atc/task.go`, `atc/configvalidate` of Concourse 8.

mod check;
pub mod diff;
mod leaf;
mod names;
mod pattern;
mod read;
mod reader;
mod step;
mod task;
mod var_source;
mod write;

pub use write::{write, write_step, write_task};

use std::collections::HashSet;
use std::sync::Arc;

use self::names::Names;
use self::reader::Reader;
use super::Dialect;
use super::yaml::{self, Mark, Node};
use crate::model::var::{Values, Vars};
use crate::model::{Diagnostic, Map, Pipeline, Step, TaskConfig, Value};

/// Concourse's language; takes any file.
pub struct Concourse;

impl Dialect for Concourse {
    fn name(&self) -> &'static str {
        "concourse"
    }

    fn claims(&self, _file: &str) -> bool {
        true
    }

    fn read(&self, file: &str, text: &str, vars: &Values) -> (Option<Pipeline>, Vec<Diagnostic>) {
        let file: Arc<str> = file.into();
        let (root, mut found) = tree(&file, text, Some(vars), vars);
        let Some(root) = root else { return (None, found) };
        let mut reader = Reader::new(&file, Names::of(&root));
        let pipeline = reader.pipeline(&root);
        reader.check(&pipeline);
        // What YAML could not make sense of explains what is missing at the same place.
        let known: HashSet<_> =
            found.iter().filter(|one| one.is_error()).map(|one| &one.place).collect();
        reader.found.retain(|one| !known.contains(&one.place));
        found.append(&mut reader.found);
        (usable(pipeline, &found), found)
    }
}

/// Reads a task file, with the references that `vars` knows filled; all others stay for the
/// step to fill when it runs.
pub fn read_task(file: &str, text: &str, vars: &dyn Vars) -> (Option<TaskConfig>, Vec<Diagnostic>) {
    let file: Arc<str> = file.into();
    let (root, mut found) = tree(&file, text, None, vars);
    let Some(root) = root else { return (None, found) };
    let mut reader = Reader::new(&file, Names::default());
    let config = reader.task_config(&root);
    found.append(&mut reader.found);
    super::sort(&mut found);
    (config.and_then(|config| usable(config, &found)), found)
}

/// Reads a task's config that was written by [`write_task`], as after its references were
/// filled: what they became is read like what a file says.
pub fn task_of(value: &Value) -> (Option<TaskConfig>, Vec<Diagnostic>) {
    let node = Node::from_value(value, Mark { line: 1, column: 1 });
    let mut reader = Reader::new(&"task".into(), Names::default());
    let config = reader.task_config(&node);
    (config.and_then(|config| usable(config, &reader.found)), reader.found)
}

/// Reads a step that was written by [`write_step`], as after its references were filled. Names
/// of resources and jobs are taken as they are.
pub fn step_of(value: &Value) -> (Option<Step>, Vec<Diagnostic>) {
    let node = Node::from_value(value, Mark { line: 1, column: 1 });
    let mut reader = Reader::new(&"step".into(), Names::any());
    let step = reader.step(&node).map(|step| *step);
    (step.and_then(|step| usable(step, &reader.found)), reader.found)
}

/// Reads a file of vars: a map.
pub fn read_vars(file: &str, text: &str) -> (Option<Map>, Vec<Diagnostic>) {
    let file: Arc<str> = file.into();
    let parsed = yaml::parse(&file, text, None);
    let mut found = parsed.diagnostics;
    let Some(root) = parsed.root else { return (None, found) };
    let map = match root.as_map() {
        Some(entries) => yaml::to_map(entries),
        None if root.is_null() => Map::new(),
        None => {
            let message = format!("expected a map of vars, found {}", root.kind());
            found.push(Diagnostic::error("wrong-type", root.at.within(&file), message));
            Map::new()
        }
    };
    super::sort(&mut found);
    (usable(map, &found), found)
}

/// Reads one value of any shape.
pub fn read_value(file: &str, text: &str) -> (Option<Value>, Vec<Diagnostic>) {
    let parsed = yaml::parse(&file.into(), text, None);
    let mut found = parsed.diagnostics;
    super::sort(&mut found);
    let value = parsed.root.map_or(Value::Null, |root| root.to_value());
    (usable(value, &found), found)
}

/// The tree of a text, with references filled.
fn tree(
    file: &Arc<str>,
    text: &str,
    braces: Option<&dyn Vars>,
    vars: &dyn Vars,
) -> (Option<Node>, Vec<Diagnostic>) {
    let mut parsed = yaml::parse(file, text, braces);
    let mut faults = Vec::new();
    if let Some(root) = &mut parsed.root {
        root.fill(vars, &mut faults);
    }
    let faults = faults
        .into_iter()
        .map(|(at, error)| Diagnostic::error("bad-reference", at.within(file), error.to_string()));
    parsed.diagnostics.extend(faults);
    (parsed.root, parsed.diagnostics)
}

fn usable<T>(read: T, found: &[Diagnostic]) -> Option<T> {
    let is_faulty = found.iter().any(Diagnostic::is_error);
    (!is_faulty).then_some(read)
}

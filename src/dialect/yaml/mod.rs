//! YAML with places: the only user of the YAML parser.
//!
//! Aliases are resolved after reading, so that one may stand before its anchor, as the readers
//! of old Concourse allowed. Merge keys are shallow and explicit keys win. Keys of maps are
//! text, whatever they would mean as values. `{{x}}` is replaced before anything is read.
//! This room never gives up memory to a hostile file: depth, number of nodes and what aliases
//! make of them have limits.
//!
//! *Follows:* YAML 1.1 as go-yaml 2 reads it.

mod braces;
mod build;
mod emit;
mod events;
mod fault;
mod node;
mod scalar;
mod written;

pub use emit::emit;
pub use node::{Data, Entry, Mark, Node, Style, to_map};
pub use written::{Form, Written, WrittenNode, mask_braces};

use std::sync::Arc;

use crate::model::Diagnostic;
use crate::model::var::Vars;

/// What parsing gave.
pub struct Parsed {
    /// The first document; nothing if the text is no YAML at all.
    pub root: Option<Node>,
    /// What is wrong with it as YAML.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses the first document of `text`. With `braces`, `{{x}}` is replaced first, as old
/// pipelines need it.
pub fn parse(file: &Arc<str>, text: &str, braces: Option<&dyn Vars>) -> Parsed {
    let replaced = braces::replace(text, braces);
    let mut diagnostics = Vec::new();
    let built = build::build(&replaced.text, &build::Limits::default());
    let original = |at: Mark| replaced.original(at);
    let (root, problem) = match built.root {
        Ok(mut root) => {
            if replaced.is_changed() {
                move_marks(&mut root, &original);
            }
            (Some(root), None)
        }
        Err(problem) => (None, Some(problem)),
    };
    for fault in &built.faults {
        diagnostics.push(fault.diagnostic(file, &original));
    }
    let problem = problem.map(|problem| fault::syntax(file, &replaced.text, &problem, &original));
    let stopped_at = problem.as_ref().map(|problem| problem.place.line);
    let unbound = replaced.unbound(file, built.is_braced, stopped_at);
    if let Some(diagnostic) = problem {
        // A missing value explains the fault better than what the parser makes of it.
        if !unbound.iter().any(|other| other.place.line == diagnostic.place.line) {
            diagnostics.push(diagnostic);
        }
    }
    diagnostics.extend(unbound);
    diagnostics.extend(replaced.legacy(file));
    Parsed { root, diagnostics }
}

fn move_marks(node: &mut Node, original: &dyn Fn(Mark) -> Mark) {
    node.at = original(node.at);
    match &mut node.data {
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) => {}
        Data::List(list) => list.iter_mut().for_each(|item| move_marks(item, original)),
        Data::Map(entries) => {
            for entry in entries {
                entry.at = original(entry.at);
                move_marks(&mut entry.value, original);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! A pipeline's file in its canonical form: what it says stays, to the last comment.
//!
//! Two blanks a level; a list stands as deep as its key; keys of pipelines, jobs, steps, tasks
//! and all else that Concourse gives a shape stand in the order of its documentation; the parts
//! of a pipeline are a blank line apart. Scalars, what stands in brackets, anchors, aliases,
//! merge keys, `((vars))` and `{{vars}}` stay as they are written. Comments go with what they
//! belong to.
//!
//! What is formatted is read again: unless it says the same, with the same anchors, aliases and
//! comments, it is not given out. A file that this cannot be done for is left alone, and why is
//! told with its place.

mod block;
mod order;
mod print;
#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use super::yaml::{self, Data, Mark, Node, Written, mask_braces};
use crate::model::Diagnostic;
use order::Shape;

/// The text in its canonical form.
///
/// # Errors
/// What is wrong with the file as YAML, or the place that this cannot format. Whether it is a
/// good pipeline does not matter.
pub fn format(file: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let file: Arc<str> = file.into();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let refuse_at = |at: Mark, what: &str| {
        let message = format!("{what} cannot be formatted; the file stays as it is");
        vec![Diagnostic::error("not-formatted", at.within(&file), message)]
    };
    let refuse = |at: usize, what: &str| refuse_at(mark(&text, at), what);
    // Lines would be counted differently here and there.
    if let Some(at) = text.find(['\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        return Err(refuse(at, "a line end of this kind"));
    }
    let masked = mask_braces(&text);
    let before = read(&file, &masked)?;
    let Some(written) = Written::read(&masked) else { return Err(refuse(0, "this text")) };
    if let Some(at) = written.rest {
        return Err(refuse_at(at, "what stands behind the first document"));
    }
    let is_block = written.root.as_ref().is_some_and(|root| {
        matches!(root.form, yaml::Form::List(_) | yaml::Form::Map(_)) && root.n_properties == 0
    });
    if !is_block {
        // JSON, a lone scalar, or comments alone: nothing to put in order.
        return Ok(text);
    }
    let keys = before.as_map().unwrap_or_default().iter().map(|entry| &*entry.key);
    let shape = Shape::of_file(keys);
    let blocks = block::blocks(&text, &masked, &written).map_err(|(at, what)| refuse(at, what))?;
    let formatted = print::print(&blocks, &written, shape, text.len());
    match changed(&file, (&masked, &written, &before), &formatted) {
        None => Ok(formatted),
        Some(at) => {
            let message = "this cannot be formatted without a change of what the file says; \
                           the file stays as it is";
            Err(vec![Diagnostic::error("not-formatted", at.within(&file), message)])
        }
    }
}

/// The tree of a text without errors.
fn read(file: &Arc<str>, masked: &str) -> Result<Node, Vec<Diagnostic>> {
    let parsed = yaml::parse(file, masked, None);
    let mut errors: Vec<Diagnostic> =
        parsed.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    super::sort(&mut errors);
    match parsed.root {
        Some(root) if errors.is_empty() => Ok(root),
        Some(_) | None => Err(errors),
    }
}

/// The place in the old text of something that the new one says differently.
fn changed(
    file: &Arc<str>,
    (masked, written, before): (&str, &Written, &Node),
    formatted: &str,
) -> Option<Mark> {
    let top = Mark { line: 1, column: 1 };
    let new_masked = mask_braces(formatted);
    let (Ok(after), Some(new)) = (read(file, &new_masked), Written::read(&new_masked)) else {
        return Some(top);
    };
    if let Some(at) = different(before, &after) {
        return Some(at);
    }
    let names = |list: &[(String, usize)]| {
        let mut names: Vec<String> = list.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    let remarks = |text: &str, written: &Written| {
        let spans = block::comments(text, written);
        let mut texts: Vec<String> =
            spans.into_iter().map(|span| text[span].trim_end().to_owned()).collect();
        texts.sort();
        texts
    };
    let is_same = names(&written.anchors) == names(&new.anchors)
        && names(&written.aliases) == names(&new.aliases)
        && remarks(masked, written) == remarks(&new_masked, &new);
    if is_same { None } else { Some(top) }
}

/// The place of the first node that is not the same in both trees, whatever the order of keys.
fn different(a: &Node, b: &Node) -> Option<Mark> {
    if a.tag != b.tag {
        return Some(a.at);
    }
    match (&a.data, &b.data) {
        (Data::List(a_list), Data::List(b_list)) if a_list.len() == b_list.len() => {
            a_list.iter().zip(b_list).find_map(|(a, b)| different(a, b))
        }
        (Data::Map(entries), Data::Map(others)) if entries.len() == others.len() => {
            let others: HashMap<&str, &Node> =
                others.iter().map(|other| (&*other.key, &other.value)).collect();
            entries.iter().find_map(|entry| match others.get(&*entry.key) {
                Some(other) => different(&entry.value, other),
                None => Some(entry.at),
            })
        }
        (a_data, b_data) if a_data == b_data => None,
        _ => Some(a.at),
    }
}

fn mark(text: &str, at: usize) -> Mark {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let whole = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: whole(line), column: whole(column) }
}

//! `{{x}}`, the old form of references: replaced in the text before it is read.
//!
//! A value is put in as JSON, wherever it stands. An unknown name in a comment is nothing. In a
//! file that needs this form, any other unknown name is an error; in one that does not, `{{x}}`
//! is text, as it is for Concourse today.
//!
//! *Follows:* the templates of Concourse up to 7.

use std::borrow::Cow;
use std::sync::Arc;

use super::node::Mark;
use crate::model::var::{Reference, Vars};
use crate::model::{Diagnostic, Value};

/// A text with its `{{x}}` replaced.
pub(super) struct Replaced<'t> {
    pub text: Cow<'t, str>,
    shifts: Vec<Shift>,
    first: Option<Mark>,
    unknown: Vec<(String, Mark)>,
}

/// A replacement: where it stands in the new text and how long it was and is.
struct Shift {
    at: Mark,
    old_length: u32,
    new_length: u32,
}

/// Whether `text` may stand between the braces.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// The name that stands at the start of `inner`, which comes after `{{`, if braces close it. It
/// looks no further than the name goes, because a text may be full of braces that never close.
pub(super) fn name_at(inner: &str) -> Option<&str> {
    let end = inner.find(|c| !is_name_char(c)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    (!name.is_empty() && rest.starts_with("}}")).then_some(name)
}

/// Replaces the names that `vars` knows.
pub(super) fn replace<'t>(text: &'t str, vars: Option<&dyn Vars>) -> Replaced<'t> {
    let mut replaced = Replaced {
        text: Cow::Borrowed(text),
        shifts: Vec::new(),
        first: None,
        unknown: Vec::new(),
    };
    if !text.contains("{{") {
        return replaced;
    }
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let line_number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        replaced.line(line_number, line, vars, &mut out);
    }
    if replaced.is_changed() {
        replaced.text = Cow::Owned(out);
    }
    replaced
}

impl Replaced<'_> {
    /// Whether anything was replaced.
    pub(super) fn is_changed(&self) -> bool {
        !self.shifts.is_empty()
    }

    /// The place in the text as it was, of a place in the text as it is.
    pub(super) fn original(&self, at: Mark) -> Mark {
        let start = self.shifts.partition_point(|shift| shift.at.line < at.line);
        let mut column = at.column;
        for shift in &self.shifts[start..] {
            if shift.at.line > at.line || shift.at.column > at.column {
                break;
            }
            if at.column < shift.at.column + shift.new_length {
                // Inside of what was put in: its start is all that was there before.
                column -= at.column - shift.at.column;
                break;
            }
            column = (column + shift.old_length).saturating_sub(shift.new_length);
        }
        Mark { line: at.line, column }
    }

    /// An error for each name that has no value: if the file needs the old form all of them,
    /// else those in the line that the parser stopped at.
    pub(super) fn unbound(
        &self,
        file: &Arc<str>,
        is_needed: bool,
        stopped_at: Option<u32>,
    ) -> Vec<Diagnostic> {
        let counts = is_needed || self.is_changed();
        self.unknown
            .iter()
            .filter(|(_, at)| counts || Some(at.line) == stopped_at)
            .map(|(name, at)| {
                let message = format!("unbound variable in template: '{name}'");
                let hint = format!("give `{name}` a value, or write `(({name}))`");
                Diagnostic::error("unbound-var", at.within(file), message).with_hint(hint)
            })
            .collect()
    }

    /// A warning that the file uses the old form.
    pub(super) fn legacy(&self, file: &Arc<str>) -> Option<Diagnostic> {
        let count = match self.shifts.len() {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        let message = format!("`{{{{name}}}}` is used {count}; Concourse 8 no longer reads it");
        self.first.map(|at| {
            Diagnostic::warning("legacy-braces", at.within(file), message)
                .with_hint("write `((name))`")
        })
    }

    fn line(&mut self, number: u32, line: &str, vars: Option<&dyn Vars>, out: &mut String) {
        let comment = comment_start(line);
        let mut rest = line;
        let (mut offset, mut old_column, mut new_column) = (0usize, 1u32, 1u32);
        while let Some(open) = rest.find("{{") {
            let inner = &rest[open + 2..];
            let name = name_at(inner);
            // Without a name only one brace is passed, for `{{{x}}}`.
            let end = open + name.map_or(1, |name| name.len() + 4);
            let found = name.zip(vars).and_then(|(name, vars)| vars.find(&unsourced(name)));
            let before = columns(&rest[..open]);
            old_column += before;
            new_column += before;
            out.push_str(&rest[..open]);
            let written = &rest[open..end];
            let old_length = columns(written);
            match (name, found) {
                (Some(_), Some(value)) => {
                    let json = inline(&value);
                    let new_length = columns(&json);
                    let at = Mark { line: number, column: new_column };
                    self.shifts.push(Shift { at, old_length, new_length });
                    self.first.get_or_insert(Mark { line: number, column: old_column });
                    out.push_str(&json);
                    new_column += new_length;
                }
                (name, _) => {
                    let in_comment = comment.is_some_and(|start| offset + open >= start);
                    if let Some(name) = name.filter(|_| !in_comment) {
                        let at = Mark { line: number, column: old_column };
                        self.unknown.push((name.to_owned(), at));
                    }
                    out.push_str(written);
                    new_column += old_length;
                }
            }
            old_column += old_length;
            offset += end;
            rest = &rest[end..];
        }
        out.push_str(rest);
    }
}

fn unsourced(name: &str) -> Reference {
    Reference { source: None, name: name.to_owned(), fields: Vec::new() }
}

fn columns(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The value as JSON on one line, also for YAML, which breaks lines at more than JSON does.
fn inline(value: &Value) -> String {
    value
        .to_json()
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Where the comment of a line starts. Looks at this line alone, so a `#` in a text of several
/// lines counts as a comment too, which is what it mostly is there.
fn comment_start(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut previous = ' ';
    for (i, c) in line.char_indices() {
        match (quote, c) {
            (Some('"'), '"') if previous == '\\' => {}
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if " \t[{,".contains(previous) => quote = Some(c),
            (None, '#') if previous.is_whitespace() => return Some(i),
            (None, _) => {}
        }
        previous = c;
    }
    None
}

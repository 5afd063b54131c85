//! What can be wrong with YAML, in words a person can act on.

use std::sync::Arc;

use super::events::Problem;
use super::node::Mark;
use crate::dialect::suggest::nearest;
use crate::model::Diagnostic;

/// A fault of the tree.
pub(super) struct Fault {
    pub at: Mark,
    pub kind: FaultKind,
}

/// Which fault.
pub(super) enum FaultKind {
    Duplicate { key: String, first: Mark },
    UnknownAnchor { name: String, known: Vec<String> },
    ForwardAlias { name: String, anchor: Mark },
    InsideItself,
    BadMerge,
    KeyNotText,
    MoreDocuments,
    TooDeep(usize),
    TooManyNodes(usize),
    TooMuchExpanded(usize),
}

impl Fault {
    pub(super) fn diagnostic(
        &self,
        file: &Arc<str>,
        original: &dyn Fn(Mark) -> Mark,
    ) -> Diagnostic {
        let place = original(self.at).within(file);
        let error = |code, message: String| Diagnostic::error(code, place.clone(), message);
        let warning = |code, message: String| Diagnostic::warning(code, place.clone(), message);
        match &self.kind {
            FaultKind::Duplicate { key, first } => {
                let Mark { line, column } = original(*first);
                let message = format!(
                    "the key `{key}` is given twice; the first one stands in line {line}, \
                     column {column}"
                );
                error("duplicate-key", message).with_hint("remove one of the two")
            }
            FaultKind::UnknownAnchor { name, known } => {
                let found = error("unknown-anchor", format!("there is no anchor `&{name}`"));
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => found.with_hint(format!("did you mean `*{meant}`?")),
                    None => found.with_hint(format!(
                        "mark what is meant with `&{name}`, or quote text that starts with `*`"
                    )),
                }
            }
            FaultKind::ForwardAlias { name, anchor } => {
                let line = original(*anchor).line;
                let message = format!(
                    "`*{name}` stands before its anchor in line {line}; Concourse refuses it"
                );
                warning("forward-alias", message).with_hint("move the anchor up")
            }
            FaultKind::InsideItself => {
                error("endless-alias", "an alias stands inside of its own anchor".to_owned())
            }
            FaultKind::BadMerge => {
                error("bad-merge", "`<<` takes a map or a list of maps".to_owned())
            }
            FaultKind::KeyNotText => error("bad-key", "a key must be text".to_owned())
                .with_hint("put text that starts with `{` or `[` in quotes"),
            FaultKind::MoreDocuments => {
                warning("more-documents", "only what stands before this `---` is read".to_owned())
            }
            FaultKind::TooDeep(limit) => {
                error("too-deep", format!("lists and maps nest deeper than {limit} levels"))
            }
            FaultKind::TooManyNodes(limit) => {
                error("too-large", format!("the file has more than {limit} values"))
            }
            FaultKind::TooMuchExpanded(limit) => {
                error("too-large", format!("aliases make more than {limit} values of the file"))
            }
        }
    }
}

/// A diagnostic for what the parser stopped at.
pub(super) fn syntax(
    file: &Arc<str>,
    text: &str,
    problem: &Problem,
    original: &dyn Fn(Mark) -> Mark,
) -> Diagnostic {
    let at = match problem.offset {
        Some(offset) => place_of(text, offset),
        None => within(text, problem.at),
    };
    let context = problem.context.as_ref().map_or(at, |(_, mark)| *mark);
    let doing = problem.context.as_ref().map_or("", |(text, _)| text.as_ref());
    let line = text.lines().nth(at.line as usize - 1).unwrap_or_default();
    let found = line.chars().nth(at.column as usize - 1);
    let is_indented_by_tab = line.trim_start_matches(' ').starts_with('\t');
    let start = original(context).line;
    let (at, message, hint) = match &*problem.message {
        _ if is_indented_by_tab => (
            Mark { column: 1 + columns_before_tab(line), ..at },
            "a tab stands where only blanks may indent".to_owned(),
            Some("indent with blanks".to_owned()),
        ),
        "found a tab character that violates indentation"
        | "found a tab character where an indentation space is expected" => (
            at,
            "a tab stands where only blanks may indent".to_owned(),
            Some("indent with blanks".to_owned()),
        ),
        "found character that cannot start any token" => {
            let c = found.unwrap_or(' ');
            let message = format!("text cannot start with `{c}`");
            (at, message, Some("put the text in quotes".to_owned()))
        }
        "mapping values are not allowed in this context" => (
            at,
            "a `key: value` cannot stand here".to_owned(),
            Some(match line.contains("((") {
                true => "put text that holds `((` and `: ` in quotes".to_owned(),
                false => "mind the indentation, or put text that holds `: ` in quotes".to_owned(),
            }),
        ),
        "did not find expected key" if doing == "while parsing a block mapping" => (
            at,
            format!("this does not fit the map that starts in line {start}"),
            Some(format!("keys of that map start in column {}", original(context).column)),
        ),
        "did not find expected '-' indicator" => (
            at,
            format!("this does not fit the list that starts in line {start}"),
            Some(format!("items of that list start in column {}", original(context).column)),
        ),
        "could not find expected ':'" => (
            at,
            format!("the key in line {start} has no `:`"),
            Some("write `key: value`, or mind the indentation".to_owned()),
        ),
        "did not find expected ',' or ']'" => {
            (at, format!("a `,` or `]` is missing in the list that opens in line {start}"), None)
        }
        "did not find expected ',' or '}'" => (
            at,
            format!("a `,` or `}}` is missing in the map that opens in line {start}"),
            line.contains("{{").then(|| "put text that starts with `{` in quotes".to_owned()),
        ),
        "found unexpected end of stream" => (
            context,
            "the quotes that open here are never closed".to_owned(),
            Some("close them; in single quotes, write `''` for one quote".to_owned()),
        ),
        "found unknown escape character" => (
            at,
            "this escape is unknown in double quotes".to_owned(),
            Some("write `\\\\` for a backslash, or use single quotes".to_owned()),
        ),
        "did not find expected alphabetic or numeric character" => (
            context,
            "a name is missing after `*` or `&`".to_owned(),
            Some("put text that starts with `*` or `&` in quotes".to_owned()),
        ),
        "block sequence entries are not allowed in this context" => (
            at,
            "a `-` item cannot stand here".to_owned(),
            Some("start the list on a line of its own".to_owned()),
        ),
        "did not find expected comment or line break" => (
            at,
            "text stands behind `|` or `>`".to_owned(),
            Some("start the text on the next line".to_owned()),
        ),
        "control characters are not allowed" => {
            (at, "a control character stands here".to_owned(), None)
        }
        other if doing.is_empty() => (at, other.to_owned(), None),
        other => (at, format!("{other} {doing}"), None),
    };
    let diagnostic = Diagnostic::error("syntax", original(at).within(file), message);
    match hint {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
}

/// The place itself, or the text's end: the parser adds a line there that the text lacks.
fn within(text: &str, at: Mark) -> Mark {
    let end = place_of(text, text.len());
    if at.line > end.line { end } else { at }
}

fn columns_before_tab(line: &str) -> u32 {
    u32::try_from(line.chars().take_while(|c| *c == ' ').count()).unwrap_or(0)
}

fn place_of(text: &str, offset: usize) -> Mark {
    let before = String::from_utf8_lossy(&text.as_bytes()[..offset.min(text.len())]);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    let from_one = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Mark { line: from_one(line), column: from_one(column) }
}

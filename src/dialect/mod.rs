//! Text → pipeline and diagnostics. Reading never fails: it always reports, all faults at once.
//!
//! One folder a language, one line each in [`DIALECTS`]. This room never opens a file and never
//! looks at a clock or a network; what a file may refer to comes in as values.

pub mod concourse;
mod format;
pub mod graph;
mod suggest;
pub mod yaml;

pub use concourse::{
    read_task, read_value, read_vars, step_of, task_of, write, write_step, write_task,
};
pub use format::format;

use crate::model::var::Values;
use crate::model::{Diagnostic, Pipeline, Place};

/// A language in which pipelines are written.
pub trait Dialect: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Whether a file of that path is written in it.
    fn claims(&self, file: &str) -> bool;

    /// Reads `text`, with the references that `vars` knows filled. The pipeline is there only
    /// without errors.
    fn read(&self, file: &str, text: &str, vars: &Values) -> (Option<Pipeline>, Vec<Diagnostic>);
}

/// The languages, most particular first; the last one claims every file.
pub static DIALECTS: &[&dyn Dialect] = &[&concourse::Concourse];

/// Languages that are recognised by the names of their files, so that such a file is refused in
/// one sentence and not in a hundred.
const UNREAD: [Unread; 2] = [
    Unread { language: "gitlab", start: "", end: ".gitlab-ci" },
    Unread { language: "caicloud", start: "caicloud", end: "" },
];

/// How files of such a language are called, without `.yml`.
struct Unread {
    language: &'static str,
    start: &'static str,
    end: &'static str,
}

/// What reading a file gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The language the file was taken for.
    pub dialect: &'static str,
    /// The pipeline; only without errors.
    pub pipeline: Option<Pipeline>,
    /// All that is wrong with the file, in the order of its lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// The name of the language that `file` is written in.
pub fn detect(file: &str) -> &'static str {
    unread(file).unwrap_or_else(|| dialect(file).map_or("concourse", |found| found.name()))
}

/// Reads `text`, which stands in `file`, with the references that `vars` knows filled; all
/// others stay for the build to fill.
pub fn read(file: &str, text: &str, vars: &Values) -> Read {
    if let Some(language) = unread(file) {
        return refuse(language, file);
    }
    let Some(dialect) = dialect(file) else { return refuse("unknown", file) };
    let (pipeline, mut diagnostics) = dialect.read(file, text, vars);
    sort(&mut diagnostics);
    Read { dialect: dialect.name(), pipeline, diagnostics }
}

fn dialect(file: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|dialect| dialect.claims(file))
}

fn unread(file: &str) -> Option<&'static str> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"))?;
    let claims = |one: &&Unread| stem.starts_with(one.start) && stem.ends_with(one.end);
    UNREAD.iter().find(claims).map(|one| one.language)
}

fn refuse(language: &'static str, file: &str) -> Read {
    let place = Place { file: file.into(), line: 1, column: 1 };
    let message = format!("this build does not run pipelines written for {language}");
    let diagnostic = Diagnostic::error("unsupported-dialect", place, message)
        .with_hint("rename the file if it is a Concourse pipeline");
    Read { dialect: language, pipeline: None, diagnostics: vec![diagnostic] }
}

/// Puts diagnostics in the order of their places. A fault of a part that stands in several
/// places, by an alias, is told once.
fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (a.place.line, a.place.column, a.severity).cmp(&(b.place.line, b.place.column, b.severity))
    });
    let text = |message: &str| message.split_once(": ").map(|(_, text)| text.to_owned());
    diagnostics.dedup_by(|later, first| {
        let is_same_fault = later.place == first.place && later.code == first.code;
        let (later, first) = (later.message.as_str(), first.message.as_str());
        is_same_fault && (later == first || text(later).is_some_and(|l| Some(l) == text(first)))
    });
    limit(diagnostics);
}

/// How many diagnostics are told of one file, besides the one that says how many are not.
const MOST_TOLD: usize = 1000;

/// Keeps the first diagnostics, errors before warnings, so that a hostile file does not cost
/// more than it is worth.
fn limit(diagnostics: &mut Vec<Diagnostic>) {
    let n_left = diagnostics.len().saturating_sub(MOST_TOLD);
    let Some(last) = diagnostics.last().filter(|_| n_left > 0).cloned() else { return };
    let n_errors = diagnostics.iter().filter(|one| one.is_error()).count();
    let (mut errors, mut warnings) = (MOST_TOLD, MOST_TOLD.saturating_sub(n_errors));
    diagnostics.retain(|one| {
        let left = if one.is_error() { &mut errors } else { &mut warnings };
        let is_kept = *left > 0;
        *left = left.saturating_sub(1);
        is_kept
    });
    let message = format!("{n_left} more faults are not told");
    let more = match n_errors > MOST_TOLD {
        true => Diagnostic::error("more-faults", last.place, message),
        false => Diagnostic::warning("more-faults", last.place, message),
    };
    diagnostics.push(more.with_hint("mend these first"));
}

/// How many characters of a long line are shown, and how many of them before the place.
const SHOWN: usize = 160;
const SHOWN_BEFORE: usize = 80;

/// The line that a diagnostic points at, with a caret below the place; nothing if the file has
/// no such line. Of a long line only the part around the place is shown.
pub fn excerpt(text: &str, diagnostic: &Diagnostic) -> String {
    let line_number = diagnostic.place.line.max(1) as usize;
    let Some(line) = text.lines().nth(line_number - 1) else { return String::new() };
    let gutter = line_number.to_string();
    let column = (diagnostic.place.column.max(1) - 1) as usize;
    let is_long = line.chars().nth(SHOWN).is_some();
    let start = if is_long { column.saturating_sub(SHOWN_BEFORE) } else { 0 };
    let mut rest = line.chars().skip(start);
    let mut shown: String = rest.by_ref().take(SHOWN).collect();
    if start > 0 {
        shown.insert(0, '…');
    }
    // Tabs stay tabs above the caret, so that it lands where the terminal puts the character.
    let lead: String = shown
        .chars()
        .chain(std::iter::repeat(' '))
        .take(column - start + usize::from(start > 0))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    if rest.next().is_some() {
        shown.push('…');
    }
    let blank = " ".repeat(gutter.len());
    format!("{gutter} | {shown}\n{blank} | {lead}^")
}

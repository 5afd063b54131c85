//! The lines of values that have several, freed of their indentation so that they can be given
//! another.

use crate::dialect::yaml::Style;

/// Lines after `|` or `>`.
#[derive(Debug)]
pub(super) struct Text {
    /// `|` or `>`, with what must be said about indentation and the last line's end.
    pub header: String,
    /// The lines, without their indentation.
    pub lines: Vec<String>,
    /// How many blank lines belong to it.
    pub n_blanks: usize,
}

/// The lines of something in brackets, each but the first indented as against the others.
pub(super) fn flow_lines(raw: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let filled = raw.split('\n').skip(1).filter(|line| !line.trim().is_empty());
    let least = filled.map(indent).min().unwrap_or(0);
    let strip = |line: &str| line.get(least..).unwrap_or_default().trim_end().to_owned();
    let mut lines = raw.split('\n');
    let first = lines.next().unwrap_or_default().trim_end().to_owned();
    std::iter::once(first).chain(lines.map(strip)).collect()
}

/// Lines after `|` or `>`, of which YAML reads `read`.
pub(super) fn block_text(raw: &str, style: Style, read: &str) -> Text {
    let (header, rest) = raw.split_once('\n').unwrap_or((raw, ""));
    let comment = header.find('#').map_or("", |at| header[at..].trim_end());
    let body = read.trim_end_matches('\n');
    let n_ends = read.len() - body.len();
    let lines: Vec<String> = match style {
        _ if body.is_empty() => Vec::new(),
        Style::Literal => body.split('\n').map(str::to_owned).collect(),
        _ => folded_lines(rest, body),
    };
    let first = lines.iter().find(|line| !line.is_empty());
    let indented = first.is_some_and(|line| line.starts_with([' ', '\t']));
    let sign = if style == Style::Literal { "|" } else { ">" };
    let ends = match n_ends {
        0 => "-",
        1 if !body.is_empty() => "",
        _ => "+",
    };
    let indicator = if indented { "2" } else { "" };
    let gap = if comment.is_empty() { "" } else { " " };
    let header = format!("{sign}{indicator}{ends}{gap}{comment}");
    let n_blanks = if body.is_empty() { n_ends } else { n_ends.saturating_sub(1) };
    Text { header, lines, n_blanks }
}

/// The lines of a folded text as they are written, without their indentation.
fn folded_lines(rest: &str, body: &str) -> Vec<String> {
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = body.split('\n').find(|line| !line.is_empty()).map_or(0, blanks);
    let written = rest.split('\n').find(|line| !line.trim().is_empty()).map_or(0, blanks);
    let indent = written.saturating_sub(own);
    let mut lines: Vec<String> = rest
        .split('\n')
        .map(|line| line.get(indent.min(blanks(line))..).unwrap_or_default().to_owned())
        .collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}

//! Blocks → text: two blanks a level, lists as deep as their key, keys in order, at most one
//! blank line in a row.

use super::block::{Blocks, Content, Entry, Remark};
use super::order::{Shape, Ties, order};
use super::text::Text;
use crate::dialect::yaml::Written;

/// The blocks as text, their maps in the order of `shape`. `length` is that of the file.
pub(super) fn print(blocks: &Blocks, written: &Written, shape: Shape, length: usize) -> String {
    let mut printer =
        Printer { blocks, written, length, lines: Vec::new(), open: None, is_blank_kept: false };
    printer.remarks(&blocks.head[0], 0);
    printer.lines.extend(blocks.start.clone());
    printer.remarks(&blocks.head[1], 0);
    if blocks.head.iter().any(|head| !head.is_empty()) && printer.blocks.start.is_none()
        || !blocks.head[1].is_empty()
    {
        printer.blank();
    }
    if !blocks.groups.is_empty() {
        printer.group(0, 0, shape, Vec::new());
    }
    while printer.lines.last().is_some_and(String::is_empty) && !printer.is_blank_kept {
        printer.lines.pop();
    }
    printer.lines.join("\n") + "\n"
}

struct Printer<'b> {
    blocks: &'b Blocks,
    written: &'b Written,
    length: usize,
    lines: Vec<String>,
    /// What stands on the line to come already: blanks and the `-` of an item.
    open: Option<String>,
    /// Whether blank lines at the end belong to a text, so that none may be added.
    is_blank_kept: bool,
}

impl Printer<'_> {
    /// A line at a column, after what stands on it already.
    fn line(&mut self, column: usize, text: &str) {
        let start = self.open.take().unwrap_or_else(|| " ".repeat(column));
        self.lines.push(start + text);
        self.is_blank_kept = false;
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|last| !last.is_empty()) && !self.is_blank_kept {
            self.lines.push(String::new());
        }
    }

    fn remarks(&mut self, remarks: &[Remark], column: usize) {
        for remark in remarks {
            if remark.is_apart {
                self.blank();
            }
            self.line(column, &remark.text);
        }
    }

    /// The entries of a list or map; `above` are comments that come before the first one.
    fn group(&mut self, group: usize, column: usize, shape: Shape, above: Vec<Remark>) {
        let mut above = above;
        let is_top = group == 0 && shape == Shape::Pipeline;
        for (place, id) in self.ordered(group, shape).into_iter().enumerate() {
            let entry = &self.blocks.entries[id];
            above.extend(entry.above.iter().cloned());
            let is_first = place == 0;
            if is_first {
                // Nothing stands apart from what holds it.
                if let Some(first) = above.first_mut() {
                    first.is_apart = false;
                }
            } else if is_top {
                self.blank();
            }
            self.remarks(&std::mem::take(&mut above), column);
            let has_above = !entry.above.is_empty();
            if entry.is_apart && (!is_first || has_above) {
                self.blank();
            }
            self.entry(entry, column, shape);
            self.remarks(&entry.below, column);
        }
    }

    /// The entries of a group in the order in which they are printed.
    fn ordered(&self, group: usize, shape: Shape) -> Vec<usize> {
        let group = &self.blocks.groups[group];
        if group.is_list || shape == Shape::Free || group.entries.len() < 2 {
            return group.entries.clone();
        }
        let entries: Vec<(&str, Ties<'_>)> = group
            .entries
            .iter()
            .map(|&id| {
                let end = self.blocks.end(id, self.length);
                (key(&self.blocks.entries[id]), self.blocks.ties(id, end, self.written))
            })
            .collect();
        order(shape, &entries).into_iter().map(|place| group.entries[place]).collect()
    }

    fn entry(&mut self, entry: &Entry, column: usize, shape: Shape) {
        let shape = match &entry.key {
            Some(_) => shape.of(key(entry)),
            None => shape.of_item(),
        };
        let start = entry.key.as_ref().map_or_else(|| "-".to_owned(), |key| format!("{key}:"));
        let with = |parts: &[&str]| -> String {
            let parts = std::iter::once(start.as_str()).chain(parts.iter().copied());
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let behind = entry.behind.as_deref().unwrap_or_default();
        let properties = entry.properties.as_str();
        match &entry.value {
            Content::Nothing => self.line(column, &with(&[properties, behind])),
            Content::Inline(lines) => {
                self.several(column, &with(&[properties, &lines[0]]), lines, column + 2, behind);
            }
            Content::Flow(lines) => {
                // A bracket that closes stands as deep as what it belongs to.
                let closes = lines.last().is_some_and(|last| last.starts_with([']', '}']));
                let is_at_key = closes && entry.key.is_some();
                let indent = if is_at_key { column } else { column + 2 };
                self.several(column, &with(&[properties, &lines[0]]), lines, indent, behind);
            }
            Content::Text(Text { header, lines, n_blanks }) => {
                self.line(column, &with(&[properties, header]));
                for line in lines {
                    let indent = if line.is_empty() { 0 } else { column + 2 };
                    self.line(indent, line);
                }
                self.lines.extend(std::iter::repeat_n(String::new(), *n_blanks));
                self.is_blank_kept = *n_blanks > 0;
            }
            Content::Group(group) => {
                let inner = &self.blocks.groups[*group];
                let is_bare = properties.is_empty() && behind.is_empty();
                if entry.key.is_none() && is_bare {
                    self.compact(*group, column, shape);
                    return;
                }
                self.line(column, &with(&[properties, behind]));
                let is_flat = inner.is_list && entry.key.is_some();
                let inner_column = if is_flat { column } else { column + 2 };
                self.group(*group, inner_column, shape, Vec::new());
            }
        }
    }

    /// A list or map that starts on the line of its `-`.
    fn compact(&mut self, group: usize, column: usize, shape: Shape) {
        let first = self.ordered(group, shape).first().map(|id| &self.blocks.entries[*id]);
        // Comments above the first entry of a map stand above the item.
        let start = self.open.take();
        if let Some(first) = first.filter(|first| !first.above.is_empty()) {
            if let Some(start) = start {
                // In an item of an item there is no place above.
                self.open = Some(start);
                self.line(column, "-");
                self.group(group, column + 2, shape, Vec::new());
                return;
            }
            let mut above = first.above.clone();
            above[0].is_apart = false;
            self.remarks(&above, column);
        }
        self.open = Some(start.unwrap_or_else(|| " ".repeat(column)) + "- ");
        self.entries_after_dash(group, column + 2, shape);
    }

    fn entries_after_dash(&mut self, group: usize, column: usize, shape: Shape) {
        for (place, id) in self.ordered(group, shape).into_iter().enumerate() {
            let entry = &self.blocks.entries[id];
            if place > 0 {
                self.remarks(&entry.above, column);
                if entry.is_apart {
                    self.blank();
                }
            }
            self.entry(entry, column, shape);
            self.remarks(&entry.below, column);
        }
    }

    fn several(&mut self, column: usize, first: &str, lines: &[String], indent: usize, end: &str) {
        let with_end = |text: &str, is_last: bool| match is_last && !end.is_empty() {
            true => format!("{text} {end}"),
            false => text.to_owned(),
        };
        self.line(column, &with_end(first, lines.len() == 1));
        for (place, line) in lines.iter().enumerate().skip(1) {
            let indent = if line.is_empty() { 0 } else { indent };
            self.line(indent, &with_end(line, place + 1 == lines.len()));
        }
    }
}

/// The key as other keys are compared with it: without quotes, anchor and tag.
fn key(entry: &Entry) -> &str {
    let written = entry.key.as_deref().unwrap_or_default();
    let bare = written.rsplit(' ').next().unwrap_or(written);
    bare.trim_matches(['"', '\''])
}

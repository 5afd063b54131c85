//! A file as blocks that can be moved and indented anew: entries with what stands on their lines
//! and the comments that belong to them.
//!
//! A comment on a line of its own belongs to the entry that follows; to the one before if it is
//! indented deeper than what follows, or stands right below it and apart from what follows. A
//! comment behind something belongs to that.

use std::collections::BTreeSet;
use std::ops::Range;

use super::order::Ties;
use super::text::{Text, block_text, flow_lines};
use crate::dialect::yaml::{Form, Style, Written, WrittenNode};

/// A file as blocks.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// All entries, in the order of the file.
    pub entries: Vec<Entry>,
    /// All lists and maps by indentation.
    pub groups: Vec<Group>,
    /// The comments above all, before and after the line that starts the document.
    pub head: [Vec<Remark>; 2],
    /// The line that starts the document, if there is one.
    pub start: Option<String>,
}

/// A list or a map by indentation.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Its entries, in the order of the file.
    pub entries: Vec<usize>,
    /// Whether it is a list.
    pub is_list: bool,
    /// Where its entries start.
    column: usize,
    /// The entry whose value it is.
    parent: Option<usize>,
}

/// An item of a list, or a key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it starts.
    start: usize,
    group: usize,
    /// Its place in the group.
    place: usize,
    /// Where its value starts.
    value_start: usize,
    /// The key as it is written; none for an item.
    pub key: Option<String>,
    /// Anchor and tag of its value.
    pub properties: String,
    /// What it holds.
    pub value: Content,
    /// Comments above it.
    pub above: Vec<Remark>,
    /// Whether a blank line stands right above it.
    pub is_apart: bool,
    /// The comment behind it, or behind its key.
    pub behind: Option<String>,
    /// Comments below it and all it holds.
    pub below: Vec<Remark>,
}

/// A comment on a line of its own.
#[derive(Debug, Clone)]
pub(super) struct Remark {
    pub text: String,
    /// Whether a blank line stands above it.
    pub is_apart: bool,
}

/// What an entry holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// A scalar or an alias: its lines, without their indentation.
    Inline(Vec<String>),
    /// Something in brackets: its lines, with their indentation against each other.
    Flow(Vec<String>),
    /// Lines after `|` or `>`.
    Text(Text),
    /// A list or map by indentation.
    Group(usize),
}

/// What cannot be taken apart: the byte at which it stands, and what it is.
pub(super) type Fault = (usize, &'static str);

/// Takes a file apart. `text` is the file, `masked` the same with `{{x}}` replaced, which
/// `written` tells about.
pub(super) fn blocks(text: &str, masked: &str, written: &Written) -> Result<Blocks, Fault> {
    let Some(root) = &written.root else { return Ok(Blocks::default()) };
    let skeleton = skeleton(masked, written);
    let mut builder = Builder { text, skeleton, blocks: Blocks::default() };
    builder.group(root, None)?;
    builder.start_of_document()?;
    builder.comments(written)?;
    Ok(builder.blocks)
}

/// The comments of a file: where they stand. `masked` is a text that `written` tells about.
pub(super) fn comments(masked: &str, written: &Written) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut scalars = written.scalars.iter().peekable();
    let bytes = masked.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        while scalars.peek().is_some_and(|span| span.end <= at) {
            scalars.next();
        }
        if let Some(span) = scalars.peek().filter(|span| span.start <= at) {
            at = span.end.max(at + 1);
        } else if bytes[at] == b'#' {
            let end = masked[at..].find('\n').map_or(bytes.len(), |length| at + length);
            found.push(at..end);
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// The text with blanks for scalars and comments: what is left are the signs between them.
fn skeleton(masked: &str, written: &Written) -> Vec<u8> {
    let mut skeleton = masked.as_bytes().to_vec();
    let comments = comments(masked, written);
    for span in written.scalars.iter().chain(&comments) {
        for byte in &mut skeleton[span.clone()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    skeleton
}

struct Builder<'t> {
    text: &'t str,
    skeleton: Vec<u8>,
    blocks: Blocks,
}

impl Builder<'_> {
    /// The column of a byte, from 0.
    fn column(&self, at: usize) -> usize {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        self.text[line..at].chars().count()
    }

    /// Whether the line above the one of `at` is blank.
    fn is_apart(&self, at: usize) -> bool {
        let Some(end) = self.text[..at].rfind('\n') else { return false };
        let start = self.text[..end].rfind('\n').map_or(0, |end| end + 1);
        self.text[start..end].trim().is_empty()
    }

    /// The last sign before a byte.
    fn sign_before(&self, at: usize) -> Option<(usize, u8)> {
        let place = self.skeleton[..at].iter().rposition(|byte| !byte.is_ascii_whitespace())?;
        Some((place, self.skeleton[place]))
    }

    fn group(&mut self, node: &WrittenNode, parent: Option<usize>) -> Result<usize, Fault> {
        let group = self.blocks.groups.len();
        self.blocks.groups.push(Group { parent, ..Group::default() });
        match &node.form {
            Form::List(items) => {
                self.blocks.groups[group].is_list = true;
                for item in items {
                    let dash = self.sign_before(item.span.start).filter(|(_, sign)| *sign == b'-');
                    let start = dash.ok_or((item.span.start, "this item"))?.0;
                    self.entry(group, start, None, item)?;
                }
            }
            Form::Map(entries) => {
                for (key, value) in entries {
                    let start = key.span.start;
                    let written = &self.text[key.span.clone()];
                    let is_plain = matches!(key.form, Form::Scalar(..) | Form::Alias);
                    let is_explicit = self.sign_before(start).is_some_and(|(_, s)| s == b'?');
                    if !is_plain || is_explicit || written.contains('\n') || written.is_empty() {
                        return Err((start, "a key of this form"));
                    }
                    // An alias takes a `:` into its name.
                    let gap = if key.form == Form::Alias { " " } else { "" };
                    self.entry(group, start, Some(format!("{written}{gap}")), value)?;
                }
            }
            Form::Scalar(..) | Form::Alias | Form::Flow => {}
        }
        Ok(group)
    }

    fn entry(
        &mut self,
        group: usize,
        start: usize,
        key: Option<String>,
        value: &WrittenNode,
    ) -> Result<(), Fault> {
        let id = self.blocks.entries.len();
        if self.blocks.groups[group].entries.is_empty() {
            self.blocks.groups[group].column = self.column(start);
        }
        let place = self.blocks.groups[group].entries.len();
        self.blocks.groups[group].entries.push(id);
        let (properties, content) = self.properties(value);
        self.blocks.entries.push(Entry {
            start,
            group,
            place,
            value_start: value.span.start,
            key,
            properties,
            value: Content::Nothing,
            above: Vec::new(),
            is_apart: self.is_apart(start) && self.is_first(start),
            behind: None,
            below: Vec::new(),
        });
        let end = value.span.end.max(content);
        let raw = &self.text[content..end];
        self.blocks.entries[id].value = match &value.form {
            Form::List(_) | Form::Map(_) => Content::Group(self.group(value, Some(id))?),
            Form::Scalar(style @ (Style::Literal | Style::Folded), read) => {
                Content::Text(block_text(raw, *style, read))
            }
            Form::Flow => Content::Flow(flow_lines(raw)),
            Form::Scalar(..) | Form::Alias if raw.is_empty() => Content::Nothing,
            Form::Scalar(..) | Form::Alias => {
                let blank = |c| c == ' ' || c == '\t';
                let lines = raw.split('\n').map(|line| line.trim_start_matches(blank).to_owned());
                Content::Inline(lines.collect())
            }
        };
        Ok(())
    }

    /// Anchor and tag before a value, and where what they belong to starts.
    fn properties(&self, node: &WrittenNode) -> (String, usize) {
        let is_scalar = matches!(node.form, Form::Scalar(..));
        let mut at = node.span.start;
        let mut found: Vec<&str> = Vec::new();
        // A scalar cannot start with these signs, so that a lone `!` is seen too.
        while found.len() < node.n_properties || is_scalar {
            let rest = &self.text[at..];
            if !rest.starts_with(['&', '!']) {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
            found.push(&rest[..end]);
            at += end;
            at += self.text[at..].len() - skip_blank(&self.text[at..]).len();
            if is_scalar && at > node.span.end {
                at = node.span.end;
            }
        }
        (found.join(" "), at)
    }

    /// Whether nothing stands before a byte in its line.
    fn is_first(&self, at: usize) -> bool {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        self.text[line..at].trim().is_empty()
    }

    /// Finds the line that starts the document, and what no block can hold.
    fn start_of_document(&mut self) -> Result<(), Fault> {
        let first = self.blocks.entries.first().map_or(self.text.len(), |entry| entry.start);
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let signs = String::from_utf8_lossy(&self.skeleton[at..at + line.len()]).into_owned();
            if signs.starts_with('%') {
                return Err((at, "a directive"));
            }
            if signs.starts_with("...") {
                return Err((at, "the end of a document"));
            }
            if signs.starts_with("---") && at < first {
                if signs.trim_end() != "---" || self.blocks.start.is_some() {
                    return Err((at, "text behind `---`"));
                }
                self.blocks.start = Some(line.trim_end().to_owned());
            }
            at += line.len();
        }
        Ok(())
    }

    fn comments(&mut self, written: &Written) -> Result<(), Fault> {
        let is_in_flow = |at: usize| {
            let after = written.flows.partition_point(|flow| flow.start <= at);
            written.flows[..after].last().is_some_and(|flow| at < flow.end)
        };
        let mut own = comments(self.text, written);
        own.retain(|span| !is_in_flow(span.start));
        let mut at = 0;
        while at < own.len() {
            if !self.is_first(own[at].start) {
                self.behind(&own[at])?;
                at += 1;
                continue;
            }
            // Comments on lines that follow each other belong together.
            let mut end = at + 1;
            while end < own.len()
                && self.is_first(own[end].start)
                && self.text[own[end - 1].end..own[end].start].matches('\n').count() == 1
            {
                end += 1;
            }
            self.lines(&own[at..end]);
            at = end;
        }
        Ok(())
    }

    fn remark(&self, span: &Range<usize>) -> Remark {
        let text = self.text[span.clone()].trim_end().to_owned();
        Remark { text, is_apart: self.is_apart(span.start) }
    }

    /// A comment behind something.
    fn behind(&mut self, span: &Range<usize>) -> Result<(), Fault> {
        let text = self.text[span.clone()].trim_end().to_owned();
        let next = self.blocks.entries.partition_point(|entry| entry.start < span.start);
        let Some(id) = next.checked_sub(1) else {
            // Behind `---`, whose line was taken as a whole.
            return Ok(());
        };
        let is_group = matches!(self.blocks.entries[id].value, Content::Group(_));
        let entry = &mut self.blocks.entries[id];
        if is_group && entry.value_start < span.start && entry.properties.is_empty() {
            return Err((span.start, "a comment at this place"));
        }
        if entry.value_start > span.start && matches!(entry.value, Content::Text(_)) {
            return Err((span.start, "a comment at this place"));
        }
        match &entry.behind {
            None => entry.behind = Some(text),
            Some(_) => return Err((span.start, "a comment at this place")),
        }
        Ok(())
    }

    /// Comments on lines of their own that follow each other.
    fn lines(&mut self, block: &[Range<usize>]) {
        let start = block[0].start;
        let last = block[block.len() - 1].end;
        let next = self.blocks.entries.partition_point(|entry| entry.start < start);
        let Some(before) = next.checked_sub(1) else {
            let is_started = self.blocks.start.is_some() && self.start_line() < start;
            let remarks: Vec<Remark> = block.iter().map(|span| self.remark(span)).collect();
            // What a blank line parts from the first entry is about the file.
            let is_head = self.is_blank_after(last) || self.blocks.start.is_some() && !is_started;
            match self.blocks.entries.first_mut() {
                Some(entry) if !is_head => entry.above.extend(remarks),
                Some(_) | None => self.blocks.head[usize::from(is_started)].extend(remarks),
            }
            return;
        };
        if self.blocks.entries[before].value_start > start
            && !matches!(self.blocks.entries[before].value, Content::Group(_))
        {
            // Between a key and its value.
            let remarks: Vec<Remark> = block.iter().map(|span| self.remark(span)).collect();
            self.blocks.entries[before].above.extend(remarks);
            return;
        }
        let follower = self.blocks.entries.get(next);
        let is_inside =
            follower.is_some_and(|entry| self.blocks.groups[entry.group].parent == Some(before));
        let next_column = follower.map(|entry| self.blocks.groups[entry.group].column);
        let is_left = self.is_blank_after(last) && !is_inside;
        let mut leads = false;
        for (place, span) in block.iter().enumerate() {
            let column = self.column(span.start);
            let is_deeper = next_column.is_none_or(|next| column > next) && !is_inside;
            let remark = self.remark(span);
            // One below another that belongs to the entry before does so too.
            let is_close = is_left && (place > 0 || !self.is_apart(start));
            if !leads && (is_deeper || is_close) {
                let owner = self.owner(before, column);
                self.blocks.entries[owner].below.push(remark);
            } else {
                leads = true;
                self.blocks.entries[next].above.push(remark);
            }
        }
    }

    fn start_line(&self) -> usize {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            if self.skeleton[at..].starts_with(b"---") {
                return at;
            }
            at += line.len();
        }
        at
    }

    fn is_blank_after(&self, end: usize) -> bool {
        let mut lines = self.text[end..].split('\n').skip(1);
        lines.next().is_some_and(|line| line.trim().is_empty() && lines.next().is_some())
    }

    /// The entry around `entry`, or itself, that a comment in that column stands below.
    fn owner(&self, entry: usize, column: usize) -> usize {
        let mut owner = entry;
        loop {
            let group = &self.blocks.groups[self.blocks.entries[owner].group];
            match group.parent {
                Some(parent) if group.column > column => owner = parent,
                Some(_) | None => return owner,
            }
        }
    }
}

impl Blocks {
    /// What an entry has to do with anchors: those in it, and the aliases.
    pub(super) fn ties<'w>(&self, id: usize, end: usize, written: &'w Written) -> Ties<'w> {
        let start = self.entries[id].start;
        let within = |list: &'w [(String, usize)]| -> BTreeSet<&'w str> {
            let from = list.partition_point(|(_, at)| *at < start);
            let to = list.partition_point(|(_, at)| *at < end);
            list[from..to.max(from)].iter().map(|(name, _)| name.as_str()).collect()
        };
        Ties { anchors: within(&written.anchors), aliases: within(&written.aliases) }
    }

    /// Where an entry ends: where what follows it starts.
    pub(super) fn end(&self, id: usize, length: usize) -> usize {
        let group = &self.groups[self.entries[id].group];
        match (group.entries.get(self.entries[id].place + 1), group.parent) {
            (Some(next), _) => self.entries[*next].start,
            (None, Some(parent)) => self.end(parent, length),
            (None, None) => length,
        }
    }
}

/// The rest of a text after white space and comments.
fn skip_blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') && rest.len() < text.len() {
        rest = rest.find('\n').map_or("", |end| &rest[end..]).trim_start();
    }
    rest
}

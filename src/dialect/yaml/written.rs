//! A file as it is written: where each node stands, with aliases, merge keys and scalars as they
//! are. For those who change the text of a file and not what it says.
//!
//! What stands in brackets is one piece here.

use std::ops::Range;

use super::braces::name_at;
use super::events::{Event, EventKind, Events};
use super::node::{Mark, Style};

/// The first document of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Its top; nothing if it is empty.
    pub root: Option<WrittenNode>,
    /// Where scalars and aliases stand, those in brackets too, in order.
    pub scalars: Vec<Range<usize>>,
    /// Where pieces in brackets stand, in order.
    pub flows: Vec<Range<usize>>,
    /// The anchors and where they stand, in order.
    pub anchors: Vec<(String, usize)>,
    /// The aliases and where they stand, in order.
    pub aliases: Vec<(String, usize)>,
    /// Where text stands behind the document, which nobody reads.
    pub rest: Option<Mark>,
}

/// A node as it is written. Places are bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenNode {
    /// Where it stands, with its anchor and tag. A list or map by indentation may end anywhere
    /// before what follows.
    pub span: Range<usize>,
    /// How many of anchor and tag stand before it.
    pub n_properties: usize,
    /// What it is.
    pub form: Form,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A scalar with its style and its text as YAML reads it.
    Scalar(Style, String),
    /// An alias.
    Alias,
    /// A list or a map in brackets.
    Flow,
    /// A list by indentation.
    List(Vec<WrittenNode>),
    /// A map by indentation: keys and values.
    Map(Vec<(WrittenNode, WrittenNode)>),
}

/// Replaces `{{x}}` by text of the same length, so that a file in the old form can be read
/// without values and all places stay.
pub fn mask_braces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let inner = &rest[open + 2..];
        out.push_str(&rest[..open]);
        match name_at(inner) {
            Some(name) => {
                out.push_str("__");
                out.push_str(name);
                out.push_str("__");
                rest = &inner[name.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[open + 1..];
            }
        }
    }
    out + rest
}

impl Written {
    /// Reads a text that [`super::parse`] finds no error in; nothing of any other.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { events: Events::new(text), written: Self::default(), text };
        reader.document()?;
        Some(reader.written)
    }
}

/// How deep lists and maps nest at most, as when a file is read.
const DEEPEST: usize = 200;

struct Reader<'t> {
    events: Events<'t>,
    written: Written,
    text: &'t str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Event> {
        self.events.next().ok()
    }

    fn document(&mut self) -> Option<()> {
        if self.next()?.kind != EventKind::DocumentStart {
            return Some(());
        }
        let first = self.next()?;
        self.written.root = Some(self.node(first, 0)?);
        self.next()?;
        // What follows need not even be YAML.
        self.written.rest = match self.events.next() {
            Ok(event) => (event.kind != EventKind::StreamEnd).then_some(event.at),
            Err(problem) => Some(problem.at),
        };
        Some(())
    }

    /// Where an event stands; nothing if that is no place of the text.
    fn place(&self, event: &Event) -> Option<Range<usize>> {
        // The parser adds a line end that the text may lack.
        let end = event.span.end.min(self.text.len());
        let start = event.span.start.min(end);
        self.text.get(start..end).map(|_| start..end)
    }

    fn node(&mut self, event: Event, depth: usize) -> Option<WrittenNode> {
        if depth > DEEPEST {
            return None;
        }
        let mut span = self.place(&event)?;
        let n_properties = usize::from(event.anchor.is_some()) + usize::from(event.tag.is_some());
        self.written.anchors.extend(event.anchor.map(|name| (name, span.start)));
        let form = match event.kind {
            EventKind::Alias(name) => {
                self.written.aliases.push((name, span.start));
                self.written.scalars.push(span.clone());
                Form::Alias
            }
            EventKind::Scalar(text) => {
                self.written.scalars.push(span.clone());
                Form::Scalar(event.style, text)
            }
            EventKind::ListStart | EventKind::MapStart if event.style == Style::Flow => {
                span.end = self.flow(depth)?;
                self.written.flows.push(span.clone());
                Form::Flow
            }
            EventKind::ListStart => {
                let mut items = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.kind == EventKind::ListEnd {
                        break Form::List(items);
                    }
                    items.push(self.node(event, depth + 1)?);
                }
            }
            EventKind::MapStart => {
                let mut entries = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.kind == EventKind::MapEnd {
                        break Form::Map(entries);
                    }
                    let key = self.node(event, depth + 1)?;
                    let event = self.next()?;
                    entries.push((key, self.node(event, depth + 1)?));
                }
            }
            EventKind::DocumentStart
            | EventKind::DocumentEnd
            | EventKind::StreamEnd
            | EventKind::ListEnd
            | EventKind::MapEnd => return None,
        };
        Some(WrittenNode { span, n_properties, form })
    }

    /// Passes what stands in brackets; gives the end.
    fn flow(&mut self, depth: usize) -> Option<usize> {
        loop {
            let event = self.next()?;
            if matches!(event.kind, EventKind::ListEnd | EventKind::MapEnd) {
                return Some(self.place(&event)?.end);
            }
            let n_flows = self.written.flows.len();
            self.node(event, depth + 1)?;
            // Only the outermost brackets are a piece.
            self.written.flows.truncate(n_flows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes_and_braces_are_text() {
        let text = "é: &a {{x}}  # ä\nb: [*a, {{y.z}}]\nc: |\n  d\n\ne:\n";
        let masked = mask_braces(text);
        assert_eq!(masked, "é: &a __x__  # ä\nb: [*a, {{y.z}}]\nc: |\n  d\n\ne:\n");
        let written = Written::read(&masked).expect("YAML");
        let pieces: Vec<&str> = written.scalars.iter().map(|span| &text[span.clone()]).collect();
        assert_eq!(pieces, ["é", "&a {{x}}", "b", "*a", "y.z", "", "", "c", "|\n  d\n\n", "e", ""]);
        let flows: Vec<&str> = written.flows.iter().map(|span| &text[span.clone()]).collect();
        assert_eq!(flows, ["[*a, {{y.z}}]"]);
        assert_eq!(written.anchors, [("a".to_owned(), 4)]);
        assert_eq!(written.aliases.len(), 1);
        assert_eq!(written.rest, None);
    }
}

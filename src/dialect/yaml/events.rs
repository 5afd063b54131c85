//! The parser's events, safe to hold: the only file that touches libyaml.
//!
//! It owns the parser, copies all text out of each event and frees the event at once, so that
//! nothing of the library's memory is seen outside.

#![expect(unsafe_code, reason = "libyaml is C turned into Rust; its calls take raw pointers")]

use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use libyaml::{yaml_event_t, yaml_event_type_t as kind, yaml_mark_t, yaml_parser_t};
use libyaml_rs as libyaml;

use super::node::{Mark, Style};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Where it starts.
    pub at: Mark,
    /// Where it starts and ends, in bytes of the text.
    pub span: Range<usize>,
    /// The anchor of the node that it starts.
    pub anchor: Option<String>,
    /// The tag of the node that it starts.
    pub tag: Option<String>,
    /// How the node is written.
    pub style: Style,
    /// What it is.
    pub kind: EventKind,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventKind {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    Alias(String),
    Scalar(String),
    ListStart,
    ListEnd,
    MapStart,
    MapEnd,
}

/// Why the parser stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Where.
    pub at: Mark,
    /// The byte, when the text itself could not be read.
    pub offset: Option<usize>,
    /// What the parser says.
    pub message: Cow<'static, str>,
    /// What the parser was doing.
    pub context: Option<(Cow<'static, str>, Mark)>,
}

/// The events of a text.
pub(super) struct Events<'t> {
    /// Boxed, because the library keeps pointers into it.
    parser: Box<MaybeUninit<yaml_parser_t>>,
    text: PhantomData<&'t str>,
}

impl<'t> Events<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut parser = Box::new(MaybeUninit::<yaml_parser_t>::uninit());
        // SAFETY: the parser is initialised before any other use, and `set_encoding` and
        // `set_input_string` are called once on it, as the library asks. The input outlives the
        // parser, which is tied to `'t`.
        unsafe {
            let raw = parser.as_mut_ptr();
            let initialised = libyaml::yaml_parser_initialize(raw);
            // It fails only when memory is out, and then the allocator has ended the process.
            assert!(initialised.ok, "the YAML parser could not be initialised");
            libyaml::yaml_parser_set_encoding(raw, libyaml::yaml_encoding_t::YAML_UTF8_ENCODING);
            libyaml::yaml_parser_set_input_string(raw, text.as_ptr(), text.len() as u64);
        }
        Self { parser, text: PhantomData }
    }

    /// The next event. After the end of the stream there is nothing to ask for.
    pub(super) fn next(&mut self) -> Result<Event, Problem> {
        loop {
            let mut event = MaybeUninit::<yaml_event_t>::uninit();
            // SAFETY: the parser was initialised in `new`. The event is read only after
            // `parse` has answered that it filled it, and is freed once, after all was copied.
            let copied = unsafe {
                let parsed =
                    libyaml::yaml_parser_parse(self.parser.as_mut_ptr(), event.as_mut_ptr());
                if parsed.fail {
                    return Err(self.problem());
                }
                let copied = copy(&*event.as_ptr());
                libyaml::yaml_event_delete(event.as_mut_ptr());
                copied
            };
            if let Some(event) = copied {
                return Ok(event);
            }
        }
    }

    fn problem(&self) -> Problem {
        // SAFETY: the parser was initialised in `new`; its texts are static and end with a zero
        // byte, or are null.
        let (parser, message, context) = unsafe {
            let parser = &*self.parser.as_ptr();
            (parser, static_text(parser.problem), static_text(parser.context))
        };
        let unreadable = parser.error == libyaml::yaml_error_type_t::YAML_READER_ERROR;
        Problem {
            at: mark(parser.problem_mark),
            offset: unreadable.then_some(parser.problem_offset as usize),
            message: message.unwrap_or(Cow::Borrowed("the text cannot be read")),
            context: context.map(|text| (text, mark(parser.context_mark))),
        }
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: the parser was initialised in `new` and is deleted nowhere else.
        unsafe { libyaml::yaml_parser_delete(self.parser.as_mut_ptr()) }
    }
}

/// Copies an event; nothing for the start of the stream, which says nothing.
///
/// # Safety
/// `event` was filled by the parser and is not freed yet.
unsafe fn copy(event: &yaml_event_t) -> Option<Event> {
    let mut copied = Event {
        at: mark(event.start_mark),
        span: event.start_mark.index as usize..event.end_mark.index as usize,
        anchor: None,
        tag: None,
        style: Style::Plain,
        kind: EventKind::StreamEnd,
    };
    // SAFETY: the union's field is the one that `type_` names; pointers in it are null or point
    // to text that ends with a zero byte, and a scalar's value has `length` bytes.
    unsafe {
        copied.kind = match event.type_ {
            kind::YAML_NO_EVENT | kind::YAML_STREAM_END_EVENT => EventKind::StreamEnd,
            kind::YAML_STREAM_START_EVENT => return None,
            kind::YAML_DOCUMENT_START_EVENT => EventKind::DocumentStart,
            kind::YAML_DOCUMENT_END_EVENT => EventKind::DocumentEnd,
            kind::YAML_SEQUENCE_END_EVENT => EventKind::ListEnd,
            kind::YAML_MAPPING_END_EVENT => EventKind::MapEnd,
            kind::YAML_ALIAS_EVENT => {
                EventKind::Alias(text(event.data.alias.anchor).unwrap_or_default())
            }
            kind::YAML_SCALAR_EVENT => {
                let scalar = &event.data.scalar;
                copied.anchor = text(scalar.anchor);
                copied.tag = text(scalar.tag);
                copied.style = scalar_style(scalar.style, scalar.plain_implicit);
                let bytes = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
                EventKind::Scalar(String::from_utf8_lossy(bytes).into_owned())
            }
            kind::YAML_SEQUENCE_START_EVENT => {
                let start = &event.data.sequence_start;
                copied.anchor = text(start.anchor);
                copied.tag = text(start.tag);
                copied.style = match start.style {
                    libyaml::yaml_sequence_style_t::YAML_FLOW_SEQUENCE_STYLE => Style::Flow,
                    _ => Style::Block,
                };
                EventKind::ListStart
            }
            kind::YAML_MAPPING_START_EVENT => {
                let start = &event.data.mapping_start;
                copied.anchor = text(start.anchor);
                copied.tag = text(start.tag);
                copied.style = match start.style {
                    libyaml::yaml_mapping_style_t::YAML_FLOW_MAPPING_STYLE => Style::Flow,
                    _ => Style::Block,
                };
                EventKind::MapStart
            }
            _ => EventKind::StreamEnd,
        };
    }
    Some(copied)
}

fn scalar_style(style: libyaml::yaml_scalar_style_t, implicit: bool) -> Style {
    use libyaml::yaml_scalar_style_t as style_of;
    match style {
        style_of::YAML_SINGLE_QUOTED_SCALAR_STYLE => Style::SingleQuoted,
        style_of::YAML_DOUBLE_QUOTED_SCALAR_STYLE => Style::DoubleQuoted,
        style_of::YAML_LITERAL_SCALAR_STYLE => Style::Literal,
        style_of::YAML_FOLDED_SCALAR_STYLE => Style::Folded,
        // A plain scalar with the tag `!` is text, as if it stood in quotes.
        _ if !implicit => Style::SingleQuoted,
        _ => Style::Plain,
    }
}

/// # Safety
/// `pointer` is null or points to text that ends with a zero byte.
unsafe fn text(pointer: *const u8) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer.cast::<c_char>()) };
    Some(text.to_string_lossy().into_owned())
}

/// # Safety
/// `pointer` is null or points to static text that ends with a zero byte.
unsafe fn static_text(pointer: *const i8) -> Option<Cow<'static, str>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { CStr::from_ptr(pointer.cast::<c_char>()) }.to_string_lossy())
}

fn mark(mark: yaml_mark_t) -> Mark {
    let from_one = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    Mark { line: from_one(mark.line), column: from_one(mark.column) }
}

//! Nodes → typed values, with each fault noted at its place. What cannot be read counts as not
//! given, so that the rest of the file is read too.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::check::Uses;
use super::names::Names;
use super::step::JobScope;
use crate::dialect::suggest::nearest;
use crate::dialect::yaml::{Data, Entry, Mark, Node, to_map};
use crate::model::time::parse_duration;
use crate::model::value::Map;
use crate::model::var::is_reference;
use crate::model::{Diagnostic, Version};

/// Reads nodes and remembers what was wrong with them.
pub(super) struct Reader<'n> {
    pub file: Arc<str>,
    pub found: Vec<Diagnostic>,
    /// Where the node stands in the pipeline, as Concourse's messages name it.
    pub path: String,
    /// Whether numbers and truth values may stand where text belongs. Concourse turns them into
    /// text everywhere but inside of steps.
    pub is_loose: bool,
    /// Whether something could not be read, so that what refers to it may be missing.
    pub is_malformed: bool,
    pub names: Names<'n>,
    pub uses: Uses,
    pub job: JobScope,
}

/// The entries of a map that become fields; those that nobody took are unknown.
pub(super) struct Fields<'n> {
    pub at: Mark,
    entries: &'n [Entry],
    is_taken: Vec<bool>,
    asked: Vec<&'static str>,
}

/// What an unknown key means.
#[derive(Clone, Copy)]
pub(super) enum Unknown {
    /// Concourse refuses the file.
    Refused,
    /// Concourse refuses the step, or the config of a task.
    RefusedInStep,
    /// Concourse reads over it.
    Ignored,
}

impl<'n> Fields<'n> {
    /// The entry of a key.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.asked.push(key);
        let index = self.entries.iter().position(|entry| &*entry.key == key)?;
        self.is_taken[index] = true;
        Some(&self.entries[index])
    }

    /// The value of a key, unless it is nothing.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// A key that was asked for and that `key` may be meant for.
    fn like(&self, key: &str) -> Option<&'static str> {
        nearest(key, self.asked.iter().copied()).filter(|meant| !self.has(meant))
    }

    /// A key that was asked for and that one of the unknown ones may be meant for.
    pub(super) fn meant(&self) -> Option<&'static str> {
        let left = self.entries.iter().zip(&self.is_taken).filter(|(_, taken)| !**taken);
        left.map(|(entry, _)| entry).find_map(|entry| self.like(&entry.key))
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| &*entry.key == key)
    }
}

/// A hint for a key that belongs elsewhere.
fn moved(key: &str, unknown: Unknown) -> Option<String> {
    let hint = match (unknown, key) {
        (Unknown::RefusedInStep, "image") => {
            "say `image_resource: {type: ..., source: ...}`, or `rootfs_uri: docker:///...`"
        }
        (
            Unknown::RefusedInStep,
            "get" | "put" | "task" | "run" | "do" | "in_parallel" | "aggregate" | "try"
            | "set_pipeline" | "load_var",
        ) => "a step is of one kind; start another one with `-`",
        (Unknown::Refused | Unknown::RefusedInStep | Unknown::Ignored, _) => return None,
    };
    Some(hint.to_owned())
}

impl<'n> Reader<'n> {
    pub(super) fn new(file: &Arc<str>, names: Names<'n>) -> Self {
        Self {
            file: file.clone(),
            found: Vec::new(),
            path: String::new(),
            is_loose: true,
            is_malformed: false,
            names,
            uses: Uses::default(),
            job: JobScope::default(),
        }
    }

    /// Does `work` with a piece more at the end of the path.
    pub(super) fn within<T>(
        &mut self,
        piece: impl Display,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let length = self.path.len();
        self.path.push_str(&piece.to_string());
        let done = work(self);
        self.path.truncate(length);
        done
    }

    /// An error at `at`, its message after the path.
    pub(super) fn error(&mut self, code: &str, at: Mark, text: impl Display) -> &mut Diagnostic {
        let message = self.message(text);
        self.push(Diagnostic::error(code, at.within(&self.file), message))
    }

    /// A warning at `at`, its message after the path.
    pub(super) fn warning(&mut self, code: &str, at: Mark, text: impl Display) -> &mut Diagnostic {
        let message = self.message(text);
        self.push(Diagnostic::warning(code, at.within(&self.file), message))
    }

    /// Adds a diagnostic whose message is complete.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        let index = self.found.len();
        self.found.push(diagnostic);
        &mut self.found[index]
    }

    fn message(&self, text: impl Display) -> String {
        match self.path.trim_start_matches('.') {
            "" => text.to_string(),
            path => format!("{path}: {text}"),
        }
    }

    /// The fields of a map; none of anything else, which is a fault.
    pub(super) fn fields(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        let Some(entries) = node.as_map() else {
            self.mismatch(node, "a map");
            return None;
        };
        let is_taken = vec![false; entries.len()];
        Some(Fields { at: node.at, entries, is_taken, asked: Vec::new() })
    }

    /// Tells of the entries that nobody took.
    pub(super) fn finish(&mut self, fields: &Fields<'n>, unknown: Unknown) {
        let left = fields.entries.iter().zip(&fields.is_taken).filter(|(_, taken)| !**taken);
        for (Entry { key, at, .. }, _) in left {
            let meant = fields.like(key).map(|meant| format!("did you mean `{meant}`?"));
            let meant = meant.or_else(|| moved(key, unknown));
            let diagnostic = match unknown {
                Unknown::Refused => {
                    self.error("unknown-field", *at, format!("unknown field \"{key}\""))
                }
                Unknown::RefusedInStep => {
                    self.error("unknown-field", *at, format!("unknown fields [\"{key}\"]"))
                }
                Unknown::Ignored => self.warning(
                    "ignored-field",
                    *at,
                    format!("\"{key}\" is no key here and is ignored"),
                ),
            };
            diagnostic.hint = meant;
        }
    }

    /// Tells that a node is not what belongs there.
    pub(super) fn mismatch(&mut self, node: &Node, expected: &str) {
        self.is_malformed = true;
        let reference = node.as_text().filter(|text| is_reference(text)).cloned();
        let found = match &node.data {
            Data::Number(number) => format!("the number `{number}`"),
            Data::Bool(truth) => format!("the truth value `{truth}`"),
            Data::Text(text) if text.chars().count() <= 40 && !text.contains('\n') => {
                format!("`{text}`")
            }
            Data::Null | Data::Text(_) | Data::List(_) | Data::Map(_) => node.kind().to_owned(),
        };
        let diagnostic =
            self.error("wrong-type", node.at, format!("expected {expected}, found {found}"));
        diagnostic.hint = match (&node.data, reference) {
            (_, Some(_)) => {
                Some("this must be known when the pipeline is set: give the var a value".to_owned())
            }
            (Data::Number(_) | Data::Bool(_), None) if expected == "text" => {
                Some("put it in quotes".to_owned())
            }
            _ => None,
        };
    }

    /// Text; empty if it is none.
    pub(super) fn text(&mut self, node: &Node) -> String {
        match &node.data {
            Data::Text(text) => text.to_string(),
            Data::Null => String::new(),
            Data::Number(number) if self.is_loose => number.to_string(),
            Data::Bool(truth) if self.is_loose => truth.to_string(),
            Data::Number(_) | Data::Bool(_) | Data::List(_) | Data::Map(_) => {
                self.mismatch(node, "text");
                String::new()
            }
        }
    }

    /// The text of a field, unless it is empty.
    pub(super) fn text_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Option<String> {
        let node = fields.take(key)?;
        let text = self.within(format_args!(".{key}"), |reader| reader.text(node));
        Some(text).filter(|text| !text.is_empty())
    }

    /// The truth of a field; false if it is not given.
    pub(super) fn truth_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> bool {
        let Some(node) = fields.take(key) else { return false };
        if let Data::Bool(truth) = node.data {
            return truth;
        }
        self.within(format_args!(".{key}"), |reader| reader.mismatch(node, "true or false"));
        false
    }

    /// The whole number of a field.
    pub(super) fn whole_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Option<i64> {
        let node = fields.take(key)?;
        let whole = if let Data::Number(number) = &node.data { number.as_i64() } else { None };
        if whole.is_none() {
            self.within(format_args!(".{key}"), |reader| reader.mismatch(node, "a whole number"));
        }
        whole
    }

    /// The items of a field that is a list.
    pub(super) fn list_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> &'n [Node] {
        let Some(node) = fields.take(key) else { return &[] };
        if let Some(list) = node.as_list() {
            return list;
        }
        self.within(format_args!(".{key}"), |reader| reader.mismatch(node, "a list"));
        &[]
    }

    /// The texts of a field that is a list of them.
    pub(super) fn texts_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Vec<String> {
        let list = self.list_of(fields, key);
        self.within(format_args!(".{key}"), |reader| {
            list.iter()
                .enumerate()
                .map(|(i, node)| reader.within(format_args!("[{i}]"), |reader| reader.text(node)))
                .collect()
        })
    }

    /// Worker tags: texts, without empty ones.
    pub(super) fn tags_of(&mut self, fields: &mut Fields<'n>) -> Vec<String> {
        let mut tags = self.texts_of(fields, "tags");
        tags.retain(|tag| !tag.is_empty());
        tags
    }

    /// A field that is a map of anything.
    pub(super) fn map_of(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Map {
        let Some(node) = fields.take(key) else { return Map::new() };
        if let Some(entries) = node.as_map() {
            return to_map(entries);
        }
        self.within(format_args!(".{key}"), |reader| reader.mismatch(node, "a map"));
        Map::new()
    }

    /// A field that is a map of texts.
    pub(super) fn text_map_of(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
    ) -> BTreeMap<String, String> {
        let Some(node) = fields.take(key) else { return BTreeMap::new() };
        self.within(format_args!(".{key}"), |reader| reader.text_map(node))
    }

    /// A map of texts.
    pub(super) fn text_map(&mut self, node: &Node) -> BTreeMap<String, String> {
        let Some(entries) = node.as_map() else {
            self.mismatch(node, "a map");
            return BTreeMap::new();
        };
        entries
            .iter()
            .map(|Entry { key, value, .. }| {
                let text = self.within(format_args!(".{key}"), |reader| reader.text(value));
                (key.to_string(), text)
            })
            .collect()
    }

    /// A version: a map whose values are text and nothing else.
    pub(super) fn version(&mut self, node: &Node) -> Version {
        let was_loose = std::mem::replace(&mut self.is_loose, false);
        let version = Version(self.text_map(node));
        self.is_loose = was_loose;
        version
    }

    /// A duration.
    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let Some(text) = node.as_text() else {
            self.mismatch(node, "a duration such as `10m`");
            return None;
        };
        match parse_duration(text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.error("invalid-duration", node.at, error).hint =
                    Some("write a number with `h`, `m`, `s` or `ms`, such as `1h30m`".to_owned());
                None
            }
        }
    }

    /// A duration that is only read when the step runs: a warning if it will fail then.
    pub(super) fn late_duration_of(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
    ) -> Option<String> {
        let node = fields.take(key)?;
        let text = self.text_of(fields, key)?;
        if let Err(error) = parse_duration(&text) {
            self.within(format_args!(".{key}"), |reader| {
                reader.warning("invalid-duration", node.at, format!("{error}; it will fail"));
            });
        }
        Some(text)
    }
}

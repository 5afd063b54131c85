//! The tree: values with the places they stand at.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::value::{Map, Number};
use crate::model::var::{FillError, Vars, fill_text};
use crate::model::{Place, Value};

/// A place in a text: line and column in characters, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Mark {
    /// The same place, in a file.
    pub fn within(self, file: &Arc<str>) -> Place {
        Place { file: file.clone(), line: self.line, column: self.column }
    }
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text without quotes, which may mean a number, a truth value or nothing.
    Plain,
    /// `'text'`.
    SingleQuoted,
    /// `"text"`.
    DoubleQuoted,
    /// Lines after `|`.
    Literal,
    /// Lines after `>`.
    Folded,
    /// A list or a map by indentation.
    Block,
    /// A list or a map in brackets.
    Flow,
}

/// A value with its place. What came through an alias keeps the place of its anchor.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Mark,
    /// How it is written.
    pub style: Style,
    /// Its tag, if it is not one of YAML's own.
    pub tag: Option<Arc<str>>,
    /// What it is.
    pub data: Data,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, with its text.
    Number(Number),
    /// Text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order it is written.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: Arc<str>,
    /// Where the key stands.
    pub at: Mark,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node for a value that came from elsewhere, as if all of it stood at `at`.
    pub fn from_value(value: &Value, at: Mark) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(truth) => Data::Bool(*truth),
            Value::Number(number) => Data::Number(number.clone()),
            Value::String(text) => Data::Text(text.as_str().into()),
            Value::List(list) => {
                Data::List(list.iter().map(|item| Node::from_value(item, at)).collect())
            }
            Value::Map(map) => Data::Map(
                map.iter()
                    .map(|(key, value)| Entry {
                        key: key.as_str().into(),
                        at,
                        value: Node::from_value(value, at),
                    })
                    .collect(),
            ),
        };
        Self { at, style: Style::DoubleQuoted, tag: None, data }
    }

    /// The value without places.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(truth) => Value::Bool(*truth),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::String(text.to_string()),
            Data::List(list) => Value::List(list.iter().map(Node::to_value).collect()),
            Data::Map(entries) => Value::Map(to_map(entries)),
        }
    }

    /// What the node is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "nothing",
            Data::Bool(_) => "a truth value",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Data::Map(entries) = &self.data else { return None };
        entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        if let Data::List(list) = &self.data { Some(list) } else { None }
    }

    /// The entries, if this is a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        if let Data::Map(entries) = &self.data { Some(entries) } else { None }
    }

    /// Whether this is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// Fills the references that `vars` knows. What could not be filled is told with its place.
    pub fn fill(&mut self, vars: &dyn Vars, faults: &mut Vec<(Mark, FillError)>) {
        match &mut self.data {
            Data::Null | Data::Bool(_) | Data::Number(_) => {}
            Data::Text(text) => match filled(text, vars) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    let tag = self.tag.take();
                    *self = Self { tag, ..Node::from_value(&value, self.at) };
                }
                Err(error) => faults.push((self.at, error)),
            },
            Data::List(list) => list.iter_mut().for_each(|item| item.fill(vars, faults)),
            Data::Map(entries) => {
                for entry in entries {
                    entry.value.fill(vars, faults);
                    match filled(&entry.key, vars) {
                        Ok(None) => {}
                        Ok(Some(Value::String(key))) => entry.key = key.into(),
                        Ok(Some(_)) => {
                            let key = entry.key.to_string();
                            faults.push((entry.at, FillError::KeyNotText { key }));
                        }
                        Err(error) => faults.push((entry.at, error)),
                    }
                }
            }
        }
    }
}

/// Entries as a map of values.
pub fn to_map(entries: &[Entry]) -> Map {
    entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_value())).collect()
}

fn filled(text: &str, vars: &dyn Vars) -> Result<Option<Value>, FillError> {
    if text.contains("((") { fill_text(text, vars, &mut BTreeSet::new()) } else { Ok(None) }
}

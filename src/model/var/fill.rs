//! Putting values in the place of references.

use std::collections::BTreeSet;
use std::fmt;

use super::{Reference, Vars};
use crate::model::Value;
use crate::model::value::Map;

/// What becomes of a reference to a var that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// It stays as text; a later fill may know it.
    Lenient,
    /// It is an error.
    Strict,
}

/// Why a value could not be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillError {
    /// Vars that nobody knows, each once, ordered, with their source.
    Undefined(Vec<String>),
    /// A reference with nothing between two dots.
    EmptyField {
        /// The reference as written.
        reference: String,
    },
    /// A reference whose source stands in quotes.
    QuotedSource {
        /// The reference as written.
        reference: String,
    },
    /// A map, a list, a truth value or nothing inside a longer text.
    NotPrimitive {
        /// What it is, by the name Go has for it.
        kind: &'static str,
        /// The reference.
        reference: String,
    },
    /// A map without the field that is asked for.
    MissingField {
        /// The field.
        field: String,
        /// The reference.
        reference: String,
    },
    /// A field of something that is no map.
    NotAMap {
        /// The field.
        field: String,
        /// What it is, by the name Go has for it.
        kind: &'static str,
        /// The reference.
        reference: String,
    },
    /// A source that the pipeline does not name.
    MissingSource {
        /// The source.
        source: String,
        /// The reference.
        reference: String,
    },
    /// A key of a map that did not become text.
    KeyNotText {
        /// The key as written.
        key: String,
    },
}

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(names) => write!(f, "undefined vars: {}", names.join(", ")),
            Self::EmptyField { reference } => write!(f, "invalid var '{reference}': empty field"),
            Self::QuotedSource { reference } => {
                write!(f, "invalid var '{reference}': source must not be quoted")
            }
            Self::NotPrimitive { kind, reference } => {
                write!(f, "cannot interpolate non-primitive value ({kind}) from var: {reference}")
            }
            Self::MissingField { field, reference } => {
                write!(f, "missing field '{field}' in var: {reference}")
            }
            Self::NotAMap { field, kind, reference } => write!(
                f,
                "cannot access field '{field}' of non-map value ('{kind}') from var: {reference}"
            ),
            Self::MissingSource { source, reference } => {
                write!(f, "missing source '{source}' in var: {reference}")
            }
            Self::KeyNotText { key } => write!(f, "the key '{key}' did not become text"),
        }
    }
}

impl std::error::Error for FillError {}

/// All references in `value`, keys too, each once, in the order they stand; those that cannot
/// be read are left out.
pub fn references(value: &Value) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    collect(value, &mut |text| {
        for reference in spans(text).filter_map(|name| Reference::parse(name).ok()) {
            if seen.insert(reference.clone()) {
                found.push(reference);
            }
        }
    });
    found
}

/// `value` with its references filled.
///
/// # Errors
/// The first reference that cannot be filled as it is written; or, when `fill` is strict and
/// all others are fine, all vars that nobody knows.
pub fn fill(value: &Value, vars: &dyn Vars, fill: Fill) -> Result<Value, FillError> {
    let mut undefined = BTreeSet::new();
    let filled = fill_value(value, vars, &mut undefined)?;
    if fill == Fill::Strict && !undefined.is_empty() {
        return Err(FillError::Undefined(undefined.into_iter().collect()));
    }
    Ok(filled)
}

/// What `text` becomes, or nothing if it stays as it is. Names of unknown vars are added to
/// `undefined`.
///
/// # Errors
/// The first reference that cannot be filled as it is written.
pub fn fill_text(
    text: &str,
    vars: &dyn Vars,
    undefined: &mut BTreeSet<String>,
) -> Result<Option<Value>, FillError> {
    let names: Vec<&str> = spans(text).collect();
    let mut current = text.to_owned();
    for name in names {
        let reference = Reference::parse(name)?;
        if let Some(source) = reference.source.as_deref()
            && vars.lacks_source(source)
        {
            let source = source.to_owned();
            return Err(FillError::MissingSource { source, reference: reference.to_string() });
        }
        let Some(found) = vars.find(&reference) else {
            undefined.insert(reference.var());
            continue;
        };
        let value = reference.walk(found)?;
        // Asked of the text as it is by now: a neighbour that was empty makes this one whole.
        if is_reference(&current) {
            return Ok(Some(value));
        }
        let part = match &value {
            Value::String(part) => part,
            Value::Number(number) => number.as_str(),
            other => {
                let kind = go_type(other);
                return Err(FillError::NotPrimitive { kind, reference: reference.to_string() });
            }
        };
        current = current.replace(&format!("(({name}))"), part);
    }
    Ok((current != text).then_some(Value::String(current)))
}

fn fill_value(
    value: &Value,
    vars: &dyn Vars,
    undefined: &mut BTreeSet<String>,
) -> Result<Value, FillError> {
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => fill_text(text, vars, undefined)?.unwrap_or_else(|| value.clone()),
        Value::List(list) => Value::List(
            list.iter().map(|item| fill_value(item, vars, undefined)).collect::<Result<_, _>>()?,
        ),
        Value::Map(map) => {
            let mut filled = Map::new();
            for (key, value) in map {
                let value = fill_value(value, vars, undefined)?;
                let key = match fill_text(key, vars, undefined)? {
                    None => key.clone(),
                    Some(Value::String(key)) => key,
                    Some(_) => return Err(FillError::KeyNotText { key: key.clone() }),
                };
                filled.insert(key, value);
            }
            Value::Map(filled)
        }
    })
}

fn collect(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => visit(text),
        Value::List(list) => list.iter().for_each(|item| collect(item, visit)),
        Value::Map(map) => {
            for (key, value) in map {
                visit(key);
                collect(value, visit);
            }
        }
    }
}

/// What stands between the parentheses of each reference in `text`.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let open = rest.find("((")?;
            let inner = &rest[open + 2..];
            let end = inner.find(|c| !is_reference_char(c)).unwrap_or(inner.len());
            if end > 0 && inner[end..].starts_with("))") {
                rest = &inner[end + 2..];
                return Some(&inner[..end]);
            }
            // The second parenthesis may open a reference where the first one did not.
            rest = &rest[open + 1..];
        }
    })
}

/// Whether `text` is one reference and nothing else.
pub fn is_reference(text: &str) -> bool {
    text.strip_prefix("((")
        .and_then(|rest| rest.strip_suffix("))"))
        .is_some_and(|inner| !inner.is_empty() && inner.chars().all(is_reference_char))
}

fn is_reference_char(c: char) -> bool {
    matches!(c, '-' | '/' | '.' | ':' | '@' | '"' | '_') || c.is_ascii_digit() || c.is_alphabetic()
}

impl Reference {
    /// The value that the fields lead to.
    fn walk(&self, mut value: Value) -> Result<Value, FillError> {
        for field in &self.fields {
            let kind = go_type(&value);
            let Value::Map(mut map) = value else {
                return Err(FillError::NotAMap {
                    field: field.clone(),
                    kind,
                    reference: self.to_string(),
                });
            };
            value = map.remove(field).ok_or_else(|| FillError::MissingField {
                field: field.clone(),
                reference: self.to_string(),
            })?;
        }
        Ok(value)
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

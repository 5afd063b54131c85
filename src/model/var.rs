//! `((References))` and how they are filled.
//!
//! Filling walks the decoded value and never works on raw text, so a value cannot break the
//! structure around it. It looks at nothing but the given [`Vars`]: where values come from
//! (flags, files, secrets, steps) is their business.
//!
//! *Follows:* `vars/` of Concourse. One difference: a number from a file keeps its text as all
//! numbers do here, so it may stand inside a longer text, where Concourse refuses it.

use std::collections::BTreeSet;
use std::fmt;

use super::Value;
use super::value::Map;

/// A reference: `((source:name.field))`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The source's name; `.` for local vars; nothing for the unsourced chain.
    pub source: Option<String>,
    /// The var's name.
    pub name: String,
    /// The fields to walk, outermost first.
    pub fields: Vec<String>,
}

/// Where values of references come from.
pub trait Vars {
    /// The value of the var that `reference` names, before its fields are walked; nothing if
    /// there is no such var.
    fn find(&self, reference: &Reference) -> Option<Value>;

    /// Whether a reference to `source` is a fault, because the pipeline names its sources and
    /// this is none of them. Asked before [`Vars::find`].
    fn lacks_source(&self, source: &str) -> bool {
        let _ = source;
        false
    }
}

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

impl Reference {
    /// Reads what stands between the parentheses.
    ///
    /// # Errors
    /// [`FillError::EmptyField`] and [`FillError::QuotedSource`].
    pub fn parse(text: &str) -> Result<Self, FillError> {
        let mut source = None;
        let mut path = text;
        if let Some(colon) = unquoted(text, ':').next() {
            let (before, after) = (&text[..colon], &text[colon + 1..]);
            if before.contains('"') {
                return Err(FillError::QuotedSource { reference: text.to_owned() });
            }
            source = Some(before.trim().to_owned()).filter(|name| !name.is_empty());
            path = after;
        }
        let mut segments = Vec::new();
        let mut start = 0;
        for end in unquoted(path, '.').chain([path.len()]) {
            let segment = path[start..end].replace('"', "").trim().to_owned();
            if segment.is_empty() {
                return Err(FillError::EmptyField { reference: text.to_owned() });
            }
            segments.push(segment);
            start = end + 1;
        }
        let name = segments.remove(0);
        Ok(Self { source, name, fields: segments })
    }

    /// The name with its source and without fields, as "undefined vars" lists it.
    pub fn var(&self) -> String {
        match &self.source {
            Some(source) => format!("{source}:{}", self.name),
            None => self.name.clone(),
        }
    }

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

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}:")?;
        }
        for (i, segment) in std::iter::once(&self.name).chain(&self.fields).enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            if segment.contains([',', '.', ':', '/', ' ']) {
                write!(f, "\"{segment}\"")?;
            } else {
                f.write_str(segment)?;
            }
        }
        Ok(())
    }
}

/// Values given by hand: flags, and files below them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    flags: Map,
    files: Vec<Map>,
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `path` (`name`, or `name.field."quoted.field"`) as a flag does: it hides the same
    /// name of all files; a map joins a map that is there, all else takes its place.
    ///
    /// # Errors
    /// When `path` is none, as [`Reference::parse`] says.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) -> Result<(), FillError> {
        let reference = Reference::parse(path)?;
        let tree = reference
            .fields
            .into_iter()
            .rev()
            .fold(value.into(), |inner, field| Value::Map(Map::from([(field, inner)])));
        join(self.flags.entry(reference.name).or_default(), tree);
        Ok(())
    }

    /// Adds the values of a file. It wins over files that were added before, a whole var at a
    /// time; flags win over it.
    pub fn add_file(&mut self, values: Map) {
        self.files.push(values);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.files.iter().all(Map::is_empty)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.flags.get(name).or_else(|| self.files.iter().rev().find_map(|file| file.get(name)))
    }
}

/// All values at the rank of flags.
impl From<Map> for Values {
    fn from(flags: Map) -> Self {
        Self { flags, files: Vec::new() }
    }
}

/// Knows unsourced references only.
impl Vars for Values {
    fn find(&self, reference: &Reference) -> Option<Value> {
        match reference.source {
            None => self.get(&reference.name).cloned(),
            Some(_) => None,
        }
    }
}

/// Several places to look, the first one first.
pub struct Layers<'a>(pub Vec<&'a dyn Vars>);

impl Vars for Layers<'_> {
    fn find(&self, reference: &Reference) -> Option<Value> {
        self.0.iter().find_map(|vars| vars.find(reference))
    }

    fn lacks_source(&self, source: &str) -> bool {
        self.0.iter().any(|vars| vars.lacks_source(source))
    }
}

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

fn join(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Map(into), Value::Map(map)) => {
            for (key, value) in map {
                join(into.entry(key).or_default(), value);
            }
        }
        (into, value) => *into = value,
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

/// The places of `wanted` in `text` that are not in quotes.
fn unquoted(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.char_indices().filter_map(move |(i, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(i)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    fn values() -> Values {
        let mut values = Values::new();
        for (name, value) in [
            ("s", r#""text""#),
            ("empty", r#""""#),
            ("n", "1.10"),
            ("b", "true"),
            ("nil", "null"),
            ("l", "[1]"),
            ("m", r#"{"f":{"g":"deep"},"a.b":"dotted"}"#),
            ("again", r#""((s))""#),
            ("\"x:y\"", r#""colon""#),
        ] {
            values.set(name, json(value)).expect("a name");
        }
        values
    }

    #[test]
    fn references_are_read_as_concourse_reads_them() {
        for (text, source, segments) in [
            ("a", None, &["a"][..]),
            ("a.b.c", None, &["a", "b", "c"]),
            ("src:a.b", Some("src"), &["a", "b"]),
            (".:a", Some("."), &["a"]),
            (":a", None, &["a"]),
            ("\"a.b\".c", None, &["a.b", "c"]),
            ("s:\"a.b\".\"c:d\"", Some("s"), &["a.b", "c:d"]),
            ("\"a:b\"", None, &["a:b"]),
            ("a:b:c", Some("a"), &["b:c"]),
        ] {
            let reference = Reference::parse(text).expect(text);
            let mut read = vec![reference.name.as_str()];
            read.extend(reference.fields.iter().map(String::as_str));
            assert_eq!((reference.source.as_deref(), &read[..]), (source, segments), "{text}");
        }
        for (text, message) in [
            ("a..b", "invalid var 'a..b': empty field"),
            ("a.", "invalid var 'a.': empty field"),
            ("\"s\":a", "invalid var '\"s\":a': source must not be quoted"),
        ] {
            assert_eq!(Reference::parse(text).expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn filling_keeps_types_and_tells_what_is_wrong() {
        for (text, expected) in [
            (r#""((s))""#, r#""text""#),
            (r#""((n))""#, "1.10"),
            (r#""((b))""#, "true"),
            (r#""((nil))""#, "null"),
            (r#""((l))""#, "[1]"),
            (r#""((m.f))""#, r#"{"g":"deep"}"#),
            (r#""((m.f.g))-((n))""#, r#""deep-1.10""#),
            (r#""((m.\"a.b\"))""#, r#""dotted""#),
            (r#""((\"x:y\"))""#, r#""colon""#),
            (r#""((empty))((n))""#, "1.10"),
            (r#""((again))""#, r#""((s))""#),
            (r#"{"((s))":["((s))"]}"#, r#"{"text":["text"]}"#),
            (r#""(((s)))""#, r#""(text)""#),
            (r#""((no such))""#, r#""((no such))""#),
            (r#""((unknown)) ((s))""#, r#""((unknown)) text""#),
            (r#""((other:s))""#, r#""((other:s))""#),
        ] {
            let filled = fill(&json(text), &values(), Fill::Lenient).expect(text);
            assert_eq!(filled.to_json(), expected, "{text}");
        }
        for (text, message) in [
            (r#""x((b))""#, "cannot interpolate non-primitive value (bool) from var: b"),
            (r#""x((nil))""#, "cannot interpolate non-primitive value (<nil>) from var: nil"),
            (r#""((m.h))""#, "missing field 'h' in var: m.h"),
            (r#""((s.h))""#, "cannot access field 'h' of non-map value ('string') from var: s.h"),
            (r#"["((z.f))","((a))","x((.:a))","((z))"]"#, "undefined vars: .:a, a, z"),
            (r#"{"((b))":1}"#, "the key '((b))' did not become text"),
        ] {
            let error = fill(&json(text), &values(), Fill::Strict).expect_err(text);
            assert_eq!(error.to_string(), message, "{text}");
        }
    }

    #[test]
    fn flags_join_at_their_path_and_beat_files() {
        let mut values = Values::new();
        for file in [r#"{"a":{"x":1},"b":1}"#, r#"{"b":2,"c":{"y":3}}"#] {
            let Value::Map(file) = json(file) else { panic!("a map") };
            values.add_file(file);
        }
        values.set("c.\"k.l\"", "flag").expect("a path");
        values.set("c", json(r#"{"m":5}"#)).expect("a path");
        for (name, value) in [("a", r#"{"x":1}"#), ("b", "2"), ("c", r#"{"k.l":"flag","m":5}"#)] {
            assert_eq!(values.get(name).expect(name).to_json(), value);
        }
        assert!(values.set("a..b", "x").is_err());
    }

    #[test]
    fn references_are_listed_once_in_order() {
        let value = json(r#"{"k((b))":["((a.x))","((a.x)) ((.:c))","((a..b))"]}"#);
        let names: Vec<String> = references(&value).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["b", "a.x", ".:c"]);
    }

    #[test]
    fn a_source_that_is_not_named_is_a_fault() {
        struct Named;
        impl Vars for Named {
            fn find(&self, _: &Reference) -> Option<Value> {
                None
            }
            fn lacks_source(&self, source: &str) -> bool {
                source != "vault"
            }
        }
        let layers = Layers(vec![&Named]);
        let error = fill(&json(r#""((other:x.y))""#), &layers, Fill::Lenient).expect_err("a fault");
        assert_eq!(error.to_string(), "missing source 'other' in var: other:x.y");
        assert!(fill(&json(r#""((vault:x))""#), &layers, Fill::Lenient).is_ok());
    }
}

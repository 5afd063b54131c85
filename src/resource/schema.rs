//! What source and params a type accepts: for its own reading, for lint and for help.
//!
//! It knows keys and kinds only; what a value means is the type's own matter.

use std::time::Duration;

use super::ResourceError;
use crate::model::time::parse_duration;
use crate::model::value::{Map, Value};

/// The keys that a type accepts, in groups so that types can share some.
#[derive(Debug)]
pub struct Schema {
    /// Keys of `source`.
    pub source: &'static [&'static [Key]],
    /// Keys of the params of a get.
    pub get: &'static [&'static [Key]],
    /// Keys of the params of a put.
    pub put: &'static [&'static [Key]],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it is for, as a phrase.
    pub about: &'static str,
}

/// What a key holds.
///
/// Text may be written as a number or a truth value, which then counts as it was written: a
/// person writes `tag: 262.3`. A number or truth value may be written as text, because that is
/// what a variable from the command line is.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number, not negative.
    Number,
    /// True or false.
    Bool,
    /// A duration such as `1h30m`.
    Duration,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A text, or a list of texts.
    TextOrTexts,
    /// A map with these keys.
    Map(&'static [Key]),
    /// A list of maps with these keys.
    Maps(&'static [Key]),
    /// A map with any keys.
    AnyMap,
    /// Anything.
    Any,
}

/// A key that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `source` or `params`.
    pub place: &'static str,
    /// The key, with those above it: `commit_filter.include`.
    pub key: String,
    /// What is wrong, as a phrase that follows the key.
    pub why: String,
}

impl From<Fault> for ResourceError {
    fn from(fault: Fault) -> Self {
        ResourceError::Invalid { place: fault.place, key: fault.key, why: fault.why }
    }
}

impl Key {
    /// A key that must be there.
    pub const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, is_required: true, about }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, is_required: false, about }
    }
}

impl Schema {
    /// All that is wrong with a source. Values that still hold `((references))` are not judged.
    pub fn source_faults(&self, source: &Map) -> Vec<Fault> {
        faults("source", self.source, source)
    }

    /// All that is wrong with the params of a get.
    pub fn get_faults(&self, params: &Map) -> Vec<Fault> {
        faults("params", self.get, params)
    }

    /// All that is wrong with the params of a put.
    pub fn put_faults(&self, params: &Map) -> Vec<Fault> {
        faults("params", self.put, params)
    }

    pub(super) fn read_source<'a>(&self, source: &'a Map) -> Result<Fields<'a>, ResourceError> {
        first(self.source_faults(source), "source", source)
    }

    pub(super) fn read_get<'a>(&self, params: &'a Map) -> Result<Fields<'a>, ResourceError> {
        first(self.get_faults(params), "params", params)
    }

    pub(super) fn read_put<'a>(&self, params: &'a Map) -> Result<Fields<'a>, ResourceError> {
        first(self.put_faults(params), "params", params)
    }
}

fn first<'a>(
    faults: Vec<Fault>,
    place: &'static str,
    map: &'a Map,
) -> Result<Fields<'a>, ResourceError> {
    match faults.into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => Ok(Fields { place, map }),
    }
}

/// A map that was found to fit its schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    place: &'static str,
    map: &'a Map,
}

impl<'a> Fields<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| **value != Value::Null)
    }

    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The text, unless it is empty: an empty text is what an unset variable leaves.
    pub fn text(&self, key: &str) -> Option<String> {
        self.value(key).map(Value::to_param).filter(|text| !text.is_empty())
    }

    /// The text, or the error that says it is missing.
    pub fn need(&self, key: &str) -> Result<String, ResourceError> {
        self.text(key).ok_or_else(|| self.fault(key, "is required"))
    }

    pub fn flag(&self, key: &str) -> bool {
        self.choice(key).unwrap_or(false)
    }

    pub fn choice(&self, key: &str) -> Option<bool> {
        self.value(key).and_then(as_bool)
    }

    pub fn number(&self, key: &str) -> Option<u64> {
        self.value(key).and_then(as_number)
    }

    pub fn duration(&self, key: &str) -> Option<Duration> {
        self.text(key).and_then(|text| parse_duration(&text).ok())
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::List(list)) => list.iter().map(Value::to_param).collect(),
            Some(one) => vec![one.to_param()],
            None => Vec::new(),
        }
    }

    pub fn map(&self, key: &str) -> Option<Fields<'a>> {
        Some(Fields { place: self.place, map: self.any_map(key)? })
    }

    pub fn any_map(&self, key: &str) -> Option<&'a Map> {
        self.value(key).and_then(Value::as_map)
    }

    pub fn maps(&self, key: &str) -> Vec<Fields<'a>> {
        let list = self.value(key).and_then(Value::as_list).unwrap_or_default();
        list.iter().filter_map(Value::as_map).map(|map| Fields { place: self.place, map }).collect()
    }

    /// An error about a key.
    pub fn fault(&self, key: &str, why: impl Into<String>) -> ResourceError {
        ResourceError::Invalid { place: self.place, key: key.to_owned(), why: why.into() }
    }
}

fn faults(place: &'static str, groups: &[&'static [Key]], map: &Map) -> Vec<Fault> {
    let keys: Vec<&Key> = groups.iter().copied().flatten().collect();
    let mut found = Vec::new();
    look(&keys, map, "", &mut |key, why| found.push(Fault { place, key, why }));
    found
}

fn look(keys: &[&Key], map: &Map, above: &str, report: &mut dyn FnMut(String, String)) {
    for (name, value) in map {
        let path = format!("{above}{name}");
        match keys.iter().find(|key| key.name == name) {
            Some(key) => judge(key.kind, value, &path, report),
            None => report(path, unknown(name, keys)),
        }
    }
    for key in keys.iter().filter(|key| key.is_required) {
        if map.get(key.name).is_none_or(|value| *value == Value::Null) {
            report(format!("{above}{}", key.name), "is required".to_owned());
        }
    }
}

fn judge(kind: Kind, value: &Value, path: &str, report: &mut dyn FnMut(String, String)) {
    if *value == Value::Null || value.as_str().is_some_and(|text| text.contains("((")) {
        return;
    }
    let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
    let is_texts = value
        .as_list()
        .is_some_and(|list| list.iter().all(|v| !matches!(v, Value::List(_) | Value::Map(_))));
    let wanted = match kind {
        Kind::Any => None,
        Kind::Text => (!is_scalar).then(|| "must be text".to_owned()),
        Kind::Number => as_number(value).is_none().then(|| "must be a whole number".to_owned()),
        Kind::Bool => as_bool(value).is_none().then(|| "must be `true` or `false`".to_owned()),
        Kind::Duration => parse_duration(&value.to_param())
            .is_err()
            .then(|| "must be a duration such as `1h30m`".to_owned()),
        Kind::OneOf(texts) => (!texts.contains(&value.to_param().as_str()))
            .then(|| format!("must be one of {}", in_backticks(texts))),
        Kind::Texts => (!is_texts).then(|| "must be a list of texts".to_owned()),
        Kind::TextOrTexts => {
            (!is_scalar && !is_texts).then(|| "must be text or a list of texts".to_owned())
        }
        Kind::AnyMap => value.as_map().is_none().then(|| "must be a map".to_owned()),
        Kind::Map(keys) => match value.as_map() {
            Some(map) => {
                look(&keys.iter().collect::<Vec<_>>(), map, &format!("{path}."), report);
                None
            }
            None => Some("must be a map".to_owned()),
        },
        Kind::Maps(keys) => match value.as_list() {
            Some(list) => {
                let keys: Vec<&Key> = keys.iter().collect();
                for (i, item) in list.iter().enumerate() {
                    match item.as_map() {
                        Some(map) => look(&keys, map, &format!("{path}[{i}]."), report),
                        None => report(format!("{path}[{i}]"), "must be a map".to_owned()),
                    }
                }
                None
            }
            None => Some("must be a list of maps".to_owned()),
        },
    };
    if let Some(why) = wanted {
        report(path.to_owned(), why);
    }
}

fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_str().parse().ok(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn unknown(name: &str, keys: &[&Key]) -> String {
    let nearest = keys
        .iter()
        .map(|key| (distance(name, key.name), key.name))
        .min()
        .filter(|(distance, _)| *distance <= (name.chars().count() / 3).max(2));
    match nearest {
        Some((_, near)) => format!("is unknown; did you mean `{near}`?"),
        None if keys.is_empty() => "is unknown: there are none here".to_owned(),
        None => {
            let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
            format!("is unknown; known are {}", in_backticks(&names))
        }
    }
}

fn in_backticks(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}

/// How many letters must be changed, put in or taken out to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        source: &[
            &[
                Key::required("uri", Kind::Text, ""),
                Key::optional("depth", Kind::Number, ""),
                Key::optional("debug", Kind::Bool, ""),
                Key::optional("every", Kind::Duration, ""),
                Key::optional("mode", Kind::OneOf(&["a", "b"]), ""),
            ],
            &[
                Key::optional("paths", Kind::Texts, ""),
                Key::optional(
                    "filter",
                    Kind::Map(&[Key::optional("include", Kind::Texts, "")]),
                    "",
                ),
                Key::optional("config", Kind::Maps(&[Key::required("name", Kind::Text, "")]), ""),
            ],
        ],
        get: &[],
        put: &[],
    };

    fn check(json: &str, expected: &[&str]) {
        let map: Map = serde_json::from_str(json).expect("a map");
        let found: Vec<String> =
            SCHEMA.source_faults(&map).iter().map(|f| format!("{} {}", f.key, f.why)).collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn faults_name_the_key_and_the_nearest_known_one() {
        check(r#"{"uri": 1.10, "depth": "3", "debug": "true", "every": "1m"}"#, &[]);
        check(r#"{"uri": "((x))", "depth": "((n))", "filter": "((f))"}"#, &[]);
        check(r#"{}"#, &["uri is required"]);
        check(r#"{"uri": null}"#, &["uri is required"]);
        check(r#"{"uri": []}"#, &["uri must be text"]);
        check(
            r#"{"uri": "x", "path": ["a"], "depth": -1}"#,
            &["depth must be a whole number", "path is unknown; did you mean `paths`?"],
        );
        check(
            r#"{"uri": "x", "something": 1}"#,
            &[
                "something is unknown; known are `uri`, `depth`, `debug`, `every`, `mode`, `paths`, \
               `filter`, `config`",
            ],
        );
        check(
            r#"{"uri": "x", "mode": "c", "paths": "a", "every": "5", "debug": 1}"#,
            &[
                "debug must be `true` or `false`",
                "every must be a duration such as `1h30m`",
                "mode must be one of `a`, `b`",
                "paths must be a list of texts",
            ],
        );
        check(
            r#"{"uri": "x", "filter": {"includ": []}, "config": [{"name": "a"}, {"nam": 1}, 2]}"#,
            &[
                "config[1].nam is unknown; did you mean `name`?",
                "config[1].name is required",
                "config[2] must be a map",
                "filter.includ is unknown; did you mean `include`?",
            ],
        );
    }

    #[test]
    fn a_type_without_keys_says_so() {
        let map = Map::from([("x".to_owned(), Value::Null)]);
        assert_eq!(SCHEMA.put_faults(&map)[0].why, "is unknown: there are none here");
    }

    #[test]
    fn fields_are_read_as_they_were_written() {
        let map: Map = serde_json::from_str(
            r#"{"uri": 262.30, "depth": "3", "debug": "true", "every": "1m", "paths": ["a", 1]}"#,
        )
        .expect("a map");
        let fields = SCHEMA.read_source(&map).expect("fits");
        assert_eq!(fields.text("uri").as_deref(), Some("262.30"));
        assert_eq!(fields.number("depth"), Some(3));
        assert!(fields.flag("debug"));
        assert_eq!(fields.duration("every"), Some(Duration::from_secs(60)));
        assert_eq!(fields.texts("paths"), ["a", "1"]);
    }
}

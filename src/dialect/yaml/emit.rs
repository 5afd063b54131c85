//! Value → YAML, for people to read: by indentation, text in quotes only where it must be.
//!
//! Numbers keep their text, which no serialiser of the usual kind does. Reading what is written
//! gives the same value.
//!
//! *Follows:* the layout that Concourse's `fly` prints.

use std::fmt::Write;

use super::node::{Data, Style};
use super::scalar;
use crate::model::Value;

/// The value as YAML, with a line end after the last line.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::List(list) if !list.is_empty() => items(list, 0, &mut out),
        Value::Map(map) if !map.is_empty() => entries(map, 0, &mut out),
        scalar => {
            inline(scalar, 2, &mut out);
            out.push('\n');
        }
    }
    out
}

fn entries(map: &crate::model::Map, indent: usize, out: &mut String) {
    for (i, (key, value)) in map.iter().enumerate() {
        if i > 0 {
            blanks(indent, out);
        }
        out.push_str(&line(key));
        out.push(':');
        match value {
            Value::List(list) if !list.is_empty() => {
                out.push('\n');
                blanks(indent, out);
                items(list, indent, out);
            }
            Value::Map(map) if !map.is_empty() => {
                out.push('\n');
                blanks(indent + 2, out);
                entries(map, indent + 2, out);
            }
            scalar => {
                out.push(' ');
                inline(scalar, indent + 2, out);
                out.push('\n');
            }
        }
    }
}

fn items(list: &[Value], indent: usize, out: &mut String) {
    for (i, value) in list.iter().enumerate() {
        if i > 0 {
            blanks(indent, out);
        }
        out.push_str("- ");
        match value {
            Value::List(list) if !list.is_empty() => items(list, indent + 2, out),
            Value::Map(map) if !map.is_empty() => entries(map, indent + 2, out),
            scalar => {
                inline(scalar, indent + 2, out);
                out.push('\n');
            }
        }
    }
}

fn blanks(n: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', n));
}

/// A scalar, or an empty list or map; without a line end.
fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => {
            let _ = write!(out, "{truth}");
        }
        Value::Number(number) => out.push_str(number.as_str()),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        Value::String(text) if is_block(text) => block(text, indent, out),
        Value::String(text) => out.push_str(&line(text)),
    }
}

/// Text on one line: plain if it means nothing else, in quotes if not.
fn line(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    if text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            c if is_printable(c) => write!(out, "{c}"),
            c if u32::from(c) > 0xffff => write!(out, "\\U{:08x}", u32::from(c)),
            c => write!(out, "\\u{:04x}", u32::from(c)),
        };
    }
    out + "\""
}

/// Whether a character may stand in text as it is, on one line.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let is_start = match first {
        '-' | '?' | ':' => chars.next().is_some_and(|next| !next.is_whitespace()),
        first => !" ,[]{}#&*!|>'\"%@`=<~".contains(first),
    };
    is_start
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.chars().all(is_printable)
        && matches!(scalar::resolve(text, Style::Plain, None), Data::Text(_))
}

/// Whether text is best read as lines of their own.
fn is_block(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && body.chars().all(|c| is_printable(c) || c == '\n' || c == '\t')
}

fn block(text: &str, indent: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    let n_ends = text.len() - body.len();
    out.push_str(match n_ends {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            blanks(indent, out);
            out.push_str(line);
        }
    }
    // The caller ends the last line.
    out.extend(std::iter::repeat_n('\n', n_ends.saturating_sub(1)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Number;

    fn read(text: &str) -> Value {
        let parsed = super::super::parse(&"f".into(), text, None);
        assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
        parsed.root.map(|root| root.to_value()).unwrap_or_default()
    }

    #[test]
    fn quotes_stand_only_where_they_must() {
        for (json, yaml) in [
            (
                r#"{"a":[{"b":"1.10","c":1.10},[],[["x"]]],"d":{}}"#,
                "a:\n- b: '1.10'\n  c: 1.10\n- []\n- - - x\nd: {}\n",
            ),
            (
                r##"["on","((a.b))","-c","- c","a: b","a #b","#b","it's",""," a","a:b"]"##,
                "- 'on'\n- ((a.b))\n- -c\n- '- c'\n- 'a: b'\n- 'a #b'\n- '#b'\n- it's\n- ''\n- ' a'\n- a:b\n",
            ),
            (
                r#"{"run":"set -e\n\n  go\n","z":"a\nb","k":"a\nb\n\n"}"#,
                "k: |+\n  a\n  b\n\nrun: |\n  set -e\n\n    go\nz: |-\n  a\n  b\n",
            ),
            (r#""a\u0007""#, "\"a\\u0007\"\n"),
            ("null", "null\n"),
        ] {
            let value: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(emit(&value), yaml);
            assert_eq!(read(yaml), value);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            "-?[1-9][0-9]{0,20}(\\.[0-9]{1,3})?"
                .prop_map(|text| Value::Number(Number::new(&text).expect("a number"))),
            "[ -~\n\té\u{85}\u{2028}\u{1f600}]{0,12}".prop_map(Value::String),
            "(y|on|0x1f|1_0|~|---|<<|=|\\.inf|[-:?#|>&*] ?a)".prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::btree_map("[ -~\n]{0,6}", inner, 0..5).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(value in value()) {
            prop_assert_eq!(read(&emit(&value)), value);
        }
    }
}

//! What a scalar means.
//!
//! *Follows:* the resolver of go-yaml 2 (YAML 1.1: `yes`, `on`, `0x1f`, `010`, `1_000`), through
//! which Concourse reads its files. Differences: a number keeps its text where JSON has it, and
//! `.inf` and `.nan`, which JSON has not, stay text.

use std::sync::Arc;

use super::node::{Data, Style};
use crate::model::value::Number;

/// What a scalar means, by its style and tag.
pub(super) fn resolve(text: &str, style: Style, tag: Option<&str>) -> Data {
    match tag.map(|tag| tag.strip_prefix("tag:yaml.org,2002:").unwrap_or(tag)) {
        Some("str") => Data::Text(text.into()),
        Some("null") => Data::Null,
        Some("bool" | "int" | "float") => plain(text),
        Some(_) | None if style == Style::Plain => plain(text),
        Some(_) | None => Data::Text(text.into()),
    }
}

fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Data::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Data::Bool(false);
        }
        _ => {}
    }
    match number(text) {
        Some(number) => Data::Number(number),
        None => Data::Text(Arc::from(text)),
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    if let Some(number) = Number::new(text) {
        return Some(number);
    }
    let bare = text.replace('_', "");
    let (sign, digits) = match bare.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", bare.strip_prefix('+').unwrap_or(&bare)),
    };
    if let Some(whole) = based(digits) {
        return Number::new(&format!("{sign}{whole}"));
    }
    if !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // JSON wants digits on both sides of the dot and no zeros before them.
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(e) => digits.split_at(e),
        None => (digits, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let dot = if fraction.is_empty() { "" } else { "." };
    Number::new(&format!("{sign}{whole}{dot}{fraction}{exponent}"))
}

fn based(digits: &str) -> Option<u64> {
    let rest = digits.strip_prefix('0')?;
    let (radix, digits) = match rest.as_bytes().first()? {
        b'x' | b'X' => (16, &rest[1..]),
        b'b' | b'B' => (2, &rest[1..]),
        b'o' | b'O' => (8, &rest[1..]),
        _ => (8, rest),
    };
    let signed = digits.starts_with(['+', '-']);
    if signed { None } else { u64::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_means_what_go_takes_it_for() {
        for (text, json) in [
            ("", "null"),
            ("~", "null"),
            ("yes", "true"),
            ("Off", "false"),
            ("y", "true"),
            ("1.10", "1.10"),
            ("262.3", "262.3"),
            ("0.1.3", "\"0.1.3\""),
            ("1.10-20180930", "\"1.10-20180930\""),
            ("010", "8"),
            ("08", "8"),
            ("0x1F", "31"),
            ("-0b11", "-3"),
            ("1_000", "1000"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1e3"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1:30", "\"1:30\""),
            ("2020-01-02", "\"2020-01-02\""),
            (".inf", "\".inf\""),
            ("-", "\"-\""),
            (".", "\".\""),
            ("+.", "\"+.\""),
            ("1__", "1"),
            ("0x", "\"0x\""),
            ("0x-1", "\"0x-1\""),
            ("nothing", "\"nothing\""),
        ] {
            let node = super::super::Node {
                at: Default::default(),
                style: Style::Plain,
                tag: None,
                data: resolve(text, Style::Plain, None),
            };
            assert_eq!(node.to_value().to_json(), json, "{text}");
        }
    }

    #[test]
    fn quotes_and_tags_decide() {
        assert_eq!(resolve("yes", Style::DoubleQuoted, None), Data::Text("yes".into()));
        let text = resolve("5", Style::Plain, Some("tag:yaml.org,2002:str"));
        assert_eq!(text, Data::Text("5".into()));
        let number = resolve("5", Style::DoubleQuoted, Some("tag:yaml.org,2002:int"));
        assert_eq!(number, plain("5"));
        assert_eq!(resolve("5", Style::Plain, Some("!own")), plain("5"));
    }
}

//! Theme files: roles to colours, with `inherits` and a palette; each fault with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::depth::{Ansi, Paint};
use super::role::Role;

/// How deep themes may inherit.
const DEPTH: usize = 8;

/// Why a theme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct ThemeError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// What a theme file gives, what it inherits merged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub name: String,
    pub paints: BTreeMap<Role, Paint>,
    pub ansi: [Option<Paint>; 16],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
}

/// Reads a theme; `find` gives the text of a theme to inherit from.
pub(super) fn read(
    file: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<String>,
) -> Result<Read, ThemeError> {
    level(file, text, find, 0)
}

fn level(
    file: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<String>,
    depth: usize,
) -> Result<Read, ThemeError> {
    let fault = |span: Range<usize>, what: String| place(file, text, span.start, what);
    let parsed: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        place(file, text, start, error.message().to_owned())
    })?;
    let mut read = match &parsed.inherits {
        None => Read { name: String::new(), paints: BTreeMap::new(), ansi: [None; 16] },
        Some(parent) => {
            let name = parent.get_ref();
            if depth == DEPTH {
                return Err(fault(parent.span(), format!("`{name}` inherits in a circle")));
            }
            let text = find(name)
                .ok_or_else(|| fault(parent.span(), format!("no theme is called `{name}`")))?;
            level(name, &text, find, depth + 1)?
        }
    };
    read.name = parsed.name;
    for (key, value) in &parsed.roles {
        let paint = paint(value.get_ref(), &parsed.palette)
            .map_err(|what| fault(value.span(), format!("role `{}`: {what}", key.get_ref())))?;
        match (Role::named(key.get_ref()), ansi_slot(key.get_ref())) {
            (Some(role), _) => {
                read.paints.insert(role, paint);
            }
            (None, Some(slot)) => read.ansi[slot] = Some(paint),
            (None, None) => {
                return Err(fault(key.span(), format!("no role is called `{}`", key.get_ref())));
            }
        }
    }
    Ok(read)
}

fn ansi_slot(name: &str) -> Option<usize> {
    name.strip_prefix("ansi.")?.parse().ok().filter(|slot| *slot < 16)
}

fn paint(value: &Value, palette: &BTreeMap<String, Spanned<String>>) -> Result<Paint, String> {
    match value {
        Value::String(text) => Ok(Paint { rgb: Some(rgb(text, palette)?), ansi: Ansi::Default }),
        Value::Table(table) => {
            let mut paint = Paint { rgb: None, ansi: Ansi::Default };
            for (key, value) in table {
                match (key.as_str(), value) {
                    ("rgb", Value::String(text)) => paint.rgb = Some(rgb(text, palette)?),
                    ("ansi", value) => paint.ansi = ansi(value)?,
                    _ => return Err(format!("`{key}` is neither `rgb` nor `ansi`")),
                }
            }
            Ok(paint)
        }
        _ => Err("a colour is a text or a table".to_owned()),
    }
}

fn ansi(value: &Value) -> Result<Ansi, String> {
    match value {
        Value::Integer(n) => u8::try_from(*n)
            .ok()
            .filter(|n| *n < 16)
            .map(Ansi::Index)
            .ok_or_else(|| format!("`{n}` is not one of the sixteen colours")),
        Value::String(word) if word == "default" => Ok(Ansi::Default),
        Value::String(word) if word == "reverse" => Ok(Ansi::Reverse),
        _ => Err("`ansi` is 0-15, \"default\" or \"reverse\"".to_owned()),
    }
}

fn rgb(text: &str, palette: &BTreeMap<String, Spanned<String>>) -> Result<[u8; 3], String> {
    let text = palette.get(text).map_or(text, |named| named.get_ref());
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.is_ascii())
        .ok_or_else(|| format!("`{text}` is neither `#rrggbb` nor in the palette"))?;
    let part = |at: usize| {
        u8::from_str_radix(&digits[at..at + 2], 16)
            .map_err(|_| format!("`{text}` is not hexadecimal"))
    };
    Ok([part(0)?, part(2)?, part(4)?])
}

fn place(file: &str, text: &str, at: usize, what: String) -> ThemeError {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    ThemeError { file: file.to_owned(), line, column, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = read("t.toml", text, &|_| None).map(|read| read.name);
        match found {
            Ok(name) => assert_eq!(name, expected),
            Err(error) => assert_eq!(error.to_string(), expected),
        }
    }

    #[test]
    fn faults_have_places() {
        for (text, expected) in [
            ("name = \"x\"", "x"),
            ("name = \"x\"\n[roles]\ntext = \"fg\"\n[palette]\nfg = \"#010203\"", "x"),
            (
                "name = \"x\"\n[roles]\ntext = \"#12\"",
                "t.toml:3:8: role `text`: `#12` is neither `#rrggbb` nor in the palette",
            ),
            ("name = \"x\"\n[roles]\ntxt = \"#123456\"", "t.toml:3:1: no role is called `txt`"),
            (
                "name = \"x\"\n[roles]\ntext = { ansi = 16 }",
                "t.toml:3:8: role `text`: `16` is not one of the sixteen colours",
            ),
            ("name = \"x\"\ninherits = \"y\"", "t.toml:2:12: no theme is called `y`"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn a_circle_of_themes_ends() {
        let text = "name = \"x\"\ninherits = \"x\"";
        let error = read("x", text, &|_| Some(text.to_owned())).unwrap_err();
        assert_eq!(error.what, "`x` inherits in a circle");
    }
}

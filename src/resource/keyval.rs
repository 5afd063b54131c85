//! The type `keyval`: a handful of names and values that one job hands to the next.
//!
//! The version is the names and values themselves, so that nothing is stored anywhere else.
//!
//! *Follows:* swce/keyval-resource.

use std::path::Path;

use async_trait::async_trait;

use super::schema::{Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType, files};
use crate::model::Version;
use crate::model::value::Map;
use crate::model::version::MetadataField;

static SCHEMA: Schema = Schema { source: &[], get: &[], put: &[PUT] };

const PUT: &[Key] = &[
    Key::required("file", Kind::Text, "a file of `name=value` lines"),
    Key::optional("overrides", Kind::AnyMap, "values that replace those of the file"),
];

/// What get writes.
const FILE: &str = "keyval.properties";

/// The type `keyval`.
#[derive(Debug)]
pub struct Keyval;

#[async_trait]
impl ResourceType for Keyval {
    fn name(&self) -> &'static str {
        "keyval"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn has_unique_history(&self) -> bool {
        // All keyval resources have the same, empty source; their values are their own.
        true
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["swce/keyval-resource", "gstack/keyval-resource"]
    }

    async fn check(
        &self,
        _cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        SCHEMA.read_source(source)?;
        Ok(from.cloned().into_iter().collect())
    }

    async fn get(
        &self,
        _cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        SCHEMA.read_source(source)?;
        SCHEMA.read_get(params)?;
        let lines =
            version.0.iter().map(|(k, v)| format!("{}={}\n", escape(k, true), escape(v, false)));
        files::write(&directory.join(FILE), lines.collect::<String>())?;
        Ok(Found { version: version.clone(), metadata: metadata(version) })
    }

    async fn put(
        &self,
        _cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        _operation: &Operation,
    ) -> Result<Found, ResourceError> {
        SCHEMA.read_source(source)?;
        let params = SCHEMA.read_put(params)?;
        let file = params.need("file")?;
        let mut version = Version::default();
        version.0.extend(read(&files::read(directory, &file)?));
        for (name, value) in params.any_map("overrides").into_iter().flatten() {
            version.0.insert(name.clone(), value.to_param());
        }
        if version.0.is_empty() {
            let message = format!("`{file}` holds no names and values");
            return Err(ResourceError::Failed { message, exit_status: 1 });
        }
        let metadata = metadata(&version);
        Ok(Found { version, metadata })
    }
}

fn metadata(version: &Version) -> Vec<MetadataField> {
    version.0.iter().map(|(name, value)| MetadataField::new(name, value)).collect()
}

/// Reads the lines of a properties file, as Java has them: comments, `=` or `:` or a blank
/// between name and value, backslashes before what means something, long lines in pieces.
fn read(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while goes_on(&line) {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        pairs.push(pair(&line));
    }
    pairs
}

fn goes_on(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

fn pair(line: &str) -> (String, String) {
    let mut is_escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !is_escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        is_escaped = !is_escaped && *c == '\\';
        ends
    });
    let end = end.map_or(line.len(), |(at, _)| at);
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(&line[..end]), unescape(rest))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                out.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

fn escape(text: &str, is_name: bool) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' ' if is_name || i == 0 => out.push_str("\\ "),
            '=' | ':' | '#' | '!' if is_name => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("a=1\nb = 2\n", vec![("a", "1"), ("b", "2")]),
            ("# c\n! d\n\n a:1", vec![("a", "1")]),
            ("a 1 2", vec![("a", "1 2")]),
            ("a=b=c", vec![("a", "b=c")]),
            ("url=https\\://h/x", vec![("url", "https://h/x")]),
            ("a\\ b=1\\\n   2", vec![("a b", "12")]),
            ("a=\\u00e9\\t\\\\", vec![("a", "é\t\\")]),
            ("a=", vec![("a", "")]),
            ("a", vec![("a", "")]),
        ] {
            let found = read(text);
            let found: Vec<(&str, &str)> =
                found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["plain", " a b ", "x=y:z#", "line\nline\t\\", "é!"] {
            let line = format!("{}={}\n", escape(text, true), escape(text, false));
            assert_eq!(read(&line), [(text.to_owned(), text.to_owned())], "{line}");
        }
    }
}

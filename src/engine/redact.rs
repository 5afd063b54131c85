//! Takes secrets out of what a build says.
//!
//! Looks at bytes, so that a stream is searched before it is text, and knows no streams: who
//! feeds it piece by piece asks [`Patterns::held`] how much of the end to keep back.
//!
//! *Follows:* Concourse's `vars/tracker` and `atc/engine/build_step_delegate.go`: text only, maps
//! by field, no lists; each line of a secret by itself, trimmed; nothing of one character.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::Value;

/// What stands in place of a secret.
pub const REDACTED: &str = "((redacted))";

/// The secrets of one build, growing while it runs.
#[derive(Default)]
pub struct Redactor {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    secrets: BTreeSet<String>,
    patterns: Option<Arc<Patterns>>,
}

impl Redactor {
    /// Keeps all text in `value` out of what is said from now on.
    pub fn add(&self, value: &Value) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.secrets.len();
        collect(value, &mut known.secrets);
        if known.secrets.len() > before {
            known.patterns = Patterns::new(&known.secrets).map(Arc::new);
        }
    }

    /// What to look for at present; nothing if there are no secrets.
    pub fn patterns(&self) -> Option<Arc<Patterns>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).patterns.clone()
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(patterns) = self.patterns() else { return Cow::Borrowed(text) };
        let matches = patterns.find(text.as_bytes());
        if matches.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        replace(text.as_bytes(), 0..text.len(), &matches, &mut clean);
        Cow::Owned(String::from_utf8_lossy(&clean).into_owned())
    }
}

fn collect(value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {}
        Value::String(text) => {
            let lines = text.split(['\n', '\r']).map(str::trim);
            secrets.extend(lines.filter(|line| line.len() > 1).map(str::to_owned));
        }
        Value::Map(map) => map.values().for_each(|value| collect(value, secrets)),
    }
}

/// A set of secrets, made to be found fast.
pub struct Patterns {
    automaton: AhoCorasick,
    secrets: Vec<String>,
    longest: usize,
}

impl Patterns {
    fn new(secrets: &BTreeSet<String>) -> Option<Self> {
        // Too many secrets for one automaton would have to be more than memory holds.
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(secrets).ok()?;
        let longest = secrets.iter().map(String::len).max()?;
        Some(Self { automaton, secrets: secrets.iter().cloned().collect(), longest })
    }

    /// Where secrets stand in `bytes`: leftmost first, the longest at each place.
    pub fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        self.automaton.find_iter(bytes).map(|found| found.range()).collect()
    }

    /// Where the end of `bytes` begins that could be the beginning of a secret, be it as
    /// short as it may; the length of `bytes` if there is no such end.
    pub fn held(&self, bytes: &[u8]) -> usize {
        let first = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (first..bytes.len())
            .find(|start| {
                let end = &bytes[*start..];
                self.secrets.iter().any(|s| s.len() > end.len() && s.as_bytes().starts_with(end))
            })
            .unwrap_or(bytes.len())
    }
}

/// Appends `bytes[part]` to `clean` with `matches` replaced. No match may cross the part's ends.
pub fn replace(bytes: &[u8], part: Range<usize>, matches: &[Range<usize>], clean: &mut Vec<u8>) {
    let mut at = part.start;
    for found in matches.iter().filter(|found| found.start >= part.start && found.end <= part.end) {
        clean.extend_from_slice(&bytes[at..found.start]);
        clean.extend_from_slice(REDACTED.as_bytes());
        at = found.end;
    }
    clean.extend_from_slice(&bytes[at..part.end]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_fields_are_secret_and_lists_are_not() {
        let redactor = Redactor::default();
        assert!(redactor.patterns().is_none());
        let value = serde_json::from_str(
            r#"{"user":"admin","key":"-----\n  line one \nx\r\nline two\n","list":["free"],"n":1234}"#,
        )
        .expect("JSON");
        redactor.add(&value);
        for (text, expected) in [
            ("admin free 1234 x", "((redacted)) free 1234 x"),
            ("a line one.line two", "a ((redacted)).((redacted))"),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
    }

    #[test]
    fn the_longest_secret_wins() {
        let redactor = Redactor::default();
        for secret in ["abc", "abcdef", "xab"] {
            redactor.add(&secret.into());
        }
        for (text, expected) in [
            ("abcdefg", "((redacted))g"),
            ("abcdeg", "((redacted))deg"),
            ("xabcdef", "((redacted))cdef"),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
    }

    #[test]
    fn an_end_that_may_become_a_secret_is_held() {
        let redactor = Redactor::default();
        for secret in ["abc", "abcdef"] {
            redactor.add(&secret.into());
        }
        let patterns = redactor.patterns().expect("secrets");
        for (text, held) in
            [("", 0), ("x", 1), ("xa", 1), ("xabc", 1), ("abcdef", 6), ("abab", 2), ("abcx", 4)]
        {
            assert_eq!(patterns.held(text.as_bytes()), held, "{text}");
        }
    }
}

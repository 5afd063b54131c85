//! Finding lines in slices, so that a long log never holds up a key.

use std::io;

use regex::{Regex, RegexBuilder};

use super::line::plain;
use super::store::LogStore;

/// A search that is under way, or done.
#[derive(Debug, Clone)]
pub struct Search {
    pattern: String,
    regex: Regex,
    /// Lines found so far, in order.
    found: Vec<usize>,
    /// The first line that was not looked at.
    next: usize,
}

impl Search {
    /// A search for a regular expression; small letters match capitals too, unless the pattern has
    /// a capital. What is no regular expression is searched as it stands.
    pub fn new(pattern: &str) -> Search {
        let has_capital = pattern.chars().any(char::is_uppercase);
        let build = |pattern: &str| {
            RegexBuilder::new(pattern).case_insensitive(!has_capital).size_limit(1 << 20).build()
        };
        let regex = build(pattern).or_else(|_| build(&regex::escape(pattern)));
        #[expect(clippy::expect_used, reason = "an empty pattern is always whole")]
        let regex = regex.unwrap_or_else(|_| Regex::new("$^").expect("it is whole"));
        Search { pattern: pattern.to_owned(), regex, found: Vec::new(), next: 0 }
    }

    /// What was asked for.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Looks at about `budget` bytes more. True when all lines that are there were looked at; call
    /// again when the log has grown.
    ///
    /// # Errors
    /// When a part of the log that lies in a file cannot be read.
    pub fn step(&mut self, store: &LogStore, budget: usize) -> io::Result<bool> {
        let Search { regex, found, .. } = self;
        let next = store.each(self.next, budget, &mut |number, bytes| {
            let cut = &bytes[..bytes.len().min(super::view::CUT)];
            if regex.is_match(&plain(cut)) {
                found.push(number);
            }
        })?;
        self.next = next;
        Ok(next >= store.len())
    }

    /// Lines found so far.
    pub fn found(&self) -> &[usize] {
        &self.found
    }

    /// How many lines were looked at.
    pub fn looked_at(&self) -> usize {
        self.next
    }

    /// The place of a line among those found, from 0; that of the next one if it is none.
    pub fn place(&self, line: usize) -> usize {
        self.found.partition_point(|&found| found < line)
    }

    /// The next line found after `line`, round at the end.
    pub fn after(&self, line: usize) -> Option<usize> {
        let at = self.found.partition_point(|&found| found <= line);
        self.found.get(at).or_else(|| self.found.first()).copied()
    }

    /// The line found before `line`, round at the start.
    pub fn before(&self, line: usize) -> Option<usize> {
        let at = self.place(line);
        at.checked_sub(1).and_then(|at| self.found.get(at)).or_else(|| self.found.last()).copied()
    }

    /// Where it matches in a text: bytes.
    pub fn matches<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        self.regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn check(pattern: &str, expected: &[usize]) {
        let mut store = LogStore::default();
        store.append(b"Timeout\n\x1b[31mti\x1b[0mmeout\nrefused (1\nok\n", Timestamp::default());
        let mut search = Search::new(pattern);
        let mut steps = 0;
        while !search.step(&store, 1).unwrap() {
            steps += 1;
        }
        assert!(steps >= 2);
        assert_eq!(search.found(), expected, "{pattern}");
    }

    #[test]
    fn smart_case_and_broken_patterns() {
        check("timeout", &[0, 1]);
        check("Timeout", &[0]);
        check("timeout|refused", &[0, 1, 2]);
        check("(1", &[2]);
        check("nothing", &[]);
    }

    #[test]
    fn round_at_the_ends() {
        let mut store = LogStore::default();
        store.append(b"a\nb\na\nb\n", Timestamp::default());
        let mut search = Search::new("a");
        assert!(search.step(&store, 1 << 20).unwrap());
        assert_eq!((search.after(0), search.after(2)), (Some(2), Some(0)));
        assert_eq!((search.before(2), search.before(0)), (Some(0), Some(2)));
        store.append(b"a\n", Timestamp::default());
        assert!(search.step(&store, 1 << 20).unwrap());
        assert_eq!(search.found(), [0, 2, 4]);
    }
}

//! Which lines tell an error, or warn.

use std::sync::OnceLock;

use regex::bytes::RegexSet;

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// Nothing special.
    #[default]
    Plain,
    /// It warns.
    Warning,
    /// It tells an error.
    Error,
}

/// The first patterns are errors, the last is a warning.
const PATTERNS: [&str; 9] = [
    r"(?i-u)(?:^|[\s\[|(])(?:error|fatal|panic|critical)(?:\]|:|!|\[[a-z0-9]+\]:)",
    r"(?-u)^\s*(?:not ok\b|FAIL(?:ED|URE)?\b|--- FAIL|ERR!|E\s{2,}\S|error\s+\S)",
    r"(?-u)(?:^|\s)[A-Z]\w*(?:Error|Exception): ",
    r"(?-u)^Traceback \(most recent call last\)",
    r"(?-u)\bexit (?:status|code):? [1-9]",
    r"(?-u)^(?:g?make(?:\[\d+\])?: \*\*\*|npm ERR!|fatal: |curl: \(\d+\))",
    r"(?-u)(?:^|\s)(?:command not found|No such file or directory|Permission denied)\s*$",
    r"(?-u)thread '[^']*' (?:\(\d+\) )?panicked at ",
    r"(?i-u)(?:^|[\s\[|(])warn(?:ing)?(?:\]|:|\s)",
];

impl Severity {
    /// What a line tells by its words.
    pub fn of(line: &[u8]) -> Severity {
        static SET: OnceLock<Option<RegexSet>> = OnceLock::new();
        let Some(set) = SET.get_or_init(|| RegexSet::new(PATTERNS).ok()) else {
            return Severity::Plain;
        };
        let found = set.matches(line);
        match found.iter().next() {
            Some(first) if first + 1 < PATTERNS.len() => Severity::Error,
            Some(_) => Severity::Warning,
            None => Severity::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, severity) in [
            ("not ok 12 function with package.json", Severity::Error),
            ("ok 11 function logs to stderr", Severity::Plain),
            ("Task 18 | 13:45:08 | Error: CPI error 'Bosh::Clouds::CloudError'", Severity::Error),
            ("  error[E0308]: mismatched types", Severity::Error),
            ("exit status 1", Severity::Error),
            ("exit status 0", Severity::Plain),
            ("WARN  ecs.eu-central-1: request timeout, retry 1 of 5", Severity::Warning),
            ("[WARNING] deprecated", Severity::Warning),
            ("0 errors, 0 warnings", Severity::Plain),
            ("error handling is fine", Severity::Error),
            ("no error handling here", Severity::Plain),
            ("java.lang.IllegalStateException: x", Severity::Plain),
            ("ValueError: bad", Severity::Error),
            ("--- FAIL: TestX (0.00s)", Severity::Error),
            ("make: *** [all] Error 2", Severity::Error),
            ("sh: 1: foo: not found", Severity::Plain),
            ("thread 'main' panicked at src/main.rs:1:1:", Severity::Error),
        ] {
            assert_eq!(Severity::of(line.as_bytes()), severity, "{line}");
        }
    }
}

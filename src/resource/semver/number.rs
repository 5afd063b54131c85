//! A version number and how it is bumped.
//!
//! *Follows:* semver 2.0.0, and the bumps of concourse/semver-resource.

use std::fmt;

/// `major.minor.patch-pre+build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    major: u64,
    minor: u64,
    patch: u64,
    /// Parts of the pre-release, empty for none.
    pre: Vec<String>,
    /// Parts of the build, empty for none.
    build: Vec<String>,
}

/// A change of a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bump {
    pub part: Option<Part>,
    /// The word of the pre-release; an empty one stands for none but the count.
    pub pre: Option<String>,
    pub build: Option<String>,
    /// No count after the word.
    pub pre_without_version: bool,
    pub build_without_version: bool,
}

/// What is counted up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Major,
    Minor,
    Patch,
    Final,
}

impl Part {
    pub const NAMES: &'static [&'static str] = &["major", "minor", "patch", "final"];

    pub fn named(name: &str) -> Option<Self> {
        match name {
            "major" => Some(Self::Major),
            "minor" => Some(Self::Minor),
            "patch" => Some(Self::Patch),
            "final" => Some(Self::Final),
            _ => None,
        }
    }
}

impl Bump {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Number {
    /// `0.0.0`.
    pub const ZERO: Self =
        Self { major: 0, minor: 0, patch: 0, pre: Vec::new(), build: Vec::new() };

    /// Reads a number.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, build) = match text.split_once('+') {
            Some((rest, build)) => (rest, parts(build)?),
            None => (text, Vec::new()),
        };
        let (core, pre) = match rest.split_once('-') {
            Some((core, pre)) => (core, parts(pre)?),
            None => (rest, Vec::new()),
        };
        if pre.iter().any(|part| is_digits(part) && count(part).is_none()) {
            return None;
        }
        let mut numbers = core.split('.');
        let mut next = || numbers.next().and_then(count);
        let number = Self { major: next()?, minor: next()?, patch: next()?, pre, build };
        numbers.next().is_none().then_some(number)
    }

    /// The number after a bump: first the part, then the pre-release, then the build.
    pub fn bumped(&self, bump: &Bump) -> Self {
        let mut new = self.clone();
        match bump.part {
            Some(Part::Major) => (new.major, new.minor, new.patch) = (self.major + 1, 0, 0),
            Some(Part::Minor) => (new.minor, new.patch) = (self.minor + 1, 0),
            Some(Part::Patch) => new.patch += 1,
            Some(Part::Final) | None => {}
        }
        if bump.part.is_some() {
            new.pre.clear();
            new.build.clear();
        }
        if let Some(word) = &bump.pre {
            new.pre = counted(&new.pre, word, bump.pre_without_version);
        }
        if let Some(word) = &bump.build {
            new.build = counted(&new.build, word, bump.build_without_version);
        }
        new
    }
}

/// The next `word.N`, or the word alone.
fn counted(old: &[String], word: &str, is_bare: bool) -> Vec<String> {
    let words: Vec<&str> = word.split('.').filter(|part| !part.is_empty()).collect();
    if is_bare {
        return words.into_iter().map(str::to_owned).collect();
    }
    let next = match old.split_last() {
        Some((last, before)) if before.iter().map(String::as_str).eq(words.iter().copied()) => {
            count(last).map_or(1, |n| n.saturating_add(1))
        }
        _ => 1,
    };
    words.into_iter().map(str::to_owned).chain([next.to_string()]).collect()
}

fn parts(text: &str) -> Option<Vec<String>> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(|part| is_part(part)).then(|| parts.into_iter().map(str::to_owned).collect())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn count(text: &str) -> Option<u64> {
    let is_count = is_digits(text) && (text == "0" || !text.starts_with('0'));
    is_count.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre.join("."))?;
        }
        if !self.build.is_empty() {
            write!(f, "+{}", self.build.join("."))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_number() {
        for (text, is_number) in [
            ("1.2.3", true),
            ("0.0.0", true),
            ("1.2.3-rc.1", true),
            ("1.2.3-rc.1+b.7", true),
            ("1.2.3+a-b", true),
            ("1.2", false),
            ("1.2.3.4", false),
            ("v1.2.3", false),
            ("01.2.3", false),
            ("1.2.3-", false),
            ("1.2.3-rc..1", false),
            ("1.2.3-01", false),
            ("", false),
        ] {
            let number = Number::parse(text);
            assert_eq!(
                number.map(|n| n.to_string()).as_deref(),
                is_number.then_some(text),
                "{text}"
            );
        }
    }

    #[track_caller]
    fn check(from: &str, part: &str, pre: Option<&str>, expected: &str) {
        let bump = Bump { part: Part::named(part), pre: pre.map(str::to_owned), ..Bump::default() };
        let number = Number::parse(from).expect("a number").bumped(&bump);
        assert_eq!(number.to_string(), expected, "{from} {part} {pre:?}");
    }

    #[test]
    fn bumps() {
        check("1.2.3", "major", None, "2.0.0");
        check("1.2.3-rc.4+b", "minor", None, "1.3.0");
        check("1.2.3-rc.4", "patch", None, "1.2.4");
        check("1.2.3-rc.4+b", "final", None, "1.2.3");
        check("1.2.3", "", Some("rc"), "1.2.3-rc.1");
        check("1.2.3-rc.9", "", Some("rc"), "1.2.3-rc.10");
        check("1.2.3-rc.9", "", Some("beta"), "1.2.3-beta.1");
        check("1.2.3-rc", "", Some("rc"), "1.2.3-rc.1");
        check("1.2.3-rc.9", "patch", Some("rc"), "1.2.4-rc.1");
        check("1.2.3-7", "", Some(""), "1.2.3-8");
    }

    #[test]
    fn builds_and_words_without_a_count() {
        let build = Bump { build: Some("b".to_owned()), ..Bump::default() };
        let number = Number::parse("1.2.3-rc.1+b.1").expect("a number");
        assert_eq!(number.bumped(&build).to_string(), "1.2.3-rc.1+b.2");
        let bare = Bump { pre: Some("p".to_owned()), pre_without_version: true, ..Bump::default() };
        assert_eq!(number.bumped(&bare).to_string(), "1.2.3-p+b.1");
    }
}

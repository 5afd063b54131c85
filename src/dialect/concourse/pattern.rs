//! Patterns that match names of jobs.
//!
//! *Follows:* Go's `path.Match` for `passed`, and gobwas/glob without separators for groups.

/// How patterns are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `*`, `?`, `[a-z]`, `[^a]`, `\`; neither `*` nor `?` matches `/`.
    Passed,
    /// `*`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `\`.
    Group,
}

/// A pattern: one of several sequences must match.
pub(super) struct Pattern(Vec<Vec<Part>>);

#[derive(Clone)]
enum Part {
    Char(char),
    Any { slash: bool },
    Many { slash: bool },
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// How many sequences alternatives may make.
const MOST: usize = 1_000;

impl Pattern {
    /// Reads a pattern; nothing if it is malformed.
    pub(super) fn new(text: &str, style: Style) -> Option<Self> {
        let chars: Vec<char> = text.chars().collect();
        let mut rest = &chars[..];
        let sequences = alternatives(&mut rest, style, 0)?;
        rest.is_empty().then_some(Self(sequences))
    }

    /// Whether it matches a name.
    pub(super) fn matches(&self, name: &str) -> bool {
        let chars: Vec<char> = name.chars().collect();
        self.0.iter().any(|parts| matches(parts, &chars))
    }
}

/// Reads up to the end, or up to `,` or `}` inside of braces.
fn alternatives(rest: &mut &[char], style: Style, depth: usize) -> Option<Vec<Vec<Part>>> {
    let slash = style == Style::Group;
    let mut sequences: Vec<Vec<Part>> = vec![Vec::new()];
    while let Some((&c, tail)) = rest.split_first() {
        if depth > 0 && matches!(c, ',' | '}') {
            break;
        }
        *rest = tail;
        let part = match c {
            '*' => Part::Many { slash },
            '?' => Part::Any { slash },
            '[' => class(rest, style)?,
            '\\' => {
                let (&escaped, tail) = rest.split_first()?;
                *rest = tail;
                Part::Char(escaped)
            }
            '{' if style == Style::Group => {
                let inner = braces(rest, style, depth + 1)?;
                if sequences.len() * inner.len() > MOST {
                    return None;
                }
                sequences = sequences
                    .iter()
                    .flat_map(|start| inner.iter().map(|end| [&start[..], &end[..]].concat()))
                    .collect();
                continue;
            }
            c => Part::Char(c),
        };
        sequences.iter_mut().for_each(|sequence| sequence.push(part.clone()));
    }
    Some(sequences)
}

fn braces(rest: &mut &[char], style: Style, depth: usize) -> Option<Vec<Vec<Part>>> {
    // Deeper nesting is nobody's group.
    if depth > 20 {
        return None;
    }
    let mut all = Vec::new();
    loop {
        all.append(&mut alternatives(rest, style, depth)?);
        let (&c, tail) = rest.split_first()?;
        *rest = tail;
        if c == '}' {
            return Some(all);
        }
    }
}

fn class(rest: &mut &[char], style: Style) -> Option<Part> {
    let mut next = || {
        let (&c, tail) = rest.split_first()?;
        *rest = tail;
        Some(c)
    };
    let mut chars = Vec::new();
    loop {
        match next()? {
            ']' if !chars.is_empty() => break,
            '\\' => chars.push((next()?, true)),
            c => chars.push((c, false)),
        }
    }
    let mark = if style == Style::Group { '!' } else { '^' };
    let negated = chars.first() == Some(&(mark, false));
    let mut left = &chars[usize::from(negated)..];
    let mut ranges = Vec::new();
    while let Some((&(low, _), tail)) = left.split_first() {
        if let [('-', false), (high, _), tail @ ..] = tail {
            if low > *high {
                return None;
            }
            ranges.push((low, *high));
            left = tail;
        } else {
            ranges.push((low, low));
            left = tail;
        }
    }
    (!ranges.is_empty()).then_some(Part::Class { negated, ranges })
}

fn matches(parts: &[Part], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // The last `*`, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize, bool)> = None;
    while n < name.len() || p < parts.len() {
        match parts.get(p) {
            Some(Part::Many { slash }) => {
                star = Some((p, n, *slash));
                p += 1;
                continue;
            }
            Some(part) if n < name.len() && part.takes(name[n]) => {
                p += 1;
                n += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((at, taken, slash)) = star else { return false };
        if taken >= name.len() || (!slash && name[taken] == '/') {
            return false;
        }
        star = Some((at, taken + 1, slash));
        p = at + 1;
        n = taken + 1;
    }
    true
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Part::Char(own) => *own == c,
            Part::Any { slash } => *slash || c != '/',
            Part::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
            Part::Many { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_go_matches() {
        for (style, pattern, name, expected) in [
            (Style::Passed, "unit", "unit", Some(true)),
            (Style::Passed, "unit-*", "unit-", Some(true)),
            (Style::Passed, "*-a-*", "x-a-a-b", Some(true)),
            (Style::Passed, "a*", "a/b", Some(false)),
            (Style::Passed, "a?c", "abc", Some(true)),
            (Style::Passed, "[^a]", "b", Some(true)),
            (Style::Passed, "[a-c]x", "bx", Some(true)),
            (Style::Passed, "{a,b}", "a", Some(false)),
            (Style::Passed, "\\*", "*", Some(true)),
            (Style::Passed, "[", "x", None),
            (Style::Passed, "\\", "x", None),
            (Style::Passed, "[]", "x", None),
            (Style::Group, "{unit,e2e}-*", "e2e-x", Some(true)),
            (Style::Group, "{a,{b,c}}d", "cd", Some(true)),
            (Style::Group, "*", "a/b", Some(true)),
            (Style::Group, "[!a]", "a", Some(false)),
            (Style::Group, "{a", "a", None),
            (Style::Group, "", "", Some(true)),
            (Style::Group, "*", "", Some(true)),
        ] {
            let read = Pattern::new(pattern, style).map(|pattern| pattern.matches(name));
            assert_eq!(read, expected, "{pattern} {name}");
        }
    }
}

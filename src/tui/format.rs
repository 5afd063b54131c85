//! Figures and names as people read them: ages, durations, counts, sizes, cuts.
//!
//! The present moment and the time zone are passed in.

use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::Timestamp;

/// After this many days an age is a date.
const DATE_AFTER_DAYS: u64 = 90;

/// A duration in two units, the second padded: `48s`, `2m 03s`, `3h 05m`, `2d 4h`.
pub fn duration(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m {:02}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h {:02}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3_600 % 24),
    }
}

/// A duration in its first unit: for narrow columns.
pub fn duration_short(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m", s / 60),
        3_600..86_400 => format!("{}h", s / 3_600),
        _ => format!("{}d", s / 86_400),
    }
}

/// What is left of `expected` after `elapsed`: `~4m`, or `+2m` when it is late.
pub fn left(elapsed: Duration, expected: Duration) -> String {
    match expected.checked_sub(elapsed) {
        Some(rest) if !rest.is_zero() => format!("~{}", duration(rest)),
        _ => format!("+{}", duration(elapsed.saturating_sub(expected))),
    }
}

/// How long ago something was, in one unit, then a month: `14m`, `3h`, `41d`, `Mar 2026`.
pub fn age(then: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let span = now.since(then);
    if span.as_secs() / 86_400 >= DATE_AFTER_DAYS {
        return strftime(then, zone, "%b %Y");
    }
    duration_short(span)
}

/// A moment of the day with seconds: `14:05:11`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    strftime(at, zone, "%H:%M:%S")
}

/// A moment of the day: `14:05`.
pub fn clock_short(at: Timestamp, zone: &TimeZone) -> String {
    strftime(at, zone, "%H:%M")
}

fn strftime(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(moment) => moment.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// A count in prose: `8,412`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count and its noun, in the number that fits: `1 line`, `8,412 lines`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A size: `512 B`, `1.1 MB`, `34.2 MB`; a thousand is a thousand.
pub fn size(bytes: u64) -> String {
    let mut unit = 0;
    let mut rest = bytes;
    let mut tenths = 0;
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    while rest >= 1_000 && unit + 1 < UNITS.len() {
        tenths = rest % 1_000 / 100;
        rest /= 1_000;
        unit += 1;
    }
    if unit == 0 { format!("{rest} B") } else { format!("{rest}.{tenths} {}", UNITS[unit]) }
}

/// A version's field: 7 characters of a commit, all else as it is.
pub fn version(value: &str) -> &str {
    let is_commit = value.len() >= 20 && value.bytes().all(|b| b.is_ascii_hexdigit());
    if is_commit { &value[..7] } else { value }
}

/// How many columns a text takes, control characters counted as nothing.
pub fn width(text: &str) -> usize {
    text.graphemes(true)
        .filter(|piece| !piece.starts_with(|c: char| c.is_control()))
        .map(|piece| piece.width().min(2))
        .sum()
}

/// Cuts at the end, with `…`, to `room` columns.
pub fn cut_end(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    if room == 0 {
        return String::new();
    }
    format!("{}…", head(text, room - 1))
}

/// Cuts at the start, with `…`, to `room` columns.
pub fn cut_start(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    if room == 0 {
        return String::new();
    }
    format!("…{}", tail(text, room - 1))
}

/// Cuts in the middle, with `…`, to `room` columns: ends carry the difference.
pub fn cut_middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    if room == 0 {
        return String::new();
    }
    let left = room / 2;
    format!("{}…{}", head(text, left), tail(text, room - 1 - left))
}

/// Where the names of one rank are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// In the middle.
    #[default]
    Middle,
    /// At the end: siblings end alike.
    End,
}

impl Cut {
    /// Where a name is cut that stands among others: at the end if one of them ends alike and does
    /// not begin so.
    pub fn among<'a>(name: &str, mut others: impl Iterator<Item = &'a str>) -> Cut {
        let ends_alike = |other: &str| {
            let pairs = name.chars().rev().zip(other.chars().rev());
            let end = pairs.take_while(|(x, y)| x == y).count();
            let start = name.chars().zip(other.chars()).take_while(|(x, y)| x == y).count();
            end >= 8 && end > start
        };
        if others.any(ends_alike) { Cut::End } else { Cut::Middle }
    }

    /// Cuts a name to `room` columns.
    pub fn apply(self, text: &str, room: usize) -> String {
        match self {
            Cut::Middle => cut_middle(text, room),
            Cut::End => cut_end(text, room),
        }
    }
}

fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, piece) in text.grapheme_indices(true) {
        used += width(piece);
        if used > room {
            return &text[..at];
        }
    }
    text
}

fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, piece) in text.grapheme_indices(true).rev() {
        used += width(piece);
        if used > room {
            return &text[at + piece.len()..];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (secs, long, short) in [
            (0, "0s", "0s"),
            (48, "48s", "48s"),
            (123, "2m 03s", "2m"),
            (1_600, "26m 40s", "26m"),
            (11_100, "3h 05m", "3h"),
            (187_200, "2d 4h", "2d"),
        ] {
            assert_eq!(duration(Duration::from_secs(secs)), long);
            assert_eq!(duration_short(Duration::from_secs(secs)), short);
        }
        let s = Duration::from_secs;
        assert_eq!(left(s(10), s(50)), "~40s");
        assert_eq!(left(s(170), s(50)), "+2m 00s");
    }

    #[test]
    fn ages_end_in_a_month() {
        let now = Timestamp::from_secs(1_795_269_911);
        let ago = |days: u64| now - Duration::from_secs(days * 86_400);
        assert_eq!(age(ago(41), now, &TimeZone::UTC), "41d");
        assert_eq!(age(ago(240), now, &TimeZone::UTC), "Mar 2026");
        assert_eq!(age(now + Duration::from_secs(5), now, &TimeZone::UTC), "0s");
        assert_eq!(clock(now, &TimeZone::UTC), "14:05:11");
        assert_eq!(clock_short(now, &TimeZone::UTC), "14:05");
    }

    #[test]
    fn counts_and_sizes() {
        for (n, text) in [(0, "0"), (999, "999"), (8_412, "8,412"), (1_000_000, "1,000,000")] {
            assert_eq!(count(n), text);
        }
        for (n, text) in [(512, "512 B"), (1_100_000, "1.1 MB"), (34_250_000, "34.2 MB")] {
            assert_eq!(size(n), text);
        }
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(version("cfda0942f5c4a1e8b0de0123456789abcdef0123"), "cfda094");
        assert_eq!(version("0.0.12"), "0.0.12");
    }

    #[test]
    fn cuts_go_by_columns() {
        for (text, room, middle, end) in [
            ("integration-postgres", 14, "integra…stgres", "integration-p…"),
            ("short", 5, "short", "short"),
            ("界界界界", 5, "界…界", "界界…"),
            ("界界界界", 4, "界…", "界…"),
            ("abc", 0, "", ""),
            ("abc", 1, "…", "…"),
        ] {
            assert_eq!(cut_middle(text, room), middle);
            assert_eq!(cut_end(text, room), end);
            assert!(width(&cut_start(text, room)) <= room);
        }
    }

    #[test]
    fn siblings_that_end_alike_are_cut_at_the_end() {
        let all = ["build-java-base-image", "build-nodejs-base-image", "create-gke-cluster"];
        for (name, cut) in all.into_iter().zip([Cut::End, Cut::End, Cut::Middle]) {
            let others = all.into_iter().filter(|other| *other != name);
            assert_eq!(Cut::among(name, others), cut, "{name}");
        }
    }
}

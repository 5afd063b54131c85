//! When a new moment is due.
//!
//! Pure: the present comes in as `now`.
//!
//! *Follows:* the rules of concourse/time-resource.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Time, Weekday};
use jiff::tz::{Offset, TimeZone};

use crate::model::Timestamp;

/// What a source asks for.
pub(super) struct Rule {
    pub zone: TimeZone,
    pub window: Option<Window>,
    /// Empty for all.
    pub days: Vec<Weekday>,
    pub start_after: Option<jiff::Timestamp>,
    pub interval: Option<Duration>,
    pub is_first_at_once: bool,
}

/// A part of each day, which may go past midnight.
pub(super) struct Window {
    pub start: TimeOfDay,
    pub stop: TimeOfDay,
}

/// A time of day, at an offset of its own if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    time: Time,
    offset: Option<Offset>,
}

impl Rule {
    /// Whether a new moment is due, `before` being the last one.
    pub fn is_due(&self, now: Timestamp, before: Option<Timestamp>) -> bool {
        if before.is_none() && self.is_first_at_once {
            return true;
        }
        let Ok(moment) = jiff::Timestamp::from_microsecond(now.0) else { return false };
        let today = moment.to_zoned(self.zone.clone());
        if !self.days.is_empty() && !self.days.contains(&today.weekday()) {
            return false;
        }
        if self.start_after.is_some_and(|start| moment < start) {
            return false;
        }
        let Some(begin) = self.window_begin(moment) else { return false };
        match (before, self.interval) {
            (None, _) => true,
            (Some(before), Some(interval)) => before <= now && now.since(before) >= interval,
            (Some(before), None) => before.0 < begin.as_microsecond(),
        }
    }

    /// When the window that holds a moment began; nothing outside of any. Without a window it
    /// is the day.
    fn window_begin(&self, moment: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let Some(window) = &self.window else {
            return moment.to_zoned(self.zone.clone()).start_of_day().ok().map(|d| d.timestamp());
        };
        // A window past midnight that is open now began yesterday.
        [0.days(), 1.day()].into_iter().find_map(|back| {
            let start = window.start.on_day_of(moment, &self.zone)?.checked_sub(back).ok()?;
            let stop = window.stop.on_day_of(moment, &self.zone)?.checked_sub(back).ok()?;
            let stop = if stop <= start { stop.checked_add(1.day()).ok()? } else { stop };
            let (start, stop) = (start.timestamp(), stop.timestamp());
            (start <= moment && moment < stop).then_some(start)
        })
    }
}

impl TimeOfDay {
    fn on_day_of(&self, moment: jiff::Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
        let zone = self.offset.map_or_else(|| zone.clone(), TimeZone::fixed);
        moment.to_zoned(zone.clone()).date().to_datetime(self.time).to_zoned(zone).ok()
    }
}

/// Reads `3:04 PM`, `3PM`, `15:04` or `1504`, each with an offset such as `-0700` or without.
pub(super) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let text = text.trim();
    let (time, offset) = match text.rfind(['+', '-']) {
        Some(at) => (text[..at].trim(), Some(offset(&text[at..])?)),
        None => (text, None),
    };
    let upper = time.to_uppercase();
    let half = [("AM", 0), ("PM", 12)]
        .into_iter()
        .find_map(|(word, add)| Some((upper.strip_suffix(word)?.trim().to_owned(), add)));
    let digits = half.as_ref().map_or(upper.as_str(), |(digits, _)| digits);
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at(2),
        None if half.is_some() => (digits, "00"),
        None => return None,
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let hour = match half {
        Some((_, add)) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
        None => hour,
    };
    Some(TimeOfDay { time: Time::new(hour, minute, 0, 0).ok()?, offset })
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = text.split_at(1);
    let digits = rest.replace(':', "");
    if digits.len() != 4 {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let seconds = (i32::from(number(hours)?) * 60 + i32::from(number(minutes)?)) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

fn number(digits: &str) -> Option<i8> {
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// Reads the English name of a day.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let name = name.to_lowercase();
    days.into_iter().find_map(|(day, weekday)| (day == name).then_some(weekday))
}

/// Reads a moment that may lack its seconds, its time and its zone.
pub(super) fn moment(text: &str, zone: &TimeZone) -> Option<jiff::Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment);
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_in_all_their_forms() {
        let time = |h, m| Some(TimeOfDay { time: jiff::civil::time(h, m, 0, 0), offset: None });
        for (text, expected) in [
            ("3:04 PM", time(15, 4)),
            ("3PM", time(15, 0)),
            ("12 AM", time(0, 0)),
            ("12PM", time(12, 0)),
            ("15:04", time(15, 4)),
            ("1504", time(15, 4)),
            ("25:00", None),
            ("13PM", None),
            ("8", None),
            ("8:5", None),
            ("noon", None),
        ] {
            assert_eq!(time_of_day(text), expected, "{text}");
        }
        let with_offset = time_of_day("8:00 AM -0730").expect("a time");
        assert_eq!(with_offset.offset, Some(Offset::from_seconds(-27_000).expect("an offset")));
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_microsecond())
    }

    fn rule(window: Option<(&str, &str)>, days: &[Weekday], interval: Option<u64>) -> Rule {
        let time = |text| time_of_day(text).expect("a time");
        Rule {
            zone: TimeZone::fixed(Offset::from_seconds(3600).expect("an offset")),
            window: window.map(|(start, stop)| Window { start: time(start), stop: time(stop) }),
            days: days.to_vec(),
            start_after: None,
            interval: interval.map(Duration::from_secs),
            is_first_at_once: false,
        }
    }

    #[track_caller]
    fn check(rule: &Rule, now: &str, before: Option<&str>, expected: bool) {
        assert_eq!(rule.is_due(at(now), before.map(at)), expected, "{now} after {before:?}");
    }

    #[test]
    fn an_interval_counts_from_the_last_moment() {
        let hourly = rule(None, &[], Some(3600));
        check(&hourly, "2026-01-05T10:00:00Z", None, true);
        check(&hourly, "2026-01-05T10:00:00Z", Some("2026-01-05T09:00:01Z"), false);
        check(&hourly, "2026-01-05T10:00:00Z", Some("2026-01-05T09:00:00Z"), true);
        check(&hourly, "2026-01-05T10:00:00Z", Some("2026-01-05T11:30:00Z"), false);
    }

    #[test]
    fn a_window_gives_one_moment_unless_there_is_an_interval() {
        let daily = rule(Some(("9:00", "17:00")), &[], None);
        check(&daily, "2026-01-05T07:59:59Z", None, false);
        check(&daily, "2026-01-05T08:00:00Z", None, true);
        check(&daily, "2026-01-05T15:00:00Z", Some("2026-01-05T08:00:00Z"), false);
        check(&daily, "2026-01-05T15:00:00Z", Some("2026-01-05T07:59:59Z"), true);
        check(&daily, "2026-01-05T16:00:00Z", None, false);
        let often = rule(Some(("9:00", "17:00")), &[], Some(3600));
        check(&often, "2026-01-05T15:00:00Z", Some("2026-01-05T14:00:00Z"), true);
        check(&often, "2026-01-05T16:00:00Z", Some("2026-01-05T14:00:00Z"), false);
    }

    #[test]
    fn a_window_may_go_past_midnight() {
        let nightly = rule(Some(("10PM", "2AM")), &[], None);
        check(&nightly, "2026-01-05T20:59:00Z", None, false);
        check(&nightly, "2026-01-05T21:00:00Z", None, true);
        check(&nightly, "2026-01-06T00:30:00Z", Some("2026-01-05T21:00:00Z"), false);
        check(&nightly, "2026-01-06T00:30:00Z", Some("2026-01-05T01:00:00Z"), true);
        check(&nightly, "2026-01-06T01:00:00Z", None, false);
    }

    #[test]
    fn without_anything_it_is_once_a_day_of_the_place() {
        let daily = rule(None, &[], None);
        check(&daily, "2026-01-05T22:59:00Z", Some("2026-01-05T00:00:00Z"), false);
        check(&daily, "2026-01-05T23:00:00Z", Some("2026-01-05T00:00:00Z"), true);
    }

    #[test]
    fn days_are_those_of_the_place() {
        // The fifth is a Monday.
        let tuesdays = rule(None, &[Weekday::Tuesday], None);
        check(&tuesdays, "2026-01-05T22:59:00Z", None, false);
        check(&tuesdays, "2026-01-05T23:00:00Z", None, true);
    }

    #[test]
    fn nothing_before_the_start() {
        let mut late = rule(None, &[], Some(1));
        late.start_after = moment("2026-01-05T12:00", &late.zone);
        check(&late, "2026-01-05T10:59:59Z", None, false);
        check(&late, "2026-01-05T11:00:00Z", None, true);
        late.is_first_at_once = true;
        check(&late, "2026-01-01T00:00:00Z", None, true);
    }
}

//! Moments, durations as people write them, and the port through which time comes in.
//!
//! *Follows:* Go's duration syntax, as Concourse reads it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: microseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` after the Unix epoch.
    pub fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time that passed from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(micros))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Duration) -> Timestamp {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(micros))
    }
}

/// Where time comes from: the wall clock in the program, a clock moved by hand in tests.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits until `moment` has come. Dropping the future ends the wait.
    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDuration {
    /// The text as written.
    pub text: String,
}

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid duration '{}'", self.text)
    }
}

impl std::error::Error for InvalidDuration {}

/// Reads a duration: decimal numbers with units `ns us ms s m h`, concatenated (`1h30m`), or `0`.
///
/// # Errors
/// When the text is anything else, or negative: no duration in a pipeline may be.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let invalid = || InvalidDuration { text: text.to_owned() };
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(invalid()),
        };
        total += number * seconds;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| invalid())
}

/// Prints a duration in Go's form: `1h30m0s`, `1m30s`, `2s`, `150ms`.
pub fn format_duration(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        return match span.as_nanos() {
            0 => "0s".to_owned(),
            n if n % 1_000_000 == 0 => format!("{}ms", n / 1_000_000),
            n if n % 1_000 == 0 => format!("{}µs", n / 1_000),
            n => format!("{n}ns"),
        };
    }
    let whole = span.as_secs();
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut fraction = format!("{:09}", span.subsec_nanos());
    while fraction.ends_with('0') {
        fraction.pop();
    }
    let seconds =
        if fraction.is_empty() { format!("{seconds}s") } else { format!("{seconds}.{fraction}s") };
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, m) => format!("{m}m{seconds}"),
        (h, m) => format!("{h}h{m}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, millis) in [
            ("0", Some(0)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            ("100ms", Some(100)),
            ("10", None),
            ("", None),
            ("1d", None),
            ("-1s", None),
            ("1 s", None),
        ] {
            let read = parse_duration(text).ok().map(|d| d.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (millis, text) in
            [(0, "0s"), (150, "150ms"), (2_000, "2s"), (90_500, "1m30.5s"), (5_400_000, "1h30m0s")]
        {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
        }
    }
}

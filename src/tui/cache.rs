//! What the screens know: every datum is on its way, fresh, stale or refused, and tells which.
//!
//! A datum never asks for itself; it only keeps who answered what. Answers to a question that
//! was asked again since are dropped here.

use std::time::Duration;

use crate::control::Error;
use crate::model::Timestamp;

/// Nothing is said of a wait that is shorter than this.
pub const PATIENCE: Duration = Duration::from_millis(150);

/// How a datum stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a, T> {
    /// Nobody asked.
    Unasked,
    /// Asked at that moment; no answer was ever there.
    Loading(Timestamp),
    /// As of that moment.
    Fresh(&'a T, Timestamp),
    /// As of that moment, and a later question got no answer.
    Stale(&'a T, Timestamp, &'a Error),
    /// Never answered, for this reason.
    Failed(&'a Error),
}

/// One datum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datum<T> {
    value: Option<(T, Timestamp)>,
    fault: Option<Error>,
    asked: Option<Asked>,
    generation: u64,
    is_dirty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    generation: u64,
    since: Timestamp,
}

impl<T> Default for Datum<T> {
    fn default() -> Self {
        Self { value: None, fault: None, asked: None, generation: 0, is_dirty: false }
    }
}

impl<T> Datum<T> {
    /// How it stands.
    pub fn known(&self) -> Known<'_, T> {
        match (&self.value, &self.fault, self.asked) {
            (Some((value, at)), None, _) => Known::Fresh(value, *at),
            (Some((value, at)), Some(fault), _) => Known::Stale(value, *at, fault),
            (None, Some(fault), None) => Known::Failed(fault),
            (None, _, Some(asked)) => Known::Loading(asked.since),
            (None, None, None) => Known::Unasked,
        }
    }

    /// The value, however old.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().map(|(value, _)| value)
    }

    /// The value, to change it in place.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut().map(|(value, _)| value)
    }

    /// The reason of the last refusal, if nothing came after it.
    pub fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// Whether a question is under way.
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Something changed: what is known may be wrong.
    pub fn soil(&mut self) {
        self.is_dirty = true;
    }

    /// Whether it should be asked for now: never asked, or soiled, and no question under way.
    pub fn is_wanted(&self) -> bool {
        self.asked.is_none() && (self.is_dirty || (self.value.is_none() && self.fault.is_none()))
    }

    /// A question goes out; gives its generation.
    pub fn ask(&mut self, now: Timestamp) -> u64 {
        self.generation += 1;
        self.is_dirty = false;
        self.asked = Some(Asked { generation: self.generation, since: now });
        self.generation
    }

    /// An answer came in. Says whether it was to the last question.
    pub fn answer(&mut self, generation: u64, answer: Result<T, Error>, now: Timestamp) -> bool {
        if self.asked.is_none_or(|asked| asked.generation != generation) {
            return false;
        }
        self.asked = None;
        match answer {
            Ok(value) => {
                self.value = Some((value, now));
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
        true
    }

    /// Puts a value that came as part of another answer.
    pub fn put(&mut self, value: T, now: Timestamp) {
        self.value = Some((value, now));
        self.fault = None;
    }

    /// When the wait becomes worth a word, if nothing is there yet.
    pub fn patience_ends(&self) -> Option<Timestamp> {
        match self.known() {
            Known::Loading(since) => Some(since + PATIENCE),
            Known::Unasked | Known::Fresh(..) | Known::Stale(..) | Known::Failed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::ErrorKind;

    const T0: Timestamp = Timestamp(1_000_000);

    #[test]
    fn late_answers_are_dropped() {
        let mut datum: Datum<u8> = Datum::default();
        assert!(datum.is_wanted());
        let first = datum.ask(T0);
        assert!(!datum.is_wanted());
        let second = datum.ask(T0);
        assert!(!datum.answer(first, Ok(1), T0));
        assert_eq!(datum.known(), Known::Loading(T0));
        assert!(datum.answer(second, Ok(2), T0));
        assert_eq!(datum.known(), Known::Fresh(&2, T0));
        assert!(!datum.answer(second, Ok(3), T0));
    }

    #[test]
    fn what_changed_while_asked_is_asked_again() {
        let mut datum: Datum<u8> = Datum::default();
        let generation = datum.ask(T0);
        datum.soil();
        assert!(!datum.is_wanted());
        datum.answer(generation, Ok(1), T0);
        assert!(datum.is_wanted());
    }

    #[test]
    fn a_refusal_keeps_the_old_value() {
        let mut datum: Datum<u8> = Datum::default();
        let gone = Error::new(ErrorKind::Unavailable, "no answer");
        let generation = datum.ask(T0);
        datum.answer(generation, Err(gone.clone()), T0);
        assert_eq!(datum.known(), Known::Failed(&gone));
        assert!(!datum.is_wanted());
        datum.put(4, T0);
        let generation = datum.ask(T0);
        datum.answer(generation, Err(gone.clone()), T0);
        assert_eq!(datum.known(), Known::Stale(&4, T0, &gone));
    }
}

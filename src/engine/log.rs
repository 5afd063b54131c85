//! Output on its way to the log: cut into pieces, secrets taken out.
//!
//! A piece ends at a line's end, or is what came in 50 ms, and is never larger than 32 KiB. The
//! first line after a pause goes at once; while more comes, lines are gathered. This file does
//! no IO: who has a [`Stream`] gives it bytes and the time, and asks when to look again.
//!
//! *Follows:* `atc/engine/build_step_delegate.go` for what is held back, but for the 50 ms.

use std::ops::Range;
use std::time::Duration;

use super::redact::{Patterns, replace};
use crate::model::Timestamp;

/// The largest piece, in bytes of output.
pub const MAX_PIECE: usize = 32 * 1024;

/// How long lines are gathered, and how long a line may go without its end.
const GATHER: Duration = Duration::from_millis(50);

/// How long the beginning of what may be a secret, or a part of a character, is held back.
const HOLD: Duration = Duration::from_secs(1);

/// A piece for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text without secrets.
    pub text: String,
    /// The offset in the output that it ends at.
    pub end: u64,
}

/// One stream of output.
pub struct Stream {
    pending: Vec<u8>,
    /// The offset that `pending` ends at.
    end: u64,
    /// How much of `pending` is no secret's beginning and ends with a whole character.
    safe: usize,
    matches: Vec<Range<usize>>,
    arrived: Timestamp,
    taken: Option<Timestamp>,
}

impl Stream {
    /// A stream whose first byte has this offset.
    pub fn from(offset: u64) -> Self {
        Self {
            pending: Vec::new(),
            end: offset,
            safe: 0,
            matches: Vec::new(),
            arrived: Timestamp::default(),
            taken: None,
        }
    }

    /// Adds what came.
    pub fn push(&mut self, bytes: &[u8], now: Timestamp, patterns: Option<&Patterns>) {
        self.pending.extend_from_slice(bytes);
        self.end += bytes.len() as u64;
        self.arrived = now;
        self.search(patterns);
    }

    /// When to take next; nothing while nothing waits.
    pub fn due(&self) -> Option<Timestamp> {
        if self.pending.is_empty() {
            return None;
        }
        let gathered = self.taken.map_or(Timestamp::default(), |taken| taken + GATHER);
        Some(if self.safe >= MAX_PIECE {
            Timestamp::default()
        } else if self.line_end(0, self.safe).is_some() {
            gathered
        } else if self.safe > 0 {
            self.arrived + GATHER
        } else {
            self.arrived + HOLD
        })
    }

    /// Takes what is due.
    pub fn take(&mut self, now: Timestamp, patterns: Option<&Patterns>) -> Vec<Piece> {
        let Some(due) = self.due().filter(|due| *due <= now) else { return Vec::new() };
        let to = if self.safe == 0 {
            self.pending.len()
        } else if due == self.arrived + GATHER {
            self.safe
        } else {
            self.line_end(0, self.safe).unwrap_or(self.safe)
        };
        let pieces = self.cut(to);
        self.taken = Some(now);
        self.search(patterns);
        pieces
    }

    /// Takes all whole lines, because another stream speaks next.
    pub fn take_lines(&mut self, now: Timestamp, patterns: Option<&Patterns>) -> Vec<Piece> {
        let Some(to) = self.line_end(0, self.safe) else { return Vec::new() };
        let pieces = self.cut(to);
        self.taken = Some(now);
        self.search(patterns);
        pieces
    }

    /// Takes all there is, because the stream has ended.
    pub fn take_all(&mut self) -> Vec<Piece> {
        self.safe = self.pending.len();
        self.cut(self.pending.len())
    }

    fn search(&mut self, patterns: Option<&Patterns>) {
        self.matches.clear();
        self.safe = self.pending.len();
        if let Some(patterns) = patterns {
            self.matches = patterns.find(&self.pending);
            self.safe = patterns.held(&self.pending);
            if let Some(across) =
                self.matches.iter().find(|m| m.start < self.safe && m.end > self.safe)
            {
                let after = across.end;
                self.safe = after + patterns.held(&self.pending[after..]);
            }
        }
        self.safe = whole_characters(&self.pending, self.safe);
    }

    /// The place after the last line's end in a part of what waits.
    fn line_end(&self, from: usize, to: usize) -> Option<usize> {
        let newline = self.pending[from..to].iter().rposition(|byte| *byte == b'\n')?;
        Some(from + newline + 1)
    }

    fn cut(&mut self, to: usize) -> Vec<Piece> {
        let first = self.end - self.pending.len() as u64;
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < to {
            let next = self.piece_end(at, to);
            let mut clean = Vec::with_capacity(next - at);
            replace(&self.pending, at..next, &self.matches, &mut clean);
            let text = match String::from_utf8(clean) {
                Ok(text) => text,
                Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
            };
            pieces.push(Piece { text, end: first + next as u64 });
            at = next;
        }
        self.pending.drain(..to);
        pieces
    }

    fn piece_end(&self, at: usize, to: usize) -> usize {
        if to - at <= MAX_PIECE {
            return to;
        }
        let limit = at + MAX_PIECE;
        if let Some(line_end) = self.line_end(at, limit) {
            return line_end;
        }
        match self.matches.iter().find(|m| m.start < limit && m.end > limit) {
            Some(across) if across.start > at => across.start,
            Some(across) => across.end.min(to),
            None => match whole_characters(&self.pending[at..], MAX_PIECE) {
                0 => limit,
                whole => at + whole,
            },
        }
    }
}

/// The largest length up to `end` that does not end within a character.
fn whole_characters(bytes: &[u8], end: usize) -> usize {
    for back in 1..=end.min(3) {
        let byte = bytes[end - back];
        let length = match byte {
            0x00..=0x7f => 1,
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
        };
        return if length > back { end - back } else { end };
    }
    end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::redact::{REDACTED, Redactor};

    fn at(millis: i64) -> Timestamp {
        Timestamp(1_000_000_000 + millis * 1000)
    }

    fn texts(pieces: Vec<Piece>) -> Vec<String> {
        pieces.into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn the_first_line_goes_at_once_and_the_next_are_gathered() {
        let mut stream = Stream::from(0);
        stream.push(b"one\ntw", at(0), None);
        assert_eq!(texts(stream.take(at(0), None)), ["one\n"]);
        stream.push(b"o\nthree\n", at(10), None);
        assert_eq!(texts(stream.take(at(10), None)), [""; 0]);
        assert_eq!(stream.due(), Some(at(50)));
        stream.push(b"fo", at(20), None);
        let pieces = stream.take(at(50), None);
        assert_eq!(pieces, [Piece { text: "two\nthree\n".to_owned(), end: 14 }]);
        assert_eq!(stream.due(), Some(at(70)));
        assert_eq!(texts(stream.take(at(70), None)), ["fo"]);
        assert_eq!(stream.due(), None);
        assert!(stream.take_all().is_empty());
    }

    #[test]
    fn a_flood_is_cut_at_lines() {
        let mut stream = Stream::from(5);
        let line = format!("{}\n", "x".repeat(999));
        stream.push(line.repeat(60).as_bytes(), at(0), None);
        let pieces = stream.take(at(0), None);
        let sizes: Vec<_> = pieces.iter().map(|piece| (piece.text.len(), piece.end)).collect();
        assert_eq!(sizes, [(32_000, 32_005), (28_000, 60_005)]);
        stream.push("ä".repeat(20_000).as_bytes(), at(1), None);
        assert!(stream.take(at(1), None).iter().all(|piece| piece.text.len() <= MAX_PIECE));
    }

    #[test]
    fn a_possible_secret_and_half_a_character_are_held() {
        let redactor = Redactor::default();
        redactor.add(&"hunter2".into());
        let patterns = redactor.patterns();
        let patterns = patterns.as_deref();
        let mut stream = Stream::from(0);
        stream.push(b"key hunt", at(0), patterns);
        assert_eq!(texts(stream.take(at(50), patterns)), ["key "]);
        assert_eq!(stream.due(), Some(at(1000)));
        stream.push(b"er2 \xc3", at(900), patterns);
        assert_eq!(texts(stream.take(at(950), patterns)), ["((redacted)) "]);
        stream.push(b"\xa4", at(960), patterns);
        assert_eq!(texts(stream.take_all()), ["ä"]);
    }

    proptest! {
        #[test]
        fn no_cut_lets_a_secret_through(
            words in prop::collection::vec("(aab|abab|b|a|ä|\n|secret|sec|x{0,3})", 0..60),
            cuts in prop::collection::vec((1usize..9, 0i64..60), 0..60),
        ) {
            let redactor = Redactor::default();
            for secret in ["secret", "aab", "abab", "bä"] {
                redactor.add(&secret.into());
            }
            let patterns = redactor.patterns();
            let patterns = patterns.as_deref();
            let text = words.concat();
            let mut stream = Stream::from(0);
            let (mut rest, mut now, mut pieces) = (text.as_bytes(), 0, Vec::new());
            for (length, pause) in cuts {
                let (piece, after) = rest.split_at(length.min(rest.len()));
                rest = after;
                stream.push(piece, at(now), patterns);
                pieces.extend(stream.take(at(now), patterns));
                // Pauses are shorter than what may be a secret's beginning is held.
                now += pause;
                pieces.extend(stream.take(at(now), patterns));
            }
            stream.push(rest, at(now), patterns);
            pieces.extend(stream.take_all());
            let said: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            prop_assert_eq!(said, redactor.redact(&text).into_owned());
            prop_assert_eq!(pieces.last().map_or(0, |piece| piece.end), text.len() as u64);
            prop_assert!(!pieces.iter().any(|piece| piece.text.is_empty() || piece.text == REDACTED[1..]));
        }
    }
}

//! Lines in chunks of bytes, with an index.

use std::fs::File;

use super::line::{LogStyle, plain};
use super::severity::Severity;
use crate::model::Timestamp;

/// A chunk is closed at the first line end after so many bytes.
pub(super) const CHUNK: usize = 256 * 1024;
/// A line longer than this goes on as another one.
const LONGEST: usize = 1024 * 1024;
/// Every so many lines the style at their start is kept.
const CHECKPOINT: usize = 256;

/// Where a chunk's bytes are.
#[derive(Debug)]
pub(super) enum Body {
    Memory(Vec<u8>),
    Spilled { at: u64, length: usize },
}

/// Some lines.
#[derive(Debug)]
pub(super) struct Chunk {
    pub body: Body,
    /// Where lines start.
    pub starts: Vec<u32>,
    /// The number of its first line.
    pub first: usize,
    /// The style at every [`CHECKPOINT`]th line of it.
    styles: Vec<LogStyle>,
    /// Lines from which on another time holds.
    times: Vec<(u32, Timestamp)>,
}

impl Chunk {
    fn length(&self) -> usize {
        match &self.body {
            Body::Memory(bytes) => bytes.len(),
            Body::Spilled { length, .. } => *length,
        }
    }
}

/// A line's bytes, if they are in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// Here they are, without the line's end.
    Here(&'a [u8]),
    /// They are in the file: [`LogStore::load`] brings them.
    Away,
}

/// All lines of one log.
#[derive(Debug)]
pub struct LogStore {
    pub(super) chunks: Vec<Chunk>,
    /// Chunks that were brought back, the newest last.
    pub(super) at_hand: Vec<(usize, Vec<u8>)>,
    pub(super) file: Option<File>,
    pub(super) file_end: u64,
    pub(super) cap: usize,
    pub(super) in_memory: usize,
    bytes: u64,
    /// The style after the last whole line.
    style: LogStyle,
    /// Lines that tell an error, or warn.
    marked: Vec<(u32, Severity)>,
    /// Lines that go on where the one before was too long.
    continued: Vec<u32>,
    /// The last line has no end yet.
    is_open: bool,
}

impl Default for LogStore {
    fn default() -> LogStore {
        LogStore::with_cap(64 * 1024 * 1024)
    }
}

impl LogStore {
    /// An empty log that keeps about so many bytes in memory.
    pub fn with_cap(cap: usize) -> LogStore {
        LogStore {
            chunks: Vec::new(),
            at_hand: Vec::new(),
            file: None,
            file_end: 0,
            cap: cap.max(2 * CHUNK),
            in_memory: 0,
            bytes: 0,
            style: LogStyle::default(),
            marked: Vec::new(),
            continued: Vec::new(),
            is_open: false,
        }
    }

    /// Adds what was written at a time. Does no IO.
    pub fn append(&mut self, mut bytes: &[u8], at: Timestamp) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let end = bytes.iter().position(|b| *b == b'\n');
            let (piece, rest) = match end {
                Some(end) => (&bytes[..end], &bytes[end + 1..]),
                None => (bytes, &bytes[bytes.len()..]),
            };
            self.extend(piece, at);
            if end.is_some() {
                // An empty line is a line.
                if !self.is_open {
                    self.begin(at);
                }
                self.close();
            }
            bytes = rest;
        }
    }

    fn extend(&mut self, mut piece: &[u8], at: Timestamp) {
        while !piece.is_empty() {
            if !self.is_open {
                self.begin(at);
            }
            let have = self.open_line().map_or(0, <[u8]>::len);
            let room = LONGEST.saturating_sub(have);
            if room == 0 {
                self.close();
                self.continued.push(u32::try_from(self.len()).unwrap_or(u32::MAX));
                continue;
            }
            let (now, later) = piece.split_at(room.min(piece.len()));
            if let Some(Chunk { body: Body::Memory(body), .. }) = self.chunks.last_mut() {
                body.extend_from_slice(now);
                self.in_memory += now.len();
            }
            piece = later;
        }
    }

    fn begin(&mut self, at: Timestamp) {
        let is_full = self.chunks.last().is_none_or(|chunk| chunk.length() >= CHUNK);
        if is_full {
            let first = self.len();
            self.chunks.push(Chunk {
                body: Body::Memory(Vec::new()),
                starts: Vec::new(),
                first,
                styles: Vec::new(),
                times: Vec::new(),
            });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            let number = chunk.starts.len();
            if number.is_multiple_of(CHECKPOINT) {
                chunk.styles.push(self.style);
            }
            if chunk.times.last().is_none_or(|(_, time)| *time != at) {
                chunk.times.push((u32::try_from(number).unwrap_or(u32::MAX), at));
            }
            chunk.starts.push(u32::try_from(chunk.length()).unwrap_or(u32::MAX));
        }
        self.is_open = true;
    }

    fn close(&mut self) {
        let number = u32::try_from(self.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let mut style = self.style;
        let mut severity = Severity::Plain;
        if let Some(line) = self.open_line() {
            style = style.after(line);
            let shown = &line[..line.len().min(2_048)];
            severity = if shown.contains(&0x1b) || shown.contains(&b'\r') {
                Severity::of(plain(shown).as_bytes())
            } else {
                Severity::of(shown)
            };
        }
        self.style = style;
        if severity != Severity::Plain {
            self.marked.push((number, severity));
        }
        self.is_open = false;
    }

    fn open_line(&self) -> Option<&[u8]> {
        let chunk = self.chunks.last()?;
        let start = *chunk.starts.last()? as usize;
        match &chunk.body {
            Body::Memory(body) => body.get(start..),
            Body::Spilled { .. } => None,
        }
    }

    /// How many lines there are, the open one too.
    pub fn len(&self) -> usize {
        self.chunks.last().map_or(0, |chunk| chunk.first + chunk.starts.len())
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// How many bytes were written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes are in memory.
    pub fn in_memory(&self) -> usize {
        self.in_memory + self.at_hand.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// A line's bytes; none beyond the end.
    pub fn line(&self, number: usize) -> Option<Text<'_>> {
        let (at, chunk) = self.chunk_of(number)?;
        let (start, end) = range(chunk, number);
        let body = match &chunk.body {
            Body::Memory(body) => body,
            Body::Spilled { .. } => match self.at_hand.iter().find(|(of, _)| *of == at) {
                Some((_, body)) => body,
                None => return Some(Text::Away),
            },
        };
        Some(Text::Here(body.get(start..end).unwrap_or(&[])))
    }

    /// A line's text without its sequences; empty if its bytes are not at hand.
    pub fn plain(&self, number: usize) -> String {
        match self.line(number) {
            Some(Text::Here(bytes)) => plain(&bytes[..bytes.len().min(super::view::CUT)]),
            Some(Text::Away) | None => String::new(),
        }
    }

    /// When a line was begun.
    pub fn time(&self, number: usize) -> Option<Timestamp> {
        let (_, chunk) = self.chunk_of(number)?;
        let within = u32::try_from(number - chunk.first).ok()?;
        let after = chunk.times.partition_point(|(line, _)| *line <= within);
        chunk.times.get(after.checked_sub(1)?).map(|(_, time)| *time)
    }

    /// The style that a line begins with.
    pub fn style(&self, number: usize) -> LogStyle {
        let Some((_, chunk)) = self.chunk_of(number) else { return LogStyle::default() };
        let within = number - chunk.first;
        let checkpoint = within / CHECKPOINT;
        let style = chunk.styles.get(checkpoint).copied().unwrap_or_default();
        (chunk.first + checkpoint * CHECKPOINT..number).fold(style, |style, line| {
            match self.line(line) {
                Some(Text::Here(bytes)) => style.after(bytes),
                Some(Text::Away) | None => style,
            }
        })
    }

    /// What a line tells.
    pub fn severity(&self, number: usize) -> Severity {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match self.marked.binary_search_by_key(&number, |(line, _)| *line) {
            Ok(at) => self.marked[at].1,
            Err(_) => Severity::Plain,
        }
    }

    /// Whether a line only goes on where the one before was too long.
    pub fn is_continued(&self, number: usize) -> bool {
        u32::try_from(number).is_ok_and(|number| self.continued.binary_search(&number).is_ok())
    }

    /// The lines that tell an error, in order.
    pub fn errors(&self) -> impl Iterator<Item = usize> + '_ {
        self.marked
            .iter()
            .filter(|(_, severity)| *severity == Severity::Error)
            .map(|(line, _)| *line as usize)
    }

    /// The first line that tells an error: the one to show when a step failed.
    pub fn first_error(&self) -> Option<usize> {
        self.errors().next()
    }

    /// Lines before which nothing was written for so long: the line, and how long.
    pub fn silences(
        &self,
        least: std::time::Duration,
    ) -> impl Iterator<Item = (usize, std::time::Duration)> + '_ {
        let mut before: Option<Timestamp> = None;
        self.chunks
            .iter()
            .flat_map(|chunk| {
                chunk.times.iter().map(|(line, time)| (chunk.first + *line as usize, *time))
            })
            .filter_map(move |(line, time)| {
                let span = before.map(|before| time.since(before));
                before = Some(time);
                span.filter(|span| *span >= least).map(|span| (line, span))
            })
    }

    pub(super) fn chunk_of(&self, number: usize) -> Option<(usize, &Chunk)> {
        let at = self.chunks.partition_point(|chunk| chunk.first <= number).checked_sub(1)?;
        let chunk = &self.chunks[at];
        (number < chunk.first + chunk.starts.len()).then_some((at, chunk))
    }

    pub(super) fn chunks_of(
        &self,
        lines: std::ops::Range<usize>,
    ) -> impl Iterator<Item = usize> + '_ {
        let first = self.chunks.partition_point(|chunk| chunk.first <= lines.start);
        let from = first.saturating_sub(1);
        (from..self.chunks.len()).take_while(move |&at| self.chunks[at].first < lines.end)
    }
}

/// Where a line's bytes are in its chunk. Line ends are not kept, so the next start is the end.
pub(super) fn range(chunk: &Chunk, number: usize) -> (usize, usize) {
    let within = number - chunk.first;
    let start = chunk.starts[within] as usize;
    let end = chunk.starts.get(within + 1).map_or(chunk.length(), |next| *next as usize);
    (start, end)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn lines(store: &LogStore) -> Vec<String> {
        (0..store.len()).map(|line| store.plain(line)).collect()
    }

    #[test]
    fn lines_come_in_pieces() {
        let whole = b"one\ntwo\n\nthree \x1b[31mred\nstill";
        for size in 1..whole.len() {
            let mut store = LogStore::default();
            for piece in whole.chunks(size) {
                store.append(piece, Timestamp::from_secs(1));
            }
            assert_eq!(lines(&store), ["one", "two", "", "three red", "still"], "{size}");
            assert!(store.style(3).is_plain());
            assert!(!store.style(4).is_plain());
        }
        assert_eq!(LogStore::default().line(0), None);
    }

    #[test]
    fn times_errors_and_silences() {
        let mut store = LogStore::default();
        store.append(b"start\n", Timestamp::from_secs(10));
        store.append(b"not ok 1\nWARN: slow\n", Timestamp::from_secs(100));
        store.append(b"exit status 1\n", Timestamp::from_secs(101));
        assert_eq!(store.time(2), Some(Timestamp::from_secs(100)));
        assert_eq!(store.errors().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(store.severity(2), Severity::Warning);
        let silences: Vec<_> = store.silences(Duration::from_secs(60)).collect();
        assert_eq!(silences, [(1, Duration::from_secs(90))]);
    }

    #[test]
    fn a_long_line_goes_on_as_another() {
        let mut store = LogStore::default();
        store.append(&vec![b'x'; LONGEST + 5], Timestamp::default());
        store.append(b"\nend\n", Timestamp::default());
        assert_eq!(store.len(), 3);
        assert!(!store.is_continued(0) && store.is_continued(1) && !store.is_continued(2));
        assert_eq!(store.plain(1), "xxxxx");
    }

    #[test]
    fn a_million_lines_are_kept_and_found_at_once() {
        let mut store = LogStore::default();
        let block: Vec<u8> = (0..1_000)
            .flat_map(|i| {
                format!("{i:06} some text that a build writes, not too long\n").into_bytes()
            })
            .collect();
        for i in 0..1_000 {
            store.append(&block, Timestamp::from_secs(i));
        }
        assert_eq!(store.len(), 1_000_000);
        let begun = Instant::now();
        for line in (0..1_000_000).step_by(10_007) {
            assert!(store.plain(line).starts_with(&format!("{:06}", line % 1_000)));
            assert!(store.style(line).is_plain());
        }
        // A hundred random places; a frame needs fifty lines that stand together.
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

//! Reading a log from an id on: first what is there, as fast as the disk gives it, then what
//! comes, woken by the writer.

use std::sync::Arc;

use tokio::sync::watch;

use super::archive::{Archive, count_lines, read_lines};
use super::disk::Tape;
use super::log::{Log, Place, Progress};
use crate::model::build::{Envelope, EventId};
use crate::store::{Result, StoreError};

/// How many bytes are read at once.
const CHUNK: usize = 256 * 1024;

/// Reads a build's log from an id on, as it grows.
pub struct LogReader {
    log: Arc<Log>,
    progress: watch::Receiver<Progress>,
    /// The first id that is wanted.
    from: EventId,
    at: At,
    /// Whether it ends with what is there.
    is_ending: bool,
}

/// Where the reader is.
#[derive(Clone)]
enum At {
    /// Before a line of a file that may grow; nothing was written to it while it has no tape.
    Tape { tape: Option<Arc<Tape>>, id: EventId, offset: u64 },
    /// Before a block of a compressed one.
    Archive { archive: Arc<Archive>, block: usize },
}

/// Whole lines of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The id of the first.
    pub first: EventId,
    /// How many.
    pub n_lines: u32,
    /// The text, each line with its end.
    pub bytes: Vec<u8>,
}

impl Lines {
    /// The events.
    ///
    /// # Errors
    /// When a line is none that this program knows.
    pub fn decode(&self) -> Result<Vec<Envelope>> {
        let lines = self.bytes.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| {
                serde_json::from_slice(line).map_err(|error| StoreError::Decode {
                    what: "event".to_owned(),
                    source: error.into(),
                })
            })
            .collect()
    }

    /// Leaves out lines before `from`.
    fn skip_to(mut self, from: EventId) -> Option<Self> {
        let mut start = 0;
        while self.first < from && self.n_lines > 0 {
            start += self.bytes[start..].iter().position(|byte| *byte == b'\n')? + 1;
            self.first += 1;
            self.n_lines -= 1;
        }
        self.bytes.drain(..start);
        (self.n_lines > 0).then_some(self)
    }
}

impl LogReader {
    /// Waits for the disk.
    pub(super) fn open(log: Arc<Log>, from: EventId) -> Result<Self> {
        let at = At::of(log.place(from)?, from);
        Ok(Self { progress: log.progress(), log, from, at, is_ending: false })
    }

    /// The same, which does not wait for more.
    pub(in crate::store) fn ending(mut self) -> Self {
        self.is_ending = true;
        self
    }

    /// The next events in order, as many as there are up to a bound. Waits when there are none
    /// yet; nothing once the log is complete and all was given. Cancel safe.
    ///
    /// # Errors
    /// When the disk does not answer, or an event is none that this program knows.
    pub async fn next(&mut self) -> Result<Option<Vec<Envelope>>> {
        match self.next_lines().await? {
            Some(lines) => lines.decode().map(Some),
            None => Ok(None),
        }
    }

    /// The same as the lines that stand in the log, without decoding them. Cancel safe.
    ///
    /// # Errors
    /// When the disk does not answer.
    pub async fn next_lines(&mut self) -> Result<Option<Lines>> {
        loop {
            let seen = *self.progress.borrow_and_update();
            let (log, at, from) = (Arc::clone(&self.log), self.at.clone(), self.from);
            // The reader moves only when the piece is here, so it may be dropped at any time.
            let work = move || at.read(&log, seen.len, from);
            let read = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
                Err(StoreError::Decode { what: "log".to_owned(), source: error.into() })
            })?;
            if let Some((lines, after)) = read {
                self.at = after;
                if let Some(lines) = lines.skip_to(self.from) {
                    self.from = lines.first + u64::from(lines.n_lines);
                    return Ok(Some(lines));
                }
                continue;
            }
            if seen.is_complete || self.is_ending {
                return Ok(None);
            }
            // The log is held, so its sender is there.
            let _ = self.progress.changed().await;
        }
    }
}

impl At {
    fn of(place: Place, from: EventId) -> Self {
        match place {
            Place::Tape { tape, id, offset } => At::Tape { tape, id, offset },
            Place::Archive(archive) => At::Archive { block: archive.find(from), archive },
        }
    }

    /// The next lines and where the reader is after them; nothing where it has all.
    fn read(self, log: &Log, len: u64, from: EventId) -> Result<Option<(Lines, At)>> {
        match self {
            At::Tape { tape: None, .. } => {
                if len == 0 && !log.is_complete() {
                    return Ok(None);
                }
                // Something was written since, or it was compressed already.
                match At::of(log.place(from)?, from) {
                    At::Tape { tape: None, .. } => Ok(None),
                    at => at.read(log, len, from),
                }
            }
            At::Tape { tape: Some(tape), id, offset } => {
                let bytes = read_lines(&tape, offset, len, CHUNK).map_err(disk)?;
                let n_lines = count_lines(&bytes);
                if n_lines == 0 {
                    return Ok(None);
                }
                let after = At::Tape {
                    tape: Some(tape),
                    id: id + u64::from(n_lines),
                    offset: offset + bytes.len() as u64,
                };
                Ok(Some((Lines { first: id, n_lines, bytes }, after)))
            }
            At::Archive { archive, block } => {
                let Some((first, bytes)) = archive.read(block).map_err(disk)? else {
                    return Ok(None);
                };
                let lines = Lines { first, n_lines: count_lines(&bytes), bytes };
                Ok(Some((lines, At::Archive { archive, block: block + 1 })))
            }
        }
    }
}

/// Where the last whole line ends.
pub(super) fn cut_at_line(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |i| i + 1)
}

fn disk(source: std::io::Error) -> StoreError {
    StoreError::Decode { what: "log".to_owned(), source: source.into() }
}

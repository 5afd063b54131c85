//! Opening a log that a process left behind: where its lines are, and where they end.
//!
//! A process that dies leaves whole lines and at most a piece of one; a machine that loses power
//! may leave zeros, or blocks of what was there before, after what was synced. All from the first
//! line on that is not one of this log is cut.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};

use crate::model::build::{Envelope, Event, EventId, Status};

/// A place in the index for at least so many bytes.
pub(super) const INDEX_EVERY: u64 = 64 * 1024;

/// Where the lines of a log are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    /// Where its last whole line ends.
    pub(super) len: u64,
    /// The id after the last.
    pub(super) next_id: EventId,
    /// Some lines and where they begin, rising.
    pub(super) index: Vec<(EventId, u64)>,
    /// The status that it ends with.
    pub(super) status: Option<Status>,
}

impl Scanned {
    /// Notes a line that follows the last one.
    pub(super) fn add_line(&mut self, len: u64) {
        if self.index.last().is_none_or(|(_, offset)| self.len - offset >= INDEX_EVERY) {
            self.index.push((self.next_id, self.len));
        }
        self.len += len;
        self.next_id += 1;
    }

    /// The last line of the index that is not after `id`.
    pub(super) fn find(&self, id: EventId) -> (EventId, u64) {
        let after = self.index.partition_point(|(first, _)| *first <= id);
        after.checked_sub(1).map_or((0, 0), |i| self.index[i])
    }
}

/// Reads the whole file once.
pub(super) fn scan(file: &File) -> io::Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    reader.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    // Lines that look right are counted; the last of them are looked into below.
    while read_line(&mut reader, &mut line)? && line.starts_with(b"{") && !line.contains(&0) {
        scanned.add_line(line.len() as u64);
    }
    check_tail(file, scanned)
}

/// Looks into the lines at the end, and forgets those from the first wrong one on.
fn check_tail(file: &File, scanned: Scanned) -> io::Result<Scanned> {
    // Two places back, so that there is at least one whole stretch to look into.
    let n_known = scanned.index.len().saturating_sub(2);
    let (next_id, len) = scanned.index.get(n_known).copied().unwrap_or_default();
    let mut checked =
        Scanned { len, next_id, index: scanned.index[..n_known].to_vec(), status: None };
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    reader.seek(SeekFrom::Start(len))?;
    let mut line = Vec::new();
    while checked.len < scanned.len && read_line(&mut reader, &mut line)? {
        match serde_json::from_slice::<Envelope>(&line) {
            Ok(envelope) if envelope.id == checked.next_id => {
                checked.status = final_status(&envelope);
            }
            _ => break,
        }
        checked.add_line(line.len() as u64);
    }
    Ok(checked)
}

/// The status that ends a log, if the event is one.
pub(super) fn final_status(envelope: &Envelope) -> Option<Status> {
    match &envelope.event {
        Event::Status { status, .. } if status.is_over() => Some(*status),
        _ => None,
    }
}

/// Reads a whole line with its end; tells whether there was one.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    reader.read_until(b'\n', line)?;
    Ok(line.last() == Some(&b'\n'))
}

//! The event logs of builds: append-only files that many may read while one writes.

use std::sync::Arc;

use crate::engine::journal::NewEvent;
use crate::model::BuildId;
use crate::model::build::{Envelope, EventId};

use super::{Result, Store};

/// Reads a build's log from an id on, as it grows.
pub struct LogReader {
    _private: (),
}

impl LogReader {
    /// The next events in order, as many as there are up to a bound. Waits when there are none
    /// yet; nothing once the log is complete and all was given. Cancel safe.
    pub async fn next(&mut self) -> Result<Option<Vec<Envelope>>> {
        todo!()
    }

    /// The same as the lines that stand in the log, without decoding them.
    pub async fn next_lines(&mut self) -> Result<Option<Lines>> {
        todo!()
    }
}

/// Whole lines of a log.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The id of the first.
    pub first: EventId,
    /// How many.
    pub n_lines: u64,
    /// The text, each line with its end.
    pub bytes: Arc<[u8]>,
}

impl Store {
    /// Appends events to a build's log. When it returns they are written, and synced if a
    /// status is among them. Gives the id of the first.
    ///
    /// # Errors
    /// When the disk refuses: nothing of the call is in the log then.
    pub async fn append_events(&self, _build: BuildId, _events: &[NewEvent]) -> Result<EventId> {
        todo!()
    }

    /// Reads a build's log from `from` on. A build without a log yet has one without events.
    pub async fn read_events(&self, _build: BuildId, _from: EventId) -> Result<LogReader> {
        todo!()
    }

    /// Says that nothing more comes: readers end, the log is compressed. Doing it again changes
    /// nothing.
    pub async fn complete_log(&self, _build: BuildId) -> Result<()> {
        todo!()
    }

    /// Deletes a build's log.
    pub async fn delete_log(&self, _build: BuildId) -> Result<()> {
        todo!()
    }
}

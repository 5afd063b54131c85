//! What one node says and journals.

use std::sync::Arc;

use super::build::Build;
use super::journal::{JournalError, NewEvent, Record};
use super::log::Piece;
use crate::model::build::{Event, LogSource, Origin};
use crate::model::{PlanId, Timestamp};

/// Writes for one node. What the log has from an earlier core is not written again.
#[derive(Clone)]
pub struct Report {
    build: Arc<Build>,
    id: PlanId,
}

impl Report {
    /// The report of a node.
    pub fn new(build: Arc<Build>, id: PlanId) -> Self {
        Self { build, id }
    }

    /// The node.
    pub fn id(&self) -> &PlanId {
        &self.id
    }

    /// Writes the event that `make` makes of the node's origin and the time.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn emit(
        &self,
        make: impl FnOnce(Origin, i64) -> Event + Send,
    ) -> Result<(), JournalError> {
        let event = make(Origin::node(&self.id), self.now().secs());
        if self.build.replay.event_at(&self.id, event.kind().0).is_some() {
            return Ok(());
        }
        self.append(vec![NewEvent { event, output_offset: None }]).await
    }

    /// Writes a line of our own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn say(&self, source: LogSource, line: &str) -> Result<(), JournalError> {
        let text = self.build.redactor.redact(line).into_owned() + "\n";
        self.words(source, vec![text]).await
    }

    /// Writes text of a stream that no process has, but for lines that it had before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn words(&self, source: LogSource, texts: Vec<String>) -> Result<(), JournalError> {
        let unsaid = texts
            .into_iter()
            .map(|text| self.build.replay.unsaid(&self.id, source, text))
            .filter(|text| !text.is_empty());
        let events = unsaid.map(|text| self.log(source, text, None)).collect();
        self.append(events).await
    }

    /// Writes output of a process.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn output(&self, source: LogSource, pieces: Vec<Piece>) -> Result<(), JournalError> {
        let events =
            pieces.into_iter().map(|piece| self.log(source, piece.text, Some(piece.end))).collect();
        self.append(events).await
    }

    /// Journals a record of the node.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn record(&self, record: Record) -> Result<(), JournalError> {
        self.build.parts.journal.record(self.build.spec.id, &self.id, record).await
    }

    fn log(&self, source: LogSource, payload: String, output_offset: Option<u64>) -> NewEvent {
        let origin = Origin::stream(&self.id, source);
        let event = Event::Log { time: self.now().secs(), origin, payload };
        NewEvent { event, output_offset }
    }

    async fn append(&self, events: Vec<NewEvent>) -> Result<(), JournalError> {
        if events.is_empty() {
            return Ok(());
        }
        self.build.parts.journal.append(self.build.spec.id, events).await.map(|_| ())
    }

    fn now(&self) -> Timestamp {
        self.build.parts.clock.now()
    }
}

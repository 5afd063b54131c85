//! What a build did under an earlier core: read once from its log and its journal.
//!
//! A node that ended answers from here; an event that stands in the log is not written again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::journal::{ArtifactRecord, Journal, JournalError, Record};
use crate::model::build::{Cause, Envelope, Event, LogSource, Outcome, Status};
use crate::model::{BuildId, PlanId, Timestamp, Value, Version};

/// How much of what a node said without a process behind it is remembered, so that it is not
/// said twice.
const REMEMBERED: usize = 1 << 20;

/// What an earlier core left of a build.
#[derive(Default)]
pub struct Replay {
    started: bool,
    over: Option<Status>,
    last_error: Option<String>,
    events: HashMap<(PlanId, &'static str), Timestamp>,
    begun_at: HashMap<PlanId, Timestamp>,
    offsets: HashMap<(PlanId, LogSource), u64>,
    said: Mutex<HashMap<(PlanId, LogSource), String>>,
    nodes: HashMap<PlanId, Node>,
}

/// What the journal has of a node.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Whether it acted outside, or was about to.
    pub is_begun: bool,
    /// The runtime and handle of its container.
    pub container: Option<(String, String)>,
    /// How it was about to end when its process was told to stop.
    pub stopping: Option<Outcome>,
    /// How it ended.
    pub finished: Option<Finished>,
}

/// How a node ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The outcome.
    pub outcome: Outcome,
    /// The version that it made or brought.
    pub version: Option<Version>,
    /// The artifacts that it left.
    pub artifacts: Vec<ArtifactRecord>,
    /// The local vars that it set and that logs may show.
    pub vars: Vec<(String, Value)>,
}

impl Replay {
    /// Reads what there is of a build.
    ///
    /// # Errors
    /// When log or journal cannot be read.
    pub async fn read(journal: &dyn Journal, build: BuildId) -> Result<Self, JournalError> {
        let mut replay = Self::default();
        for (id, record) in journal.records(build).await? {
            let node = replay.nodes.entry(id).or_default();
            match record {
                Record::Begun => node.is_begun = true,
                Record::Container { runtime, handle } => node.container = Some((runtime, handle)),
                Record::Stopping { outcome } => node.stopping = Some(outcome),
                Record::Finished { outcome, version, artifacts, vars } => {
                    node.finished = Some(Finished { outcome, version, artifacts, vars });
                }
            }
        }
        journal.read_log(build, &mut |envelope| replay.see(envelope)).await?;
        Ok(replay)
    }

    fn see(&mut self, envelope: &Envelope) {
        if let Event::Status { status, .. } = &envelope.event {
            self.started = true;
            self.over = self.over.or(Some(*status).filter(|status| status.is_over()));
        }
        let Some(origin) = envelope.event.origin() else { return };
        self.begun_at.entry(origin.id.clone()).or_insert(envelope.at);
        if let (Event::Log { payload, .. }, Some(source)) = (&envelope.event, origin.source) {
            let key = (origin.id.clone(), source);
            if let Some(offset) = envelope.output_offset {
                self.offsets.insert(key, offset);
            } else if self.nodes.get(&origin.id).is_none_or(|node| node.finished.is_none()) {
                let said = self.said.get_mut().unwrap_or_else(PoisonError::into_inner);
                let said = said.entry(key).or_default();
                if said.len() + payload.len() <= REMEMBERED {
                    said.push_str(payload);
                }
            }
        } else {
            if let Event::Error { message, .. } = &envelope.event {
                self.last_error = Some(message.clone());
            }
            let (kind, _) = envelope.event.kind();
            self.events.entry((origin.id.clone(), kind)).or_insert(envelope.at);
        }
    }

    /// Whether the log has the build's first event.
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// The outcome of a build whose log has its final status.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match self.over? {
            Status::Succeeded => Outcome::Succeeded,
            Status::Failed => Outcome::Failed,
            Status::Aborted => Outcome::Stopped(Cause::Aborted),
            Status::Errored | Status::Pending | Status::Started => {
                let why = self.last_error.as_deref().unwrap_or("its log does not say why");
                Outcome::Errored(why.to_owned())
            }
        })
    }

    /// When an event of that kind was written for a node.
    pub fn event_at(&self, id: &PlanId, kind: &'static str) -> Option<Timestamp> {
        self.events.get(&(id.clone(), kind)).copied()
    }

    /// When the first event of a node was written.
    pub fn begun_at(&self, id: &PlanId) -> Option<Timestamp> {
        self.begun_at.get(id).copied()
    }

    /// Up to where a process's output stands in the log.
    pub fn offset(&self, id: &PlanId, source: LogSource) -> u64 {
        self.offsets.get(&(id.clone(), source)).copied().unwrap_or(0)
    }

    /// What the journal has of a node.
    pub fn node(&self, id: &PlanId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// `text` without the lines that a node said before.
    pub fn unsaid(&self, id: &PlanId, source: LogSource, text: String) -> String {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (id.clone(), source);
        let Some(rest) = said.get_mut(&key) else { return text };
        let mut unsaid = String::new();
        for line in text.split_inclusive('\n') {
            let whole_lines = rest.rfind('\n').map_or(0, |newline| newline + 1);
            let partial = &rest[whole_lines..];
            if let Some(at) = rest.find(line).filter(|at| is_line_start(rest, *at)) {
                rest.drain(..at + line.len());
            } else if !partial.is_empty() && line.starts_with(partial) {
                unsaid.push_str(&line[partial.len()..]);
                rest.truncate(whole_lines);
            } else {
                unsaid.push_str(line);
            }
        }
        if rest.is_empty() {
            said.remove(&key);
        }
        unsaid
    }
}

fn is_line_start(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes()[at - 1] == b'\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_not_said_again() {
        for (said, again, expected) in [
            ("a\nb\na\n", "a\nb\na\nc\n", "c\n"),
            ("a\nb\n", "x\na\nb\n", "x\n"),
            ("a\nclo", "a\ncloning\nx\n", "ning\nx\n"),
            ("", "a\n", "a\n"),
            ("ba\n", "a\n", "a\n"),
        ] {
            let replay = Replay::default();
            let key = (PlanId::from("1"), LogSource::Stderr);
            replay.said.lock().expect("free").insert(key, said.to_owned());
            let unsaid = replay.unsaid(&PlanId::from("1"), LogSource::Stderr, again.to_owned());
            assert_eq!(unsaid, expected, "{said:?} {again:?}");
        }
    }
}

//! One build's log: what it holds, and how it grows.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::archive::Archive;
use super::disk::{self, Create, Paths, Tape, fault};
use super::lock;
use super::scan::{Scanned, final_status, scan};
use crate::engine::journal::NewEvent;
use crate::model::build::{Envelope, Event, EventId, Status};
use crate::model::{BuildId, Timestamp};
use crate::store::{Result, StoreError};

/// A build's log. All of it waits for the disk, so it is for threads that may.
pub(super) struct Log {
    build: BuildId,
    paths: Paths,
    state: Mutex<State>,
    /// Held while it is compressed, which must not hold up readers.
    compressing: Mutex<()>,
    progress: watch::Sender<Progress>,
}

/// How far a log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// How many bytes of it may be read while it grows.
    pub(super) len: u64,
    /// Whether nothing more comes.
    pub(super) is_complete: bool,
}

enum State {
    /// Nobody has looked yet.
    Unknown,
    Growing(Growing),
    Archived(Arc<Archive>),
}

struct Growing {
    /// Nothing before the first event.
    tape: Option<Arc<Tape>>,
    lines: Scanned,
    /// Whether the file may hold more than `lines` knows.
    has_rest: bool,
    is_synced: bool,
}

/// Where to begin to read.
pub(super) enum Place {
    /// In a file that may grow, at a line with that id.
    Tape { tape: Option<Arc<Tape>>, id: EventId, offset: u64 },
    /// In a compressed one.
    Archive(Arc<Archive>),
}

impl Log {
    pub(super) fn new(build: BuildId, paths: Paths) -> Self {
        Self {
            build,
            paths,
            state: Mutex::new(State::Unknown),
            compressing: Mutex::default(),
            progress: watch::Sender::default(),
        }
    }

    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Whether nothing more comes, as far as anybody has looked.
    pub(super) fn is_complete(&self) -> bool {
        self.progress.borrow().is_complete
    }

    pub(super) fn append(&self, events: &[NewEvent], at: Timestamp) -> Result<EventId> {
        let mut state = lock(&self.state);
        self.look(&mut state)?;
        let State::Growing(growing) = &mut *state else { return Err(self.ended()) };
        if growing.lines.status.is_some() || self.is_complete() {
            return Err(self.ended());
        }
        let first = growing.lines.next_id;
        let batch = Batch::of(events, first, at)?;
        if batch.lines.is_empty() {
            return Ok(first);
        }
        let tape = growing.tape(&self.paths)?;
        self.write(growing, &tape, &batch)?;
        for len in &batch.lines {
            growing.lines.add_line(*len);
        }
        growing.lines.status = batch.status;
        growing.is_synced = batch.has_status;
        self.progress
            .send_replace(Progress { len: growing.lines.len, is_complete: batch.status.is_some() });
        Ok(first)
    }

    /// Writes after the last line. What is written is nobody's until `lines` has it; if the disk
    /// refuses, it is cut, at the latest before the next write.
    fn write(&self, growing: &mut Growing, tape: &Tape, batch: &Batch) -> Result<()> {
        let len = growing.lines.len;
        if growing.has_rest {
            tape.cut(len).map_err(|source| fault("mend", &self.paths.open, source))?;
            growing.has_rest = false;
        }
        let mut done = tape.write_at(&batch.bytes, len);
        if done.is_ok() && batch.has_status {
            done = tape.sync();
        }
        done.map_err(|source| {
            growing.has_rest = tape.cut(len).is_err();
            fault("write", &self.paths.open, source)
        })
    }

    /// Puts what is written on the disk.
    pub(super) fn sync(&self) -> Result<()> {
        let (tape, len) = {
            let state = lock(&self.state);
            match &*state {
                State::Growing(Growing { tape: Some(tape), lines, is_synced: false, .. }) => {
                    (Arc::clone(tape), lines.len)
                }
                _ => return Ok(()),
            }
        };
        // Without the lock: appending goes on meanwhile.
        tape.sync().map_err(|source| fault("sync", &self.paths.open, source))?;
        if let State::Growing(growing) = &mut *lock(&self.state) {
            growing.is_synced |= growing.lines.len == len;
        }
        Ok(())
    }

    /// Where to read from to find that id; at its end if it is not there yet.
    pub(super) fn place(&self, from: EventId) -> Result<Place> {
        let mut state = lock(&self.state);
        self.look(&mut state)?;
        Ok(match &*state {
            State::Archived(archive) => Place::Archive(Arc::clone(archive)),
            State::Growing(growing) => {
                let (id, offset) = growing.lines.find(from);
                Place::Tape { tape: growing.tape.clone(), id, offset }
            }
            State::Unknown => Place::Tape { tape: None, id: 0, offset: 0 },
        })
    }

    pub(super) fn final_status(&self) -> Result<Option<Status>> {
        let mut state = lock(&self.state);
        self.look(&mut state)?;
        match &*state {
            State::Growing(growing) => Ok(growing.lines.status),
            State::Archived(archive) => {
                let last = archive.last_line().map_err(|source| self.archive_fault(source))?;
                let last = last.map(|line| serde_json::from_slice::<Envelope>(&line));
                Ok(last.and_then(std::result::Result::ok).as_ref().and_then(final_status))
            }
            State::Unknown => Ok(None),
        }
    }

    /// Says that nothing more comes, and compresses what there is.
    pub(super) fn complete(&self) -> Result<()> {
        let _one_at_a_time = lock(&self.compressing);
        let (tape, len) = {
            let mut state = lock(&self.state);
            self.look(&mut state)?;
            self.progress.send_modify(|progress| progress.is_complete = true);
            match &*state {
                State::Growing(Growing { tape: Some(tape), lines, .. }) => {
                    (Arc::clone(tape), lines.len)
                }
                _ => return Ok(()),
            }
        };
        let fault_at = |source| fault("compress", &self.paths.unfinished, source);
        disk::make_folder(&self.paths.unfinished).map_err(fault_at)?;
        let file = disk::open(&self.paths.unfinished, Create::Anew).map_err(fault_at)?;
        Archive::write(&tape, len, &file).map_err(fault_at)?;
        file.sync_all().map_err(fault_at)?;
        std::fs::rename(&self.paths.unfinished, &self.paths.archive).map_err(fault_at)?;
        disk::sync_folder(&self.paths.archive).map_err(fault_at)?;
        let archive = Archive::open(file).map_err(|source| self.archive_fault(source))?;
        *lock(&self.state) = State::Archived(Arc::new(archive));
        disk::remove(&self.paths.open)
    }

    pub(super) fn delete(&self) -> Result<()> {
        let _one_at_a_time = lock(&self.compressing);
        let mut state = lock(&self.state);
        disk::remove(&self.paths.open)?;
        disk::remove(&self.paths.archive)?;
        *state = State::Growing(Growing::empty());
        self.progress.send_modify(|progress| progress.is_complete = true);
        Ok(())
    }

    /// Finds out what there is, once.
    fn look(&self, state: &mut State) -> Result<()> {
        if !matches!(state, State::Unknown) {
            return Ok(());
        }
        *state = match File::open(&self.paths.archive) {
            Ok(file) => {
                let archive = Archive::open(file).map_err(|source| self.archive_fault(source))?;
                // A process that ended in between left the open one behind.
                disk::remove(&self.paths.open)?;
                self.progress.send_replace(Progress { len: 0, is_complete: true });
                State::Archived(Arc::new(archive))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let growing = self.look_at_open()?;
                self.progress.send_replace(Progress {
                    len: growing.lines.len,
                    is_complete: growing.lines.status.is_some(),
                });
                State::Growing(growing)
            }
            Err(source) => return Err(self.archive_fault(source)),
        };
        Ok(())
    }

    fn look_at_open(&self) -> Result<Growing> {
        let fault_at = |source| fault("read", &self.paths.open, source);
        let file = match disk::open(&self.paths.open, Create::Never) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Growing::empty()),
            Err(source) => return Err(fault_at(source)),
        };
        let lines = scan(&file).map_err(fault_at)?;
        let has_rest = file.metadata().map_err(fault_at)?.len() > lines.len;
        let tape = Tape::new(file);
        // If it cannot be cut now, it is before the next write; readers stop at the last line.
        let has_rest = has_rest && tape.cut(lines.len).is_err();
        Ok(Growing { tape: Some(Arc::new(tape)), lines, has_rest, is_synced: false })
    }

    fn ended(&self) -> StoreError {
        let action = format!("append to the log of build `{}`", self.build);
        StoreError::conflict(action, "it is complete")
    }

    fn archive_fault(&self, source: io::Error) -> StoreError {
        fault("read", &self.paths.archive, source)
    }

    /// In tests: the disk is full from that length of the log on.
    #[cfg(test)]
    pub(super) fn fill_disk_at(&self, len: u64) {
        if let State::Growing(Growing { tape: Some(tape), .. }) = &*lock(&self.state) {
            tape.fill_at(len);
        }
    }
}

impl Growing {
    fn empty() -> Self {
        Self { tape: None, lines: Scanned::default(), has_rest: false, is_synced: true }
    }

    /// The file, made if this is the first event.
    fn tape(&mut self, paths: &Paths) -> Result<Arc<Tape>> {
        if let Some(tape) = &self.tape {
            return Ok(Arc::clone(tape));
        }
        let fault_at = |source| fault("make", &paths.open, source);
        disk::make_folder(&paths.open).map_err(fault_at)?;
        let file = disk::open(&paths.open, Create::IfMissing).map_err(fault_at)?;
        disk::sync_folder(&paths.open).map_err(fault_at)?;
        let tape = Arc::new(Tape::new(file));
        self.tape = Some(Arc::clone(&tape));
        Ok(tape)
    }
}

/// Events as they are written.
struct Batch {
    bytes: Vec<u8>,
    /// The length of each line.
    lines: Vec<u64>,
    /// The status that ends the log.
    status: Option<Status>,
    /// Whether any status is among them.
    has_status: bool,
}

impl Batch {
    fn of(events: &[NewEvent], first: EventId, at: Timestamp) -> Result<Self> {
        let mut batch =
            Self { bytes: Vec::new(), lines: Vec::new(), status: None, has_status: false };
        for (id, new) in (first..).zip(events) {
            let envelope =
                Envelope { id, at, output_offset: new.output_offset, event: new.event.clone() };
            let start = batch.bytes.len();
            serde_json::to_writer(&mut batch.bytes, &envelope).map_err(|error| {
                StoreError::Decode { what: "event".to_owned(), source: error.into() }
            })?;
            batch.bytes.push(b'\n');
            batch.lines.push((batch.bytes.len() - start) as u64);
            batch.has_status |= matches!(new.event, Event::Status { .. });
            batch.status = batch.status.or(final_status(&envelope));
        }
        Ok(batch)
    }
}

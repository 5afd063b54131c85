//! The event logs of builds: append-only files that many may read while one writes.
//!
//! A log that still grows is a file of JSON lines under `logs/open`; one that is complete is
//! compressed in blocks under `logs/<thousands of the id>`. An event is visible once its write
//! ended, and a status event once it is on the disk; all else is on the disk a second later. A
//! reader never waits for another and never holds up the writer: it reads the file, and is woken
//! when that grew.
//!
//! This folder never looks into events, but for the status that ends a log.

mod archive;
mod disk;
mod log;
mod reader;
mod scan;
#[cfg(test)]
mod tests;

pub use reader::{Lines, LogReader};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::engine::journal::NewEvent;
use crate::model::build::{EventId, Status};
use crate::model::{BuildId, Clock};

use self::log::Log;
use super::row::args;
use super::{Result, Store, StoreError};

/// How long an event may lie in the system's memory only.
const SYNC_AFTER: Duration = Duration::from_secs(1);

impl Store {
    /// Appends events to a build's log. When it returns they are written, and on the disk if a
    /// status is among them. Gives the id of the first.
    ///
    /// # Errors
    /// When the disk refuses: nothing of the call is in the log then. A conflict when the log
    /// tells the build's end already.
    pub async fn append_events(&self, build: BuildId, events: &[NewEvent]) -> Result<EventId> {
        self.append_owned(build, events.to_vec()).await
    }

    pub(super) async fn append_owned(
        &self,
        build: BuildId,
        events: Vec<NewEvent>,
    ) -> Result<EventId> {
        let now = self.now();
        let log = self.logs().log(build);
        let first = self.logs().blocking(build, move || log.append(&events, now)).await?;
        self.logs().after_append(build);
        Ok(first)
    }

    /// Reads a build's log from `from` on, as it grows. One that is not there yet has no events.
    ///
    /// # Errors
    /// When disk or database do not answer.
    pub async fn read_events(&self, build: BuildId, from: EventId) -> Result<LogReader> {
        let sql = "SELECT status FROM builds WHERE id = $1";
        let is_over = match self.db().fetch_optional(sql, args![build]).await? {
            Some(mut row) => row.take::<Status>()?.is_over(),
            None => true,
        };
        let log = self.logs().log(build);
        let reader = {
            let log = Arc::clone(&log);
            self.logs().blocking(build, move || LogReader::open(log, from)).await?
        };
        // The log is written before the row: nothing more comes where the row is final.
        Ok(if is_over { reader.ending() } else { reader })
    }

    /// The status that a build's log ends with, if it ends.
    ///
    /// # Errors
    /// When the disk does not answer.
    pub async fn final_status(&self, build: BuildId) -> Result<Option<Status>> {
        let log = self.logs().log(build);
        self.logs().blocking(build, move || log.final_status()).await
    }

    /// Says that nothing more comes: readers end, the log is compressed. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// When the disk refuses; the log is whole and readable then.
    pub async fn complete_log(&self, build: BuildId) -> Result<()> {
        let log = self.logs().log(build);
        self.logs().blocking(build, move || log.complete()).await?;
        self.logs().forget(build);
        Ok(())
    }

    /// Compresses logs of builds that are over and were not: the core went away in between.
    /// Gives how many.
    ///
    /// # Errors
    /// When disk or database do not answer.
    pub async fn complete_finished_logs(&self) -> Result<usize> {
        let dir = self.logs().open_dir();
        let open = self.logs().blocking(BuildId(0), move || disk::list_open(&dir)).await?;
        let mut n_completed = 0;
        for build in open {
            if self.build(build).await?.is_none_or(|build| build.status.is_over()) {
                self.complete_log(build).await?;
                n_completed += 1;
            }
        }
        Ok(n_completed)
    }

    /// Deletes a build's log. Those who read it read on what there was.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn delete_log(&self, build: BuildId) -> Result<()> {
        let log = self.logs().log(build);
        self.logs().blocking(build, move || log.delete()).await?;
        self.logs().forget(build);
        Ok(())
    }
}

/// All logs of a data directory.
pub(super) struct Logs {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<Open>,
    unsynced: Arc<Unsynced>,
    syncing: Mutex<Option<JoinHandle<()>>>,
}

/// Logs that are in use.
#[derive(Default)]
struct Open {
    /// Those that anybody holds.
    known: HashMap<BuildId, Weak<Log>>,
    /// Those that are written to, kept until they are complete.
    writing: HashMap<BuildId, Arc<Log>>,
}

/// Logs that were written to since they were last synced.
#[derive(Default)]
struct Unsynced {
    logs: Mutex<HashMap<BuildId, Arc<Log>>>,
    nudge: Notify,
}

impl Logs {
    pub(super) fn new(dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            dir,
            clock,
            open: Mutex::default(),
            unsynced: Arc::default(),
            syncing: Mutex::default(),
        }
    }

    /// Syncs what is not on the disk yet, and ends the task that does so.
    pub(super) async fn close(&self) {
        if let Some(task) = lock(&self.syncing).take() {
            task.abort();
        }
        sync_all(&self.unsynced).await;
    }

    fn open_dir(&self) -> PathBuf {
        self.dir.join("open")
    }

    fn log(&self, build: BuildId) -> Arc<Log> {
        let mut open = lock(&self.open);
        if let Some(log) = open.known.get(&build).and_then(Weak::upgrade) {
            return log;
        }
        // Whoever adds clears away what nobody holds any more, so that the map stays small.
        if open.known.len() == open.known.capacity() {
            open.known.retain(|_, log| log.strong_count() > 0);
        }
        let paths = disk::Paths::of(&self.dir, build);
        let log = Arc::new(Log::new(build, paths));
        open.known.insert(build, Arc::downgrade(&log));
        log
    }

    fn forget(&self, build: BuildId) {
        lock(&self.open).writing.remove(&build);
        lock(&self.unsynced.logs).remove(&build);
    }

    /// Keeps the log open, and has it synced.
    fn after_append(&self, build: BuildId) {
        let log = self.log(build);
        if log.is_complete() {
            return self.forget(build);
        }
        lock(&self.open).writing.insert(build, Arc::clone(&log));
        lock(&self.unsynced.logs).insert(build, log);
        self.unsynced.nudge.notify_one();
        let mut syncing = lock(&self.syncing);
        if syncing.is_none() {
            let clock = Arc::clone(&self.clock);
            *syncing = Some(tokio::spawn(keep_synced(Arc::clone(&self.unsynced), clock)));
        }
    }

    /// Runs work that waits for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        build: BuildId,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            Err(StoreError::Decode {
                what: format!("log of build `{build}`"),
                source: error.into(),
            })
        })
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.syncing).take() {
            task.abort();
        }
    }
}

/// Syncs what was written, a while after it was. Ends when it is aborted: a sync that is under
/// way ends by itself.
async fn keep_synced(unsynced: Arc<Unsynced>, clock: Arc<dyn Clock>) {
    loop {
        unsynced.nudge.notified().await;
        clock.sleep_until(clock.now() + SYNC_AFTER).await;
        sync_all(&unsynced).await;
    }
}

async fn sync_all(unsynced: &Arc<Unsynced>) {
    let logs = std::mem::take(&mut *lock(&unsynced.logs));
    if logs.is_empty() {
        return;
    }
    let failed = tokio::task::spawn_blocking(move || {
        logs.into_iter()
            .filter(|(build, log)| {
                let done = log.sync();
                if let Err(error) = &done {
                    tracing::error!(%build, %error, "a build's log is not on the disk yet");
                }
                done.is_err()
            })
            .collect::<Vec<_>>()
    })
    .await;
    for (build, log) in failed.unwrap_or_default() {
        lock(&unsynced.logs).insert(build, log);
        unsynced.nudge.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole at every moment, so a panic elsewhere spoils nothing.
    mutex.lock().unwrap_or_else(|held| held.into_inner())
}

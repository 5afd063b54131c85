//! "Something changed": told to everybody in this process, and over PostgreSQL to other cores.
//!
//! A change says what to look at again, never what it is now. It is told after its transaction
//! is durable. A listener that is slow gets [`Change::Everything`] in place of what it missed;
//! so does everybody when the way to PostgreSQL was interrupted.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::pool::{Tx, hide_password};
use super::row::args;
use super::{Result, StoreError, StoreUrl, random_word};
use crate::model::{BuildId, JobId, PipelineId, ResourceId, ScopeId};

/// How many changes a listener may be behind before it is told [`Change::Everything`].
const BACKLOG: usize = 1024;
/// PostgreSQL's name for the way.
const CHANNEL: &str = "flightdeck_changes";
/// The most bytes that one message of PostgreSQL may have, with room to spare.
const MAX_MESSAGE: usize = 7500;

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Anything at all.
    Everything,
    /// A pipeline came, went, was set, paused, unpaused, archived.
    Pipeline(PipelineId),
    /// A job's scheduling was requested.
    JobDue(JobId),
    /// A job was paused or unpaused, or its next inputs were found.
    Job {
        /// The job.
        job: JobId,
        /// Its pipeline.
        pipeline: PipelineId,
    },
    /// A build was made, started, ended, told to stop, or learned something.
    Build {
        /// The build.
        build: BuildId,
        /// Its job, if it has one.
        job: Option<JobId>,
        /// Its pipeline, if it has one.
        pipeline: Option<PipelineId>,
        /// What happened to it.
        what: BuildChange,
    },
    /// A resource was pinned, unpinned, moved to another scope, a version of it switched.
    Resource {
        /// The resource.
        resource: ResourceId,
        /// Its pipeline.
        pipeline: PipelineId,
    },
    /// A scope has new versions or its check began or ended.
    Scope(ScopeId),
}

/// What happened to a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildChange {
    /// It was made.
    Created,
    /// It got inputs, a place, an output: it looks different now.
    Changed,
    /// It started; nobody runs it yet.
    Started,
    /// It was told to stop.
    Aborting,
    /// It is over.
    Finished,
}

/// Changes as they come.
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
}

impl Changes {
    /// The next change; nothing once the store is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Change> {
        use broadcast::error::RecvError;
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(_)) => Some(Change::Everything),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Tells changes.
pub(super) struct Notifier {
    sender: broadcast::Sender<Change>,
    core: String,
    /// Tells this core's own messages from those of others.
    origin: String,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// What goes over PostgreSQL.
#[derive(Serialize, Deserialize)]
struct Message {
    /// The installation: several may share a database server's names.
    core: String,
    from: String,
    changes: Vec<Change>,
}

impl Notifier {
    pub(super) async fn start(url: &StoreUrl, core: &str) -> Result<Self> {
        let (sender, _) = broadcast::channel(BACKLOG);
        let (core, origin) = (core.to_owned(), random_word());
        let listening = match url {
            StoreUrl::Sqlite => None,
            StoreUrl::Postgres(url) => {
                let fault = |source| StoreError::Open { database: hide_password(url), source };
                let mut listener = PgListener::connect(url).await.map_err(fault)?;
                listener.listen(CHANNEL).await.map_err(fault)?;
                let mine = (core.clone(), origin.clone());
                Some(tokio::spawn(forward(listener, sender.clone(), mine)))
            }
        };
        Ok(Self { sender, core, origin, listening: Mutex::new(listening) })
    }

    /// A word that no other opening of a store has.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn listen(&self) -> Changes {
        Changes { receiver: self.sender.subscribe() }
    }

    /// Puts the transaction's changes on the way to other cores; they leave with its commit.
    pub(super) async fn announce(&self, tx: &mut Tx) -> Result<()> {
        if !tx.is_postgres() || tx.changes().is_empty() {
            return Ok(());
        }
        let text = |changes: &[Change]| {
            let message = Message {
                core: self.core.clone(),
                from: self.origin.clone(),
                changes: changes.to_vec(),
            };
            serde_json::to_string(&message).unwrap_or_default()
        };
        let mut message = text(tx.changes());
        if message.len() > MAX_MESSAGE {
            message = text(&[Change::Everything]);
        }
        let sql = "SELECT CAST(pg_notify($1, $2) AS TEXT)";
        tx.fetch_all(sql, args![CHANNEL, message]).await?;
        Ok(())
    }

    /// Tells everybody in this process.
    pub(super) fn tell(&self, changes: &[Change]) {
        for change in changes {
            // Nobody listens: nobody misses it.
            let _ = self.sender.send(*change);
        }
    }

    pub(super) fn stop(&self) {
        let task = self.listening.lock().unwrap_or_else(|held| held.into_inner()).take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells this process what other cores changed, until the task is ended.
async fn forward(
    mut listener: PgListener,
    sender: broadcast::Sender<Change>,
    (core, origin): (String, String),
) {
    loop {
        let changes = match listener.try_recv().await {
            Ok(Some(message)) => match serde_json::from_str::<Message>(message.payload()) {
                Ok(message) if message.core != core || message.from == origin => continue,
                Ok(message) => message.changes,
                // A newer core may tell what this one does not know.
                Err(_) => vec![Change::Everything],
            },
            // The way was interrupted and is open again.
            Ok(None) => vec![Change::Everything],
            Err(error) => {
                tracing::warn!(%error, "cannot hear of changes by other cores; trying again");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                vec![Change::Everything]
            }
        };
        for change in changes {
            let _ = sender.send(change);
        }
    }
}

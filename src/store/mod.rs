//! What must survive a restart: pipelines, versions, builds, their event logs, what the engine
//! journals.
//!
//! One [`Store`] is a database (SQLite in the data directory, or PostgreSQL) and a directory of
//! event logs. Each acting call is one transaction: it happened whole or not at all, and what it
//! changed is told to everybody who listens ([`notify`]) after it is durable.
//!
//! This room never decides anything and never gives out rows or SQL types. It fills
//! [`crate::scheduler::facts`] and answers [`crate::engine::journal::Journal`].
//!
//! *Follows:* Concourse's model of pipelines, resources, scopes, versions and builds (`atc/db`).

mod error;
pub mod lock;

pub mod notify;

pub mod pipeline;

pub mod job;

pub mod resource;

pub mod build;

pub mod event;

pub mod facts;

pub mod journal;

pub mod worker;

pub mod lease;

pub use error::StoreError;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::Clock;

/// The answer, or why there is none.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// SQLite, in the data directory.
    Sqlite,
    /// PostgreSQL, at this address (`postgres://…`).
    Postgres(String),
}

/// What survives a restart. Cloning it is cheap and gives the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Opens the store: locks the data directory, brings the database to this program's shape,
    /// mends logs that a crash cut.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds the directory, [`StoreError::Newer`]
    /// when a newer program shaped the database, and when disk or database do not answer.
    pub async fn open(url: StoreUrl, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let _ = url;
        Ok(Self { inner: Arc::new(Inner { data_dir: data_dir.to_owned(), clock }) })
    }

    /// The name of this installation: unique, and the same for ever.
    pub fn core_id(&self) -> &str {
        todo!()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// What changes from now on.
    pub fn changes(&self) -> notify::Changes {
        todo!()
    }

    /// Syncs the logs and closes the database. The lock goes with the last clone.
    pub async fn close(&self) {
        todo!()
    }
}

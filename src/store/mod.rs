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
mod migrate;
pub mod notify;
mod pool;
mod row;

pub mod pipeline;

pub mod job;

pub mod resource;

pub mod build;

pub mod event;

pub mod facts;

pub mod pass;

pub mod journal;

pub mod worker;

pub mod lease;

pub use error::StoreError;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::model::{Clock, Timestamp};
use event::Logs;
use lock::DirLock;
use notify::Notifier;
use pool::{Db, Tx};
use row::args;

/// How often a held lock is tried again, and how soon.
const LOCK_TRIES: u32 = 4;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

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

impl StoreUrl {
    /// Reads what people write: `sqlite` or nothing, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for all else.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text == "sqlite" {
            return Ok(Self::Sqlite);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreError::Url { text: pool::hide_password(text) })
    }
}

/// What survives a restart. Cloning it is cheap and gives the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
    db: Db,
    logs: Logs,
    notifier: Notifier,
    core_id: String,
    salt: String,
    // Last, so that it is given up after all else is closed.
    _lock: DirLock,
}

impl Store {
    /// Opens the store: locks the data directory, brings the database to this program's shape,
    /// ends builds whose log says how they ended while the row does not.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds the directory, [`StoreError::Newer`]
    /// when a newer program shaped the database, and when disk or database do not answer.
    pub async fn open(url: StoreUrl, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let lock = take_lock(data_dir, clock.as_ref()).await?;
        let db = match &url {
            StoreUrl::Sqlite => Db::open_sqlite(&data_dir.join("flightdeck.db")).await?,
            StoreUrl::Postgres(url) => Db::open_postgres(url).await?,
        };
        migrate::migrate(&db, clock.now()).await?;
        let core_id = known_for_ever(&db, "core_id").await?;
        let store = Self {
            inner: Arc::new(Inner {
                data_dir: data_dir.to_owned(),
                logs: Logs::new(data_dir.join("logs"), Arc::clone(&clock)),
                notifier: Notifier::start(&url, &core_id).await?,
                core_id,
                salt: known_for_ever(&db, "salt").await?,
                clock,
                db,
                _lock: lock,
            }),
        };
        store.mend_builds().await?;
        if url == StoreUrl::Sqlite {
            // Nobody else has this database: what was being checked is not any more.
            store.forget_running_checks().await?;
        }
        Ok(store)
    }

    /// The name of this installation: unique, and the same for ever.
    pub fn core_id(&self) -> &str {
        &self.inner.core_id
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
        self.inner.notifier.listen()
    }

    /// Syncs the logs and closes the database. The lock goes with the last clone.
    pub async fn close(&self) {
        self.inner.notifier.stop();
        self.inner.logs.close().await;
        self.inner.db.close().await;
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Commits, then tells what changed.
    async fn commit(&self, mut tx: Tx) -> Result<()> {
        self.inner.notifier.announce(&mut tx).await?;
        let changes = tx.commit().await?;
        self.inner.notifier.tell(&changes);
        Ok(())
    }
}

/// Takes the lock of a directory. One who only looks who holds it does so for a moment, and one
/// who is about to end may hold it a moment longer.
async fn take_lock(dir: &Path, clock: &dyn Clock) -> Result<DirLock> {
    let mut n_tries = 0;
    loop {
        match DirLock::take(dir, clock.now()) {
            Err(StoreError::InUse { .. }) if n_tries < LOCK_TRIES => {
                n_tries += 1;
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            taken => return taken,
        }
    }
}

/// A random word that is made once for a database.
async fn known_for_ever(db: &Db, key: &str) -> Result<String> {
    let mut tries = pool::Tries::default();
    loop {
        let mut tx = db.begin(pool::Durability::Power).await?;
        let insert = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        let done = match tx.execute(insert, args![key, random_word()]).await {
            Ok(_) => tx.fetch_one("SELECT value FROM meta WHERE key = $1", args![key]).await,
            Err(error) => Err(error),
        };
        let failed = match done {
            Ok(mut row) => match tx.commit().await {
                Ok(_) => return row.take(),
                Err(error) => error,
            },
            Err(error) => {
                tx.rollback().await;
                error
            }
        };
        if !tries.again(&failed).await {
            return Err(failed);
        }
    }
}

/// 128 random bits. The standard library takes its hash keys from the system's source.
fn random_word() -> String {
    use std::hash::{BuildHasher, RandomState};
    let mut hash = Sha256::new();
    for i in 0..4u8 {
        hash.update(RandomState::new().hash_one(i).to_le_bytes());
    }
    hex(&hash.finalize()[..16])
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

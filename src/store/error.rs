//! Why the store does not do what was asked.

use std::path::PathBuf;

use thiserror::Error;

use super::lock::Holder;
use crate::model::build::Status;

/// Why the store does not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process holds the data directory.
    #[error("data directory `{}` is in use by {holder}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// A newer program shaped the database.
    #[error("database is at step {found}, this program knows steps up to {known} only")]
    Newer {
        /// The step that the database is at.
        found: i64,
        /// The last step that this program knows.
        known: i64,
    },
    /// There is no such thing.
    #[error("{noun} `{name}` not found")]
    NotFound {
        /// The kind of thing.
        noun: &'static str,
        /// Its name or id.
        name: String,
    },
    /// It cannot be done as things are now.
    #[error("cannot {action}: {why}")]
    Conflict {
        /// What was asked, as a verb and its object.
        action: String,
        /// Why not, for people.
        why: String,
    },
    /// A build cannot go from one status to the other.
    #[error("build `{build}` is {from} and cannot become {to}")]
    Move {
        /// The build.
        build: crate::model::BuildId,
        /// Where it stands.
        from: Status,
        /// Where it should go.
        to: Status,
    },
    /// Another core holds what this one thought its own.
    #[error("lease of `{name}` is lost")]
    LeaseLost {
        /// What was leased.
        name: String,
    },
    /// The text names no database.
    #[error("`{text}` is no database address: `sqlite` or `postgres://…` is")]
    Url {
        /// The text, without what may be a password.
        text: String,
    },
    /// The database cannot be opened.
    #[error("cannot open database `{database}`")]
    Open {
        /// Its file, or its address without password.
        database: String,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The database refuses a statement.
    #[error("cannot run statement `{statement} …`")]
    Statement {
        /// Its first words.
        statement: String,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// What is stored cannot be read, or what is given cannot be stored.
    #[error("cannot read or write stored {what}")]
    Decode {
        /// What it is.
        what: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk does not do what was asked.
    #[error("cannot {action} `{}`", path.display())]
    Disk {
        /// What was tried, as a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    pub(super) fn not_found(noun: &'static str, name: impl std::fmt::Display) -> Self {
        Self::NotFound { noun, name: name.to_string() }
    }

    pub(super) fn conflict(action: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Conflict { action: action.into(), why: why.into() }
    }
}

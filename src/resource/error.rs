//! What can go wrong with a resource.

use thiserror::Error;

use crate::model::build::Cause;

/// A failure of a resource type.
#[derive(Debug, Error)]
pub enum ResourceError {
    /// A key of source or params is missing or wrong.
    #[error("{place} key `{key}` {why}")]
    Invalid {
        /// `source` or `params`.
        place: &'static str,
        /// The key.
        key: String,
        /// What is wrong, as a phrase that follows the key.
        why: String,
    },
    /// The version is not there (any more).
    #[error("version `{version}` not found")]
    VersionNotFound {
        /// The version.
        version: String,
    },
    /// The outside said no: the step fails, as a script's exit status would make it.
    #[error("{message}")]
    Failed {
        /// What it said.
        message: String,
        /// The exit status of the program that said it, or 1.
        exit_status: i32,
    },
    /// A put was begun by a core that went away, and nobody can tell whether it was done.
    #[error("an earlier run of this put may have happened: {what}")]
    MayHaveHappened {
        /// What to look for by hand.
        what: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{path}`")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: String,
        /// The answer.
        #[source]
        source: std::io::Error,
    },
    /// It was told to stop.
    #[error("stopped")]
    Stopped(Cause),
}

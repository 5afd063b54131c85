//! What can go wrong with containers, processes and volumes.

use std::path::PathBuf;

use thiserror::Error;

/// A failure of a runtime.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// There is no such container, volume or file.
    #[error("{what} `{name}` not found")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A process vanished without an exit status.
    #[error("the process of container `{handle}` is gone: {why}")]
    Gone {
        /// The container.
        handle: String,
        /// What is known of its end.
        why: String,
    },
    /// The command cannot be started.
    #[error("cannot run `{path}`: {why}")]
    NoExecutable {
        /// The executable.
        path: String,
        /// Why.
        why: String,
    },
    /// A path that may not be used.
    #[error("path `{path}` {why}")]
    Path {
        /// The path as given.
        path: String,
        /// Why, as a phrase that follows the path.
        why: String,
    },
    /// The runtime cannot do that.
    #[error("the {runtime} runtime {what}")]
    Unsupported {
        /// The runtime.
        runtime: &'static str,
        /// What it cannot do, as a phrase: `cannot …`.
        what: String,
    },
    /// The machine refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The answer.
        #[source]
        source: std::io::Error,
    },
}

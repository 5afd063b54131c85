//! Why a core does not do what was asked.

use thiserror::Error;

/// The answer to a question, or why there is none.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal, for people: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Error {
    /// The kind, for programs.
    pub kind: ErrorKind,
    /// What is wrong: a fragment without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such thing.
    NotFound,
    /// The question makes no sense.
    Invalid,
    /// It cannot be done as things are now.
    Conflict,
    /// Nobody knows who asks.
    Unauthenticated,
    /// Who asks may not.
    Denied,
    /// This core cannot do that.
    Unsupported,
    /// Too much, too often.
    Limited,
    /// The core does not answer.
    Unavailable,
    /// The core has a fault.
    Internal,
}

impl Error {
    /// A refusal of that kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// There is no `noun` called `name`.
    pub fn not_found(noun: &str, name: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{noun} `{name}` not found"))
    }

    /// A fault of the core, with its whole chain of causes.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(ErrorKind::Internal, message)
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

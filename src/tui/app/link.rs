//! How the way to the core stands: a break is a state, not an error.

use std::time::Duration;

use crate::control::Error;
use crate::model::Timestamp;

/// The first pause before a new try.
const FIRST: Duration = Duration::from_millis(500);

/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// How the way to the core stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Not yet there.
    Connecting,
    /// It stands.
    Live,
    /// It broke.
    Lost {
        /// When.
        since: Timestamp,
        /// Why, as told last.
        why: Error,
        /// How often it was tried since.
        tries: u32,
        /// When it is tried next; none while it is being tried.
        next: Option<Timestamp>,
    },
}

impl Link {
    /// It broke, or a try did not help.
    pub fn lose(&mut self, now: Timestamp, why: Error) {
        let (since, tries) = match self {
            Link::Lost { since, tries, .. } => (*since, *tries + 1),
            Link::Connecting | Link::Live => (now, 0),
        };
        let pause = FIRST.saturating_mul(1 << tries.min(8)).min(LONGEST);
        // Consoles that lost the same core shall not all come back in the same moment.
        let jitter = Duration::from_micros(now.0.unsigned_abs() % 250_000);
        *self = Link::Lost { since, why, tries, next: Some(now + pause + jitter) };
    }

    /// Whether to try now; then it is being tried.
    pub fn is_due(&mut self, now: Timestamp) -> bool {
        match self {
            Link::Lost { next, .. } if next.is_some_and(|at| at <= now) => {
                *next = None;
                true
            }
            Link::Lost { .. } | Link::Connecting | Link::Live => false,
        }
    }

    /// A person wants it tried now.
    pub fn hurry(&mut self, now: Timestamp) {
        if let Link::Lost { next, .. } = self
            && next.is_some()
        {
            *next = Some(now);
        }
    }

    /// Whether what is on the screen may be old.
    pub fn is_lost(&self) -> bool {
        matches!(self, Link::Lost { .. })
    }
}

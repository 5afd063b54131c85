//! Telling work to stop, with the cause.
//!
//! Tokens form a tree: a token is cancelled by itself or by any token above it, and the nearest
//! cause counts. Steps look at the cause; their futures are never just dropped.

use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use crate::model::build::Cause;

/// A token that work looks at.
#[derive(Clone)]
pub struct Cancel {
    node: Arc<Node>,
}

struct Node {
    cause: watch::Sender<Option<Cause>>,
    parent: Option<Arc<Node>>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    /// A token without one above it.
    pub fn new() -> Self {
        Self { node: Arc::new(Node { cause: watch::Sender::new(None), parent: None }) }
    }

    /// A token below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        let parent = Some(Arc::clone(&self.node));
        Self { node: Arc::new(Node { cause: watch::Sender::new(None), parent }) }
    }

    /// Cancels this token and all below it. The first cause stays, but that [`Cause::Detach`]
    /// takes the place of any other: a core that goes away waits for nothing.
    pub fn cancel(&self, cause: Cause) {
        self.node.cause.send_if_modified(|current| {
            let replaces =
                current.is_none() || (cause == Cause::Detach && *current != Some(Cause::Detach));
            if replaces {
                *current = Some(cause);
            }
            replaces
        });
    }

    /// The cause, if it is cancelled; [`Cause::Detach`] from anywhere above comes first.
    pub fn cause(&self) -> Option<Cause> {
        let mut nearest = None;
        let mut node = Some(&self.node);
        while let Some(current) = node {
            match *current.cause.borrow() {
                Some(Cause::Detach) => return Some(Cause::Detach),
                Some(cause) if nearest.is_none() => nearest = Some(cause),
                Some(_) | None => {}
            }
            node = current.parent.as_ref();
        }
        nearest
    }

    /// Waits until it is cancelled. Cancel safe.
    pub async fn cancelled(&self) -> Cause {
        self.wait_for(|_| true).await
    }

    /// Waits until the core goes away, whatever other cause came before. Cancel safe.
    pub async fn detached(&self) {
        self.wait_for(|cause| cause == Cause::Detach).await;
    }

    async fn wait_for(&self, matches: fn(Cause) -> bool) -> Cause {
        let mut receivers = Vec::new();
        let mut node = Some(&self.node);
        while let Some(current) = node {
            receivers.push(current.cause.subscribe());
            node = current.parent.as_ref();
        }
        let mut waits: FuturesUnordered<_> = receivers
            .iter_mut()
            .map(|receiver| receiver.wait_for(|cause| cause.is_some_and(matches)))
            .collect();
        loop {
            if let Some(cause) = self.cause().filter(|cause| matches(*cause)) {
                return cause;
            }
            // The senders live as long as `self`, so a wait only ends by a cause.
            if waits.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cause_goes_down_and_not_up() {
        let build = Cancel::new();
        let step = build.child();
        step.cancel(Cause::FailFast);
        assert_eq!(step.cancelled().await, Cause::FailFast);
        assert_eq!(build.cause(), None);
        build.cancel(Cause::Aborted);
        assert_eq!(step.cause(), Some(Cause::FailFast));
        assert_eq!(build.child().cancelled().await, Cause::Aborted);
    }

    #[tokio::test]
    async fn detach_comes_before_any_other_cause() {
        let build = Cancel::new();
        let step = build.child();
        step.cancel(Cause::Aborted);
        let waiting = tokio::spawn({
            let step = step.clone();
            async move { step.detached().await }
        });
        build.cancel(Cause::Detach);
        waiting.await.expect("ends");
        assert_eq!(step.cause(), Some(Cause::Detach));
    }
}

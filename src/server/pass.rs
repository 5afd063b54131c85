//! A background pass: rounds on a nudge, on a timer, and never two at once.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::{Clock, Timestamp};

/// Tells a pass to look now. Nudges during a round lead to one more round.
#[derive(Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Looks now.
    pub fn now(&self) {
        self.0.notify_one();
    }

    /// Waits for a nudge, for `moment`, or for the end; tells whether to go on. Cancel safe.
    pub async fn wait(
        &self,
        clock: &dyn Clock,
        moment: Timestamp,
        stop: &CancellationToken,
    ) -> bool {
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = self.0.notified() => true,
            () = clock.sleep_until(moment) => true,
        }
    }
}

/// How long a pass sleeps when nothing nudges it: what a lost nudge costs at most.
pub const SAFETY_NET: Duration = Duration::from_secs(10);

/// What a future gives, or what it said when it panicked.
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| said(panic.as_ref()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no words".to_owned())
}

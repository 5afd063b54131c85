//! A step with a limit of time.
//!
//! *Follows:* `atc/exec/timeout_step.go`.

use std::future::Future;
use std::time::Duration;

use super::{Cx, run as run_node};
use crate::model::Timestamp;
use crate::model::build::{Cause, Outcome, Plan};
use crate::runtime::cancel::Cancel;

/// Runs the step. When the time is up it is told to stop, and has failed.
pub async fn run(cx: &Cx, step: &Plan, duration: Duration) -> Outcome {
    let limit = cx.cancel.child();
    let deadline = began(cx, step) + duration;
    let limited = cx.under(limit.clone());
    match until(cx, Some(deadline), &limit, run_node(&limited, step)).await {
        Outcome::Stopped(Cause::Deadline) => Outcome::Failed,
        outcome @ (Outcome::Succeeded
        | Outcome::Failed
        | Outcome::Errored(_)
        | Outcome::Stopped(Cause::Aborted | Cause::FailFast | Cause::Detach)) => outcome,
    }
}

/// Waits for `work`, which runs under `limit`; at the deadline, if there is one, cancels `limit`
/// and waits on.
pub async fn until<T>(
    cx: &Cx,
    deadline: Option<Timestamp>,
    limit: &Cancel,
    work: impl Future<Output = T>,
) -> T {
    let Some(deadline) = deadline else { return work.await };
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = cx.build.parts.clock.sleep_until(deadline) => limit.cancel(Cause::Deadline),
    }
    work.await
}

/// When the step began: under an earlier core if the log says so.
fn began(cx: &Cx, step: &Plan) -> Timestamp {
    let mut first = cx.build.parts.clock.now();
    step.walk(&mut |node| {
        first = first.min(cx.build.replay.begun_at(&node.id).unwrap_or(first));
    });
    first
}

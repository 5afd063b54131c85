//! Steps side by side.
//!
//! *Follows:* `atc/exec/in_parallel.go`.

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Cx, Work, run as run_node};
use crate::model::build::{Cause, Outcome, Plan};

/// Runs the steps, at most `limit` at a time.
pub async fn run(cx: &Cx, steps: &[Plan], limit: Option<u32>, fail_fast: bool) -> Outcome {
    let group = cx.under(cx.cancel.child());
    let works = steps.iter().map(|step| run_node(&group, step));
    let limit = limit.filter(|limit| *limit > 0).map_or(steps.len(), |limit| limit as usize);
    join(cx, &group, works, limit, fail_fast).await
}

/// Starts the works of a group in order, at most `limit` at a time, and joins their outcomes.
/// `group` is the place of the works, under a token of its own.
pub async fn join<'a>(
    cx: &Cx,
    group: &Cx,
    works: impl Iterator<Item = Work<'a>>,
    limit: usize,
    fail_fast: bool,
) -> Outcome {
    let mut waiting = works;
    let mut running = FuturesUnordered::new();
    let mut errors = Vec::new();
    let mut has_failed = false;
    loop {
        while running.len() < limit.max(1) && group.cancel.cause().is_none() {
            let Some(work) = waiting.next() else { break };
            running.push(work);
        }
        let Some(outcome) = running.next().await else { break };
        if fail_fast && matches!(outcome, Outcome::Failed | Outcome::Errored(_)) {
            group.cancel.cancel(Cause::FailFast);
        }
        match outcome {
            Outcome::Succeeded | Outcome::Stopped(_) => {}
            Outcome::Failed => has_failed = true,
            Outcome::Errored(why) => errors.push(why),
        }
    }
    if let Some(cause) = cx.cancel.cause() {
        Outcome::Stopped(cause)
    } else if !errors.is_empty() {
        Outcome::Errored(errors.join("; "))
    } else if has_failed {
        Outcome::Failed
    } else {
        Outcome::Succeeded
    }
}

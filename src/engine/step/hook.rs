//! A step with another that follows it.
//!
//! The outcomes are those of Concourse, told apart more finely: an error that says "canceled" is
//! [`Outcome::Stopped`] here. A core that goes away runs no hook.
//!
//! *Follows:* `atc/exec/on_*.go` and `ensure_step.go`.

use super::{Cx, run as run_node};
use crate::model::build::{Cause, Outcome, Plan, Status};
use crate::model::step::HookOn;

/// Runs the step and, after the outcome that it is for, the hook.
pub async fn run(cx: &Cx, step: &Plan, on: HookOn, hook: &Plan) -> Outcome {
    let outcome = run_node(cx, step).await;
    if outcome == Outcome::Stopped(Cause::Detach) {
        return outcome;
    }
    match on {
        HookOn::Success => on_success(cx, outcome, hook).await,
        HookOn::Failure => on_failure(cx, outcome, hook).await,
        HookOn::Error => on_error(cx, outcome, hook).await,
        HookOn::Abort => on_abort(cx, outcome, hook).await,
        HookOn::Ensure => ensure(cx, outcome, hook).await,
    }
}

async fn on_success(cx: &Cx, outcome: Outcome, hook: &Plan) -> Outcome {
    match outcome {
        Outcome::Succeeded => run_node(&cx.after(Status::Succeeded), hook).await,
        Outcome::Failed | Outcome::Errored(_) | Outcome::Stopped(_) => outcome,
    }
}

async fn on_failure(cx: &Cx, outcome: Outcome, hook: &Plan) -> Outcome {
    match outcome {
        Outcome::Failed => match run_node(&cx.after(Status::Failed), hook).await {
            Outcome::Succeeded | Outcome::Failed => Outcome::Failed,
            worse @ (Outcome::Errored(_) | Outcome::Stopped(_)) => worse,
        },
        Outcome::Succeeded | Outcome::Errored(_) | Outcome::Stopped(_) => outcome,
    }
}

/// Follows a deadline too. Nobody but a core that goes away stops this hook.
async fn on_error(cx: &Cx, outcome: Outcome, hook: &Plan) -> Outcome {
    match &outcome {
        Outcome::Errored(_) | Outcome::Stopped(Cause::Deadline) => {}
        Outcome::Succeeded | Outcome::Failed | Outcome::Stopped(_) => return outcome,
    }
    let fresh = cx.under(cx.build.fresh.child()).after(Status::Errored);
    match run_node(&fresh, hook).await {
        detached @ Outcome::Stopped(Cause::Detach) => detached,
        also @ Outcome::Errored(_) => both(outcome, also),
        Outcome::Succeeded | Outcome::Failed | Outcome::Stopped(_) => outcome,
    }
}

/// Nobody but a core that goes away stops this hook.
async fn on_abort(cx: &Cx, outcome: Outcome, hook: &Plan) -> Outcome {
    match &outcome {
        Outcome::Stopped(Cause::Aborted | Cause::FailFast) => {}
        Outcome::Succeeded
        | Outcome::Failed
        | Outcome::Errored(_)
        | Outcome::Stopped(Cause::Deadline | Cause::Detach) => return outcome,
    }
    let fresh = cx.under(cx.build.fresh.child()).after(Status::Aborted);
    match run_node(&fresh, hook).await {
        detached @ Outcome::Stopped(Cause::Detach) => detached,
        Outcome::Succeeded | Outcome::Failed | Outcome::Errored(_) | Outcome::Stopped(_) => outcome,
    }
}

async fn ensure(cx: &Cx, outcome: Outcome, hook: &Plan) -> Outcome {
    let hook_cx = match cx.cancel.cause() {
        Some(_) => cx.under(cx.build.fresh.child()),
        None => cx.clone(),
    };
    let hook_outcome = run_node(&hook_cx, hook).await;
    if hook_outcome == Outcome::Stopped(Cause::Detach) {
        return hook_outcome;
    }
    if let Some(cause) = cx.cancel.cause() {
        return Outcome::Stopped(cause);
    }
    match (&outcome, &hook_outcome) {
        (Outcome::Succeeded, _) => hook_outcome,
        (Outcome::Failed, Outcome::Succeeded | Outcome::Failed) => outcome,
        (Outcome::Failed, Outcome::Errored(_) | Outcome::Stopped(_)) => hook_outcome,
        (Outcome::Errored(_) | Outcome::Stopped(_), _) => both(outcome, hook_outcome),
    }
}

/// A bad end after a bad end: the first one counts, and the reasons are told together.
fn both(first: Outcome, second: Outcome) -> Outcome {
    match (first, second) {
        (Outcome::Errored(first), Outcome::Errored(second)) => {
            Outcome::Errored(format!("{first}; {second}"))
        }
        (first, _) => first,
    }
}

//! A step whose failure does not count.

use super::{Cx, run as run_node};
use crate::model::build::{Cause, Outcome, Plan};

/// Runs the step. Only being told to stop goes through; a deadline does not.
pub async fn run(cx: &Cx, step: &Plan) -> Outcome {
    match run_node(cx, step).await {
        Outcome::Succeeded
        | Outcome::Failed
        | Outcome::Errored(_)
        | Outcome::Stopped(Cause::Deadline) => Outcome::Succeeded,
        stopped @ Outcome::Stopped(Cause::Aborted | Cause::FailFast | Cause::Detach) => stopped,
    }
}

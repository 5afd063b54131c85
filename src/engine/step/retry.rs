//! A step that is tried again until it succeeds.

use super::{Cx, run as run_node};
use crate::model::build::{Outcome, Plan};

/// Runs one attempt after the other. The last one's outcome is the outcome.
pub async fn run(cx: &Cx, attempts: &[Plan]) -> Outcome {
    let mut last = Outcome::Succeeded;
    for attempt in attempts {
        last = run_node(cx, attempt).await;
        if last.is_success() {
            break;
        }
        if let Some(cause) = cx.cancel.cause() {
            return Outcome::Stopped(cause);
        }
    }
    last
}

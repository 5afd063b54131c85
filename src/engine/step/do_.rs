//! Steps one after the other, until one does not succeed.

use super::{Cx, run as run_node};
use crate::model::build::{Outcome, Plan};

/// Runs the steps. None at all is a success.
pub async fn run(cx: &Cx, steps: &[Plan]) -> Outcome {
    for step in steps {
        let outcome = run_node(cx, step).await;
        if !outcome.is_success() {
            return outcome;
        }
    }
    Outcome::Succeeded
}

//! Sends a message to a prototype. Concourse pretends to; so do we, in the same words.

use super::{Cx, Ended, Ending};
use crate::model::build::{Event, LogSource, Plan};
use crate::model::step::RunStep;

/// Says what would be done.
pub async fn run(cx: &Cx, plan: &Plan, message: &RunStep) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    report.emit(|origin, time| Event::Initialize { origin, time }).await?;
    report.say(LogSource::Stderr, "the run step is not yet implemented").await?;
    report.emit(|origin, time| Event::Start { origin, time }).await?;
    let RunStep { message, kind, .. } = message;
    let pretence = format!("pretending to run {message} on prototype {kind}...");
    report.say(LogSource::Stderr, &pretence).await?;
    report.emit(|origin, time| Event::Finish { origin, time, succeeded: true }).await?;
    Ok(Ending::Succeeded.into())
}

//! What all nodes that do work themselves have in common.
//!
//! *Follows:* `atc/exec/log_error_step.go`.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::{Cx, Ended, Ending, OUT_OF_TIME, told_to_stop};
use crate::engine::journal::{ArtifactRecord, JournalError, Record};
use crate::engine::replay::Finished;
use crate::engine::report::Report;
use crate::model::PlanId;
use crate::model::build::{Cause, Event, Outcome, Plan};

/// Runs `work` as the node `plan`, or answers what it came to under an earlier core.
pub async fn run(
    cx: &Cx,
    plan: &Plan,
    work: impl Future<Output = Result<Ended, Ending>> + Send,
) -> Outcome {
    if let Some(outcome) = restore(cx, &plan.id).await {
        return outcome;
    }
    if let Some(cause) = cx.cancel.cause()
        && !is_begun(cx, &plan.id)
    {
        return Outcome::Stopped(cause);
    }
    let ended = catch(cx, work).await;
    finish(cx, &plan.id, ended).await
}

/// Runs `work`; a panic in it becomes an error, of the node and of the build.
pub async fn catch(cx: &Cx, work: impl Future<Output = Result<Ended, Ending>> + Send) -> Ended {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(result) => result.unwrap_or_else(Ended::from),
        Err(panic) => {
            let why = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no reason given");
            let why = format!("the step panicked: {why}");
            cx.build.set_panicked(&why);
            Ending::Errored(why).into()
        }
    }
}

/// The outcome of a node that ended under an earlier core; what it left is there again.
pub async fn restore(cx: &Cx, id: &PlanId) -> Option<Outcome> {
    let finished = cx.build.replay.node(id)?.finished.clone()?;
    let Finished { outcome, version, artifacts, vars } = finished;
    if let Err(error) = complain(&cx.report(id), missing_complaint(cx, id, &outcome)).await {
        return Some(Ending::from(error).outcome());
    }
    if let Some(version) = version {
        cx.build.set_result(id, version);
    }
    for ArtifactRecord { name, runtime, volume } in artifacts {
        // One that is gone is missed by the step that wants it.
        if let Some(runtime) = cx.build.parts.runtimes.iter().find(|r| r.name() == runtime)
            && let Ok(Some(volume)) = runtime.find_volume(&volume).await
        {
            cx.scope.set_artifact(&name, volume);
        }
    }
    for (name, value) in vars {
        cx.scope.set_var(&name, value);
    }
    Some(outcome)
}

/// Why a node ended badly, as its error event should say.
fn missing_complaint<'a>(cx: &Cx, id: &PlanId, outcome: &'a Outcome) -> Option<&'a str> {
    const FINISHES: [&str; 4] = ["finish-get", "finish-put", "finish-task", "finish"];
    match outcome {
        Outcome::Succeeded => None,
        // A node that failed without an end of its work was out of time.
        Outcome::Failed => FINISHES
            .iter()
            .all(|kind| cx.build.replay.event_at(id, kind).is_none())
            .then_some(OUT_OF_TIME),
        Outcome::Errored(why) => Some(why),
        Outcome::Stopped(cause) => told_to_stop(*cause),
    }
}

/// Says why a node ended badly, if it did and the log does not say so.
async fn complain(report: &Report, message: Option<&str>) -> Result<(), JournalError> {
    let Some(message) = message.map(str::to_owned) else { return Ok(()) };
    report.emit(|origin, time| Event::Error { message, origin, time }).await
}

/// Leaves what a node leaves, journals its end, and says why it ended badly. The journal comes
/// first: what it has, a later core can still say.
pub async fn finish(cx: &Cx, id: &PlanId, ended: Ended) -> Outcome {
    let Ended { mut ending, version, artifacts, vars } = ended;
    if let Ending::Errored(why) = &mut ending {
        *why = cx.build.redactor.redact(why).into_owned();
    }
    if ending == Ending::Stopped(Cause::Detach) {
        return ending.outcome();
    }
    let record = Record::Finished {
        outcome: ending.outcome(),
        version: version.clone(),
        artifacts: artifacts
            .iter()
            .map(|(name, volume)| ArtifactRecord {
                name: name.clone(),
                runtime: volume.runtime().to_owned(),
                volume: volume.handle().to_owned(),
            })
            .collect(),
        vars: vars.clone(),
    };
    let report = cx.report(id);
    let told = async {
        report.record(record).await?;
        complain(&report, ending.message()).await
    };
    if let Err(error) = told.await {
        return Ending::from(error).outcome();
    }
    if let Some(version) = version {
        cx.build.set_result(id, version);
    }
    for (name, volume) in artifacts {
        cx.scope.set_artifact(&name, Arc::clone(&volume));
    }
    for (name, value) in vars {
        cx.scope.set_var(&name, value);
    }
    ending.outcome()
}

/// Whether the node did anything under an earlier core.
fn is_begun(cx: &Cx, id: &PlanId) -> bool {
    cx.build.replay.begun_at(id).is_some() || cx.build.replay.node(id).is_some()
}

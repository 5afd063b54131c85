//! What all nodes that do work themselves have in common.
//!
//! *Follows:* `atc/exec/log_error_step.go`.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::{Cx, Ended, Ending};
use crate::engine::journal::{ArtifactRecord, Record};
use crate::engine::replay::Finished;
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

/// Leaves what a node leaves, says why it ended badly, and journals its end.
pub async fn finish(cx: &Cx, id: &PlanId, ended: Ended) -> Outcome {
    let Ended { mut ending, version, artifacts, vars } = ended;
    if let Ending::Errored(why) = &mut ending {
        *why = cx.build.redactor.redact(why).into_owned();
    }
    if ending == Ending::Stopped(Cause::Detach) {
        return ending.outcome();
    }
    let report = cx.report(id);
    if let Some(message) = ending.message() {
        let message = message.to_owned();
        let said = report.emit(|origin, time| Event::Error { message, origin, time }).await;
        if let Err(error) = said {
            return Ending::from(error).outcome();
        }
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
    if let Err(error) = report.record(record).await {
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

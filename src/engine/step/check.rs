//! Looks for versions of a resource. Native types need no container for it.
//!
//! *Follows:* `atc/exec/check_step.go`. Whether it is time to check was decided before.

use std::sync::Arc;

use super::{Cx, Ended, Ending};
use crate::engine::native::{self, Refused};
use crate::engine::place;
use crate::engine::pump::Sink;
use crate::model::build::{CheckPlan, Event, Plan};
use crate::model::time::format_duration;

/// How long a check may take whose resource does not say, in seconds.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3600);

/// Checks and saves what it found.
pub async fn run(cx: &Cx, plan: &Plan, check: &CheckPlan) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    let name = check.name.clone();
    report.emit(|origin, time| Event::InitializeCheck { origin, time, name }).await?;
    let source = cx.fill_map(&check.source).await?;
    let kind = native::find(cx, &report, &check.resource_type, &check.image).await?;
    let worker = cx.build.parts.worker.clone();
    report
        .emit(|origin, time| Event::SelectedWorker { time, origin, selected_worker: worker })
        .await?;
    let default = format_duration(TIMEOUT);
    let timeout = check.timeout.as_deref().unwrap_or(&default);
    let deadline = native::deadline(cx, plan, Some(timeout))?;
    report.emit(|origin, time| Event::Start { origin, time }).await?;

    let limit = cx.cancel.child();
    let sink = Arc::new(Sink::default());
    let context = native::context(cx, &sink, limit.clone(), place::resource_env(cx));
    let work = kind.check(&context, &source, check.from.as_ref());
    let found = match native::attend(cx, &report, &sink, (&limit, deadline), work).await? {
        Ok(found) => found,
        Err(Refused { .. }) => {
            report.emit(|origin, time| Event::Finish { origin, time, succeeded: false }).await?;
            return Ok(Ending::Failed.into());
        }
    };
    if found.iter().any(|version| version.0.is_empty()) {
        return Err(Ending::Errored("the check found a version without fields".to_owned()));
    }
    let newest = cx.build.parts.journal.save_check(cx.build.spec.id, &check.name, found).await?;
    report.emit(|origin, time| Event::Finish { origin, time, succeeded: true }).await?;
    Ok(Ended { version: newest, ..Ending::Succeeded.into() })
}

//! The track pass: each started build has somebody who runs it, in this process.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pass::{SAFETY_NET, caught};
use super::{Core, cause, report};
use crate::engine::BuildSpec;
use crate::model::build::{Cause, Outcome};
use crate::store::StoreError;
use crate::store::build::BuildRow;

/// Runs the pass until it is told to stop.
pub async fn run(core: Arc<Core>, stop: CancellationToken) {
    loop {
        if let Err(error) = round(&core).await {
            report("track", &error);
        }
        let next = core.clock.now() + SAFETY_NET;
        if !core.tracking.wait(core.clock.as_ref(), next, &stop).await {
            return;
        }
    }
}

async fn round(core: &Arc<Core>) -> Result<(), StoreError> {
    for build in core.store.started_builds().await? {
        if let Some(running) = core.lock_running().get(&build.id) {
            if build.is_aborting {
                running.stop(Cause::Aborted);
            }
            continue;
        }
        start(core, build).await?;
    }
    Ok(())
}

async fn start(core: &Arc<Core>, build: BuildRow) -> Result<(), StoreError> {
    let Some(plan) = core.store.build_plan(build.id).await? else { return Ok(()) };
    let running = core.engine.start(BuildSpec {
        id: build.id,
        name: build.name.clone(),
        team: build.team.clone(),
        pipeline: build.pipeline.clone(),
        job: build.job.clone(),
        created_by: build.created_by.clone(),
        plan,
    });
    if build.is_aborting {
        running.stop(Cause::Aborted);
    }
    core.lock_running().insert(build.id, running.clone());
    let core_of_task = Arc::clone(core);
    core.tasks.spawn(async move {
        let outcome = running.wait().await;
        if let Err(panic) = caught(finish(&core_of_task, &build, &outcome)).await {
            // The next round of the pass finds it started and without a runner.
            tracing::error!(build = %build.id, panic, "the end of a build panicked");
        }
        core_of_task.lock_running().remove(&build.id);
        core_of_task.ended.notify_waiters();
    });
    Ok(())
}

/// Brings the row to what the log says already. Tried until the store takes it, because the
/// build is over whatever the database thinks; a core that goes away leaves it to the next.
async fn finish(core: &Core, build: &BuildRow, outcome: &Outcome) {
    let Some(status) = outcome.status() else { return };
    let cause = cause::find(&core.store, build.id, status).await;
    let mut pause = Duration::from_millis(100);
    while let Err(error) = core.store.finish_build(build.id, status, cause.as_ref()).await {
        report("track", &error);
        let again = core.clock.now() + pause;
        tokio::select! {
            () = core.clock.sleep_until(again) => {}
            () = core.cancel.detached() => return,
        }
        pause = (pause * 2).min(Duration::from_secs(10));
    }
    if let Err(error) = core.store.complete_log(build.id).await {
        report("track", &error);
    }
}

//! The collect pass: containers that nobody will look into any more go.
//!
//! *Follows:* Concourse's rules of how long a build can be entered: while it runs; a build that
//! succeeded goes soon; any other stays until a later build of its job is over, or five days.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Core, report};
use crate::model::build::Status;
use crate::model::worker::ContainerInfo;
use crate::store::StoreError;

/// How long the container of a build that did not succeed is kept at most.
const FAILED_GRACE: Duration = Duration::from_secs(120 * 3600);

/// How long the containers of a build that succeeded stay for somebody who is about to look.
const SUCCEEDED_GRACE: Duration = Duration::from_secs(60);

/// How often the pass looks when nothing nudges it.
const INTERVAL: Duration = Duration::from_secs(30);

/// Runs the pass until it is told to stop.
pub async fn run(core: Arc<Core>, stop: CancellationToken) {
    loop {
        let next = core.clock.now() + INTERVAL;
        if !core.collecting.wait(core.clock.as_ref(), next, &stop).await {
            return;
        }
        if let Err(error) = round(&core).await {
            report("collect", &error);
        }
    }
}

async fn round(core: &Core) -> Result<(), StoreError> {
    for runtime in &core.runtimes {
        let containers = match runtime.list().await {
            Ok(containers) => containers,
            Err(error) => {
                tracing::error!(runtime = runtime.name(), %error, "cannot list containers");
                continue;
            }
        };
        for container in containers {
            if is_wanted(core, &container).await? {
                continue;
            }
            if let Err(error) = runtime.remove(&container.handle).await {
                tracing::error!(container = container.handle, %error, "cannot remove container");
                continue;
            }
            core.store.delete_container(&container.handle).await?;
        }
    }
    Ok(())
}

async fn is_wanted(core: &Core, container: &ContainerInfo) -> Result<bool, StoreError> {
    let Some(build) = core.store.build(container.metadata.build).await? else {
        return Ok(false);
    };
    let Some(ended_at) = build.ended_at.filter(|_| build.status.is_over()) else {
        return Ok(true);
    };
    if core.is_entered(&container.handle) {
        return Ok(true);
    }
    let age = core.clock.now().since(ended_at);
    if build.status == Status::Succeeded {
        return Ok(age < SUCCEEDED_GRACE);
    }
    let is_latest = match &build.job {
        Some((job, _)) => {
            let job = core.store.job_by_id(*job).await?;
            job.is_some_and(|job| job.finished == Some(build.id))
        }
        None => true,
    };
    Ok(is_latest && age < FAILED_GRACE)
}

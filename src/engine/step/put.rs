//! Sends something out.
//!
//! It is journaled before it acts: after a restart the type is told that the same operation may
//! have happened.
//!
//! *Follows:* `atc/exec/put_step.go`. The get after it is a node of its own.

use std::sync::Arc;

use super::{Cx, Ended, Ending, OUT_OF_TIME, until};
use crate::engine::journal::{Record, SavedVersion};
use crate::engine::native::{self, Refused};
use crate::engine::place;
use crate::engine::pump::Sink;
use crate::engine::report::Report;
use crate::model::build::{Cause, Event, Plan, PutPlan};
use crate::model::task::Limits;
use crate::model::worker::ContainerKind;
use crate::resource::{Found, Operation};
use crate::runtime::{ContainerSpec, Image, Mount, MountKind, Volume};

/// The directory that a put works in.
const DIRECTORY: &str = "/tmp/build/put";

/// Sends out what the put's inputs hold and saves the version that came of it.
pub async fn run(cx: &Cx, plan: &Plan, put: &PutPlan) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    report.emit(|origin, time| Event::InitializePut { origin, time }).await?;
    let source = cx.fill_map(&put.source).await?;
    let params = cx.fill_map(&put.params).await?;
    let inputs = native::put_inputs(cx, &put.inputs, &put.params)?;
    let kind = native::find(cx, &report, &put.resource_type, &put.image).await?;
    let runtime = place::runtime(&cx.build, plan)?;
    place::select(&cx.build, &report, &*runtime, plan).await?;

    let deadline = native::deadline(cx, plan, put.timeout.as_deref())?;
    let limit = cx.cancel.child();
    let create = place::create_anew(cx, &*runtime, spec(cx, plan, put, inputs));
    let container = until(cx, deadline, &limit, create).await?;
    if limit.cause() == Some(Cause::Deadline) && cx.cancel.cause().is_none() {
        return Err(Ending::Errored(OUT_OF_TIME.to_owned()));
    }
    let volume = container.volume("").await?;
    let directory = native::local_path(&*volume)?;
    report.emit(|origin, time| Event::StartPut { origin, time }).await?;

    if let Some(stopped) = native::stopped(cx, &limit) {
        return Err(stopped);
    }
    let is_repeat = cx.build.replay.node(&plan.id).is_some_and(|node| node.is_begun);
    report.record(Record::Begun).await?;
    let operation = Operation {
        id: format!("{}-build-{}-{}", cx.build.parts.core_id, cx.build.spec.id, plan.id),
        is_repeat,
    };
    let sink = Arc::new(Sink::default());
    let env = native::put_env(cx, put.expose_build_created_by);
    let context = native::context(cx, &sink, limit.clone(), env);
    let work = kind.put(&context, &source, &params, &directory, &operation);
    let found = match native::attend(cx, &report, &sink, (&limit, deadline), work).await? {
        Ok(found) => found,
        Err(Refused { exit_status }) => {
            finish(&report, exit_status, None).await?;
            return Ok(Ending::Failed.into());
        }
    };
    let saved = SavedVersion {
        name: put.name.clone(),
        resource: put.resource.clone(),
        version: found.version.clone(),
        metadata: found.metadata.clone(),
    };
    cx.build.parts.journal.save_output(cx.build.spec.id, saved).await?;
    let made = found.version.clone();
    finish(&report, 0, Some(found)).await?;
    Ok(Ended { version: Some(made), ..Ending::Succeeded.into() })
}

fn spec(
    cx: &Cx,
    plan: &Plan,
    put: &PutPlan,
    inputs: Vec<(String, Arc<dyn Volume>)>,
) -> ContainerSpec {
    let mounts =
        inputs.into_iter().map(|(path, volume)| Mount { path, kind: MountKind::Input(volume) });
    ContainerSpec {
        handle: place::handle(&cx.build, plan),
        metadata: place::metadata(&cx.build.spec, plan, ContainerKind::Put, &put.name),
        image: Image::Host,
        working_dir: DIRECTORY.to_owned(),
        mounts: mounts.collect(),
        env: native::put_env(cx, put.expose_build_created_by),
        limits: Limits::default(),
        privileged: false,
        hermetic: false,
    }
}

async fn finish(report: &Report, exit_status: i32, found: Option<Found>) -> Result<(), Ending> {
    let (version, metadata) =
        found.map_or((None, None), |found| (Some(found.version), Some(found.metadata)));
    let event = |origin, time| Event::FinishPut { origin, time, exit_status, version, metadata };
    Ok(report.emit(event).await?)
}

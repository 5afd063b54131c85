//! Brings a version of a resource in.
//!
//! A native type works in the directory of a container that the runtime makes, so that the
//! container is listed and can be entered. What an earlier core had half brought is thrown away.
//!
//! *Follows:* `atc/exec/get_step.go`.

use std::sync::Arc;

use super::{Cx, Ended, Ending};
use crate::engine::journal::SavedVersion;
use crate::engine::native::{self, Refused};
use crate::engine::place;
use crate::engine::pump::Sink;
use crate::engine::report::Report;
use crate::model::build::{Event, GetPlan, GetVersion, Plan};
use crate::model::task::Limits;
use crate::model::value::Map;
use crate::model::worker::ContainerKind;
use crate::model::{Value, Version};
use crate::resource::Found;
use crate::runtime::{ContainerSpec, Image};

/// The directory that a get works in.
const DIRECTORY: &str = "/tmp/build/get";

/// Brings the version in and registers it as an artifact.
pub async fn run(cx: &Cx, plan: &Plan, get: &GetPlan) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    report.emit(|origin, time| Event::InitializeGet { origin, time }).await?;
    let source = cx.fill_map(&get.source).await?;
    let params = cx.fill_map(&get.params).await?;
    let version = version(cx, get)?;
    let kind = native::find(cx, &report, &get.resource_type, &get.image).await?;
    report.emit(|origin, time| Event::StartGet { origin, time }).await?;

    let runtime = place::runtime(&cx.build, plan)?;
    place::select(&cx.build, &report, &*runtime, plan).await?;
    let deadline = native::deadline(cx, plan, get.timeout.as_deref())?;
    let container = place::create_anew(cx, &*runtime, spec(cx, plan, get)).await?;
    let volume = container.volume("").await?;
    let directory = native::local_path(&*volume)?;

    let limit = cx.cancel.child();
    let sink = Arc::new(Sink::default());
    let context = native::context(cx, &sink, limit.clone(), place::resource_env(cx));
    let work = kind.get(&context, &source, &params, &version, &directory);
    let found = match native::attend(cx, &report, &sink, (&limit, deadline), work).await? {
        Ok(found) => found,
        Err(Refused { exit_status }) => {
            finish(&report, exit_status, None).await?;
            return Ok(Ending::Failed.into());
        }
    };
    let saved = SavedVersion {
        name: get.name.clone(),
        resource: get.resource.clone(),
        version: found.version.clone(),
        metadata: found.metadata.clone(),
    };
    cx.build.parts.journal.save_metadata(cx.build.spec.id, saved).await?;
    let facts: Map = found
        .metadata
        .iter()
        .map(|field| (field.name.clone(), Value::from(field.value.as_str())))
        .collect();
    let made = found.version.clone();
    finish(&report, 0, Some(found)).await?;
    Ok(Ended {
        ending: Ending::Succeeded,
        version: Some(made),
        artifacts: vec![(get.name.clone(), volume)],
        vars: vec![(get.name.clone(), Value::Map(facts))],
    })
}

fn version(cx: &Cx, get: &GetPlan) -> Result<Version, Ending> {
    match &get.version {
        GetVersion::Fixed(version) => Ok(version.clone()),
        GetVersion::From(id) => cx.build.result(id).ok_or_else(|| {
            Ending::Errored(format!("step `{id}`, whose version is to be brought in, has none"))
        }),
    }
}

fn spec(cx: &Cx, plan: &Plan, get: &GetPlan) -> ContainerSpec {
    ContainerSpec {
        handle: place::handle(&cx.build, plan),
        metadata: place::metadata(&cx.build.spec, plan, ContainerKind::Get, &get.name),
        image: Image::Host,
        working_dir: DIRECTORY.to_owned(),
        mounts: Vec::new(),
        env: place::resource_env(cx),
        limits: Limits::default(),
        privileged: false,
        hermetic: false,
    }
}

async fn finish(report: &Report, exit_status: i32, found: Option<Found>) -> Result<(), Ending> {
    let (version, metadata) =
        found.map_or((None, None), |found| (Some(found.version), Some(found.metadata)));
    let event = |origin, time| Event::FinishGet { origin, time, exit_status, version, metadata };
    Ok(report.emit(event).await?)
}

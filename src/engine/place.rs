//! Which runtime takes a container, and what its containers and their environment are called.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::BuildSpec;
use super::build::Build;
use super::journal::{JournalError, Record};
use super::report::Report;
use super::step::{Cx, Ending};
use crate::model::build::{Event, Plan};
use crate::model::worker::{ContainerKind, ContainerMetadata};
use crate::runtime::{Container, ContainerSpec, Runtime};

/// The runtime that takes a node's container: the one that an earlier core chose, else the
/// preferred one.
///
/// # Errors
/// When there is none.
pub fn runtime(build: &Build, plan: &Plan) -> Result<Arc<dyn Runtime>, Ending> {
    let runtimes = &build.parts.runtimes;
    let journaled = build.replay.node(&plan.id).and_then(|node| node.container.as_ref());
    let runtime = match journaled {
        Some((name, _)) => runtimes.iter().find(|runtime| runtime.name() == name),
        None => runtimes.first(),
    };
    runtime.cloned().ok_or_else(|| match journaled {
        Some((name, _)) => {
            Ending::Errored(format!("the step's container is on runtime `{name}`, which is gone"))
        }
        None => Ending::Errored("no runtime takes containers".to_owned()),
    })
}

/// Says which worker has the node, and journals the container that it is about to have.
///
/// # Errors
/// When the journal refuses.
pub async fn select(
    build: &Build,
    report: &Report,
    runtime: &dyn Runtime,
    plan: &Plan,
) -> Result<(), JournalError> {
    let worker = build.parts.worker.clone();
    report
        .emit(|origin, time| Event::SelectedWorker { time, origin, selected_worker: worker })
        .await?;
    let container = (runtime.name().to_owned(), handle(build, plan));
    let journaled = build.replay.node(&plan.id).and_then(|node| node.container.as_ref());
    if journaled == Some(&container) {
        return Ok(());
    }
    let (runtime, handle) = container;
    report.record(Record::Container { runtime, handle }).await
}

/// Makes a container that holds nothing of an earlier core's try.
///
/// # Errors
/// When the runtime refuses.
pub async fn create_anew(
    cx: &Cx,
    runtime: &dyn Runtime,
    spec: ContainerSpec,
) -> Result<Arc<dyn Container>, Ending> {
    if cx.build.replay.node(&spec.metadata.plan).is_some_and(|node| node.container.is_some()) {
        runtime.remove(&spec.handle).await?;
    }
    Ok(runtime.create(spec).await?)
}

/// The handle of a node's container, the same under each core that runs the build.
pub fn handle(build: &Build, plan: &Plan) -> String {
    let letters = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '.' }).collect()
    };
    let core: String = letters(&build.parts.core_id).chars().take(8).collect();
    format!("{core}-b{}-{}", build.spec.id, letters(&plan.id.0))
}

/// What a node's container is for.
pub fn metadata(
    spec: &BuildSpec,
    plan: &Plan,
    kind: ContainerKind,
    step: &str,
) -> ContainerMetadata {
    let attempt: Vec<String> = plan.attempt.iter().map(u32::to_string).collect();
    let mut of = vec![spec.team.clone()];
    of.extend(spec.pipeline.iter().map(|(_, pipeline)| pipeline.name.clone()));
    of.extend(spec.job.iter().map(|(_, job)| job.clone()));
    ContainerMetadata {
        kind,
        build: spec.id,
        plan: plan.id.clone(),
        step: step.to_owned(),
        attempt: attempt.join("."),
        build_name: spec.name.clone(),
        of: of.join("/"),
    }
}

/// The handle of the volume that keeps a task's cache; nothing for a build without a job, which
/// keeps none.
pub fn cache_handle(build: &Build, step: &str, path: &str) -> Option<String> {
    let (job, _) = build.spec.job.as_ref()?;
    let key = serde_json::json!([build.parts.core_id, job.0, step, path]).to_string();
    Some(format!("cache-{}", &hash(&key)[..24]))
}

/// The directory of a task with that name: the same in each build.
pub fn task_dir(step: &str) -> String {
    format!("/tmp/build/{}", &hash(step)[..8])
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What resource types are told of the build.
///
/// *Follows:* `atc/exec/step_metadata.go`.
pub fn resource_env(cx: &Cx) -> Vec<(String, String)> {
    let spec = &cx.build.spec;
    let external = cx.build.parts.external_url.trim_end_matches('/');
    let short = format!("{external}/builds/{}", spec.id);
    let mut url = short.clone();
    let mut env = vec![
        ("BUILD_ID".to_owned(), spec.id.to_string()),
        ("BUILD_NAME".to_owned(), spec.name.clone()),
        ("BUILD_TEAM_NAME".to_owned(), spec.team.clone()),
    ];
    let mut tell = |name: &str, value: String| env.push((name.to_owned(), value));
    if let Some((id, job)) = &spec.job {
        tell("BUILD_JOB_ID", id.to_string());
        tell("BUILD_JOB_NAME", job.clone());
    }
    if let Some((id, pipeline)) = &spec.pipeline {
        tell("BUILD_PIPELINE_ID", id.to_string());
        tell("BUILD_PIPELINE_NAME", pipeline.name.clone());
        if !pipeline.instance.is_empty() {
            tell("BUILD_PIPELINE_INSTANCE_VARS", pipeline.instance.clone());
        }
        if let Some((_, job)) = &spec.job {
            url = format!(
                "{external}/teams/{}/pipelines/{}/jobs/{job}/builds/{}",
                spec.team, pipeline.name, spec.name
            );
        }
    }
    if let Some(status) = cx.hook_of {
        tell("BUILD_STATUS", status.to_string());
    }
    if !external.is_empty() {
        tell("ATC_EXTERNAL_URL", external.to_owned());
        tell("BUILD_URL", url);
        tell("BUILD_URL_SHORT", short);
    }
    env
}

//! Which resource type serves a node, and what it is given.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use super::place;
use super::pump::{self, Sink};
use super::report::Report;
use super::step::{Cx, Ending, until};
use crate::model::build::{ImagePlans, LogSource, Plan, TypeImage};
use crate::model::step::PutInputs;
use crate::model::time::{InvalidDuration, parse_duration};
use crate::model::value::Map;
use crate::model::{Timestamp, Value};
use crate::resource::{Context, ResourceError, ResourceType};
use crate::runtime::cancel::Cancel;
use crate::runtime::{RuntimeError, Volume};

/// The types of resources whose version is an image, and whose source names it.
const IMAGE_TYPES: [&str; 2] = ["registry-image", "docker-image"];

/// A native type that serves a type's name in a pipeline.
pub struct Serving {
    /// The type.
    pub kind: &'static dyn ResourceType,
    /// What people should know about it, if it takes another's place.
    pub warning: Option<String>,
}

/// The native type that serves `kind`. A pipeline's own type, whose image's name is `own`,
/// comes before ours; if its image is one that we have natively, ours serves.
///
/// # Errors
/// A sentence for people when nothing here can serve it.
pub fn serving(
    types: &[&'static dyn ResourceType],
    kind: &str,
    own: Option<&str>,
) -> Result<Serving, String> {
    let Some(image) = own else {
        let native = types.iter().copied().find(|native| native.name() == kind);
        return native.map(|kind| Serving { kind, warning: None }).ok_or_else(|| {
            let known: Vec<&str> = types.iter().map(|native| native.name()).collect();
            format!(
                "resource type `{kind}` is not built in (built in: {}) and the pipeline has no \
                 `resource_types` entry for it",
                known.join(", ")
            )
        });
    };
    let native = types.iter().copied().find(|native| native.well_known_images().contains(&image));
    let Some(native) = native else {
        return Err(format!(
            "resource type `{kind}` runs as an image (`{image}`), which needs the docker runtime"
        ));
    };
    let warning = format!(
        "WARNING: image `{image}` of resource type `{kind}` is not run; the built-in type `{}` \
         serves in its place",
        native.name()
    );
    Ok(Serving { kind: native, warning: Some(warning) })
}

/// The native type that serves a node; a warning goes to its log.
///
/// # Errors
/// When nothing here can serve it.
pub async fn find(
    cx: &Cx,
    report: &Report,
    kind: &str,
    image: &ImagePlans,
) -> Result<&'static dyn ResourceType, Ending> {
    let own = match image.chain.first() {
        Some(own) => {
            let repository = own.source.get("repository").cloned().unwrap_or_default();
            Some(image_of(own, &cx.fill(&repository).await?))
        }
        None => None,
    };
    let serving = serving(cx.build.parts.types, kind, own.as_deref()).map_err(Ending::Errored)?;
    if let Some(warning) = &serving.warning {
        report.say(LogSource::Stderr, warning).await?;
    }
    Ok(serving.kind)
}

/// What a custom type's image is called, without a registry's address and tag, when the
/// `repository` of its source is filled.
pub fn image_of(own: &TypeImage, repository: &Value) -> String {
    if IMAGE_TYPES.contains(&own.kind.as_str()) {
        image_name(&repository.to_param()).to_owned()
    } else {
        format!("of type {}", own.kind)
    }
}

fn image_name(repository: &str) -> &str {
    let (host, path) = repository.split_once('/').unwrap_or(("", repository));
    let has_host = host.contains(['.', ':']) || host == "localhost";
    let path = if has_host { path } else { repository };
    let path = path.split('@').next().unwrap_or(path);
    path.split(':').next().unwrap_or(path)
}

/// What a native type may use while it works for a node.
pub fn context(cx: &Cx, sink: &Arc<Sink>, cancel: Cancel, env: Vec<(String, String)>) -> Context {
    Context {
        log: Arc::clone(sink) as Arc<_>,
        clock: Arc::clone(&cx.build.parts.clock),
        cancel,
        cache_dir: cx.build.parts.cache_dir.clone(),
        env,
    }
}

/// The work of a native type said no, and the log has what it said.
pub struct Refused {
    /// The exit status to show.
    pub exit_status: i32,
}

/// Sees a native type's work through: writes what it says, tells it to stop when `cx` is
/// cancelled or `deadline` comes. `limit` is the token that the work looks at, below that of
/// `cx`.
///
/// # Errors
/// How the node ends if not by the work's own answer.
pub async fn attend<T>(
    cx: &Cx,
    report: &Report,
    sink: &Arc<Sink>,
    (limit, deadline): (&Cancel, Option<Timestamp>),
    work: impl Future<Output = Result<T, ResourceError>>,
) -> Result<Result<T, Refused>, Ending> {
    let limited = cx.under(limit.clone());
    let work = pump::accompany(&limited, report, sink, work);
    let answer = until(cx, deadline, limit, work).await;
    let error = match answer {
        Ok(Ok(found)) => return Ok(Ok(found)),
        Ok(Err(error)) => error,
        Err(ending @ Ending::Errored(_)) => return Err(ending),
        Err(ending) => return Err(stopped(cx, limit).unwrap_or(ending)),
    };
    if let Some(stopped) = stopped(cx, limit) {
        return Err(stopped);
    }
    match error {
        ResourceError::Failed { message, exit_status } => {
            report.say(LogSource::Stderr, &message).await?;
            Ok(Err(Refused { exit_status }))
        }
        ResourceError::Stopped(cause) => Err(Ending::Stopped(cause)),
        other @ (ResourceError::Invalid { .. }
        | ResourceError::VersionNotFound { .. }
        | ResourceError::MayHaveHappened { .. }
        | ResourceError::Io { .. }) => Err(Ending::from(other)),
    }
}

/// How a node ends whose work was told to stop: by its own time, or from above.
pub fn stopped(cx: &Cx, limit: &Cancel) -> Option<Ending> {
    match (cx.cancel.cause(), limit.cause()) {
        (Some(cause), _) => Some(Ending::Stopped(cause)),
        (None, Some(_)) => Some(Ending::TimedOut),
        (None, None) => None,
    }
}

/// The moment when a node's own time is up: counted from when it got its worker, be it under
/// an earlier core.
///
/// # Errors
/// When the text is no duration.
pub fn deadline(
    cx: &Cx,
    plan: &Plan,
    timeout: Option<&str>,
) -> Result<Option<Timestamp>, InvalidDuration> {
    let Some(timeout) = timeout else { return Ok(None) };
    let duration = parse_duration(timeout)?;
    let selected = cx.build.replay.event_at(&plan.id, "selected-worker");
    Ok(Some(selected.unwrap_or_else(|| cx.build.parts.clock.now()) + duration))
}

/// The directory of a volume in this machine's file system, where native types work.
///
/// # Errors
/// When the runtime keeps its files elsewhere.
pub fn local_path(volume: &dyn Volume) -> Result<PathBuf, RuntimeError> {
    volume.local_path().ok_or_else(|| RuntimeError::Unsupported {
        runtime: volume.runtime(),
        what: "cannot show its files to a built-in resource type".to_owned(),
    })
}

/// Artifacts with their names.
pub type Artifacts = Vec<(String, Arc<dyn Volume>)>;

/// The artifacts that a put sees.
///
/// *Follows:* `atc/exec/put_inputs.go`.
///
/// # Errors
/// When one that is named is not there.
pub fn put_inputs(cx: &Cx, inputs: &PutInputs, params: &Map) -> Result<Artifacts, Ending> {
    match inputs {
        PutInputs::All => Ok(cx.scope.artifacts().into_iter().collect()),
        PutInputs::Named(names) => names
            .iter()
            .map(|name| {
                let missing = || Ending::Errored(format!("input not found: {name}"));
                Ok((name.clone(), cx.scope.artifact(name).ok_or_else(missing)?))
            })
            .collect(),
        PutInputs::Detect => {
            let mut names = Vec::new();
            for value in params.values() {
                detect(value, &mut names);
            }
            names.sort();
            names.dedup();
            let found = |name: String| cx.scope.artifact(&name).map(|volume| (name, volume));
            Ok(names.into_iter().filter_map(found).collect())
        }
    }
}

/// Names that texts begin with, as paths do.
fn detect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) if text.contains('/') => {
            let first = text.split('/').find(|part| !matches!(*part, "" | "." | ".."));
            names.extend(first.map(str::to_owned));
        }
        Value::String(text) => names.push(text.clone()),
        Value::List(list) => list.iter().for_each(|value| detect(value, names)),
        Value::Map(map) => map.values().for_each(|value| detect(value, names)),
    }
}

/// What a put of a resource is told beyond [`place::resource_env`].
pub fn put_env(cx: &Cx, expose_created_by: bool) -> Vec<(String, String)> {
    let mut env = place::resource_env(cx);
    if let Some(created_by) = cx.build.spec.created_by.as_ref().filter(|_| expose_created_by) {
        env.push(("BUILD_CREATED_BY".to_owned(), created_by.clone()));
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_without_registry_and_tag() {
        for (repository, name) in [
            ("teliaoss/github-pr-resource", "teliaoss/github-pr-resource"),
            ("docker.io/teliaoss/github-pr-resource:v1", "teliaoss/github-pr-resource"),
            ("localhost:5000/a/b", "a/b"),
            ("concourse/git-resource@sha256:00", "concourse/git-resource"),
            ("alpine", "alpine"),
        ] {
            assert_eq!(image_name(repository), name);
        }
    }

    #[test]
    fn artifacts_are_detected_by_the_first_part_of_a_path() {
        let params = serde_json::from_str(
            r#"{"a":"repo/x","b":["./out/y",{"z":"whole"}],"c":true,"repo2/k":1,"d":"../up"}"#,
        )
        .expect("JSON");
        let mut names = Vec::new();
        detect(&params, &mut names);
        assert_eq!(names, ["repo", "out", "whole", "up"]);
    }
}

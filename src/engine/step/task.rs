//! Runs a command in a container.
//!
//! A container that an earlier core made is attached to: its process was started once and is
//! never started again.
//!
//! *Follows:* `atc/exec/task_step.go`.

use std::sync::Arc;

use super::{Cx, Ended, Ending, OUT_OF_TIME, until};
use crate::engine::report::Report;
use crate::engine::{native, place, pump, task_config};
use crate::model::TaskConfig;
use crate::model::build::{
    Cause, Event, LogSource, Plan, TaskCommand, TaskPlan, TaskSummary, TaskSummaryInput,
};
use crate::model::step::TaskStep;
use crate::model::worker::ContainerKind;
use crate::runtime::{
    Container, ContainerSpec, Image, Mount, MountKind, ProcessSpec, Runtime, Volume, WindowSize,
};

/// The terminal that a task gets.
const TERMINAL: WindowSize = WindowSize { columns: 500, rows: 500 };

/// A task on its runtime.
struct Task<'a> {
    cx: &'a Cx,
    plan: &'a Plan,
    step: &'a TaskStep,
    report: Report,
    runtime: Arc<dyn Runtime>,
    config: TaskConfig,
}

/// Runs the task to its end.
pub async fn run(cx: &Cx, plan: &Plan, task: &TaskPlan) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    let config = TaskSummary::default();
    report.emit(|origin, time| Event::InitializeTask { time, origin, config }).await?;
    let step = &task.step;
    let config = task_config::load(cx, step).await?;
    let runtime = place::runtime(&cx.build, plan)?;
    Task { cx, plan, step, report, runtime, config }.run().await
}

impl Task<'_> {
    async fn run(&self) -> Result<Ended, Ending> {
        let Task { cx, plan, report, .. } = self;
        let spec = match self.earlier_container().await? {
            Some(container) => return self.attend(&*container).await,
            None => self.container_spec().await?,
        };
        place::select(&cx.build, report, &*self.runtime, plan).await?;
        let deadline = native::deadline(cx, plan, self.step.timeout.as_deref())?;
        let limit = cx.cancel.child();
        let create = async {
            let _held = cx.build.caches.hold(&self.caches()).await;
            let mut spec = spec;
            for mount in &mut spec.mounts {
                if let MountKind::Cache(volume) = &mut mount.kind {
                    *volume = self.cache(&mount.path).await?;
                }
            }
            Ok::<_, Ending>(self.runtime.create(spec).await?)
        };
        let container = until(cx, deadline, &limit, create).await?;
        match native::stopped(cx, &limit) {
            Some(Ending::TimedOut) => Err(Ending::Errored(OUT_OF_TIME.to_owned())),
            Some(stopped) => Err(stopped),
            None => self.attend(&*container).await,
        }
    }

    /// The container that an earlier core made for the task.
    async fn earlier_container(&self) -> Result<Option<Arc<dyn Container>>, Ending> {
        let replay = &self.cx.build.replay;
        let node = replay.node(&self.plan.id);
        let Some((_, handle)) = node.and_then(|node| node.container.as_ref()) else {
            return Ok(None);
        };
        let found = self.runtime.find(handle).await?;
        if found.is_none() && replay.event_at(&self.plan.id, "start-task").is_some() {
            return Err(Ending::Errored(format!(
                "container `{handle}` of the task is gone, and with it the exit status"
            )));
        }
        Ok(found)
    }

    async fn container_spec(&self) -> Result<ContainerSpec, Ending> {
        let Task { cx, plan, step, config, .. } = self;
        let image = self.image().await?;
        let mut mounts = self.inputs()?;
        let mut add = |path: String, kind: MountKind| {
            if !mounts.iter().any(|mount: &Mount| mount.path == path) {
                mounts.push(Mount { path, kind });
            }
        };
        for output in &config.outputs {
            add(self.clean(output.path.as_deref().unwrap_or(&output.name)), MountKind::Output);
        }
        for cache in &config.caches {
            add(self.clean(&cache.path), MountKind::Cache(None));
        }
        let external = &cx.build.parts.external_url;
        let mut env = Vec::new();
        if !external.is_empty() {
            env.push(("ATC_EXTERNAL_URL".to_owned(), external.clone()));
        }
        env.extend(config.params.clone());
        Ok(ContainerSpec {
            handle: place::handle(&cx.build, plan),
            metadata: place::metadata(&cx.build.spec, plan, ContainerKind::Task, &step.name),
            image,
            working_dir: place::task_dir(&step.name),
            mounts,
            env,
            limits: config.limits,
            privileged: step.privileged,
            hermetic: step.hermetic,
        })
    }

    fn inputs(&self) -> Result<Vec<Mount>, Ending> {
        let (mut mounts, mut missing) = (Vec::new(), Vec::new());
        for input in &self.config.inputs {
            let artifact = self.step.input_mapping.get(&input.name).unwrap_or(&input.name);
            match self.cx.scope.artifact(artifact) {
                Some(volume) => mounts.push(Mount {
                    path: self.clean(input.path.as_deref().unwrap_or(&input.name)),
                    kind: MountKind::Input(volume),
                }),
                None if input.optional => {}
                None => missing.push(artifact.as_str()),
            }
        }
        if missing.is_empty() {
            Ok(mounts)
        } else {
            Err(Ending::Errored(format!("missing inputs: {}", missing.join(", "))))
        }
    }

    /// Where the root file system comes from. A runtime that does not isolate has only its own.
    async fn image(&self) -> Result<Image, Ending> {
        let (step, config) = (self.step, &self.config);
        let artifact = match &step.image {
            Some(name) => Some(self.cx.scope.artifact(name).ok_or_else(|| {
                Ending::Errored(format!("missing image artifact source: `{name}`"))
            })?),
            None => None,
        };
        let resource = config.image_resource.as_ref().map(|image| {
            let text = |key| image.source.get(key).map(|value| value.to_param());
            let repository = text("repository").unwrap_or_else(|| image.kind.clone());
            let digest = image.version.as_ref().and_then(|version| version.field("digest"));
            match (digest, text("tag")) {
                (Some(digest), _) => format!("{repository}@{digest}"),
                (None, Some(tag)) => format!("{repository}:{tag}"),
                (None, None) => repository,
            }
        });
        if self.runtime.isolates() {
            return Ok(match (artifact, resource, &config.rootfs_uri) {
                (Some(volume), _, _) => Image::Volume(volume),
                (None, Some(address), _) => Image::Uri(format!("docker:///{address}")),
                (None, None, Some(uri)) => Image::Uri(uri.clone()),
                (None, None, None) => {
                    let why = "the task names no image: add `image_resource` to its config";
                    return Err(Ending::Errored(why.to_owned()));
                }
            });
        }
        let ignored = step.image.clone().or(resource).or_else(|| config.rootfs_uri.clone());
        if let Some(image) = ignored {
            let name = self.runtime.name();
            let warning = format!(
                "WARNING: image `{image}` is ignored: the {name} runtime runs tasks on this machine"
            );
            self.report.say(LogSource::Stderr, &warning).await?;
        }
        Ok(Image::Host)
    }

    /// Starts the task's process or attaches to it, and stays until its end.
    async fn attend(&self, container: &dyn Container) -> Result<Ended, Ending> {
        let Task { cx, plan, step, report, config, .. } = self;
        let deadline = native::deadline(cx, plan, step.timeout.as_deref())?;
        let process = self.process()?;
        let summary = self.summary();
        report.emit(|origin, time| Event::StartTask { time, origin, config: summary }).await?;
        let process = container.run(process).await?;

        let limit = cx.cancel.child();
        let follow = pump::follow((cx, &limit), report, &*process, &[LogSource::Stdout]);
        let ending = match until(cx, deadline, &limit, follow).await {
            Ok(exit_status) => {
                let finish = |origin, time| Event::FinishTask { time, exit_status, origin };
                report.emit(finish).await?;
                if exit_status == 0 { Ending::Succeeded } else { Ending::Failed }
            }
            Err(Ending::Stopped(Cause::Detach)) => return Err(Ending::Stopped(Cause::Detach)),
            Err(stopped @ (Ending::TimedOut | Ending::Stopped(_))) => stopped,
            Err(ending) => return Err(ending),
        };
        let mut artifacts = Vec::new();
        for output in &config.outputs {
            let path = self.clean(output.path.as_deref().unwrap_or(&output.name));
            let name = step.output_mapping.get(&output.name).unwrap_or(&output.name);
            artifacts.push((name.clone(), container.volume(&path).await?));
        }
        self.keep_caches(container).await?;
        Ok(Ended { artifacts, ..ending.into() })
    }

    fn process(&self) -> Result<ProcessSpec, Ending> {
        let run = &self.config.run;
        let path = run.path.clone().filter(|path| !path.is_empty()).ok_or_else(|| {
            Ending::Errored("the task names no command: set `run.path` in its config".to_owned())
        })?;
        Ok(ProcessSpec {
            path,
            args: run.args.clone(),
            env: Vec::new(),
            dir: run.dir.as_deref().map(|dir| self.clean(dir)).unwrap_or_default(),
            user: run.user.clone(),
            tty: Some(TERMINAL),
            stdin: None,
        })
    }

    /// What the task runs, for people: secrets taken out.
    fn summary(&self) -> TaskSummary {
        let redact = |text: &String| self.cx.build.redactor.redact(text).into_owned();
        let TaskConfig { platform, rootfs_uri, run, inputs, .. } = &self.config;
        let input = |name: &String, path: &Option<String>| TaskSummaryInput {
            name: name.clone(),
            path: path.clone().unwrap_or_default(),
        };
        TaskSummary {
            platform: platform.clone(),
            image: rootfs_uri.clone().unwrap_or_default(),
            run: TaskCommand {
                path: run.path.as_ref().map(redact).unwrap_or_default(),
                args: Some(run.args.iter().map(redact).collect()),
                dir: run.dir.clone().unwrap_or_default(),
            },
            inputs: Some(inputs.iter().map(|i| input(&i.name, &i.path)).collect()),
        }
    }

    /// A path as mounts have it: `..` is deleted, and one below the working directory is taken
    /// from there.
    fn clean(&self, path: &str) -> String {
        clean(path, &place::task_dir(&self.step.name))
    }

    /// The handles of the task's caches.
    fn caches(&self) -> Vec<String> {
        let paths = self.config.caches.iter();
        paths
            .filter_map(|c| place::cache_handle(&self.cx.build, &self.step.name, &c.path))
            .collect()
    }

    /// The cache that is mounted at a path, if there is one from an earlier run.
    async fn cache(&self, path: &str) -> Result<Option<Arc<dyn Volume>>, Ending> {
        let cache = self.config.caches.iter().find(|cache| self.clean(&cache.path) == path);
        let handle =
            cache.and_then(|c| place::cache_handle(&self.cx.build, &self.step.name, &c.path));
        match handle {
            Some(handle) => Ok(self.runtime.find_volume(&handle).await?),
            None => Ok(None),
        }
    }

    async fn keep_caches(&self, container: &dyn Container) -> Result<(), Ending> {
        for cache in &self.config.caches {
            let handle = place::cache_handle(&self.cx.build, &self.step.name, &cache.path);
            let Some(handle) = handle else { continue };
            let volume = container.volume(&self.clean(&cache.path)).await?;
            self.cx.build.caches.keep(&*self.runtime, &handle, volume).await?;
        }
        Ok(())
    }
}

fn clean(path: &str, working_dir: &str) -> String {
    let without_up = path.replace("..", "");
    let parts: Vec<&str> =
        without_up.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let joined = parts.join("/");
    if !path.starts_with('/') {
        return joined;
    }
    let absolute = format!("/{joined}");
    match absolute.strip_prefix(working_dir) {
        Some("") => String::new(),
        Some(below) if below.starts_with('/') => below[1..].to_owned(),
        Some(_) | None => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (path, cleaned) in [
            ("a", "a"),
            ("./a//b/", "a/b"),
            (".", ""),
            ("", ""),
            ("../a", "a"),
            ("a/../b", "a/b"),
            ("/tmp/build/1a/a", "a"),
            ("/tmp/build/1a", ""),
            ("/tmp/build/1ab", "/tmp/build/1ab"),
            ("/root/.cache", "/root/.cache"),
        ] {
            assert_eq!(clean(path, "/tmp/build/1a"), cleaned, "{path}");
        }
    }
}

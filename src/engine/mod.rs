//! Runs one plan.
//!
//! This room knows no store, no queue and no HTTP, and never decides whether to run. What it
//! must keep it gives to the port [`journal::Journal`]; what it needs of the world comes in
//! [`Parts`].
//!
//! In reading order: [`Engine`] starts builds; `build` takes one from its first event to its
//! last, with what `replay` knows of an earlier core; `step` has one file a kind of node; a
//! node speaks through `report`, its output goes through `log` and `redact`, its containers
//! come from `place`.

mod artifact;
mod build;
mod cache;
mod fill;
pub mod journal;
mod log;
pub mod native;
mod place;
mod pump;
mod redact;
mod replay;
mod report;
mod scope;
mod step;
mod task_config;

pub use redact::{REDACTED, Redactor};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use self::cache::Caches;
use crate::model::build::{Cause, Outcome, Plan};
use crate::model::var::Reference;
use crate::model::{BuildId, Clock, JobId, PipelineId, PipelineRef, Value};
use crate::resource::ResourceType;
use crate::runtime::Runtime;
use crate::runtime::cancel::Cancel;

/// What the engine works with.
#[derive(Clone)]
pub struct Parts {
    /// The runtimes, the preferred one first; never empty.
    pub runtimes: Vec<Arc<dyn Runtime>>,
    /// The resource types that work without a container of their own.
    pub types: &'static [&'static dyn ResourceType],
    /// Where builds write.
    pub journal: Arc<dyn journal::Journal>,
    /// Values of references that no step set.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A directory for files that may go at any time.
    pub cache_dir: PathBuf,
    /// The name of this core, for operation ids: unique and the same for ever.
    pub core_id: String,
    /// The name of this worker.
    pub worker: String,
    /// The address that builds are told, if there is one.
    pub external_url: String,
}

/// Values of references that no step set.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The value of the var that a reference names, before its fields are walked; nothing if
    /// there is none. What comes from here is taken out of logs.
    ///
    /// # Errors
    /// A sentence for people when the place where secrets are does not answer.
    async fn find(
        &self,
        pipeline: Option<&PipelineRef>,
        reference: &Reference,
    ) -> Result<Option<Value>, String>;
}

/// A build to run.
#[derive(Debug, Clone)]
pub struct BuildSpec {
    /// The build.
    pub id: BuildId,
    /// Its number among the job's, such as `42`.
    pub name: String,
    /// Its team.
    pub team: String,
    /// Its pipeline.
    pub pipeline: Option<(PipelineId, PipelineRef)>,
    /// Its job.
    pub job: Option<(JobId, String)>,
    /// Who made it; nothing for the scheduler.
    pub created_by: Option<String>,
    /// What it does.
    pub plan: Plan,
}

/// Runs builds, each as a task of its own.
pub struct Engine {
    parts: Parts,
    caches: Arc<Caches>,
    running: Arc<Mutex<HashMap<BuildId, Running>>>,
    tasks: TaskTracker,
}

impl Engine {
    /// An engine that runs nothing yet.
    pub fn new(parts: Parts) -> Self {
        let tasks = TaskTracker::new();
        Self { parts, caches: Arc::default(), running: Arc::default(), tasks }
    }

    /// Starts a build, or goes on with one that an earlier core left. Called within a tokio
    /// runtime. A build that runs already is not started twice; once [`Engine::drain`] was
    /// called none is started, and the answer has the outcome [`Cause::Detach`].
    pub fn start(&self, spec: BuildSpec) -> Running {
        let id = spec.id;
        let mut running = lock(&self.running);
        if let Some(found) = running.get(&id) {
            return found.clone();
        }
        let fresh = Cancel::new();
        let abort = fresh.child();
        let (done, outcome) = watch::channel(None);
        let handle = Running { id, fresh: fresh.clone(), abort: abort.clone(), outcome };
        if self.tasks.is_closed() {
            done.send_replace(Some(Outcome::Stopped(Cause::Detach)));
            return handle;
        }
        running.insert(id, handle.clone());
        let (parts, caches) = (self.parts.clone(), Arc::clone(&self.caches));
        let build = self.tasks.spawn(build::run((parts, caches), spec, fresh, abort));
        let all = Arc::clone(&self.running);
        self.tasks.spawn(async move {
            let outcome = build.await.unwrap_or_else(|error| {
                Outcome::Errored(format!("the build's task ended: {error}"))
            });
            lock(&all).remove(&id);
            done.send_replace(Some(outcome));
        });
        handle
    }

    /// The build of that id, if it runs here.
    pub fn find(&self, id: BuildId) -> Option<Running> {
        lock(&self.running).get(&id).cloned()
    }

    /// The builds that run here.
    pub fn running(&self) -> Vec<BuildId> {
        let mut ids: Vec<BuildId> = lock(&self.running).keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Starts no more builds, leaves those that run, and waits until they are left. What they
    /// started goes on; the next core attaches to it.
    pub async fn drain(&self) {
        self.tasks.close();
        for running in lock(&self.running).values() {
            running.stop(Cause::Detach);
        }
        self.tasks.wait().await;
    }
}

fn lock(running: &Mutex<HashMap<BuildId, Running>>) -> MutexGuard<'_, HashMap<BuildId, Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A build that runs.
#[derive(Clone)]
pub struct Running {
    id: BuildId,
    /// Hears only of a core that goes away.
    fresh: Cancel,
    abort: Cancel,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Running {
    /// The build.
    pub fn id(&self) -> BuildId {
        self.id
    }

    /// Waits for its end. Its final status is in its log then, unless it was left
    /// ([`Cause::Detach`]) or the log refused. Cancel safe.
    pub async fn wait(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Outcome::Stopped(Cause::Detach)),
            // The task that would tell is gone with its tokio runtime.
            Err(_) => Outcome::Stopped(Cause::Detach),
        }
    }

    /// Tells it to stop. [`Cause::Aborted`] ends its steps and runs their hooks;
    /// [`Cause::Detach`] leaves all as it is.
    pub fn stop(&self, cause: Cause) {
        match cause {
            Cause::Detach => self.fresh.cancel(cause),
            Cause::Aborted | Cause::Deadline | Cause::FailFast => self.abort.cancel(cause),
        }
    }
}

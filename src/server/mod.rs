//! The running core: four passes over what is stored, and the handle by which people use it.
//!
//! A pass runs when something nudges it and on a slow timer as a safety net; it looks at all
//! that is due and is idempotent, so a lost nudge costs seconds and never correctness.
//!
//! This room knows no HTTP and no terminal.

mod cause;
mod checking;
mod collecting;
mod local;
mod pass;
mod scheduling;
mod secrets;
mod tracking;
mod watching;

pub use local::{Local, Rights};
pub use secrets::NoSecrets;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Engine, Parts, Running, Secrets};
use crate::model::build::Cause;
use crate::model::{BuildId, Clock};
use crate::runtime::Runtime;
use crate::store::notify::{BuildChange, Change};
use crate::store::{Store, StoreError};

use pass::Nudge;

/// How long a pass that panicked waits before it begins anew: what panics each time must not
/// spin.
const PAUSE: Duration = Duration::from_secs(1);

/// What a core is made of.
pub struct ServerParts {
    /// What survives.
    pub store: Store,
    /// Where containers run, the preferred runtime first.
    pub runtimes: Vec<Arc<dyn Runtime>>,
    /// Where values of references come from.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A directory for files that may go at any time.
    pub cache_dir: PathBuf,
    /// The core's name for people.
    pub name: String,
    /// The name of this worker.
    pub worker: String,
}

/// A running core.
pub struct Server {
    core: Arc<Core>,
    passes: TaskTracker,
    stop: CancellationToken,
}

/// What all passes and handles share.
struct Core {
    store: Store,
    engine: Engine,
    runtimes: Vec<Arc<dyn Runtime>>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    cache_dir: PathBuf,
    name: String,
    worker: String,
    checking: Nudge,
    scheduling: Nudge,
    tracking: Nudge,
    collecting: Nudge,
    watching: Nudge,
    /// Held by whoever decides about jobs, so that no two do at once.
    scheduling_round: tokio::sync::Mutex<()>,
    /// Builds that this process runs.
    running: Mutex<HashMap<BuildId, Running>>,
    /// Tasks that outlive a pass's round: builds, checks, shells.
    tasks: TaskTracker,
    /// Told to stop when the core goes away.
    cancel: crate::runtime::cancel::Cancel,
    checks: checking::Checks,
    /// Told when a build or a check of this process has ended.
    ended: tokio::sync::Notify,
    /// Containers that somebody is in, and how many.
    shells: Mutex<HashMap<String, usize>>,
}

impl Server {
    /// Starts the passes. Builds that an earlier process left running are taken up again.
    ///
    /// Must be called inside a tokio runtime.
    pub fn start(parts: ServerParts) -> Self {
        let engine = Engine::new(Parts {
            runtimes: parts.runtimes.clone(),
            types: crate::resource::BUILTIN,
            journal: parts.store.journal(),
            secrets: Arc::clone(&parts.secrets),
            clock: Arc::clone(&parts.clock),
            cache_dir: parts.cache_dir.clone(),
            core_id: parts.store.core_id().to_owned(),
            worker: parts.worker.clone(),
            external_url: String::new(),
        });
        let core = Arc::new(Core {
            store: parts.store,
            engine,
            runtimes: parts.runtimes,
            secrets: parts.secrets,
            clock: parts.clock,
            cache_dir: parts.cache_dir,
            name: parts.name,
            worker: parts.worker,
            checking: Nudge::default(),
            scheduling: Nudge::default(),
            tracking: Nudge::default(),
            collecting: Nudge::default(),
            watching: Nudge::default(),
            scheduling_round: tokio::sync::Mutex::default(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            cancel: crate::runtime::cancel::Cancel::new(),
            checks: checking::Checks::default(),
            ended: tokio::sync::Notify::new(),
            shells: Mutex::default(),
        });
        let server = Self { core, passes: TaskTracker::new(), stop: CancellationToken::new() };
        server.spawn("listen", listen);
        server.spawn("track", tracking::run);
        server.spawn("schedule", scheduling::run);
        server.spawn("check", checking::run);
        server.spawn("watch", watching::run);
        server.spawn("collect", collecting::run);
        server
    }

    /// A handle for somebody.
    pub fn local(&self, user: &str, rights: Rights) -> Local {
        Local::new(Arc::clone(&self.core), user, rights)
    }

    /// Looks at everything that is stored now, without waiting for a timer.
    pub fn look_again(&self) {
        self.core.look_again();
    }

    /// Ends the passes once their round is over, waiting at most `limit`: nothing more starts by
    /// itself, builds that run go on, and handles still answer.
    pub async fn close_intake(&self, limit: Duration) {
        self.stop.cancel();
        self.passes.close();
        // Whoever is late ends by the same token, and shutting down names it.
        let _ = tokio::time::timeout(limit, self.passes.wait()).await;
    }

    /// Stops: intake closes, passes finish their round, builds are left to themselves, and the
    /// next start takes them up. Nothing is killed. Waits at most `limit`, and says what was
    /// still busy then.
    pub async fn shut_down(self, limit: Duration) -> Result<(), StillBusy> {
        self.stop.cancel();
        self.core.cancel.cancel(Cause::Detach);
        for running in self.core.lock_running().values() {
            running.stop(Cause::Detach);
        }
        self.passes.close();
        self.core.tasks.close();
        let all = async {
            self.passes.wait().await;
            self.core.tasks.wait().await;
        };
        let is_done = tokio::time::timeout(limit, all).await.is_ok();
        self.core.store.close().await;
        if is_done {
            return Ok(());
        }
        Err(StillBusy { n_passes: self.passes.len(), n_tasks: self.core.tasks.len() })
    }

    fn spawn<F>(
        &self,
        name: &'static str,
        pass: impl Fn(Arc<Core>, CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.passes.spawn(keep_up(name, Arc::clone(&self.core), self.stop.clone(), pass));
    }
}

/// What did not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{n_passes} passes and {n_tasks} tasks were still busy")]
pub struct StillBusy {
    /// Passes.
    pub n_passes: usize,
    /// Builds, checks and shells.
    pub n_tasks: usize,
}

impl Core {
    fn lock_running(&self) -> std::sync::MutexGuard<'_, HashMap<BuildId, Running>> {
        // A panic while the map was held leaves a map that is still whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_again(&self) {
        let nudges =
            [&self.checking, &self.scheduling, &self.tracking, &self.collecting, &self.watching];
        nudges.into_iter().for_each(Nudge::now);
    }

    /// Whether somebody is in a container.
    fn is_entered(&self, handle: &str) -> bool {
        self.shells.lock().unwrap_or_else(PoisonError::into_inner).contains_key(handle)
    }

    /// Notes that somebody enters a container, until the guard goes.
    fn enter(self: &Arc<Self>, handle: &str) -> Entered {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        *shells.entry(handle.to_owned()).or_default() += 1;
        Entered { core: Arc::clone(self), handle: handle.to_owned() }
    }
}

/// Somebody is in a container as long as this lives.
struct Entered {
    core: Arc<Core>,
    handle: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut shells = self.core.shells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = shells.get_mut(&self.handle) {
            *n -= 1;
            if *n == 0 {
                shells.remove(&self.handle);
            }
        }
    }
}

/// Waits until nothing more happens by itself: no check, no build, nothing to decide.
async fn settled(core: &Arc<Core>) -> Result<(), StoreError> {
    loop {
        let ended = core.ended.notified();
        // It decides what there is to decide itself, so that a nudge that is still under way is
        // not missed; twice, because a check or a build may end between the two.
        let is_settled = !scheduling::round(core).await?
            && core.checks.is_empty()
            && core.lock_running().is_empty()
            && core.store.started_builds().await?.is_empty()
            && !scheduling::round(core).await?;
        if is_settled {
            return Ok(());
        }
        let net = core.clock.now() + pass::SAFETY_NET;
        tokio::select! {
            () = ended => {}
            () = core.clock.sleep_until(net) => {}
        }
    }
}

/// Runs a pass until it is told to stop, again and again if it panics. What it knows is in the
/// store; what it was told is lost with it, so that everybody looks again.
async fn keep_up<F>(
    name: &'static str,
    core: Arc<Core>,
    stop: CancellationToken,
    pass: impl Fn(Arc<Core>, CancellationToken) -> F,
) where
    F: Future<Output = ()>,
{
    while let Err(panic) = pass::caught(pass(Arc::clone(&core), stop.child_token())).await {
        tracing::error!(pass = name, panic, "pass panicked and begins anew");
        tokio::select! {
            () = stop.cancelled() => return,
            () = core.clock.sleep_until(core.clock.now() + PAUSE) => core.look_again(),
        }
    }
}

/// Turns what changed in the store into nudges.
async fn listen(core: Arc<Core>, stop: CancellationToken) {
    let mut changes = core.store.changes();
    loop {
        let change = tokio::select! {
            () = stop.cancelled() => return,
            change = changes.next() => change,
        };
        match change {
            None => return,
            Some(Change::Everything) => core.look_again(),
            Some(Change::Pipeline(_)) => {
                core.checking.now();
                core.watching.now();
            }
            Some(Change::Resource { .. }) => core.checking.now(),
            Some(Change::JobDue(_)) => core.scheduling.now(),
            Some(Change::Build { what, .. }) => match what {
                BuildChange::Started | BuildChange::Aborting => core.tracking.now(),
                BuildChange::Finished => {
                    core.scheduling.now();
                    core.collecting.now();
                }
                BuildChange::Created | BuildChange::Changed => {}
            },
            Some(Change::Job { .. } | Change::Scope(_)) => {}
        }
    }
}

/// Notes in the program's own log what a pass could not do; the next round tries again.
fn report(pass: &str, error: &StoreError) {
    let chain = crate::control::Error::internal(error);
    tracing::error!(pass, error = %chain, "pass failed");
}

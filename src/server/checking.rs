//! The check pass: looks for new versions of the resources that are due.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::pass::{SAFETY_NET, caught};
use super::{Core, report};
use crate::engine::native::{image_of, serving};
use crate::model::build::{Cause, LogSource, PlanKind};
use crate::model::time::parse_duration;
use crate::model::var::{self, Fill, Values};
use crate::model::{Map, ResourceId, Timestamp, Value, Version};
use crate::resource::{self, Context, LogSink, ResourceError, ResourceType};
use crate::scheduler::due::{Intervals, due};
use crate::scheduler::{self, facts::ResourceFacts};
use crate::store::StoreError;
use crate::store::resource::{CheckCandidate, CheckEnd, CheckState, ResourceRow, ScopeKey};

/// How many checks run at a time.
const AT_A_TIME: usize = 16;

/// How long a check may take when the pipeline does not say.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// The checks that run in this process.
pub struct Checks {
    running: Mutex<HashMap<ResourceId, Running>>,
    slots: Arc<Semaphore>,
}

struct Running {
    /// Whether something happened after the check began, so that it must be done again.
    again: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self { running: Mutex::default(), slots: Arc::new(Semaphore::new(AT_A_TIME)) }
    }
}

impl Checks {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ResourceId, Running>> {
        // A panic while the map was held leaves a map that is still whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether none waits or runs.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Runs the pass until it is told to stop.
pub async fn run(core: Arc<Core>, stop: CancellationToken) {
    loop {
        let safety = core.clock.now() + SAFETY_NET * 6;
        let next = match round(&core).await {
            Ok(next) => next.map_or(safety, |next| next.min(safety)),
            Err(error) => {
                report("check", &error);
                core.clock.now() + SAFETY_NET
            }
        };
        if !core.checking.wait(core.clock.as_ref(), next, &stop).await {
            return;
        }
    }
}

async fn round(core: &Arc<Core>) -> Result<Option<Timestamp>, StoreError> {
    let candidates = core.store.check_candidates().await?;
    let facts: Vec<ResourceFacts> = {
        let running = core.checks.lock();
        candidates.iter().map(|c| resource_facts(c, running.contains_key(&c.row.id))).collect()
    };
    let due = due(&facts, core.clock.now());
    for wanted in due.checks {
        if let Some(candidate) = candidates.iter().find(|c| c.row.id == wanted.resource) {
            request(core, candidate.row.clone());
        }
    }
    Ok(due.next_at)
}

fn resource_facts(candidate: &CheckCandidate, is_checking: bool) -> ResourceFacts {
    let check = candidate.check.as_ref();
    ResourceFacts {
        resource: candidate.row.id,
        check_every: candidate.row.config.check_every,
        has_trigger_input: candidate.is_trigger,
        has_quiet_input: candidate.is_plain_input,
        has_versions: candidate.has_versions,
        pin: candidate.row.pin.as_ref().map(|pin| pin.version.clone()),
        has_pinned: candidate.is_pin_known,
        is_pipeline_paused: false,
        is_checking,
        last_check_succeeded: check.filter(|c| c.ended_at.is_some()).map(|c| c.is_ok),
        next_check_at: check.and_then(|c| c.next_at),
    }
}

/// Checks a resource soon. One that is being checked is not checked twice.
pub fn request(core: &Arc<Core>, row: ResourceRow) {
    ask(core, row, false);
}

/// Checks a resource soon, and again if a check runs that may have looked too early.
pub fn request_fresh(core: &Arc<Core>, row: ResourceRow) {
    ask(core, row, true);
}

/// Checks a resource and waits for the end.
pub async fn check_now(
    core: &Arc<Core>,
    row: ResourceRow,
) -> Result<Option<CheckState>, StoreError> {
    let resource = row.id;
    request_fresh(core, row);
    loop {
        let ended = core.ended.notified();
        if !core.checks.lock().contains_key(&resource) {
            break;
        }
        ended.await;
    }
    core.store.resource_check(resource).await
}

fn ask(core: &Arc<Core>, row: ResourceRow, is_fresh: bool) {
    match core.checks.lock().entry(row.id) {
        Entry::Occupied(mut running) => {
            running.get_mut().again |= is_fresh;
            return;
        }
        Entry::Vacant(place) => {
            place.insert(Running { again: false });
        }
    }
    let core_of_task = Arc::clone(core);
    core.tasks.spawn(async move { until_done(&core_of_task, row).await });
}

async fn until_done(core: &Arc<Core>, row: ResourceRow) {
    loop {
        let Ok(slot) = core.checks.slots.acquire().await else { return };
        let checked = match caught(check(core, &row)).await {
            Ok(checked) => checked,
            Err(panic) => note_panic(core, &row, &panic).await,
        };
        if let Err(error) = checked {
            report("check", &error);
        }
        drop(slot);
        // Whoever asks from here on either finds the entry and sets `again`, or finds none.
        let is_over = {
            let mut running = core.checks.lock();
            let again = running.get_mut(&row.id).is_some_and(|r| std::mem::take(&mut r.again));
            let is_over = !again || core.cancel.cause().is_some();
            if is_over {
                running.remove(&row.id);
            }
            is_over
        };
        if is_over {
            core.ended.notify_waiters();
            core.scheduling.now();
            core.checking.now();
            return;
        }
    }
}

/// A check that panicked has failed: whoever waits for it must hear of it.
async fn note_panic(core: &Core, row: &ResourceRow, panic: &str) -> Result<(), StoreError> {
    tracing::error!(resource = row.name, panic, "check panicked");
    let why = format!("the check has a fault: {panic}");
    fail(core, row, &why, core.clock.now() + Intervals::default().resource).await
}

/// Notes why a resource could not be looked at.
async fn fail(
    core: &Core,
    row: &ResourceRow,
    why: &str,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    let row_now = core.store.resource_by_id(row.id).await?;
    match row_now.and_then(|row| row.scope) {
        Some(scope) => core.store.end_check(scope, CheckEnd { error: Some(why), next_at }).await,
        None => core.store.note_check_error(row.id, Some(why), next_at).await,
    }
}

/// What a check works with.
struct Prepared {
    kind: &'static dyn ResourceType,
    source: Map,
    timeout: Duration,
}

async fn check(core: &Arc<Core>, row: &ResourceRow) -> Result<(), StoreError> {
    let intervals = Intervals::default();
    let interval = intervals.of(row.config.check_every, row.config.webhook_token.is_some());
    let prepared = match prepare(core, row).await? {
        Ok(prepared) => prepared,
        Err(why) => return fail(core, row, &why, core.clock.now() + interval).await,
    };
    let key = ScopeKey { kind: prepared.kind.name(), source: &prepared.source, is_shared: false };
    let scope = core.store.attach_scope(row.id, key).await?.scope;
    let from = match &row.pin {
        Some(pin) => Some(pin.version.clone()),
        None => core.store.latest_version(scope).await?.map(|latest| latest.version),
    };
    core.store.begin_check(scope, None).await?;
    let found = look(core, &prepared, from.as_ref()).await;
    if let Err(ResourceError::Stopped(Cause::Detach)) = &found {
        // The next start looks again, because the check never ended.
        return Ok(());
    }
    let error = match found {
        Ok(versions) => {
            core.store.save_versions(scope, &versions).await?;
            None
        }
        Err(error) => Some(describe(&error)),
    };
    let next_at = core.clock.now() + interval;
    core.store.end_check(scope, CheckEnd { error: error.as_deref(), next_at }).await
}

/// Fills the source and finds the type; the inner error is a sentence for people.
async fn prepare(
    core: &Core,
    row: &ResourceRow,
) -> Result<std::result::Result<Prepared, String>, StoreError> {
    let Some(config) = core.store.pipeline_config(row.pipeline).await? else {
        return Ok(Err("the pipeline has no configuration".to_owned()));
    };
    let plan = match scheduler::plan_check(&row.name, &config, None) {
        Ok(plan) => plan,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let PlanKind::Check(plan) = plan.kind else {
        return Ok(Err("the pipeline does not say how to check it".to_owned()));
    };
    let pipeline = core.store.pipeline_by_id(row.pipeline).await?.map(|row| row.pipeline);
    let source = Value::Map(plan.source);
    let mut values = Values::new();
    for reference in var::references(&source) {
        match core.secrets.find(pipeline.as_ref(), &reference).await {
            Ok(Some(value)) => {
                if let Err(error) = values.set(&reference.name, value) {
                    return Ok(Err(error.to_string()));
                }
            }
            Ok(None) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    let source = match var::fill(&source, &values, Fill::Strict) {
        Ok(Value::Map(source)) => source,
        Ok(_) => Map::new(),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let timeout = match plan.timeout.as_deref().map(parse_duration).transpose() {
        Ok(timeout) => timeout.unwrap_or(TIMEOUT),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let own = plan.image.chain.first().map(|own| {
        let repository = own.source.get("repository").cloned().unwrap_or_default();
        let filled = var::fill(&repository, &values, Fill::Lenient).unwrap_or(repository);
        image_of(own, &filled)
    });
    Ok(serving(resource::BUILTIN, &plan.resource_type, own.as_deref()).map(|serving| Prepared {
        kind: serving.kind,
        source,
        timeout,
    }))
}

async fn look(
    core: &Core,
    prepared: &Prepared,
    from: Option<&Version>,
) -> Result<Vec<Version>, ResourceError> {
    let cancel = core.cancel.child();
    let cx = Context {
        log: Arc::new(Unheard),
        clock: Arc::clone(&core.clock),
        cancel: cancel.clone(),
        cache_dir: core.cache_dir.clone(),
        env: Vec::new(),
    };
    let deadline = core.clock.now() + prepared.timeout;
    let looking = prepared.kind.check(&cx, &prepared.source, from);
    tokio::pin!(looking);
    tokio::select! {
        found = &mut looking => return found,
        () = core.clock.sleep_until(deadline) => cancel.cancel(Cause::Deadline),
    }
    match looking.await {
        Err(ResourceError::Stopped(Cause::Deadline)) => {
            Err(ResourceError::Failed { message: "timeout exceeded".to_owned(), exit_status: 1 })
        }
        found => found,
    }
}

/// Files of this machine that tell of new versions of a resource.
///
/// A source with references is not watched: it is filled only when it is checked.
pub fn watched_paths(row: &ResourceRow) -> Vec<PathBuf> {
    if !var::references(&Value::Map(row.config.source.clone())).is_empty() {
        return Vec::new();
    }
    let Some(kind) = resource::find(&row.kind) else { return Vec::new() };
    kind.watched_paths(&row.config.source)
}

/// An error with its causes, in one line.
fn describe(error: &ResourceError) -> String {
    crate::control::Error::internal(error).message
}

/// Takes what a check says while it looks: its error tells all that people are shown.
struct Unheard;

impl LogSink for Unheard {
    fn write(&self, _stream: LogSource, bytes: &[u8]) {
        tracing::debug!(said = %String::from_utf8_lossy(bytes), "check");
    }
}

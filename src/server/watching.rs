//! Watches files of this machine that tell of new versions, and nudges a check when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::pass::SAFETY_NET;
use super::{Core, checking, report};
use crate::model::ResourceId;
use crate::store::StoreError;

/// How long changes are gathered: one push touches several files.
const GATHER: Duration = Duration::from_millis(30);

/// Runs the pass until it is told to stop.
pub async fn run(core: Arc<Core>, stop: CancellationToken) {
    // Holds one event: what changed is read from the paths that are known, so that one that
    // is dropped because another waits already is not missed.
    let (touched, mut touches) = mpsc::channel::<()>(1);
    let changed: Arc<std::sync::Mutex<BTreeSet<PathBuf>>> = Arc::default();
    let watcher = notify::recommended_watcher({
        let changed = Arc::clone(&changed);
        move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.kind.is_access() {
                return;
            }
            let mut changed = changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            changed.extend(event.paths);
            drop(changed);
            // Full means that the pass is about to look anyway.
            let _ = touched.try_send(());
        }
    });
    let mut watched = match watcher {
        Ok(watcher) => Watched { watcher, paths: BTreeMap::new() },
        Err(error) => {
            // Checks by the timer go on without.
            tracing::warn!(%error, "cannot watch files");
            return;
        }
    };
    loop {
        if let Err(error) = refresh(&core, &mut watched).await {
            report("watch", &error);
        }
        let next = core.clock.now() + SAFETY_NET * 6;
        tokio::select! {
            is_on = core.watching.wait(core.clock.as_ref(), next, &stop) => {
                if !is_on {
                    return;
                }
            }
            Some(()) = touches.recv() => {
                core.clock.sleep_until(core.clock.now() + GATHER).await;
                let paths = std::mem::take(
                    &mut *changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
                );
                if let Err(error) = check(&core, &watched, &paths).await {
                    report("watch", &error);
                }
            }
        }
    }
}

struct Watched {
    watcher: RecommendedWatcher,
    /// What is watched, and for which resources.
    paths: BTreeMap<PathBuf, BTreeSet<ResourceId>>,
}

/// Watches what the resources of today want watched, and nothing else.
async fn refresh(core: &Core, watched: &mut Watched) -> Result<(), StoreError> {
    let mut wanted: BTreeMap<PathBuf, BTreeSet<ResourceId>> = BTreeMap::new();
    for candidate in core.store.check_candidates().await? {
        for path in checking::watched_paths(&candidate.row) {
            wanted.entry(path).or_default().insert(candidate.row.id);
        }
    }
    let gone: Vec<PathBuf> =
        watched.paths.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
    for path in gone {
        // A path that was deleted is not watched any more, which is what is wanted.
        let _ = watched.watcher.unwatch(&path);
        watched.paths.remove(&path);
    }
    for (path, resources) in wanted {
        if !watched.paths.contains_key(&path)
            && let Err(error) = watched.watcher.watch(&path, RecursiveMode::Recursive)
        {
            tracing::debug!(path = %path.display(), %error, "cannot watch");
            continue;
        }
        watched.paths.insert(path, resources);
    }
    Ok(())
}

async fn check(
    core: &Arc<Core>,
    watched: &Watched,
    changed: &BTreeSet<PathBuf>,
) -> Result<(), StoreError> {
    let mut resources = BTreeSet::new();
    for (path, users) in &watched.paths {
        if changed.iter().any(|changed| changed.starts_with(path) || path.starts_with(changed)) {
            resources.extend(users);
        }
    }
    for resource in resources {
        if let Some(row) = core.store.resource_by_id(resource).await? {
            checking::request_fresh(core, row);
        }
    }
    Ok(())
}

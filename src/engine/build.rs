//! One build from its first event to its last.
//!
//! A build that has a log already runs its plan again from the root: what ended answers from the
//! journal, what runs is attached to, and no event is written twice.
//!
//! *Follows:* `atc/engine/engine.go`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::Caches;
use super::journal::{JournalError, NewEvent};
use super::redact::Redactor;
use super::replay::Replay;
use super::scope::Scope;
use super::step::{self, Cx};
use super::{BuildSpec, Parts};
use crate::model::build::{Cause, Event, Outcome, Status};
use crate::model::{PlanId, Version};
use crate::runtime::cancel::Cancel;

/// What all nodes of a build share.
pub struct Build {
    /// What the engine works with.
    pub parts: Parts,
    /// What tasks keep for their next run.
    pub caches: Arc<Caches>,
    /// The build.
    pub spec: BuildSpec,
    /// What it did under an earlier core.
    pub replay: Replay,
    /// Its secrets.
    pub redactor: Redactor,
    /// The token of hooks that nobody stops: only a core that goes away does.
    pub fresh: Cancel,
    results: Mutex<HashMap<PlanId, Version>>,
    panicked: Mutex<Option<String>>,
}

impl Build {
    /// The version that a node made or brought.
    pub fn result(&self, id: &PlanId) -> Option<Version> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Keeps the version that a node made or brought.
    pub fn set_result(&self, id: &PlanId, version: Version) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), version);
    }

    /// Makes the build errored, however its plan ends.
    pub fn set_panicked(&self, why: &str) {
        let mut panicked = self.panicked.lock().unwrap_or_else(PoisonError::into_inner);
        panicked.get_or_insert_with(|| why.to_owned());
    }

    async fn status(&self, status: Status) -> Result<(), JournalError> {
        let event = Event::Status { status, time: self.parts.clock.now().secs() };
        let events = vec![NewEvent { event, output_offset: None }];
        self.parts.journal.append(self.spec.id, events).await.map(|_| ())
    }
}

/// Runs a build. `fresh` hears only of a core that goes away; `abort` is below it.
pub async fn run(
    (parts, caches): (Parts, Arc<Caches>),
    spec: BuildSpec,
    fresh: Cancel,
    abort: Cancel,
) -> Outcome {
    let replay = match Replay::read(&*parts.journal, spec.id).await {
        Ok(replay) => replay,
        Err(error) => return Outcome::Errored(step::chain(&error)),
    };
    if let Some(outcome) = replay.outcome() {
        return outcome;
    }
    let build = Arc::new(Build {
        parts,
        caches,
        spec,
        replay,
        redactor: Redactor::default(),
        fresh,
        results: Mutex::default(),
        panicked: Mutex::default(),
    });
    if !build.replay.is_started()
        && let Err(error) = build.status(Status::Started).await
    {
        return Outcome::Errored(step::chain(&error));
    }
    let cx = Cx {
        build: Arc::clone(&build),
        scope: Arc::new(Scope::default()),
        cancel: abort,
        hook_of: None,
    };
    let mut outcome = step::run(&cx, &build.spec.plan).await;
    let panicked = build.panicked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(why) = panicked
        && outcome != Outcome::Stopped(Cause::Detach)
    {
        outcome = Outcome::Errored(why);
    }
    if let Some(status) = outcome.status()
        && let Err(error) = build.status(status).await
    {
        return Outcome::Errored(step::chain(&error));
    }
    outcome
}

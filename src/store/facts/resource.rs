//! What decisions about checks look at.

use std::time::Duration;

use crate::model::Timestamp;
use crate::scheduler::facts::ResourceFacts;
use crate::store::resource::{CheckCandidate, CheckState};
use crate::store::{Result, Store};

/// A check that began so long ago and never ended has lost its core.
const LOST_AFTER: Duration = Duration::from_secs(3600);

impl Store {
    /// The facts of all active resources of pipelines that are not paused.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resource_facts(&self) -> Result<Vec<ResourceFacts>> {
        let now = self.now();
        let candidates = self.check_candidates().await?;
        Ok(candidates.into_iter().map(|candidate| facts(candidate, now)).collect())
    }
}

fn facts(candidate: CheckCandidate, now: Timestamp) -> ResourceFacts {
    let check = candidate.check;
    let ended = check.as_ref().filter(|check| check.ended_at.is_some());
    ResourceFacts {
        resource: candidate.row.id,
        is_pipeline_paused: false,
        check_every: candidate.row.config.check_every,
        has_trigger_input: candidate.is_trigger,
        has_quiet_input: candidate.is_plain_input,
        has_pinned: candidate.row.pin.is_some() && candidate.is_pin_known,
        pin: candidate.row.pin.map(|pin| pin.version),
        has_versions: candidate.has_versions,
        last_check_succeeded: ended.map(|check| check.is_ok),
        next_check_at: check.as_ref().and_then(|check| check.next_at),
        is_checking: candidate.has_check_build
            || check.as_ref().is_some_and(|check| is_running(check, now)),
    }
}

fn is_running(check: &CheckState, now: Timestamp) -> bool {
    check.is_running() && check.started_at.is_some_and(|started| now.since(started) < LOST_AFTER)
}

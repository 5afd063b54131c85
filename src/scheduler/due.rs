//! Which resources to check now, and when to look again.
//!
//! *Follows:* Concourse's scanner: a resource whose new versions start builds is polled; any
//! other only until one check of it was good, or while what its inputs ask for is not known.

use std::time::Duration;

use super::decision::Interval;
use super::facts::ResourceFacts;
use crate::model::resource::CheckEvery;
use crate::model::{ResourceId, Timestamp, Version};

/// A check to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCheck {
    /// The resource.
    pub resource: ResourceId,
    /// The version to look on from; without one, the newest that is known.
    pub from: Option<Version>,
    /// What it does about the time between checks.
    pub interval: Interval,
}

/// Which of some resources to check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Those to check now.
    pub checks: Vec<WantedCheck>,
    /// When the next of the others is due.
    pub next_at: Option<Timestamp>,
}

/// How long to wait between checks where the pipeline does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// For resources.
    pub resource: Duration,
    /// For resources that webhooks tell about.
    pub with_webhook: Duration,
    /// For images of custom types.
    pub resource_type: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { resource: minute, with_webhook: minute, resource_type: minute }
    }
}

impl Intervals {
    /// How long to wait after a check of a resource. One that is only checked when asked has
    /// the default here, for builds that wait for checks ask.
    pub fn of(&self, every: CheckEvery, has_webhook: bool) -> Duration {
        match every {
            CheckEvery::Every(span) => span,
            CheckEvery::Default | CheckEvery::Never if has_webhook => self.with_webhook,
            CheckEvery::Default | CheckEvery::Never => self.resource,
        }
    }
}

/// Which of the resources to check now, and when to ask again.
pub fn due<'a>(resources: impl IntoIterator<Item = &'a ResourceFacts>, now: Timestamp) -> Due {
    let mut due = Due::default();
    for resource in resources {
        if !is_polled(resource) || resource.is_checking {
            continue;
        }
        match resource.next_check_at.filter(|next| *next > now) {
            Some(next) => due.next_at = Some(due.next_at.map_or(next, |at| at.min(next))),
            None => due.checks.push(WantedCheck {
                resource: resource.resource,
                from: resource.pin.clone(),
                interval: Interval::Obeyed,
            }),
        }
    }
    due
}

/// Whether the resource is checked without being asked for.
pub fn is_polled(resource: &ResourceFacts) -> bool {
    if resource.is_pipeline_paused || resource.check_every == CheckEvery::Never {
        return false;
    }
    if resource.has_trigger_input {
        return true;
    }
    let lacks_versions = !resource.has_versions || (resource.pin.is_some() && !resource.has_pinned);
    resource.last_check_succeeded != Some(true) || (resource.has_quiet_input && lacks_versions)
}

/// A check that a person asks for. With `from` all versions from there on are stored anew.
/// A shallow one leaves images of custom types to their own intervals.
pub fn on_demand(resource: ResourceId, from: Option<Version>, depth: Depth) -> WantedCheck {
    let interval = match depth {
        Depth::Shallow => Interval::Skipped,
        Depth::WithImages => Interval::SkippedWithImages,
    };
    WantedCheck { resource, from, interval }
}

/// The check that a webhook asks for.
pub fn on_webhook(resource: ResourceId) -> WantedCheck {
    on_demand(resource, None, Depth::Shallow)
}

/// How far down a check on demand goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The resource alone.
    Shallow,
    /// The images of its custom types too.
    WithImages,
}

/// What is known of the scope of a check that is about to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeFacts {
    /// When the last check started, if it succeeded.
    pub last_success_started_at: Option<Timestamp>,
    /// When the next check is due.
    pub next_check_at: Option<Timestamp>,
}

/// Whether a check runs, or leaves it at what another check found meanwhile. To be asked again
/// once the scope is locked.
pub fn should_run(
    check: &WantedCheck,
    asked_at: Timestamp,
    scope: ScopeFacts,
    now: Timestamp,
) -> bool {
    match check.interval {
        Interval::Obeyed => scope.next_check_at.is_none_or(|next| next <= now),
        Interval::Skipped | Interval::SkippedWithImages => {
            check.from.is_some()
                || scope.last_success_started_at.is_none_or(|started| started <= asked_at)
        }
    }
}

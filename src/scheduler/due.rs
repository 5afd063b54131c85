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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(100);

    fn resource() -> ResourceFacts {
        ResourceFacts { resource: ResourceId(1), ..ResourceFacts::default() }
    }

    fn good() -> ResourceFacts {
        ResourceFacts {
            has_versions: true,
            last_check_succeeded: Some(true),
            next_check_at: Some(Timestamp(50)),
            ..resource()
        }
    }

    #[test]
    fn what_is_polled() {
        let pin = Some(Version::of("ref", "a"));
        let failed = || ResourceFacts { last_check_succeeded: Some(false), ..good() };
        for (name, facts, expected) in [
            ("triggers", ResourceFacts { has_trigger_input: true, ..good() }, true),
            ("quiet, checked", ResourceFacts { has_quiet_input: true, ..good() }, false),
            ("quiet, never checked", ResourceFacts { has_quiet_input: true, ..resource() }, true),
            ("quiet, failed", ResourceFacts { has_quiet_input: true, ..failed() }, true),
            ("put only, never checked", resource(), true),
            ("put only, checked", good(), false),
            ("put only, failed", failed(), true),
            ("put only, empty", ResourceFacts { has_versions: false, ..good() }, false),
            (
                "quiet, empty",
                ResourceFacts { has_quiet_input: true, has_versions: false, ..good() },
                true,
            ),
            (
                "quiet, pin not found",
                ResourceFacts { has_quiet_input: true, pin: pin.clone(), ..good() },
                true,
            ),
            (
                "quiet, pin found",
                ResourceFacts { has_quiet_input: true, pin, has_pinned: true, ..good() },
                false,
            ),
            (
                "never",
                ResourceFacts { has_trigger_input: true, check_every: CheckEvery::Never, ..good() },
                false,
            ),
            (
                "paused",
                ResourceFacts { has_trigger_input: true, is_pipeline_paused: true, ..good() },
                false,
            ),
        ] {
            assert_eq!(is_polled(&facts), expected, "{name}");
        }
    }

    #[test]
    fn due_now_or_later() {
        let pin = Some(Version::of("ref", "a"));
        let trigger = |at: Option<i64>| ResourceFacts {
            has_trigger_input: true,
            next_check_at: at.map(Timestamp),
            ..good()
        };
        let pinned = ResourceFacts { pin: pin.clone(), ..trigger(Some(100)) };
        let running = ResourceFacts { is_checking: true, ..trigger(None) };
        let found = due(&[trigger(Some(130)), trigger(Some(120)), pinned, running, good()], NOW);
        let check = WantedCheck { resource: ResourceId(1), from: pin, interval: Interval::Obeyed };
        assert_eq!(found, Due { checks: vec![check], next_at: Some(Timestamp(120)) });
        assert_eq!(due(&[trigger(None)], NOW).checks.len(), 1, "never checked");
    }

    #[test]
    fn a_check_leaves_it_at_what_another_found() {
        let scope = |started: Option<i64>, next: i64| ScopeFacts {
            last_success_started_at: started.map(Timestamp),
            next_check_at: Some(Timestamp(next)),
        };
        let polled = WantedCheck {
            resource: ResourceId(1),
            from: Some(Version::of("ref", "a")),
            interval: Interval::Obeyed,
        };
        let asked = on_webhook(ResourceId(1));
        assert_eq!(asked.interval, Interval::Skipped);
        let from = on_demand(ResourceId(1), Some(Version::of("ref", "a")), Depth::WithImages);
        assert_eq!(from.interval, Interval::SkippedWithImages);
        for (name, check, scope, expected) in [
            ("time has come", &polled, scope(None, 100), true),
            ("time has not come", &polled, scope(None, 101), false),
            ("never checked", &polled, ScopeFacts::default(), true),
            ("asked, no success since", &asked, scope(Some(80), 150), true),
            ("asked, success since", &asked, scope(Some(91), 150), false),
            ("asked, last one failed", &asked, scope(None, 150), true),
            ("asked from a version", &from, scope(Some(91), 150), true),
        ] {
            assert_eq!(should_run(check, Timestamp(90), scope, NOW), expected, "{name}");
        }
    }

    #[test]
    fn intervals_have_defaults() {
        let intervals = Intervals {
            resource: Duration::from_secs(1),
            with_webhook: Duration::from_secs(2),
            resource_type: Duration::from_secs(3),
        };
        for (every, has_webhook, secs) in [
            (CheckEvery::Default, false, 1),
            (CheckEvery::Default, true, 2),
            (CheckEvery::Never, false, 1),
            (CheckEvery::Every(Duration::from_secs(9)), true, 9),
        ] {
            assert_eq!(intervals.of(every, has_webhook), Duration::from_secs(secs));
        }
    }
}

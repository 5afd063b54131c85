//! A job as configured: steps, limits and what happens around them.

use serde::{Deserialize, Serialize};

use super::step::{GetStep, PutStep, Step};

/// A job's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its name before a rename; history moves along.
    pub old_name: Option<String>,
    /// Its steps, in order.
    pub plan: Vec<Step>,
    /// The hooks around the whole plan, each at most once, in the order of [`super::step::HookOn`].
    pub hooks: Vec<super::step::Hook>,
    /// Whether only one build runs at a time.
    pub serial: bool,
    /// Names of groups of which only one build runs at a time.
    pub serial_groups: Vec<String>,
    /// How many builds run at a time; 0 for any number.
    pub max_in_flight: u32,
    /// How long logs of builds are kept.
    pub log_retention: Option<LogRetention>,
    /// The older form of `log_retention.builds`.
    pub logs_to_retain: Option<i64>,
    /// Whether people may not start it.
    pub disable_manual_trigger: bool,
    /// Whether builds may not be run again.
    pub disable_reruns: bool,
    /// Whether a leaving worker need not wait for it.
    pub interruptible: bool,
    /// Whether strangers may see its builds.
    pub public: bool,
    /// Worker tags of all its steps.
    pub tags: Vec<String>,
}

/// How long logs of builds are kept; 0 is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogRetention {
    /// That many builds.
    pub builds: i64,
    /// Of them at least that many that succeeded.
    pub minimum_succeeded_builds: i64,
    /// That many days.
    pub days: i64,
}

impl Job {
    /// All get steps, those in hooks and inside other steps too: the job's inputs.
    pub fn inputs(&self) -> Vec<&GetStep> {
        let mut found = Vec::new();
        self.walk(&mut |step| {
            if let Step::Get(get) = step {
                found.push(get);
            }
        });
        found
    }

    /// All put steps, likewise: the job's outputs.
    pub fn outputs(&self) -> Vec<&PutStep> {
        let mut found = Vec::new();
        self.walk(&mut |step| {
            if let Step::Put(put) = step {
                found.push(put);
            }
        });
        found
    }

    /// Calls `visit` with each step of plan and hooks, outer ones first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Step)) {
        for step in &self.plan {
            step.walk(visit);
        }
        for hook in &self.hooks {
            hook.step.walk(visit);
        }
    }

    /// How many builds may run at a time, or nothing for any number.
    pub fn limit(&self) -> Option<u32> {
        if self.serial || !self.serial_groups.is_empty() {
            return Some(1);
        }
        (self.max_in_flight > 0).then_some(self.max_in_flight)
    }

    /// The groups whose running builds count against [`Job::limit`]: its own, or one of its name.
    pub fn effective_serial_groups(&self) -> Vec<String> {
        if !self.serial_groups.is_empty() {
            return self.serial_groups.clone();
        }
        if self.limit().is_some() { vec![self.name.clone()] } else { Vec::new() }
    }
}

//! Steps around one step: `timeout`, `attempts` and the five hooks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Step;

/// A step with a limit of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeout {
    /// The step.
    pub step: Box<Step>,
    /// The limit.
    pub duration: Duration,
}

/// A step that is tried again until it succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The step.
    pub step: Box<Step>,
    /// How often at most; 1 or more.
    pub attempts: u32,
}

/// A step with another that follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooked {
    /// The step.
    pub step: Box<Step>,
    /// What follows.
    pub hook: Hook,
}

/// A step that follows another, and after which outcomes it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// After which outcomes.
    pub on: HookOn,
    /// The step.
    pub step: Box<Step>,
}

/// After which outcome a hook runs; in the order of nesting, innermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookOn {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// A person said stop.
    Abort,
    /// It could not be done.
    Error,
    /// Whatever happened.
    Ensure,
}

impl HookOn {
    /// All, innermost first.
    pub const ALL: [HookOn; 5] =
        [HookOn::Success, HookOn::Failure, HookOn::Abort, HookOn::Error, HookOn::Ensure];

    /// The key as pipelines write it.
    pub fn key(self) -> &'static str {
        match self {
            HookOn::Success => "on_success",
            HookOn::Failure => "on_failure",
            HookOn::Abort => "on_abort",
            HookOn::Error => "on_error",
            HookOn::Ensure => "ensure",
        }
    }
}

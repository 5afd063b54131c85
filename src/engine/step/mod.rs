//! What each kind of node does: one file a kind, joined in [`run`].
//!
//! A node never ends by its future being dropped: it looks at its [`Cx::cancel`] and ends with
//! the cause. Nodes that do work themselves ("leaves") go through [`leaf`], which answers from
//! the journal, catches panics, says why a node ended badly and journals its end.
//!
//! *Follows:* `atc/exec` of Concourse.

#![deny(clippy::wildcard_enum_match_arm)]

mod across;
mod check;
mod do_;
mod get;
mod hook;
mod in_parallel;
mod leaf;
mod load_var;
mod put;
mod retry;
mod run;
mod set_pipeline;
mod task;
mod timeout;
mod try_;

pub use timeout::until;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::build::Build;
use super::report::Report;
use super::scope::Scope;
use crate::model::build::{Cause, Outcome, Plan, PlanKind, Status};
use crate::model::{PlanId, Value, Version};
use crate::runtime::Volume;
use crate::runtime::cancel::Cancel;

/// Where a node stands.
#[derive(Clone)]
pub struct Cx {
    /// The build.
    pub build: Arc<Build>,
    /// What it sees of other nodes.
    pub scope: Arc<Scope>,
    /// Tells it to stop.
    pub cancel: Cancel,
    /// How the node ended that the innermost hook around it follows.
    pub hook_of: Option<Status>,
}

impl Cx {
    /// The same place under another token.
    #[must_use]
    pub fn under(&self, cancel: Cancel) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// The same place inside a hook that follows a node which ended so.
    #[must_use]
    pub fn after(&self, status: Status) -> Self {
        Self { hook_of: Some(status), ..self.clone() }
    }

    /// What a node says and journals.
    pub fn report(&self, id: &PlanId) -> Report {
        Report::new(Arc::clone(&self.build), id.clone())
    }
}

/// A step at work.
pub type Work<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Runs a node and all inside it.
pub fn run<'a>(cx: &'a Cx, plan: &'a Plan) -> Work<'a> {
    match &plan.kind {
        PlanKind::Check(check) => Box::pin(leaf::run(cx, plan, check::run(cx, plan, check))),
        PlanKind::Get(get) => Box::pin(leaf::run(cx, plan, get::run(cx, plan, get))),
        PlanKind::Put(put) => Box::pin(leaf::run(cx, plan, put::run(cx, plan, put))),
        PlanKind::Task(task) => Box::pin(leaf::run(cx, plan, task::run(cx, plan, task))),
        PlanKind::Run(message) => Box::pin(leaf::run(cx, plan, run::run(cx, plan, message))),
        PlanKind::SetPipeline(set) => {
            Box::pin(leaf::run(cx, plan, set_pipeline::run(cx, plan, set)))
        }
        PlanKind::LoadVar(load) => Box::pin(load_var::run(cx, plan, load)),
        PlanKind::Do(steps) => Box::pin(do_::run(cx, steps)),
        PlanKind::InParallel { steps, limit, fail_fast } => {
            Box::pin(in_parallel::run(cx, steps, *limit, *fail_fast))
        }
        PlanKind::Across(across) => Box::pin(across::run(cx, plan, across)),
        PlanKind::Retry(attempts) => Box::pin(retry::run(cx, attempts)),
        PlanKind::Try(step) => Box::pin(try_::run(cx, step)),
        PlanKind::Timeout { step, duration } => Box::pin(timeout::run(cx, step, *duration)),
        PlanKind::Hooked { step, on, hook } => Box::pin(hook::run(cx, step, *on, hook)),
    }
}

/// How a leaf ended, with what it leaves.
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// The version that it made or brought.
    pub version: Option<Version>,
    /// Artifacts that it leaves.
    pub artifacts: Vec<(String, Arc<dyn Volume>)>,
    /// Local vars that it sets and that logs may show.
    pub vars: Vec<(String, Value)>,
}

impl From<Ending> for Ended {
    fn from(ending: Ending) -> Self {
        Self { ending, version: None, artifacts: Vec::new(), vars: Vec::new() }
    }
}

/// How a leaf ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It did its work.
    Succeeded,
    /// Its work said no.
    Failed,
    /// Its own time was up: it failed.
    TimedOut,
    /// It could not do its work.
    Errored(String),
    /// It was told to stop.
    Stopped(Cause),
}

impl Ending {
    /// The outcome of the node.
    pub fn outcome(&self) -> Outcome {
        match self {
            Ending::Succeeded => Outcome::Succeeded,
            Ending::Failed | Ending::TimedOut => Outcome::Failed,
            Ending::Errored(why) => Outcome::Errored(why.clone()),
            Ending::Stopped(cause) => Outcome::Stopped(*cause),
        }
    }

    /// The ending of a node that was told to stop and so came to that outcome.
    pub fn stopped(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Stopped(cause) => Ending::Stopped(*cause),
            Outcome::Succeeded | Outcome::Failed => Ending::TimedOut,
            Outcome::Errored(why) => Ending::Errored(why.clone()),
        }
    }

    /// What the node's error event says, if it has one.
    pub fn message(&self) -> Option<&str> {
        match self {
            Ending::Succeeded | Ending::Failed => None,
            Ending::TimedOut => Some(OUT_OF_TIME),
            Ending::Errored(why) => Some(why),
            Ending::Stopped(cause) => told_to_stop(*cause),
        }
    }
}

/// What the error event of a node says whose time was up.
pub const OUT_OF_TIME: &str = "timeout exceeded";

/// What the error event of a node says that was told to stop.
pub fn told_to_stop(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Aborted | Cause::FailFast => Some("interrupted"),
        Cause::Deadline => Some(OUT_OF_TIME),
        Cause::Detach => None,
    }
}

/// Any failure of a part below makes a node errored.
impl<E: std::error::Error> From<E> for Ending {
    fn from(error: E) -> Self {
        Ending::Errored(chain(&error))
    }
}

/// An error with its sources, as one sentence.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

//! Builds: what can be asked and told of them.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;
use crate::model::build::Status;
use crate::model::step::HookOn;
use crate::model::version::MetadataField;
use crate::model::{BuildId, PipelineRef, PlanId, Timestamp, Version};

/// Reading builds.
#[async_trait]
pub trait BuildReads: Send + Sync {
    /// One build.
    async fn build(&self, build: BuildId) -> Result<BuildDetail>;

    /// All builds of jobs that are not over, oldest first.
    async fn running_builds(&self) -> Result<Vec<BuildSummary>>;
}

/// Acting on builds.
#[async_trait]
pub trait BuildActs: Send + Sync {
    /// Tells a build to stop; its hooks still run.
    async fn abort_build(&self, build: BuildId) -> Result<()>;
}

/// A build as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSummary {
    /// Its id.
    pub id: BuildId,
    /// Its number among the job's, such as `42` or `42.1`.
    pub name: String,
    /// Its pipeline.
    pub pipeline: Option<PipelineRef>,
    /// Its job.
    pub job: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Who made it; nothing for the scheduler.
    pub created_by: Option<String>,
    /// Who stopped it.
    pub aborted_by: Option<String>,
    /// Whether somebody told it to stop and it has not yet.
    pub is_aborting: bool,
    /// For one that did not succeed: where it broke first.
    pub cause: Option<FirstCause>,
}

/// Where a build broke first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstCause {
    /// The node of the plan.
    pub plan: PlanId,
    /// The kind of step and its name: `task unit-tests`.
    pub step: String,
    /// The exit status, if a process ended with one.
    pub exit_status: Option<i32>,
    /// The line that tells the fault, secrets taken out.
    pub line: Option<String>,
    /// How long after the build's start it broke.
    pub after: Option<Duration>,
}

/// A build with all that is known of it but its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDetail {
    /// What lists show.
    pub summary: BuildSummary,
    /// What it does, once that is decided.
    pub plan: Option<PublicPlan>,
    /// What it got.
    pub inputs: Vec<NamedVersion>,
    /// What it put.
    pub outputs: Vec<NamedVersion>,
    /// The last build of the job before it that succeeded.
    pub last_green: Option<BuildSummary>,
    /// The inputs that are others than those of `last_green`.
    pub changes: Vec<InputChange>,
    /// The build whose output made this one, where that is known.
    pub made_by: Option<BuildSummary>,
    /// Why it has not started.
    pub waiting: Option<super::Waiting>,
    /// How long the job usually takes.
    pub estimate: Option<Duration>,
    /// How long each step took in `last_green`, by the kind and name of the step.
    pub usual_steps: Vec<(String, Duration)>,
    /// The name of the worker.
    pub worker: Option<String>,
}

/// A version under the name of an input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedVersion {
    /// The input's or output's name.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// For an input: whether no build of the job had it before.
    pub is_first_occurrence: bool,
}

/// An input that is another than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputChange {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// What it was; nothing if the input is new.
    pub from: Option<Version>,
    /// What it is.
    pub to: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// How many versions lie between, the new one counted.
    pub n_versions: Option<u32>,
}

/// A node of a plan as anybody may see it: no source, no params.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPlan {
    /// Its id.
    pub id: PlanId,
    /// What it does.
    pub kind: PublicKind,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKind {
    /// Looks for versions.
    Check {
        /// The resource.
        name: String,
    },
    /// Brings a version in.
    Get {
        /// The step.
        name: String,
        /// The resource.
        resource: String,
        /// The resource's type.
        resource_type: String,
        /// The version, where it is fixed.
        version: Option<Version>,
    },
    /// Sends something out.
    Put {
        /// The step.
        name: String,
        /// The resource.
        resource: String,
        /// The resource's type.
        resource_type: String,
    },
    /// Runs a command.
    Task {
        /// The step.
        name: String,
    },
    /// Sends a message to a prototype.
    Run {
        /// The message.
        message: String,
        /// The prototype.
        prototype: String,
    },
    /// Sets a pipeline.
    SetPipeline {
        /// Its name.
        name: String,
    },
    /// Reads a local var.
    LoadVar {
        /// Its name.
        name: String,
    },
    /// One after the other.
    Do(Vec<PublicPlan>),
    /// Side by side.
    InParallel {
        /// The nodes.
        steps: Vec<PublicPlan>,
        /// How many at a time.
        limit: Option<u32>,
        /// Whether the first that does not succeed ends the others.
        fail_fast: bool,
    },
    /// One for each combination; they come with an event.
    Across {
        /// Names of the vars.
        vars: Vec<String>,
    },
    /// Attempts.
    Retry(Vec<PublicPlan>),
    /// Its failure does not count.
    Try(Box<PublicPlan>),
    /// With a limit of time.
    Timeout {
        /// The node.
        step: Box<PublicPlan>,
        /// The limit.
        duration: Duration,
    },
    /// With another that follows it.
    Hooked {
        /// The node.
        step: Box<PublicPlan>,
        /// After which outcomes.
        on: HookOn,
        /// What follows.
        hook: Box<PublicPlan>,
    },
}

impl PublicPlan {
    /// The nodes directly inside, in the order in which they are shown.
    pub fn children(&self) -> Vec<&PublicPlan> {
        match &self.kind {
            PublicKind::Check { .. }
            | PublicKind::Get { .. }
            | PublicKind::Put { .. }
            | PublicKind::Task { .. }
            | PublicKind::Run { .. }
            | PublicKind::SetPipeline { .. }
            | PublicKind::LoadVar { .. }
            | PublicKind::Across { .. } => Vec::new(),
            PublicKind::Do(steps) | PublicKind::Retry(steps) => steps.iter().collect(),
            PublicKind::InParallel { steps, .. } => steps.iter().collect(),
            PublicKind::Try(step) | PublicKind::Timeout { step, .. } => vec![step],
            PublicKind::Hooked { step, hook, .. } => vec![step, hook],
        }
    }

    /// Calls `visit` with this node, then with those inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a PublicPlan)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The kind of step and its name, `task unit-tests`; nothing for nodes made of nodes.
    pub fn step_name(&self) -> Option<String> {
        match &self.kind {
            PublicKind::Check { name } => Some(format!("check {name}")),
            PublicKind::Get { name, .. } => Some(format!("get {name}")),
            PublicKind::Put { name, .. } => Some(format!("put {name}")),
            PublicKind::Task { name } => Some(format!("task {name}")),
            PublicKind::Run { message, .. } => Some(format!("run {message}")),
            PublicKind::SetPipeline { name } => Some(format!("set_pipeline {name}")),
            PublicKind::LoadVar { name } => Some(format!("load_var {name}")),
            PublicKind::Across { .. }
            | PublicKind::Do(_)
            | PublicKind::InParallel { .. }
            | PublicKind::Retry(_)
            | PublicKind::Try(_)
            | PublicKind::Timeout { .. }
            | PublicKind::Hooked { .. } => None,
        }
    }
}

//! Facts: all that a decision may look at.
//!
//! History comes newest first and may be cut at a page's end. A decision that runs out of a
//! page that is not the whole history answers "older, please", and is asked again with a longer
//! page.
//!
//! A version is named here by a number that is the same for the same content of the same
//! resource. Versions that builds used, but that the resource's present scope does not know,
//! have numbers below zero.
//!
//! *Never:* reads the clock or a database; the store fills these and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::resource::CheckEvery;
use crate::model::version::VersionMode;
use crate::model::{BuildId, JobId, ResourceId, Timestamp, Version, VersionId};

/// What a decision about one job looks at.
#[derive(Debug, Clone, Default)]
pub struct JobFacts {
    /// The job; 0 for one that has no past.
    pub job: JobId,
    /// The job's name.
    pub name: String,
    /// The inputs, in the order of the plan.
    pub inputs: Vec<InputFacts>,
    /// The known versions of each resource that an input takes.
    pub versions: BTreeMap<ResourceId, Page<VersionFacts>>,
    /// The builds that succeeded of each job that an input must have passed, newest first: by
    /// the original's id for reruns else the own one, then by the own id.
    pub passed: BTreeMap<JobId, Page<BuildFacts>>,
    /// What builds older than a page of `passed` vouch for: for a job and a resource, their
    /// versions, at least those that some page names. A shortcut: with an entry the resolver
    /// need not see the whole history of a job to know that it never had a version; without
    /// one it asks for older builds.
    pub beyond: BTreeMap<(JobId, ResourceId), BTreeSet<VersionId>>,
    /// All versions that a person disabled, of each resource that an input with passed jobs
    /// takes; also those that the present scope does not know.
    pub disabled: BTreeMap<ResourceId, BTreeSet<VersionId>>,
    /// What builds of this job used before, in any status.
    pub past: Past,
    /// Its builds that wait to start, next first: by the original's id for reruns else the own
    /// one, then by the own id.
    pub pending: Vec<PendingFacts>,
    /// Whether the pipeline is paused.
    pub is_pipeline_paused: bool,
    /// Whether the pipeline is archived.
    pub is_pipeline_archived: bool,
    /// Whether the job is paused.
    pub is_paused: bool,
    /// How many builds may run at a time; nothing for any number.
    pub limit: Option<u32>,
    /// Builds that are scheduled and not over, of all jobs that share a serial group with this
    /// one, itself included.
    pub n_running: u32,
    /// The first pending build, by [`Turn`], of the other unpaused jobs with determined inputs
    /// that share a serial group with this one. The job's own are in `pending`.
    pub others_turn: Option<Turn>,
}

/// A build's place in the order in which pending builds start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The original for reruns, else the build itself.
    pub origin: BuildId,
    /// The build.
    pub build: BuildId,
}

/// An input of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFacts {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The jobs that the version must have passed.
    pub passed: BTreeSet<JobId>,
    /// Whether a new version starts a build.
    pub is_trigger: bool,
    /// Which version: a step's own pin comes before the resource's, which is in here too.
    pub version: VersionMode,
    /// Whether the step asks for every version, though a pin came before that. The pin decides;
    /// builds of passed jobs are still tried in the order that every version asks for.
    pub was_every: bool,
    /// The version that a pin stands for; nothing if no pin, or if none is known.
    pub pinned: Option<VersionId>,
    /// Whether the resource is pinned, by config or by a person; true also where a step's own
    /// pin comes before it.
    pub is_resource_pin: bool,
    /// When the resource's last check ended, well or not.
    pub last_check_ended_at: Option<Timestamp>,
    /// When the resource is due for a check.
    pub next_check_at: Option<Timestamp>,
    /// Whether the resource ever had a scope.
    pub has_scope: bool,
}

impl InputFacts {
    /// Whether the step asks for every version, pinned or not.
    pub fn asks_for_every(&self) -> bool {
        self.was_every || self.version == VersionMode::Every
    }
}

/// A piece of history, newest first.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Whether nothing older exists.
    pub is_whole: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_whole: true }
    }
}

impl JobFacts {
    /// Whether a person disabled the version of the resource.
    pub fn is_disabled(&self, resource: ResourceId, version: VersionId) -> bool {
        self.disabled.get(&resource).is_some_and(|versions| versions.contains(&version))
    }
}

/// Whether the resource's present scope knows the version.
pub fn is_in_scope(version: VersionId) -> bool {
    version.0 >= 0
}

/// A version in its resource's present scope; a page has them by falling check order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionFacts {
    /// Its number.
    pub id: VersionId,
    /// Its rank; the highest is the latest.
    pub check_order: i64,
    /// Whether a person disabled it.
    pub is_disabled: bool,
}

/// A build that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFacts {
    /// The build.
    pub id: BuildId,
    /// What it vouches for: by rising resource; for each, first what it put, then what it got.
    pub outputs: Vec<(ResourceId, Vec<VersionId>)>,
}

/// What builds of the job used before.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Each (input name, resource, version) that a build adopted.
    pub inputs: BTreeSet<(String, ResourceId, VersionId)>,
    /// For each resource, the used version with the highest check order in the present scope.
    pub latest_used: BTreeMap<ResourceId, VersionFacts>,
    /// For each resource of `latest_used`, the builds that vouched for what the newest build
    /// with that version had: of each passed job the last. An entry without builds says that it
    /// had none; without an entry no build used the resource in its present scope.
    pub pipes: BTreeMap<ResourceId, BTreeMap<JobId, BuildId>>,
}

/// A build that waits to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingFacts {
    /// The build.
    pub id: BuildId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What made it.
    pub kind: PendingKind,
    /// Whether it holds a place among the running ones already.
    pub is_scheduled: bool,
    /// Whether a person said stop.
    pub is_aborted: bool,
}

impl PendingFacts {
    /// Its place in the order in which pending builds start.
    pub fn turn(&self) -> Turn {
        let origin = match self.kind {
            PendingKind::Scheduled | PendingKind::Manual => self.id,
            PendingKind::Rerun { of, .. } => of,
        };
        Turn { origin, build: self.id }
    }
}

/// What made a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingKind {
    /// A new version.
    Scheduled,
    /// A person.
    Manual,
    /// A person, once more with the inputs of that build; `None` if one of them is gone, or
    /// the original never had any.
    Rerun {
        /// The original.
        of: BuildId,
        /// Its inputs.
        inputs: Option<Vec<ChosenInput>>,
    },
}

/// An input with the version that a build gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenInput {
    /// The input's name.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The version.
    pub version: VersionId,
    /// Whether no build of the job had it before.
    pub is_first_occurrence: bool,
    /// The builds that vouch for it.
    pub passed_builds: Vec<BuildId>,
}

/// What a decision about checks of a resource looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceFacts {
    /// The resource.
    pub resource: ResourceId,
    /// Whether its pipeline is paused.
    pub is_pipeline_paused: bool,
    /// How often it is checked.
    pub check_every: CheckEvery,
    /// Whether some job's input without passed jobs triggers.
    pub has_trigger_input: bool,
    /// Whether some job's input without passed jobs does not trigger.
    pub has_quiet_input: bool,
    /// Its pin, by config or by a person.
    pub pin: Option<Version>,
    /// Whether a known version has the fields of the pin.
    pub has_pinned: bool,
    /// Whether its scope knows any version.
    pub has_versions: bool,
    /// How the last check ended; nothing before the first.
    pub last_check_succeeded: Option<bool>,
    /// When it is due; nothing before the first check.
    pub next_check_at: Option<Timestamp>,
    /// Whether a check of it waits or runs.
    pub is_checking: bool,
}

//! Facts: all that a decision may look at.
//!
//! History comes newest first and may be cut at a page's end. A decision that runs out of a
//! page that is not the whole history answers "older, please", and is asked again with a longer
//! page.
//!
//! A version is named here by a number that is the same for the same content of the same
//! resource. Versions that builds used, but that the resource's present scope does not know,
//! have numbers below zero.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::version::VersionMode;
use crate::model::{BuildId, JobId, ResourceId, Timestamp, VersionId};

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
    /// The oldest pending build of unpaused jobs with determined inputs that share a serial
    /// group with this one, itself included.
    pub next_in_line: Option<BuildId>,
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
    /// The version that a pin stands for; nothing if no pin, or if none is known.
    pub pinned: Option<VersionId>,
    /// Whether the pin is the resource's, by config or by a person, and not the step's.
    pub is_resource_pin: bool,
    /// When the resource's last check ended, well or not.
    pub last_check_ended_at: Option<Timestamp>,
    /// When the resource is due for a check.
    pub next_check_at: Option<Timestamp>,
    /// Whether the resource ever had a scope.
    pub has_scope: bool,
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
    /// For each resource, the builds that vouched for the last used version of it: of each
    /// passed job the last.
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

//! Why a job has not started, in words that a person can act on.
//!
//! *Follows:* Concourse's build preparation for the short form; the long form is our own.

mod passed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::facts::{JobFacts, PendingFacts, PendingKind, Turn};
use super::input::{Older, Reason, Resolution, resolve};
use super::{Wait, new_build, queue};
use crate::model::{JobId, ResourceId, Version, VersionId};

/// What people call what the facts number.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Jobs.
    pub jobs: BTreeMap<JobId, String>,
    /// Resources.
    pub resources: BTreeMap<ResourceId, String>,
    /// Versions, as far as they should be told.
    pub versions: BTreeMap<(ResourceId, VersionId), Version>,
}

impl Names {
    fn job(&self, job: JobId) -> String {
        self.jobs.get(&job).cloned().unwrap_or_else(|| format!("#{job}"))
    }

    fn resource(&self, resource: ResourceId) -> String {
        self.resources.get(&resource).cloned().unwrap_or_else(|| format!("#{resource}"))
    }

    fn version(&self, resource: ResourceId, version: VersionId) -> String {
        let known = self.versions.get(&(resource, version));
        known.map_or_else(|| format!("#{version}"), Version::to_string)
    }
}

/// One thing that keeps a job from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What kind of thing.
    pub kind: ObstacleKind,
    /// What it is, a sentence without its stop.
    pub why: String,
    /// What to do about it, likewise.
    pub advice: String,
}

/// A kind of obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObstacleKind {
    /// The pipeline or the job is paused, or the pipeline archived.
    Paused,
    /// An input has no version.
    Input,
    /// No new version asks for a build.
    NothingNew,
    /// Builds are only made by hand.
    ByHand,
    /// Other builds come first.
    Limit,
    /// Checks come first.
    Checks,
    /// The pending build was stopped by a person.
    Aborted,
}

/// What keeps a job from starting now, the first to act on first; nothing if a pass would make or
/// start a build.
///
/// # Errors
/// When a page that is not the whole history ends before the choice of versions is certain.
pub fn explain(facts: &JobFacts, names: &Names) -> Result<Vec<Obstacle>, Older> {
    let resolution = resolve(facts)?;
    let mut obstacles = Vec::new();
    let mut add = |kind, why: String, advice: &str| {
        obstacles.push(Obstacle { kind, why, advice: advice.to_owned() });
    };
    if facts.is_pipeline_archived {
        add(
            ObstacleKind::Paused,
            "the pipeline is archived".to_owned(),
            "set the pipeline again to bring it back",
        );
        return Ok(obstacles);
    }
    if facts.is_pipeline_paused {
        add(ObstacleKind::Paused, "the pipeline is paused".to_owned(), "unpause the pipeline");
    }
    if facts.is_paused {
        let why = format!("the job `{}` is paused", facts.name);
        add(ObstacleKind::Paused, why, "unpause the job");
    }
    let is_rerun = |build: &PendingFacts| matches!(build.kind, PendingKind::Rerun { .. });
    let next = facts.pending.iter().find(|build| !build.is_aborted);
    if !next.is_some_and(is_rerun) {
        for (input, reason) in resolution.missing() {
            let why = match reason {
                Reason::NoSatisfiableBuilds => passed::why(facts, names, input),
                Reason::NoVersion
                | Reason::NoNextVersion
                | Reason::PinNotFound(_)
                | Reason::Gone { .. } => format!("input `{input}`: {reason}"),
            };
            add(ObstacleKind::Input, why, reason.advice());
        }
    }
    match next {
        Some(build) => obstacles.extend(pending(facts, names, &resolution, build)),
        None if !facts.pending.is_empty() => add(
            ObstacleKind::Aborted,
            "the pending build was aborted and is about to finish".to_owned(),
            "start the job again",
        ),
        None if resolution.is_resolved && new_build(facts, &resolution).is_none() => {
            obstacles.extend(quiet(facts, names, &resolution));
        }
        None => {}
    }
    Ok(obstacles)
}

/// What a pending build waits for, its inputs aside.
fn pending(
    facts: &JobFacts,
    names: &Names,
    resolution: &Resolution,
    build: &PendingFacts,
) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    if !build.is_scheduled {
        let wait = queue::limit(facts, resolution.is_resolved, build, facts.n_running);
        let why = match wait {
            Some(Wait::Running { n_running, limit }) => {
                let (builds, run) =
                    if n_running == 1 { ("build", "runs") } else { ("builds", "run") };
                Some(format!(
                    "{n_running} {builds} of this job or of jobs that share its serial groups \
                     {run}, and at most {limit} may"
                ))
            }
            Some(Wait::Turn(Turn { build, .. })) => {
                Some(format!("build {build} of a job that shares a serial group was there before"))
            }
            Some(Wait::Inputs) if matches!(build.kind, PendingKind::Rerun { .. }) => Some(
                "the job runs few builds at a time, so even a rerun waits until all of the job's \
                 inputs have versions"
                    .to_owned(),
            ),
            Some(Wait::Inputs | Wait::Paused | Wait::Checks(_)) | None => None,
        };
        obstacles.extend(why.map(|why| Obstacle {
            kind: ObstacleKind::Limit,
            why,
            advice: "wait for those builds, or abort one".to_owned(),
        }));
    }
    let unchecked = queue::unchecked(facts, build);
    if !unchecked.is_empty() {
        let list = list(unchecked.iter().map(|resource| names.resource(*resource)));
        obstacles.push(Obstacle {
            kind: ObstacleKind::Checks,
            why: format!("build {} waits for a check of {list}", build.id),
            advice: "look at the resource's check if it takes long".to_owned(),
        });
    }
    obstacles
}

/// Why a job whose inputs all have versions makes no build.
fn quiet(facts: &JobFacts, names: &Names, resolution: &Resolution) -> Option<Obstacle> {
    if facts.is_paused || facts.is_pipeline_paused {
        return None;
    }
    let triggers: Vec<String> = facts
        .inputs
        .iter()
        .filter(|input| input.is_trigger)
        .filter_map(|input| {
            let chosen = resolution.chosen().find(|chosen| chosen.name == input.name)?;
            Some(format!("`{}` at {}", input.name, names.version(chosen.resource, chosen.version)))
        })
        .collect();
    if triggers.is_empty() {
        let why = if facts.inputs.is_empty() {
            "the job has no inputs, so nothing starts it by itself"
        } else {
            "no input of the job has `trigger: true`, so nothing starts it by itself"
        };
        return Some(Obstacle {
            kind: ObstacleKind::ByHand,
            why: why.to_owned(),
            advice: "start the job by hand".to_owned(),
        });
    }
    Some(Obstacle {
        kind: ObstacleKind::NothingNew,
        why: format!("builds of the job had these versions already: {}", triggers.join(", ")),
        advice: "wait for a new version, or start the job by hand".to_owned(),
    })
}

/// `a`, `b` and `c`, each in backticks.
fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Whether a condition keeps a build from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocking {
    /// Nobody knows.
    Unknown,
    /// It does.
    Blocking,
    /// It does not.
    #[default]
    NotBlocking,
}

impl Blocking {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Blocking::Unknown => "unknown",
            Blocking::Blocking => "blocking",
            Blocking::NotBlocking => "not_blocking",
        }
    }
}

impl From<bool> for Blocking {
    fn from(is_blocking: bool) -> Self {
        if is_blocking { Blocking::Blocking } else { Blocking::NotBlocking }
    }
}

/// The short form for one pending build. The default is that of a build that is not pending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preparation {
    /// Whether the pipeline is paused.
    pub paused_pipeline: Blocking,
    /// Whether the job is paused.
    pub paused_job: Blocking,
    /// Whether other builds come first.
    pub max_running_builds: Blocking,
    /// Each input by name.
    pub inputs: BTreeMap<String, Blocking>,
    /// Whether any input blocks.
    pub inputs_satisfied: Blocking,
    /// Why inputs block, by name.
    pub missing_input_reasons: BTreeMap<String, String>,
}

/// The short form for a pending build. `resolution` is what was stored last for the job, if
/// anything was.
pub fn prepare(
    facts: &JobFacts,
    resolution: Option<&Resolution>,
    build: &PendingFacts,
) -> Preparation {
    let has_inputs = resolution.is_some_and(|resolution| resolution.is_resolved);
    let is_held =
        !build.is_scheduled && queue::limit(facts, has_inputs, build, facts.n_running).is_some();
    let mut preparation = Preparation {
        paused_pipeline: facts.is_pipeline_paused.into(),
        paused_job: facts.is_paused.into(),
        max_running_builds: is_held.into(),
        ..Preparation::default()
    };
    let unchecked = match build.kind {
        PendingKind::Manual => queue::unchecked(facts, build),
        PendingKind::Scheduled | PendingKind::Rerun { .. } => Default::default(),
    };
    let has_errors = resolution.is_some_and(|resolution| resolution.missing().next().is_some());
    for input in &facts.inputs {
        let found = resolution
            .and_then(|r| r.inputs.iter().find(|(name, _)| *name == input.name))
            .map(|(_, found)| found);
        let reason = match found {
            Some(Err(reason)) => Some(reason.to_string()),
            None if has_errors => continue,
            None => Some("input is not included in resolved candidates".to_owned()),
            Some(Ok(_)) if input.passed.is_empty() && unchecked.contains(&input.resource) => {
                Some("checking for latest available versions".to_owned())
            }
            Some(Ok(_)) => None,
        };
        preparation.inputs.insert(input.name.clone(), reason.is_some().into());
        if let Some(reason) = reason {
            preparation.inputs_satisfied = Blocking::Blocking;
            preparation.missing_input_reasons.insert(input.name.clone(), reason);
        }
    }
    preparation
}

//! All that was answered so far, and what is to be asked for now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::control::{
    BuildDetail, BuildSummary, Change, ContainerSummary, Error, JobSummary, PipelineSummary,
};
use crate::model::{BuildId, PipelineRef, Timestamp};
use crate::tui::cache::Datum;
use crate::tui::effect::{Effect, Want};
use crate::tui::msg::Answer;

/// What changes without end is asked for that often at most.
const PACE: Duration = Duration::from_millis(40);

/// So many builds are kept that are not on the screen.
const KEPT: usize = 64;

/// The newest builds of a job, and how many were asked for.
pub type Page = (u32, Datum<Vec<BuildSummary>>);

/// What is known.
#[derive(Debug, Default)]
pub struct Data {
    /// Which pipelines there are, in their order.
    pub list: Datum<Vec<PipelineRef>>,
    /// Each of them.
    pub pipelines: BTreeMap<PipelineRef, Datum<PipelineSummary>>,
    /// Builds of jobs, newest first, with the question's limit.
    pub job_builds: BTreeMap<(PipelineRef, String), Page>,
    /// Builds.
    pub builds: BTreeMap<BuildId, Datum<BuildDetail>>,
    /// Containers of builds.
    pub containers: BTreeMap<BuildId, Datum<Vec<ContainerSummary>>>,
    /// Builds that are not over.
    pub running: Datum<Vec<BuildSummary>>,
    /// When each question was asked last.
    asked_at: BTreeMap<Want, Timestamp>,
}

/// A datum, whatever it holds.
trait AnyDatum {
    fn is_wanted(&self) -> bool;
    fn ask(&mut self, now: Timestamp) -> u64;
}

impl<T> AnyDatum for Datum<T> {
    fn is_wanted(&self) -> bool {
        Datum::is_wanted(self)
    }

    fn ask(&mut self, now: Timestamp) -> u64 {
        Datum::ask(self, now)
    }
}

impl Data {
    /// A pipeline.
    pub fn pipeline(&self, pipeline: &PipelineRef) -> Option<&PipelineSummary> {
        self.pipelines.get(pipeline)?.value()
    }

    /// A job.
    pub fn job(&self, pipeline: &PipelineRef, job: &str) -> Option<&JobSummary> {
        self.pipeline(pipeline)?.jobs.iter().find(|known| known.name == job)
    }

    /// All pipelines that are known, in their order.
    pub fn all_pipelines(&self) -> impl Iterator<Item = &PipelineSummary> {
        self.list.value().into_iter().flatten().filter_map(|pipeline| self.pipeline(pipeline))
    }

    /// A build, if asked for and answered.
    pub fn build(&self, build: BuildId) -> Option<&BuildDetail> {
        self.builds.get(&build)?.value()
    }

    /// What lists tell of a build, wherever it was seen.
    pub fn summary(&self, build: BuildId) -> Option<&BuildSummary> {
        let in_jobs = || {
            self.pipelines.values().filter_map(Datum::value).flat_map(|p| &p.jobs).find_map(|job| {
                [&job.next, &job.finished, &job.transition]
                    .into_iter()
                    .flatten()
                    .find(|known| known.id == build)
            })
        };
        let in_lists = || {
            self.job_builds
                .values()
                .filter_map(|(_, datum)| datum.value())
                .flatten()
                .find(|known| known.id == build)
        };
        self.build(build).map(|detail| &detail.summary).or_else(in_jobs).or_else(in_lists)
    }

    /// Builds of a job.
    pub fn builds_of(
        &self,
        pipeline: &PipelineRef,
        job: &str,
    ) -> Option<&Datum<Vec<BuildSummary>>> {
        self.job_builds.get(&(pipeline.clone(), job.to_owned())).map(|(_, datum)| datum)
    }

    fn datum(&mut self, want: &Want) -> &mut dyn AnyDatum {
        match want {
            Want::Pipelines => &mut self.list,
            Want::Pipeline(pipeline) => self.pipelines.entry(pipeline.clone()).or_default(),
            Want::JobBuilds { pipeline, job, limit } => {
                let entry = self
                    .job_builds
                    .entry((pipeline.clone(), job.clone()))
                    .or_insert_with(|| (*limit, Datum::default()));
                if entry.0 < *limit {
                    entry.0 = *limit;
                    entry.1.soil();
                }
                &mut entry.1
            }
            Want::Build(build) => self.builds.entry(*build).or_default(),
            Want::Containers(build) => self.containers.entry(*build).or_default(),
            Want::Running => &mut self.running,
        }
    }

    /// The questions to ask now, of those that the screen has, and when to look again for those
    /// that were asked a moment ago.
    pub fn ask(&mut self, wants: &[Want], now: Timestamp) -> (Vec<Effect>, Option<Timestamp>) {
        let mut effects = Vec::new();
        let mut again: Option<Timestamp> = None;
        for want in wants {
            if !self.datum(want).is_wanted() {
                continue;
            }
            if let Some(at) = self.asked_at.get(want).map(|at| *at + PACE).filter(|at| *at > now) {
                again = Some(again.map_or(at, |known| known.min(at)));
                continue;
            }
            let generation = self.datum(want).ask(now);
            self.asked_at.insert(want.clone(), now);
            effects.push(Effect::Fetch { want: want.clone(), generation });
        }
        (effects, again)
    }

    /// Takes an answer in. Says whether it told anything.
    pub fn answer(
        &mut self,
        want: &Want,
        generation: u64,
        answer: Result<Answer, Error>,
        now: Timestamp,
    ) -> bool {
        macro_rules! into {
            ($variant:ident) => {
                answer.and_then(|answer| match answer {
                    Answer::$variant(value) => Ok(value),
                    _ => Err(mismatch()),
                })
            };
        }
        match want {
            Want::Pipelines => {
                let pipelines = into!(Pipelines);
                let list = pipelines
                    .as_ref()
                    .map(|all| all.iter().map(|p| p.pipeline.clone()).collect::<Vec<_>>());
                if !self.list.answer(generation, list.map_err(Clone::clone), now) {
                    return false;
                }
                if let Ok(pipelines) = pipelines {
                    let known: BTreeSet<&PipelineRef> =
                        pipelines.iter().map(|pipeline| &pipeline.pipeline).collect();
                    self.pipelines.retain(|pipeline, _| known.contains(pipeline));
                    for pipeline in pipelines {
                        self.pipelines
                            .entry(pipeline.pipeline.clone())
                            .or_default()
                            .put(pipeline, now);
                    }
                }
                true
            }
            Want::Pipeline(pipeline) => {
                let datum = self.pipelines.entry(pipeline.clone()).or_default();
                datum.answer(generation, into!(Pipeline).map(|pipeline| *pipeline), now)
            }
            Want::JobBuilds { pipeline, job, .. } => self
                .job_builds
                .get_mut(&(pipeline.clone(), job.clone()))
                .is_some_and(|(_, datum)| datum.answer(generation, into!(Builds), now)),
            Want::Build(build) => {
                let datum = self.builds.entry(*build).or_default();
                datum.answer(generation, into!(Build).map(|build| *build), now)
            }
            Want::Containers(build) => {
                let datum = self.containers.entry(*build).or_default();
                datum.answer(generation, into!(Containers), now)
            }
            Want::Running => self.running.answer(generation, into!(Running), now),
        }
    }

    /// Something changed in the core.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Everything => self.soil_all(),
            Change::Pipeline(pipeline) => {
                self.list.soil();
                self.soil_pipeline(pipeline);
            }
            Change::Build { pipeline, job, build } => {
                self.soil_pipeline(pipeline);
                self.running.soil();
                if let Some(datum) = self.builds.get_mut(build) {
                    datum.soil();
                }
                if let Some(datum) = self.containers.get_mut(build) {
                    datum.soil();
                }
                if let Some((_, datum)) = self.job_builds.get_mut(&(pipeline.clone(), job.clone()))
                {
                    datum.soil();
                }
            }
            Change::Resource { pipeline, .. } => self.soil_pipeline(pipeline),
        }
    }

    fn soil_pipeline(&mut self, pipeline: &PipelineRef) {
        match self.pipelines.get_mut(pipeline) {
            Some(datum) => datum.soil(),
            None => self.list.soil(),
        }
    }

    /// Anything may have changed, or the way to the core was broken: all is asked for anew when it
    /// is on the screen.
    pub fn soil_all(&mut self) {
        self.list.soil();
        self.running.soil();
        self.pipelines.values_mut().for_each(Datum::soil);
        self.job_builds.values_mut().for_each(|(_, datum)| datum.soil());
        self.builds.values_mut().for_each(Datum::soil);
        self.containers.values_mut().for_each(Datum::soil);
    }

    /// Forgets the oldest builds that are not on the screen.
    pub fn tidy(&mut self, wants: &[Want]) {
        while self.builds.len() > KEPT {
            let oldest =
                self.builds.keys().copied().find(|build| !wants.contains(&Want::Build(*build)));
            let Some(oldest) = oldest else { break };
            self.builds.remove(&oldest);
            self.containers.remove(&oldest);
        }
        if self.asked_at.len() > 8 * KEPT {
            self.asked_at.retain(|want, _| wants.contains(want));
        }
    }

    /// When a wait that nothing was said of becomes worth a word.
    pub fn patience_ends(&self, wants: &[Want]) -> Option<Timestamp> {
        wants
            .iter()
            .filter_map(|want| match want {
                Want::Pipelines => self.list.patience_ends(),
                Want::Pipeline(pipeline) => self.pipelines.get(pipeline)?.patience_ends(),
                Want::JobBuilds { pipeline, job, .. } => {
                    self.builds_of(pipeline, job)?.patience_ends()
                }
                Want::Build(build) => self.builds.get(build)?.patience_ends(),
                Want::Containers(build) => self.containers.get(build)?.patience_ends(),
                Want::Running => self.running.patience_ends(),
            })
            .min()
    }
}

fn mismatch() -> Error {
    Error::new(crate::control::ErrorKind::Internal, "an answer to another question")
}

//! What an action is about: the thing that is chosen where one is.

use crate::control::{BuildSummary, ContainerSummary, JobSummary, PipelineSummary};
use crate::model::PipelineRef;
use crate::tui::action::Action;
use crate::tui::app::{App, Place};
use crate::tui::fact::{job, text};

/// The chosen thing, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The pipeline.
    pub pipeline: Option<&'a PipelineSummary>,
    /// The job.
    pub job: Option<&'a JobSummary>,
    /// The build.
    pub build: Option<&'a BuildSummary>,
}

impl<'a> Subject<'a> {
    /// The pipeline's name.
    pub fn pipeline_ref(&self) -> Option<&'a PipelineRef> {
        self.pipeline.map(|pipeline| &pipeline.pipeline)
    }

    /// The build that can be stopped.
    pub fn stoppable(&self, place: &Place) -> Option<&'a BuildSummary> {
        let named = match place {
            Place::Build(_) | Place::Builds(..) => self.build,
            Place::Overview | Place::Graph(_) | Place::Messages => {
                self.job.and_then(|job| job.next.as_ref())
            }
        };
        named.filter(|build| !build.status.is_over() && !build.is_aborting)
    }

    /// The build that can be run again.
    pub fn repeatable(&self) -> Option<&'a BuildSummary> {
        let over = self.build.filter(|build| build.status.is_over());
        over.or_else(|| self.job.and_then(|job| job.finished.as_ref()))
    }
}

impl App {
    /// The chosen job of a graph.
    pub fn chosen_job(&self, pipeline: &PipelineRef) -> Option<&JobSummary> {
        let chosen = self.graphs.get(pipeline)?.chosen.as_deref()?;
        self.data.job(pipeline, chosen)
    }

    /// What is chosen here.
    pub fn subject(&self) -> Subject<'_> {
        let of_build = |build| {
            let build: &BuildSummary = build;
            let pipeline = build.pipeline.as_ref();
            Subject {
                pipeline: pipeline.and_then(|pipeline| self.data.pipeline(pipeline)),
                job: pipeline
                    .zip(build.job.as_deref())
                    .and_then(|(pipeline, job)| self.data.job(pipeline, job)),
                build: Some(build),
            }
        };
        match &self.place {
            Place::Overview => {
                let chosen = self.overview.choice.chosen.as_ref();
                let Some(pipeline) = chosen.and_then(|chosen| self.data.pipeline(chosen)) else {
                    return Subject::default();
                };
                let outline = crate::tui::fact::pipeline::outline(pipeline, self.now);
                let job = outline.chief().map(|face| face.job);
                Subject { pipeline: Some(pipeline), job, build: job.and_then(job::current) }
            }
            Place::Graph(pipeline) => {
                let job = self.chosen_job(pipeline);
                Subject {
                    pipeline: self.data.pipeline(pipeline),
                    job,
                    build: job.and_then(job::current),
                }
            }
            Place::Builds(pipeline, job) => Subject {
                pipeline: self.data.pipeline(pipeline),
                job: self.data.job(pipeline, job),
                build: self.builds.choice.chosen.and_then(|build| self.data.summary(build)),
            },
            Place::Build(build) => self.data.summary(*build).map(of_build).unwrap_or_default(),
            Place::Messages => Subject::default(),
        }
    }

    /// The containers of the chosen build.
    pub fn containers(&self) -> &[ContainerSummary] {
        let build = self.subject().build.map(|build| build.id);
        build.and_then(|build| self.data.containers.get(&build)?.value()).map_or(&[], Vec::as_slice)
    }

    /// Why an action can do nothing here and now; none if it can.
    pub fn why_not(&self, action: Action) -> Option<String> {
        let subject = self.subject();
        let no_job = || subject.job.is_none().then(|| "no job is chosen".to_owned());
        match action {
            Action::Trigger => match subject.job {
                _ if matches!(self.place, Place::Overview) => {
                    subject.pipeline.is_none().then(|| "no pipeline is chosen".to_owned())
                }
                None => no_job(),
                Some(job) if job.is_manual_trigger_disabled => {
                    Some("starting by hand is disabled".to_owned())
                }
                Some(_) => None,
            },
            Action::Rerun => {
                subject.repeatable().is_none().then(|| "no build is over yet".to_owned())
            }
            Action::Abort => match subject.build {
                Some(build) if build.is_aborting => Some("it is being stopped".to_owned()),
                _ => subject.stoppable(&self.place).is_none().then(|| "nothing runs".to_owned()),
            },
            Action::Pause => match self.place {
                Place::Overview => {
                    subject.pipeline.is_none().then(|| "no pipeline is chosen".to_owned())
                }
                Place::Graph(_) | Place::Builds(..) | Place::Build(_) | Place::Messages => no_job(),
            },
            Action::OpenShell | Action::ChooseShell => match subject.build {
                None => Some("no build".to_owned()),
                Some(_) => None,
            },
            Action::Changed | Action::Inspect => no_job(),
            Action::Undo => (!self.told.can_undo(self.now)).then(|| "nothing to undo".to_owned()),
            Action::Retry => (!self.link.is_lost()).then(|| "the core answers".to_owned()),
            Action::PreviousView => {
                self.before.is_empty().then(|| "there was none before".to_owned())
            }
            _ => None,
        }
    }

    /// What an action is about, in words: `main/cpi`, `bats`, `bats #112`.
    pub fn subject_name(&self) -> String {
        let subject = self.subject();
        match (&self.place, subject.pipeline, subject.job, subject.build) {
            (Place::Overview, Some(pipeline), ..) => text::pipeline_name(&pipeline.pipeline),
            (Place::Graph(_), _, Some(job), _) => job.name.clone(),
            (_, _, _, Some(build)) => text::build_name(build),
            (_, _, Some(job), None) => job.name.clone(),
            _ => String::new(),
        }
    }
}

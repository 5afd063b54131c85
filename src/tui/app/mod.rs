//! The console's state, and how it moves on: one message in, effects out.
//!
//! Nothing here waits, asks the clock or draws. What the screen needs to know is derived after
//! each message from where one is ([`App::wants`]), so that a view never asks for itself.

pub mod command;
pub mod data;
pub mod graph;
pub mod layer;
pub mod link;
pub mod log;
pub mod place;
pub mod shell;
pub mod told;
pub mod watch;

mod answer;
mod input;
mod leave;
mod navigate;
mod perform;
mod subject;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

pub use data::Data;
pub use layer::{Chooser, Layer};
pub use link::Link;
pub use place::{BuildView, Choice, Place};
pub use subject::Subject;
pub use told::Told;

use crate::control::{Capabilities, Control};
use crate::model::{BuildId, PipelineRef, Timestamp};
use crate::tui::Options;
use crate::tui::action::Context;
use crate::tui::effect::{Effect, Want};
use crate::tui::fact::{job, pipeline};
use crate::tui::keymap::{Access, Keymap};
use crate::tui::look::{Look, Motion};
use crate::tui::msg::Msg;
use crate::tui::term::Key;
use crate::tui::view;
use crate::tui::widget::PromptState;
use crate::tui::widget::log::Times;

/// An action that the program brings along, as the console shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its key.
    pub key: Key,
    /// What it does.
    pub title: String,
    /// Whether it is under way.
    pub is_busy: bool,
}

/// What is typed into the line above the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The line.
    pub prompt: PromptState,
    /// What was searched for before, for Esc.
    pub before: String,
}

/// The overview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverviewView {
    /// The chosen pipeline.
    pub choice: Choice<PipelineRef>,
    /// What narrows it.
    pub needle: String,
    /// Where the chosen row stood last.
    place: Option<usize>,
}

/// The builds of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildsView {
    /// The chosen build.
    pub choice: Choice<BuildId>,
    /// How many are asked for.
    pub limit: u32,
    /// What narrows it.
    pub needle: String,
    place: Option<usize>,
}

/// All that the console knows and shows.
#[derive(Debug)]
pub struct App {
    /// What the core can do.
    pub core: Capabilities,
    /// Who looks.
    pub user: String,
    /// Whether anything may be changed.
    pub access: Access,
    /// Where the day's times are counted.
    pub zone: TimeZone,
    /// Actions that the program brings along.
    pub extras: Vec<Extra>,
    /// The present moment.
    pub now: Timestamp,
    /// Columns and rows.
    pub size: (u16, u16),
    /// What all is drawn with.
    pub look: Look,
    /// Whether running signs turn.
    pub has_motion: bool,
    /// Keys.
    pub keymap: Keymap,
    /// The way to the core.
    pub link: Link,
    /// All that was answered.
    pub data: Data,
    /// The screen.
    pub place: Place,
    /// The screens before, for `-`.
    before: Vec<Place>,
    /// The overview.
    pub overview: OverviewView,
    /// Graphs that were looked at.
    pub graphs: BTreeMap<PipelineRef, graph::GraphState>,
    /// The picture beside the overview.
    pub preview: Option<graph::Preview>,
    /// The builds of a job.
    pub builds: BuildsView,
    /// The build that is shown.
    pub build: BuildView,
    /// The build whose events are read.
    pub watch: Option<watch::Watch>,
    /// A shell in a pane.
    pub pane: Option<shell::Pane>,
    /// What stands beside log lines.
    pub times: Times,
    /// Whether long log lines are broken.
    pub wraps: bool,
    /// The name of the theme.
    pub theme: String,
    /// The kind of terminal that shells are told of.
    pub term: String,
    /// The first line in view of the messages, from the end.
    pub messages_offset: usize,
    /// What lies over the screen.
    pub layer: Option<Layer>,
    /// The line above the keys.
    pub typing: Option<Typing>,
    /// Toasts and messages.
    pub told: Told,
    /// A shell that waits for the list of containers.
    wish: Option<shell::Wish>,
    /// Builds to ring for when they are over.
    bells: BTreeSet<BuildId>,
    /// How many streams of events were begun.
    streams: u64,
    /// How many shells were begun.
    shells: u64,
    /// Someone wants to go, and it is not yet known what runs.
    is_leaving: bool,
    /// When ctrl-c was pressed last.
    cancelled_at: Option<Timestamp>,
    /// When to ask again for what was asked a moment ago.
    again: Option<Timestamp>,
    is_dirty: bool,
}

impl App {
    /// The state at the start: nothing is known but what the handle itself tells.
    pub fn new(control: &dyn Control, options: &Options, size: (u16, u16), now: Timestamp) -> App {
        let access = if control.acting().is_some() { Access::Full } else { Access::ReadOnly };
        let place = options.open.clone().map_or(Place::Overview, Place::Graph);
        App {
            core: control.capabilities(),
            user: control.identity().user,
            access,
            zone: options.zone.clone(),
            extras: options
                .extra
                .iter()
                .map(|extra| Extra { key: extra.key, title: extra.title.clone(), is_busy: false })
                .collect(),
            now,
            size,
            look: options.look.clone(),
            has_motion: options.look.motion != Motion::Still,
            keymap: options.keymap.clone(),
            link: Link::Connecting,
            data: Data::default(),
            place,
            before: Vec::new(),
            overview: OverviewView::default(),
            graphs: BTreeMap::new(),
            preview: None,
            builds: BuildsView::default(),
            build: BuildView::default(),
            watch: None,
            pane: None,
            times: Times::default(),
            wraps: false,
            theme: options.look.theme.name.clone(),
            term: options.term.clone(),
            messages_offset: 0,
            layer: None,
            typing: None,
            told: Told::default(),
            wish: None,
            bells: BTreeSet::new(),
            streams: 0,
            shells: 0,
            is_leaving: false,
            cancelled_at: None,
            again: None,
            is_dirty: true,
        }
    }

    /// The first effects.
    pub fn begin(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::Connect];
        self.settle(&mut effects);
        effects
    }

    /// Takes in what happened; gives what is to be done.
    pub fn update(&mut self, now: Timestamp, msg: Msg) -> Vec<Effect> {
        self.now = now;
        let mut effects = Vec::new();
        if self.told.expire(now) {
            self.is_dirty = true;
        }
        self.take(msg, &mut effects);
        self.settle(&mut effects);
        effects
    }

    /// Whether there is something new to draw; asking answers no until there is again.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.is_dirty)
    }

    /// Where keys have their meaning now.
    pub fn context(&self) -> Context {
        match &self.layer {
            Some(Layer::Menu { .. }) => Context::Menu,
            Some(Layer::Help { .. }) => Context::Help,
            Some(Layer::Chooser(_)) => Context::Chooser,
            _ => self.place.context(),
        }
    }

    /// The questions whose answers are on the screen.
    pub fn wants(&self) -> Vec<Want> {
        let mut wants = Vec::new();
        let job_builds = |pipeline: &PipelineRef, job: &str, limit| Want::JobBuilds {
            pipeline: pipeline.clone(),
            job: job.to_owned(),
            limit,
        };
        match &self.place {
            Place::Overview => {
                wants.push(Want::Pipelines);
                let all = self.data.list.value().into_iter().flatten();
                wants.extend(all.cloned().map(Want::Pipeline));
            }
            Place::Graph(pipeline) => {
                wants.push(Want::Pipeline(pipeline.clone()));
                if let Some(build) = self.chosen_job(pipeline).and_then(job::current) {
                    wants.push(Want::Build(build.id));
                    wants.push(Want::Containers(build.id));
                }
            }
            Place::Builds(pipeline, job) => {
                wants.push(Want::Pipeline(pipeline.clone()));
                wants.push(job_builds(pipeline, job, self.builds.limit.max(view::builds::PAGE)));
                if let Some(build) = self.builds.choice.chosen {
                    wants.push(Want::Build(build));
                    wants.push(Want::Containers(build));
                }
            }
            Place::Build(build) => {
                wants.push(Want::Build(*build));
                wants.push(Want::Containers(*build));
                if let Some(summary) = self.data.summary(*build)
                    && let (Some(pipeline), Some(job)) = (&summary.pipeline, &summary.job)
                {
                    wants.push(Want::Pipeline(pipeline.clone()));
                    wants.push(job_builds(pipeline, job, view::builds::PAGE));
                }
            }
            Place::Messages => {}
        }
        if let Some(Layer::Chooser(chooser)) = &self.layer {
            wants.push(Want::Build(chooser.build));
            wants.push(Want::Containers(chooser.build));
        }
        if matches!(self.layer, Some(Layer::Palette { .. })) {
            wants.push(Want::Pipelines);
        }
        wants.extend(self.wish.map(|wish| Want::Containers(wish.build)));
        wants.extend(self.bells.iter().map(|build| Want::Build(*build)));
        if self.is_leaving || matches!(self.layer, Some(Layer::Leaving { .. })) {
            wants.push(Want::Running);
        }
        wants
    }

    /// When something changes on the screen though nothing happens.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let wants = self.wants();
        let patience = self.data.patience_ends(&wants).filter(|at| *at > self.now);
        let told = self.told.changes_at(self.now);
        let seconds = Timestamp::from_secs(self.now.secs() + 1);
        let moving = if self.shows_running() && !self.link.is_lost() {
            let quarter = self.now.0.div_euclid(250_000) + 1;
            Some(if self.has_motion { Timestamp(quarter * 250_000) } else { seconds })
        } else if self.link.is_lost() || self.shows_news() {
            Some(seconds)
        } else {
            // Ages and the clock are told in minutes then.
            Some(Timestamp::from_secs((self.now.secs().div_euclid(60) + 1) * 60))
        };
        let stream = self.watch.as_ref().and_then(watch::Watch::resumes_at);
        let search = self.is_searching().then_some(self.now);
        let held = self.pane.as_ref().and_then(|pane| pane.holds_until());
        [held, patience, told, moving, self.again, stream, search].into_iter().flatten().min()
    }

    /// Whether something on the screen is told in seconds: it was over less than a minute ago.
    fn shows_news(&self) -> bool {
        let is_news = |build: &crate::control::BuildSummary| {
            build.ended_at.is_some_and(|at| self.now.since(at).as_secs() < 60)
        };
        let has_news = |pipeline: &PipelineRef| {
            self.data.pipeline(pipeline).is_some_and(|pipeline| {
                pipeline.jobs.iter().any(|job| job.finished.as_ref().is_some_and(is_news))
            })
        };
        match &self.place {
            Place::Overview => self.data.list.value().is_some_and(|all| all.iter().any(has_news)),
            Place::Graph(pipeline) | Place::Builds(pipeline, _) => has_news(pipeline),
            Place::Build(build) => self.data.summary(*build).is_some_and(is_news),
            Place::Messages => false,
        }
    }

    /// Whether something on the screen runs, so that its time goes on.
    pub fn shows_running(&self) -> bool {
        let runs = |pipeline: &PipelineRef| {
            self.data
                .pipeline(pipeline)
                .is_some_and(|p| p.jobs.iter().any(|job| job::running(job).is_some()))
        };
        match &self.place {
            Place::Overview => self.data.list.value().is_some_and(|all| all.iter().any(runs)),
            Place::Graph(pipeline) | Place::Builds(pipeline, _) => runs(pipeline),
            Place::Build(build) => self
                .data
                .summary(*build)
                .is_some_and(|build| build.status == crate::model::build::Status::Started),
            Place::Messages => false,
        }
    }

    /// The pipelines of the overview as it lists them.
    pub fn outlines(&self) -> Vec<pipeline::Outline<'_>> {
        let mut all = pipeline::overview(self.data.all_pipelines(), self.now);
        if !self.overview.needle.is_empty() {
            all.retain(|outline| outline.matches(&self.overview.needle));
        }
        all
    }

    /// What follows from what is on the screen: selections that exist, questions that are open.
    fn settle(&mut self, effects: &mut Vec<Effect>) {
        self.settle_choices();
        self.settle_watch(effects);
        self.settle_log();
        self.settle_search();
        self.grant_wish(effects);
        self.ring(effects);
        let wants = self.wants();
        let (asks, again) = self.data.ask(&wants, self.now);
        effects.extend(asks);
        self.again = again;
        self.data.tidy(&wants);
        self.look.motion = if self.has_motion {
            Motion::Frame(u64::try_from(self.now.0.div_euclid(250_000)).unwrap_or(0))
        } else {
            Motion::Still
        };
    }

    fn settle_choices(&mut self) {
        match self.place.clone() {
            Place::Overview => {
                let keys: Vec<PipelineRef> =
                    self.outlines().iter().map(|o| o.pipeline.pipeline.clone()).collect();
                let place = self.overview.place;
                self.overview.choice.settle(&keys, place);
                self.overview.place = self.overview.choice.place(&keys);
                self.overview.choice.offset = view::overview::offset(self);
                self.settle_preview();
            }
            Place::Graph(pipeline) => self.settle_graph(&pipeline),
            Place::Builds(pipeline, job) => {
                let keys = self.build_keys(&pipeline, &job);
                let place = self.builds.place;
                self.builds.choice.settle(&keys, place);
                self.builds.place = self.builds.choice.place(&keys);
                self.builds.choice.offset = view::builds::offset(self, &pipeline, &job);
                let is_near_end = self.builds.place.is_some_and(|at| at + 5 >= keys.len());
                let limit = self.builds.limit.max(view::builds::PAGE);
                if is_near_end && keys.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                    self.builds.limit = limit.saturating_mul(2).min(2_000);
                }
            }
            Place::Build(_) | Place::Messages => {}
        }
    }

    /// The builds of a job as their list has them.
    pub fn build_keys(&self, pipeline: &PipelineRef, job: &str) -> Vec<BuildId> {
        let builds = self.data.builds_of(pipeline, job).and_then(|datum| datum.value());
        builds.into_iter().flatten().map(|build| build.id).collect()
    }
}

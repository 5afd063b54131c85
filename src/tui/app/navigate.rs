//! Going from screen to screen, and about on each of them.

use crate::model::{BuildId, PipelineRef};
use crate::tui::action::Action;
use crate::tui::app::place::{BuildView, Pane};
use crate::tui::app::{App, Place};
use crate::tui::fact::job;
use crate::tui::msg::Level;

/// How many screens `-` knows.
const KEPT: usize = 50;

impl App {
    /// Goes to a screen.
    pub(super) fn go(&mut self, place: Place) {
        if self.place == place {
            return;
        }
        self.typing = None;
        self.is_dirty = true;
        match &place {
            Place::Build(_) => {
                let is_full = self.build.is_full && matches!(self.place, Place::Build(_));
                self.build = BuildView { is_full, ..BuildView::default() };
            }
            Place::Builds(..) => self.builds = Default::default(),
            Place::Messages => self.messages_offset = 0,
            Place::Overview | Place::Graph(_) => {}
        }
        let before = std::mem::replace(&mut self.place, place);
        self.before.push(before);
        if self.before.len() > KEPT {
            self.before.remove(0);
        }
    }

    /// Enter: one level down.
    pub(super) fn open(&mut self) {
        match self.place.clone() {
            Place::Overview => {
                if let Some(pipeline) = self.overview.choice.chosen.clone() {
                    self.open_pipeline(pipeline);
                }
            }
            Place::Graph(_) => match self.subject().build.map(|build| build.id) {
                Some(build) => self.go(Place::Build(build)),
                None => {
                    let name = self.subject_name();
                    self.told.tell(self.now, Level::Info, format!("{name} has no build yet"));
                }
            },
            Place::Builds(..) => {
                if let Some(build) = self.builds.choice.chosen {
                    self.go(Place::Build(build));
                }
            }
            Place::Build(_) => match self.build.pane {
                Pane::Steps => self.open_step(),
                Pane::Log => self.log_enter(),
            },
            Place::Messages => {}
        }
    }

    /// The graph of a pipeline, its first red job chosen.
    pub(super) fn open_pipeline(&mut self, pipeline: PipelineRef) {
        // The one that the overview speaks of.
        let first_red = self.data.pipeline(&pipeline).and_then(|summary| {
            let outline = crate::tui::fact::pipeline::outline(summary, self.now);
            let chief = outline.chief().filter(|face| job::is_red(face.job));
            chief.map(|face| face.job.name.clone())
        });
        if let Some(red) = first_red {
            self.graphs.entry(pipeline.clone()).or_default().chosen = Some(red);
        }
        self.go(Place::Graph(pipeline));
    }

    /// Esc: what narrows goes first, then one level up.
    pub(super) fn back(&mut self) {
        match self.place.clone() {
            Place::Overview => self.overview.needle.clear(),
            Place::Graph(pipeline) => {
                let view = self.graphs.entry(pipeline.clone()).or_default();
                if view.is_focused || !view.needle.is_empty() {
                    view.is_focused = false;
                    view.needle.clear();
                } else {
                    self.overview.choice.chosen = Some(pipeline);
                    self.go(Place::Overview);
                }
            }
            Place::Builds(pipeline, job) => {
                if self.builds.needle.is_empty() {
                    self.go_to_job(&pipeline, &job);
                } else {
                    self.builds.needle.clear();
                }
            }
            Place::Build(build) => {
                if self.log_back() {
                    return;
                }
                if self.build.is_full {
                    self.build.is_full = false;
                    return;
                }
                let of = self
                    .data
                    .summary(build)
                    .and_then(|build| Some((build.pipeline.clone()?, build.job.clone()?)));
                match (self.before.last(), of) {
                    (Some(Place::Builds(pipeline, job)), _) => {
                        let (pipeline, job) = (pipeline.clone(), job.clone());
                        self.go(Place::Builds(pipeline, job));
                        self.builds.choice.chosen = Some(build);
                    }
                    (_, Some((pipeline, job))) => self.go_to_job(&pipeline, &job),
                    (_, None) => self.go(Place::Overview),
                }
            }
            Place::Messages => self.previous_view(),
        }
    }

    /// The graph of a pipeline, this job chosen.
    pub(super) fn go_to_job(&mut self, pipeline: &PipelineRef, job: &str) {
        self.graphs.entry(pipeline.clone()).or_default().chosen = Some(job.to_owned());
        self.go(Place::Graph(pipeline.clone()));
    }

    /// `-`: the screen before.
    pub(super) fn previous_view(&mut self) {
        match self.before.pop() {
            Some(place) => {
                self.go(place);
                // Going there is no new step, so that `-` twice comes back here.
            }
            None if self.place == Place::Messages => self.go(Place::Overview),
            None => {}
        }
    }

    /// The list of all builds of the chosen job.
    pub(super) fn open_builds(&mut self) {
        let subject = self.subject();
        let chosen = subject.build.map(|build| build.id);
        let (Some(pipeline), Some(job)) = (subject.pipeline_ref(), subject.job) else { return };
        let place = Place::Builds(pipeline.clone(), job.name.clone());
        self.go(place);
        self.builds.choice.chosen = chosen;
    }

    /// `[` and `]`: the build so many places older.
    pub(super) fn open_neighbour(&mut self, older: isize) {
        let Place::Build(build) = self.place else { return };
        let Some(summary) = self.data.summary(build) else { return };
        let (Some(pipeline), Some(job)) = (summary.pipeline.clone(), summary.job.clone()) else {
            return;
        };
        let keys = self.build_keys(&pipeline, &job);
        let Some(here) = keys.iter().position(|known| *known == build) else { return };
        match here.checked_add_signed(older).and_then(|at| keys.get(at).copied()) {
            Some(next) => self.swap_build(next),
            None => {
                let text = if older > 0 { "the first build" } else { "the newest build" };
                self.told.tell(self.now, Level::Info, text);
            }
        }
    }

    /// Another build in the same place: no step back leads here.
    fn swap_build(&mut self, build: BuildId) {
        let is_full = self.build.is_full;
        let pane = self.build.pane;
        self.place = Place::Build(build);
        self.build = BuildView { is_full, pane, ..BuildView::default() };
        self.is_dirty = true;
    }

    /// `(`: the last build before this one that succeeded.
    pub(super) fn open_last_green(&mut self) {
        let Place::Build(build) = self.place else { return };
        let green = self.data.build(build).and_then(|detail| detail.last_green.as_ref());
        match green.map(|green| green.id) {
            Some(green) => self.swap_build(green),
            None => self.told.tell(self.now, Level::Info, "no build before it was green"),
        }
    }

    /// `)`: the build with which the job turned red.
    pub(super) fn open_first_red(&mut self) {
        let red = self.subject().job.filter(|job| job::is_red(job)).and_then(|job| {
            job.transition.as_ref().or(job.finished.as_ref()).map(|build| build.id)
        });
        match red {
            Some(red) => self.swap_build(red),
            None => self.told.tell(self.now, Level::Info, "the job is not red"),
        }
    }

    pub(super) fn next_pane(&mut self) {
        self.build.pane = match self.build.pane {
            Pane::Log => Pane::Steps,
            Pane::Steps => Pane::Log,
        };
    }

    /// Moves about.
    pub(super) fn travel(&mut self, action: Action) {
        if let Place::Graph(pipeline) = self.place.clone() {
            return self.travel_graph(&pipeline, action);
        }
        if matches!(self.place, Place::Build(_)) {
            return self.travel_build(action);
        }
        let page = isize::try_from(self.size.1.saturating_sub(6).max(1)).unwrap_or(1);
        match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(page),
            Action::PageUp => self.step(-page),
            Action::First => self.step(isize::MIN),
            Action::Last => self.step(isize::MAX),
            Action::NextRed | Action::NextMatch => self.step_red(true),
            Action::PreviousRed | Action::PreviousMatch => self.step_red(false),
            _ => {}
        }
    }

    /// The wheel.
    pub(super) fn scroll(&mut self, lines: isize) {
        match self.place {
            Place::Build(_) => self.scroll_log(lines),
            Place::Graph(_) => {
                let action = if lines > 0 { Action::PanDown } else { Action::PanUp };
                self.travel(action);
            }
            Place::Overview | Place::Builds(..) | Place::Messages => self.step(lines.signum()),
        }
    }

    /// Moves the selection of a list.
    pub(super) fn step(&mut self, by: isize) {
        match self.place.clone() {
            Place::Overview => {
                let keys = self.overview_keys();
                self.overview.choice.step(&keys, by);
            }
            Place::Builds(pipeline, job) => {
                let keys = self.build_keys(&pipeline, &job);
                self.builds.choice.step(&keys, by);
            }
            Place::Messages => {
                let most = self.told.messages.len().saturating_sub(1);
                self.messages_offset = self.messages_offset.saturating_add_signed(-by).min(most);
            }
            Place::Graph(_) | Place::Build(_) => {}
        }
    }

    fn overview_keys(&self) -> Vec<PipelineRef> {
        self.outlines().iter().map(|outline| outline.pipeline.pipeline.clone()).collect()
    }

    /// The next red row of a list, round its ends.
    fn step_red(&mut self, is_forward: bool) {
        match self.place.clone() {
            Place::Overview => {
                let rows: Vec<(PipelineRef, bool)> = self
                    .outlines()
                    .iter()
                    .map(|o| (o.pipeline.pipeline.clone(), o.sign.is_red()))
                    .collect();
                next_red(&mut self.overview.choice.chosen, &rows, is_forward);
            }
            Place::Builds(pipeline, job) => {
                let builds = self.data.builds_of(&pipeline, &job).and_then(|d| d.value());
                let rows: Vec<(BuildId, bool)> = builds
                    .into_iter()
                    .flatten()
                    .map(|build| (build.id, crate::tui::glyph::Sign::from(build.status).is_red()))
                    .collect();
                next_red(&mut self.builds.choice.chosen, &rows, is_forward);
            }
            Place::Graph(_) | Place::Build(_) | Place::Messages => {}
        }
    }

    /// What narrows or is searched for here.
    pub fn needle(&self) -> &str {
        match &self.place {
            Place::Overview => &self.overview.needle,
            Place::Graph(pipeline) => {
                self.graphs.get(pipeline).map_or("", |view| view.needle.as_str())
            }
            Place::Builds(..) => &self.builds.needle,
            Place::Build(_) => &self.build.needle,
            Place::Messages => "",
        }
    }

    /// Looks for something else here.
    pub(super) fn search(&mut self, needle: &str) {
        match self.place.clone() {
            Place::Overview => needle.clone_into(&mut self.overview.needle),
            Place::Graph(pipeline) => self.search_graph(&pipeline, needle),
            Place::Builds(..) => needle.clone_into(&mut self.builds.needle),
            Place::Build(_) => self.search_log(needle),
            Place::Messages => {}
        }
    }
}

/// The next red key after the chosen one, round the end.
pub(super) fn next_red<K: Clone + PartialEq>(
    chosen: &mut Option<K>,
    rows: &[(K, bool)],
    is_forward: bool,
) {
    let n = rows.len();
    let here = rows.iter().position(|(key, _)| Some(key) == chosen.as_ref());
    let start = here.unwrap_or(if is_forward { n.saturating_sub(1) } else { 0 });
    let found = (1..=n)
        .map(|by| if is_forward { (start + by) % n } else { (start + n - by) % n })
        .find(|&at| rows[at].1);
    if let Some(at) = found {
        *chosen = Some(rows[at].0.clone());
    }
}

//! A pipeline's graph: what is placed where, what is chosen, and how one moves along its edges.

use crate::control::{PipelineSummary, ResourceSummary};
use crate::model::PipelineRef;
use crate::tui::action::Action;
use crate::tui::app::{App, Place};
use crate::tui::fact::job;
use crate::tui::fact::pipeline::contains;
use crate::tui::view;
use crate::tui::widget::graph::{Heading, Node, Placed, Plan, Topology, Trail, Zoom};

/// A source that starts that many jobs has a chip of its own.
const FEEDS_MANY: usize = 3;

/// Which resources have chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resources {
    /// Those that start many jobs, are pinned, or cannot be checked.
    #[default]
    Auto,
    /// All that start a job.
    All,
    /// None.
    None,
}

impl Resources {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Resources::Auto => "auto",
            Resources::All => "all",
            Resources::None => "none",
        }
    }
}

/// What one sees of a pipeline's graph.
#[derive(Debug, Clone, Default)]
pub struct GraphState {
    /// The chosen job.
    pub chosen: Option<String>,
    /// Where the chosen job stands in the file, for when it goes.
    place: Option<usize>,
    /// Only the path of the chosen job is lit.
    pub is_focused: bool,
    /// How it is fitted.
    pub zoom: Zoom,
    /// Which resources have chips.
    pub resources: Resources,
    /// The first column and row of the canvas in view.
    pub offset: (i32, i32),
    /// What is searched for; jobs that do not match are dim.
    pub needle: String,
    /// Whether the map is hidden.
    pub hides_map: bool,
    /// The edges that were taken.
    pub trail: Trail,
    /// Ranks and order.
    pub plan: Option<Plan>,
    /// What is placed, for which view.
    pub placed: Option<Placed>,
    placed_for: Option<(u64, u16, u16, Zoom)>,
    /// The selection moved: what is in view follows.
    follows: bool,
}

/// The picture beside the overview.
#[derive(Debug, Clone)]
pub struct Preview {
    of: PipelineRef,
    fingerprint: u64,
    size: (u16, u16),
    /// Where everything stands.
    pub placed: Placed,
}

impl Preview {
    /// Whether it is the picture of that pipeline.
    pub fn is_of(&self, pipeline: &PipelineRef) -> bool {
        self.of == *pipeline
    }
}

/// The nodes and lines of a pipeline: its jobs, then the resources that have chips.
pub fn topology(pipeline: &PipelineSummary, resources: Resources) -> Topology {
    let mut topology = Topology::default();
    for job in &pipeline.jobs {
        topology.node(Node::job(job.name.as_str()));
    }
    let place = |name: &str| pipeline.jobs.iter().position(|job| job.name == name);
    for (to, job) in pipeline.jobs.iter().enumerate() {
        for input in &job.inputs {
            for from in input.passed.iter().filter_map(|name| place(name)) {
                topology.edge(from, to, input.is_trigger);
            }
        }
    }
    for resource in shown_resources(pipeline, resources) {
        let from = topology.node(Node::resource(resource.name.as_str()));
        for (to, job) in pipeline.jobs.iter().enumerate() {
            let takes = job.inputs.iter().find(|input| {
                input.resource == resource.name && input.passed.is_empty() && input.is_trigger
            });
            if takes.is_some() {
                topology.edge(from, to, true);
            }
        }
    }
    topology
}

/// The resources that have chips, in the file's order.
pub fn shown_resources(pipeline: &PipelineSummary, resources: Resources) -> Vec<&ResourceSummary> {
    let n_starts = |resource: &ResourceSummary| {
        let starts = pipeline.jobs.iter().flat_map(|job| &job.inputs).filter(|input| {
            input.resource == resource.name && input.passed.is_empty() && input.is_trigger
        });
        starts.count()
    };
    let is_shown = |resource: &&ResourceSummary| {
        let n = n_starts(resource);
        let fails = resource.check.as_ref().is_some_and(|check| check.error.is_some());
        match resources {
            Resources::None => false,
            Resources::All => n > 0,
            Resources::Auto => n >= FEEDS_MANY || n > 0 && (resource.pinned.is_some() || fails),
        }
    };
    pipeline.resources.iter().filter(is_shown).collect()
}

impl App {
    /// Makes the picture beside the overview that of the chosen pipeline.
    pub(super) fn settle_preview(&mut self) {
        let area = view::overview::preview_area(self);
        let chosen = self.overview.choice.chosen.as_ref();
        let (Some(area), Some(summary)) =
            (area, chosen.and_then(|chosen| self.data.pipeline(chosen)))
        else {
            self.preview = None;
            return;
        };
        let topology = topology(summary, Resources::Auto);
        let fingerprint = topology.fingerprint();
        let (of, size) = (summary.pipeline.clone(), (area.width, area.height));
        let is_same = self.preview.as_ref().is_some_and(|preview| {
            preview.of == of && preview.fingerprint == fingerprint && preview.size == size
        });
        if !is_same {
            let placed = Plan::new(topology).place(area.width, area.height, Zoom::Fit);
            self.preview = Some(Preview { of, fingerprint, size, placed });
        }
    }

    /// Makes the picture of a graph fit what is known and the size of the screen.
    pub(super) fn settle_graph(&mut self, pipeline: &PipelineRef) {
        let view = view::graph::canvas(self);
        let Some(summary) = self.data.pipelines.get(pipeline).and_then(|datum| datum.value())
        else {
            return;
        };
        let state = self.graphs.entry(pipeline.clone()).or_default();
        let topology = topology(summary, state.resources);
        let fingerprint = topology.fingerprint();
        if state.plan.as_ref().is_none_or(|plan| plan.fingerprint() != fingerprint) {
            state.plan = Some(Plan::new(topology));
            state.trail = Trail::default();
        }
        let Some(plan) = &state.plan else { return };
        let wanted = (fingerprint, view.width, view.height, state.zoom);
        if state.placed_for != Some(wanted) {
            state.placed = Some(plan.place(view.width, view.height, state.zoom));
            state.placed_for = Some(wanted);
            state.follows = true;
        }
        let exists = |name: &String| summary.jobs.iter().any(|job| job.name == *name);
        if !state.chosen.as_ref().is_some_and(exists) {
            // The cause before its victims, else what runs, else the first.
            let order: Vec<usize> = plan
                .by_rank()
                .into_iter()
                .flatten()
                .filter(|&node| node < summary.jobs.len())
                .collect();
            let first = |is_it: &dyn Fn(usize) -> bool| order.iter().copied().find(|&n| is_it(n));
            let fallback = state.place.filter(|place| *place < summary.jobs.len());
            let chosen = fallback
                .or_else(|| first(&|node| job::is_red(&summary.jobs[node])))
                .or_else(|| first(&|node| job::running(&summary.jobs[node]).is_some()))
                .or_else(|| order.first().copied());
            state.chosen = chosen.map(|node| summary.jobs[node].name.clone());
            state.follows = true;
        }
        state.place = summary.jobs.iter().position(|job| Some(&job.name) == state.chosen.as_ref());
        if let Some(placed) = &state.placed {
            let node = state.place.filter(|_| state.follows);
            state.offset = placed.scrolled(state.offset, node, (view.width, view.height));
            state.follows = false;
        }
    }

    pub(super) fn travel_graph(&mut self, pipeline: &PipelineRef, action: Action) {
        let heading = match action {
            Action::Left => Heading::Left,
            Action::Right => Heading::Right,
            Action::Up => Heading::Up,
            Action::Down => Heading::Down,
            Action::First => Heading::Top,
            Action::Last => Heading::Bottom,
            Action::FirstRank => Heading::FirstRank,
            Action::LastRank => Heading::LastRank,
            Action::NextRed => return self.seek_red(pipeline, 1),
            Action::PreviousRed => return self.seek_red(pipeline, -1),
            Action::NextMatch => return self.seek_match(pipeline, 1),
            Action::PreviousMatch => return self.seek_match(pipeline, -1),
            Action::NextGroup => return self.step_group(pipeline, 1),
            Action::PreviousGroup => return self.step_group(pipeline, -1),
            Action::PanLeft => return self.pan(pipeline, -8, 0),
            Action::PanRight => return self.pan(pipeline, 8, 0),
            Action::PanUp => return self.pan(pipeline, 0, -3),
            Action::PanDown => return self.pan(pipeline, 0, 3),
            Action::PageDown => return self.pan(pipeline, 0, 15),
            Action::PageUp => return self.pan(pipeline, 0, -15),
            _ => return,
        };
        if self.walks_list() {
            // A list has no columns: up and down are its rows.
            return match action {
                Action::Down | Action::Right => self.step_list(pipeline, 1),
                Action::Up | Action::Left => self.step_list(pipeline, -1),
                Action::First => self.step_list(pipeline, isize::MIN),
                Action::Last => self.step_list(pipeline, isize::MAX),
                _ => {}
            };
        }
        let Some(summary) = self.data.pipelines.get(pipeline).and_then(|datum| datum.value())
        else {
            return;
        };
        let Some(state) = self.graphs.get_mut(pipeline) else { return };
        let (Some(plan), Some(placed), Some(from)) = (&state.plan, &state.placed, state.place)
        else {
            return;
        };
        let mut to = plan.step(placed, from, heading, &mut state.trail);
        if to >= summary.jobs.len() {
            // A resource is no job: on it goes to the job that it starts, or nowhere.
            to = from;
        }
        if let Some(job) = summary.jobs.get(to) {
            state.chosen = Some(job.name.clone());
            state.place = Some(to);
            state.follows = true;
        }
    }

    /// Whether the graph is shown as a list.
    pub fn walks_list(&self) -> bool {
        self.size.0 < view::graph::LIST_BELOW
    }

    fn choose_node(&mut self, pipeline: &PipelineRef, node: Option<usize>) {
        let name = node.and_then(|node| {
            self.data.pipeline(pipeline)?.jobs.get(node).map(|job| job.name.clone())
        });
        if let (Some(name), Some(state)) = (name, self.graphs.get_mut(pipeline)) {
            state.chosen = Some(name);
            state.place = node;
            state.follows = true;
        }
    }

    fn seek(&mut self, pipeline: &PipelineRef, by: isize, is_it: &dyn Fn(&str) -> bool) {
        let found = self.data.pipeline(pipeline).and_then(|summary| {
            let state = self.graphs.get(pipeline)?;
            let plan = state.plan.as_ref()?;
            plan.seek(state.place, by, &|node| {
                summary.jobs.get(node).is_some_and(|job| is_it(&job.name))
            })
        });
        self.choose_node(pipeline, found);
    }

    fn seek_red(&mut self, pipeline: &PipelineRef, by: isize) {
        let reds: Vec<String> = self
            .data
            .pipeline(pipeline)
            .into_iter()
            .flat_map(|summary| &summary.jobs)
            .filter(|job| job::is_red(job))
            .map(|job| job.name.clone())
            .collect();
        if reds.is_empty() {
            self.told.tell(self.now, crate::tui::msg::Level::Info, "nothing is red here");
        }
        self.seek(pipeline, by, &|name| reds.iter().any(|red| red == name));
    }

    fn seek_match(&mut self, pipeline: &PipelineRef, by: isize) {
        let needle = self.needle().to_owned();
        if !needle.is_empty() {
            self.seek(pipeline, by, &|name| contains(name, &needle));
        }
    }

    /// Jobs that do not match go dim; the first that does is chosen.
    pub(super) fn search_graph(&mut self, pipeline: &PipelineRef, needle: &str) {
        if let Some(state) = self.graphs.get_mut(pipeline) {
            needle.clone_into(&mut state.needle);
        }
        let is_hit = self
            .graphs
            .get(pipeline)
            .and_then(|state| state.chosen.as_deref())
            .is_some_and(|chosen| contains(chosen, needle));
        if !is_hit {
            self.seek_match(pipeline, 1);
        }
    }

    fn step_group(&mut self, pipeline: &PipelineRef, by: isize) {
        let Some(summary) = self.data.pipeline(pipeline) else { return };
        let chosen = self.graphs.get(pipeline).and_then(|state| state.chosen.clone());
        let groups = &summary.groups;
        let Some(n) = isize::try_from(groups.len()).ok().filter(|n| *n > 0) else {
            return self.told.tell(
                self.now,
                crate::tui::msg::Level::Info,
                "the pipeline has no groups",
            );
        };
        let in_group = |at: usize, name: &str| {
            summary.jobs.iter().any(|job| job.name == name && job.groups.contains(&groups[at].name))
        };
        let here = chosen
            .and_then(|chosen| (0..groups.len()).find(|&at| in_group(at, &chosen)))
            .and_then(|at| isize::try_from(at).ok());
        let to = here.map_or(0, |here| (here + by).rem_euclid(n));
        let name = usize::try_from(to).ok().and_then(|to| groups.get(to)).map(|g| g.name.clone());
        let node =
            name.and_then(|name| summary.jobs.iter().position(|job| job.groups.contains(&name)));
        self.choose_node(pipeline, node);
    }

    fn step_list(&mut self, pipeline: &PipelineRef, by: isize) {
        let names = view::graph_list::jobs(self, pipeline);
        let Some(state) = self.graphs.get(pipeline) else { return };
        let here = names.iter().position(|name| Some(name) == state.chosen.as_ref()).unwrap_or(0);
        let to = here.saturating_add_signed(by).min(names.len().saturating_sub(1));
        let node = names.get(to).and_then(|name| {
            self.data.pipeline(pipeline)?.jobs.iter().position(|job| job.name == *name)
        });
        self.choose_node(pipeline, node);
    }

    fn pan(&mut self, pipeline: &PipelineRef, columns: i32, rows: i32) {
        let view = view::graph::canvas(self);
        let Some(state) = self.graphs.get_mut(pipeline) else { return };
        let Some(placed) = &state.placed else { return };
        let to = (state.offset.0.saturating_add(columns), state.offset.1.saturating_add(rows));
        state.offset = placed.scrolled(to, None, (view.width, view.height));
    }

    fn graph_here(&mut self) -> Option<&mut GraphState> {
        let Place::Graph(pipeline) = &self.place else { return None };
        self.graphs.get_mut(pipeline)
    }

    pub(super) fn toggle_focus_path(&mut self) {
        if let Some(state) = self.graph_here() {
            state.is_focused = !state.is_focused;
        }
    }

    pub(super) fn toggle_map(&mut self) {
        if let Some(state) = self.graph_here() {
            state.hides_map = !state.hides_map;
        }
    }

    pub(super) fn next_resources(&mut self) {
        if let Some(state) = self.graph_here() {
            state.resources = match state.resources {
                Resources::Auto => Resources::All,
                Resources::All => Resources::None,
                Resources::None => Resources::Auto,
            };
        }
    }

    /// `z`: a graph is fitted otherwise, a build's log takes the whole screen.
    pub(super) fn zoom(&mut self) {
        if let Some(state) = self.graph_here() {
            state.zoom = state.zoom.next();
            state.follows = true;
        } else if matches!(self.place, Place::Build(_)) {
            self.build.is_full = !self.build.is_full;
        }
    }
}

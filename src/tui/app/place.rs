//! The screens that one can be on, and what one chose there.

use std::collections::BTreeSet;

use crate::model::{BuildId, PipelineRef};
use crate::tui::action::Context;

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// All pipelines.
    Overview,
    /// A pipeline.
    Graph(PipelineRef),
    /// The builds of a job.
    Builds(PipelineRef, String),
    /// A build.
    Build(BuildId),
    /// All that was told.
    Messages,
}

impl Place {
    /// Where keys have their meaning.
    pub fn context(&self) -> Context {
        match self {
            Place::Overview => Context::Overview,
            Place::Graph(_) => Context::Graph,
            Place::Builds(..) | Place::Messages => Context::List,
            Place::Build(_) => Context::Build,
        }
    }
}

/// A list where things are chosen by what they are, not by where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<K> {
    /// What is chosen.
    pub chosen: Option<K>,
    /// The first line in view.
    pub offset: usize,
}

impl<K> Default for Choice<K> {
    fn default() -> Self {
        Self { chosen: None, offset: 0 }
    }
}

impl<K: Clone + PartialEq> Choice<K> {
    /// Moves by so many places in `keys`.
    pub fn step(&mut self, keys: &[K], by: isize) {
        let here = self.place(keys).unwrap_or(0);
        let to = here.saturating_add_signed(by).min(keys.len().saturating_sub(1));
        self.chosen = keys.get(to).cloned();
    }

    /// Where the chosen one stands.
    pub fn place(&self, keys: &[K]) -> Option<usize> {
        keys.iter().position(|key| Some(key) == self.chosen.as_ref())
    }

    /// Chooses the first where nothing is chosen, or what was is gone: then what took its place.
    pub fn settle(&mut self, keys: &[K], before: Option<usize>) {
        if self.place(keys).is_none() {
            let at = before.unwrap_or(0).min(keys.len().saturating_sub(1));
            self.chosen = keys.get(at).cloned();
        }
    }
}

/// What one sees of a pipeline's graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GraphView {
    /// The chosen job.
    pub chosen: Option<String>,
    /// Marked jobs.
    pub marks: BTreeSet<String>,
    /// Only the path of the chosen job is lit.
    pub is_focused: bool,
    /// How it is fitted.
    pub zoom: Zoom,
    /// The part in view: first column and row of the canvas.
    pub pan: (u16, u16),
    /// What is searched for; jobs that do not match are dim.
    pub needle: String,
    /// Whether the map is hidden.
    pub hides_map: bool,
    /// Which group is shown; none: all.
    pub group: Option<String>,
    /// The last steps along edges, so that the way back is the same.
    pub trail: Vec<String>,
}

/// How a graph is fitted into its pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zoom {
    /// Two rows a chip where there is room, else one.
    #[default]
    Fit,
    /// Two rows a chip, always.
    Normal,
    /// One row a chip.
    Overview,
}

impl Zoom {
    /// The next one.
    pub fn next(self) -> Zoom {
        match self {
            Zoom::Fit => Zoom::Normal,
            Zoom::Normal => Zoom::Overview,
            Zoom::Overview => Zoom::Fit,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Zoom::Fit => "fit",
            Zoom::Normal => "normal",
            Zoom::Overview => "overview",
        }
    }
}

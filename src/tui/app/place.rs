//! The screens that one can be on, and what one chose there.

use crate::model::{BuildId, PipelineRef, PlanId};
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

/// Which part of a build the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The log.
    #[default]
    Log,
    /// The steps.
    Steps,
}

/// What one sees of a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildView {
    /// The chosen step.
    pub step: Option<PlanId>,
    /// Whether a person chose it; else it is the one that broke first, or that runs.
    pub is_by_hand: bool,
    /// Where keys go.
    pub pane: Pane,
    /// The log has the whole screen.
    pub is_full: bool,
    /// Gets that stand alike have a row each.
    pub is_unfolded: bool,
    /// What is searched for.
    pub needle: String,
}

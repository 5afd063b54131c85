//! The picture of a pipeline: ranks left to right, chips, lines that join and cross.
//!
//! Three steps, each a pure function of the one before: a [`Topology`] is planned once ([`Plan`]:
//! ranks, bundles, order), a plan is placed for a size ([`Placed`]: columns, rows, tracks, cells),
//! and what is placed is drawn with the states of the moment ([`GraphView`]). States never move
//! anything.
//!
//! *Follows:* Concourse's pipeline view for ranks and for what solid and dotted lines mean; the
//! layered drawing of Sugiyama, Tagawa and Toda; the left-edge method of channel routing.

mod bundle;
mod cost;
mod draw;
mod minimap;
mod order;
mod place;
mod plan;
mod rank;
mod ranklist;
mod rows;
#[cfg(test)]
mod tests;
mod track;
mod walk;
mod wire;

pub use draw::GraphView;
pub use minimap::Minimap;
pub use place::{Level, Placed, Zoom};
pub use plan::Plan;
pub use ranklist::rank_list;
pub use walk::{Heading, Trail};

use std::hash::{DefaultHasher, Hash, Hasher};

/// A node as the layout knows it: nothing that changes from build to build.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Node {
    /// The name.
    pub name: String,
    /// The column that it must stand in: a stage. None: as far right as its edges allow.
    pub rank: Option<usize>,
    /// A resource: one row, and it stays left.
    pub is_resource: bool,
}

impl Node {
    /// A job.
    pub fn job(name: impl Into<String>) -> Node {
        Node { name: name.into(), ..Node::default() }
    }

    /// A resource with a chip of its own.
    pub fn resource(name: impl Into<String>) -> Node {
        Node { name: name.into(), is_resource: true, ..Node::default() }
    }

    /// A job in a stage.
    pub fn in_rank(name: impl Into<String>, rank: usize) -> Node {
        Node { name: name.into(), rank: Some(rank), is_resource: false }
    }
}

/// A line from one node to another; one a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Where it leaves.
    pub from: usize,
    /// Where it arrives.
    pub to: usize,
    /// Solid: what passes starts the target. Else dotted: it only passes.
    pub triggers: bool,
}

/// Nodes, in the order of the file, and the lines between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Topology {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The lines.
    pub edges: Vec<Edge>,
}

impl Topology {
    /// Adds a node; gives its number.
    pub fn node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds a line. A second one between the same nodes makes it solid if any of both is; one that
    /// ends where it begins, or at no node, is left out.
    pub fn edge(&mut self, from: usize, to: usize, triggers: bool) {
        if from == to || from >= self.nodes.len() || to >= self.nodes.len() {
            return;
        }
        match self.edges.iter_mut().find(|edge| (edge.from, edge.to) == (from, to)) {
            Some(edge) => edge.triggers |= triggers,
            None => self.edges.push(Edge { from, to, triggers }),
        }
    }

    /// A number that changes when anything does that the layout depends on.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

//! What depends on the topology alone: ranks, bundles, order. Made once, kept while states change.

use super::Topology;
use super::bundle::{self, Net};
use super::order::{self, Columns};
use super::place::{self, Placed, Zoom};
use super::rank::{self, Ranks};

/// A topology with its ranks, bundles and order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) topology: Topology,
    pub(super) ranks: Ranks,
    pub(super) nets: Vec<Net>,
    pub(super) columns: Columns,
    fingerprint: u64,
}

impl Plan {
    /// Plans a topology. Takes milliseconds for a hundred nodes; for a thousand it belongs on
    /// another thread.
    pub fn new(topology: Topology) -> Plan {
        let ranks = rank::rank(&topology);
        let nets = bundle::bundle(&topology, &ranks);
        let columns = order::order(&topology, &ranks, &nets);
        let fingerprint = topology.fingerprint();
        Plan { topology, ranks, nets, columns, fingerprint }
    }

    /// The number of the topology: the plan holds as long as it is the same.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// What was planned.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The column of a node.
    pub fn rank(&self, node: usize) -> usize {
        self.ranks.of.get(node).copied().unwrap_or(0)
    }

    /// How many columns there are.
    pub fn n_ranks(&self) -> usize {
        self.ranks.count
    }

    /// Nodes by column, each from the top.
    pub fn by_rank(&self) -> Vec<Vec<usize>> {
        let is_node = |item: &usize| *item < self.topology.nodes.len();
        self.columns
            .ranks
            .iter()
            .map(|column| column.iter().copied().filter(is_node).collect())
            .collect()
    }

    /// Nodes that have a line to this one, and with it those from which they have, on and on.
    pub fn upstream(&self, node: usize) -> Vec<usize> {
        self.reach(node, |edge| (edge.to, edge.from))
    }

    /// Nodes that this one has a line to, and with it those to which they have, on and on.
    pub fn downstream(&self, node: usize) -> Vec<usize> {
        self.reach(node, |edge| (edge.from, edge.to))
    }

    /// The path of a node: itself, all upstream, all downstream.
    pub fn path(&self, node: usize) -> Vec<usize> {
        let mut path = self.upstream(node);
        path.push(node);
        path.extend(self.downstream(node));
        path.sort_unstable();
        path.dedup();
        path
    }

    fn reach(&self, node: usize, ends: impl Fn(&super::Edge) -> (usize, usize)) -> Vec<usize> {
        let mut seen = vec![false; self.topology.nodes.len()];
        let mut found = Vec::new();
        let mut todo = vec![node];
        while let Some(here) = todo.pop() {
            for (near, far) in self.topology.edges.iter().map(&ends) {
                if near == here && far != node && !seen[far] {
                    seen[far] = true;
                    found.push(far);
                    todo.push(far);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Places it in a view of this size.
    pub fn place(&self, width: u16, height: u16, zoom: Zoom) -> Placed {
        place::place(self, width, height, zoom)
    }
}

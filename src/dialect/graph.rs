//! A pipeline as a graph: jobs and resources, and how versions go from one to the other.
//!
//! A resource that some job gets without `passed` feeds that job; with `passed`, the versions
//! come from the jobs named there, and the line runs between the jobs; a put leads from the job
//! to the resource. The graph is made of a [`Pipeline`] alone: no states, nothing that changes
//! from build to build. It never draws: the commands and the console do.
//!
//! *Follows:* Concourse's pipeline view for which lines there are and what makes one solid.

use std::collections::HashMap;

use crate::model::Pipeline;

/// A pipeline as a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Resources in the file's order, then jobs in the file's order.
    pub nodes: Vec<Node>,
    /// The lines, by the job that they belong to, in the order of its steps; one for each pair
    /// of nodes, kind and resource.
    pub edges: Vec<Edge>,
}

/// A job or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which of the two.
    pub kind: NodeKind,
    /// Its name.
    pub name: String,
    /// Its column, from 0: resources that feed jobs stand in the first one, a job stands behind
    /// all that it gets something from, a resource that is only put behind the jobs that put it.
    pub rank: usize,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A resource.
    Resource,
    /// A job.
    Job,
}

/// A way that versions take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The node that it leaves.
    pub from: usize,
    /// The node that it reaches.
    pub to: usize,
    /// What it stands for.
    pub kind: EdgeKind,
    /// The resource whose versions go that way.
    pub resource: String,
    /// Whether a new version starts a build of the job that it reaches.
    pub is_trigger: bool,
}

/// What an edge stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// Resource to job: a get that takes any version.
    Get,
    /// Job to job: a get that takes versions that passed the first one.
    Passed,
    /// Job to resource: a put.
    Put,
}

impl NodeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            NodeKind::Resource => "resource",
            NodeKind::Job => "job",
        }
    }
}

impl EdgeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Get => "get",
            EdgeKind::Passed => "passed",
            EdgeKind::Put => "put",
        }
    }
}

impl Graph {
    /// The graph of a pipeline. What names nothing that is there is left out.
    pub fn of(pipeline: &Pipeline) -> Self {
        let mut graph = Self::default();
        let mut places = HashMap::new();
        let resources = pipeline.resources.iter().map(|one| (NodeKind::Resource, &one.name));
        let jobs = pipeline.jobs.iter().map(|one| (NodeKind::Job, &one.name));
        for (kind, name) in resources.chain(jobs) {
            places.insert((kind, name.as_str()), graph.nodes.len());
            graph.nodes.push(Node { kind, name: name.clone(), rank: 0 });
        }
        let mut seen: HashMap<(usize, usize, EdgeKind, &str), usize> = HashMap::new();
        let mut edges: Vec<Edge> = Vec::new();
        let mut add = |from: Option<&usize>, to: Option<&usize>, kind, resource, is_trigger| {
            let (Some(&from), Some(&to)) = (from, to) else { return };
            let edge = *seen.entry((from, to, kind, resource)).or_insert_with(|| {
                let resource = resource.to_owned();
                edges.push(Edge { from, to, kind, resource, is_trigger: false });
                edges.len() - 1
            });
            edges[edge].is_trigger |= is_trigger;
        };
        for job in &pipeline.jobs {
            let own = places.get(&(NodeKind::Job, job.name.as_str()));
            for get in job.inputs() {
                let resource = get.resource();
                if get.passed.is_empty() {
                    let from = places.get(&(NodeKind::Resource, resource));
                    add(from, own, EdgeKind::Get, resource, get.trigger);
                }
                for passed in &get.passed {
                    let from = places.get(&(NodeKind::Job, passed.as_str()));
                    add(from, own, EdgeKind::Passed, resource, get.trigger);
                }
            }
            for put in job.outputs() {
                let to = places.get(&(NodeKind::Resource, put.resource()));
                add(own, to, EdgeKind::Put, put.resource(), false);
            }
        }
        graph.edges = edges;
        graph.rank();
        graph
    }

    /// How many columns there are.
    pub fn n_ranks(&self) -> usize {
        self.nodes.iter().map(|node| node.rank + 1).max().unwrap_or(0)
    }

    /// The nodes of a column, in order.
    pub fn in_rank(&self, rank: usize) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.rank == rank)
    }

    /// The edges that reach a node.
    pub fn into(&self, node: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == node)
    }

    /// The edges that leave a node.
    pub fn from(&self, node: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == node)
    }

    /// Ranks the nodes along gets and `passed`; then resources that are only put. A circle,
    /// which no pipeline that can be set has, is entered where the file does.
    fn rank(&mut self) {
        let n = self.nodes.len();
        let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
        let mut waits = vec![0usize; n];
        for edge in self.edges.iter().filter(|edge| edge.kind != EdgeKind::Put) {
            out[edge.from].push(edge.to);
            waits[edge.to] += 1;
        }
        let is_resource = |node: usize| self.nodes[node].kind == NodeKind::Resource;
        let has_sources = (0..n).any(|node| is_resource(node) && !out[node].is_empty());
        // A job without inputs stands beside those that have some, not among the resources.
        let mut rank: Vec<usize> =
            (0..n).map(|node| usize::from(has_sources && !is_resource(node))).collect();
        let mut is_done = vec![false; n];
        let mut ready: Vec<usize> = (0..n).filter(|&node| waits[node] == 0).collect();
        for first_left in 0..=n {
            while let Some(node) = ready.pop() {
                if std::mem::replace(&mut is_done[node], true) {
                    continue;
                }
                for &to in out[node].iter().filter(|&&to| !is_done[to]) {
                    rank[to] = rank[to].max(rank[node] + 1);
                    waits[to] -= 1;
                    if waits[to] == 0 {
                        ready.push(to);
                    }
                }
            }
            ready.extend((first_left < n).then_some(first_left));
        }
        for edge in self.edges.iter().filter(|edge| edge.kind == EdgeKind::Put) {
            if out[edge.to].is_empty() {
                rank[edge.to] = rank[edge.to].max(rank[edge.from] + 1);
            }
        }
        self.nodes.iter_mut().zip(rank).for_each(|(node, rank)| node.rank = rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::read;
    use crate::model::var::Values;
    use crate::model::{Job, Step, step::GetStep};

    fn check(text: &str, nodes: &[&str], edges: &[&str]) {
        let read = read("f.yml", text, &Values::new());
        let graph = Graph::of(&read.pipeline.expect("a pipeline"));
        let name = |node: usize| graph.nodes[node].name.as_str();
        let told: Vec<String> = graph
            .nodes
            .iter()
            .map(|node| format!("{} {} {}", node.kind.word(), node.name, node.rank))
            .collect();
        assert_eq!(told, nodes, "{text}");
        let told: Vec<String> = graph
            .edges
            .iter()
            .map(|edge| {
                let trigger = if edge.is_trigger { "!" } else { "" };
                let (from, to) = (name(edge.from), name(edge.to));
                format!("{from} -{}{trigger}-> {to} ({})", edge.kind.word(), edge.resource)
            })
            .collect();
        assert_eq!(told, edges, "{text}");
    }

    #[test]
    fn versions_go_from_resources_through_jobs() {
        check(
            "resources: [{name: out, type: t}, {name: repo, type: t}]
jobs:
- {name: ship, plan: [{get: repo, passed: [unit, lint], trigger: true}, {put: out}]}
- {name: unit, plan: [{get: src, resource: repo, trigger: true}, {put: out}]}
- {name: lint, plan: [{in_parallel: [{get: repo}]}], ensure: {get: again, resource: repo, trigger: true}}
- {name: alone}",
            &[
                "resource out 3",
                "resource repo 0",
                "job ship 2",
                "job unit 1",
                "job lint 1",
                "job alone 1",
            ],
            &[
                "unit -passed!-> ship (repo)",
                "lint -passed!-> ship (repo)",
                "ship -put-> out (out)",
                "repo -get!-> unit (repo)",
                "unit -put-> out (out)",
                "repo -get!-> lint (repo)",
            ],
        );
        check("jobs: [{name: a}]", &["job a 0"], &[]);
    }

    #[test]
    fn a_resource_that_goes_round_stays_in_front() {
        check(
            "resources: [{name: version, type: semver}]
jobs: [{name: bump, plan: [{get: version}, {put: version}]}]",
            &["resource version 0", "job bump 1"],
            &["version -get-> bump (version)", "bump -put-> version (version)"],
        );
    }

    #[test]
    fn a_circle_has_ranks_too() {
        let job = |name: &str, after: &str| {
            let get = GetStep {
                name: "r".to_owned(),
                passed: vec![after.to_owned()],
                ..GetStep::default()
            };
            Job { name: name.to_owned(), plan: vec![Step::Get(get)], ..Job::default() }
        };
        let jobs = vec![job("a", "b"), job("b", "a"), job("c", "c")];
        let graph = Graph::of(&Pipeline { jobs, ..Pipeline::default() });
        let ranks: Vec<usize> = graph.nodes.iter().map(|node| node.rank).collect();
        assert_eq!(ranks, [0, 1, 0]);
        assert_eq!(graph.n_ranks(), 2);
    }
}

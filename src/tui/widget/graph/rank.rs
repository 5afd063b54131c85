//! Which column a node stands in: longest path, then as far right as its targets allow.

use super::Topology;

/// Columns, and which lines had to be turned round to have any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranks {
    /// Per node.
    pub of: Vec<usize>,
    /// How many columns there are.
    pub count: usize,
    /// Per line: it closes a circle, or runs against the stages.
    pub is_reversed: Vec<bool>,
    /// Per node: a solid line arrives.
    pub is_triggered: Vec<bool>,
}

/// Ranks every node. Never hangs: circles are cut where a walk in the order of the file meets them.
pub(super) fn rank(topology: &Topology) -> Ranks {
    let n = topology.nodes.len();
    let mut is_reversed = circles(topology);
    let ends = |edge: usize, is_reversed: &[bool]| {
        let e = topology.edges[edge];
        if is_reversed[edge] { (e.to, e.from) } else { (e.from, e.to) }
    };
    let order = sorted(topology, &is_reversed);
    let mut of: Vec<usize> = topology.nodes.iter().map(|node| node.rank.unwrap_or(0)).collect();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); n];
    for edge in 0..topology.edges.len() {
        let (from, to) = ends(edge, &is_reversed);
        out[from].push(to);
        into[to].push(from);
    }
    // Resources have the first column for themselves.
    let first_job = usize::from(topology.nodes.iter().any(|node| node.is_resource));
    for &node in &order {
        if topology.nodes[node].rank.is_none() {
            let after = into[node].iter().map(|&from| of[from] + 1).max().unwrap_or(0);
            of[node] = after.max(if topology.nodes[node].is_resource { 0 } else { first_job });
        }
    }
    for &node in order.iter().rev() {
        let it = &topology.nodes[node];
        if it.rank.is_some() || it.is_resource {
            continue;
        }
        if let Some(nearest) = out[node].iter().map(|&to| of[to]).min() {
            of[node] = of[node].max(nearest.saturating_sub(1));
        }
    }
    close_up(&mut of);
    for (edge, e) in topology.edges.iter().enumerate() {
        is_reversed[edge] = of[e.from] > of[e.to];
    }
    let count = of.iter().max().map_or(0, |last| last + 1);
    let mut is_triggered = vec![false; n];
    for e in topology.edges.iter().filter(|e| e.triggers) {
        is_triggered[e.to] = true;
    }
    Ranks { of, count, is_reversed, is_triggered }
}

/// Takes out columns in which nothing stands.
fn close_up(of: &mut [usize]) {
    let mut used: Vec<usize> = of.to_vec();
    used.sort_unstable();
    used.dedup();
    for rank in of.iter_mut() {
        *rank = used.binary_search(rank).unwrap_or(0);
    }
}

/// Lines that lead back into the walk that found them.
fn circles(topology: &Topology) -> Vec<bool> {
    let n = topology.nodes.len();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (edge, e) in topology.edges.iter().enumerate() {
        out[e.from].push(edge);
    }
    let mut found = vec![false; topology.edges.len()];
    // 0: not seen, 1: on the walk, 2: done.
    let mut seen = vec![0u8; n];
    for start in 0..n {
        if seen[start] != 0 {
            continue;
        }
        let mut walk = vec![(start, 0usize)];
        seen[start] = 1;
        while let Some((node, next)) = walk.last_mut() {
            let Some(&edge) = out[*node].get(*next) else {
                seen[*node] = 2;
                walk.pop();
                continue;
            };
            *next += 1;
            let to = topology.edges[edge].to;
            match seen[to] {
                0 => {
                    seen[to] = 1;
                    walk.push((to, 0));
                }
                1 => found[edge] = true,
                _ => {}
            }
        }
    }
    found
}

/// The nodes so that every line leads forward.
fn sorted(topology: &Topology, is_reversed: &[bool]) -> Vec<usize> {
    let n = topology.nodes.len();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut waits = vec![0usize; n];
    for (edge, e) in topology.edges.iter().enumerate() {
        let (from, to) = if is_reversed[edge] { (e.to, e.from) } else { (e.from, e.to) };
        out[from].push(to);
        waits[to] += 1;
    }
    let mut order: Vec<usize> = (0..n).filter(|&node| waits[node] == 0).collect();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        for &to in &out[node] {
            waits[to] -= 1;
            if waits[to] == 0 {
                order.push(to);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::graph::Node;

    fn check(nodes: usize, edges: &[(usize, usize)], expected: &[usize]) {
        let mut topology = Topology::default();
        for i in 0..nodes {
            topology.node(Node::job(i.to_string()));
        }
        for &(from, to) in edges {
            topology.edge(from, to, true);
        }
        assert_eq!(rank(&topology).of, expected, "{edges:?}");
    }

    #[test]
    fn longest_path_then_pulled_right() {
        check(0, &[], &[]);
        check(3, &[(0, 1), (1, 2), (0, 2)], &[0, 1, 2]);
        check(4, &[(0, 1), (1, 2), (3, 2)], &[0, 1, 2, 1]);
        check(3, &[(0, 1), (1, 0), (1, 2)], &[0, 1, 2]);
        check(2, &[(0, 1), (1, 0)], &[0, 1]);
    }

    #[test]
    fn stages_are_kept() {
        let mut topology = Topology::default();
        let a = topology.node(Node::in_rank("a", 0));
        let b = topology.node(Node::in_rank("b", 4));
        let c = topology.node(Node::in_rank("c", 4));
        topology.edge(a, b, true);
        topology.edge(b, c, true);
        topology.edge(c, a, true);
        let ranks = rank(&topology);
        assert_eq!(ranks.of, [0, 1, 1]);
        assert_eq!(ranks.is_reversed, [false, false, true]);
    }
}

//! Which lines run together: sources with the same set of targets share a trunk.

use std::collections::BTreeMap;

use super::Topology;
use super::rank::Ranks;

/// Above so many sources only equal sets of targets are looked for.
const MANY: usize = 300;

/// Lines that share a trunk. Every source has a line to every target, but in the last resort of one
/// source, where it is simply all that is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Net {
    /// Where it begins, in the order of nodes.
    pub sources: Vec<usize>,
    /// Where it ends.
    pub targets: Vec<usize>,
    /// The numbers of its lines.
    pub edges: Vec<usize>,
}

impl Net {
    /// The columns that it passes through between its ends.
    pub fn passes(&self, ranks: &[usize], rank: usize) -> bool {
        self.sources.iter().any(|&s| ranks[s] < rank)
            && self.targets.iter().any(|&t| ranks[t] > rank)
    }
}

/// A set of nodes, one bit each.
type Set = Vec<u64>;

fn has(set: &[u64], node: usize) -> bool {
    set[node / 64] >> (node % 64) & 1 == 1
}

fn size(set: &[u64]) -> usize {
    set.iter().map(|word| word.count_ones() as usize).sum()
}

fn both(a: &[u64], b: &[u64]) -> Set {
    a.iter().zip(b).map(|(x, y)| x & y).collect()
}

fn covers(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x & y == *y)
}

fn members(set: &[u64]) -> impl Iterator<Item = usize> {
    (0..set.len() * 64).filter(|&node| has(set, node))
}

/// Bundles all lines that lead from one column to a later one.
pub(super) fn bundle(topology: &Topology, ranks: &Ranks) -> Vec<Net> {
    let n = topology.nodes.len();
    let words = n.div_ceil(64);
    // Two lines may run the same way when one of them was turned round.
    let mut number: BTreeMap<(bool, usize, usize), Vec<usize>> = BTreeMap::new();
    // Solid and dotted lines are bundled apart, so that a trunk says what it is.
    let mut left = [vec![vec![0u64; words]; n], vec![vec![0u64; words]; n]];
    for (edge, e) in topology.edges.iter().enumerate() {
        let (from, to) = if ranks.is_reversed[edge] { (e.to, e.from) } else { (e.from, e.to) };
        if ranks.of[from] == ranks.of[to] {
            continue;
        }
        number.entry((e.triggers, from, to)).or_default().push(edge);
        left[usize::from(e.triggers)][from][to / 64] |= 1 << (to % 64);
    }
    let mut nets = Vec::new();
    let mut cut = |is_solid: bool, sources: Vec<usize>, targets: &Set, left: &mut [Set]| {
        let mut edges = Vec::new();
        for &from in &sources {
            for to in members(targets) {
                edges.extend(number.get(&(is_solid, from, to)).into_iter().flatten());
            }
            for (word, taken) in left[from].iter_mut().zip(targets) {
                *word &= !taken;
            }
        }
        nets.push(Net { sources, targets: members(targets).collect(), edges });
    };
    for (left, is_solid) in left.iter_mut().zip([false, true]) {
        while let Some((sources, targets)) = best(left) {
            cut(is_solid, sources, &targets, left);
        }
    }
    // What is left leaves its source together; sources left with one same target arrive together.
    let mut rest: BTreeMap<Set, Vec<usize>> = BTreeMap::new();
    for (node, (dotted, solid)) in left[0].iter().zip(&left[1]).enumerate() {
        let targets: Set = dotted.iter().zip(solid).map(|(one, two)| one | two).collect();
        if size(&targets) > 0 {
            rest.entry(targets).or_default().push(node);
        }
    }
    let mut rest: Vec<(Set, Vec<usize>)> = rest.into_iter().collect();
    rest.sort_by_key(|(_, sources)| sources[0]);
    for (targets, sources) in rest {
        let mut edges = Vec::new();
        for &from in &sources {
            for to in members(&targets) {
                for (side, is_solid) in left.iter().zip([false, true]) {
                    if has(&side[from], to) {
                        edges.extend(number.get(&(is_solid, from, to)).into_iter().flatten());
                    }
                }
            }
        }
        nets.push(Net { sources, targets: members(&targets).collect(), edges });
    }
    nets
}

/// The sources and targets, two or more of each, that save most lines.
fn best(left: &[Set]) -> Option<(Vec<usize>, Set)> {
    let live: Vec<usize> = (0..left.len()).filter(|&node| size(&left[node]) >= 2).collect();
    let mut best: Option<(usize, Vec<usize>, Set)> = None;
    for (i, &a) in live.iter().enumerate() {
        for &b in &live[i + 1..] {
            let common = if live.len() > MANY {
                if left[a] != left[b] {
                    continue;
                }
                left[a].clone()
            } else {
                both(&left[a], &left[b])
            };
            let targets = size(&common);
            if targets < 2 {
                continue;
            }
            let sources: Vec<usize> =
                live.iter().copied().filter(|&s| covers(&left[s], &common)).collect();
            let saved = sources.len() * targets - sources.len() - targets + 1;
            if best.as_ref().is_none_or(|(most, ..)| saved > *most) {
                best = Some((saved, sources, common));
            }
        }
    }
    best.map(|(_, sources, targets)| (sources, targets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::graph::{Node, rank::rank};

    fn check(edges: &[(usize, usize, bool)], expected: &[(&[usize], &[usize])]) {
        let mut topology = Topology::default();
        for i in 0..10 {
            topology.node(Node::job(i.to_string()));
        }
        for &(from, to, triggers) in edges {
            topology.edge(from, to, triggers);
        }
        let nets = bundle(&topology, &rank(&topology));
        let found: Vec<(&[usize], &[usize])> =
            nets.iter().map(|net| (&net.sources[..], &net.targets[..])).collect();
        assert_eq!(found, expected);
        let lines: usize = nets.iter().map(|net| net.edges.len()).sum();
        assert_eq!(lines, topology.edges.len());
    }

    #[test]
    fn same_targets_share_a_trunk() {
        check(&[(0, 1, true), (0, 2, false)], &[(&[0], &[1, 2])]);
        check(&[(0, 2, true), (1, 2, true)], &[(&[0, 1], &[2])]);
        check(
            &[
                (0, 1, true),
                (0, 5, false),
                (0, 6, false),
                (0, 7, false),
                (1, 5, false),
                (1, 6, false),
                (1, 7, false),
                (2, 5, true),
                (3, 6, true),
            ],
            &[(&[0, 1], &[5, 6, 7]), (&[0], &[1]), (&[2], &[5]), (&[3], &[6])],
        );
    }
}

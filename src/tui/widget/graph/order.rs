//! Who stands above whom in a column: barycentre sweeps, ties by the order of the file.

use super::Topology;
use super::bundle::Net;
use super::cost::cost;
use super::rank::Ranks;

/// Sweeps to and fro.
const SWEEPS: usize = 8;
/// Above so many items in all, neighbours are not swapped one by one.
const SWAP_BELOW: usize = 400;

/// Up to so many items orders are judged by what they would look like.
const LOOKED_AT_BELOW: usize = 160;
/// How much looking: pictures times items.
const TRIES: usize = 9_000;

/// What takes a row in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Item {
    /// A node.
    Node(usize),
    /// A net that passes through.
    Lane(usize),
}

/// Columns of items, top to bottom, and who is joined to whom.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    /// All items.
    pub items: Vec<Item>,
    /// Per column, numbers of items from the top.
    pub ranks: Vec<Vec<usize>>,
    /// Per item, its neighbours one column left, with the weight of the line.
    pub left: Vec<Vec<(usize, f64)>>,
    /// Per item, its neighbours one column right.
    pub right: Vec<Vec<(usize, f64)>>,
    /// Per net and column, its lane there.
    pub lanes: Vec<Vec<Option<usize>>>,
}

/// Puts the items of every column into their order: that of the file where it is as good as any.
pub(super) fn order(topology: &Topology, ranks: &Ranks, nets: &[Net]) -> Columns {
    let mut columns = join(topology, ranks, nets);
    like_names(topology, &mut columns);
    downwards(topology, ranks, &mut columns);
    let mut swept = columns.clone();
    sweep(&mut swept);
    downwards(topology, ranks, &mut swept);
    if columns.items.len() > LOOKED_AT_BELOW {
        return swept;
    }
    let judge = |columns: &Columns| cost(topology, ranks, nets, columns);
    let tries = TRIES / columns.items.len().max(1);
    let search = |start: Columns| {
        let mut now = (judge(&start), start);
        let settle = |columns: &mut Columns| downwards(topology, ranks, columns);
        improve(&mut now, &judge, tries, &settle, &|node| topology.nodes[node].is_resource);
        now
    };
    let (of_file, of_sweeps) = (search(columns), search(swept));
    if of_sweeps.0 < of_file.0 { of_sweeps.1 } else { of_file.1 }
}

/// Moves lanes and resources, then jobs, to where the picture is better, as long as there are tries left.
fn improve(
    now: &mut (f64, Columns),
    judge: &dyn Fn(&Columns) -> f64,
    mut tries: usize,
    settle: &dyn Fn(&mut Columns),
    is_resource: &dyn Fn(usize) -> bool,
) {
    loop {
        let before = now.0;
        let is_free = |columns: &Columns, item: usize| match columns.items[item] {
            Item::Lane(_) => true,
            Item::Node(node) => is_resource(node),
        };
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (rank, column) in now.1.ranks.iter().enumerate() {
            all.extend(column.iter().map(|&item| (rank, item)));
        }
        all.sort_by_key(|&(_, item)| !is_free(&now.1, item));
        for (rank, item) in all {
            let length = now.1.ranks[rank].len();
            let far = if is_free(&now.1, item) { length } else { 1 };
            let place = |columns: &Columns| columns.ranks[rank].iter().position(|&it| it == item);
            let from = place(&now.1).unwrap_or(0);
            for to in from.saturating_sub(far)..=(from + far).min(length - 1) {
                let Some(at) = place(&now.1).filter(|at| *at != to) else { continue };
                if tries == 0 {
                    return;
                }
                tries -= 1;
                let before = now.1.ranks[rank].clone();
                now.1.ranks[rank].remove(at);
                now.1.ranks[rank].insert(to, item);
                settle(&mut now.1);
                let cost = judge(&now.1);
                if cost + 1e-6 < now.0 {
                    now.0 = cost;
                } else {
                    now.1.ranks[rank] = before;
                }
            }
        }
        if now.0 + 1e-6 >= before {
            return;
        }
    }
}

/// Barycentre sweeps; the order with the fewest crossings stays.
fn sweep(columns: &mut Columns) {
    let mut best = columns.ranks.clone();
    let mut fewest = columns.crossings();
    for sweep in 0..SWEEPS {
        let last = columns.ranks.len();
        if sweep % 2 == 0 {
            (1..last).for_each(|rank| columns.sort(rank, Side::Left));
        } else {
            (0..last.saturating_sub(1)).rev().for_each(|rank| columns.sort(rank, Side::Right));
        }
        let found = columns.crossings();
        if found < fewest {
            fewest = found;
            best.clone_from(&columns.ranks);
        }
        if fewest == 0 {
            break;
        }
    }
    columns.ranks = best;
    if columns.items.len() < SWAP_BELOW {
        columns.swap_neighbours();
    }
}

/// The items and their neighbours, columns in the order of the file.
fn join(topology: &Topology, ranks: &Ranks, nets: &[Net]) -> Columns {
    let n = topology.nodes.len();
    let mut items: Vec<Item> = (0..n).map(Item::Node).collect();
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); ranks.count];
    for node in 0..n {
        columns[ranks.of[node]].push(node);
    }
    // Per net, its item in a column: lanes are made here.
    let mut lanes: Vec<Vec<Option<usize>>> = vec![vec![None; ranks.count]; nets.len()];
    for (number, net) in nets.iter().enumerate() {
        for rank in 0..ranks.count {
            if net.passes(&ranks.of, rank) {
                lanes[number][rank] = Some(items.len());
                columns[rank].push(items.len());
                items.push(Item::Lane(number));
            }
        }
    }
    let mut left: Vec<Vec<(usize, f64)>> = vec![Vec::new(); items.len()];
    let mut right = left.clone();
    for (number, net) in nets.iter().enumerate() {
        for gutter in 0..ranks.count.saturating_sub(1) {
            let at = |nodes: &[usize], rank: usize| {
                let mut found: Vec<usize> =
                    nodes.iter().copied().filter(|&node| ranks.of[node] == rank).collect();
                found.extend(lanes[number][rank]);
                found
            };
            let is_solid = |a: usize, b: usize| {
                net.edges.iter().any(|&edge| {
                    let e = topology.edges[edge];
                    e.triggers
                        && (a >= n || e.from == a || e.to == a)
                        && (b >= n || e.to == b || e.from == b)
                })
            };
            let to = at(&net.targets, gutter + 1);
            for &a in &at(&net.sources, gutter) {
                for &b in &to {
                    let weight = if is_solid(a, b) { 3.0 } else { 1.0 };
                    right[a].push((b, weight));
                    left[b].push((a, weight));
                }
            }
        }
    }
    for column in &mut columns {
        column.sort_by_key(|&item| match items[item] {
            Item::Node(node) => (node, 0),
            Item::Lane(net) => (nets[net].sources.iter().copied().min().unwrap_or(0), 1),
        });
    }
    Columns { items, ranks: columns, left, right, lanes }
}

/// A node with no line at all stands beside nodes that share the rarest word of its name.
fn like_names(topology: &Topology, columns: &mut Columns) {
    let words = |name: &str| -> Vec<String> {
        name.split(['-', '_', '/', '.', ' ']).filter(|w| w.len() > 1).map(str::to_owned).collect()
    };
    let mut places: std::collections::BTreeMap<String, Vec<usize>> = Default::default();
    for (node, it) in topology.nodes.iter().enumerate() {
        for word in words(&it.name) {
            places.entry(word).or_default().push(node);
        }
    }
    let rank_of = |columns: &Columns, node: usize| {
        columns.ranks.iter().position(|column| column.contains(&node))
    };
    for node in 0..topology.nodes.len() {
        if !columns.left[node].is_empty() || !columns.right[node].is_empty() {
            continue;
        }
        let Some(rank) = rank_of(columns, node) else { continue };
        let rarest = words(&topology.nodes[node].name)
            .into_iter()
            .filter_map(|word| places.get(&word).filter(|found| found.len() > 1))
            .min_by_key(|found| found.len());
        for &other in rarest.into_iter().flatten().filter(|&&other| other != node).take(8) {
            match rank_of(columns, other) {
                Some(at) if at + 1 == rank => columns.left[node].push((other, 0.25)),
                Some(at) if at == rank + 1 => columns.right[node].push((other, 0.25)),
                _ => {}
            }
        }
    }
}

/// A line inside a column leads down.
fn downwards(topology: &Topology, ranks: &Ranks, columns: &mut Columns) {
    let is_inside = |e: &super::Edge| ranks.of[e.from] == ranks.of[e.to];
    if !topology.edges.iter().any(is_inside) {
        return;
    }
    for column in &mut columns.ranks {
        let mut is_done = false;
        let mut tries = column.len();
        while !is_done && tries > 0 {
            is_done = true;
            tries -= 1;
            for e in &topology.edges {
                if ranks.of[e.from] != ranks.of[e.to] {
                    continue;
                }
                let place = |node: usize| column.iter().position(|&item| item == node);
                if let (Some(from), Some(to)) = (place(e.from), place(e.to))
                    && from > to
                {
                    let moved = column.remove(to);
                    column.insert(from, moved);
                    is_done = false;
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Columns {
    fn places(&self) -> Vec<f64> {
        let mut places = vec![0.0; self.items.len()];
        for column in &self.ranks {
            for (at, &item) in column.iter().enumerate() {
                places[item] = (at as f64 + 0.5) / column.len() as f64;
            }
        }
        places
    }

    /// Sorts a column by the middle of each item's neighbours on one side; an item without any
    /// keeps its place.
    fn sort(&mut self, rank: usize, side: Side) {
        let places = self.places();
        let mut keyed: Vec<(f64, usize)> = self.ranks[rank]
            .iter()
            .map(|&item| {
                let near = match side {
                    Side::Left => &self.left[item],
                    Side::Right => &self.right[item],
                };
                let weight: f64 = near.iter().map(|(_, w)| w).sum();
                let middle = if weight > 0.0 {
                    near.iter().map(|&(other, w)| places[other] * w).sum::<f64>() / weight
                } else {
                    places[item]
                };
                (middle, item)
            })
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.ranks[rank] = keyed.into_iter().map(|(_, item)| item).collect();
    }

    /// How often lines cross in all gutters.
    fn crossings(&self) -> usize {
        (0..self.ranks.len().saturating_sub(1)).map(|gutter| self.crossings_in(gutter)).sum()
    }

    fn crossings_in(&self, gutter: usize) -> usize {
        let mut place = vec![usize::MAX; self.items.len()];
        for (at, &item) in self.ranks[gutter + 1].iter().enumerate() {
            place[item] = at;
        }
        // Lines sorted by where they leave; a line crosses those before it that arrive below it.
        let mut tree = vec![0usize; self.ranks[gutter + 1].len() + 1];
        let mut seen = 0;
        let mut found = 0;
        for &item in &self.ranks[gutter] {
            let mut ends: Vec<usize> = self.right[item]
                .iter()
                .map(|&(to, _)| place[to])
                .filter(|p| *p != usize::MAX)
                .collect();
            ends.sort_unstable();
            for &end in &ends {
                let mut above = 0;
                let mut at = end + 1;
                while at > 0 {
                    above += tree[at];
                    at &= at - 1;
                }
                found += seen - above;
            }
            for &end in &ends {
                let mut at = end + 1;
                while at < tree.len() {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
                seen += 1;
            }
        }
        found
    }

    /// Swaps items that stand together while that takes crossings away.
    fn swap_neighbours(&mut self) {
        for _ in 0..4 {
            let mut is_better = false;
            for rank in 0..self.ranks.len() {
                let mut place = vec![0usize; self.items.len()];
                for near in [rank.checked_sub(1), Some(rank + 1)].into_iter().flatten() {
                    for (at, &item) in self.ranks.get(near).into_iter().flatten().enumerate() {
                        place[item] = at;
                    }
                }
                for at in 1..self.ranks[rank].len() {
                    let (a, b) = (self.ranks[rank][at - 1], self.ranks[rank][at]);
                    let count = |upper: usize, lower: usize| -> usize {
                        [&self.left, &self.right]
                            .iter()
                            .map(|side| {
                                side[upper]
                                    .iter()
                                    .map(|&(u, _)| {
                                        side[lower]
                                            .iter()
                                            .filter(|&&(l, _)| place[l] < place[u])
                                            .count()
                                    })
                                    .sum::<usize>()
                            })
                            .sum()
                    };
                    if count(b, a) < count(a, b) {
                        self.ranks[rank].swap(at - 1, at);
                        is_better = true;
                    }
                }
            }
            if !is_better {
                break;
            }
        }
    }
}

//! The gutter between two columns: which net runs down which track.
//!
//! Left-edge method: nets sorted by their upper end take the first free track. Where one net
//! leaves a row at which another arrives, the first must run left of the second; if that goes
//! round in a circle, one of them gets a dogleg: it arrives over a free row and a second track.

use std::collections::{BTreeMap, BTreeSet};

/// What a net does in a gutter: rows at which it comes in and goes out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hop {
    /// The net.
    pub net: usize,
    /// Rows at its left.
    pub left: BTreeSet<i32>,
    /// Rows at its right.
    pub right: BTreeSet<i32>,
}

impl Hop {
    /// Whether it needs no track: one row, straight through.
    fn is_straight(&self) -> bool {
        self.left.len() == 1 && self.left == self.right
    }
}

/// A way round: leave the trunk at `over`, run down `track`, arrive at the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dogleg {
    /// The free row.
    pub over: i32,
    /// The second track.
    pub track: usize,
}

/// Tracks of one gutter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gutter {
    /// Per net that bends, its track, from the left.
    pub track: BTreeMap<usize, usize>,
    /// Per net and row at its right, the way round.
    pub doglegs: BTreeMap<(usize, i32), Dogleg>,
    /// How many tracks there are.
    pub count: usize,
}

/// Something that runs down one track: a net's trunk, or the second track of a dogleg.
#[derive(Debug, Default)]
struct Run {
    net: usize,
    /// The row that a dogleg's second track arrives at.
    leg: Option<i32>,
    left: BTreeSet<i32>,
    right: BTreeSet<i32>,
    low: i32,
    high: i32,
}

impl Run {
    fn new(net: usize, left: BTreeSet<i32>, right: BTreeSet<i32>) -> Run {
        let mut run = Run { net, left, right, ..Run::default() };
        let all = || run.left.iter().chain(&run.right).copied();
        (run.low, run.high) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
        run
    }

    fn must_be_left_of(&self, other: &Run) -> bool {
        !self.left.is_disjoint(&other.right)
    }
}

/// Gives every net that bends a track.
pub(super) fn assign(hops: &[Hop]) -> Gutter {
    let bent = hops.iter().filter(|hop| !hop.is_straight());
    let mut todo: Vec<Run> =
        bent.map(|hop| Run::new(hop.net, hop.left.clone(), hop.right.clone())).collect();
    todo.sort_by_key(|run| (run.low, run.net));
    let mut used: BTreeSet<i32> =
        hops.iter().flat_map(|hop| hop.left.iter().chain(&hop.right)).copied().collect();
    let mut done: Vec<(usize, Run)> = Vec::new();
    let mut gutter = Gutter::default();
    // How many of those that wait leave at a row: others that arrive there wait for them.
    let mut leaving: BTreeMap<i32, usize> = BTreeMap::new();
    for row in todo.iter().flat_map(|run| &run.left) {
        *leaving.entry(*row).or_default() += 1;
    }
    while !todo.is_empty() {
        let blockers = |run: &Run| -> usize {
            let others = |row: &i32| {
                leaving.get(row).copied().unwrap_or(0) - usize::from(run.left.contains(row))
            };
            run.right.iter().map(others).sum()
        };
        let free = todo.iter().position(|run| blockers(run) == 0);
        let fewest = || (0..todo.len()).min_by_key(|&k| (blockers(&todo[k]), k));
        let at = free.or_else(fewest).unwrap_or(0);
        let mut run = todo.remove(at);
        for row in &run.left {
            if let Some(count) = leaving.get_mut(row) {
                *count -= 1;
            }
        }
        if free.is_none() {
            let legs = bend(&mut run, &todo, &mut used, &mut gutter);
            todo.extend(legs);
        }
        let is_after = |before: &Run| {
            before.must_be_left_of(&run)
                || (before.net == run.net && before.leg.is_none() && run.leg.is_some())
        };
        let least = done.iter().filter(|(_, before)| is_after(before)).map(|(track, _)| track + 1);
        let mut track = least.max().unwrap_or(0);
        while done.iter().any(|(at, other)| {
            *at == track && other.low - 1 <= run.high && run.low <= other.high + 1
        }) {
            track += 1;
        }
        gutter.count = gutter.count.max(track + 1);
        match run.leg {
            None => {
                gutter.track.insert(run.net, track);
            }
            Some(row) => {
                if let Some(dogleg) = gutter.doglegs.get_mut(&(run.net, row)) {
                    dogleg.track = track;
                }
            }
        }
        done.push((track, run));
    }
    gutter
}

/// Takes from a run the rows at which others would have to be left of it; gives the second tracks
/// that arrive there.
fn bend(run: &mut Run, others: &[Run], used: &mut BTreeSet<i32>, gutter: &mut Gutter) -> Vec<Run> {
    let blocked: Vec<i32> = run
        .right
        .iter()
        .copied()
        .filter(|row| others.iter().any(|other| other.left.contains(row)))
        .collect();
    let mut legs = Vec::new();
    for row in blocked {
        let over = (1..)
            .flat_map(|far| [row - far, row + far])
            .find(|over| *over >= 0 && !used.contains(over))
            .unwrap_or(row);
        used.insert(over);
        run.right.remove(&row);
        run.low = run.low.min(over);
        run.high = run.high.max(over);
        gutter.doglegs.insert((run.net, row), Dogleg { over, track: 0 });
        let mut leg = Run::new(run.net, BTreeSet::new(), BTreeSet::from([row]));
        leg.leg = Some(row);
        (leg.low, leg.high) = (row.min(over), row.max(over));
        legs.push(leg);
    }
    legs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hops: &[(&[i32], &[i32])], tracks: &[Option<usize>], legs: usize) {
        let hops: Vec<Hop> = hops
            .iter()
            .enumerate()
            .map(|(net, (left, right))| Hop {
                net,
                left: left.iter().copied().collect(),
                right: right.iter().copied().collect(),
            })
            .collect();
        let gutter = assign(&hops);
        let found: Vec<Option<usize>> =
            (0..hops.len()).map(|net| gutter.track.get(&net).copied()).collect();
        assert_eq!((found.as_slice(), gutter.doglegs.len()), (tracks, legs), "{hops:?}");
    }

    #[test]
    fn the_left_edge_method() {
        check(&[(&[0], &[0])], &[None], 0);
        check(&[(&[0], &[0, 3])], &[Some(0)], 0);
        check(&[(&[0], &[3]), (&[6], &[9])], &[Some(0), Some(0)], 0);
        check(&[(&[0], &[6]), (&[3], &[9])], &[Some(0), Some(1)], 0);
        // The second leaves where the first arrives: it runs left of it.
        check(&[(&[0], &[3]), (&[3], &[6])], &[Some(1), Some(0)], 0);
        // They swap rows: one goes round.
        check(&[(&[0], &[3]), (&[3], &[0])], &[Some(0), Some(1)], 1);
    }
}

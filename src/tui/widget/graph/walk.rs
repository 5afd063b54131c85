//! Moving through the graph along its lines, and what is in view.

use super::place::Placed;
use super::plan::Plan;

/// Where a key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// To a source.
    Left,
    /// To a target.
    Right,
    /// Up the column.
    Up,
    /// Down the column.
    Down,
    /// The top of the column.
    Top,
    /// The bottom of the column.
    Bottom,
    /// The first column.
    FirstRank,
    /// The last column.
    LastRank,
}

/// The lines that were taken, so that `h` and `l` retrace them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// Pairs of nodes, the left one first; the newest last.
    taken: Vec<(usize, usize)>,
}

/// How many lines are remembered.
const REMEMBERED: usize = 64;

impl Trail {
    fn remember(&mut self, left: usize, right: usize) {
        self.taken.retain(|pair| pair.0 != left || pair.1 != right);
        self.taken.push((left, right));
        if self.taken.len() > REMEMBERED {
            self.taken.remove(0);
        }
    }
}

impl Plan {
    /// The node that a key leads to; the same one where there is nothing.
    pub fn step(&self, placed: &Placed, from: usize, heading: Heading, trail: &mut Trail) -> usize {
        if from >= placed.nodes.len() {
            return 0;
        }
        match heading {
            Heading::Left => self.along(placed, from, Heading::Left, trail),
            Heading::Right => self.along(placed, from, Heading::Right, trail),
            Heading::Up => self.within(placed, from, -1),
            Heading::Down => self.within(placed, from, 1),
            Heading::Top => self.column(placed.ranks[from]).first().copied().unwrap_or(from),
            Heading::Bottom => self.column(placed.ranks[from]).last().copied().unwrap_or(from),
            Heading::FirstRank => self.nearest_in(placed, from, 0).unwrap_or(from),
            Heading::LastRank => {
                let last = self.n_ranks().saturating_sub(1);
                self.nearest_in(placed, from, last).unwrap_or(from)
            }
        }
    }

    fn along(&self, placed: &Placed, from: usize, heading: Heading, trail: &mut Trail) -> usize {
        let is_right = heading == Heading::Right;
        let ends: Vec<usize> = self
            .topology()
            .edges
            .iter()
            .filter_map(|e| match (is_right, e.from == from, e.to == from) {
                (true, true, _) => Some(e.to),
                (false, _, true) => Some(e.from),
                _ => None,
            })
            .collect();
        let pair = |other: usize| if is_right { (from, other) } else { (other, from) };
        let taken = trail.taken.iter().rev().find(|(left, right)| {
            let other = if is_right { *right } else { *left };
            ends.contains(&other) && pair(other) == (*left, *right)
        });
        let row = placed.nodes[from].y;
        let near = |node: &usize| {
            let spot = placed.nodes[*node];
            ((spot.y - row).abs(), (placed.ranks[*node]).abs_diff(placed.ranks[from]))
        };
        let to = match taken {
            Some(&(left, right)) => Some(if is_right { right } else { left }),
            None => ends.iter().copied().min_by_key(near),
        };
        match to {
            Some(to) => {
                let (left, right) = pair(to);
                trail.remember(left, right);
                to
            }
            // No line that way: the nearest row of the next column, so that no key is dead.
            None => {
                let rank = placed.ranks[from];
                let next = if is_right { rank.checked_add(1) } else { rank.checked_sub(1) };
                next.and_then(|rank| self.nearest_in(placed, from, rank)).unwrap_or(from)
            }
        }
    }

    fn column(&self, rank: usize) -> Vec<usize> {
        self.by_rank().into_iter().nth(rank).unwrap_or_default()
    }

    fn within(&self, placed: &Placed, from: usize, by: isize) -> usize {
        let column = self.column(placed.ranks[from]);
        let at = column.iter().position(|&node| node == from).unwrap_or(0);
        if let Some(&to) = at.checked_add_signed(by).and_then(|to| column.get(to)) {
            return to;
        }
        // At the end: the nearest row beyond it in a neighbouring column.
        let row = placed.nodes[from].y;
        let beyond = |node: &usize| (placed.nodes[*node].y - row).signum() as isize == by.signum();
        let rank = placed.ranks[from];
        [rank.checked_add(1), rank.checked_sub(1)]
            .into_iter()
            .flatten()
            .flat_map(|rank| self.column(rank))
            .filter(beyond)
            .min_by_key(|&node| (placed.nodes[node].y - row).abs())
            .unwrap_or(from)
    }

    fn nearest_in(&self, placed: &Placed, from: usize, rank: usize) -> Option<usize> {
        let row = placed.nodes[from].y;
        self.column(rank).into_iter().min_by_key(|&node| (placed.nodes[node].y - row).abs())
    }

    /// The next node, in the order of columns and rows, for which `is_it`; round at the end.
    /// `by` is 1 or -1.
    pub fn seek(
        &self,
        from: Option<usize>,
        by: isize,
        is_it: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let order: Vec<usize> = self.by_rank().into_iter().flatten().collect();
        let n = isize::try_from(order.len()).ok().filter(|n| *n > 0)?;
        let here = from.and_then(|node| order.iter().position(|&other| other == node));
        let start = match here {
            Some(at) => isize::try_from(at).ok()?,
            None if by > 0 => -1,
            None => 0,
        };
        (1..=n)
            .filter_map(|step| usize::try_from((start + step * by).rem_euclid(n)).ok())
            .map(|at| order[at])
            .find(|&node| is_it(node))
    }
}

impl Placed {
    /// The offset at which a node is in view, with the fewest cells moved; all of the canvas from
    /// its start where it fits.
    pub fn scrolled(
        &self,
        offset: (i32, i32),
        node: Option<usize>,
        view: (u16, u16),
    ) -> (i32, i32) {
        let fit = |offset: i32, size: i32, view: i32, spot: Option<(i32, i32)>| {
            let mut offset = offset.min(size - view).max(0);
            if let Some((start, length)) = spot {
                offset = offset.max(start + length - view).min(start).max(0);
            }
            if size <= view { 0 } else { offset }
        };
        let spot = node.and_then(|node| self.nodes.get(node));
        (
            fit(offset.0, self.size.0, i32::from(view.0), spot.map(|s| (s.x, s.width))),
            fit(offset.1, self.size.1, i32::from(view.1), spot.map(|s| (s.y, s.height))),
        )
    }

    /// Whether all of it fits into a view.
    pub fn fits(&self, view: (u16, u16)) -> bool {
        self.size.0 <= i32::from(view.0) && self.size.1 <= i32::from(view.1)
    }
}

//! Cells of lines: masks per net, glyphs chosen last.

use std::collections::BTreeMap;

use super::place::Placed;
use crate::tui::theme::Role;

pub(super) const N: u8 = 1;
pub(super) const E: u8 = 2;
pub(super) const S: u8 = 4;
pub(super) const W: u8 = 8;

const LIGHT: [char; 16] =
    [' ', '╵', '╶', '╰', '╷', '│', '╭', '├', '╴', '╯', '─', '┴', '╮', '┤', '┬', '┼'];
const HEAVY: [char; 16] =
    [' ', '╹', '╺', '┗', '╻', '┃', '┏', '┣', '╸', '┛', '━', '┻', '┓', '┫', '┳', '╋'];

/// What one net does in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// The net.
    pub net: usize,
    /// Per line that runs here: its number and its mask.
    pub lines: Vec<(usize, u8)>,
}

/// Where lines run: per cell, its nets.
pub(super) type Cells = BTreeMap<(i32, i32), Vec<Part>>;

/// Adds a line through `points`, each in a row or column with the one before. It enters its first
/// cell and leaves its last one as the masks say.
pub(super) fn add(
    cells: &mut Cells,
    net: usize,
    edge: usize,
    points: &[(i32, i32)],
    (enters, leaves): (u8, u8),
) {
    let Some(&first) = points.first() else { return };
    let mut walk = vec![first];
    for &(x1, y1) in &points[1..] {
        let (mut x, mut y) = walk[walk.len() - 1];
        while (x, y) != (x1, y1) {
            if x != x1 {
                x += (x1 - x).signum();
            } else {
                y += (y1 - y).signum();
            }
            walk.push((x, y));
        }
    }
    let towards = |from: (i32, i32), to: (i32, i32)| match (to.0 - from.0, to.1 - from.1) {
        (0, -1) => N,
        (1, 0) => E,
        (0, 1) => S,
        _ => W,
    };
    for (at, &here) in walk.iter().enumerate() {
        let mut mask = 0;
        mask |= if at == 0 { enters } else { towards(here, walk[at - 1]) };
        mask |= walk.get(at + 1).map_or(leaves, |&next| towards(here, next));
        let parts = cells.entry(here).or_default();
        match parts.iter_mut().find(|part| part.net == net) {
            Some(part) => part.lines.push((edge, mask)),
            None => parts.push(Part { net, lines: vec![(edge, mask)] }),
        }
    }
}

/// How a line looks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stroke {
    /// Its colour.
    pub role: Role,
    /// Under `f`, on the path.
    pub is_heavy: bool,
    /// Outside of what is looked at.
    pub is_dim: bool,
}

impl Stroke {
    /// Later ones win a shared cell.
    fn rank(self) -> u8 {
        match self.role {
            _ if self.is_dim => 0,
            Role::Started => 2,
            Role::Errored => 3,
            Role::Failed => 4,
            Role::EdgeFocus => 5,
            _ => 1,
        }
    }
}

/// What a cell shows.
#[derive(Debug, Clone, Copy)]
struct Look {
    mask: u8,
    is_solid: bool,
    stroke: Stroke,
}

impl Look {
    fn join(&mut self, other: Look) {
        self.mask |= other.mask;
        self.is_solid |= other.is_solid;
        if other.stroke.rank() > self.stroke.rank() {
            self.stroke.role = other.stroke.role;
        }
        self.stroke.is_heavy |= other.stroke.is_heavy;
        self.stroke.is_dim &= other.stroke.is_dim;
    }

    fn strength(&self) -> (bool, bool, bool, bool) {
        let is_vertical = self.mask == N | S;
        (self.stroke.is_heavy, self.stroke.role == Role::EdgeFocus, self.is_solid, is_vertical)
    }
}

/// The glyph and stroke of one cell: lines of one net or one end join, others cross by a bridge.
pub(super) fn resolve(placed: &Placed, parts: &[Part], strokes: &[Stroke]) -> (char, Stroke) {
    let mut looks: Vec<(Look, &Part)> = Vec::with_capacity(parts.len());
    for part in parts {
        let mut look: Option<Look> = None;
        for &(edge, mask) in &part.lines {
            let one = Look { mask, is_solid: placed.edges[edge].triggers, stroke: strokes[edge] };
            match &mut look {
                Some(look) => look.join(one),
                None => look = Some(one),
            }
        }
        looks.extend(look.map(|look| (look, part)));
    }
    looks.sort_by_key(|(look, part)| (std::cmp::Reverse(look.strength()), part.net));
    let mut all = looks.into_iter();
    let Some((mut top, first)) = all.next() else {
        return (' ', Stroke { role: Role::Edge, is_heavy: false, is_dim: false });
    };
    let mut joined = vec![first];
    for (other, part) in all {
        let is_plain = matches!((top.mask, other.mask), (5, 10) | (10, 5));
        if !is_plain && joined.iter().any(|have| related(placed, have, part)) {
            top.join(other);
            joined.push(part);
        }
    }
    let mask = usize::from(top.mask & 15);
    let glyph = match (top.is_solid, top.stroke.is_heavy, top.mask) {
        (false, false, 5) => '┊',
        (false, false, 10) => '┈',
        (false, true, 5) => '┋',
        (false, true, 10) => '┉',
        (_, true, _) => HEAVY[mask],
        (_, false, _) => LIGHT[mask],
    };
    (glyph, top.stroke)
}

/// Whether two nets share an end with lines that run here. Ends are those of the drawing: a line
/// that was turned round begins where it arrives.
pub(super) fn related(placed: &Placed, a: &Part, b: &Part) -> bool {
    a.lines.iter().any(|&(one, _)| {
        let one = placed.ends[one];
        b.lines.iter().any(|&(two, _)| {
            let two = placed.ends[two];
            one.0 == two.0 || one.1 == two.1
        })
    })
}

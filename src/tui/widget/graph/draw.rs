//! A placed graph with the states of the moment.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::place::{Level, Placed, Spot};
use super::plan::Plan;
use super::wire::{self, Stroke};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::{Chip, ChipStyle};

/// A graph as it is seen now.
#[derive(Debug, Clone, Copy)]
pub struct GraphView<'a> {
    /// Where everything stands.
    pub placed: &'a Placed,
    /// What every node tells, in the order of nodes.
    pub chips: &'a [Chip],
    /// The chosen node.
    pub selected: Option<usize>,
    /// Nodes on the path that is looked at; all others are dim. Empty: nothing is.
    pub path: &'a [usize],
    /// Nodes that a filter leaves out.
    pub dimmed: &'a [bool],
    /// The first column and row of the canvas in view.
    pub offset: (i32, i32),
}

impl<'a> GraphView<'a> {
    /// All of a graph, from its first column and row.
    pub fn new(placed: &'a Placed, chips: &'a [Chip]) -> GraphView<'a> {
        GraphView { placed, chips, selected: None, path: &[], dimmed: &[], offset: (0, 0) }
    }

    /// The cells of a node on the screen, as far as they are in view.
    pub fn spot(&self, node: usize, area: Rect) -> Option<Rect> {
        clip(*self.placed.nodes.get(node)?, self.offset, area)
    }

    /// The node at a cell of the screen.
    pub fn node_at(&self, x: u16, y: u16, area: Rect) -> Option<usize> {
        (0..self.placed.nodes.len())
            .find(|&node| self.spot(node, area).is_some_and(|spot| spot.contains((x, y).into())))
    }

    /// Draws lines, arrows, chips, in this order: chips own their ground.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let strokes: Vec<Stroke> = (0..self.placed.edges.len()).map(|e| self.stroke(e)).collect();
        let (left, top) = self.offset;
        let on_screen = |(x, y): (i32, i32)| -> Option<(u16, u16)> {
            let x = u16::try_from(x - left).ok().filter(|x| *x < area.width)?;
            let y = u16::try_from(y - top).ok().filter(|y| *y < area.height)?;
            Some((area.x + x, area.y + y))
        };
        for (&cell, parts) in &self.placed.cells {
            let Some(at) = on_screen(cell) else { continue };
            let (glyph, stroke) = wire::resolve(self.placed, parts, &strokes);
            look.put(buf, at, glyph.encode_utf8(&mut [0; 4]), 1, style(stroke, look));
        }
        let mut heads: std::collections::BTreeMap<(i32, i32), (Stroke, bool)> = Default::default();
        for &(cell, edge, is_reversed) in &self.placed.arrows {
            let stroke = strokes[edge];
            let head = heads.entry(cell).or_insert((stroke, is_reversed));
            if (!stroke.is_dim, stroke.role == Role::EdgeFocus, stroke.role != Role::Edge)
                > (!head.0.is_dim, head.0.role == Role::EdgeFocus, head.0.role != Role::Edge)
            {
                *head = (stroke, is_reversed);
            }
        }
        for (cell, (stroke, is_reversed)) in heads {
            let Some(at) = on_screen(cell) else { continue };
            let glyph = if is_reversed { "↺" } else { "▸" };
            look.put(buf, at, glyph, 1, style(stroke, look));
        }
        for (node, chip) in self.chips.iter().enumerate().take(self.placed.nodes.len()) {
            self.draw_chip(node, chip, area, buf, look);
        }
    }

    fn draw_chip(&self, node: usize, chip: &Chip, area: Rect, buf: &mut Buffer, look: &Look) {
        let spot = self.placed.nodes[node];
        let Some(shown) = clip(spot, self.offset, area) else { return };
        let how = ChipStyle {
            chosen: self.selected == Some(node),
            dim: self.is_dim(node),
            cut: self.placed.cuts.get(node).copied().unwrap_or_default(),
        };
        if self.placed.level == Level::Glyph {
            self.draw_sign(chip, (node, shown), area, buf, look, how);
            return;
        }
        let is_whole =
            i32::from(shown.width) == spot.width && i32::from(shown.height) == spot.height;
        if is_whole {
            chip.draw(shown, buf, look, how);
            return;
        }
        // A chip at the border is drawn whole and cut: its text must not move while one pans.
        let size = |n: i32| u16::try_from(n).unwrap_or(0);
        let whole = Rect::new(0, 0, size(spot.width), size(spot.height));
        let mut scratch = Buffer::empty(whole);
        chip.draw(whole, &mut scratch, look, how);
        let skip_x = size(self.offset.0 + i32::from(shown.x - area.x) - spot.x);
        let skip_y = size(self.offset.1 + i32::from(shown.y - area.y) - spot.y);
        for position in shown.positions() {
            let from = (position.x - shown.x + skip_x, position.y - shown.y + skip_y);
            if let (Some(cell), Some(source)) = (buf.cell_mut(position), scratch.cell(from)) {
                *cell = source.clone();
            }
        }
    }

    /// One sign; the red and the chosen ones have their names beside it, over the lines.
    fn draw_sign(
        &self,
        chip: &Chip,
        (node, shown): (usize, Rect),
        area: Rect,
        buf: &mut Buffer,
        look: &Look,
        how: ChipStyle,
    ) {
        look.clear(buf, shown, Role::Surface);
        let sign = chip.state();
        let (glyph, of_sign) = look.sign(sign);
        let style = if how.dim { look.style(Role::Faint) } else { of_sign };
        if shown.width >= 2 {
            let at = (shown.x + 1, shown.y);
            look.put(buf, at, glyph.encode_utf8(&mut [0; 4]), 1, style);
        }
        if how.chosen {
            look.theme.choose(buf, shown);
        }
        if (how.chosen || sign.is_red()) && !how.dim {
            let spot = self.placed.nodes[node];
            let next =
                self.placed.nodes.iter().filter(|other| other.y == spot.y && other.x > spot.x);
            let free = next.map(|other| other.x - spot.x - spot.width).min().unwrap_or(24).min(24);
            let free = u16::try_from(free).unwrap_or(0);
            let room = area.right().saturating_sub(shown.right()).min(free);
            let name = format::cut_middle(&chip.name, usize::from(room));
            let role = if how.chosen { Role::Bright } else { sign.role() };
            look.put(buf, (shown.right(), shown.y), &name, room, look.bold(role));
        }
    }

    fn is_dim(&self, node: usize) -> bool {
        (!self.path.is_empty() && !self.path.contains(&node))
            || self.dimmed.get(node).copied().unwrap_or(false)
    }

    fn stroke(&self, edge: usize) -> Stroke {
        let e = self.placed.edges[edge];
        let is_on_path =
            !self.path.is_empty() && self.path.contains(&e.from) && self.path.contains(&e.to);
        let is_dim = self.is_dim(e.from) || self.is_dim(e.to);
        let sign = self.chips.get(e.from).map_or(Sign::Unknown, Chip::state);
        let is_chosen = self.selected.is_some_and(|node| node == e.from || node == e.to);
        let role = match () {
            () if is_dim => Role::Faint,
            () if is_chosen || is_on_path => Role::EdgeFocus,
            () if sign.is_hot() => sign.role(),
            () if !e.triggers => Role::EdgeUntriggered,
            () => Role::Edge,
        };
        Stroke { role, is_heavy: is_on_path, is_dim }
    }
}

fn style(stroke: Stroke, look: &Look) -> ratatui::style::Style {
    look.style(if stroke.is_dim { Role::Border } else { stroke.role })
}

/// The part of a spot that is in view.
fn clip(spot: Spot, offset: (i32, i32), area: Rect) -> Option<Rect> {
    let left = spot.x - offset.0;
    let top = spot.y - offset.1;
    let right = (left + spot.width).min(i32::from(area.width));
    let bottom = (top + spot.height).min(i32::from(area.height));
    let (left, top) = (left.max(0), top.max(0));
    if left >= right || top >= bottom {
        return None;
    }
    Some(Rect {
        x: area.x + u16::try_from(left).ok()?,
        y: area.y + u16::try_from(top).ok()?,
        width: u16::try_from(right - left).ok()?,
        height: u16::try_from(bottom - top).ok()?,
    })
}

impl Plan {
    /// The nodes between two that a reader wants to see together: the path of one.
    pub fn path_of(&self, selected: Option<usize>) -> Vec<usize> {
        selected.map(|node| self.path(node)).unwrap_or_default()
    }
}

//! All of a graph in a corner: two by four dots a cell, the worst state wins a shared one.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::place::Placed;
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::Chip;

/// All of a graph in a corner.
#[derive(Debug, Clone, Copy)]
pub struct Minimap<'a> {
    /// Where everything stands.
    pub placed: &'a Placed,
    /// What every node tells.
    pub chips: &'a [Chip],
    /// What is in view, first column and row, then columns and rows; drawn as a frame if that is
    /// not all.
    pub view: ((i32, i32), (u16, u16)),
}

impl Minimap<'_> {
    /// Draws it into `area`.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = area.intersection(buf.area);
        let (columns, rows) = (self.placed.size.0.max(1), self.placed.size.1.max(1));
        if area.is_empty() {
            return;
        }
        let (wide, tall) = (i32::from(area.width) * 2, i32::from(area.height) * 4);
        let x_of = |x: i32| x * wide / columns;
        // A short graph is not stretched: its rows keep the shape of the picture.
        let tall = tall.min(rows * 2);
        let y_of = |y: i32| y * tall / rows;
        let mut cells: BTreeMap<(u16, u16), (u8, Sign)> = BTreeMap::new();
        for (spot, chip) in self.placed.nodes.iter().zip(self.chips) {
            let sign = chip.state();
            let ys = y_of(spot.y)..y_of(spot.y + spot.height).max(y_of(spot.y) + 1);
            for y in ys {
                for x in x_of(spot.x)..x_of(spot.x + spot.width).max(x_of(spot.x) + 1) {
                    let dot = dot(x, y);
                    let (Ok(cx), Ok(cy)) = (u16::try_from(x / 2), u16::try_from(y / 4)) else {
                        continue;
                    };
                    let cell = cells.entry((cx, cy)).or_insert((0, sign));
                    cell.0 |= dot;
                    cell.1 = cell.1.min(sign);
                }
            }
        }
        for ((x, y), (dots, sign)) in cells {
            if x >= area.width || y >= area.height {
                continue;
            }
            let role = match sign {
                Sign::Failed | Sign::Errored | Sign::Started | Sign::Paused => sign.role(),
                _ => Role::Edge,
            };
            let glyph = char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ');
            let at = (area.x + x, area.y + y);
            look.put(buf, at, glyph.encode_utf8(&mut [0; 4]), 1, look.style(role));
        }
        self.frame(area, (x_of, y_of), buf, look);
    }

    fn frame(
        &self,
        area: Rect,
        (x_of, y_of): (impl Fn(i32) -> i32, impl Fn(i32) -> i32),
        buf: &mut Buffer,
        look: &Look,
    ) {
        let ((left, top), (width, height)) = self.view;
        if self.placed.fits((width, height)) {
            return;
        }
        let cell = |n: i32, per: i32, most: u16| {
            u16::try_from((n / per).max(0)).unwrap_or(0).min(most.saturating_sub(1))
        };
        let x0 = area.x + cell(x_of(left), 2, area.width);
        let x1 = area.x + cell(x_of(left + i32::from(width)), 2, area.width);
        let y0 = area.y + cell(y_of(top), 4, area.height);
        let y1 = area.y + cell(y_of(top + i32::from(height)), 4, area.height);
        let style = look.style(Role::Accent);
        let mut put = |x: u16, y: u16, glyph: &str| {
            look.put(buf, (x, y), glyph, 1, style);
        };
        if x1 <= x0 || y1 <= y0 {
            for x in x0..=x1 {
                put(x, y0, "─");
            }
            return;
        }
        for x in x0 + 1..x1 {
            put(x, y0, "─");
            put(x, y1, "─");
        }
        for y in y0 + 1..y1 {
            put(x0, y, "│");
            put(x1, y, "│");
        }
        for (x, y, glyph) in [(x0, y0, "╭"), (x1, y0, "╮"), (x0, y1, "╰"), (x1, y1, "╯")] {
            put(x, y, glyph);
        }
    }
}

fn dot(x: i32, y: i32) -> u8 {
    const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let at = |n: i32, of: i32| usize::try_from(n.rem_euclid(of)).unwrap_or(0);
    DOTS[at(y, 4)][at(x, 2)]
}

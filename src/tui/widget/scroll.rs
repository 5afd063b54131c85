//! Where one is in something longer than the view, with ticks for what is worth a jump.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::look::Look;
use crate::tui::theme::Role;

/// A place worth a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The line.
    pub line: usize,
    /// Its colour: match, failed.
    pub role: Role,
}

/// A thin line with ticks, and the part in view beside it: two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrollbar<'a> {
    /// All lines.
    pub total: usize,
    /// The first in view.
    pub first: usize,
    /// How many are in view.
    pub shown: usize,
    /// The ticks; later ones win a shared row.
    pub ticks: &'a [Tick],
}

impl Scrollbar<'_> {
    /// Draws it into the last two columns of `area`.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = area.intersection(buf.area);
        if area.width < 2 || area.height == 0 || self.total == 0 {
            return;
        }
        let (line, thumb) = (area.right() - 2, area.right() - 1);
        look.wall(buf, line, area.top()..area.bottom());
        let place = |n: usize| {
            let row = n.min(self.total) * usize::from(area.height) / self.total;
            area.y + u16::try_from(row).unwrap_or(0).min(area.height - 1)
        };
        for tick in self.ticks {
            look.put(buf, (line, place(tick.line)), "┃", 1, look.style(tick.role));
        }
        if self.shown < self.total {
            let end = place(self.first + self.shown).max(place(self.first));
            for y in place(self.first)..=end {
                look.put(buf, (thumb, y), "▌", 1, look.style(Role::Muted));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    #[test]
    fn ticks_and_thumb_have_their_rows() {
        let area = Rect::new(0, 0, 2, 4);
        let mut buf = Buffer::empty(area);
        let ticks = [Tick { line: 99, role: Role::Failed }, Tick { line: 500, role: Role::Match }];
        Scrollbar { total: 100, first: 0, shown: 25, ticks: &ticks }.draw(
            area,
            &mut buf,
            &Look::night(),
        );
        assert_eq!(rows(&buf), ["│▌", "│▌", "│", "┃"]);
    }
}

//! Short answers at the top right: one line each, three at most.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::words::Words;
use crate::tui::format;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// How many are shown; older ones wait among the messages.
const SHOWN: usize = 3;

/// One short answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The colour of its bar.
    pub role: Role,
    /// What happened.
    pub text: String,
    /// What `u` does, with the time that is left: `undo, 5 s`.
    pub undo: Option<String>,
}

impl Toast {
    fn width(&self) -> usize {
        let undo = self.undo.as_ref().map_or(0, |undo| format::width(undo) + 5);
        format::width(&self.text) + undo + 4
    }
}

/// Toasts, the newest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toasts<'a>(pub &'a [Toast]);

impl Toasts<'_> {
    /// Draws the newest three into a corner of `area`, which is the body; never over `chosen`.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, chosen: Rect) {
        let area = area.intersection(buf.area);
        let shown = &self.0[self.0.len().saturating_sub(SHOWN)..];
        let rows = u16::try_from(shown.len()).unwrap_or(0);
        if rows == 0 || area.width < 8 || area.height < rows {
            return;
        }
        let widest = shown.iter().map(Toast::width).max().unwrap_or(0);
        let width = u16::try_from(widest).unwrap_or(u16::MAX).min(area.width - 2);
        let x = area.right() - width - 1;
        let top = Rect { x, y: area.y, width, height: rows };
        let at = if top.intersects(chosen) { Rect { y: area.bottom() - rows, ..top } } else { top };
        for (toast, y) in shown.iter().zip(at.top()..) {
            let row = Rect { y, height: 1, ..at };
            look.clear(buf, row, Role::Raised);
            look.put(buf, (row.x, y), "▌", 1, look.style(toast.role));
            let mut words = Words::new().text(toast.text.as_str());
            if let Some(undo) = &toast.undo {
                words = words.gap(3).key("u", undo);
            }
            words.draw(buf, (row.x + 2, y), row.width.saturating_sub(3), look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    #[test]
    fn toasts_keep_off_the_chosen_row() {
        let area = Rect::new(0, 0, 40, 3);
        let toast = Toast {
            role: Role::Succeeded,
            text: "rerun is #38".to_owned(),
            undo: Some("abort it, 4 s".to_owned()),
        };
        for (chosen, row) in [(Rect::new(0, 2, 40, 1), 0), (Rect::new(0, 0, 40, 1), 2)] {
            let mut buf = Buffer::empty(area);
            Toasts(std::slice::from_ref(&toast)).draw(area, &mut buf, &Look::night(), chosen);
            assert_eq!(rows(&buf)[row], "     ▌ rerun is #38   u abort it, 4 s");
        }
    }
}

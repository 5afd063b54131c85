//! The framed box over a pane, and the places that it may take.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::words::Words;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// A framed box: title left in the frame, answer keys right in the lower frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// In the upper frame, left.
    pub title: Words,
    /// In the lower frame, right.
    pub foot: Words,
    /// The frame: accent, or failed for stopping and destroying.
    pub frame: Role,
    /// The ground: raised, or bg for a shell.
    pub ground: Role,
}

impl Overlay {
    /// A box that asks or tells.
    pub fn new(title: Words) -> Overlay {
        Overlay { title, foot: Words::new(), frame: Role::BorderFocus, ground: Role::Raised }
    }

    /// A box that stops or destroys.
    pub fn danger(title: Words) -> Overlay {
        Overlay { frame: Role::Failed, ..Overlay::new(title) }
    }

    /// The frame round a shell.
    pub fn shell(title: Words) -> Overlay {
        Overlay { ground: Role::Bg, ..Overlay::new(title) }
    }

    /// The same with words in the lower frame.
    pub fn foot(mut self, foot: Words) -> Overlay {
        self.foot = foot;
        self
    }

    /// Draws frame and ground; gives the room inside, one column free on each side.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) -> Rect {
        let area = area.intersection(buf.area);
        look.clear(buf, area, self.ground);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let style = look.style(self.frame);
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.x + 1..right {
            look.put(buf, (x, area.y), "─", 1, style);
            look.put(buf, (x, bottom), "─", 1, style);
        }
        for y in area.y + 1..bottom {
            look.put(buf, (area.x, y), "│", 1, style);
            look.put(buf, (right, y), "│", 1, style);
        }
        for (x, y, corner) in [
            (area.x, area.y, "╭"),
            (right, area.y, "╮"),
            (area.x, bottom, "╰"),
            (right, bottom, "╯"),
        ] {
            look.put(buf, (x, y), corner, 1, style);
        }
        let room = area.width.saturating_sub(6);
        if !self.title.is_empty() {
            let title = Words::new().gap(1).then(self.title.clone()).gap(1);
            title.draw(buf, (area.x + 2, area.y), room, look);
        }
        if !self.foot.is_empty() {
            let foot = Words::new().gap(1).then(self.foot.clone()).gap(1);
            foot.draw_right(buf, (right.saturating_sub(1), bottom), room, look);
        }
        Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height - 2,
        }
    }
}

/// The middle of `within` for a box of `width` and `height`; all of it when there is no room.
pub fn centre(within: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(within.width), height.min(within.height));
    Rect {
        x: within.x + (within.width - width) / 2,
        y: within.y + (within.height - height) / 2,
        width,
        height,
    }
}

/// A place for a box beside `thing` that does not cover it: right, left, below, above, else the
/// middle of `within`.
pub fn beside(within: Rect, thing: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(within.width), height.min(within.height));
    let top = thing.y.min(within.bottom() - height).max(within.y);
    let left = thing.x.min(within.right() - width).max(within.x);
    if within.right().saturating_sub(thing.right() + 1) >= width {
        return Rect { x: thing.right() + 1, y: top, width, height };
    }
    if thing.x.saturating_sub(within.x + 1) >= width {
        return Rect { x: thing.x - 1 - width, y: top, width, height };
    }
    if within.bottom().saturating_sub(thing.bottom() + 1) >= height {
        return Rect { x: left, y: thing.bottom() + 1, width, height };
    }
    if thing.y.saturating_sub(within.y + 1) >= height {
        return Rect { x: left, y: thing.y - 1 - height, width, height };
    }
    centre(within, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    #[test]
    fn a_box_has_title_and_foot() {
        let area = Rect::new(0, 0, 24, 3);
        let mut buf = Buffer::empty(area);
        let inner = Overlay::new(Words::new().text("Shell"))
            .foot(Words::new().key("esc", "back"))
            .draw(area, &mut buf, &Look::night());
        assert_eq!(inner, Rect::new(2, 1, 20, 1));
        assert_eq!(
            rows(&buf),
            ["╭─ Shell ──────────────╮", "│                      │", "╰─────────── esc back ─╯"]
        );
    }

    #[test]
    fn a_box_stands_beside_what_it_is_about() {
        let within = Rect::new(0, 1, 80, 20);
        let thing = Rect::new(50, 8, 20, 2);
        assert_eq!(beside(within, thing, 40, 10), Rect::new(9, 8, 40, 10));
        assert!(!beside(within, thing, 60, 6).intersects(thing));
        assert_eq!(beside(within, thing, 90, 30), within);
        for (w, h) in [(1, 1), (0, 0), (200, 200)] {
            centre(Rect::new(0, 0, 1, 1), w, h);
            beside(Rect::new(0, 0, 1, 1), thing, w, h);
        }
    }
}

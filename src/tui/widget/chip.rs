//! The quiet filled block that a job is drawn as.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::progress::Progress;
use crate::tui::format::{self, Cut};
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::{Depth, Role};

/// What a chip tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chip {
    /// The name.
    pub name: String,
    /// What was: the state; none draws as a state that nobody knows.
    pub sign: Option<Sign>,
    /// What comes: drawn beside the state.
    pub next: Option<Sign>,
    /// The left part of the second row: build and duration, or a reason.
    pub facts: String,
    /// The right end of the second row: an age, or what is left.
    pub end: String,
    /// A line that fills between both.
    pub progress: Option<Progress>,
    /// A resource: one row in muted, its age at the right end.
    pub is_resource: bool,
    /// Marked by the reader.
    pub is_marked: bool,
}

/// How a chip is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChipStyle {
    /// It is the chosen one.
    pub chosen: bool,
    /// It lies outside of what is looked at.
    pub dim: bool,
    /// Where the name is cut.
    pub cut: Cut,
}

impl Chip {
    /// A chip of a name and a state.
    pub fn new(name: impl Into<String>, sign: Sign) -> Chip {
        Chip { name: name.into(), sign: Some(sign), ..Chip::default() }
    }

    /// The same with facts in the second row.
    pub fn facts(mut self, facts: impl Into<String>, end: impl Into<String>) -> Chip {
        self.facts = facts.into();
        self.end = end.into();
        self
    }

    /// The same with a line that fills.
    pub fn progress(mut self, progress: Progress) -> Chip {
        self.progress = Some(progress);
        self
    }

    /// The state.
    pub fn state(&self) -> Sign {
        self.sign.unwrap_or(Sign::Unknown)
    }

    /// Draws it into `area`: one row has the name, two rows have the facts as well.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, style: ChipStyle) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let rows = area.height.min(2);
        let area = Rect { height: rows, ..area };
        let sign = self.state();
        look.clear(buf, area, Role::Surface);
        let bar = if style.dim || sign == Sign::Succeeded || self.is_resource {
            Role::Faint
        } else {
            sign.role()
        };
        // With sixteen colours a chip stands bare; with none its bar is all that frames it.
        if !self.is_resource && look.theme.depth() != Depth::Sixteen {
            for y in area.top()..area.bottom() {
                look.put(buf, (area.x, y), "▌", 1, look.style(bar));
            }
        }
        self.draw_name(area, buf, look, style);
        if rows == 2 {
            self.draw_facts(area, buf, look, style);
        }
        if style.chosen {
            look.theme.choose(buf, area);
        }
    }

    fn draw_name(&self, area: Rect, buf: &mut Buffer, look: &Look, style: ChipStyle) {
        let sign = self.state();
        let (glyph, of_sign) = look.sign(sign);
        let of_sign = if style.dim { look.style(Role::Faint) } else { of_sign };
        let left = area.x + if self.is_resource { 1 } else { 2 };
        let mut x = look.put(
            buf,
            (left, area.y),
            glyph.encode_utf8(&mut [0; 4]),
            area.right().saturating_sub(left),
            of_sign,
        );
        if let Some(next) = self.next {
            let (glyph, style) = look.sign(next);
            let room = area.right().saturating_sub(x);
            x = look.put(buf, (x, area.y), glyph.encode_utf8(&mut [0; 4]), room, style);
        }
        let tone = match () {
            () if style.dim => look.style(Role::Faint),
            () if style.chosen || sign.is_red() => look.bold(Role::Bright),
            () if sign.is_quiet() || self.is_resource => look.style(Role::Muted),
            () => look.style(Role::Text),
        };
        let mut right = area.right().saturating_sub(1);
        if self.is_resource && !self.end.is_empty() {
            let wide = u16::try_from(format::width(&self.end)).unwrap_or(0);
            if area.width > wide + 12 {
                right = right.saturating_sub(wide);
                look.put(buf, (right, area.y), &self.end, wide, look.style(Role::Muted));
                right = right.saturating_sub(1);
            }
        }
        if self.is_marked {
            right = right.saturating_sub(1);
            look.put(buf, (right, area.y), "•", 1, look.bold(Role::Accent));
        }
        let room = right.saturating_sub(x + 1);
        let name = style.cut.apply(&self.name, usize::from(room));
        look.put(buf, (x + 1, area.y), &name, room, tone);
    }

    fn draw_facts(&self, area: Rect, buf: &mut Buffer, look: &Look, style: ChipStyle) {
        let tone = look.style(if style.dim { Role::Faint } else { Role::Muted });
        let (left, y, right) = (area.x + 4, area.y + 1, area.right().saturating_sub(1));
        if right <= left {
            return;
        }
        let room = right - left;
        // A reason is worth more than its age, where there is no room for both.
        let both = format::width(&self.facts) + 1 + format::width(&self.end);
        let is_tight = room < 14 && both > usize::from(room) && self.progress.is_none();
        let end = if is_tight && !self.facts.is_empty() { "" } else { self.end.as_str() };
        let end = format::cut_end(end, usize::from(room));
        let wide = u16::try_from(format::width(&end)).unwrap_or(room);
        look.put(buf, (right - wide, y), &end, wide, tone);
        let room = if wide == 0 { room } else { room.saturating_sub(wide + 1) };
        if let Some(progress) = &self.progress {
            let used = look.put(buf, (left, y), &self.facts, room, tone) - left;
            let from = left + if used == 0 { 0 } else { used + 1 };
            let role = if style.dim { Role::Faint } else { Role::Started };
            progress.draw_in(role, (from, y), (left + room).saturating_sub(from), buf, look);
            return;
        }
        let facts = format::cut_end(&self.facts, usize::from(room));
        look.put(buf, (left, y), &facts, room, tone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    fn check(chip: &Chip, width: u16, height: u16, expected: &[&str]) {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        chip.draw(area, &mut buf, &Look::night(), ChipStyle::default());
        assert_eq!(rows(&buf), expected);
    }

    #[test]
    fn chips_have_a_name_and_facts() {
        let chip = Chip::new("unit", Sign::Succeeded).facts("#41  48s", "26m");
        check(&chip, 20, 2, &["▌ ✓ unit", "▌   #41  48s    26m"]);
        check(&chip, 20, 1, &["▌ ✓ unit"]);
        let chip = Chip::new("integration-postgres", Sign::Failed).facts("#7", "1h");
        check(&chip, 14, 2, &["▌ ✗ inte…gres", "▌   #7     1h"]);
        let running =
            Chip::new("perf", Sign::Started).facts("#9", "~2m 10s").progress(Progress::of(50));
        check(&running, 22, 2, &["▌ ◐ perf", "▌   #9 ━━━─── ~2m 10s"]);
        check(&running, 3, 2, &["▌ ◐", "▌"]);
        check(&running, 1, 1, &["▌"]);
    }
}

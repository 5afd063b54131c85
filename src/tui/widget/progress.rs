//! The line that fills, and the history at a glance.

use std::time::Duration;

use ratatui::buffer::Buffer;

use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// How far something is: a line, never a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    permille: u16,
}

impl Progress {
    /// So many of a hundred.
    pub fn of(percent: u16) -> Progress {
        Progress { permille: percent.min(100) * 10 }
    }

    /// `elapsed` of what the last builds took.
    pub fn at(elapsed: Duration, expected: Duration) -> Progress {
        let expected = expected.as_millis().max(1);
        let permille = (elapsed.as_millis() * 1000 / expected).min(1000);
        Progress { permille: u16::try_from(permille).unwrap_or(1000) }
    }

    /// Draws `width` columns from `at` on.
    pub fn draw(&self, at: (u16, u16), width: u16, buf: &mut Buffer, look: &Look) {
        self.draw_in(Role::Started, at, width, buf, look);
    }

    /// Draws it with the full part in another role.
    pub fn draw_in(&self, role: Role, at: (u16, u16), width: u16, buf: &mut Buffer, look: &Look) {
        let full = u32::from(width) * u32::from(self.permille) / 1000;
        let full = u16::try_from(full).unwrap_or(width);
        for i in 0..width {
            let (glyph, tone) = if i < full { ("━", role) } else { ("─", Role::Faint) };
            look.put(buf, (at.0 + i, at.1), glyph, 1, look.style(tone));
        }
    }
}

/// The last builds, newest right: height carries the result, so that it reads without colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse<'a> {
    /// The states, oldest first; none is a gap.
    pub builds: &'a [Option<Sign>],
    /// Cells for each.
    pub step: u16,
}

impl Pulse<'_> {
    /// Draws the newest that fit into `width` columns, right-aligned if there are fewer.
    pub fn draw(&self, at: (u16, u16), width: u16, buf: &mut Buffer, look: &Look) {
        let step = self.step.max(1);
        let places = usize::from(width / step);
        let from = self.builds.len().saturating_sub(places);
        let shown = &self.builds[from..];
        let blank = places - shown.len();
        for (i, build) in shown.iter().enumerate() {
            let (glyph, role) = match build {
                Some(Sign::Failed | Sign::Errored) => ("▇", build.map(Sign::role)),
                Some(Sign::Aborted) => ("▄", Some(Role::Aborted)),
                Some(Sign::Started) => ("▁", Some(Role::Started)),
                Some(_) => ("▁", Some(Role::Edge)),
                None => (" ", None),
            };
            let x = at.0 + u16::try_from(blank + i).unwrap_or(0) * step;
            look.put(buf, (x, at.1), glyph, 1, look.style(role.unwrap_or(Role::Edge)));
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;
    use crate::tui::widget::testing::rows;

    #[test]
    fn lines_fill_and_pulses_end_right() {
        let look = Look::night();
        let mut buf = Buffer::empty(Rect::new(0, 0, 10, 2));
        Progress::at(Duration::from_secs(90), Duration::from_secs(60)).draw(
            (0, 0),
            4,
            &mut buf,
            &look,
        );
        Progress::at(Duration::ZERO, Duration::ZERO).draw((5, 0), 4, &mut buf, &look);
        let builds = [Some(Sign::Failed), Some(Sign::Succeeded), None, Some(Sign::Aborted)];
        Pulse { builds: &builds, step: 1 }.draw((0, 1), 6, &mut buf, &look);
        assert_eq!(rows(&buf), ["━━━━ ────", "  ▇▁ ▄"]);
    }
}

//! What every widget is drawn with: theme, glyphs, and whether things may move.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::glyph::{GlyphSet, Sign};
use crate::tui::theme::{Depth, Role, Theme};

/// Theme, glyphs and motion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Roles to colours.
    pub theme: Theme,
    /// Which characters may be used.
    pub glyphs: GlyphSet,
    /// Whether running signs turn, and how far they are.
    pub motion: Motion,
}

/// Whether running signs turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// They do not.
    Still,
    /// They do; the number counts quarters of a second.
    Frame(u64),
}

impl Look {
    /// Night, all colours, all glyphs, a spinner in its first position.
    pub fn night() -> Look {
        Look {
            theme: Theme::night(Depth::True),
            glyphs: GlyphSet::Unicode,
            motion: Motion::Frame(0),
        }
    }

    /// The style of text in a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// The style of bold text in a role.
    pub fn bold(&self, role: Role) -> Style {
        self.theme.style(role).add_modifier(Modifier::BOLD)
    }

    /// The glyph of a state, as it is now, and its style.
    pub fn sign(&self, sign: Sign) -> (char, Style) {
        let glyph = match (sign, self.glyphs, self.motion) {
            (Sign::Started, GlyphSet::Unicode, Motion::Still) => '●',
            (Sign::Started, GlyphSet::Unicode, Motion::Frame(n)) => {
                ['◐', '◓', '◑', '◒'][usize::try_from(n % 4).unwrap_or(0)]
            }
            _ => sign.glyph(self.glyphs),
        };
        let style = match sign {
            Sign::Failed => self.bold(sign.role()),
            _ => self.style(sign.role()),
        };
        (glyph, style)
    }

    /// Writes `text` from `x` on, at most `room` columns, inside `buf` only; gives the column
    /// after it. Control characters are left out, a wide character that does not fit is not
    /// begun. The ground stays unless `style` has one.
    pub fn put(
        &self,
        buf: &mut Buffer,
        (x, y): (u16, u16),
        text: &str,
        room: u16,
        style: Style,
    ) -> u16 {
        let area = buf.area;
        let end = x.saturating_add(room).min(area.right());
        if y < area.top() || y >= area.bottom() {
            return x;
        }
        let mut at = x;
        for piece in text.graphemes(true) {
            let Some(first) = piece.chars().next().filter(|c| !c.is_control()) else { continue };
            let wide = u16::try_from(piece.width()).unwrap_or(2).min(2);
            if wide == 0 {
                continue;
            }
            if at + wide > end {
                break;
            }
            if at >= area.left()
                && let Some(cell) = buf.cell_mut((at, y))
            {
                if self.glyphs == GlyphSet::Unicode {
                    cell.set_symbol(piece);
                } else {
                    cell.set_char(self.glyphs.show(first));
                }
                cell.modifier = Modifier::empty();
                cell.set_style(style);
                if wide == 2
                    && let Some(next) = buf.cell_mut((at + 1, y))
                {
                    next.reset();
                    if self.glyphs != GlyphSet::Unicode {
                        next.set_char('?');
                    }
                    next.set_style(style);
                }
            }
            at += wide;
        }
        at
    }

    /// Empties `area` and lays the ground of a role.
    pub fn clear(&self, buf: &mut Buffer, area: Rect, role: Role) {
        let area = area.intersection(buf.area);
        let style = Style::new().fg(self.theme.colour(Role::Text)).bg(self.theme.colour(role));
        for position in area.positions() {
            if let Some(cell) = buf.cell_mut(position) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// A horizontal line.
    pub fn rule(&self, buf: &mut Buffer, (x, y): (u16, u16), width: u16) {
        for at in x..x.saturating_add(width) {
            self.put(buf, (at, y), "─", 1, self.style(Role::Border));
        }
    }

    /// A vertical line.
    pub fn wall(&self, buf: &mut Buffer, x: u16, rows: std::ops::Range<u16>) {
        for y in rows {
            self.put(buf, (x, y), "│", 1, self.style(Role::Border));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_inside_and_whole() {
        let look = Look::night();
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        let style = look.style(Role::Text);
        assert_eq!(look.put(&mut buf, (0, 0), "a\x1b[31m\u{7}界界界", 6, style), 5);
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        assert_eq!(look.put(&mut buf, (1, 0), "界界", 9, style), 3);
        assert_eq!(look.put(&mut buf, (0, 9), "below", 9, style), 0);
    }

    #[test]
    fn a_running_sign_turns_or_rests() {
        let mut look = Look::night();
        assert_eq!(look.sign(Sign::Started).0, '◐');
        look.motion = Motion::Frame(6);
        assert_eq!(look.sign(Sign::Started).0, '◑');
        look.motion = Motion::Still;
        assert_eq!(look.sign(Sign::Started).0, '●');
        look.glyphs = GlyphSet::Ascii;
        assert_eq!(look.sign(Sign::Started).0, '*');
    }
}

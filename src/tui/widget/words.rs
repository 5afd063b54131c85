//! A line of text in roles: what `say` is to the screens.
//!
//! Words know no colours, so they can be made, measured, cut and compared without a theme.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use unicode_segmentation::UnicodeSegmentation;

use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// One run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Text { text: String, role: Role, bold: bool, underline: bool },
    Sign(Sign),
    Badge { text: String, role: Role },
}

/// A line of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(Vec<Word>);

impl Words {
    /// An empty line.
    pub fn new() -> Words {
        Words::default()
    }

    fn with(mut self, text: impl Into<String>, role: Role, bold: bool, underline: bool) -> Words {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Word::Text { text, role, bold, underline });
        }
        self
    }

    /// What is read.
    pub fn text(self, text: impl Into<String>) -> Words {
        self.with(text, Role::Text, false, false)
    }

    /// Facts beside it.
    pub fn muted(self, text: impl Into<String>) -> Words {
        self.with(text, Role::Muted, false, false)
    }

    /// Never the only copy of a fact.
    pub fn faint(self, text: impl Into<String>) -> Words {
        self.with(text, Role::Faint, false, false)
    }

    /// The one thing to act on: bold and near white.
    pub fn bright(self, text: impl Into<String>) -> Words {
        self.with(text, Role::Bright, true, false)
    }

    /// Text in any role.
    pub fn role(self, role: Role, text: impl Into<String>) -> Words {
        self.with(text, role, false, false)
    }

    /// Bold text in any role.
    pub fn bold(self, role: Role, text: impl Into<String>) -> Words {
        self.with(text, role, true, false)
    }

    /// The chosen option of several in a row.
    pub fn chosen(self, text: impl Into<String>) -> Words {
        self.with(text, Role::Bright, false, true)
    }

    /// Underlined text in any role.
    pub fn underlined(self, role: Role, text: impl Into<String>) -> Words {
        self.with(text, role, false, true)
    }

    /// The label of a section: capitals.
    pub fn label(self, text: &str) -> Words {
        self.with(text.to_uppercase(), Role::Muted, true, false)
    }

    /// A state's glyph.
    pub fn sign(mut self, sign: Sign) -> Words {
        self.0.push(Word::Sign(sign));
        self
    }

    /// A badge: the only reversed text.
    pub fn badge(mut self, role: Role, text: impl Into<String>) -> Words {
        self.0.push(Word::Badge { text: text.into(), role });
        self
    }

    /// A key and what it does.
    pub fn key(self, key: &str, what: &str) -> Words {
        let words = self.bright(key);
        if what.is_empty() { words } else { words.gap(1).muted(what) }
    }

    /// Blanks: one in a phrase, two between facts, three between groups.
    pub fn gap(self, columns: usize) -> Words {
        self.with(" ".repeat(columns), Role::Text, false, false)
    }

    /// Counts by state, worst first, zeros left out, only what is not green coloured:
    /// `✗1 ▲1 ◐3 ✓9`.
    pub fn counts(mut self, counts: &[(Sign, usize)], gap: usize, apart: bool) -> Words {
        let mut sorted: Vec<_> = counts.iter().filter(|(_, n)| *n > 0).collect();
        sorted.sort_by_key(|(sign, _)| *sign);
        for (place, (sign, n)) in sorted.into_iter().enumerate() {
            if place > 0 {
                self = self.gap(gap);
            }
            let quiet = *sign == Sign::Succeeded || sign.is_quiet();
            let number = if apart { format!(" {n}") } else { n.to_string() };
            self = match (quiet, sign) {
                (true, _) => self
                    .muted(sign.glyph(crate::tui::glyph::GlyphSet::Unicode).to_string())
                    .muted(number),
                (false, Sign::Failed) => self.sign(*sign).bold(sign.role(), number),
                (false, _) => self.sign(*sign).role(sign.role(), number),
            };
        }
        self
    }

    /// All words of `more` after these.
    pub fn then(mut self, more: Words) -> Words {
        self.0.extend(more.0);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many columns they take.
    pub fn width(&self) -> u16 {
        let columns: usize = self
            .0
            .iter()
            .map(|word| match word {
                Word::Text { text, .. } => format::width(text),
                Word::Sign(_) => 1,
                Word::Badge { text, .. } => format::width(text) + 2,
            })
            .sum();
        u16::try_from(columns).unwrap_or(u16::MAX)
    }

    /// The same words in one role: behind an overlay, disabled, or dimmed by a filter.
    pub fn in_role(mut self, to: Role) -> Words {
        for word in &mut self.0 {
            match word {
                Word::Text { role, bold, underline, .. } => {
                    (*role, *bold, *underline) = (to, false, false);
                }
                Word::Sign(sign) => {
                    let glyph = sign.glyph(crate::tui::glyph::GlyphSet::Unicode).to_string();
                    *word = Word::Text { text: glyph, role: to, bold: false, underline: false };
                }
                Word::Badge { .. } => {}
            }
        }
        self
    }

    /// Writes them from `at` on, at most `room` columns; what does not fit ends in `…`. Gives the
    /// column after the last.
    pub fn draw(&self, buf: &mut Buffer, at: (u16, u16), room: u16, look: &Look) -> u16 {
        let whole = self.width() <= room;
        let end = at.0.saturating_add(room);
        let last = if whole { end } else { end.saturating_sub(1) };
        let (mut x, y) = at;
        let mut style = look.style(Role::Text);
        for word in &self.0 {
            let room = last.saturating_sub(x);
            let wanted = match word {
                Word::Text { text, .. } => format::width(text),
                Word::Sign(_) => 1,
                Word::Badge { text, .. } => format::width(text) + 2,
            };
            match word {
                Word::Text { text, role, bold, underline } => {
                    style = look.style(*role);
                    if *bold {
                        style = style.add_modifier(Modifier::BOLD);
                    }
                    if *underline {
                        style = style.add_modifier(Modifier::UNDERLINED);
                    }
                    x = look.put(buf, (x, y), text, room, style);
                }
                Word::Sign(sign) => {
                    let (glyph, of_sign) = look.sign(*sign);
                    style = of_sign;
                    x = look.put(buf, (x, y), glyph.encode_utf8(&mut [0; 4]), room, style);
                }
                Word::Badge { text, role } => {
                    style = look.theme.badge(*role);
                    x = look.put(buf, (x, y), &format!(" {text} "), room, style);
                }
            }
            if wanted > usize::from(room) {
                break;
            }
        }
        if whole || room == 0 { x } else { look.put(buf, (x, y), "…", end - x, style) }
    }

    /// Writes them so that they end before `right`, at most `room` columns. Gives their first
    /// column.
    pub fn draw_right(&self, buf: &mut Buffer, right: (u16, u16), room: u16, look: &Look) -> u16 {
        let width = self.width().min(room);
        let x = right.0.saturating_sub(width);
        self.draw(buf, (x, right.1), width, look);
        x
    }

    /// Breaks them into lines of `room` columns, at blanks where there are any.
    pub fn wrap(&self, room: u16) -> Vec<Words> {
        let room = usize::from(room.max(1));
        let mut lines = vec![Words::new()];
        let mut used = 0;
        for word in &self.0 {
            let Word::Text { text, role, bold, underline } = word else {
                used += 1;
                if let Some(line) = lines.last_mut() {
                    line.0.push(word.clone());
                }
                continue;
            };
            for piece in text.split_word_bounds() {
                let wide = format::width(piece);
                if used > 0 && used + wide > room {
                    lines.push(Words::new());
                    used = 0;
                    if piece.trim().is_empty() {
                        continue;
                    }
                }
                used += wide;
                if let Some(line) = lines.last_mut() {
                    line.push(piece, *role, *bold, *underline);
                }
            }
        }
        lines
    }

    fn push(&mut self, more: &str, in_role: Role, is_bold: bool, is_underlined: bool) {
        if let Some(Word::Text { text, role, bold, underline }) = self.0.last_mut()
            && (*role, *bold, *underline) == (in_role, is_bold, is_underlined)
        {
            text.push_str(more);
            return;
        }
        self.0.push(Word::Text {
            text: more.to_owned(),
            role: in_role,
            bold: is_bold,
            underline: is_underlined,
        });
    }

    /// The words alone.
    pub fn plain(&self) -> String {
        self.0
            .iter()
            .map(|word| match word {
                Word::Text { text, .. } => text.clone(),
                Word::Sign(sign) => sign.glyph(crate::tui::glyph::GlyphSet::Unicode).to_string(),
                Word::Badge { text, .. } => format!(" {text} "),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn check(words: &Words, room: u16, expected: &str) {
        let mut buf = Buffer::empty(Rect::new(0, 0, 24, 1));
        words.draw(&mut buf, (0, 0), room, &Look::night());
        let shown: String = buf.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(shown.trim_end(), expected);
    }

    #[test]
    fn what_does_not_fit_ends_in_dots() {
        let words = Words::new().sign(Sign::Failed).gap(1).bright("bats").gap(2).muted("3m");
        assert_eq!(words.width(), 10);
        check(&words, 24, "✗ bats  3m");
        check(&words, 10, "✗ bats  3m");
        check(&words, 9, "✗ bats  …");
        check(&words, 4, "✗ b…");
        check(&words, 1, "…");
        check(&words, 0, "");
    }

    #[test]
    fn counts_put_the_worst_first() {
        let counts =
            [(Sign::Succeeded, 9), (Sign::Failed, 1), (Sign::Paused, 0), (Sign::Started, 3)];
        assert_eq!(Words::new().counts(&counts, 1, false).plain(), "✗1 ◐3 ✓9");
    }

    #[test]
    fn lines_break_at_blanks() {
        let words = Words::new().text("expected 200, got 502 from ").muted("api-gateway");
        let lines: Vec<String> = words.wrap(14).iter().map(Words::plain).collect();
        assert_eq!(lines, ["expected 200, ", "got 502 from ", "api-gateway"]);
    }
}

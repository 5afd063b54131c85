//! The line that is typed into: search, filter, palette, names, reasons.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_segmentation::UnicodeSegmentation;

use super::words::Words;
use crate::tui::format;
use crate::tui::look::Look;
use crate::tui::term::{Key, KeyCode};
use crate::tui::theme::Role;

/// What is typed, and where the cursor stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptState {
    text: String,
    cursor: usize,
}

impl PromptState {
    /// A line that begins with `text`, the cursor at its end.
    pub fn with(text: impl Into<String>) -> PromptState {
        let text = text.into();
        PromptState { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts `more` at the cursor; control characters and line ends are left out.
    pub fn insert(&mut self, more: &str) {
        let clean: String = more.chars().filter(|c| !c.is_control()).collect();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// Does what a key does while one types; false if it does nothing here.
    pub fn press(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char('a'), true, _) | (KeyCode::Home, ..) => self.cursor = 0,
            (KeyCode::Char('e'), true, _) | (KeyCode::End, ..) => self.cursor = self.text.len(),
            (KeyCode::Char('u'), true, _) => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            (KeyCode::Char('k'), true, _) => self.text.truncate(self.cursor),
            (KeyCode::Char('w'), true, _) | (KeyCode::Backspace, _, true) => {
                let start = self.word_before();
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            (KeyCode::Char('b'), _, true) => self.cursor = self.word_before(),
            (KeyCode::Left, ..) | (KeyCode::Char('b'), true, _) => self.cursor = self.before(),
            (KeyCode::Right, ..) | (KeyCode::Char('f'), true, _) => self.cursor = self.after(),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, _) => {
                let start = self.before();
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            (KeyCode::Delete, ..) => {
                let end = self.after();
                self.text.drain(self.cursor..end);
            }
            (KeyCode::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let piece = self.text[self.cursor..].graphemes(true).next();
        self.cursor + piece.map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let trimmed = self.text[..self.cursor].trim_end();
        trimmed
            .rfind(|c: char| c.is_whitespace() || c == '/' || c == ',')
            .map_or(0, |at| at + trimmed[at..].chars().next().map_or(1, char::len_utf8))
    }
}

/// A line that is typed into: a sign, the text, words beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompt {
    /// `/`, `:`, `&` or `›`.
    pub sigil: String,
    /// What stands after the text: the answer so far, the keys.
    pub beside: Words,
}

impl Prompt {
    /// Draws it into the first row of `area` on the ground that is there; the text scrolls so that
    /// the cursor is in view.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, state: &PromptState) {
        let area = Rect { height: 1, ..area }.intersection(buf.area);
        if area.width < 4 || area.is_empty() {
            return;
        }
        let y = area.y;
        let x = look.put(buf, (area.x, y), &self.sigil, 4, look.bold(Role::Accent));
        let room = area.right().saturating_sub(x + 1);
        let before = &state.text[..state.cursor];
        let shown = format::cut_start(before, usize::from(room));
        let style = look.style(Role::Bright);
        let x = look.put(buf, (x, y), &shown, room, style);
        let at = state.text[state.cursor..].graphemes(true).next().unwrap_or(" ");
        let cursor = style.add_modifier(Modifier::REVERSED);
        let x = look.put(buf, (x, y), at, area.right().saturating_sub(x), cursor);
        let rest = state.text.get(state.cursor + at.len()..).unwrap_or("");
        let x = look.put(buf, (x, y), rest, area.right().saturating_sub(x), style);
        let room = area.right().saturating_sub(x + 3);
        if room > 4 {
            self.beside.draw(buf, (x + 2, y), room, look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(state: &mut PromptState, text: &str) {
        for word in text.split(' ') {
            assert!(state.press(Key::parse(word).expect("a key")), "{word}");
        }
    }

    #[test]
    fn keys_edit() {
        for (start, keys, text, cursor) in [
            ("", "a b c", "abc", 3),
            ("abc", "left backspace", "ac", 1),
            ("one two", "ctrl-w", "one ", 4),
            ("one two", "home delete", "ne two", 0),
            ("äö", "left left delete", "ö", 0),
            ("abc", "ctrl-a ctrl-k", "", 0),
            ("abc", "left ctrl-u", "c", 0),
            ("", "backspace delete left right", "", 0),
        ] {
            let mut state = PromptState::with(start);
            press(&mut state, keys);
            assert_eq!((state.text(), state.cursor), (text, cursor), "{start} {keys}");
        }
        let mut state = PromptState::default();
        assert!(!state.press(Key::parse("enter").expect("a key")));
        state.insert("a\nb\u{7}");
        assert_eq!(state.text(), "ab");
    }
}

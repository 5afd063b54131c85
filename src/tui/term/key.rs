//! Keys, as people name them: `T`, `ctrl-c`, `space`, `shift-tab`.

use std::fmt;

/// A key without what is held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    /// A character, capitals as they are.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator; with shift it goes back.
    Tab,
    /// Deletes before the cursor.
    Backspace,
    /// Deletes at the cursor.
    Delete,
    /// Insert.
    Insert,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// F1 to F24.
    F(u8),
}

/// A key with what is held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
    /// Shift is held; never told for characters.
    pub shift: bool,
}

const NAMES: [(&str, KeyCode); 17] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("minus", KeyCode::Char('-')),
    ("hash", KeyCode::Char('#')),
];

impl Key {
    /// A key with nothing held.
    pub fn plain(code: KeyCode) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    /// A key with control held.
    pub fn ctrl(c: char) -> Key {
        Key { ctrl: true, ..Key::plain(KeyCode::Char(c)) }
    }

    /// Reads a name: `x`, `T`, `ctrl-c`, `alt-s`, `shift-tab`, `ctrl-left`, `space`, `f5`.
    pub fn parse(name: &str) -> Option<Key> {
        let mut key = Key::plain(KeyCode::Esc);
        let mut rest = name;
        while rest.chars().count() > 1 {
            if let Some(more) = rest.strip_prefix("ctrl-") {
                (key.ctrl, rest) = (true, more);
            } else if let Some(more) = rest.strip_prefix("alt-") {
                (key.alt, rest) = (true, more);
            } else if let Some(more) = rest.strip_prefix("shift-") {
                (key.shift, rest) = (true, more);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            _ => match NAMES.iter().find(|(word, _)| *word == rest) {
                Some((_, code)) => *code,
                None => {
                    let number = rest.strip_prefix('f')?.parse().ok()?;
                    KeyCode::F(Some(number).filter(|n| (1..=24).contains(n))?)
                }
            },
        };
        Some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, word) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(word)?;
            }
        }
        match self.code {
            KeyCode::Char(c) if c != ' ' => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            code => {
                let name = NAMES.iter().find(|(_, named)| *named == code).map(|(word, _)| *word);
                f.write_str(name.unwrap_or("?"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in [
            "x",
            "T",
            "?",
            "-",
            "ctrl-c",
            "ctrl-]",
            "alt-s",
            "shift-tab",
            "ctrl-left",
            "space",
            "pgup",
            "f12",
            "ctrl--",
            "$",
        ] {
            assert_eq!(Key::parse(name).map(|key| key.to_string()).as_deref(), Some(name));
        }
        for name in ["", "xy", "f0", "f99", "hyper-x", "ctrl-"] {
            assert_eq!(Key::parse(name), None, "{name}");
        }
        assert_eq!(Key::parse("minus"), Key::parse("-"));
    }
}

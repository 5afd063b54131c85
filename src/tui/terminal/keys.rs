//! What a key sends to a program, by the modes that the program asked for.

use crate::tui::term::{Key, KeyCode};

/// What the program asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyModes {
    /// Cursor keys send SS3 (DECCKM).
    pub application_cursor: bool,
    /// Pastes are marked.
    pub bracketed_paste: bool,
    /// Keys that would be ambiguous are sent in the CSI u form.
    pub disambiguate: bool,
}

/// The bytes of a key.
pub fn encode(key: Key, modes: KeyModes) -> Vec<u8> {
    let held = 1 + u8::from(key.shift) + 2 * u8::from(key.alt) + 4 * u8::from(key.ctrl);
    let letter = |last: char| match (held, modes.application_cursor) {
        (1, true) => format!("\x1bO{last}"),
        (1, false) => format!("\x1b[{last}"),
        _ => format!("\x1b[1;{held}{last}"),
    };
    let number = |n: u8| {
        if held == 1 { format!("\x1b[{n}~") } else { format!("\x1b[{n};{held}~") }
    };
    let text = match key.code {
        KeyCode::Char(c) => return character(c, key, held, modes),
        KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace | KeyCode::Esc
            if modes.disambiguate && (held > 1 || key.code == KeyCode::Esc) =>
        {
            let code = match key.code {
                KeyCode::Enter => 13,
                KeyCode::Tab => 9,
                KeyCode::Backspace => 127,
                _ => 27,
            };
            if held == 1 { format!("\x1b[{code}u") } else { format!("\x1b[{code};{held}u") }
        }
        KeyCode::Enter => prefixed(key.alt, "\r"),
        KeyCode::Tab if key.shift => "\x1b[Z".to_owned(),
        KeyCode::Tab => prefixed(key.alt, "\t"),
        KeyCode::Backspace => prefixed(key.alt, if key.ctrl { "\x08" } else { "\x7f" }),
        KeyCode::Esc => prefixed(key.alt, "\x1b"),
        KeyCode::Up => letter('A'),
        KeyCode::Down => letter('B'),
        KeyCode::Right => letter('C'),
        KeyCode::Left => letter('D'),
        KeyCode::Home => letter('H'),
        KeyCode::End => letter('F'),
        KeyCode::Insert => number(2),
        KeyCode::Delete => number(3),
        KeyCode::PageUp => number(5),
        KeyCode::PageDown => number(6),
        KeyCode::F(n @ 1..=4) => {
            let last = char::from(b'P' + n - 1);
            if held == 1 { format!("\x1bO{last}") } else { format!("\x1b[1;{held}{last}") }
        }
        KeyCode::F(n) => {
            const CODES: [u8; 16] =
                [15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34];
            match n.checked_sub(5).and_then(|at| CODES.get(usize::from(at))) {
                Some(code) => number(*code),
                None => String::new(),
            }
        }
    };
    text.into_bytes()
}

fn prefixed(alt: bool, text: &str) -> String {
    if alt { format!("\x1b{text}") } else { text.to_owned() }
}

fn character(c: char, key: Key, held: u8, modes: KeyModes) -> Vec<u8> {
    if modes.disambiguate && (key.ctrl || key.alt) {
        return format!("\x1b[{};{held}u", u32::from(c)).into_bytes();
    }
    let mut bytes = Vec::new();
    if key.alt {
        bytes.push(0x1b);
    }
    let control = match c {
        'a'..='z' | '[' | '\\' | ']' | '^' | '_' | '@' => u8::try_from(c).ok().map(|b| b & 0x1f),
        'A'..='Z' => u8::try_from(c).ok().map(|b| b & 0x1f),
        ' ' | '2' => Some(0),
        '3' => Some(0x1b),
        '4'..='7' => u8::try_from(c).ok().map(|b| b - b'4' + 0x1c),
        '/' => Some(0x1f),
        '8' | '?' => Some(0x7f),
        _ => None,
    };
    match (key.ctrl, control) {
        (true, Some(byte)) => bytes.push(byte),
        _ => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
    }
    bytes
}

/// The bytes of a paste: one block, marked only if the program asked for that. What would end the
/// mark, or act as a key, is taken out of a marked one.
pub fn paste(text: &str, modes: KeyModes) -> Vec<u8> {
    if modes.bracketed_paste {
        let clean: String = text.chars().filter(|c| *c != '\x1b' && *c != '\x03').collect();
        return format!("\x1b[200~{clean}\x1b[201~").into_bytes();
    }
    text.replace("\r\n", "\r").replace('\n', "\r").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::term::{Decoder, Event};

    fn check(name: &str, modes: KeyModes, expected: &[u8]) {
        assert_eq!(encode(Key::parse(name).expect(name), modes), expected, "{name}");
    }

    #[test]
    fn keys_follow_the_modes() {
        let plain = KeyModes::default();
        let application = KeyModes { application_cursor: true, ..plain };
        let modern = KeyModes { disambiguate: true, ..plain };
        for (name, modes, bytes) in [
            ("a", plain, &b"a"[..]),
            ("ctrl-c", plain, b"\x03"),
            ("alt-b", plain, b"\x1bb"),
            ("ctrl-]", plain, b"\x1d"),
            ("ctrl-space", plain, b"\0"),
            ("up", plain, b"\x1b[A"),
            ("up", application, b"\x1bOA"),
            ("ctrl-left", application, b"\x1b[1;5D"),
            ("shift-tab", plain, b"\x1b[Z"),
            ("f5", plain, b"\x1b[15~"),
            ("delete", plain, b"\x1b[3~"),
            ("ctrl-c", modern, b"\x1b[99;5u"),
            ("esc", modern, b"\x1b[27u"),
            ("enter", modern, b"\r"),
        ] {
            check(name, modes, bytes);
        }
        assert_eq!(paste("a\nb", plain), b"a\rb");
        let bracketed = KeyModes { bracketed_paste: true, ..plain };
        assert_eq!(paste("a\x1b[201~b", bracketed), b"\x1b[200~a[201~b\x1b[201~");
    }

    #[test]
    fn what_is_sent_is_read_as_the_same_key() {
        for modes in [KeyModes::default(), KeyModes { disambiguate: true, ..Default::default() }] {
            for name in [
                "x",
                "T",
                "ctrl-w",
                "alt-x",
                "enter",
                "esc",
                "tab",
                "shift-tab",
                "home",
                "pgdn",
                "ctrl-right",
                "f1",
                "f12",
                "backspace",
                "delete",
            ] {
                let key = Key::parse(name).expect(name);
                let mut decoder = Decoder::new();
                let mut found = decoder.feed(&encode(key, modes));
                found.extend(decoder.flush());
                let events: Vec<Event> = found.into_iter().map(|input| input.event).collect();
                assert_eq!(events, [Event::Key(key)], "{name} {modes:?}");
            }
        }
    }
}

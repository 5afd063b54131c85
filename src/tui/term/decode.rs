//! Bytes from a terminal to keys, pastes, focus and mouse.
//!
//! Each event keeps its bytes, so that what was typed ahead can still be given to a shell.
//!
//! *Follows:* xterm's control sequences, the Linux console's function keys, and the CSI u form of
//! newer terminals.

use super::key::{Key, KeyCode};

/// A sequence longer than this is no sequence.
const LONGEST: usize = 4_096;

/// What a terminal tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// A pasted text.
    Paste(String),
    /// The window has the keyboard, or lost it.
    Focus(bool),
    /// The mouse.
    Mouse(Mouse),
    /// Where the cursor is, as asked: row and column from 1.
    CursorAt(u16, u16),
    /// An answer or a key that means nothing here.
    Other,
}

/// What the mouse did, and where, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// The column.
    pub x: u16,
    /// The row.
    pub y: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// A button went down; 0 is the left one.
    Down(u8),
    /// A button went up.
    Up(u8),
    /// Moved with a button down.
    Drag(u8),
    /// The wheel turned away.
    WheelUp,
    /// The wheel turned towards.
    WheelDown,
}

/// An event and the bytes that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What it means.
    pub event: Event,
    /// What was read.
    pub bytes: Vec<u8>,
}

/// Reads bytes as they come, cut anywhere.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    in_paste: bool,
}

enum Step {
    More,
    Done(usize, Event),
    PasteBegins(usize),
}

impl Decoder {
    /// A decoder that has read nothing.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Reads more bytes; gives what is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.pending.extend_from_slice(bytes);
        self.run(false)
    }

    /// Nothing more came for a moment: what is begun is taken as it stands (a lone Esc).
    pub fn flush(&mut self) -> Vec<Input> {
        self.run(true)
    }

    /// Whether something is begun and not whole.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && !self.in_paste
    }

    /// Takes the bytes that are not decoded.
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.in_paste = false;
        std::mem::take(&mut self.pending)
    }

    fn run(&mut self, is_over: bool) -> Vec<Input> {
        let mut found = Vec::new();
        while !self.pending.is_empty() {
            if self.in_paste {
                const END: &[u8] = b"\x1b[201~";
                let Some(at) = self.pending.windows(END.len()).position(|w| w == END) else {
                    break;
                };
                let text = String::from_utf8_lossy(&self.pending[..at]).into_owned();
                let bytes = self.pending.drain(..at + END.len()).collect();
                found.push(Input { event: Event::Paste(text), bytes });
                self.in_paste = false;
                continue;
            }
            match step(&self.pending, is_over) {
                Step::More => break,
                Step::Done(used, event) => {
                    let bytes = self.pending.drain(..used).collect();
                    found.push(Input { event, bytes });
                }
                Step::PasteBegins(used) => {
                    self.pending.drain(..used);
                    self.in_paste = true;
                }
            }
        }
        found
    }
}

fn key(code: KeyCode) -> Event {
    Event::Key(Key::plain(code))
}

fn step(bytes: &[u8], is_over: bool) -> Step {
    match bytes {
        [0x1b] if is_over => Step::Done(1, key(KeyCode::Esc)),
        [0x1b] => Step::More,
        [0x1b, 0x1b, ..] => Step::Done(1, key(KeyCode::Esc)),
        [0x1b, b'[', rest @ ..] if !rest.is_empty() || !is_over => csi(rest, is_over),
        [0x1b, b'O', last, ..] => Step::Done(3, ss3(*last)),
        // A late answer to a question of a program that is gone: swallowed whole, never typed.
        [0x1b, b']' | b'P' | b'_' | b'^' | b'X', rest @ ..] if !rest.is_empty() || !is_over => {
            string(rest, is_over)
        }
        [0x1b, b'O'] if !is_over => Step::More,
        [0x1b, rest @ ..] => match plain(rest, is_over) {
            Step::Done(used, Event::Key(held)) => {
                Step::Done(used + 1, Event::Key(Key { alt: true, ..held }))
            }
            Step::Done(used, event) => Step::Done(used + 1, event),
            other => other,
        },
        _ => plain(bytes, is_over),
    }
}

fn plain(bytes: &[u8], is_over: bool) -> Step {
    let Some(&first) = bytes.first() else { return Step::More };
    let letter = |base: u8| Event::Key(Key::ctrl(char::from(first + base)));
    match first {
        b'\r' => Step::Done(1, key(KeyCode::Enter)),
        b'\t' => Step::Done(1, key(KeyCode::Tab)),
        0x7f | 0x08 => Step::Done(1, key(KeyCode::Backspace)),
        0x00 => Step::Done(1, Event::Key(Key::ctrl(' '))),
        0x01..=0x1a => Step::Done(1, letter(0x60)),
        0x1b => Step::Done(1, key(KeyCode::Esc)),
        0x1c..=0x1f => Step::Done(1, letter(0x40)),
        0x20..=0x7e => Step::Done(1, key(KeyCode::Char(char::from(first)))),
        0x80..=0xff => {
            let long = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Step::Done(1, Event::Other),
            };
            let have = &bytes[..long.min(bytes.len())];
            match std::str::from_utf8(have) {
                Ok(text) => match text.chars().next() {
                    Some(c) => Step::Done(long, key(KeyCode::Char(c))),
                    None => Step::Done(1, Event::Other),
                },
                Err(error) if error.error_len().is_none() && !is_over => Step::More,
                Err(_) => Step::Done(1, Event::Other),
            }
        }
    }
}

fn ss3(last: u8) -> Event {
    match last {
        b'A' => key(KeyCode::Up),
        b'B' => key(KeyCode::Down),
        b'C' => key(KeyCode::Right),
        b'D' => key(KeyCode::Left),
        b'H' => key(KeyCode::Home),
        b'F' => key(KeyCode::End),
        b'M' => key(KeyCode::Enter),
        b'P'..=b'S' => key(KeyCode::F(last - b'P' + 1)),
        _ => Event::Other,
    }
}

fn string(rest: &[u8], is_over: bool) -> Step {
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            0x07 => return Step::Done(at + 3, Event::Other),
            b'\\' if at > 0 && rest[at - 1] == 0x1b => return Step::Done(at + 3, Event::Other),
            _ => {}
        }
    }
    if is_over || rest.len() > LONGEST {
        return Step::Done(rest.len() + 2, Event::Other);
    }
    Step::More
}

fn csi(rest: &[u8], is_over: bool) -> Step {
    if let [b'[', tail @ ..] = rest {
        return match tail.first() {
            Some(last @ b'A'..=b'E') => Step::Done(4, key(KeyCode::F(last - b'A' + 1))),
            Some(_) => Step::Done(4, Event::Other),
            None if is_over => Step::Done(3, Event::Other),
            None => Step::More,
        };
    }
    let Some(end) = rest.iter().position(|b| !(0x20..=0x3f).contains(b)) else {
        if is_over || rest.len() > LONGEST {
            return Step::Done(rest.len() + 2, Event::Other);
        }
        return Step::More;
    };
    let (body, last) = (&rest[..end], rest[end]);
    if !(0x40..=0x7e).contains(&last) {
        return Step::Done(end + 2, Event::Other);
    }
    let text = std::str::from_utf8(body).unwrap_or("");
    if (text, last) == ("200", b'~') {
        return Step::PasteBegins(end + 3);
    }
    Step::Done(end + 3, meaning(text, last))
}

fn meaning(text: &str, last: u8) -> Event {
    if let Some(mouse) = text.strip_prefix('<') {
        return self::mouse(mouse, last == b'm').map_or(Event::Other, Event::Mouse);
    }
    if text.starts_with(['?', '>', '=']) {
        return Event::Other;
    }
    let mut numbers = text
        .split(';')
        .map(|part| part.split(':').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0));
    let first = numbers.next().unwrap_or(0);
    let second = numbers.next().unwrap_or(0);
    let third = numbers.next().unwrap_or(0);
    let held = |code: KeyCode, bits: u32| {
        let bits = bits.saturating_sub(1);
        let shift = bits & 1 != 0 && !matches!(code, KeyCode::Char(_));
        Event::Key(Key { code, shift, alt: bits & 2 != 0, ctrl: bits & 4 != 0 })
    };
    let code = match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'S' => KeyCode::F(4),
        b'R' if first <= 1 => KeyCode::F(3),
        b'R' => {
            let clamp = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
            return Event::CursorAt(clamp(first), clamp(second));
        }
        b'Z' => return Event::Key(Key { shift: true, ..Key::plain(KeyCode::Tab) }),
        b'I' => return Event::Focus(true),
        b'O' => return Event::Focus(false),
        b'u' => return coded(first).map_or(Event::Other, |code| held(code, second)),
        b'~' if first == 27 => {
            return coded(third).map_or(Event::Other, |code| held(code, second));
        }
        b'~' => match first {
            1 | 7 => KeyCode::Home,
            2 => KeyCode::Insert,
            3 => KeyCode::Delete,
            4 | 8 => KeyCode::End,
            5 => KeyCode::PageUp,
            6 => KeyCode::PageDown,
            11..=15 => function(first - 10),
            17..=21 => function(first - 11),
            23 | 24 => function(first - 12),
            _ => return Event::Other,
        },
        _ => return Event::Other,
    };
    held(code, second)
}

fn function(number: u32) -> KeyCode {
    KeyCode::F(u8::try_from(number).unwrap_or(1))
}

fn coded(number: u32) -> Option<KeyCode> {
    Some(match number {
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        9 => KeyCode::Tab,
        8 | 127 => KeyCode::Backspace,
        _ => KeyCode::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    })
}

fn mouse(text: &str, is_up: bool) -> Option<Mouse> {
    let mut numbers = text.split(';').map(|n| n.parse::<u16>().ok());
    let (what, x, y) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let button = u8::try_from(what & 3).ok()?;
    let kind = match what {
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        w if w & 64 != 0 => return None,
        w if w & 32 != 0 => MouseKind::Drag(button),
        _ if is_up => MouseKind::Up(button),
        _ => MouseKind::Down(button),
    };
    Some(Mouse { kind, x: x.checked_sub(1)?, y: y.checked_sub(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Input]) -> Vec<String> {
        found
            .iter()
            .map(|input| match &input.event {
                Event::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    /// Reads `bytes` at once, and cut at every byte: both must give the same.
    fn check(bytes: &[u8], expected: &[&str]) {
        let mut whole = Decoder::new();
        let mut found = whole.feed(bytes);
        found.extend(whole.flush());
        assert_eq!(names(&found), expected, "{bytes:?}");
        for cut in 0..bytes.len() {
            let mut decoder = Decoder::new();
            let mut parts = decoder.feed(&bytes[..cut]);
            parts.extend(decoder.feed(&bytes[cut..]));
            parts.extend(decoder.flush());
            assert_eq!(parts, found, "{bytes:?} cut at {cut}");
        }
    }

    #[test]
    fn sequences() {
        check(b"aT?", &["a", "T", "?"]);
        check("é界🚀".as_bytes(), &["é", "界", "🚀"]);
        check(b"\r\t\x7f\x03\x1d", &["enter", "tab", "backspace", "ctrl-c", "ctrl-]"]);
        check(b"\x1b", &["esc"]);
        check(b"\x1bs", &["alt-s"]);
        check(b"\x1b[A\x1bOB\x1b[1;5D", &["up", "down", "ctrl-left"]);
        check(b"\x1b[5~\x1b[Z\x1b[3;5~", &["pgup", "shift-tab", "ctrl-delete"]);
        check(b"\x1bOP\x1b[[B\x1b[24~", &["f1", "f2", "f12"]);
        check(b"\x1b[99;5u\x1b[27u\x1b[27;5;93~", &["ctrl-c", "esc", "ctrl-]"]);
        check(b"\x1b[I\x1b[O", &["Focus(true)", "Focus(false)"]);
        check(b"\x1b[12;40R\x1b[?62;c", &["CursorAt(12, 40)", "Other"]);
        check(b"\x1b[200~T\nR\x1b[201~x", &["Paste(\"T\\nR\")", "x"]);
        check(b"\x1b]11;rgb:00/TT\x07T", &["Other", "T"]);
        check(b"\x1bP1$r\x1b\\A", &["Other", "A"]);
        check(b"\x1b[<0;3;4M", &["Mouse(Mouse { kind: Down(0), x: 2, y: 3 })"]);
        check(b"\x1b[<65;1;1M", &["Mouse(Mouse { kind: WheelDown, x: 0, y: 0 })"]);
        check(b"\xff\xc3", &["Other", "Other"]);
    }

    #[test]
    fn every_byte_is_kept() {
        let bytes = b"s\x1b[Aecho hi\r\x1b[";
        let mut decoder = Decoder::new();
        let mut kept: Vec<u8> = decoder.feed(bytes).into_iter().flat_map(|i| i.bytes).collect();
        kept.extend(decoder.take_rest());
        assert_eq!(kept, bytes);
    }
}

//! One line of bytes as cells of a terminal row: colours, carriage returns, tabs.

use ratatui::style::Color;
use unicode_width::UnicodeWidthChar;
use vte::{Params, Parser, Perform};

/// What SGR asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogStyle {
    /// The text's colour, if it has one of its own.
    pub fg: Option<Color>,
    /// The ground's colour, if it has one of its own.
    pub bg: Option<Color>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Text and ground change places.
    pub reverse: bool,
}

impl LogStyle {
    /// Whether the line says nothing of its own.
    pub fn is_plain(&self) -> bool {
        *self == LogStyle::default()
    }

    fn apply(&mut self, params: &Params) {
        let mut all = params.iter();
        while let Some(param) = all.next() {
            let code = param.first().copied().unwrap_or(0);
            match code {
                0 => *self = LogStyle::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                4 => self.underline = param.get(1) != Some(&0),
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                24 => self.underline = false,
                27 => self.reverse = false,
                30..=37 => self.fg = Some(indexed(code - 30)),
                40..=47 => self.bg = Some(indexed(code - 40)),
                90..=97 => self.fg = Some(indexed(code - 90 + 8)),
                100..=107 => self.bg = Some(indexed(code - 100 + 8)),
                39 => self.fg = None,
                49 => self.bg = None,
                38 | 48 => {
                    let colour = if param.len() > 1 {
                        extended(&mut param[1..].iter().copied())
                    } else {
                        extended(&mut all.by_ref().map(|p| p.first().copied().unwrap_or(0)))
                    };
                    if let Some(colour) = colour {
                        *(if code == 38 { &mut self.fg } else { &mut self.bg }) = Some(colour);
                    }
                }
                _ => {}
            }
        }
    }

    /// The style after these bytes; only SGR counts.
    pub fn after(mut self, bytes: &[u8]) -> LogStyle {
        if bytes.contains(&0x1b) {
            let mut only = OnlyStyle(&mut self);
            Parser::new().advance(&mut only, bytes);
        }
        self
    }
}

fn indexed(n: u16) -> Color {
    Color::Indexed(u8::try_from(n).unwrap_or(7))
}

fn extended(parts: &mut dyn Iterator<Item = u16>) -> Option<Color> {
    let byte = |n: Option<u16>| n.and_then(|n| u8::try_from(n).ok());
    match parts.next()? {
        5 => Some(Color::Indexed(byte(parts.next())?)),
        2 => {
            let rest: Vec<u16> = parts.take(4).collect();
            // The colon form may name a colour space first.
            let rgb = if rest.len() == 4 { &rest[1..] } else { &rest[..] };
            match rgb {
                [r, g, b] => Some(Color::Rgb(byte(Some(*r))?, byte(Some(*g))?, byte(Some(*b))?)),
                _ => None,
            }
        }
        _ => None,
    }
}

struct OnlyStyle<'a>(&'a mut LogStyle);

impl Perform for OnlyStyle<'_> {
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _: bool, action: char) {
        if action == 'm' && intermediates.is_empty() {
            self.0.apply(params);
        }
    }
}

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Characters with their styles, in the order of columns.
    pub cells: Vec<(char, LogStyle)>,
}

impl Parsed {
    /// Shows a line that begins in `style`.
    pub fn of(bytes: &[u8], style: LogStyle) -> Parsed {
        let mut row = Row { cells: Vec::new(), at: 0, style };
        Parser::new().advance(&mut row, bytes);
        Parsed { cells: row.cells }
    }

    /// The characters alone.
    pub fn text(&self) -> String {
        self.cells.iter().map(|(c, _)| *c).collect()
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.cells.iter().map(|(c, _)| c.width().unwrap_or(0)).sum()
    }

    /// Whether any part has a colour of its own.
    pub fn has_style(&self) -> bool {
        self.cells.iter().any(|(_, style)| !style.is_plain())
    }
}

/// The text of a line without its sequences; what carriage returns wrote over is gone.
pub(super) fn plain(bytes: &[u8]) -> String {
    let is_simple = !bytes.iter().any(|b| *b < 0x20 && *b != b'\t');
    if is_simple {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    Parsed::of(bytes, LogStyle::default()).text()
}

struct Row {
    cells: Vec<(char, LogStyle)>,
    at: usize,
    style: LogStyle,
}

impl Row {
    fn set(&mut self, c: char) {
        while self.cells.len() < self.at {
            self.cells.push((' ', LogStyle::default()));
        }
        match self.cells.get_mut(self.at) {
            Some(cell) => *cell = (c, self.style),
            None => self.cells.push((c, self.style)),
        }
        self.at += 1;
    }
}

impl Perform for Row {
    fn print(&mut self, c: char) {
        if c.width().unwrap_or(0) > 0 {
            self.set(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.at = 0,
            0x08 => self.at = self.at.saturating_sub(1),
            b'\t' => {
                let to = (self.at / 8 + 1) * 8;
                while self.at < to {
                    self.set(' ');
                }
            }
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _: bool, action: char) {
        let first = params.iter().next().and_then(|p| p.first().copied()).unwrap_or(0);
        match (action, first) {
            ('m', _) if intermediates.is_empty() => self.style.apply(params),
            ('K', 0) => self.cells.truncate(self.at),
            ('K' | 'J', 2) => self.cells.clear(),
            ('G', column) => self.at = usize::from(column.clamp(1, 4_096)) - 1,
            ('C', by) => self.at = (self.at + usize::from(by.max(1))).min(4_096),
            ('D', by) => self.at = self.at.saturating_sub(usize::from(by.max(1))),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(plain(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn lines_are_what_a_terminal_would_leave() {
        check(b"plain", "plain");
        check(b"\x1b[31mred\x1b[0m", "red");
        check(b" 10%\r 55%\r100%", "100%");
        check(b"longer\rab", "abnger");
        check(b"longer\r\x1b[Kab", "ab");
        check(b"a\tb", "a\tb");
        check(b"a\x1b[0m\tb", "a       b");
        check(b"ok\r", "ok");
        check(b"\x1b]0;title\x07text\x07", "text");
        check(b"bad \xff utf", "bad \u{fffd} utf");
        check(b"x\x1b[99999Gy", &format!("x{}y", " ".repeat(4_094)));
    }

    #[test]
    fn styles_go_on() {
        let red = LogStyle { fg: Some(Color::Indexed(1)), ..LogStyle::default() };
        assert_eq!(LogStyle::default().after(b"a\x1b[31mb"), red);
        assert_eq!(red.after(b"x\x1b[mz"), LogStyle::default());
        let rgb = LogStyle { fg: Some(Color::Rgb(1, 2, 3)), ..LogStyle::default() };
        assert_eq!(LogStyle::default().after(b"\x1b[38;2;1;2;3m"), rgb);
        assert_eq!(LogStyle::default().after(b"\x1b[38:2::1:2:3m"), rgb);
        let bold = LogStyle { bold: true, fg: Some(Color::Indexed(200)), ..LogStyle::default() };
        assert_eq!(LogStyle::default().after(b"\x1b[1;38;5;200m"), bold);
    }
}

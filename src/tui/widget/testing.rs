//! Buffers as text, for tests.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// The rows of a buffer, blanks at their ends taken off.
pub fn rows(buf: &Buffer) -> Vec<String> {
    let area = buf.area;
    (area.top()..area.bottom())
        .map(|y| {
            let row: String = (area.left()..area.right()).map(|x| buf[(x, y)].symbol()).collect();
            row.trim_end().to_owned()
        })
        .collect()
}

/// The buffer as a terminal would be sent it, to look at with one's own eyes.
pub fn ansi(buf: &Buffer) -> String {
    let mut out = String::from("\x1b[?25l\x1b[?7l\x1b[2J\x1b[H");
    let area = buf.area;
    let colour = |out: &mut String, base: u8, colour: Color| {
        let _ = match colour {
            Color::Rgb(r, g, b) => write!(out, ";{base}8;2;{r};{g};{b}"),
            Color::Indexed(n) => write!(out, ";{base}8;5;{n}"),
            _ => Ok(()),
        };
    };
    for y in area.top()..area.bottom() {
        let _ = write!(out, "\x1b[{};1H", y + 1);
        for x in area.left()..area.right() {
            let cell = &buf[(x, y)];
            out.push_str("\x1b[0");
            for (modifier, code) in [
                (Modifier::BOLD, 1),
                (Modifier::DIM, 2),
                (Modifier::UNDERLINED, 4),
                (Modifier::REVERSED, 7),
            ] {
                if cell.modifier.contains(modifier) {
                    let _ = write!(out, ";{code}");
                }
            }
            colour(&mut out, 3, cell.fg);
            colour(&mut out, 4, cell.bg);
            let _ = write!(out, "m{}", cell.symbol());
        }
    }
    out.push_str("\x1b[0m");
    out
}

/// Writes a buffer to `$FLIGHTDECK_SHOTS/name.ans` if that was set when the tests were built, so
/// that a person may look.
pub fn shoot(name: &str, buf: &Buffer) {
    if let Some(folder) = option_env!("FLIGHTDECK_SHOTS") {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/{name}.ans"), ansi(buf)).unwrap();
    }
}

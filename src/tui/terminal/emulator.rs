//! A screen that a program writes to: cells, history, modes, answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::{Dimensions, Scroll};
use alacritty_terminal::index::{Column, Line, Point};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Osc52, Term, TermMode};
use alacritty_terminal::vte::ansi::{self, NamedColor, Processor, Timeout};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::keys::KeyModes;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// Rows of history.
const HISTORY: usize = 10_000;
/// Answers wait for so many bytes; a program that asks faster gets none.
const ANSWERS: usize = 4_096;
/// A paste of more lines than this, to a program that does not mark pastes, asks once.
pub const PASTE_ASKS_ABOVE: usize = 1;

/// Something that a program said beside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It rang.
    Bell,
    /// It wants this in the clipboard. Ask before it is done, once per focus.
    Clipboard(String),
}

/// What the emulator tells of, gathered while it runs.
#[derive(Debug, Default)]
struct Heard {
    answers: Vec<u8>,
    notices: Vec<Notice>,
    title: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

impl EventListener for Ear {
    fn send_event(&self, event: Event) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PtyWrite(text)
                if may_answer(&text) && heard.answers.len() + text.len() <= ANSWERS =>
            {
                heard.answers.extend(text.bytes());
            }
            Event::Title(title) => {
                let clean: String = title.chars().filter(|c| !c.is_control()).take(80).collect();
                heard.title = Some(clean);
            }
            Event::ResetTitle => heard.title = None,
            Event::Bell if heard.notices.last() != Some(&Notice::Bell) => {
                heard.notices.push(Notice::Bell);
            }
            Event::ClipboardStore(_, text) if heard.notices.len() < 8 => {
                heard.notices.push(Notice::Clipboard(text));
            }
            // Reads of the clipboard, colours, sizes: never answered.
            _ => {}
        }
    }
}

/// Only where the cursor is, that all is well, and what the terminal is.
fn may_answer(text: &str) -> bool {
    let Some(body) = text.strip_prefix("\x1b[") else { return false };
    let Some(last) = body.chars().last() else { return false };
    let inner = &body[..body.len() - last.len_utf8()];
    let is_numbers = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == ';');
    match last {
        'R' | 'n' => is_numbers(inner),
        'c' => inner.strip_prefix(['?', '>']).is_some_and(is_numbers),
        _ => false,
    }
}

/// A synchronized update without a clock: who drives the emulator ends one that lasts too long.
#[derive(Debug, Default)]
struct Held(bool);

impl Timeout for Held {
    fn set_timeout(&mut self, _: Duration) {
        self.0 = true;
    }

    fn clear_timeout(&mut self) {
        self.0 = false;
    }

    fn pending_timeout(&self) -> bool {
        self.0
    }
}

#[derive(Debug, Clone, Copy)]
struct Size {
    columns: usize,
    rows: usize,
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }

    fn screen_lines(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }
}

/// A terminal in a pane.
pub struct Emulator {
    term: Term<Ear>,
    parser: Processor<Held>,
    ear: Ear,
}

impl Emulator {
    /// An empty screen of this size.
    pub fn new(columns: u16, rows: u16) -> Emulator {
        let ear = Ear::default();
        let config = Config {
            scrolling_history: HISTORY,
            kitty_keyboard: true,
            osc52: Osc52::OnlyCopy,
            ..Config::default()
        };
        let term = Term::new(config, &size(columns, rows), ear.clone());
        Emulator { term, parser: Processor::new(), ear }
    }

    /// Takes what the program wrote.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    /// Takes another size; long lines are broken anew.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = size(columns, rows);
        if (size.columns, size.rows) != (self.term.columns(), self.term.screen_lines()) {
            self.term.resize(size);
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        (short(self.term.columns()), short(self.term.screen_lines()))
    }

    /// Whether a synchronized update is under way: what is drawn is as before it began.
    pub fn is_holding(&self) -> bool {
        self.parser.sync_timeout().pending_timeout()
    }

    /// Ends a synchronized update that lasts too long (150 ms).
    pub fn settle(&mut self) {
        if self.is_holding() {
            self.parser.stop_sync(&mut self.term);
        }
    }

    /// Takes what is to be sent to the program as answers.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.heard().answers)
    }

    /// Takes what the program said beside its text.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.heard().notices)
    }

    /// The program's title; for the pane's border only.
    pub fn title(&self) -> Option<String> {
        self.heard().title.clone()
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.ear.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keys have to be sent as.
    pub fn modes(&self) -> KeyModes {
        let mode = self.term.mode();
        KeyModes {
            application_cursor: mode.contains(TermMode::APP_CURSOR),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
            disambiguate: mode.contains(TermMode::DISAMBIGUATE_ESC_CODES),
        }
    }

    /// Whether a program like an editor has the whole screen: then there is no history.
    pub fn is_alternate(&self) -> bool {
        self.term.mode().contains(TermMode::ALT_SCREEN)
    }

    /// Scrolls through the history, up with a positive number.
    pub fn scroll(&mut self, rows: i32) {
        self.term.scroll_display(Scroll::Delta(rows));
    }

    /// Back to where the program writes.
    pub fn scroll_to_end(&mut self) {
        self.term.scroll_display(Scroll::Bottom);
    }

    /// How many rows above the end the view is.
    pub fn scrolled(&self) -> usize {
        self.term.grid().display_offset()
    }

    /// How many rows of history there are.
    pub fn history(&self) -> usize {
        self.term.grid().history_size()
    }

    /// Rows as text, counted from the oldest one of the history: for searching and copying.
    pub fn text(&self, rows: std::ops::Range<usize>) -> Vec<String> {
        let grid = self.term.grid();
        let history = i32::try_from(grid.history_size()).unwrap_or(i32::MAX);
        let total = grid.history_size() + grid.screen_lines();
        (rows.start..rows.end.min(total))
            .map(|row| {
                let line = Line(i32::try_from(row).unwrap_or(i32::MAX) - history);
                let text: String = (0..grid.columns())
                    .map(|column| &grid[Point::new(line, Column(column))])
                    .filter(|cell| !cell.flags.contains(Flags::WIDE_CHAR_SPACER))
                    .map(|cell| cell.c)
                    .collect();
                text.trim_end().to_owned()
            })
            .collect()
    }

    /// Where the cursor is on the screen, if it shows.
    pub fn cursor(&self, area: Rect) -> Option<(u16, u16)> {
        let content = self.term.renderable_content();
        let point = content.cursor.point;
        let is_shown = content.mode.contains(TermMode::SHOW_CURSOR);
        let row = point.line.0 + i32::try_from(content.display_offset).unwrap_or(i32::MAX);
        let x = u16::try_from(point.column.0).ok().filter(|x| *x < area.width)?;
        let y = u16::try_from(row).ok().filter(|y| *y < area.height)?;
        is_shown.then_some((area.x + x, area.y + y))
    }

    /// Draws the screen into `area`; with focus the cursor is a reversed cell.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, has_focus: bool) {
        let area = area.intersection(buf.area);
        look.clear(buf, area, Role::Bg);
        let content = self.term.renderable_content();
        let offset = i32::try_from(content.display_offset).unwrap_or(i32::MAX);
        for indexed in content.display_iter {
            let row = indexed.point.line.0 + offset;
            let (Ok(x), Ok(y)) = (u16::try_from(indexed.point.column.0), u16::try_from(row)) else {
                continue;
            };
            if x >= area.width || y >= area.height {
                continue;
            }
            let cell: &Cell = indexed.cell;
            if cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
                continue;
            }
            let at = (area.x + x, area.y + y);
            let mut text =
                String::from(if cell.flags.contains(Flags::HIDDEN) { ' ' } else { cell.c });
            text.extend(cell.zerowidth().into_iter().flatten());
            look.put(buf, at, &text, area.width - x, style(cell, look));
        }
        if let Some(at) = self.cursor(area)
            && let Some(cell) = buf.cell_mut(at)
        {
            let mark = if has_focus { Modifier::REVERSED } else { Modifier::UNDERLINED };
            cell.modifier.toggle(mark);
        }
    }
}

fn size(columns: u16, rows: u16) -> Size {
    Size { columns: usize::from(columns.max(2)), rows: usize::from(rows.max(1)) }
}

fn style(cell: &Cell, look: &Look) -> Style {
    let mut style =
        Style::new().fg(colour(cell.fg, Role::Text, look)).bg(colour(cell.bg, Role::Bg, look));
    for (flag, modifier) in [
        (Flags::BOLD, Modifier::BOLD),
        (Flags::DIM, Modifier::DIM),
        (Flags::ALL_UNDERLINES, Modifier::UNDERLINED),
        (Flags::INVERSE, Modifier::REVERSED),
    ] {
        if cell.flags.intersects(flag) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(colour: ansi::Color, own: Role, look: &Look) -> Color {
    let theme = &look.theme;
    match colour {
        ansi::Color::Spec(rgb) => theme.foreign(Color::Rgb(rgb.r, rgb.g, rgb.b)),
        ansi::Color::Indexed(n) => theme.foreign(Color::Indexed(n)),
        ansi::Color::Named(name) => match name {
            NamedColor::Foreground | NamedColor::BrightForeground | NamedColor::DimForeground => {
                theme.colour(Role::Text)
            }
            NamedColor::Background => theme.colour(Role::Bg),
            NamedColor::Cursor => theme.colour(own),
            name if (name as usize) < 16 => theme.ansi(u8::try_from(name as usize).unwrap_or(7)),
            // Dim colours follow the sixteen in the same order.
            name => {
                let dim = (name as usize).wrapping_sub(NamedColor::DimBlack as usize);
                match u8::try_from(dim).ok().filter(|n| *n < 8) {
                    Some(n) => theme.ansi(n),
                    None => theme.colour(own),
                }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    fn screen(emulator: &Emulator, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        emulator.draw(area, &mut buf, &Look::night(), true);
        rows(&buf)
    }

    #[test]
    fn a_program_writes() {
        let mut emulator = Emulator::new(20, 4);
        emulator.feed("\x1b[2J\x1b[H\x1b[32mroot@x\x1b[0m:~# ls\r\na 界 b\r\n".as_bytes());
        assert_eq!(screen(&emulator, 20, 4), ["root@x:~# ls", "a 界  b", "", ""]);
        assert_eq!(emulator.cursor(Rect::new(5, 5, 20, 4)), Some((5, 7)));
        for (width, height) in [(1, 1), (3, 2), (200, 60)] {
            screen(&emulator, width, height);
        }
    }

    #[test]
    fn lines_are_broken_anew_and_history_is_kept() {
        let mut emulator = Emulator::new(20, 3);
        for i in 0..12_000 {
            emulator.feed(format!("line number {i:06}\r\n").as_bytes());
        }
        assert_eq!(emulator.history(), HISTORY);
        emulator.resize(10, 3);
        emulator.resize(40, 3);
        assert_eq!(screen(&emulator, 40, 3)[1], "line number 011999");
        emulator.scroll(5);
        assert_eq!(emulator.scrolled(), 5);
        assert_eq!(screen(&emulator, 40, 3)[0], "line number 011993");
        emulator.scroll_to_end();
        let last = emulator.history() + 1;
        assert_eq!(emulator.text(last..last + 1), ["line number 011999"]);
        emulator.resize(0, 0);
    }

    #[test]
    fn few_questions_are_answered() {
        let mut emulator = Emulator::new(20, 3);
        emulator.feed(b"ab\x1b[6n");
        assert_eq!(emulator.take_answers(), b"\x1b[1;3R");
        emulator.feed(b"\x1b[c");
        assert!(emulator.take_answers().ends_with(b"c"));
        // Clipboard, colours, modes, size, settings, title: silence.
        emulator
            .feed(b"\x1b]52;c;?\x07\x1b]11;?\x07\x1b[?2004$p\x1b[18t\x1bP$qm\x1b\\\x1b[21t\x1b[?u");
        assert_eq!(emulator.take_answers(), b"");
        emulator.feed(b"\x1b]52;c;aGk=\x07\x07\x1b]0;a\x01title\x07");
        let notices = emulator.take_notices();
        assert!(notices.contains(&Notice::Clipboard("hi".to_owned())));
        assert!(notices.contains(&Notice::Bell));
        assert_eq!(emulator.title().as_deref(), Some("atitle"));
    }

    #[test]
    fn modes_and_synchronized_updates() {
        let mut emulator = Emulator::new(20, 3);
        emulator.feed(b"\x1b[?1h\x1b[?2004h");
        let modes = emulator.modes();
        assert!(modes.application_cursor && modes.bracketed_paste);
        emulator.feed(b"\x1b[?2026hnew");
        assert!(emulator.is_holding());
        assert_eq!(screen(&emulator, 20, 3)[0], "");
        emulator.settle();
        assert_eq!(screen(&emulator, 20, 3)[0], "new");
        emulator.feed(b"\x1b[?1049h");
        assert!(emulator.is_alternate());
    }
}

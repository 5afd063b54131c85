//! The rows of a log that are in view.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthChar;

use super::line::{LogStyle, Parsed};
use super::rows::{LogRow, Rows};
use super::search::Search;
use super::severity::Severity;
use super::store::{LogStore, Text};
use crate::model::Timestamp;
use crate::tui::format;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::{Scrollbar, Tick, Words};

/// A line is cut for view at so many bytes.
pub(super) const CUT: usize = 16 * 1024;

/// Under so many columns there is no time, under the other no number.
const TIMES_FROM: u16 = 60;
const NUMBERS_FROM: u16 = 41;

/// What stands beside the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// How long after the start of the step.
    #[default]
    SinceStart,
    /// The time of day.
    OfDay,
    /// Nothing.
    None,
}

impl Times {
    /// The next one, round and round.
    pub fn next(self) -> Times {
        match self {
            Times::SinceStart => Times::OfDay,
            Times::OfDay => Times::None,
            Times::None => Times::SinceStart,
        }
    }

    /// Its words.
    pub fn word(self) -> &'static str {
        match self {
            Times::SinceStart => "since step start",
            Times::OfDay => "of day",
            Times::None => "none",
        }
    }
}

/// Where one is in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogState {
    /// The first row in view.
    pub top: usize,
    /// The row of the cursor.
    pub cursor: usize,
    /// The first column in view.
    pub left: usize,
    /// Whether the end is followed.
    pub follow: bool,
}

impl LogState {
    /// The state after the cursor moved; following ends when it leaves the end and begins again
    /// there.
    pub fn moved(self, by: isize, rows: usize) -> LogState {
        let last = rows.saturating_sub(1);
        let cursor = self.cursor.saturating_add_signed(by).min(last);
        LogState { cursor, follow: self.follow && by >= 0, ..self }
    }

    /// The state with the cursor on a row, a third from the top if it was out of view.
    pub fn jumped(self, row: usize, height: u16) -> LogState {
        let height = usize::from(height).max(1);
        let is_in_view = row >= self.top && row < self.top + height;
        let top = if is_in_view { self.top } else { row.saturating_sub(height / 3) };
        LogState { top, cursor: row, follow: false, ..self }
    }

    /// The state in which the cursor is in view, or the end if it is followed.
    pub fn fitted(self, rows: usize, height: u16) -> LogState {
        let height = usize::from(height).max(1);
        let last = rows.saturating_sub(1);
        if self.follow {
            return LogState { top: rows.saturating_sub(height), cursor: last, ..self };
        }
        let cursor = self.cursor.min(last);
        let top = self.top.min(rows.saturating_sub(height.min(rows)));
        LogState { top: top.min(cursor).max((cursor + 1).saturating_sub(height)), cursor, ..self }
    }

    /// The state scrolled sideways.
    pub fn sideways(self, by: isize) -> LogState {
        LogState { left: self.left.saturating_add_signed(by).min(1 << 20), ..self }
    }
}

/// A log as it is seen now.
#[derive(Debug, Clone, Copy)]
pub struct LogView<'a> {
    /// The lines.
    pub store: &'a LogStore,
    /// What stands in which row.
    pub rows: &'a Rows,
    /// What is searched for.
    pub search: Option<&'a Search>,
    /// The line that is the first error of a failed step.
    pub first_error: Option<usize>,
    /// What stands beside the lines.
    pub times: Times,
    /// When the step began.
    pub started: Option<Timestamp>,
    /// For times of day.
    pub zone: &'a TimeZone,
    /// Whether long lines are broken.
    pub wrap: bool,
    /// Whether the cursor shows.
    pub focus: bool,
}

/// Where the parts of a row stand.
#[derive(Debug, Clone, Copy)]
struct Columns {
    number: Option<(u16, u16)>,
    time: Option<(u16, u16)>,
    text: u16,
    right: u16,
}

impl LogView<'_> {
    fn columns(&self, area: Rect) -> Columns {
        let digits = u16::try_from(self.store.len().max(1_000).to_string().len()).unwrap_or(4);
        let mut x = area.x + 2;
        let mut columns = Columns { number: None, time: None, text: x, right: area.right() };
        if area.width >= NUMBERS_FROM {
            columns.number = Some((x, digits));
            x += digits + 2;
        }
        if area.width >= TIMES_FROM && self.times != Times::None {
            columns.time = Some((x, 8));
            x += 10;
        }
        columns.text = x.min(area.right());
        columns.right = area.right().saturating_sub(3).max(columns.text);
        columns
    }

    /// Draws the rows from `state.top` on; `state` comes from [`LogState::fitted`].
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, state: LogState) {
        let area = area.intersection(buf.area);
        if area.width < 4 || area.is_empty() {
            return;
        }
        let columns = self.columns(area);
        let mut style = None;
        let mut y = area.y;
        let mut row = state.top;
        while y < area.bottom() {
            let Some(what) = self.rows.row(row) else { break };
            let is_cursor = self.focus && row == state.cursor;
            let used = match what {
                LogRow::Line(line) => {
                    let begins = match style {
                        Some((next, style)) if next == line => style,
                        _ => self.store.style(line),
                    };
                    let bytes = match self.store.line(line) {
                        Some(Text::Here(bytes)) => Some(bytes),
                        _ => None,
                    };
                    style = bytes.map(|bytes| (line + 1, begins.after(bytes)));
                    let place = Rect { y, height: area.bottom() - y, ..area };
                    self.draw_line(line, bytes, begins, place, columns, state.left, buf, look)
                }
                LogRow::Fold(fold) => {
                    let count = format::counted(fold.lines.len() as u64, "line");
                    let mut text = format!("▸ {count}: {}", fold.label);
                    let time = |line: usize| self.store.time(line);
                    if let (Some(from), Some(to)) =
                        (time(fold.lines.start), time(fold.lines.end.saturating_sub(1)))
                        && to.since(from).as_secs() > 0
                    {
                        text = format!("{text} ({})", format::duration(to.since(from)));
                    }
                    let at = columns.text.saturating_sub(2).max(area.x + 1);
                    let words = Words::new().muted(text);
                    words.draw(buf, (at, y), columns.right.saturating_sub(at), look);
                    1
                }
                LogRow::Silence(span) => {
                    let text = format!(" {} without a line ", format::duration(span));
                    let dots = "┈".repeat(16);
                    let at = columns.text.saturating_sub(2).max(area.x + 1);
                    let words = Words::new().role(Role::Errored, format!("{dots}{text}{dots}"));
                    words.draw(buf, (at, y), columns.right.saturating_sub(at), look);
                    1
                }
                LogRow::Gap => {
                    look.put(buf, (columns.text, y), "…", 1, look.style(Role::Faint));
                    1
                }
            };
            if is_cursor {
                let chosen = Rect {
                    y,
                    height: used.min(area.bottom() - y),
                    width: area.width.saturating_sub(2),
                    ..area
                };
                look.theme.choose(buf, chosen);
                if look.theme.has_grounds() {
                    look.put(buf, (area.x, y), "▌", 1, look.style(Role::Accent));
                }
            }
            y += used;
            row += 1;
        }
        self.draw_ticks(area, buf, look, state);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one row of one view; a struct would be used once"
    )]
    fn draw_line(
        &self,
        line: usize,
        bytes: Option<&[u8]>,
        begins: LogStyle,
        area: Rect,
        columns: Columns,
        left: usize,
        buf: &mut Buffer,
        look: &Look,
    ) -> u16 {
        let y = area.y;
        let is_first = self.first_error == Some(line);
        let Some(bytes) = bytes else {
            look.put(buf, (columns.text, y), "…", 1, look.style(Role::Faint));
            return 1;
        };
        let (window, skipped) = window(bytes, left);
        let parsed = Parsed::of(window, begins);
        let room = usize::from(columns.right.saturating_sub(columns.text));
        let left = left - skipped;
        let height = if self.wrap && room > 0 {
            let rows = parsed.width().div_ceil(room).clamp(1, usize::from(area.height));
            u16::try_from(rows).unwrap_or(1)
        } else {
            1
        };
        if is_first {
            let ground = Rect { width: area.width.saturating_sub(2), height, ..area };
            look.theme.lay(buf, ground, Role::FailedBg);
            for y in y..y + height {
                look.put(buf, (area.x, y), "▌", 1, look.style(Role::Failed));
            }
        }
        if let Some((x, width)) = columns.number
            && !self.store.is_continued(line)
        {
            let number = Words::new();
            let text = (line + 1).to_string();
            let number = if is_first { number.bright(text) } else { number.faint(text) };
            number.draw_right(buf, (x + width, y), width, look);
        }
        if let (Some((x, width)), Some(time)) = (columns.time, self.store.time(line)) {
            let text = match (self.times, self.started) {
                (Times::SinceStart, Some(started)) => format::duration(time.since(started)),
                (Times::SinceStart | Times::OfDay, _) => format::clock(time, self.zone),
                (Times::None, _) => String::new(),
            };
            let words = Words::new().role(Role::LogTimestamp, text);
            words.draw_right(buf, (x + width, y), width, look);
        }
        let base = match self.store.severity(line) {
            _ if is_first => look.bold(Role::Failed),
            _ if parsed.has_style() => look.style(Role::LogStdout),
            Severity::Error => look.style(Role::LogError),
            Severity::Warning => look.style(Role::LogWarning),
            Severity::Plain => look.style(Role::LogStdout),
        };
        self.draw_text(
            &parsed,
            (columns, y, height),
            if self.wrap { 0 } else { left },
            base,
            buf,
            look,
        );
        height
    }

    fn draw_text(
        &self,
        parsed: &Parsed,
        (columns, mut y, height): (Columns, u16, u16),
        left: usize,
        base: Style,
        buf: &mut Buffer,
        look: &Look,
    ) {
        let text = parsed.text();
        let hits: Vec<std::ops::Range<usize>> =
            self.search.map(|search| search.matches(&text).collect()).unwrap_or_default();
        let last = y + height - 1;
        let mut x = columns.text;
        let mut column = 0usize;
        let mut byte = 0usize;
        let mut symbol = [0u8; 4];
        for (c, own) in &parsed.cells {
            let at = byte;
            byte += c.len_utf8();
            let wide = c.width().unwrap_or(0);
            column += wide;
            if column <= left || wide == 0 {
                continue;
            }
            let wide = u16::try_from(wide).unwrap_or(1);
            if x + wide > columns.right {
                if y < last {
                    (x, y) = (columns.text, y + 1);
                } else {
                    let edge = columns.right.saturating_sub(1).max(columns.text);
                    look.put(buf, (edge, y), "›", 1, look.style(Role::Muted));
                    return;
                }
            }
            let mut style = paint(base, *own, look);
            if hits.iter().any(|hit| hit.contains(&at)) {
                style = style.patch(look.style(Role::Match)).add_modifier(Modifier::UNDERLINED);
            }
            x = look.put(buf, (x, y), c.encode_utf8(&mut symbol), wide, style);
        }
    }

    fn draw_ticks(&self, area: Rect, buf: &mut Buffer, look: &Look, state: LogState) {
        let total = self.rows.len();
        if total <= usize::from(area.height) && self.store.first_error().is_none() {
            return;
        }
        // One tick a row of the screen is enough, however many lines are marked.
        let height = usize::from(area.height).max(1);
        let per = total.div_ceil(height).max(1);
        let mut ticks: Vec<Tick> = Vec::new();
        let mut add = |lines: &mut dyn Iterator<Item = usize>, role: Role| {
            let mut last = usize::MAX;
            for line in lines {
                let row = self.rows.row_of(line);
                if last == usize::MAX || row / per != last {
                    last = row / per;
                    ticks.push(Tick { line: row, role });
                }
                if ticks.len() > 4 * height {
                    break;
                }
            }
        };
        if let Some(search) = self.search {
            let found = search.found();
            let step = (found.len() / (4 * height)).max(1);
            add(&mut found.iter().copied().step_by(step), Role::Match);
        }
        add(&mut self.store.errors().take(4_096), Role::Failed);
        Scrollbar { total, first: state.top, shown: height, ticks: &ticks }.draw(area, buf, look);
    }
}

/// What of a line is parsed: all of a short one; of a long one the part around `left`, or its end
/// if it writes over itself. Gives the columns left out, taken for bytes.
fn window(bytes: &[u8], left: usize) -> (&[u8], usize) {
    if bytes.len() <= CUT {
        return (bytes, 0);
    }
    if let Some(last) = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\r') {
        let tail = &bytes[last + 1..];
        return (&tail[..tail.len().min(CUT)], 0);
    }
    let skipped = left.saturating_sub(CUT / 2).min(bytes.len() - CUT / 2);
    let start = (skipped..bytes.len()).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap_or(skipped);
    (&bytes[start..bytes.len().min(start + CUT)], skipped)
}

/// A cell's own colours over the line's.
fn paint(base: Style, own: LogStyle, look: &Look) -> Style {
    let mut style = base;
    if let Some(fg) = own.fg {
        style = style.fg(look.theme.foreign(fg));
    }
    if let Some(bg) = own.bg {
        style = style.bg(look.theme.foreign(bg));
    }
    for (is_on, modifier) in [
        (own.bold, Modifier::BOLD),
        (own.dim, Modifier::DIM),
        (own.underline, Modifier::UNDERLINED),
        (own.reverse, Modifier::REVERSED),
    ] {
        if is_on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

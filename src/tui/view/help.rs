//! All keys, made from the table of actions, and the signs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::fact::pipeline::contains;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::widget::{Overlay, Prompt, PromptState, Words, centre};

/// A line of one of the columns.
enum Line {
    Blank,
    Heading(&'static str, &'static str),
    Key(String, String),
}

impl Line {
    fn height() -> usize {
        1
    }
}

/// Headings and their lines; those that match what is searched for.
fn blocks(app: &App, needle: &str) -> Vec<Vec<Line>> {
    let mut blocks = Vec::new();
    let context = app.place.context();
    let groups = app.keymap.help(context, app.access);
    for group in groups {
        let remark = match group.group {
            crate::tui::action::Group::Change => "capitals only",
            _ => "",
        };
        let lines: Vec<Line> = group
            .lines
            .into_iter()
            .filter(|(key, what)| {
                needle.is_empty() || contains(what, needle) || key.contains(needle)
            })
            .map(|(key, what)| Line::Key(key, what))
            .collect();
        if !lines.is_empty() {
            let mut block = vec![Line::Heading(group.group.title(), remark)];
            block.extend(lines);
            blocks.push(block);
        }
    }
    let yours: Vec<Line> = app
        .extras
        .iter()
        .filter(|extra| needle.is_empty() || contains(&extra.title, needle))
        .map(|extra| Line::Key(extra.key.to_string(), extra.title.clone()))
        .collect();
    if !yours.is_empty() {
        let mut block = vec![Line::Heading("yours", "")];
        block.extend(yours);
        blocks.push(block);
    }
    blocks
}

/// Lays blocks into columns of about the same height.
fn columns(blocks: Vec<Vec<Line>>, n: usize) -> Vec<Vec<Line>> {
    let total: usize = blocks.iter().map(|block| block.len() + Line::height()).sum();
    let each = total.div_ceil(n.max(1));
    let mut columns: Vec<Vec<Line>> = vec![Vec::new()];
    for block in blocks {
        let is_full = columns
            .last()
            .is_some_and(|column| !column.is_empty() && column.len() + block.len() / 2 > each);
        if is_full && columns.len() < n {
            columns.push(Vec::new());
        }
        if let Some(column) = columns.last_mut() {
            if !column.is_empty() {
                column.push(Line::Blank);
            }
            column.extend(block);
        }
    }
    columns
}

/// Draws it.
pub fn draw(
    app: &App,
    offset: usize,
    needle: &PromptState,
    is_typing: bool,
    body: Rect,
    buf: &mut Buffer,
) {
    let look = &app.look;
    let area = if app.size.0 < 100 { body } else { centre(body, 124, 40) };
    let place = match app.place.context() {
        crate::tui::action::Context::Overview => "the overview",
        crate::tui::action::Context::Graph => "the graph",
        crate::tui::action::Context::Build | crate::tui::action::Context::Log => "a build",
        _ => "lists",
    };
    let title = Words::new().bold(Role::Accent, format!("Keys in {place}"));
    let foot =
        Words::new().muted("made from the table of actions: what is here works here, now, for you");
    let inner = Overlay::new(title).foot(foot).draw(area, buf, look);
    let mut below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if is_typing || !needle.text().is_empty() {
        let line = Rect { height: 1, ..below };
        Prompt { sigil: "/".to_owned(), beside: Words::new() }.draw(line, buf, look, needle);
        below = Rect { y: below.y + 2, height: below.height.saturating_sub(2), ..below };
    }
    let n = match inner.width {
        110.. => 3,
        70.. => 2,
        _ => 1,
    };
    let columns = columns(blocks(app, needle.text()), n);
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let signs = sign_lines(inner.width);
    let total = longest + signs.len() + 2;
    let height = usize::from(below.height);
    let first = offset.min(total.saturating_sub(height));
    let column_width = inner.width / u16::try_from(n).unwrap_or(1);
    let key_room = if n == 1 { 10 } else { 15 };
    for (column, x) in columns.iter().zip((inner.x..).step_by(usize::from(column_width.max(1)))) {
        for (line, y) in column.iter().skip(first).zip(below.top()..below.bottom()) {
            let text_x = x + key_room + 2;
            let room = column_width.saturating_sub(key_room + 3);
            match line {
                Line::Blank => {}
                Line::Heading(heading, remark) => {
                    let words = Words::new().label(heading).gap(2).muted(*remark);
                    words.draw(buf, (text_x, y), room, look);
                }
                Line::Key(key, what) => {
                    let key = Words::new().bright(key.as_str());
                    key.draw_right(buf, (x + key_room, y), key_room, look);
                    Words::new().text(what.as_str()).draw(buf, (text_x, y), room, look);
                }
            }
        }
    }
    let below_keys = longest + 1;
    for (i, words) in signs.iter().enumerate() {
        let Some(row) = (below_keys + i).checked_sub(first).filter(|row| *row < height) else {
            continue;
        };
        let y = below.y + u16::try_from(row).unwrap_or(0);
        if i == 0 {
            look.rule(buf, (inner.x - 1, y), inner.width + 2);
        }
        words.draw(buf, (inner.x + 2, y), inner.width.saturating_sub(3), look);
    }
}

/// What the signs and lines mean.
fn sign_lines(width: u16) -> Vec<Words> {
    let shown: Vec<Sign> = [
        Sign::Pending,
        Sign::Waiting,
        Sign::Blocked,
        Sign::Started,
        Sign::Succeeded,
        Sign::Failed,
        Sign::Errored,
        Sign::Aborted,
        Sign::Paused,
        Sign::NeverRan,
        Sign::CheckFails,
        Sign::Pinned,
        Sign::Held,
        Sign::Shell,
    ]
    .to_vec();
    let per_row = usize::from((width.saturating_sub(4) / 15).max(1));
    let mut lines = vec![
        Words::new(),
        Words::new()
            .label("signs")
            .gap(2)
            .muted("round: not over · sharp: over · bars: a person holds it"),
        Words::new(),
    ];
    for row in shown.chunks(per_row) {
        let mut words = Words::new();
        for sign in row {
            let word = sign.word();
            let blanks = 13usize.saturating_sub(word.chars().count());
            words = words.sign(*sign).gap(1).text(word).gap(blanks);
        }
        lines.push(words);
    }
    lines.push(Words::new());
    lines.push(
        Words::new()
            .role(Role::Edge, "───▸ ")
            .text("triggers")
            .gap(4)
            .role(Role::Edge, "┈┈┈▸ ")
            .text("only passes")
            .gap(4)
            .role(Role::Accent, "─── ")
            .text("of the chosen job"),
    );
    lines.push(Words::new());
    lines.extend(
        Words::new()
            .muted("What changes something on the server is a capital letter. No lower-case key does, but ")
            .bright("s")
            .muted(" opens a shell.")
            .wrap(width.saturating_sub(4)),
    );
    lines
}

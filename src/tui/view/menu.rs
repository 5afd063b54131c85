//! What is possible here, with keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::app::command::Line;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::view::layers;
use crate::tui::widget::{Overlay, Words};

/// Columns of the menu.
const WIDTH: u16 = 60;

/// A row: a heading, an empty one, or the line of that number.
enum Row<'a> {
    Blank,
    Heading(&'a str),
    Line(usize, &'a Line),
}

fn rows(lines: &[Line]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut heading = "";
    for (at, line) in lines.iter().enumerate() {
        if line.heading != heading {
            if !rows.is_empty() {
                rows.push(Row::Blank);
            }
            heading = line.heading;
            rows.push(Row::Heading(heading));
        }
        rows.push(Row::Line(at, line));
    }
    rows
}

/// Draws it.
pub fn draw(app: &App, chosen: usize, needle: &str, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let lines = app.menu(needle);
    let rows = rows(&lines);
    let height = u16::try_from(rows.len() + 4).unwrap_or(u16::MAX).clamp(6, body.height.max(6));
    let area = layers::room(app, body, WIDTH, height);
    let subject = app.subject();
    let mut title = Words::new();
    let name = app.subject_name();
    let sign = match (subject.pipeline, subject.job) {
        (Some(pipeline), Some(job)) => crate::tui::fact::job::faces(pipeline)
            .into_iter()
            .find(|face| face.job.name == job.name)
            .map(|face| face.sign),
        _ => None,
    };
    if let Some(sign) = sign {
        title = title.sign(sign).gap(1);
    }
    title = title.bright(if name.is_empty() { app.core.name.clone() } else { name });
    let can = lines.iter().filter(|line| line.why_not.is_none()).count();
    let foot = match needle {
        "" => Words::new().muted(format!("{can} of {} can be done now", lines.len())),
        needle => Words::new().muted("find ").bright(needle),
    };
    let inner = Overlay::new(title).foot(foot).draw(area, buf, look);
    if lines.is_empty() {
        let words = Words::new().muted("nothing is called so");
        words.draw(buf, (inner.x + 1, inner.y + 1), inner.width, look);
        return;
    }
    let is_low = inner.height < 10;
    let top = inner.y + u16::from(!is_low);
    let room = usize::from(inner.height.saturating_sub(if is_low { 0 } else { 2 })).max(1);
    let at =
        rows.iter().position(|row| matches!(row, Row::Line(n, _) if *n == chosen)).unwrap_or(0);
    let first = (at + 2).saturating_sub(room).min(rows.len().saturating_sub(room));
    for (row, y) in rows.iter().skip(first).take(room).zip(top..) {
        match row {
            Row::Blank => {}
            Row::Heading(heading) => {
                let words = Words::new().label(heading);
                let words = match *heading {
                    "change" => words.gap(2).muted(format!(
                        "{} / {}",
                        app.core.name,
                        subject.pipeline_ref().map_or("", |of| of.team.as_str())
                    )),
                    _ => words,
                };
                words.draw(buf, (inner.x + 1, y), inner.width, look);
            }
            Row::Line(n, line) => draw_line(app, line, *n == chosen, inner, y, buf),
        }
    }
}

fn draw_line(app: &App, line: &Line, is_chosen: bool, inner: Rect, y: u16, buf: &mut Buffer) {
    let look = &app.look;
    let is_off = line.why_not.is_some();
    let tone = |words: Words| if is_off { words.in_role(Role::Faint) } else { words };
    let key = tone(Words::new().bright(line.key.as_str()));
    key.draw_right(buf, (inner.x + 8, y), 8, look);
    let title = match (is_off, is_chosen) {
        (true, _) => Words::new().faint(line.title.as_str()),
        (false, true) => Words::new().bright(line.title.as_str()),
        (false, false) => Words::new().text(line.title.as_str()),
    };
    let note = line.why_not.as_deref().unwrap_or(&line.note);
    let note = tone(Words::new().muted(note));
    let x = inner.x + 10;
    view::line(buf, (x, y), inner.right().saturating_sub(x + 1), &title, &note, look);
    if is_chosen {
        let row = Rect { x: inner.x - 1, y, width: inner.width + 2, height: 1 };
        look.theme.choose(buf, row);
        if look.theme.has_grounds() {
            look.put(buf, (row.x, y), "▌", 1, look.style(Role::Accent));
        }
    }
}

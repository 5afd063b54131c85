//! A line to type any action, place or setting into.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::app::command::{Command, Line};
use crate::tui::effect::Act;
use crate::tui::fact::text;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::{Overlay, Prompt, PromptState, Words, centre};

/// Columns of it.
const WIDTH: u16 = 92;

enum Row<'a> {
    Blank,
    Heading(&'a str),
    Line(usize, &'a Line),
}

/// Draws it.
pub fn draw(app: &App, prompt: &PromptState, chosen: usize, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let lines = app.palette(prompt.text());
    let area = if app.size.0 < 80 { body } else { centre(body, WIDTH, 26) };
    let foot = Words::new().muted("every action is here, also those without a key");
    let inner = Overlay::new(Words::new()).foot(foot).draw(area, buf, look);
    if inner.height < 3 {
        return;
    }
    let line = Rect { x: inner.x + 1, height: 1, width: inner.width - 1, ..inner };
    Prompt { sigil: ":".to_owned(), beside: Words::new() }.draw(line, buf, look, prompt);
    if inner.height >= 10 {
        look.rule(buf, (inner.x - 1, inner.y + 1), inner.width + 2);
    }
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
    // In a low terminal the answers have all the room there is.
    let is_low = inner.height < 10;
    let top = inner.y + if is_low { 1 } else { 3 };
    let below = if is_low { 0 } else { 3 };
    let room = usize::from(inner.bottom().saturating_sub(top + below)).max(1);
    let at =
        rows.iter().position(|row| matches!(row, Row::Line(n, _) if *n == chosen)).unwrap_or(0);
    let first = (at + 2).saturating_sub(room).min(rows.len().saturating_sub(room));
    if lines.is_empty() {
        Words::new().muted("nothing is called so").draw(buf, (inner.x + 1, top), inner.width, look);
    }
    for (row, y) in rows.iter().skip(first).take(room).zip(top..) {
        match row {
            Row::Blank => {}
            Row::Heading(heading) => {
                Words::new().label(heading).draw(buf, (inner.x + 1, y), inner.width, look);
            }
            Row::Line(n, line) => {
                draw_line(app, line, prompt.text(), *n == chosen, inner, y, buf);
            }
        }
    }
    if let Some(line) = lines.get(chosen).filter(|_| !is_low) {
        let at = (inner.x + 1, inner.bottom() - 2);
        means(app, line).draw(buf, at, inner.width.saturating_sub(2), look);
        if let Some(command) = as_command(app, line) {
            let at = (inner.x + 1, inner.bottom() - 1);
            Words::new().muted(command).draw(buf, at, inner.width.saturating_sub(2), look);
        }
    }
}

fn draw_line(
    app: &App,
    line: &Line,
    typed: &str,
    is_chosen: bool,
    inner: Rect,
    y: u16,
    buf: &mut Buffer,
) {
    let look = &app.look;
    let x = inner.x + 1;
    let verb_room = if inner.width >= 70 { 18 } else { 10 };
    let is_off = line.why_not.is_some();
    let base = if is_off {
        Role::Faint
    } else if is_chosen {
        Role::Bright
    } else {
        Role::Muted
    };
    lit(&line.title, typed, base).draw(buf, (x, y), verb_room - 1, look);
    let key_room = 6;
    let key_x = inner.right().saturating_sub(1);
    Words::new().bright(line.key.as_str()).draw_right(buf, (key_x, y), key_room, look);
    let mut note = Words::new();
    if let Some(sign) = line.sign {
        note = note.sign(sign).gap(1);
    }
    if inner.width >= 60 {
        note = note.muted(line.note.as_str());
    }
    let role = if is_off { Role::Faint } else { Role::Text };
    let object = lit(&line.object, typed, role);
    let from = x + verb_room;
    let to = key_x.saturating_sub(key_room + 1);
    view::line(buf, (from, y), to.saturating_sub(from), &object, &note, look);
    if is_chosen {
        let row = Rect { x: inner.x - 1, y, width: inner.width + 2, height: 1 };
        look.theme.choose(buf, row);
        if look.theme.has_grounds() {
            look.put(buf, (row.x, y), "▌", 1, look.style(Role::Accent));
        }
    }
}

/// A text with what was typed lit in it.
fn lit(text: &str, typed: &str, role: Role) -> Words {
    let lower = text.to_lowercase();
    let mut spans: Vec<(usize, usize)> = typed
        .split_whitespace()
        .filter_map(|word| lower.find(&word.to_lowercase()).map(|at| (at, at + word.len())))
        .filter(|(from, to)| text.is_char_boundary(*from) && text.is_char_boundary(*to))
        .collect();
    spans.sort_unstable();
    let mut words = Words::new();
    let mut at = 0;
    for (from, to) in spans {
        if from < at || to > text.len() {
            continue;
        }
        words = words.role(role, &text[at..from]).bold(Role::Accent, &text[from..to]);
        at = to;
    }
    words.role(role, &text[at..])
}

/// What the chosen line will do, and where.
fn means(app: &App, line: &Line) -> Words {
    if let Some(why) = &line.why_not {
        return Words::new().muted(format!("not now: {why}"));
    }
    let server = |words: Words| {
        let role = Role::target(if app.core.is_embedded { 2 } else { 0 });
        words.role(role, app.core.name.as_str()).muted(format!(" as {}", app.user))
    };
    match &line.command {
        Command::Act(Act::Trigger(..)) => {
            server(Words::new().muted("starts a build on ")).muted(". Undo for 5 s.")
        }
        Command::Act(act) => server(Words::new().muted(format!("{} on ", act.name()))),
        Command::Pause(..) => server(Words::new().muted("asks for a reason, then pauses on ")),
        Command::Action(action) if action.info().needs_write => {
            server(Words::new().muted(format!("{} on ", line.object)))
        }
        Command::Action(_) | Command::Go(_) | Command::Job(..) => {
            Words::new().muted("changes nothing on the server")
        }
        Command::Extra(_) => Words::new().muted(line.title.as_str()),
        Command::Theme(_) => Words::new().muted("for this run of the console"),
    }
}

/// The same as a command line, where there is one.
fn as_command(app: &App, line: &Line) -> Option<String> {
    let Command::Act(act) = &line.command else { return None };
    let target =
        if app.core.is_embedded { String::new() } else { format!(" -t {}", app.core.name) };
    let job = |pipeline, job: &str| format!("{}/{job}", text::pipeline_name(pipeline));
    Some(match act {
        Act::Trigger(pipeline, name) => {
            format!("flightdeck{target} trigger-job -j {}", job(pipeline, name))
        }
        Act::Unpause(pipeline, Some(name)) => {
            format!("flightdeck{target} unpause-job -j {}", job(pipeline, name))
        }
        Act::Unpause(pipeline, None) => {
            format!("flightdeck{target} unpause-pipeline -p {}", text::pipeline_name(pipeline))
        }
        _ => return None,
    })
}

//! The screens: what is known, as cells. Drawing changes nothing and asks nothing.
//!
//! One file a screen. A screen draws into the body that [`body`] gives it; frame, toasts and what
//! lies over the screen are drawn here.

pub mod build;
pub mod build_head;
pub mod builds;
pub mod chooser;
pub mod facts;
pub mod graph;
pub mod graph_list;
pub mod graph_panel;
pub mod help;
pub mod layers;
pub mod log;
pub mod menu;
pub mod messages;
pub mod overview;
pub mod overview_row;
pub mod palette;
pub mod shell;
pub mod steps;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::Error;
use crate::model::Timestamp;
use crate::tui::action::{Action, Context};
use crate::tui::app::{App, Layer, Link, Place};
use crate::tui::cache::{Datum, Known, PATIENCE};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::keymap::Access;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::{Header, KeyBar, Mode, Prompt, Toasts, Words, too_small};

/// From so many rows on, there is an empty row under the header.
const AIRY: u16 = 30;

/// Draws all of it.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let buf = frame.buffer_mut();
    let look = &app.look;
    look.clear(buf, buf.area, Role::Bg);
    if too_small(buf, look) {
        return;
    }
    let area = buf.area;
    let body = body(app);
    match &app.place {
        Place::Overview => overview::draw(app, body, buf),
        Place::Graph(pipeline) if app.walks_list() => graph_list::draw(app, pipeline, body, buf),
        Place::Graph(pipeline) => graph::draw(app, pipeline, body, buf),
        Place::Builds(pipeline, job) => builds::draw(app, pipeline, job, body, buf),
        Place::Build(build) => build::draw(app, *build, body, buf),
        Place::Messages => messages::draw(app, body, buf),
    }
    if app.link.is_lost() {
        look.theme.drain(buf, Rect { y: 1, height: area.height.saturating_sub(2), ..area });
    }
    draw_banner(app, buf);
    layers::draw(app, body, buf);
    header(app).draw(area, buf, look);
    draw_line(app, buf);
    draw_keys(app, buf);
    let chosen = chosen_row(app, body);
    Toasts(&app.told.toasts(app.now)).draw(toast_area(app), buf, look, chosen);
}

/// The rows between the chrome.
pub fn body(app: &App) -> Rect {
    let (width, height) = app.size;
    let top = if height >= AIRY { 2 } else { 1 };
    let below = 1 + u16::from(has_line(app));
    let top = if height < AIRY && banner(app).is_some() { top + 1 } else { top };
    Rect { x: 0, y: top, width, height: height.saturating_sub(top + below) }
}

/// Columns left free at both sides.
pub fn margin(width: u16) -> u16 {
    if width >= 120 { 2 } else { 1 }
}

/// Whether the terminal is wide enough for panes.
pub fn is_wide(app: &App) -> bool {
    app.size.0 >= 120
}

fn toast_area(app: &App) -> Rect {
    let (width, height) = app.size;
    Rect { x: 0, y: 3.min(height), width, height: height.saturating_sub(5) }
}

/// Where the chosen thing is, so that no toast covers it.
fn chosen_row(app: &App, body: Rect) -> Rect {
    let rows = match &app.place {
        Place::Overview => overview::chosen_rows(app, body),
        Place::Graph(pipeline) => graph::chosen_spot(app, pipeline),
        Place::Builds(..) | Place::Build(_) | Place::Messages => None,
    };
    rows.unwrap_or(Rect::new(0, 0, 0, 0))
}

fn header(app: &App) -> Header {
    let mut crumbs = Vec::new();
    let subject = app.subject();
    let mut of_pipeline = |pipeline: &crate::model::PipelineRef| {
        crumbs.push(pipeline.team.clone());
        crumbs.push(text::pipeline_name(pipeline));
    };
    match &app.place {
        Place::Overview => crumbs.push("all teams".to_owned()),
        Place::Graph(pipeline) => of_pipeline(pipeline),
        Place::Builds(pipeline, job) => {
            of_pipeline(pipeline);
            crumbs.push(job.clone());
            crumbs.push("builds".to_owned());
        }
        Place::Build(build) => {
            let known = subject.build;
            if let Some(pipeline) = known.and_then(|build| build.pipeline.as_ref()) {
                of_pipeline(pipeline);
            }
            crumbs.extend(known.and_then(|build| build.job.clone()));
            let name = known.map_or_else(|| build.to_string(), |build| build.name.clone());
            crumbs.push(format!("#{name}"));
            if (app.build.is_full || app.has_pane())
                && let Some(step) = app.shown_step_name()
            {
                crumbs.push(step);
            }
        }
        Place::Messages => crumbs.push("messages".to_owned()),
    }
    if matches!(app.layer, Some(Layer::Help { .. })) {
        crumbs.push("help".to_owned());
    }
    let mut modes = Vec::new();
    let mut live = String::new();
    match &app.link {
        Link::Live => live = "live".to_owned(),
        Link::Connecting => {}
        Link::Lost { since, .. } => {
            let age = format::duration(app.now.since(*since));
            modes.push(Mode { role: Role::Errored, text: format!("STALE {age}") });
            live = format!("as of {}", format::clock(*since, &app.zone));
        }
    }
    if app.shell_has_keys() {
        modes.push(Mode { role: Role::Accent, text: "SHELL".to_owned() });
    }
    if app.access == Access::ReadOnly {
        modes.push(Mode { role: Role::Muted, text: "READ-ONLY".to_owned() });
    }
    // Seconds would stand still while nothing runs, so they are told only while all is redrawn
    // each second anyway.
    let clock = if app.shows_running() || app.link.is_lost() {
        format::clock(app.now, &app.zone)
    } else {
        format::clock_short(app.now, &app.zone)
    };
    Header {
        target: app.core.name.clone(),
        target_number: if app.core.is_embedded { 2 } else { 0 },
        crumbs,
        modes,
        live,
        who: app.user.clone(),
        clock,
    }
}

/// What stands over the whole width under the header: role, left, right.
fn banner(app: &App) -> Option<(Role, Words, Words)> {
    if let Link::Lost { since, why, tries, next } = &app.link {
        let name = &app.core.name;
        let since = format::clock(*since, &app.zone);
        let left = Words::new()
            .bold(Role::Errored, format!("▲ no answer from {name} since {since}"))
            .gap(2)
            .text(match tries {
                0 => format!("{}.", why.message),
                1 => format!("{}, 1 try.", why.message),
                n => format!("{}, {n} tries.", why.message),
            })
            .gap(1)
            .muted("Grey is what was true then.");
        let right = match next {
            Some(at) => {
                let left = at.since(app.now).as_millis().div_ceil(1000);
                Words::new().text("next try in ").bright(format!("{left} s"))
            }
            None => Words::new().text("trying now"),
        };
        return Some((Role::Errored, left, right));
    }
    let paused = match &app.place {
        Place::Graph(pipeline) | Place::Builds(pipeline, _) => app.data.pipeline(pipeline),
        Place::Build(_) => app.subject().pipeline,
        Place::Overview | Place::Messages => None,
    };
    let pause = paused?.pause.as_ref()?;
    let why = pause.why.as_deref().unwrap_or("no reason given");
    let left = Words::new()
        .bold(Role::Paused, format!("‖ paused by {}", pause.by))
        .gap(2)
        .text(format!("\"{why}\""))
        .gap(2)
        .muted("no new build starts; those that run go on.");
    let age = format::age(pause.since, app.now, &app.zone);
    Some((Role::Paused, left, Words::new().muted(format!("since {age}"))))
}

fn draw_banner(app: &App, buf: &mut Buffer) {
    let Some((role, left, right)) = banner(app) else { return };
    let row = Rect { y: 1, height: 1, ..buf.area };
    let look = &app.look;
    look.clear(buf, row, role.tint().unwrap_or(Role::Raised));
    look.put(buf, (0, 1), "▌", 1, look.style(role));
    let end = row.right().saturating_sub(2);
    let start = right.draw_right(buf, (end, 1), right.width(), look);
    left.draw(buf, (2, 1), start.saturating_sub(4), look);
}

/// Whether the row above the keys is taken.
fn has_line(app: &App) -> bool {
    app.typing.is_some()
        || matches!(app.layer, Some(Layer::Question { .. }))
        || (!app.needle().is_empty() && app.layer.is_none())
}

/// The row above the keys: what is typed, or a question.
fn draw_line(app: &App, buf: &mut Buffer) {
    if !has_line(app) {
        return;
    }
    let look = &app.look;
    let row = Rect { y: buf.area.bottom().saturating_sub(2), height: 1, ..buf.area };
    if let Some(Layer::Question { text, yes, .. }) = &app.layer {
        look.clear(buf, row, Role::FailedBg);
        let left = Words::new()
            .badge(Role::target(if app.core.is_embedded { 2 } else { 0 }), app.core.name.as_str())
            .gap(1)
            .bright(text.as_str());
        let mut right = Words::new().bright("y").gap(1).text(*yes);
        if row.width >= 60 {
            right = right.gap(3).bright("else").gap(1).text("leave it");
        }
        let end = row.right().saturating_sub(1);
        let start = right.draw_right(buf, (end, row.y), right.width(), look);
        left.draw(buf, (1, row.y), start.saturating_sub(3), look);
        return;
    }
    look.clear(buf, row, Role::Raised);
    let beside = search_words(app);
    let area = Rect { x: 1, width: row.width.saturating_sub(2), ..row };
    match &app.typing {
        Some(typing) => {
            Prompt { sigil: "/".to_owned(), beside }.draw(area, buf, look, &typing.prompt);
        }
        None => {
            let words = Words::new()
                .bold(Role::Accent, "/")
                .role(Role::Bright, app.needle())
                .gap(3)
                .then(beside)
                .gap(2)
                .key("esc", "ends it");
            words.draw(buf, (1, row.y), area.width, look);
        }
    }
}

/// What is found: beside the search line.
fn search_words(app: &App) -> Words {
    match &app.place {
        Place::Overview => {
            let all = app.data.all_pipelines().count();
            let n = app.outlines().len();
            Words::new().bright(n.to_string()).muted(format!(" of {all} pipelines"))
        }
        Place::Graph(pipeline) => {
            let names = app.data.pipeline(pipeline).map_or(&[][..], |p| &p.jobs);
            let n = names
                .iter()
                .filter(|job| crate::tui::fact::pipeline::contains(&job.name, app.needle()))
                .count();
            Words::new()
                .bright(n.to_string())
                .muted(format!(" of {} jobs", names.len()))
                .gap(2)
                .key("n", "next")
        }
        Place::Builds(..) | Place::Messages => Words::new(),
        Place::Build(_) => log::search_words(app),
    }
}

fn draw_keys(app: &App, buf: &mut Buffer) {
    KeyBar::new(keys(app)).draw(buf.area, buf, &app.look);
}

/// The keys that apply now, most used first.
fn keys(app: &App) -> Vec<(String, String)> {
    let fixed = |items: &[(&str, &str)]| {
        items.iter().map(|(key, what)| ((*key).to_owned(), (*what).to_owned())).collect()
    };
    if app.shell_has_keys() {
        return fixed(&[
            ("ctrl-]", "back to the log, shell stays"),
            ("~.", "end it"),
            ("~?", "escapes"),
        ]);
    }
    match &app.layer {
        Some(Layer::Menu { .. }) => {
            return fixed(&[
                ("letter", "does it"),
                ("enter", "the chosen one"),
                ("type", "to find"),
                ("esc", "back"),
            ]);
        }
        Some(Layer::Palette { .. }) => {
            return fixed(&[
                ("enter", "do it"),
                ("tab", "complete"),
                ("↑↓", "choose"),
                ("esc", "back"),
            ]);
        }
        Some(Layer::Pause { .. }) => return fixed(&[("enter", "pause"), ("esc", "back")]),
        Some(Layer::Help { .. }) => {
            return fixed(&[("/", "find a key or a word"), ("j k", "scroll"), ("esc", "back")]);
        }
        Some(Layer::Facts { .. }) => return fixed(&[("j k", "scroll"), ("esc", "back")]),
        Some(Layer::Chooser(_)) => {
            return fixed(&[
                ("enter", "enter it"),
                ("tab", "other command"),
                ("|", "this terminal or a pane"),
                ("esc", "back"),
            ]);
        }
        Some(Layer::Leaving { .. }) => {
            return fixed(&[("w", "wait"), ("A", "abort"), ("l", "leave"), ("esc", "stay")]);
        }
        Some(Layer::Question { .. }) | None => {}
    }
    if app.typing.is_some() {
        return fixed(&[("enter", "keep it"), ("esc", "end it")]);
    }
    let context = app.place.context();
    let mut wanted: Vec<Action> = match context {
        Context::Overview => vec![
            Action::Open,
            Action::OpenShell,
            Action::Changed,
            Action::Search,
            Action::Trigger,
            Action::Pause,
        ],
        Context::Graph => vec![
            Action::Left,
            Action::Open,
            Action::OpenShell,
            Action::Changed,
            Action::NextRed,
            Action::FocusPath,
            Action::Zoom,
            Action::Trigger,
            Action::Rerun,
        ],
        Context::Build | Context::Log => vec![
            Action::NextRed,
            Action::OpenShell,
            Action::Changed,
            Action::Search,
            Action::OnlyMatches,
            Action::Zoom,
            Action::Older,
            Action::NextPane,
            Action::Rerun,
            Action::Abort,
        ],
        _ => vec![Action::Open, Action::OpenShell, Action::NextRed, Action::Rerun, Action::Back],
    };
    if app.link.is_lost() {
        wanted.insert(0, Action::Retry);
        wanted.retain(|action| !action.info().needs_write);
    }
    wanted.retain(|action| match action {
        Action::Left => app.size.0 >= 60,
        Action::OpenShell => !app.containers().is_empty() || context == Context::Overview,
        Action::Abort | Action::Rerun => app.why_not(*action).is_none(),
        _ => true,
    });
    let mut items = app.keymap.bar(context, app.access, &wanted);
    // What the program brought along is worth a place among the first.
    let place = items.len().min(3);
    for extra in app.extras.iter().rev() {
        items.insert(place, (extra.key.to_string(), extra.title.clone()));
    }
    let all = app.keymap.bar(context, app.access, &[Action::OpenMenu]);
    fit(items, all, app.size.0)
}

/// As many as there is room for, the last ones always; in a narrow terminal with shorter words.
fn fit(
    mut items: Vec<(String, String)>,
    last: Vec<(String, String)>,
    width: u16,
) -> Vec<(String, String)> {
    if width < 100 {
        for (_, word) in &mut items {
            if let Some((_, short)) = SHORT.iter().find(|(long, _)| word == long) {
                (*short).clone_into(word);
            }
        }
    }
    let gap = if width >= 100 { 3 } else { 2 };
    let columns = |items: &[(String, String)]| -> usize {
        items.iter().map(|(key, what)| format::width(key) + 1 + format::width(what) + gap).sum()
    };
    // The bar's own margin, and `? help` at its end.
    let room = usize::from(width).saturating_sub(10 + columns(&last));
    while !items.is_empty() && columns(&items) > room {
        items.pop();
    }
    items.extend(last);
    items
}

/// Words of the key bar that are shorter in a narrow terminal.
const SHORT: [(&str, &str); 6] = [
    ("along edges", "move"),
    ("what changed", "changed"),
    ("next error", "error"),
    ("matches only", "only"),
    ("focus path", "path"),
    ("next pane", "pane"),
];

/// What to draw in place of something that is not there yet; none if it is there.
pub fn absence<T>(datum: Option<&Datum<T>>, label: &str, now: Timestamp) -> Option<Words> {
    let wait = |since: Timestamp| match now.since(since) >= PATIENCE {
        true => Words::new().label(label).muted(" …"),
        false => Words::new(),
    };
    match datum.map_or(Known::Unasked, Datum::known) {
        Known::Unasked => Some(Words::new()),
        Known::Loading(since) => Some(wait(since)),
        Known::Failed(error) => Some(refusal(error)),
        Known::Fresh(..) | Known::Stale(..) => None,
    }
}

/// Why there is nothing to show.
pub fn refusal(error: &Error) -> Words {
    let words = Words::new().role(Role::Errored, "▲ ").text(text::plain(&error.message));
    match &error.hint {
        Some(hint) => words.gap(2).muted(text::plain(hint)),
        None => words.gap(2).key("r", "asks again"),
    }
}

/// A label with a fact at the right end.
pub fn label(buf: &mut Buffer, at: (u16, u16), width: u16, text: &str, fact: &str, look: &Look) {
    crate::tui::widget::label(buf, at, width, text, fact, look);
}

/// Two groups of words on one line; the right one stays whole.
pub fn line(
    buf: &mut Buffer,
    at: (u16, u16),
    width: u16,
    left: &Words,
    right: &Words,
    look: &Look,
) {
    let end = at.0 + width;
    let room = right.width();
    if room == 0 || room > width {
        left.draw(buf, at, width, look);
        return;
    }
    right.draw_right(buf, (end, at.1), room, look);
    left.draw(buf, at, width.saturating_sub(room + 1), look);
}

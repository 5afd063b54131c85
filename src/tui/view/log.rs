//! The log of the shown step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::log::StepLog;
use crate::tui::app::place::Pane;
use crate::tui::app::{App, Place};
use crate::tui::format;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::Words;
use crate::tui::widget::log::{LogView, Times};

/// Rows over the lines: the head and an empty one.
pub const HEAD: u16 = 2;

/// Rows below the lines: what else is written.
pub const FOOT: u16 = 1;

/// Draws it with a head and a foot.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    if area.height <= HEAD + FOOT || area.width < 10 {
        return;
    }
    draw_head(app, area, buf);
    let lines = Rect { y: area.y + HEAD, height: area.height - HEAD - FOOT, ..area };
    draw_lines(app, lines, buf);
    let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
    draw_foot(app, foot, buf);
}

/// Draws the lines only.
pub fn draw_lines(app: &App, area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let Some(log) = app.shown_log().filter(|log| !log.store.is_empty()) else {
        nothing(app).draw(buf, (area.x + 2, area.y), area.width.saturating_sub(2), look);
        return;
    };
    let started = app
        .watch
        .as_ref()
        .zip(app.shown_step())
        .and_then(|(watch, step)| watch.marks.of(&step)?.began_at);
    let view = LogView {
        store: &log.store,
        rows: &log.rows,
        search: log.search.as_ref(),
        first_error: log.first_error,
        times: if app.size.0 < 120 { Times::None } else { app.times },
        started,
        zone: &app.zone,
        wrap: app.wraps,
        focus: matches!(app.place, Place::Build(_))
            && app.build.pane == Pane::Log
            && log.is_touched
            && !app.shell_has_keys(),
    };
    view.draw(area, buf, look, log.state.fitted(log.rows.len(), area.height));
}

/// Why there is no line.
fn nothing(app: &App) -> Words {
    let Some(watch) = &app.watch else { return Words::new() };
    let status = app.watched_status();
    let step = app.shown_step();
    let began = step.as_ref().is_some_and(|step| watch.marks.of(step).is_some());
    match (status.is_over(), began) {
        (true, true) => Words::new().muted("It wrote nothing."),
        (true, false) if watch.is_whole() => Words::new().muted("It never ran."),
        (false, true) => Words::new().muted("No line yet."),
        (false, false) if !app.steps().is_empty() => Words::new().muted("It has not begun."),
        _ => {
            let waiting = app.data.build(watch.build).and_then(|detail| detail.waiting.as_ref());
            match waiting {
                Some(waiting) => Words::new().muted(waiting.why.as_str()),
                None => Words::new(),
            }
        }
    }
}

fn draw_head(app: &App, area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let name = app.shown_step_name().unwrap_or_default();
    let mut left = Words::new().bold(Role::Text, name).gap(2);
    if let Some(log) = app.shown_log() {
        left = left.muted(format::counted(as_u64(log.store.len()), "line"));
        if app.build.is_full {
            left = left.muted(format!(", {}", format::size(log.store.bytes())));
        }
    }
    let mut right = Words::new();
    if let Some(log) = app.shown_log() {
        right = right.then(error_words(log));
        if area.width >= 80 {
            let follow = if log.state.follow { "follow on" } else { "follow off" };
            right = right.gap(3).muted(follow);
            if app.build.is_full {
                right = right.gap(3).muted(if app.wraps { "wrap on" } else { "wrap off" });
            }
            if app.size.0 >= 120 {
                right = right.gap(3).muted(format!("time: {}", app.times.word()));
            }
        }
    }
    view::line(buf, (area.x + 1, area.y), area.width.saturating_sub(3), &left, &right, look);
}

/// `✗ error 1 of 3`.
pub fn error_words(log: &StepLog) -> Words {
    match log.errors() {
        (_, 0) => Words::new(),
        (0, n) => {
            Words::new().role(Role::Failed, format!("✗ {}", format::counted(as_u64(n), "error")))
        }
        (place, n) => Words::new().bold(Role::Failed, format!("✗ error {place} of {n}")),
    }
}

/// What is below the lines: new ones, other steps that write, how far down one is.
pub fn draw_foot(app: &App, row: Rect, buf: &mut Buffer) {
    let left = elsewhere(app);
    let right = match app.shown_log() {
        Some(log) if !log.rows.is_empty() => {
            let height = usize::from(view::build::log_rows(app));
            let seen = (log.state.top + height).min(log.rows.len());
            Words::new().muted(format!("{} %", seen * 100 / log.rows.len().max(1)))
        }
        _ => Words::new(),
    };
    view::line(buf, (row.x + 1, row.y), row.width.saturating_sub(3), &left, &right, &app.look);
}

/// What is written where one does not look.
pub fn elsewhere(app: &App) -> Words {
    let Some(watch) = &app.watch else { return Words::new() };
    let shown = app.shown_step();
    let other = watch
        .logs
        .iter()
        .filter(|(step, log)| {
            let runs = watch
                .marks
                .of(step)
                .is_some_and(|mark| mark.began_at.is_some() && mark.ended_at.is_none());
            Some(*step) != shown.as_ref() && log.n_unseen > 0 && runs
        })
        .max_by_key(|(step, _)| watch.marks.of(step).and_then(|mark| mark.began_at));
    if let Some((step, log)) = other
        && let Some((_, name)) = app.step_words(step)
    {
        return Words::new()
            .sign(crate::tui::glyph::Sign::Started)
            .gap(1)
            .text(name)
            .muted(format!(" writes: + {}", format::counted(as_u64(log.n_unseen), "new line")));
    }
    if let Some(log) = app.shown_log() {
        let bottom = log.state.top + usize::from(view::build::log_rows(app));
        let below = log.rows.len().saturating_sub(bottom);
        if below > 0 && !log.state.follow {
            return Words::new()
                .muted(format!("{} below · ", format::counted(as_u64(below), "row")))
                .bright("G")
                .muted(" goes to the end");
        }
    }
    Words::new()
}

/// What is found, beside the search line.
pub fn search_words(app: &App) -> Words {
    let Some(log) = app.shown_log() else { return Words::new() };
    let Some(search) = &log.search else { return Words::new().muted("regex, smart case") };
    let n = search.found().len();
    let here = log.line().map_or(0, |line| search.place(line));
    let mut words = Words::new().muted("regex, smart case · ");
    words = match n {
        0 if search.looked_at() >= log.store.len() => words.text("nothing"),
        _ => words.bright((here + 1).min(n).to_string()).muted(format!(
            " of {}{}",
            format::count(as_u64(n)),
            if search.looked_at() < log.store.len() { "…" } else { "" }
        )),
    };
    words.muted(" · ").key("n", "next").gap(2).key("&", "only these")
}

fn as_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

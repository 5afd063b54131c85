//! All builds of a job.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::BuildSummary;
use crate::model::PipelineRef;
use crate::model::build::Status;
use crate::tui::app::App;
use crate::tui::fact::pipeline::contains;
use crate::tui::fact::{job, text};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::{Column, Fill, List, ListState, Row, Words};

/// So many are asked for at first.
pub const PAGE: u32 = 50;

fn area(app: &App, body: Rect) -> Rect {
    let head = if app.size.1 >= 30 { 2 } else { 1 };
    let margin = view::margin(body.width) - 1;
    Rect {
        x: margin,
        y: body.y + head,
        width: body.width.saturating_sub(2 * margin),
        height: body.height.saturating_sub(head),
    }
}

fn list(app: &App, pipeline: &PipelineRef, job: &str) -> List {
    let mut list = List::new([
        Column::left("", Fill::Fixed(1)),
        Column::left("build", Fill::Content(10)),
        Column::left("state", Fill::Content(18)),
        Column::right("took", Fill::Fixed(7)),
        Column::right("ended", Fill::Fixed(6)),
        Column::left("", Fill::Share(1)).from(60),
    ]);
    list.has_head = app.size.1 >= 16;
    let builds = app.data.builds_of(pipeline, job).and_then(|datum| datum.value());
    for build in builds.into_iter().flatten() {
        list.rows.push(row(app, build));
    }
    list
}

fn row(app: &App, build: &BuildSummary) -> Row {
    let sign = Sign::from(build.status);
    let is_chosen = app.builds.choice.chosen == Some(build.id);
    let needle = &app.builds.needle;
    let name = format!("#{}", build.name);
    let name = if is_chosen { Words::new().bright(name) } else { Words::new().text(name) };
    let state = match (build.status, build.is_aborting) {
        (Status::Started, true) => Words::new().role(Role::Aborted, "stopping"),
        (Status::Succeeded, _) => Words::new().muted("succeeded"),
        (Status::Aborted, _) => {
            let by = build.aborted_by.as_ref().map(|who| format!(" by {who}"));
            Words::new().role(Role::Aborted, "aborted").muted(by.unwrap_or_default())
        }
        (status, _) => Words::new().role(sign.role(), Sign::from(status).word()),
    };
    let took = match (build.started_at, build.status.is_over()) {
        (Some(started), false) => Words::new().text(format::duration(app.now.since(started))),
        _ => Words::new().muted(job::took(build).map(format::duration).unwrap_or_default()),
    };
    let ended = build.ended_at.map(|at| format::age(at, app.now, &app.zone));
    let told = match (&build.cause, &build.created_by) {
        (Some(cause), _) => Words::new()
            .muted(format!("{}: ", text::step_name(cause)))
            .text(text::plain(&text::cause_line(cause))),
        (None, Some(who)) => Words::new().muted(format!("started by {who}")),
        (None, None) => Words::new(),
    };
    let cells = [
        Words::new().sign(sign),
        name,
        state,
        took,
        Words::new().muted(ended.unwrap_or_default()),
        told,
    ];
    let hides = !needle.is_empty() && !cells.iter().any(|cell| contains(&cell.plain(), needle));
    if hides {
        return Row::cells(cells.map(|cell| cell.in_role(Role::Faint)));
    }
    Row::cells(cells)
}

fn state(app: &App, pipeline: &PipelineRef, job: &str) -> ListState {
    let keys = app.build_keys(pipeline, job);
    let selected = app.builds.choice.place(&keys).unwrap_or(0);
    ListState { selected, offset: app.builds.choice.offset }
}

/// The first row in view, so that the chosen one is.
pub fn offset(app: &App, pipeline: &PipelineRef, job: &str) -> usize {
    let area = area(app, view::body(app));
    list(app, pipeline, job).fitted(state(app, pipeline, job), area.height).offset
}

/// Draws them.
pub fn draw(app: &App, pipeline: &PipelineRef, job: &str, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let margin = view::margin(body.width);
    let datum = app.data.builds_of(pipeline, job);
    if let Some(words) = view::absence(datum, "builds", app.now) {
        words.draw(buf, (margin, body.y), body.width.saturating_sub(2 * margin), look);
        return;
    }
    let list = list(app, pipeline, job);
    if list.rows.is_empty() {
        let words = Words::new().text(format!("{job} never ran.")).gap(2).key("T", "triggers it");
        words.draw(buf, (margin, body.y), body.width.saturating_sub(2 * margin), look);
        return;
    }
    let known = app.data.job(pipeline, job);
    let n = u64::try_from(list.rows.len()).unwrap_or(0);
    let mut left = Words::new().bright(job).gap(2).muted(format::counted(n, "build"));
    if let Some(estimate) = known.and_then(|job| job.estimate) {
        left = left.muted(format!(" · usually {}", format::duration(estimate)));
    }
    let pulse = known.map_or(&[][..], |job| &job.pulse);
    let green = pulse.iter().filter(|pulse| pulse.status == Status::Succeeded).count();
    let right = match pulse.len() {
        0 => Words::new(),
        n => Words::new().muted(format!("{green} of the last {n} green")),
    };
    let room = body.width.saturating_sub(2 * margin);
    view::line(buf, (margin, body.y), room, &left, &right, look);
    list.draw(area(app, body), buf, look, state(app, pipeline, job), true);
}

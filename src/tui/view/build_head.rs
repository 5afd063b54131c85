//! The head of a build: how it stands, who made it, what changed.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::{BuildDetail, BuildSummary, InputChange};
use crate::model::build::Status;
use crate::tui::app::App;
use crate::tui::fact::steps::RowKind;
use crate::tui::fact::{job, text};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::view::build::changed_rows;
use crate::tui::widget::Words;

/// The result in words.
fn result_words(app: &App, build: &BuildSummary) -> Words {
    let status = app.watched_status();
    let sign = Sign::from(if status.is_over() { status } else { build.status });
    // A step that broke decides, though hooks still run.
    let red = app.steps().into_iter().find_map(|row| match row.kind {
        RowKind::Step(step) if step.sign.is_red() => Some(step),
        _ => None,
    });
    let exit = build
        .cause
        .as_ref()
        .and_then(|cause| cause.exit_status)
        .or_else(|| {
            let step = red.as_ref()?;
            app.watch.as_ref()?.marks.of(&step.id)?.exit_status
        })
        .map(|status| format!(", exit {status}"))
        .unwrap_or_default();
    match (sign, red) {
        (Sign::Started, Some(step)) => Words::new()
            .role(step.sign.role(), format!("{} in {}", step.sign.word(), step.name))
            .muted(format!("{exit}, now cleaning up")),
        (Sign::Started, None) if build.is_aborting => {
            Words::new().role(Role::Aborted, "is being stopped")
        }
        (Sign::Failed | Sign::Errored, step) => {
            let name = build
                .cause
                .as_ref()
                .map(|cause| text::step_name(cause).to_owned())
                .or(step.map(|step| step.name));
            let at = name.map(|name| format!(" in {name}")).unwrap_or_default();
            Words::new().role(sign.role(), format!("{}{at}", sign.word())).muted(exit)
        }
        (Sign::Aborted, _) => {
            let by = build.aborted_by.as_ref().map(|who| format!(" by {who}"));
            Words::new().role(Role::Aborted, format!("aborted{}", by.unwrap_or_default()))
        }
        (Sign::Pending, _) => {
            let detail = app.data.build(build.id);
            let why = detail.and_then(|detail| detail.waiting.as_ref()).map(|w| w.why.clone());
            Words::new().text(why.unwrap_or_else(|| "waits to start".to_owned()))
        }
        (sign, _) => Words::new().role(sign.role(), sign.word()),
    }
}

/// How far it is.
fn progress_words(
    app: &App,
    build: &BuildSummary,
    detail: Option<&BuildDetail>,
) -> (Words, Option<job::Left>, Words) {
    let elapsed = build.started_at.map(|started| build.ended_at.unwrap_or(app.now).since(started));
    let Some(elapsed) = elapsed else { return (Words::new(), None, Words::new()) };
    if build.status.is_over() {
        let ago = build.ended_at.map(|at| format::age(at, app.now, &app.zone));
        let words = Words::new()
            .muted("took ")
            .text(format::duration(elapsed))
            .muted(ago.map(|ago| format!(", {ago} ago")).unwrap_or_default());
        return (words, None, Words::new());
    }
    match detail.and_then(|detail| detail.estimate) {
        None => (Words::new().text(format::duration(elapsed)), None, Words::new()),
        Some(expected) => {
            let left = job::Left { elapsed, expected };
            let of = format!("{} of ~{}", format::duration(elapsed), rounded(expected));
            let end = if left.is_late() {
                Words::new().role(Role::Errored, format!("{} late", left.short()))
            } else {
                Words::new().text(format!("{} left", left.short()))
            };
            (Words::new().muted(of), Some(left), end)
        }
    }
}

/// An estimate is no better than its minutes, once there are some.
fn rounded(expected: Duration) -> String {
    if expected.as_secs() >= 600 {
        format::duration_short(expected + Duration::from_secs(30))
    } else {
        format::duration(expected)
    }
}

/// Draws it.
pub fn draw(
    app: &App,
    build: &BuildSummary,
    detail: Option<&BuildDetail>,
    area: Rect,
    buf: &mut Buffer,
) {
    let look = &app.look;
    let margin = view::margin(area.width);
    let room = area.width.saturating_sub(2 * margin);
    let sign = head_sign(app, build);
    let is_wide = view::is_wide(app);
    let name = Words::new().sign(sign).gap(1).bright(text::build_name(build)).gap(2);
    let left = name.then(result_words(app, build));
    let (took, progress, end) = progress_words(app, build, detail);
    let bar = if is_wide { 20 } else { 10 };
    let mut right_end = area.right() - margin;
    if !end.is_empty() {
        right_end = end.draw_right(buf, (right_end, area.y), 20, look).saturating_sub(2);
    }
    if let Some(progress) = progress.filter(|_| area.width >= 60) {
        let x = right_end.saturating_sub(bar);
        progress.progress().draw((x, area.y), bar, buf, look);
        right_end = x.saturating_sub(2);
    }
    if is_wide || progress.is_none() {
        right_end = took.draw_right(buf, (right_end, area.y), 30, look).saturating_sub(2);
    }
    left.draw(buf, (margin, area.y), right_end.saturating_sub(margin), look);
    if area.height < 2 {
        return;
    }
    if !is_wide {
        changed_line(detail).draw(buf, (margin, area.y + 1), room, look);
        return;
    }
    made_by_line(app, build, detail).draw(buf, (margin, area.y + 1), room, look);
    if let Some(detail) = detail {
        draw_changed(app, detail, Rect { y: area.y + 3, ..area }, buf);
    }
}

/// The sign of the whole build: red as soon as a step is, though clean-up runs.
fn head_sign(app: &App, build: &BuildSummary) -> Sign {
    let status = app.watched_status();
    if status == Status::Started {
        let red = app.steps().into_iter().find_map(|row| match row.kind {
            RowKind::Step(step) if step.sign.is_red() => Some(step.sign),
            _ => None,
        });
        return red.unwrap_or(Sign::Started);
    }
    if status.is_over() { status.into() } else { build.status.into() }
}

fn made_by_line(app: &App, build: &BuildSummary, detail: Option<&BuildDetail>) -> Words {
    let mut words = match (&build.created_by, detail.and_then(|detail| detail.made_by.as_ref())) {
        (Some(who), _) => Words::new().muted("started by ").text(who.as_str()),
        (None, Some(maker)) => {
            // What it made that this one got.
            let new = detail.and_then(|detail| {
                let change = detail.changes.first()?;
                Some(format!("{} {}", change.resource, text::version_after(change)))
            });
            let words = Words::new().muted("made by ");
            match new {
                Some(new) => words.text(new).muted(format!(" from {}", text::build_name(maker))),
                None => words.text(text::build_name(maker)),
            }
        }
        (None, None) => {
            let first = detail
                .and_then(|detail| detail.inputs.iter().find(|input| input.is_first_occurrence));
            match first {
                Some(input) => Words::new().muted("made by ").text(format!(
                    "{} {}",
                    input.resource,
                    text::version(&input.version, None)
                )),
                None => Words::new().muted("made by the scheduler"),
            }
        }
    };
    let at = build.started_at.unwrap_or(build.created_at);
    words = words.muted(format!(" · {}", format::clock(at, &app.zone)));
    if let Some(worker) = detail.and_then(|detail| detail.worker.as_ref()) {
        words = words.muted(format!(" · worker {worker}"));
    }
    words
}

/// What changed, in one line.
fn changed_line(detail: Option<&BuildDetail>) -> Words {
    let Some(detail) = detail else { return Words::new() };
    let Some(green) = detail.last_green.as_ref().filter(|green| green.id != detail.summary.id)
    else {
        return Words::new().muted("no build before it was green");
    };
    let words = Words::new().muted(format!("changed since #{}: ", green.name));
    if detail.changes.is_empty() {
        return words.muted("nothing");
    }
    let told: Vec<String> = detail
        .changes
        .iter()
        .map(|change| format!("{} {}", change.name, text::version_after(change)))
        .collect();
    let amount = match detail.changes.as_slice() {
        [only] => format!(" {}", text::amount(only)),
        _ => String::new(),
    };
    let same = detail.inputs.len().saturating_sub(detail.changes.len());
    words.text(told.join(", ")).muted(text::plain(&amount)).muted(format!(" · {same} same"))
}

fn draw_changed(app: &App, detail: &BuildDetail, area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let Some(green) = detail.last_green.as_ref().filter(|green| green.id != detail.summary.id)
    else {
        return;
    };
    let label = format!("changed since #{}", green.name);
    view::label(buf, (2, area.y), 30, &label, "", look);
    let ago = green.ended_at.map(|at| format!("green {} ago", format::age(at, app.now, &app.zone)));
    Words::new().muted(ago.unwrap_or_default()).draw(buf, (2, area.y + 1), 30, look);
    let same = detail.inputs.len().saturating_sub(detail.changes.len());
    if detail.changes.is_empty() {
        let words = Words::new()
            .muted("nothing: all ")
            .text(same.to_string())
            .muted(" inputs are the same");
        words.draw(buf, (34, area.y), area.width.saturating_sub(36), look);
        return;
    }
    let most = usize::from(changed_rows(app).max(1));
    let widest = |of: &dyn Fn(&InputChange) -> usize| {
        let widest = detail.changes.iter().map(of).max().unwrap_or(0);
        u16::try_from(widest).unwrap_or(30).min(30)
    };
    let names = widest(&|change| format::width(&change.name));
    let from = widest(&|change| format::width(&text::version_before(change)));
    let to = widest(&|change| format::width(&text::version_after(change)));
    for ((change, y), at) in detail.changes.iter().zip(area.y..).zip(1..=most) {
        let x = 34;
        Words::new().text(change.name.as_str()).draw(buf, (x, y), names, look);
        let x = x + names + 2;
        Words::new().muted(text::version_before(change)).draw(buf, (x, y), from, look);
        let x = x + from + 1;
        Words::new().muted("→ ").bright(text::version_after(change)).draw(
            buf,
            (x, y),
            to + 2,
            look,
        );
        let mut words = Words::new();
        if let Some(author) = text::author(&change.metadata) {
            words = words.muted(author).gap(2);
        }
        if let Some(message) = text::message(&change.metadata) {
            words = words.text(format!("\"{}\"", text::plain(message))).gap(1);
        }
        if let Some(n) = change.n_versions.filter(|n| *n > 1) {
            let noun = if change.to.field("ref").is_some() { "commit" } else { "version" };
            words = words.muted(format!("+{}", format::counted(u64::from(n - 1), noun)));
        }
        if at == most.min(detail.changes.len()) && at > 1 || detail.changes.len() == 1 {
            let rest = match detail.changes.len().saturating_sub(at) {
                0 if same > 0 => Words::new()
                    .muted("the other ")
                    .text(same.to_string())
                    .muted(" inputs are the same"),
                0 => Words::new(),
                n => Words::new().muted(format!("{n} more changed, d shows all")),
            };
            words = if words.is_empty() || rest.is_empty() {
                words.then(rest)
            } else {
                words.muted(" · ").then(rest)
            };
        }
        let x = x + to + 5;
        words.draw(buf, (x, y), area.right().saturating_sub(x + 2), look);
    }
}

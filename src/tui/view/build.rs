//! A build: which line, what changed, how long still.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::{BuildDetail, BuildSummary, InputChange};
use crate::model::BuildId;
use crate::model::build::Status;
use crate::tui::app::{App, Place};
use crate::tui::fact::steps::RowKind;
use crate::tui::fact::{job, text};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::view::graph_panel::{Pen, after, change_words, container_words};
use crate::tui::widget::Words;

/// Columns of the steps.
const STEPS: u16 = 44;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Areas {
    head: Rect,
    /// The line between head and panes; none where there are none.
    rule: Option<u16>,
    /// Steps and what is below them; none in a narrow terminal or under a full log.
    left: Option<Rect>,
    /// The steps in one line.
    line: Option<u16>,
    log: Rect,
    /// The log has its own head and foot.
    is_framed: bool,
}

/// Rows that the inputs that changed take: at least two, for the remark beside them.
fn changed_rows(app: &App) -> u16 {
    let detail = match &app.place {
        Place::Build(build) => app.data.build(*build),
        _ => None,
    };
    let has_green = detail.is_some_and(|detail| {
        detail.last_green.as_ref().is_some_and(|green| green.id != detail.summary.id)
    });
    let n = detail.map_or(0, |detail| detail.changes.len());
    if has_green { u16::try_from(n.clamp(2, 4)).unwrap_or(2) } else { 0 }
}

fn areas(app: &App) -> Areas {
    let body = view::body(app);
    if app.build.is_full {
        let log = Rect { height: body.height, ..body };
        return Areas {
            head: Rect { height: 0, ..body },
            rule: None,
            left: None,
            line: None,
            log,
            is_framed: true,
        };
    }
    if !view::is_wide(app) {
        let is_small = app.size.1 < 16;
        let head = Rect { height: if is_small { 1 } else { 2 }, ..body };
        let rows = if is_small { 0 } else { 3 };
        let log = Rect {
            y: head.bottom() + rows,
            height: body.height.saturating_sub(head.height + rows),
            ..body
        };
        return Areas {
            head,
            rule: (!is_small).then(|| head.bottom()),
            left: None,
            line: (!is_small).then(|| head.bottom() + 1),
            log,
            is_framed: false,
        };
    }
    let changed = changed_rows(app);
    let below = if changed > 0 { changed + 1 } else { 0 };
    let is_airy = app.size.1 >= 30;
    let head = Rect { height: 2 + below + u16::from(is_airy), ..body };
    let rule = head.bottom();
    let gap = u16::from(is_airy);
    // An empty row stays above the keys.
    let rest = body.height.saturating_sub(head.height + 1 + 2 * gap);
    let left = Rect { x: 2, y: rule + 1 + gap, width: STEPS - 2, height: rest };
    let log = Rect {
        x: STEPS + 3,
        y: rule + 1 + gap,
        width: body.width.saturating_sub(STEPS + 3),
        height: rest,
    };
    Areas { head, rule: Some(rule), left: Some(left), line: None, log, is_framed: true }
}

/// Where the lines of the log are.
fn log_area(app: &App) -> Rect {
    if let Place::Graph(_) = app.place
        && let Some(build) = view::graph::areas(app, false).build
    {
        let height = build.height.saturating_sub(2 + view::log::HEAD + view::log::FOOT);
        return Rect { height, ..build };
    }
    if app.has_pane() && view::is_wide(app) {
        let body = view::body(app);
        return Rect { height: body.height.saturating_sub(view::log::HEAD + 10), ..body };
    }
    let areas = areas(app);
    let taken = if areas.is_framed { view::log::HEAD + view::log::FOOT } else { 1 };
    Rect { height: areas.log.height.saturating_sub(taken), ..areas.log }
}

/// How many rows of a log are in view.
pub fn log_rows(app: &App) -> u16 {
    log_area(app).height
}

/// Draws it.
pub fn draw(app: &App, build: BuildId, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let margin = view::margin(body.width);
    let datum = app.data.builds.get(&build);
    if app.data.summary(build).is_none()
        && let Some(words) = view::absence(datum, "build", app.now)
    {
        words.draw(buf, (margin, body.y), body.width.saturating_sub(2 * margin), look);
        return;
    }
    let Some(summary) = app.data.summary(build) else { return };
    if app.has_pane() {
        return draw_with_shell(app, body, buf);
    }
    let detail = app.data.build(build);
    let areas = areas(app);
    if areas.head.height > 0 {
        draw_head(app, summary, detail, areas.head, buf);
    }
    if let Some(y) = areas.rule {
        look.rule(buf, (0, y), body.width);
    }
    if let Some(y) = areas.line {
        view::steps::one_line(app).draw(buf, (1, y), body.width.saturating_sub(2), look);
        look.rule(buf, (0, y + 1), body.width);
    }
    if let (Some(left), Some(rule)) = (areas.left, areas.rule) {
        let wall = left.right() + 2;
        look.wall(buf, wall, rule + 1..app.size.1 - 1);
        look.put(buf, (wall, rule), "┬", 1, look.style(Role::Border));
        draw_left(app, build, detail, left, buf);
    }
    if areas.is_framed {
        view::log::draw(app, areas.log, buf);
        return;
    }
    let lines = Rect { height: areas.log.height.saturating_sub(1), ..areas.log };
    view::log::draw_lines(app, lines, buf);
    let mut foot = Words::new();
    if let Some(log) = app.shown_log() {
        foot = view::log::error_words(log);
        let total = u64::try_from(log.store.len()).unwrap_or(0);
        if let Some(line) = log.line().and_then(|line| u64::try_from(line + 1).ok()) {
            if !foot.is_empty() {
                foot = foot.muted(" · ");
            }
            foot = foot.muted(format!("line {} of {}", format::count(line), format::count(total)));
        }
        if log.state.follow {
            foot = foot.muted(" · follow on");
        }
    }
    let elsewhere = if body.width >= 60 { view::log::elsewhere(app) } else { Words::new() };
    view::line(buf, (1, lines.bottom()), body.width.saturating_sub(2), &foot, &elsewhere, look);
}

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

fn draw_head(
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

fn draw_left(
    app: &App,
    build: BuildId,
    detail: Option<&BuildDetail>,
    area: Rect,
    buf: &mut Buffer,
) {
    let subject = app.subject();
    let pulse = subject.job.map_or(&[][..], |job| &job.pulse);
    let containers = app.containers();
    let next = match (subject.pipeline, subject.job) {
        (Some(pipeline), Some(job)) => after(pipeline, &job.name),
        _ => Vec::new(),
    };
    let below = if pulse.is_empty() { 0 } else { 3 }
        + if containers.is_empty() { 0 } else { 4 }
        + if next.is_empty() { 0 } else { 3 };
    let n_rows = u16::try_from(app.steps().len() + 1).unwrap_or(u16::MAX);
    let least = area.height / 2;
    let steps = Rect { height: n_rows.min(area.height.saturating_sub(below).max(least)), ..area };
    let y = view::steps::draw(app, build, steps, "steps", buf);
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    let mut pen = Pen::new(rest, buf, &app.look);
    if !pulse.is_empty() {
        let builds: Vec<Option<Sign>> =
            pulse.iter().map(|pulse| Some(Sign::from(pulse.status))).collect();
        let green = builds.iter().filter(|sign| **sign == Some(Sign::Succeeded)).count();
        pen.section("history", &format!("{green} of {} green", builds.len()));
        pen.pulse(&builds);
    }
    if let Some(best) = containers.first() {
        pen.section("container", "");
        pen.wrapped(&container_words(app, best), 2);
        let mut words = Words::new().key("s", "opens a shell in it");
        if containers.len() > 1 {
            words = words.gap(3).key("S", &format!("one of {}", containers.len()));
        }
        pen.words(&words);
    }
    if !next.is_empty() {
        pen.section("then", "");
        let is_green = detail.is_some_and(|detail| detail.summary.status == Status::Succeeded);
        let name = subject.job.map_or("", |job| job.name.as_str());
        for face in next {
            let words = Words::new().sign(face.sign).gap(1).text(face.job.name.as_str());
            let words =
                if is_green { words } else { words.muted(format!(" needs a green {name}")) };
            pen.words(&words);
        }
    }
}

/// The log beside a shell.
fn draw_with_shell(app: &App, body: Rect, buf: &mut Buffer) {
    if !view::is_wide(app) {
        view::shell::draw_error_row(app, buf);
        view::shell::draw(app, buf);
        return;
    }
    let shell = view::shell::area(app);
    let width = shell.x.saturating_sub(2);
    let changed = 10;
    let log = Rect { x: 0, width, height: body.height.saturating_sub(changed), ..body };
    view::log::draw(app, log, buf);
    let area = Rect { x: 2, y: log.bottom(), width: width.saturating_sub(4), height: changed };
    let mut pen = Pen::new(area, buf, &app.look);
    if let Place::Build(build) = app.place
        && let Some(detail) = app.data.build(build)
        && let Some(green) = detail.last_green.as_ref().filter(|green| green.id != build)
    {
        let fact = format!("{} of {} inputs", detail.changes.len(), detail.inputs.len());
        pen.section(&format!("changed since #{}", green.name), &fact);
        for change in detail.changes.iter().take(3) {
            let words = Words::new().text(change.name.as_str()).gap(2).then(change_words(change));
            pen.line(&words, &Words::new().muted(text::plain(&text::amount(change))));
        }
    }
    if let Some(pane) = &app.pane {
        pen.section("in this container", "");
        let container = app.containers().iter().find(|c| c.info.handle == pane.handle);
        if let Some(container) = container {
            let directory = container.info.working_dir.as_str();
            pen.words(&Words::new().muted("directory  ").text(format::cut_start(directory, 40)));
        }
    }
    view::shell::draw(app, buf);
}

//! A build: which line, what changed, how long still.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::BuildDetail;
use crate::model::BuildId;
use crate::model::build::Status;
use crate::tui::app::{App, Place};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::view::build_head;
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
pub(super) fn changed_rows(app: &App) -> u16 {
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
        build_head::draw(app, summary, detail, areas.head, buf);
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

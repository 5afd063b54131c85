//! All pipelines: what is red, since when, by what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::fact::job;
use crate::tui::fact::pipeline::{self, Outline, Section};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::graph::GraphView;
use crate::tui::widget::{Chip, Pulse, Words};

/// Columns of the history.
const PULSE: u16 = 16;

/// Columns of the preview at the right of a wide terminal.
const PREVIEW: u16 = 80;

/// A row of the list.
enum Row<'a, 'b> {
    Blank,
    Section(Section, usize),
    Item(&'b Outline<'a>),
}

/// Where the columns stand.
#[derive(Debug, Clone, Copy)]
struct Columns {
    left: u16,
    /// Columns of the team; none: it is left out.
    team: Option<u16>,
    name: u16,
    name_room: u16,
    /// Where the headline stands; none: it is left out.
    headline: Option<u16>,
    /// The end of the age.
    since: u16,
    pulse: Option<u16>,
    jobs: Option<u16>,
    right: u16,
}

fn columns(width: u16, outlines: &[Outline<'_>]) -> Columns {
    let longest = |of: &dyn Fn(&Outline<'_>) -> usize, most: u16| {
        let widest = outlines.iter().map(of).max().unwrap_or(0);
        u16::try_from(widest).unwrap_or(most).min(most)
    };
    let name = |o: &Outline<'_>| format::width(&text::pipeline_name(&o.pipeline.pipeline));
    match width {
        120.. => {
            let team = longest(&|o| format::width(&o.pipeline.pipeline.team), 10).max(4);
            let name_x = 4 + team + 3;
            let name_room = longest(&name, 36).clamp(24, width / 4);
            let jobs = width - 38;
            Columns {
                left: 2,
                team: Some(team),
                name: name_x,
                name_room,
                headline: Some(name_x + name_room + 2),
                since: jobs - 22,
                pulse: Some(jobs - 19),
                jobs: Some(jobs),
                right: width - 2,
            }
        }
        80.. => Columns {
            left: 1,
            team: None,
            name: 3,
            name_room: 25 + (width - 80) / 3,
            headline: Some(29 + (width - 80) / 3),
            since: width - 19,
            pulse: Some(width - 1 - PULSE),
            jobs: None,
            right: width - 1,
        },
        60.. => Columns {
            left: 1,
            team: None,
            name: 3,
            name_room: 24,
            headline: Some(29),
            since: width - 1,
            pulse: None,
            jobs: None,
            right: width - 1,
        },
        _ => Columns {
            left: 1,
            team: None,
            name: 3,
            name_room: width.saturating_sub(10),
            headline: None,
            since: width.saturating_sub(1),
            pulse: None,
            jobs: None,
            right: width.saturating_sub(1),
        },
    }
}

/// Whether an item has a second line.
fn height(width: u16, outline: &Outline<'_>) -> usize {
    let has_cause = outline.chief().is_some_and(|face| {
        face.job.finished.as_ref().is_some_and(|build| build.cause.is_some())
            || face.job.suspect.is_some()
    });
    match (width, outline.section) {
        (120.., Section::NewlyBroken | Section::StillRed) => 1 + usize::from(has_cause),
        (80..120, Section::NewlyBroken) => 1 + usize::from(has_cause),
        _ => 1,
    }
}

fn rows<'a, 'b>(outlines: &'b [Outline<'a>], is_airy: bool) -> Vec<Row<'a, 'b>> {
    let mut rows = Vec::new();
    for section in Section::ALL {
        let of: Vec<&Outline<'_>> = outlines.iter().filter(|o| o.section == section).collect();
        if of.is_empty() {
            continue;
        }
        if is_airy && !rows.is_empty() {
            rows.push(Row::Blank);
        }
        rows.push(Row::Section(section, of.len()));
        rows.extend(of.into_iter().map(Row::Item));
    }
    rows
}

fn main_width(app: &App) -> u16 {
    if app.size.0 >= 180 { app.size.0 - PREVIEW - 2 } else { app.size.0 }
}

/// The rows for the list: below the counts.
fn list_area(app: &App, body: Rect) -> Rect {
    let skip = match app.size.1 {
        30.. => 2,
        16.. => 1,
        _ => 0,
    };
    // In a narrow terminal the last row tells the cause of the chosen one.
    let below = u16::from(app.size.0 < 60);
    Rect {
        y: body.y + skip,
        width: main_width(app),
        height: body.height.saturating_sub(skip + below),
        ..body
    }
}

fn is_airy(app: &App) -> bool {
    app.size.1 >= 30
}

/// Lines before the chosen row, lines of it, and all lines.
fn measure(app: &App, outlines: &[Outline<'_>]) -> (usize, usize, usize) {
    let width = main_width(app);
    let chosen = app.overview.choice.chosen.as_ref();
    let (mut before, mut of, mut total) = (0, 0, 0);
    for row in rows(outlines, is_airy(app)) {
        let lines = match &row {
            Row::Blank | Row::Section(..) => 1,
            Row::Item(outline) => {
                let lines = height(width, outline);
                if Some(&outline.pipeline.pipeline) == chosen {
                    (before, of) = (total, lines);
                }
                lines
            }
        };
        total += lines;
    }
    (before, of, total)
}

/// The first line in view, so that the chosen row is.
pub fn offset(app: &App) -> usize {
    let outlines = app.outlines();
    let area = list_area(app, view::body(app));
    let (before, of, total) = measure(app, &outlines);
    let height = usize::from(area.height).max(1);
    if total <= height {
        return 0;
    }
    // The last row counts what is not shown.
    let room = height.saturating_sub(1).max(1);
    let offset = app.overview.choice.offset.min(total.saturating_sub(room));
    let offset = offset.max((before + of).saturating_sub(room));
    // The label over the first row comes along.
    if before < offset + 2 { before.saturating_sub(1).min(offset) } else { offset }
}

/// Where the chosen row is on the screen.
pub fn chosen_rows(app: &App, body: Rect) -> Option<Rect> {
    let outlines = app.outlines();
    let (before, of, _) = measure(app, &outlines);
    let area = list_area(app, body);
    let top = before.checked_sub(app.overview.choice.offset)?;
    let y = area.y + u16::try_from(top).ok()?;
    Some(Rect { x: 0, y, width: area.width, height: u16::try_from(of).ok()? })
}

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let left = view::margin(app.size.0);
    if let Some(words) = view::absence(Some(&app.data.list), "pipelines", app.now) {
        words.draw(buf, (left, body.y), body.width.saturating_sub(2 * left), look);
        return;
    }
    let outlines = app.outlines();
    let area = list_area(app, body);
    if app.size.1 >= 16 {
        draw_counts(app, &outlines, (left, body.y), area.width, buf);
    }
    if outlines.is_empty() {
        let all = app.data.all_pipelines().count();
        let words = if all == 0 {
            Words::new()
                .text("No pipelines yet.")
                .gap(2)
                .muted("Start it with a file:")
                .gap(1)
                .bright("flightdeck FILE")
        } else {
            Words::new()
                .text(format!("Filter \"{}\" hides {all}.", app.overview.needle))
                .gap(2)
                .key("esc", "shows them")
        };
        words.draw(buf, (left, area.y), area.width.saturating_sub(2 * left), look);
        return;
    }
    draw_list(app, &outlines, area, buf);
    if app.size.0 < 60 {
        draw_cause_row(app, &outlines, Rect { y: area.bottom(), height: 1, ..area }, buf);
    }
    if app.size.0 >= 180 {
        draw_preview(app, body, buf);
    }
}

fn draw_counts(app: &App, outlines: &[Outline<'_>], at: (u16, u16), width: u16, buf: &mut Buffer) {
    let n = u64::try_from(outlines.len()).unwrap_or(0);
    let counts = pipeline::counts(outlines.iter().map(|outline| outline.sign));
    let words = Words::new()
        .bright(format::count(n))
        .text(if n == 1 { " pipeline" } else { " pipelines" })
        .gap(3)
        .counts(&counts, 3, true);
    words.draw(buf, at, width.saturating_sub(2 * at.0), &app.look);
}

fn draw_list(app: &App, outlines: &[Outline<'_>], area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let columns = columns(area.width, outlines);
    let chosen = app.overview.choice.chosen.as_ref();
    let (_, _, total) = measure(app, outlines);
    let overflows = total > usize::from(area.height);
    let bottom = if overflows { area.bottom() - 1 } else { area.bottom() };
    let mut line = 0usize;
    let mut hidden: Vec<Sign> = Vec::new();
    let mut is_first = true;
    for row in rows(outlines, is_airy(app)) {
        let lines = match &row {
            Row::Item(outline) => height(area.width, outline),
            Row::Blank | Row::Section(..) => 1,
        };
        let top = line;
        line += lines;
        let Some(at) = top.checked_sub(app.overview.choice.offset) else { continue };
        let y = area.y.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
        if y.saturating_add(u16::try_from(lines).unwrap_or(1)) > bottom {
            if let Row::Item(outline) = &row {
                hidden.push(outline.sign);
            }
            continue;
        }
        match row {
            Row::Blank => {}
            Row::Section(section, n) => {
                let words = Words::new().label(section.label()).gap(1).muted(n.to_string());
                words.draw(buf, (columns.left, y), area.width, look);
                if std::mem::take(&mut is_first) && app.size.0 >= 120 {
                    let heads = [("last 16 builds", columns.pulse), ("jobs", columns.jobs)];
                    let since = Words::new().muted("since");
                    since.draw_right(buf, (columns.since, y), 5, look);
                    for (head, x) in heads {
                        if let Some(x) = x {
                            Words::new().muted(head).draw(buf, (x, y), 20, look);
                        }
                    }
                }
            }
            Row::Item(outline) => {
                draw_item(app, outline, columns, y, lines, buf);
                if Some(&outline.pipeline.pipeline) == chosen {
                    let height = u16::try_from(lines).unwrap_or(1);
                    let row = Rect { x: 0, y, width: area.width, height };
                    look.theme.choose(buf, row);
                    for y in row.top()..row.bottom() {
                        if look.theme.has_grounds() {
                            look.put(buf, (0, y), "▌", 1, look.style(Role::Accent));
                        }
                    }
                }
            }
        }
    }
    if !hidden.is_empty() {
        let all_green = hidden.iter().all(|sign| *sign == Sign::Succeeded);
        let more = if all_green { "more, all green" } else { "more" };
        let words = Words::new().muted(format!("{} {more}", hidden.len()));
        words.draw(buf, (columns.left + 2, bottom), area.width, look);
    }
}

/// What the row of a pipeline speaks of.
fn headline(outline: &Outline<'_>, counts_more: bool) -> Words {
    if let Some(pause) = &outline.pipeline.pause {
        return Words::new().muted(text::plain(pause.why.as_deref().unwrap_or("no reason given")));
    }
    if let (Section::Quiet, Some((resource, why, _))) = (outline.section, outline.check) {
        return Words::new().muted(format!("{resource}: {}", text::plain(why)));
    }
    let Some(face) = outline.chief() else {
        return Words::new().muted(if outline.faces.is_empty() { "no jobs" } else { "never ran" });
    };
    let build = match outline.section {
        Section::Running => face.job.next.as_ref(),
        _ => face.job.finished.as_ref(),
    };
    let name = match build {
        Some(build) => format!("{} #{}", face.job.name, build.name),
        None => face.job.name.clone(),
    };
    let more = match outline.n_more {
        n if n > 0 && counts_more => format!(" +{n}"),
        _ => String::new(),
    };
    match outline.section {
        Section::Quiet => Words::new().muted(name),
        _ => Words::new().text(name).text(more),
    }
}

fn draw_item(
    app: &App,
    outline: &Outline<'_>,
    columns: Columns,
    y: u16,
    lines: usize,
    buf: &mut Buffer,
) {
    let look = &app.look;
    let PipelineName { team, name } = name_of(outline);
    Words::new().sign(outline.sign).draw(buf, (columns.left, y), 1, look);
    if let Some(room) = columns.team {
        let team = Words::new().muted(format::cut_end(&team, usize::from(room)));
        let end = columns.left + 2 + room;
        team.draw_right(buf, (end, y), room, look);
        Words::new().muted("/").draw(buf, (end + 1, y), 1, look);
    }
    let name = format::cut_middle(&name, usize::from(columns.name_room));
    let is_chosen = app.overview.choice.chosen.as_ref() == Some(&outline.pipeline.pipeline);
    let name = match outline.section {
        Section::NewlyBroken => Words::new().bright(name),
        _ if is_chosen => Words::new().bright(name),
        _ => Words::new().text(name),
    };
    name.draw(buf, (columns.name, y), columns.name_room, look);
    let left = outline
        .chief()
        .filter(|_| outline.section == Section::Running)
        .and_then(|face| face.left(app.now));
    let age = match (left, outline.since) {
        (Some(left), _) if left.is_late() => Words::new().role(Role::Errored, left.short()),
        (Some(left), _) => Words::new().muted(left.short()),
        (None, Some(since)) => {
            let age = format::age(since, app.now, &app.zone);
            match outline.section {
                Section::NewlyBroken | Section::StillRed => Words::new().text(age),
                _ => Words::new().muted(age),
            }
        }
        (None, None) => Words::new(),
    };
    let age_x = age.draw_right(buf, (columns.since, y), 8, look);
    if let Some(x) = columns.headline {
        let mut end = age_x.saturating_sub(2).min(columns.since.saturating_sub(6));
        if let Some(left) = left.filter(|_| columns.jobs.is_some()) {
            let from = columns.since.saturating_sub(18);
            left.progress().draw((from, y), 12, buf, look);
            end = from.saturating_sub(2);
        }
        let room = end.saturating_sub(x);
        let words = headline(outline, true);
        let words = if words.width() > room { headline(outline, false) } else { words };
        words.draw(buf, (x, y), room, look);
    }
    if let Some(x) = columns.pulse {
        let builds = outline.pulse(usize::from(PULSE));
        Pulse { builds: &builds, step: 1 }.draw((x, y), PULSE, buf, look);
    }
    if let Some(x) = columns.jobs {
        let counts = Words::new().counts(&outline.counts(), 1, false);
        let end = counts.draw(buf, (x, y), columns.right.saturating_sub(x), look);
        let note = remark(outline, left);
        let from = end.max(x + 14) + 2;
        note.draw(buf, (from, y), columns.right.saturating_sub(from), look);
    }
    if lines > 1 {
        draw_cause(outline, columns, y + 1, buf, look);
    }
}

/// What stands at the right end of a row.
fn remark(outline: &Outline<'_>, left: Option<job::Left>) -> Words {
    if let Some(pause) = &outline.pipeline.pause {
        return Words::new().muted(pause.by.as_str());
    }
    match outline.section {
        Section::Running if left.is_some_and(job::Left::is_late) => {
            Words::new().muted("slower than usual")
        }
        Section::Quiet if outline.check.is_some() => Words::new().muted("versions get old"),
        _ => Words::new(),
    }
}

/// The second line of a red row: where it broke first, and what came with it.
fn draw_cause(outline: &Outline<'_>, columns: Columns, y: u16, buf: &mut Buffer, look: &Look) {
    let x = if columns.jobs.is_some() { columns.headline.unwrap_or(3) } else { 3 };
    let end = columns.jobs.map_or(columns.right, |jobs| jobs - 2);
    cause_words(outline).draw(buf, (x, y), end.saturating_sub(x), look);
    if let (Some(x), Some(suspicion)) = (columns.jobs, outline.suspicion()) {
        let room = columns.right.saturating_sub(x);
        Words::new().muted(text::plain(&suspicion)).draw(buf, (x, y), room, look);
    }
}

fn cause_words(outline: &Outline<'_>) -> Words {
    let Some(build) = outline.chief().and_then(|face| face.job.finished.as_ref()) else {
        return Words::new();
    };
    let Some(cause) = &build.cause else { return Words::new() };
    let line = text::plain(&text::cause_line(cause));
    let words = Words::new().muted(format!("{}: ", text::step_name(cause)));
    match outline.section {
        Section::NewlyBroken => words.role(Role::Failed, line),
        _ => words.muted(line),
    }
}

/// The cause of the chosen one in the row above the keys.
fn draw_cause_row(app: &App, outlines: &[Outline<'_>], row: Rect, buf: &mut Buffer) {
    let chosen = app.overview.choice.chosen.as_ref();
    if let Some(outline) = outlines.iter().find(|o| Some(&o.pipeline.pipeline) == chosen) {
        let words = match outline.section {
            Section::NewlyBroken | Section::StillRed => cause_words(outline),
            _ => headline(outline, true),
        };
        words.draw(buf, (1, row.y), row.width.saturating_sub(2), &app.look);
    }
}

struct PipelineName {
    team: String,
    name: String,
}

fn name_of(outline: &Outline<'_>) -> PipelineName {
    let pipeline = &outline.pipeline.pipeline;
    PipelineName { team: pipeline.team.clone(), name: text::pipeline_name(pipeline) }
}

/// The chosen pipeline's graph, one sign a job.
fn draw_preview(app: &App, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let x = app.size.0 - PREVIEW;
    look.wall(buf, x - 2, 1..app.size.1 - 1);
    let Some(pipeline) = app.subject().pipeline else { return };
    let title = Words::new().bright(text::pipeline_name(&pipeline.pipeline));
    let n = u64::try_from(pipeline.jobs.len()).unwrap_or(0);
    let right = Words::new().muted(format::counted(n, "job"));
    view::line(buf, (x, body.y), PREVIEW - 2, &title, &right, look);
    let Some(area) = preview_area(app) else { return };
    let Some(placed) = app.preview.as_ref().filter(|preview| preview.is_of(&pipeline.pipeline))
    else {
        return;
    };
    let chips: Vec<Chip> = view::graph::chips(app, pipeline, Default::default());
    GraphView::new(&placed.placed, &chips).draw(area, buf, look);
}

/// Where the preview is drawn; none in a terminal that is too narrow for it.
pub fn preview_area(app: &App) -> Option<Rect> {
    let body = view::body(app);
    (app.size.0 >= 180).then(|| Rect {
        x: app.size.0 - PREVIEW,
        y: body.y + 2,
        width: PREVIEW - 2,
        height: body.height.saturating_sub(2),
    })
}

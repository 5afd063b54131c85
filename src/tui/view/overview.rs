//! All pipelines: what is red, since when, by what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::fact::pipeline::{self, Outline, Section};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::view::overview_row;
use crate::tui::widget::graph::GraphView;
use crate::tui::widget::{Chip, Words};

/// Columns of the preview at the right of a wide terminal.
const PREVIEW: u16 = 80;

/// A row of the list.
enum Row<'a, 'b> {
    Blank,
    Section(Section, usize),
    Item(&'b Outline<'a>),
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
                let lines = overview_row::height(width, outline);
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
    let columns = overview_row::columns(area.width, outlines);
    let chosen = app.overview.choice.chosen.as_ref();
    let (_, _, total) = measure(app, outlines);
    let overflows = total > usize::from(area.height);
    let bottom = if overflows { area.bottom() - 1 } else { area.bottom() };
    let mut line = 0usize;
    let mut hidden: Vec<Sign> = Vec::new();
    let mut is_first = true;
    for row in rows(outlines, is_airy(app)) {
        let lines = match &row {
            Row::Item(outline) => overview_row::height(area.width, outline),
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
                overview_row::draw(app, outline, columns, y, lines, buf);
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

/// The cause of the chosen one in the row above the keys.
fn draw_cause_row(app: &App, outlines: &[Outline<'_>], row: Rect, buf: &mut Buffer) {
    let chosen = app.overview.choice.chosen.as_ref();
    if let Some(outline) = outlines.iter().find(|o| Some(&o.pipeline.pipeline) == chosen) {
        let words = match outline.section {
            Section::NewlyBroken | Section::StillRed => overview_row::cause_words(outline),
            _ => overview_row::headline(outline, true),
        };
        words.draw(buf, (1, row.y), row.width.saturating_sub(2), &app.look);
    }
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

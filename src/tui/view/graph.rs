//! A pipeline: where it breaks, and what hangs on it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::PipelineSummary;
use crate::model::PipelineRef;
use crate::tui::app::graph::{GraphState, Resources, shown_resources};
use crate::tui::app::{App, Place};
use crate::tui::fact::feed;
use crate::tui::fact::job;
use crate::tui::fact::pipeline::{contains, counts};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::view;
use crate::tui::view::graph_panel;
use crate::tui::widget::graph::{GraphView, Minimap};
use crate::tui::widget::{Chip, Words};

/// Under so many columns the graph is a list.
pub const LIST_BELOW: u16 = 80;

/// Columns of the panel about the chosen job.
const PANEL: u16 = 36;

/// Lines of what happened last.
const FEED: u16 = 5;

/// Columns of the map.
const MAP: u16 = 17;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The line of counts; none under 30 rows.
    pub counts: Option<Rect>,
    /// The graph.
    pub canvas: Rect,
    /// The panel about the chosen job, at the right.
    pub panel: Option<Rect>,
    /// What happened last.
    pub feed: Option<Rect>,
    /// The map.
    pub map: Option<Rect>,
    /// Three rows about the chosen job, where there is no panel.
    pub brief: Option<Rect>,
    /// The steps and the log of the chosen build, below.
    pub build: Option<Rect>,
}

/// Parts the body.
pub fn areas(app: &App, hides_map: bool) -> Areas {
    let body = view::body(app);
    let margin = view::margin(body.width);
    if body.width < 120 {
        let rows = if body.height >= 16 { 4 } else { 0 };
        let canvas = Rect {
            x: margin,
            width: body.width.saturating_sub(2 * margin),
            height: body.height.saturating_sub(rows),
            ..body
        };
        let brief = Rect { y: canvas.bottom(), height: rows, ..body };
        return Areas {
            counts: None,
            canvas,
            panel: None,
            feed: None,
            map: None,
            brief: (rows > 0).then_some(brief),
            build: None,
        };
    }
    let panel_width = if body.width >= 180 { 66 } else { PANEL };
    let panel_x = body.right() - margin - panel_width;
    let main = Rect { x: margin, width: panel_x - 4 - margin, ..body };
    let panel = Rect { x: panel_x, width: panel_width, ..body };
    let is_airy = app.size.1 >= 30;
    let head = if is_airy { 2 } else { 1 };
    let is_full = body.width >= 180 && body.height >= 44;
    let below = match () {
        () if is_full => (body.height * 2 / 5).max(18),
        () if is_airy => FEED + 2,
        () => 0,
    };
    let canvas =
        Rect { y: main.y + head, height: main.height.saturating_sub(head + below), ..main };
    // An empty row stays above the keys.
    let low = Rect { y: canvas.bottom(), height: below.saturating_sub(1), ..main };
    let has_map = below > 0 && !hides_map && !is_full;
    let map = has_map.then(|| Rect { x: low.right() - MAP, width: MAP, ..low });
    let feed = if is_full {
        let height = 2 * FEED + 1;
        Some(Rect { y: panel.bottom().saturating_sub(height + 1), height, ..panel })
    } else {
        let width = if has_map { low.width - MAP - 2 } else { low.width };
        (below > 0).then_some(Rect { width, ..low })
    };
    Areas {
        counts: Some(Rect { height: 1, ..main }),
        canvas,
        panel: Some(panel),
        feed,
        map,
        brief: None,
        build: is_full.then_some(low),
    }
}

/// Where the graph is drawn.
pub fn canvas(app: &App) -> Rect {
    areas(app, hides_map(app)).canvas
}

fn hides_map(app: &App) -> bool {
    match &app.place {
        Place::Graph(pipeline) => app.graphs.get(pipeline).is_some_and(|state| state.hides_map),
        _ => false,
    }
}

/// Where the chosen chip is on the screen.
pub fn chosen_spot(app: &App, pipeline: &PipelineRef) -> Option<Rect> {
    let state = app.graphs.get(pipeline)?;
    let placed = state.placed.as_ref()?;
    let summary = app.data.pipeline(pipeline)?;
    let node = summary.jobs.iter().position(|job| Some(&job.name) == state.chosen.as_ref())?;
    let view = GraphView { offset: state.offset, ..GraphView::new(placed, &[]) };
    view.spot(node, canvas(app))
}

/// What every node tells: jobs, then resources, as the topology has them.
pub fn chips(app: &App, pipeline: &PipelineSummary, resources: Resources) -> Vec<Chip> {
    let mut chips: Vec<Chip> =
        job::faces(pipeline).iter().map(|face| face.chip(app.now, &app.zone)).collect();
    for resource in shown_resources(pipeline, resources) {
        let fails = resource.check.as_ref().is_some_and(|check| check.error.is_some());
        let sign = match () {
            () if fails => Sign::CheckFails,
            () if resource.pinned.is_some() => Sign::Pinned,
            () => Sign::NeverRan,
        };
        let end = resource
            .check
            .as_ref()
            .and_then(|check| check.ended_at)
            .map(|at| format::age(at, app.now, &app.zone))
            .unwrap_or_default();
        chips.push(Chip { is_resource: true, end, ..Chip::new(resource.name.as_str(), sign) });
    }
    chips
}

/// Draws it.
pub fn draw(app: &App, pipeline: &PipelineRef, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let left = view::margin(body.width);
    let datum = app.data.pipelines.get(pipeline);
    if let Some(words) = view::absence(datum, "graph", app.now) {
        words.draw(buf, (left, body.y), body.width.saturating_sub(2 * left), look);
        return;
    }
    let (Some(summary), Some(state)) = (app.data.pipeline(pipeline), app.graphs.get(pipeline))
    else {
        return;
    };
    let areas = areas(app, state.hides_map);
    if summary.jobs.is_empty() {
        let words = Words::new().text("The pipeline has no jobs.").gap(2).key("esc", "back");
        words.draw(buf, (left, body.y), body.width, look);
        return;
    }
    let chips = chips(app, summary, state.resources);
    if let Some(row) = areas.counts {
        draw_counts(app, summary, state, row, buf);
    }
    draw_canvas(summary, state, &chips, areas.canvas, buf, app);
    if let Some(area) = areas.map {
        draw_map(state, &chips, areas.canvas, area, buf, app);
    }
    if let Some(area) = areas.panel {
        let x = area.x - 2;
        look.wall(buf, x, 1..app.size.1 - 1);
        let height = match areas.build {
            Some(_) => areas.feed.map_or(area.height, |feed| feed.y.saturating_sub(area.y + 1)),
            None => area.height,
        };
        graph_panel::draw(app, summary, Rect { height, ..area }, buf);
    }
    if let Some(area) = areas.feed {
        draw_feed(app, summary, area, areas.build.is_some(), buf);
    }
    if let Some(area) = areas.brief {
        graph_panel::draw_brief(app, summary, area, buf);
    }
    if let Some(area) = areas.build {
        draw_build(app, summary, area, buf);
    }
}

fn draw_counts(
    app: &App,
    summary: &PipelineSummary,
    state: &GraphState,
    row: Rect,
    buf: &mut Buffer,
) {
    let faces = job::faces(summary);
    let n = u64::try_from(summary.jobs.len()).unwrap_or(0);
    let counts = counts(faces.iter().map(|face| face.sign));
    let told = |counts: &[(Sign, usize)]| {
        Words::new().text(format::counted(n, "job")).gap(3).counts(counts, 3, true)
    };
    let zoom = match (state.is_focused, &state.chosen) {
        (true, Some(chosen)) => Words::new().muted("path of ").text(chosen.as_str()),
        _ => Words::new().muted("zoom ").text(state.zoom.word()),
    };
    let right = Words::new().muted("resources ").text(state.resources.word()).gap(3).then(zoom);
    let mut words = told(&counts);
    if words.width() + right.width() + 3 > row.width {
        // Those that nobody has to act on are told by the graph itself.
        let chief: Vec<(Sign, usize)> = counts
            .into_iter()
            .filter(|(sign, _)| !sign.is_quiet() && *sign != Sign::Aborted)
            .collect();
        words = told(&chief);
    }
    view::line(buf, (row.x, row.y), row.width, &words, &right, &app.look);
}

fn draw_canvas(
    summary: &PipelineSummary,
    state: &GraphState,
    chips: &[Chip],
    area: Rect,
    buf: &mut Buffer,
    app: &App,
) {
    let Some(placed) = &state.placed else { return };
    let selected = summary.jobs.iter().position(|job| Some(&job.name) == state.chosen.as_ref());
    let path = match (&state.plan, selected) {
        (Some(plan), Some(node)) if state.is_focused => plan.path(node),
        _ => Vec::new(),
    };
    let dimmed: Vec<bool> = if state.needle.is_empty() {
        Vec::new()
    } else {
        chips.iter().map(|chip| !contains(&chip.name, &state.needle)).collect()
    };
    let view = GraphView {
        selected,
        path: &path,
        dimmed: &dimmed,
        offset: state.offset,
        ..GraphView::new(placed, chips)
    };
    view.draw(area, buf, &app.look);
}

fn draw_map(
    state: &GraphState,
    chips: &[Chip],
    canvas: Rect,
    area: Rect,
    buf: &mut Buffer,
    app: &App,
) {
    let Some(placed) = &state.placed else { return };
    let view = (canvas.width, canvas.height);
    let fact = if placed.fits(view) { "all in view" } else { "" };
    view::label(buf, (area.x, area.y), area.width, "map", fact, &app.look);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    Minimap { placed, chips, view: (state.offset, view) }.draw(below, buf, &app.look);
}

/// What happened last.
fn draw_feed(app: &App, summary: &PipelineSummary, area: Rect, is_stacked: bool, buf: &mut Buffer) {
    let look = &app.look;
    view::label(buf, (area.x, area.y), area.width, "now", "", look);
    let lines = if is_stacked { 2 } else { 1 };
    let room = usize::from(area.height.saturating_sub(1) / lines);
    let items = feed::feed(summary, app.now, room);
    let name = |item: &feed::Item<'_>| {
        let job = item.build.job.as_deref().unwrap_or("");
        (job.to_owned(), format!(" #{}", item.build.name))
    };
    let widest = items
        .iter()
        .map(&name)
        .map(|(job, build)| format::width(&job) + format::width(&build))
        .max()
        .and_then(|widest| u16::try_from(widest).ok())
        .unwrap_or(0);
    for (item, i) in items.iter().zip(0u16..) {
        let y = area.y + 1 + i * lines;
        if y + lines > area.bottom() {
            break;
        }
        let (job, build) = name(item);
        let words = Words::new()
            .muted(format::clock(item.at, &app.zone))
            .gap(2)
            .sign(item.sign)
            .gap(1)
            .text(job)
            .muted(build);
        let room = area.width.min(if is_stacked { area.width } else { 12 + widest });
        words.draw(buf, (area.x, y), room, look);
        let (x, y) = if is_stacked { (area.x + 12, y + 1) } else { (area.x + 12 + widest + 2, y) };
        let room = area.right().saturating_sub(x);
        Words::new().muted(item.text.as_str()).draw(buf, (x, y), room, look);
    }
}

/// The steps and the log of the chosen build.
fn draw_build(app: &App, summary: &PipelineSummary, area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let wall = area.x + 42;
    look.rule(buf, (0, area.y), area.right() + 2);
    look.wall(buf, wall, area.y + 1..area.bottom());
    look.put(buf, (wall, area.y), "┬", 1, look.style(crate::tui::theme::Role::Border));
    let steps = Rect { y: area.y + 2, width: 40, height: area.height.saturating_sub(2), ..area };
    let log = Rect {
        x: wall + 2,
        y: area.y + 2,
        width: area.right().saturating_sub(wall + 2),
        height: area.height.saturating_sub(2),
    };
    let build = app.subject().build;
    let _ = summary;
    if let Some(build) = build {
        view::steps::draw(app, build.id, steps, &format!("steps of #{}", build.name), buf);
        view::log::draw(app, log, buf);
    }
}

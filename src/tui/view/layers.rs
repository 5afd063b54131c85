//! What lies over the screen. Behind it all is faded.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::{App, Layer, Place};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::{Overlay, Prompt, PromptState, Words, beside, centre};

/// Draws it.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let Some(layer) = &app.layer else { return };
    let look = &app.look;
    if matches!(layer, Layer::Question { .. }) {
        return;
    }
    let behind = Rect { y: 1, height: app.size.1.saturating_sub(2), ..buf.area };
    let keep = kept(app, body, layer, buf);
    look.theme.fade(buf, behind);
    for (at, cell) in keep {
        if let Some(shown) = buf.cell_mut(at) {
            *shown = cell;
        }
    }
    match layer {
        Layer::Menu { chosen, needle } => view::menu::draw(app, *chosen, needle, body, buf),
        Layer::Help { offset, needle, is_typing } => {
            view::help::draw(app, *offset, needle, *is_typing, body, buf);
        }
        Layer::Palette { prompt, chosen } => view::palette::draw(app, prompt, *chosen, body, buf),
        Layer::Pause { job, prompt, pipeline } => {
            let name = job.clone().unwrap_or_else(|| text::pipeline_name(pipeline));
            draw_pause(app, &name, job.is_none(), prompt, body, buf);
        }
        Layer::Facts { of, offset } => view::facts::draw(app, *of, *offset, body, buf),
        Layer::Chooser(chooser) => view::chooser::draw(app, chooser, body, buf),
        Layer::Leaving { is_waiting, .. } => draw_leaving(app, *is_waiting, body, buf),
        Layer::Question { .. } => {}
    }
}

/// The cells of the chosen thing, which stays as it is: the layer is about it.
fn kept(
    app: &App,
    body: Rect,
    layer: &Layer,
    buf: &Buffer,
) -> Vec<(ratatui::layout::Position, ratatui::buffer::Cell)> {
    if !matches!(layer, Layer::Menu { .. } | Layer::Pause { .. }) {
        return Vec::new();
    }
    let rows = subject_spot(app, body).unwrap_or_default();
    rows.intersection(buf.area)
        .positions()
        .filter_map(|at| Some((at, buf.cell(at)?.clone())))
        .collect()
}

/// Where the thing is that a layer is about.
pub fn subject_spot(app: &App, body: Rect) -> Option<Rect> {
    match &app.place {
        Place::Overview => view::overview::chosen_rows(app, body),
        Place::Graph(pipeline) => view::graph::chosen_spot(app, pipeline),
        Place::Builds(..) | Place::Build(_) | Place::Messages => None,
    }
}

/// A place for a layer of this size: beside what it is about; all of it in a narrow terminal.
pub fn room(app: &App, body: Rect, width: u16, height: u16) -> Rect {
    if app.size.0 < 80 {
        return body;
    }
    match subject_spot(app, body) {
        Some(spot) => beside(body, spot, width, height),
        None => centre(body, width, height),
    }
}

/// The badge of the server, for layers that change it.
pub fn server(app: &App) -> Words {
    let role = Role::target(if app.core.is_embedded { 2 } else { 0 });
    Words::new().badge(role, app.core.name.as_str())
}

fn draw_pause(
    app: &App,
    name: &str,
    is_pipeline: bool,
    prompt: &PromptState,
    body: Rect,
    buf: &mut Buffer,
) {
    let look = &app.look;
    let area = room(app, body, 80, 10);
    let title = server(app).gap(1).bright(format!("Pause {name}"));
    let foot = Words::new().bright("enter").text(" pause").gap(3).bright("esc").text(" leave it");
    let inner = Overlay::new(title).foot(foot).draw(area, buf, look);
    if inner.height < 3 || inner.width < 24 {
        return;
    }
    let x = inner.x + 1;
    let y = inner.y + 1;
    Words::new().muted("reason").draw(buf, (x, y), 9, look);
    let line = Rect { x: x + 9, y, width: inner.width.saturating_sub(11), height: 1 };
    Prompt::default().draw(line, buf, look, prompt);
    look.rule(buf, (line.x, y + 1), line.width);
    let what = if is_pipeline { "no new build of any job starts." } else { "no new build starts." };
    let rows = [
        ("means", Words::new().text(format!("running builds go on; {what}"))),
        (
            "",
            Words::new()
                .muted("All will see: ")
                .sign(Sign::Paused)
                .gap(1)
                .text(format!("{}: ", app.user))
                .text(if prompt.text().is_empty() { "no reason given" } else { prompt.text() }),
        ),
    ];
    for ((label, words), y) in rows.iter().zip(y + 3..inner.bottom()) {
        Words::new().muted(*label).draw(buf, (x, y), 9, look);
        words.draw(buf, (x + 9, y), inner.width.saturating_sub(11), look);
    }
}

fn draw_leaving(app: &App, is_waiting: bool, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let running = app.running_builds();
    let shown = running.len().min(10);
    let height = u16::try_from(shown).unwrap_or(10) + 10;
    let area = if app.size.0 < 80 { body } else { centre(body, 76, height) };
    let n = u64::try_from(running.len()).unwrap_or(0);
    let title = match is_waiting {
        true => format!("Leaves when {} are over", format::counted(n, "build")),
        false => format!("{} not over", format::counted(n, "build")),
    };
    let frame = if is_waiting {
        Overlay::new(server(app).gap(1).bright(title))
    } else {
        Overlay::danger(server(app).gap(1).bright(title))
    };
    let foot = Words::new().bright("esc").text(" stay");
    let inner = frame.foot(foot).draw(area, buf, look);
    let x = inner.x + 1;
    let room = inner.width.saturating_sub(2);
    let mut y = inner.y + 1;
    for build in running.iter().take(shown) {
        if y >= inner.bottom() {
            return;
        }
        let of = build.pipeline.as_ref().map(|of| format!("{} / ", text::pipeline_name(of)));
        let left = Words::new().sign(Sign::from(build.status)).gap(1).text(format!(
            "{}{}",
            of.unwrap_or_default(),
            text::build_name(build)
        ));
        let time = build.started_at.map(|at| format::duration(app.now.since(at)));
        let time = if build.is_aborting { Some("stopping".to_owned()) } else { time };
        view::line(buf, (x, y), room, &left, &Words::new().muted(time.unwrap_or_default()), look);
        y += 1;
    }
    if running.len() > shown {
        Words::new().muted(format!("{} more", running.len() - shown)).draw(buf, (x, y), room, look);
        y += 1;
    }
    y += 1;
    let answers = [
        ("w", "wait", "stay here until they are over, then leave"),
        ("A", "abort", "stop them; their clean-up runs, then leave"),
        ("l", "leave", "their tasks run on; the next start takes them up again"),
    ];
    for (key, word, means) in answers {
        if y >= inner.bottom() {
            return;
        }
        let words = Words::new().bright(key).gap(2).text(format!("{word:<7}")).muted(means);
        words.draw(buf, (x, y), room, look);
        y += 1;
    }
}

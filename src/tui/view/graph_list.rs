//! A pipeline in a narrow terminal: its jobs as a list; in the smallest, those that matter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::PipelineRef;
use crate::tui::app::App;
use crate::tui::fact::job::{self, Face};
use crate::tui::fact::pipeline::contains;
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::Words;

/// Under so many columns only what is red, runs or waits is listed, if anything is.
const URGENT_BELOW: u16 = 60;

fn is_urgent(face: &Face<'_>) -> bool {
    !matches!(face.sign, Sign::Succeeded | Sign::NeverRan | Sign::Aborted)
}

/// The jobs that are listed, the urgent ones first.
pub fn jobs(app: &App, pipeline: &PipelineRef) -> Vec<String> {
    faces(app, pipeline).iter().map(|face| face.job.name.clone()).collect()
}

fn faces<'a>(app: &'a App, pipeline: &PipelineRef) -> Vec<Face<'a>> {
    let Some(summary) = app.data.pipeline(pipeline) else { return Vec::new() };
    let needle = app.needle();
    let mut faces: Vec<Face<'a>> = job::faces(summary)
        .into_iter()
        .filter(|face| needle.is_empty() || contains(&face.job.name, needle))
        .collect();
    let chosen = app.graphs.get(pipeline).and_then(|state| state.chosen.as_deref());
    if app.size.0 < URGENT_BELOW && faces.iter().any(is_urgent) {
        faces.retain(|face| is_urgent(face) || Some(face.job.name.as_str()) == chosen);
        faces.sort_by_key(|face| face.sign);
    }
    faces
}

/// Draws it.
pub fn draw(app: &App, pipeline: &PipelineRef, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let datum = app.data.pipelines.get(pipeline);
    if let Some(words) = view::absence(datum, "jobs", app.now) {
        words.draw(buf, (1, body.y), body.width.saturating_sub(2), look);
        return;
    }
    let faces = faces(app, pipeline);
    let chosen = app.graphs.get(pipeline).and_then(|state| state.chosen.as_deref());
    let rows = Rect { height: body.height.saturating_sub(1), ..body };
    let place = faces.iter().position(|face| Some(face.job.name.as_str()) == chosen).unwrap_or(0);
    let height = usize::from(rows.height).max(1);
    let first = place.saturating_sub(height.saturating_sub(1));
    for (face, y) in faces.iter().skip(first).zip(rows.top()..rows.bottom()) {
        let is_chosen = Some(face.job.name.as_str()) == chosen;
        let name = face.job.name.as_str();
        let name = match () {
            () if is_chosen => Words::new().bright(name),
            () if face.sign.is_quiet() => Words::new().muted(name),
            () => Words::new().text(name),
        };
        let mut left = Words::new().sign(face.sign).gap(1).then(name);
        if body.width >= URGENT_BELOW {
            let from: Vec<&str> = face
                .job
                .inputs
                .iter()
                .flat_map(|input| &input.passed)
                .map(String::as_str)
                .collect();
            if !from.is_empty() {
                left = left.gap(2).muted(format!("← {}", from.join(", ")));
            }
        }
        let end = match face.left(app.now) {
            Some(left) if left.is_late() => Words::new().role(Role::Errored, left.short()),
            Some(left) => Words::new().muted(left.short()),
            None => {
                let age = face.since.map(|since| format::age(since, app.now, &app.zone));
                Words::new().muted(age.unwrap_or_default())
            }
        };
        view::line(buf, (1, y), body.width.saturating_sub(2), &left, &end, look);
        if is_chosen {
            look.theme.choose(buf, Rect { y, height: 1, ..body });
            if look.theme.has_grounds() {
                look.put(buf, (0, y), "▌", 1, look.style(Role::Accent));
            }
        }
    }
    let cause = faces.get(place).map(|face| {
        let cause = face.job.finished.as_ref().and_then(|build| build.cause.as_ref());
        match (cause, &face.reason) {
            (Some(cause), _) if job::is_red(face.job) => {
                Words::new().role(Role::Failed, text::plain(&text::cause_line(cause)))
            }
            (_, Some(reason)) => Words::new().muted(reason.as_str()),
            _ => Words::new().muted(face.words()),
        }
    });
    if let Some(cause) = cause {
        cause.draw(buf, (1, rows.bottom()), body.width.saturating_sub(2), look);
    }
}

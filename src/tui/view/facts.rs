//! All that is known of the chosen thing, and all inputs of a build.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::{JobSummary, PipelineSummary};
use crate::tui::app::App;
use crate::tui::app::layer::FactsOf;
use crate::tui::fact::{job, text};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view::graph_panel::change_words;
use crate::tui::widget::{Overlay, Words, centre};

/// Draws them.
pub fn draw(app: &App, of: FactsOf, offset: u16, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let (title, lines) = match of {
        FactsOf::Subject => subject(app),
        FactsOf::Inputs => inputs(app),
    };
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
    let area = if app.size.0 < 80 { body } else { centre(body, 100, rows.min(body.height)) };
    let inner = Overlay::new(title).draw(area, buf, look);
    let room = inner.width.saturating_sub(2);
    let wrapped: Vec<Words> = lines.iter().flat_map(|line| line.wrap(room)).collect();
    let height = usize::from(inner.height.saturating_sub(2)).max(1);
    let first = usize::from(offset).min(wrapped.len().saturating_sub(height));
    for (line, y) in wrapped.iter().skip(first).take(height).zip(inner.y + 1..) {
        line.draw(buf, (inner.x + 1, y), room, look);
    }
}

fn fact(label: &str, words: Words) -> Words {
    Words::new().muted(format!("{label:<12}")).then(words)
}

fn subject(app: &App) -> (Words, Vec<Words>) {
    let subject = app.subject();
    let title = Words::new().bold(Role::Accent, "All about").gap(1).bright(app.subject_name());
    let mut lines = Vec::new();
    if let (Some(pipeline), Some(job)) = (subject.pipeline, subject.job) {
        about_job(app, pipeline, job, &mut lines);
    }
    if let Some(build) = subject.build {
        lines.push(Words::new());
        lines.push(Words::new().label(&text::build_name(build)));
        let clock = |at| format::clock(at, &app.zone);
        lines.push(fact("state", Words::new().text(build.status.to_string())));
        lines.push(fact("id", Words::new().text(build.id.to_string())));
        lines.push(fact("made at", Words::new().text(clock(build.created_at))));
        if let Some(at) = build.started_at {
            lines.push(fact("started at", Words::new().text(clock(at))));
        }
        if let Some(at) = build.ended_at {
            lines.push(fact("ended at", Words::new().text(clock(at))));
        }
        if let Some(who) = &build.created_by {
            lines.push(fact("started by", Words::new().text(who.as_str())));
        }
        if let Some(detail) = app.data.build(build.id) {
            if let Some(waiting) = &detail.waiting {
                lines.push(fact("waits", Words::new().text(text::plain(&waiting.why))));
            }
            for output in &detail.outputs {
                let version = text::version(&output.version, None);
                lines.push(fact(
                    "made",
                    Words::new().text(output.name.as_str()).gap(1).bright(version),
                ));
            }
        }
    }
    (title, lines)
}

fn about_job(app: &App, pipeline: &PipelineSummary, job: &JobSummary, lines: &mut Vec<Words>) {
    let faces = job::faces(pipeline);
    if let Some(face) = faces.iter().find(|face| face.job.name == job.name) {
        lines.push(fact("state", Words::new().sign(face.sign).gap(1).text(face.words())));
    }
    if let Some(pause) = &job.pause {
        let age = format::age(pause.since, app.now, &app.zone);
        let why = pause.why.as_deref().unwrap_or("no reason given");
        lines.push(fact("paused", Words::new().text(format!("by {} {age} ago: {why}", pause.by))));
    }
    if let Some(waiting) = &job.waiting {
        lines.push(fact("waits", Words::new().text(text::plain(&waiting.why))));
    }
    if let Some(estimate) = job.estimate {
        lines.push(fact(
            "usually",
            Words::new().text(format!("takes {}", format::duration(estimate))),
        ));
    }
    if job.is_manual_trigger_disabled {
        lines.push(fact("by hand", Words::new().text("may not be started by hand")));
    }
    for (at, input) in job.inputs.iter().enumerate() {
        let label = if at == 0 { "takes" } else { "" };
        let mut words = Words::new().text(input.name.as_str());
        if input.resource != input.name {
            words = words.muted(format!(" of {}", input.resource));
        }
        if !input.passed.is_empty() {
            words = words.muted(format!(" that passed {}", input.passed.join(", ")));
        }
        if input.is_trigger {
            words = words.muted(", starts it");
        }
        lines.push(fact(label, words));
    }
    for (at, output) in job.outputs.iter().enumerate() {
        let label = if at == 0 { "puts" } else { "" };
        lines.push(fact(label, Words::new().text(output.resource.as_str())));
    }
    for resource in &pipeline.resources {
        let is_taken = job.inputs.iter().any(|input| input.resource == resource.name);
        let why = resource.check.as_ref().and_then(|check| check.error.as_ref());
        if let (true, Some(why)) = (is_taken, why) {
            let words = Words::new().sign(Sign::CheckFails).gap(1).text(format!(
                "{} cannot be checked: {}",
                resource.name,
                text::plain(why)
            ));
            lines.push(fact("", words));
        }
    }
}

fn inputs(app: &App) -> (Words, Vec<Words>) {
    let Some(build) = app.subject().build else {
        return (Words::new().bright("Inputs"), vec![Words::new().muted("no build")]);
    };
    let title =
        Words::new().bold(Role::Accent, "Inputs").muted(" of ").bright(text::build_name(build));
    let Some(detail) = app.data.build(build.id) else {
        return (title, vec![Words::new().muted("…")]);
    };
    let mut lines = Vec::new();
    let green = detail.last_green.as_ref().filter(|green| green.id != build.id);
    match green {
        Some(green) => {
            let n = detail.changes.len();
            let label = format!("changed since #{}", green.name);
            lines.push(
                Words::new().label(&label).gap(2).muted(format!("{n} of {}", detail.inputs.len())),
            );
            if n == 0 {
                lines.push(Words::new().muted("nothing: the same inputs"));
            }
        }
        None => {
            lines.push(Words::new().muted("No build before it was green: nothing to compare with."))
        }
    }
    for change in &detail.changes {
        lines.push(
            Words::new()
                .text(change.name.as_str())
                .gap(2)
                .then(change_words(change))
                .gap(2)
                .muted(text::plain(&text::amount(change))),
        );
        for field in &change.metadata {
            let value = field.value.lines().next().unwrap_or("");
            lines.push(
                Words::new().gap(2).muted(format!("{:<12}", field.name)).text(text::plain(value)),
            );
        }
    }
    let same: Vec<_> = detail
        .inputs
        .iter()
        .filter(|input| !detail.changes.iter().any(|change| change.name == input.name))
        .collect();
    if !same.is_empty() {
        lines.push(Words::new());
        lines.push(Words::new().label(if green.is_some() { "the same" } else { "inputs" }));
        for input in same {
            let version = text::version(&input.version, None);
            lines.push(Words::new().text(input.name.as_str()).gap(2).muted(version));
        }
    }
    if !detail.outputs.is_empty() {
        lines.push(Words::new());
        lines.push(Words::new().label("made"));
        for output in &detail.outputs {
            let version = text::version(&output.version, None);
            lines.push(Words::new().text(output.name.as_str()).gap(2).bright(version));
        }
    }
    (title, lines)
}

//! One row of the overview: a pipeline, what it is about, and since when.

use ratatui::buffer::Buffer;

use crate::tui::app::App;
use crate::tui::fact::job;
use crate::tui::fact::pipeline::{Outline, Section};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::{Pulse, Words};

/// Columns of the history.
const PULSE: u16 = 16;

/// Where the columns stand.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// The first column.
    pub left: u16,
    /// Columns of the team; none: it is left out.
    team: Option<u16>,
    name: u16,
    name_room: u16,
    /// Where the headline stands; none: it is left out.
    headline: Option<u16>,
    /// The end of the age.
    pub since: u16,
    /// Where the history stands.
    pub pulse: Option<u16>,
    /// Where the counts stand.
    pub jobs: Option<u16>,
    right: u16,
}

/// Where the columns stand at a width.
pub fn columns(width: u16, outlines: &[Outline<'_>]) -> Columns {
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
pub fn height(width: u16, outline: &Outline<'_>) -> usize {
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

/// What the row of a pipeline speaks of.
pub fn headline(outline: &Outline<'_>, counts_more: bool) -> Words {
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

/// Draws it.
pub fn draw(
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

/// Where it broke first, in words.
pub fn cause_words(outline: &Outline<'_>) -> Words {
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

struct PipelineName {
    team: String,
    name: String,
}

fn name_of(outline: &Outline<'_>) -> PipelineName {
    let pipeline = &outline.pipeline.pipeline;
    PipelineName { team: pipeline.team.clone(), name: text::pipeline_name(pipeline) }
}

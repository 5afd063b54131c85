//! All about the chosen job of a graph: why it is red, what changed, where it comes from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::{BuildDetail, ContainerSummary, InputChange, JobSummary, PipelineSummary};
use crate::tui::app::App;
use crate::tui::fact::job::{self, Face};
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::{Pulse, Words};

/// Writes lines from the top down, as long as there is room.
pub struct Pen<'a> {
    area: Rect,
    y: u16,
    buf: &'a mut Buffer,
    look: &'a Look,
}

impl<'a> Pen<'a> {
    /// Begins at the top of an area.
    pub fn new(area: Rect, buf: &'a mut Buffer, look: &'a Look) -> Pen<'a> {
        Pen { area, y: area.y, buf, look }
    }

    /// Rows that are left.
    pub fn room(&self) -> u16 {
        self.area.bottom().saturating_sub(self.y)
    }

    /// The row that comes next.
    pub fn row(&self) -> u16 {
        self.y
    }

    /// A line, with words at its right end.
    pub fn line(&mut self, left: &Words, right: &Words) {
        if self.room() > 0 {
            let at = (self.area.x, self.y);
            view::line(self.buf, at, self.area.width, left, right, self.look);
        }
        self.y += 1;
    }

    /// A line.
    pub fn words(&mut self, words: &Words) {
        self.line(words, &Words::new());
    }

    /// Words on as many lines as they need, at most `most`.
    pub fn wrapped(&mut self, words: &Words, most: usize) {
        for line in words.wrap(self.area.width).iter().take(most) {
            self.words(line);
        }
    }

    /// The label of a section, with an empty row above it.
    pub fn section(&mut self, text: &str, fact: &str) {
        self.y += 1;
        if self.room() > 0 {
            let at = (self.area.x, self.y);
            view::label(self.buf, at, self.area.width, text, fact, self.look);
        }
        self.y += 1;
    }

    /// The history at a glance.
    pub fn pulse(&mut self, builds: &[Option<Sign>]) {
        if self.room() > 0 {
            let n = u16::try_from(builds.len()).unwrap_or(0);
            let step = if n * 2 <= self.area.width + 1 { 2 } else { 1 };
            // One column less: the last build has no gap after it.
            let width = (n * step).min(self.area.width / step * step);
            Pulse { builds, step }.draw((self.area.x, self.y), width, self.buf, self.look);
        }
        self.y += 1;
    }
}

/// The chosen job's face.
fn chosen<'a>(app: &App, summary: &'a PipelineSummary) -> Option<Face<'a>> {
    let name = app.graphs.get(&summary.pipeline)?.chosen.as_deref()?;
    job::faces(summary).into_iter().find(|face| face.job.name == name)
}

/// Draws the panel.
pub fn draw(app: &App, summary: &PipelineSummary, area: Rect, buf: &mut Buffer) {
    let Some(face) = chosen(app, summary) else { return };
    let mut pen = Pen::new(area, buf, &app.look);
    let build = job::current(face.job);
    let detail = build.and_then(|build| app.data.build(build.id));
    draw_head(app, &face, &mut pen);
    draw_cause(&face, &mut pen);
    if let Some(detail) = detail {
        draw_changes(detail, &mut pen);
    }
    draw_sources(summary, face.job, &mut pen);
    draw_history(face.job, &mut pen);
    draw_container(app, &mut pen);
    draw_next(summary, face.job, &mut pen);
}

fn draw_head(app: &App, face: &Face<'_>, pen: &mut Pen<'_>) {
    let build = job::current(face.job);
    let number = build.map(|build| format!("#{}", build.name)).unwrap_or_default();
    let name = Words::new().sign(face.sign).gap(1).bright(face.job.name.as_str());
    pen.line(&name, &Words::new().muted(number));
    for words in state_lines(app, face) {
        pen.wrapped(&words, 2);
    }
}

/// How the job stands, in sentences.
fn state_lines(app: &App, face: &Face<'_>) -> Vec<Words> {
    let job = face.job;
    let age = |at| format::age(at, app.now, &app.zone);
    if let Some((build, elapsed)) = face.running(app.now) {
        let mut words = Words::new()
            .role(Role::Started, if build.is_aborting { "stopping" } else { "running" })
            .muted(format!(" for {}", format::duration(elapsed)));
        words = match face.left(app.now) {
            Some(left) if left.is_late() => {
                words.muted(", ").role(Role::Errored, left.text()).muted(" over the usual")
            }
            Some(left) => words.muted(", ").text(left.text()).muted(" left"),
            None => words,
        };
        let mut lines = vec![words];
        if let Some(who) = &build.created_by {
            lines.push(Words::new().muted("started by ").text(who.as_str()));
        }
        return lines;
    }
    let mut lines = Vec::new();
    if let Some(pause) = &job.pause {
        let why = pause.why.as_deref().unwrap_or("no reason given");
        lines.push(
            Words::new()
                .role(Role::Paused, "paused")
                .muted(format!(" by {} {} ago: ", pause.by, age(pause.since)))
                .text(text::plain(why)),
        );
    } else if let Some(waiting) = &job.waiting {
        lines.push(Words::new().text(text::plain(&waiting.why)));
    } else if let (Sign::Waiting | Sign::Blocked, Some(_)) = (face.sign, &face.reason) {
        lines.push(Words::new().text(face.words()));
    }
    let Some(build) = &job.finished else {
        let words =
            if job::is_by_hand(job) { "never ran; only a person starts it" } else { "never ran" };
        lines.push(Words::new().muted(words));
        return lines;
    };
    let sign = Sign::from(build.status);
    let mut words = Words::new().role(sign.role(), build.status.to_string());
    if let Some(who) = build.aborted_by.as_ref().filter(|_| sign == Sign::Aborted) {
        words = words.muted(format!(" by {who}"));
    }
    if let Some(ended) = build.ended_at {
        words = words.muted(format!(" {} ago", age(ended)));
    }
    if let Some(took) = job::took(build) {
        words = words.muted(format!(" after {}", format::duration(took)));
    }
    lines.push(words);
    if sign.is_red() {
        let turned = job.transition.as_ref().filter(|turned| turned.id != build.id);
        lines.push(match turned {
            None => Words::new().text("newly red"),
            Some(turned) => Words::new().text("red").muted(format!(
                " since #{}{}",
                turned.name,
                turned.ended_at.map(|at| format!(", {}", age(at))).unwrap_or_default()
            )),
        });
    }
    lines
}

fn draw_cause(face: &Face<'_>, pen: &mut Pen<'_>) {
    let Some(build) = face.job.finished.as_ref().filter(|_| job::is_red(face.job)) else { return };
    let Some(cause) = &build.cause else { return };
    let after = cause.after.map(|after| format!("{} in", format::duration(after)));
    pen.section("first cause", &after.unwrap_or_default());
    let exit = cause.exit_status.map(|status| format!(" · exit {status}")).unwrap_or_default();
    pen.words(&Words::new().text(text::plain(&cause.step)).muted(exit));
    if let Some(line) = &cause.line {
        let role = Sign::from(build.status).role();
        pen.wrapped(&Words::new().role(role, text::plain(line)), 3);
    }
}

/// `0.0.11 → 0.0.12`.
pub fn change_words(change: &InputChange) -> Words {
    Words::new()
        .muted(format!("{} → ", text::version_before(change)))
        .bright(text::version_after(change))
}

fn draw_changes(detail: &BuildDetail, pen: &mut Pen<'_>) {
    let Some(green) = &detail.last_green else { return };
    if green.id == detail.summary.id {
        return;
    }
    let n = detail.changes.len();
    let fact = format!("{n} of {}", format::counted(as_u64(detail.inputs.len()), "input"));
    pen.section(&format!("changed since #{}", green.name), &fact);
    if n == 0 {
        pen.wrapped(&Words::new().muted("nothing: the same inputs"), 2);
    }
    for change in detail.changes.iter().take(4) {
        pen.words(&Words::new().text(change.name.as_str()));
        let amount = Words::new().muted(text::plain(&text::amount(change)));
        pen.line(&Words::new().gap(2).then(change_words(change)), &amount);
    }
    let same: Vec<&str> = detail
        .inputs
        .iter()
        .filter(|input| !detail.changes.iter().any(|change| change.name == input.name))
        .map(|input| input.name.as_str())
        .collect();
    if n > 4 {
        pen.words(&Words::new().muted(format!("{} more, d shows all", n - 4)));
    } else if !same.is_empty() && n > 0 {
        pen.words(&Words::new().muted(format!("same: {}", same.join(", "))));
    }
}

fn draw_sources(summary: &PipelineSummary, job: &JobSummary, pen: &mut Pen<'_>) {
    let faces = job::faces(summary);
    let mut sources: Vec<(&str, bool)> = Vec::new();
    for input in &job.inputs {
        for from in &input.passed {
            match sources.iter_mut().find(|(name, _)| name == from) {
                Some((_, triggers)) => *triggers |= input.is_trigger,
                None => sources.push((from, input.is_trigger)),
            }
        }
    }
    let mut direct: Vec<(&str, bool)> = job
        .inputs
        .iter()
        .filter(|input| input.passed.is_empty())
        .map(|input| (input.resource.as_str(), input.is_trigger))
        .collect();
    direct.dedup();
    if sources.is_empty() && direct.is_empty() {
        return;
    }
    pen.section("comes from", "");
    let edge = |triggers| if triggers { "──▸ " } else { "┈┈▸ " };
    sources.sort_by_key(|(_, triggers)| !triggers);
    for (name, triggers) in sources {
        let Some(face) = faces.iter().find(|face| face.job.name == name) else { continue };
        let words = Words::new().role(Role::Edge, edge(triggers)).sign(face.sign).gap(1).text(name);
        let number = job::current(face.job).map(|build| format!("#{}", build.name));
        pen.line(&words, &Words::new().muted(number.unwrap_or_default()));
    }
    for (name, triggers) in direct.into_iter().take(6) {
        let resource = summary.resources.iter().find(|resource| resource.name == name);
        let version = resource
            .and_then(|resource| resource.latest.as_ref())
            .map(|latest| text::version(&latest.version, None));
        let check = resource.and_then(|resource| resource.check.as_ref());
        let fails = check.is_some_and(|check| check.error.is_some());
        let mut words = Words::new().role(Role::Edge, edge(triggers));
        words = if fails { words.sign(Sign::CheckFails).gap(1) } else { words };
        pen.line(&words.muted(name), &Words::new().muted(version.unwrap_or_default()));
        if let Some(why) = check.and_then(|check| check.error.as_ref()) {
            pen.wrapped(&Words::new().role(Role::Errored, text::plain(why)), 2);
        }
    }
}

fn draw_history(job: &JobSummary, pen: &mut Pen<'_>) {
    if job.pulse.is_empty() {
        return;
    }
    let builds: Vec<Option<Sign>> =
        job.pulse.iter().rev().take(18).rev().map(|pulse| Some(pulse.status.into())).collect();
    let green = builds.iter().filter(|sign| **sign == Some(Sign::Succeeded)).count();
    let label = match builds.len() {
        1 => "last build".to_owned(),
        n => format!("last {n} builds"),
    };
    pen.section(&label, &format!("{green} green"));
    pen.pulse(&builds);
}

fn draw_container(app: &App, pen: &mut Pen<'_>) {
    let containers = app.containers();
    let Some(best) = containers.first() else { return };
    pen.section("container", "");
    pen.wrapped(&container_words(app, best), 2);
    if app.access.allows(crate::tui::action::Action::OpenShell) {
        let mut words = Words::new().key("s", "shell");
        if containers.len() > 1 {
            words = words.gap(3).key("S", &format!("one of {}", containers.len()));
        }
        pen.words(&words);
    }
}

/// What a container is and how long it stays.
pub fn container_words(app: &App, container: &ContainerSummary) -> Words {
    let sign = if container.info.is_running { Sign::Started } else { Sign::Held };
    let words = Words::new().sign(sign).gap(1).text(container.info.metadata.step.as_str());
    match app.kept(container) {
        Some(kept) => words.muted(format!(" {kept}")),
        None => words,
    }
}

/// The jobs that this one lets on.
pub fn after<'a>(summary: &'a PipelineSummary, job: &str) -> Vec<Face<'a>> {
    job::faces(summary)
        .into_iter()
        .filter(|face| {
            face.job.inputs.iter().any(|input| input.passed.iter().any(|name| name == job))
        })
        .collect()
}

fn draw_next(summary: &PipelineSummary, job: &JobSummary, pen: &mut Pen<'_>) {
    pen.section("would run next", "");
    let after = after(summary, &job.name);
    if after.is_empty() {
        return pen.words(&Words::new().muted("nothing: no job waits for this one"));
    }
    for face in after {
        let triggers = face
            .job
            .inputs
            .iter()
            .any(|input| input.is_trigger && input.passed.contains(&job.name));
        let words = Words::new().sign(face.sign).gap(1).text(face.job.name.as_str());
        let note = if triggers { "" } else { "by hand" };
        pen.line(&words, &Words::new().muted(note));
    }
}

/// Three rows on the chosen job, where there is no room for the panel.
pub fn draw_brief(app: &App, summary: &PipelineSummary, area: Rect, buf: &mut Buffer) {
    let Some(face) = chosen(app, summary) else { return };
    app.look.rule(buf, (0, area.y), area.width);
    let inner = Rect { x: 1, y: area.y + 1, width: area.width - 2, height: area.height - 1 };
    let mut pen = Pen::new(inner, buf, &app.look);
    let build = job::current(face.job);
    let number = build.map(|build| format!(" #{}", build.name)).unwrap_or_default();
    let mut head = Words::new().sign(face.sign).gap(1).bright(face.job.name.as_str()).muted(number);
    for (at, words) in state_lines(app, &face).into_iter().enumerate() {
        let joint = if at == 0 { " " } else { ", " };
        head = head.muted(joint).then(words.in_role(Role::Muted));
    }
    pen.words(&head);
    let cause = face
        .job
        .finished
        .as_ref()
        .filter(|_| job::is_red(face.job))
        .and_then(|build| build.cause.as_ref());
    match cause {
        Some(cause) => {
            let exit = cause.exit_status.map(|n| format!(", exit {n}")).unwrap_or_default();
            pen.words(
                &Words::new()
                    .gap(2)
                    .text(text::plain(&text::cause_line(cause)))
                    .muted(format!(" · {}{exit}", cause.step)),
            );
        }
        None => {
            let mut from: Vec<&str> = Vec::new();
            for input in &face.job.inputs {
                let sources = match input.passed.is_empty() {
                    true => std::slice::from_ref(&input.resource),
                    false => &input.passed,
                };
                for source in sources {
                    if !from.contains(&source.as_str()) {
                        from.push(source);
                    }
                }
            }
            pen.words(&Words::new().gap(2).muted(match from.is_empty() {
                true => "takes nothing".to_owned(),
                false => format!("comes from {}", from.join(", ")),
            }));
        }
    }
    let mut last = Words::new().gap(2);
    if let Some(detail) = build.and_then(|build| app.data.build(build.id)) {
        let told: Vec<String> = detail
            .changes
            .iter()
            .map(|change| {
                let amount = match change.n_versions {
                    Some(n) if n > 1 => format!(" +{n}"),
                    _ => String::new(),
                };
                format!("{} {}{amount}", change.name, text::version_after(change))
            })
            .collect();
        if !told.is_empty() {
            last = last.muted(format!("changed: {}", told.join(", ")));
        }
    }
    if let Some(best) = app.containers().first() {
        let kept = app.kept(best).map(|kept| format!(" {kept}")).unwrap_or_default();
        last = last.muted(format!(" · shell{kept}"));
    }
    pen.words(&last);
}

fn as_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

//! Which container to enter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::control::ContainerSummary;
use crate::model::worker::ContainerKind;
use crate::tui::app::{App, Chooser};
use crate::tui::fact::text;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::{Column, Fill, List, ListState, Overlay, Prompt, Row, Words, centre};

fn kind(kind: ContainerKind) -> &'static str {
    match kind {
        ContainerKind::Check => "check",
        ContainerKind::Get => "get",
        ContainerKind::Put => "put",
        ContainerKind::Task => "task",
        ContainerKind::Run => "run",
    }
}

fn sign(container: &ContainerSummary) -> Sign {
    match (container.is_failed, container.info.is_running) {
        (true, _) => Sign::Failed,
        (false, true) => Sign::Started,
        (false, false) => Sign::Succeeded,
    }
}

/// Draws it.
pub fn draw(app: &App, chooser: &Chooser, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let containers = app.listed_containers(chooser.build);
    let rows = u16::try_from(containers.len()).unwrap_or(u16::MAX).min(body.height);
    let area = if app.size.0 < 80 { body } else { centre(body, 100, rows.saturating_add(11)) };
    let name = app.data.summary(chooser.build).map(text::build_name).unwrap_or_default();
    let title =
        Words::new().bold(Role::Accent, "Shell").muted(" in which container of ").text(name);
    let foot = Words::new().muted("the failed one first");
    let inner = Overlay::new(title).foot(foot).draw(area, buf, look);
    let datum = app.data.containers.get(&chooser.build);
    let at = (inner.x + 1, inner.y + 1);
    if let Some(words) = view::absence(datum, "containers", app.now) {
        words.draw(buf, at, inner.width.saturating_sub(2), look);
        return;
    }
    if containers.is_empty() {
        let words = Words::new()
            .text("No container of this build is left.")
            .gap(2)
            .key("R", "runs it again");
        words.draw(buf, at, inner.width.saturating_sub(2), look);
        return;
    }
    let mut list = List::new([
        Column::left("", Fill::Fixed(1)),
        Column::left("", Fill::Fixed(5)),
        Column::left("step", Fill::Share(1)),
        Column::left("attempt", Fill::Content(8)).from(60),
        Column::left("worker", Fill::Content(12)).from(60),
        Column::right("kept for", Fill::Content(40)),
    ]);
    list.has_head = true;
    let selected = containers
        .iter()
        .position(|container| Some(&container.info.handle) == chooser.chosen.as_ref())
        .unwrap_or(0);
    for (at, container) in containers.iter().enumerate() {
        let meta = &container.info.metadata;
        let step = meta.step.as_str();
        let step = if at == selected { Words::new().bright(step) } else { Words::new().text(step) };
        let attempt = if meta.attempt.is_empty() { "1" } else { &meta.attempt };
        let kept = app.kept(container).unwrap_or_default();
        let kept = kept.strip_prefix("kept ").unwrap_or(&kept).to_owned();
        list.rows.push(Row::cells([
            Words::new().sign(sign(container)),
            Words::new().muted(kind(meta.kind)),
            step,
            Words::new().muted(attempt),
            Words::new().muted(container.info.runtime.as_str()),
            Words::new().text(kept),
        ]));
    }
    let below = if inner.height >= 10 { 5 } else { 0 };
    let place = Rect {
        x: inner.x - 1,
        y: inner.y + 1,
        width: inner.width + 2,
        height: inner.height.saturating_sub(1 + below),
    };
    let state = list.fitted(ListState { selected, offset: 0 }, place.height);
    list.draw(place, buf, look, state, true);
    let y = place.bottom() + 1;
    if below == 0 {
        return;
    }
    look.rule(buf, (inner.x - 1, y), inner.width + 2);
    let x = inner.x + 1;
    Words::new().muted("command").draw(buf, (x, y + 1), 9, look);
    let line = Rect { x: x + 9, y: y + 1, width: inner.width.saturating_sub(11), height: 1 };
    if chooser.is_typing {
        Prompt::default().draw(line, buf, look, &chooser.command);
    } else {
        let words = Words::new()
            .role(Role::Bright, "bash")
            .muted(" then sh · as in the step: directory, environment, user");
        words.draw(buf, (line.x, line.y), line.width, look);
    }
    let (here, beside) = ("this terminal", "a pane beside the log");
    let words = Words::new().muted("opens in ");
    let words = if chooser.is_split {
        words.text(here).gap(3).chosen(beside)
    } else {
        words.chosen(here).gap(3).text(beside)
    };
    words.draw(buf, (x, y + 2), inner.width.saturating_sub(2), look);
}

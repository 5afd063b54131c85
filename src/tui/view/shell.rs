//! A shell in its pane beside the log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::format;
use crate::tui::theme::Role;
use crate::tui::widget::{Overlay, Words};

/// Where the frame of the pane is.
pub fn area(app: &App) -> Rect {
    let (width, height) = app.size;
    if width >= 120 {
        let left = width * 48 / 100;
        return Rect { x: left, y: 1, width: width - left - 1, height: height.saturating_sub(2) };
    }
    // One row above it tells the first error.
    let top = if width >= 60 { 2 } else { 1 };
    Rect { x: 0, y: top, width, height: height.saturating_sub(top + 1) }
}

/// The room inside the frame.
pub fn inner(app: &App) -> Rect {
    let area = area(app);
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4).max(2),
        height: area.height.saturating_sub(2).max(1),
    }
}

/// Draws it.
pub fn draw(app: &App, buf: &mut Buffer) {
    let Some(pane) = &app.pane else { return };
    let look = &app.look;
    let build = app.data.summary(pane.build).map(|build| format!(" #{}", build.name));
    let title = Words::new()
        .bold(Role::Accent, format!("$ {}", pane.step))
        .muted(build.unwrap_or_default())
        .muted(format!(
            " · {} · since {}",
            pane.worker,
            format::duration(app.now.since(pane.since))
        ));
    let foot = match (&pane.ended, pane.is_scrolling) {
        (Some(ended), _) => {
            Words::new().role(Role::Errored, ended.as_str()).muted(" · any key closes")
        }
        (None, true) => Words::new().text("scrolling").muted(" · any other key ends it"),
        (None, false) => foot(app, &pane.handle),
    };
    let frame = Overlay { foot, ..Overlay::shell(title) };
    frame.draw(area(app), buf, look);
    pane.emulator.draw(inner(app), buf, look, pane.has_focus);
}

fn foot(app: &App, handle: &str) -> Words {
    let container = app.containers().iter().find(|container| container.info.handle == handle);
    let Some(container) = container else { return Words::new() };
    match container.expires_at {
        Some(at) => {
            let left = at.since(app.now);
            let role = match left.as_secs() {
                0..300 => Role::Failed,
                300..3600 => Role::Errored,
                _ => Role::Text,
            };
            Words::new()
                .text("kept ")
                .bold(role, format::duration(left))
                .muted(" more, longer while a shell is open")
        }
        None => Words::new().muted(app.kept(container).unwrap_or_default()),
    }
}

/// The row above the pane in a narrow terminal: the first error.
pub fn draw_error_row(app: &App, buf: &mut Buffer) {
    if app.size.0 < 60 {
        return;
    }
    let build = app.subject().build;
    let Some(cause) = build.and_then(|build| build.cause.as_ref()) else { return };
    let line = crate::tui::fact::text::plain(&crate::tui::fact::text::cause_line(cause));
    let words = Words::new()
        .sign(crate::tui::glyph::Sign::Failed)
        .gap(1)
        .text(format!("{} ", cause.step))
        .role(Role::Failed, line);
    words.draw(buf, (1, 1), app.size.0.saturating_sub(2), &app.look);
}

//! All that was told, newest last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::format;
use crate::tui::msg::Level;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::Words;

/// Draws them.
pub fn draw(app: &App, body: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let margin = view::margin(body.width);
    let room = body.width.saturating_sub(2 * margin);
    if app.told.messages.is_empty() {
        let words = Words::new().muted("Nothing was told yet.").gap(2).key("esc", "back");
        words.draw(buf, (margin, body.y), room, look);
        return;
    }
    let mut lines: Vec<Words> = Vec::new();
    for message in &app.told.messages {
        let role = match message.level {
            Level::Info => Role::Text,
            Level::Good => Role::Succeeded,
            Level::Warn => Role::Errored,
            Level::Error => Role::Failed,
        };
        let words = Words::new()
            .muted(format::clock(message.at, &app.zone))
            .gap(2)
            .role(role, message.text.as_str());
        lines.extend(words.wrap(room));
        for more in &message.more {
            for line in more.lines() {
                lines.push(Words::new().gap(10).muted(crate::tui::fact::text::plain(line)));
            }
        }
    }
    let height = usize::from(body.height);
    let end = lines.len().saturating_sub(app.messages_offset).max(height.min(lines.len()));
    let first = end.saturating_sub(height);
    for (line, y) in lines[first..end].iter().zip(body.top()..) {
        line.draw(buf, (margin, y), room, look);
    }
}

//! The two rows of chrome, section labels, and what a terminal too small is told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::words::Words;
use crate::tui::format;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// The smallest terminal that shows anything.
pub const SMALLEST: (u16, u16) = (40, 10);

/// A badge at the right of the first row: `STALE 2m 14s`, `SHELL`, `READ-ONLY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mode {
    /// The role of its ground.
    pub role: Role,
    /// The word.
    pub text: String,
}

/// The first row: where, on which server, how fresh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The server's name.
    pub target: String,
    /// The server's number, which gives its colour.
    pub target_number: usize,
    /// `team › pipeline › job › #build`; the last is where one is.
    pub crumbs: Vec<String>,
    /// At most two badges.
    pub modes: Vec<Mode>,
    /// `live 42 ms`.
    pub live: String,
    /// Who looks.
    pub who: String,
    /// `14:05:11`.
    pub clock: String,
}

impl Header {
    /// Draws it into the first row of `area`. Under 120 columns who and seconds go, under 60 the
    /// round trip; the breadcrumb is cut from the left.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = Rect { height: 1, ..area }.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        look.clear(buf, area, Role::Surface);
        let y = area.y;
        let badge = Words::new().badge(Role::target(self.target_number), self.target.as_str());
        let x = badge.draw(buf, (area.x, y), area.width, look) + 1;
        let mut right = Words::new();
        for mode in self.modes.iter().take(2) {
            right = right.badge(mode.role, mode.text.as_str()).gap(1);
        }
        if area.width >= 60 && !self.live.is_empty() {
            right = right.muted(self.live.as_str()).gap(2);
        }
        if area.width >= 120 && !self.who.is_empty() {
            right = right.muted(self.who.as_str()).gap(2);
        }
        let clock = if area.width >= 120 { &self.clock } else { self.clock.get(..5).unwrap_or("") };
        right = right.text(clock);
        let end = area.right().saturating_sub(1);
        let room = end.saturating_sub(x);
        let first = right.draw_right(buf, (end, y), room, look);
        let room = first.saturating_sub(x + 2);
        self.trail(room).draw(buf, (x, y), room, look);
    }

    fn trail(&self, room: u16) -> Words {
        for skipped in 0..self.crumbs.len() {
            let mut words = Words::new();
            if skipped > 0 {
                words = words.muted("…").faint(" › ");
            }
            let shown = &self.crumbs[skipped..];
            for (i, crumb) in shown.iter().enumerate() {
                words = if i + 1 == shown.len() {
                    words.bright(crumb.as_str())
                } else {
                    words.muted(crumb.as_str()).faint(" › ")
                };
            }
            if words.width() <= room {
                return words;
            }
        }
        let last = self.crumbs.last().map_or("", String::as_str);
        Words::new().bright(format::cut_middle(last, usize::from(room)))
    }
}

/// The last row: the keys that work now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyBar {
    /// Keys and what they do, most used first.
    pub items: Vec<(String, String)>,
    /// A remark before `? help`.
    pub note: String,
}

impl KeyBar {
    /// A bar of these.
    pub fn new<K: Into<String>, W: Into<String>>(
        items: impl IntoIterator<Item = (K, W)>,
    ) -> KeyBar {
        let items = items.into_iter().map(|(k, w)| (k.into(), w.into())).collect();
        KeyBar { items, note: String::new() }
    }

    /// Draws it into the last row of `area`. One that does not fit is left out whole.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let y = area.bottom() - 1;
        let row = Rect { y, height: 1, ..area };
        look.clear(buf, row, Role::Surface);
        let tail = if self.note.is_empty() {
            Words::new().key("?", "help")
        } else {
            Words::new().muted(self.note.as_str()).gap(2).key("?", "help")
        };
        let end = area.right().saturating_sub(1);
        let stop = tail.draw_right(buf, (end, y), area.width.saturating_sub(2), look);
        let gap = if area.width >= 100 { 3 } else { 2 };
        let mut x = area.x + 1;
        for (key, what) in &self.items {
            let item = Words::new().key(key, what);
            if x + item.width() + 2 > stop {
                break;
            }
            x = item.draw(buf, (x, y), item.width(), look) + gap;
        }
    }
}

/// A section's label with at most one fact at the right end of `width` columns.
pub fn label(buf: &mut Buffer, at: (u16, u16), width: u16, text: &str, fact: &str, look: &Look) {
    let words = Words::new().label(text);
    let fact = Words::new().muted(fact);
    let used = words.draw(buf, at, width, look) - at.0;
    if !fact.is_empty() && used + 2 + fact.width() <= width {
        fact.draw_right(buf, (at.0 + width, at.1), fact.width(), look);
    }
}

/// Says that the terminal is too small, if it is; then nothing else is drawn.
pub fn too_small(buf: &mut Buffer, look: &Look) -> bool {
    let area = buf.area;
    if area.width >= SMALLEST.0 && area.height >= SMALLEST.1 {
        return false;
    }
    look.clear(buf, area, Role::Bg);
    let text =
        format!("too small: {}x{}, needs {}x{}", area.width, area.height, SMALLEST.0, SMALLEST.1);
    Words::new().text(text).draw(buf, (area.x, area.y), area.width, look);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    fn check(width: u16, expected: [&str; 2]) {
        let area = Rect::new(0, 0, width, 2);
        let mut buf = Buffer::empty(area);
        let header = Header {
            target: "prod".to_owned(),
            crumbs: ["cpi", "bosh-alicloud-cpi", "bats", "#112"].map(str::to_owned).to_vec(),
            live: "live 42 ms".to_owned(),
            who: "anna".to_owned(),
            clock: "14:05:11".to_owned(),
            ..Header::default()
        };
        header.draw(area, &mut buf, &Look::night());
        KeyBar::new([("hjkl", "move"), ("enter", "build"), ("s", "shell")]).draw(
            area,
            &mut buf,
            &Look::night(),
        );
        assert_eq!(rows(&buf), expected);
    }

    #[test]
    fn chrome_gives_way_in_its_order() {
        check(
            70,
            [
                " prod  cpi › bosh-alicloud-cpi › bats › #112        live 42 ms  14:05",
                " hjkl move  enter build  s shell                               ? help",
            ],
        );
        check(
            40,
            [" prod  … › bats › #112            14:05", " hjkl move  enter build          ? help"],
        );
    }
}

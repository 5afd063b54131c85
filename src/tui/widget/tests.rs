//! All widgets on one screen, to look at, and at sizes that leave no room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::testing::{rows, shoot};
use super::*;
use crate::tui::action::{Action, Context};
use crate::tui::glyph::{GlyphSet, Sign};
use crate::tui::keymap::{Access, Keymap};
use crate::tui::look::Look;
use crate::tui::theme::{Depth, Role, Theme};

fn overview() -> List {
    let mut list = List::new([
        Column::left("", Fill::Fixed(1)),
        Column::left("pipeline", Fill::Content(32)),
        Column::left("what", Fill::Share(1)),
        Column::right("since", Fill::Fixed(5)),
        Column::left("jobs", Fill::Fixed(20)).from(100),
    ]);
    let w = Words::new;
    let red = |team: &str, name: &str, what: &str, since: &str, cause: &str| Row::Cells {
        cells: vec![
            w().sign(Sign::Failed),
            w().muted(format!("{team:>4} / ")).bright(name),
            w().text(what),
            w().text(since),
            w().counts(&[(Sign::Succeeded, 9), (Sign::Failed, 1), (Sign::Started, 3)], 1, false),
        ],
        more: vec![vec![w(), w(), w().muted("run-bats: ").role(Role::Failed, cause)]],
        marked: false,
    };
    list.rows = vec![
        Row::Section(w().label("newly broken").gap(1).muted("2"), w()),
        red("cpi", "bosh-alicloud-cpi", "bats #112", "3m", "InvalidDataDiskSize: 10 GiB"),
        red("main", "base-images", "test-nodejs-base-image #37", "14m", "not ok 12 function"),
        Row::Blank,
        Row::Section(w().label("quiet").gap(1).muted("194"), w()),
        Row::cells([
            w().sign(Sign::Succeeded),
            w().muted("main / ").text("docs"),
            w().muted("publish #77"),
            w().muted("20m"),
            w().muted("✓3"),
        ]),
        Row::Text(w().gap(2).muted("186 more, all green")),
    ];
    list
}

fn gallery(width: u16, height: u16, look: &Look) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    if too_small(&mut buf, look) {
        return buf;
    }
    look.clear(&mut buf, area, Role::Bg);
    let header = Header {
        target: "prod".to_owned(),
        crumbs: ["main", "base-images"].map(str::to_owned).to_vec(),
        modes: vec![Mode { role: Role::Accent, text: "SHELL".to_owned() }],
        live: "live 42 ms".to_owned(),
        who: "anna".to_owned(),
        clock: "14:05:11".to_owned(),
        ..Header::default()
    };
    header.draw(area, &mut buf, look);
    let keymap = Keymap::default();
    let wanted = [
        Action::Left,
        Action::Open,
        Action::OpenShell,
        Action::Changed,
        Action::Trigger,
        Action::OpenMenu,
    ];
    KeyBar::new(keymap.bar(Context::Graph, Access::Full, &wanted)).draw(area, &mut buf, look);
    let list = overview();
    let body = Rect { y: 2, height: height.saturating_sub(3), ..area };
    let state = list.fitted(ListState::default(), body.height);
    list.draw(body, &mut buf, look, state, true);
    if height >= 30 {
        let help = keymap.help(Context::Graph, Access::Full);
        let lines = help.iter().map(|group| group.lines.len()).max().unwrap_or(0);
        let inner = Overlay::new(Words::new().bold(Role::Accent, "Keys in the graph"))
            .foot(Words::new().text("made from the table of actions"))
            .draw(centre(area, width.min(110), lines as u16 + 8), &mut buf, look);
        for (at, group) in help.iter().take(3).enumerate() {
            let x = inner.x + at as u16 * 36;
            label(&mut buf, (x + 12, inner.y + 1), 20, group.group.title(), "", look);
            for (line, (keys, what)) in group.lines.iter().enumerate() {
                let y = inner.y + 2 + line as u16;
                Words::new().bright(keys.as_str()).draw_right(&mut buf, (x + 10, y), 10, look);
                Words::new().text(what.as_str()).draw(&mut buf, (x + 12, y), 23, look);
            }
        }
    }
    let prompt = Rect { y: height - 2, height: 1, ..area };
    look.clear(&mut buf, prompt, Role::Raised);
    Prompt {
        sigil: "/".to_owned(),
        beside: Words::new().muted("regex, smart case · ").bright("2"),
    }
    .draw(prompt, &mut buf, look, &PromptState::with("timeout|refused"));
    let toasts = [
        Toast { role: Role::ToastError, text: "403: role viewer".to_owned(), undo: None },
        Toast { role: Role::Paused, text: "paused".to_owned(), undo: Some("undo, 5 s".to_owned()) },
    ];
    Toasts(&toasts).draw(body, &mut buf, look, Rect::new(0, 3, width, 2));
    buf
}

#[test]
fn a_screen_of_all_widgets() {
    let day = Look { theme: Theme::day(Depth::True), ..Look::night() };
    let plain = Look { theme: Theme::night(Depth::None), glyphs: GlyphSet::Ascii, ..Look::night() };
    shoot("gallery", &gallery(140, 42, &Look::night()));
    shoot("gallery-day", &gallery(140, 42, &day));
    shoot("gallery-plain", &gallery(80, 24, &plain));
    let small = gallery(39, 9, &Look::night());
    assert_eq!(rows(&small)[0], "too small: 39x9, needs 40x10");
    let all: String = rows(&gallery(80, 24, &plain)).concat();
    assert!(all.is_ascii(), "{all}");
    for (width, height) in [(1, 1), (40, 10), (60, 12), (120, 30), (400, 120)] {
        gallery(width, height, &Look::night());
    }
}

#[test]
fn behind_an_overlay_nothing_has_colour() {
    let look = Look::night();
    let mut buf = gallery(80, 24, &look);
    let area = buf.area;
    look.theme.fade(&mut buf, area);
    let backdrop = look.theme.colour(Role::Backdrop);
    assert!(buf.content.iter().all(|cell| cell.fg == backdrop));
}

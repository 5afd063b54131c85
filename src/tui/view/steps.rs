//! The steps of a build as a list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::BuildId;
use crate::tui::app::App;
use crate::tui::app::place::Pane;
use crate::tui::fact::steps::{Row, RowKind, Step};
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::theme::Role;
use crate::tui::view;
use crate::tui::widget::Words;

/// Draws them; gives the row after the last.
pub fn draw(app: &App, build: BuildId, area: Rect, label: &str, buf: &mut Buffer) -> u16 {
    let look = &app.look;
    if area.height == 0 {
        return area.y;
    }
    view::label(buf, (area.x, area.y), area.width, label, "took", look);
    let datum = app.data.builds.get(&build);
    let rows = app.steps();
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if rows.is_empty() {
        let words = view::absence(datum, "steps", app.now).unwrap_or_else(|| {
            match app.watched_status().is_over() {
                true => Words::new().muted("its plan is not known"),
                false => Words::new().muted("the plan is made when it starts"),
            }
        });
        words.draw(buf, (below.x, below.y), below.width, look);
        return below.y + 1;
    }
    let chosen = app.shown_row(&rows);
    let height = usize::from(below.height).max(1);
    // The chosen one is in view, with as much before it as there is room for.
    let first = chosen.unwrap_or(0).saturating_sub(height.saturating_sub(3));
    let first = first.min(rows.len().saturating_sub(height));
    let mut y = below.y;
    for (at, row) in rows.iter().enumerate().skip(first) {
        if y >= below.bottom() {
            break;
        }
        let is_chosen = chosen == Some(at);
        let (left, right) = row_words(row, is_chosen);
        let x = below.x + 2 * row.depth;
        let room = below.right().saturating_sub(x);
        view::line(buf, (x, y), room, &left, &right, look);
        if is_chosen {
            let bar = Rect { x: below.x - 1, y, width: below.width + 2, height: 1 };
            look.theme.choose(buf, bar);
            if look.theme.has_grounds() {
                let role = if app.build.pane == Pane::Steps { Role::Accent } else { Role::Faint };
                look.put(buf, (bar.x, y), "▌", 1, look.style(role));
            }
        }
        y += 1;
    }
    y
}

fn took(step: &Step) -> Words {
    let mut words = Words::new();
    if let Some(late) = step.late {
        words = words.role(Role::Errored, format!("+{}", format::duration_short(late))).gap(2);
    }
    match step.took {
        Some(took) if step.sign == Sign::Started => words.text(format::duration(took)),
        Some(took) => words.muted(format::duration(took)),
        None => words,
    }
}

fn row_words(row: &Row, is_chosen: bool) -> (Words, Words) {
    match &row.kind {
        RowKind::Label(text) => (Words::new().muted(format!("╰ {text}")), Words::new()),
        RowKind::Step(step) => {
            let kind = format!("{:<4} ", step.kind);
            let words = Words::new().sign(step.sign).gap(1).muted(kind);
            let words = match () {
                () if is_chosen => words.bright(step.name.as_str()),
                () if step.sign.is_quiet() => words.muted(step.name.as_str()),
                () => words.text(step.name.as_str()),
            };
            (words, took(step))
        }
        RowKind::Inputs(steps) => {
            let sign = steps.first().map_or(Sign::Pending, |step| step.sign);
            let words = Words::new().sign(sign).gap(1).muted("get  ");
            let text = format!("{} inputs", steps.len());
            let words = if is_chosen { words.bright(text) } else { words.text(text) };
            // Side by side or not, the longest is what one waited for.
            let longest = steps.iter().filter_map(|step| step.took).max();
            (words, Words::new().muted(longest.map(format::duration).unwrap_or_default()))
        }
    }
}

/// The steps on one line: how many are over, which one broke, what runs, what is left.
pub fn one_line(app: &App) -> Words {
    let rows = app.steps();
    let steps: Vec<&Step> = rows
        .iter()
        .flat_map(|row| match &row.kind {
            RowKind::Label(_) => &[][..],
            RowKind::Step(step) => std::slice::from_ref(step),
            RowKind::Inputs(steps) => steps.as_slice(),
        })
        .collect();
    let count = |is_it: &dyn Fn(Sign) -> bool| steps.iter().filter(|s| is_it(s.sign)).count();
    let mut words = Words::new();
    let green = count(&|sign| sign == Sign::Succeeded);
    if green > 0 {
        let n = format::counted(u64::try_from(green).unwrap_or(0), "step");
        words = words.muted(format!("✓ {n}"));
    }
    let chosen = app.shown_step();
    for step in &steps {
        let is_chosen = Some(&step.id) == chosen.as_ref();
        let tells = step.sign.is_red() || matches!(step.sign, Sign::Started | Sign::Aborted);
        if !tells && !is_chosen {
            continue;
        }
        if !words.is_empty() {
            words = words.gap(2);
        }
        words = words.sign(step.sign).gap(1);
        words = if is_chosen {
            words.bright(step.name.as_str())
        } else {
            words.text(step.name.as_str())
        };
        if let Some(took) = step.took {
            words = words.gap(1).muted(format::duration(took));
        }
    }
    let left = count(&|sign| sign == Sign::Pending);
    if left > 0 {
        words = words.gap(2).sign(Sign::Pending).gap(1).muted(format!("{left} more"));
    }
    words
}

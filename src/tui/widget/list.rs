//! Rows in columns with a selection that keeps its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::words::Words;
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// So many columns.
    Fixed(u16),
    /// What its widest cell takes, but at most so many.
    Content(u16),
    /// A share of what the others leave.
    Share(u16),
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its label; empty for none.
    pub title: String,
    /// Its width.
    pub fill: Fill,
    /// Whether its cells end at the right.
    pub right: bool,
    /// It is shown only if the list has at least so many columns.
    pub from_width: u16,
}

impl Column {
    /// A column that starts left.
    pub fn left(title: &str, fill: Fill) -> Column {
        Column { title: title.to_owned(), fill, right: false, from_width: 0 }
    }

    /// A column of figures.
    pub fn right(title: &str, fill: Fill) -> Column {
        Column { right: true, ..Column::left(title, fill) }
    }

    /// The same, left out below a width.
    pub fn from(mut self, width: u16) -> Column {
        self.from_width = width;
        self
    }
}

/// One row; its lines stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The label of a section, and a fact at the right end.
    Section(Words, Words),
    /// A sentence that cannot be chosen.
    Text(Words),
    /// An empty row.
    Blank,
    /// Cells, and further lines of cells below.
    Cells {
        /// One for each column.
        cells: Vec<Words>,
        /// Lines below, one cell for each column; a cell may run over empty ones at its right.
        more: Vec<Vec<Words>>,
        /// Marked by the reader.
        marked: bool,
    },
}

impl Row {
    /// A row of one line.
    pub fn cells(cells: impl IntoIterator<Item = Words>) -> Row {
        Row::Cells { cells: cells.into_iter().collect(), more: Vec::new(), marked: false }
    }

    fn height(&self) -> usize {
        match self {
            Row::Cells { more, .. } => 1 + more.len(),
            Row::Section(..) | Row::Text(_) | Row::Blank => 1,
        }
    }

    /// Whether it can be chosen.
    pub fn can_be_chosen(&self) -> bool {
        matches!(self, Row::Cells { .. })
    }
}

/// What is chosen and what is in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListState {
    /// The chosen row.
    pub selected: usize,
    /// The first line in view, counted in lines of rows.
    pub offset: usize,
}

/// Rows in columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether labels stand over the columns.
    pub has_head: bool,
    /// Blanks between columns.
    pub gap: u16,
}

impl List {
    /// An empty list with these columns.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> List {
        List { columns: columns.into_iter().collect(), rows: Vec::new(), has_head: false, gap: 2 }
    }

    /// The state after the selection moved `by` rows that can be chosen.
    pub fn step(&self, state: ListState, by: isize) -> ListState {
        let can: Vec<usize> =
            (0..self.rows.len()).filter(|&i| self.rows[i].can_be_chosen()).collect();
        let here = can.iter().position(|&i| i >= state.selected).unwrap_or(can.len());
        let to = here.saturating_add_signed(by).min(can.len().saturating_sub(1));
        ListState { selected: can.get(to).copied().unwrap_or(0), ..state }
    }

    /// The state in which the chosen row can be chosen and is in view, with the fewest lines moved.
    pub fn fitted(&self, state: ListState, height: u16) -> ListState {
        let height = usize::from(height).saturating_sub(usize::from(self.has_head)).max(1);
        let state = self.step(state, 0);
        let total: usize = self.rows.iter().map(Row::height).sum();
        let first: usize = self.rows.iter().take(state.selected).map(Row::height).sum();
        let last = first + self.rows.get(state.selected).map_or(1, Row::height);
        // The section's label comes along when the first row below it is chosen.
        let above = self.rows[..state.selected.min(self.rows.len())]
            .iter()
            .rev()
            .take_while(|row| !row.can_be_chosen())
            .map(Row::height)
            .sum::<usize>();
        let top = first - above.min(first);
        let mut offset = state.offset.min(total.saturating_sub(height));
        if last > offset + height {
            offset = last - height;
        }
        if top < offset {
            offset = if last - top <= height { top } else { first };
        }
        ListState { offset, ..state }
    }

    /// The row at a line of the area, for the mouse.
    pub fn row_at(&self, state: ListState, line: u16) -> Option<usize> {
        let line = usize::from(line).checked_sub(usize::from(self.has_head))? + state.offset;
        let mut top = 0;
        self.rows.iter().position(|row| {
            top += row.height();
            line < top
        })
    }

    /// Draws the rows in view; `state` comes from [`List::fitted`]. Without `focus` the chosen row
    /// has its ground but no bar.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, look: &Look, state: ListState, focus: bool) {
        let area = area.intersection(buf.area);
        if area.width < 3 || area.is_empty() {
            return;
        }
        let places = self.places(area);
        let mut y = i32::from(area.y);
        if self.has_head {
            for (column, place) in self.columns.iter().zip(&places) {
                let Some((x, width)) = place else { continue };
                let title = Words::new().label(&column.title);
                if column.right {
                    title.draw_right(buf, (x + width, area.y), *width, look);
                } else {
                    title.draw(buf, (*x, area.y), *width, look);
                }
            }
            y += 1;
        }
        let top = y;
        y -= i32::try_from(state.offset).unwrap_or(i32::MAX / 2);
        for (index, row) in self.rows.iter().enumerate() {
            let height = i32::try_from(row.height()).unwrap_or(1);
            if y + height > top && y < i32::from(area.bottom()) {
                let rows = Rect {
                    y: u16::try_from(y.max(top)).unwrap_or(0),
                    height: u16::try_from((y + height).min(i32::from(area.bottom())) - y.max(top))
                        .unwrap_or(0),
                    ..area
                };
                let skipped = usize::try_from(top - y).unwrap_or(0);
                self.draw_row(row, rows, skipped, &places, buf, look);
                if index == state.selected && row.can_be_chosen() {
                    look.theme.choose(buf, rows);
                    if focus && look.theme.has_grounds() {
                        for y in rows.top()..rows.bottom() {
                            look.put(buf, (rows.x, y), "▌", 1, look.style(Role::Accent));
                        }
                    }
                }
            }
            y += height;
        }
    }

    fn draw_row(
        &self,
        row: &Row,
        area: Rect,
        skipped: usize,
        places: &[Option<(u16, u16)>],
        buf: &mut Buffer,
        look: &Look,
    ) {
        let left = area.x + 1;
        let room = area.width.saturating_sub(2);
        match row {
            Row::Blank => {}
            Row::Text(words) => {
                words.draw(buf, (left, area.y), room, look);
            }
            Row::Section(words, fact) => {
                let used = words.draw(buf, (left, area.y), room, look);
                let end = left + room;
                if fact.width() + 2 <= end.saturating_sub(used) {
                    fact.draw_right(buf, (end, area.y), fact.width(), look);
                }
            }
            Row::Cells { cells, more, marked } => {
                let lines = std::iter::once(cells).chain(more).skip(skipped);
                for (y, cells) in (area.top()..area.bottom()).zip(lines) {
                    self.draw_cells(cells, y, area, places, buf, look);
                }
                if *marked && skipped == 0 {
                    look.put(buf, (area.x, area.y), "•", 1, look.bold(Role::Accent));
                }
            }
        }
    }

    fn draw_cells(
        &self,
        cells: &[Words],
        y: u16,
        area: Rect,
        places: &[Option<(u16, u16)>],
        buf: &mut Buffer,
        look: &Look,
    ) {
        for (i, (cell, place)) in cells.iter().zip(places).enumerate() {
            let Some((x, width)) = *place else { continue };
            if self.columns[i].right {
                cell.draw_right(buf, (x + width, y), width, look);
                continue;
            }
            // A cell runs on over empty ones at its right.
            let stop = (i + 1..cells.len())
                .find(|&j| !cells[j].is_empty() && places[j].is_some())
                .and_then(|j| places[j])
                .map_or(area.right().saturating_sub(1), |(x, _)| x.saturating_sub(self.gap));
            let room = if stop > x + width { stop - x } else { width };
            cell.draw(buf, (x, y), room, look);
        }
    }

    /// Where each column stands: first column and width; none if it is not shown.
    fn places(&self, area: Rect) -> Vec<Option<(u16, u16)>> {
        let shown: Vec<bool> = self.columns.iter().map(|c| area.width >= c.from_width).collect();
        let mut widths: Vec<u16> = Vec::with_capacity(self.columns.len());
        for (i, column) in self.columns.iter().enumerate() {
            widths.push(match column.fill {
                Fill::Fixed(n) => n,
                Fill::Share(_) => 0,
                Fill::Content(most) => self.widest(i).min(most),
            });
        }
        let count = shown.iter().filter(|s| **s).count();
        let gaps = u16::try_from(count.saturating_sub(1)).unwrap_or(0).saturating_mul(self.gap);
        let used: u16 = widths.iter().zip(&shown).filter(|(_, s)| **s).map(|(w, _)| *w).sum();
        let rest = area.width.saturating_sub(2).saturating_sub(gaps).saturating_sub(used);
        let share = |column: &Column| match column.fill {
            Fill::Share(n) => u32::from(n),
            Fill::Fixed(_) | Fill::Content(_) => 0,
        };
        let shares: u32 =
            self.columns.iter().zip(&shown).filter(|(_, s)| **s).map(|(c, _)| share(c)).sum();
        let mut x = area.x + 1;
        let end = area.right().saturating_sub(1);
        let mut places = Vec::with_capacity(widths.len());
        for (i, column) in self.columns.iter().enumerate() {
            if !shown[i] || x >= end {
                places.push(None);
                continue;
            }
            if shares > 0 && share(column) > 0 {
                let part = u32::from(rest) * share(column) / shares;
                widths[i] = u16::try_from(part).unwrap_or(rest);
            }
            let width = widths[i].min(end - x);
            places.push(Some((x, width)));
            x = x.saturating_add(width).saturating_add(self.gap);
        }
        places
    }

    fn widest(&self, column: usize) -> u16 {
        let head = u16::try_from(self.columns[column].title.chars().count()).unwrap_or(0);
        self.rows
            .iter()
            .filter_map(|row| match row {
                Row::Cells { cells, .. } => cells.get(column).map(Words::width),
                Row::Section(..) | Row::Text(_) | Row::Blank => None,
            })
            .max()
            .unwrap_or(0)
            .max(if self.has_head { head } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::testing::rows;

    fn sample() -> List {
        let mut list = List::new([
            Column::left("name", Fill::Share(1)),
            Column::right("took", Fill::Content(8)),
        ]);
        let cell = |text: &str| Words::new().text(text);
        list.rows = vec![
            Row::Section(Words::new().label("new"), Words::new().muted("2")),
            Row::cells([cell("unit"), cell("48s")]),
            Row::Cells {
                cells: vec![cell("integration-postgres"), cell("2m 03s")],
                more: vec![vec![cell("the second line is long"), Words::new()]],
                marked: true,
            },
            Row::Blank,
            Row::cells([cell("perf"), cell("9s")]),
        ];
        list
    }

    fn check(height: u16, selected: usize, expected: &[&str]) {
        let area = Rect::new(0, 0, 26, height);
        let mut buf = Buffer::empty(area);
        let list = sample();
        let state = list.fitted(ListState { selected, offset: 0 }, height);
        list.draw(area, &mut buf, &Look::night(), state, true);
        assert_eq!(rows(&buf), expected);
    }

    #[test]
    fn the_chosen_row_is_in_view() {
        check(
            6,
            1,
            &[
                " NEW                    2",
                "▌unit                 48s",
                "•integration-pos…  2m 03s",
                " the second line is long",
                "",
                " perf                  9s",
            ],
        );
        check(2, 2, &["▌integration-pos…  2m 03s", "▌the second line is long"]);
        check(1, 4, &["▌perf                  9s"]);
    }

    #[test]
    fn steps_pass_what_cannot_be_chosen() {
        let list = sample();
        let at = |selected| ListState { selected, offset: 0 };
        assert_eq!(list.step(at(0), 0).selected, 1);
        assert_eq!(list.step(at(2), 1).selected, 4);
        assert_eq!(list.step(at(4), 5).selected, 4);
        assert_eq!(list.step(at(4), -9).selected, 1);
        assert_eq!(list.row_at(at(0), 3), Some(2));
        assert_eq!(List::new([]).fitted(at(7), 3).selected, 0);
    }
}

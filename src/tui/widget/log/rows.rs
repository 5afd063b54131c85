//! What stands in which row: lines, folds, silences; or only the lines that match.

use std::ops::Range;
use std::time::Duration;

/// Lines that are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The lines.
    pub lines: Range<usize>,
    /// What they are about.
    pub label: String,
    /// Whether they are shown all the same.
    pub is_open: bool,
}

/// What one row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRow<'a> {
    /// A line, by its number from 0.
    Line(usize),
    /// A fold that is closed.
    Fold(&'a Fold),
    /// Nothing was written for so long.
    Silence(Duration),
    /// Lines that a filter leaves out.
    Gap,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Lines(usize),
    Fold(usize),
    Silence(Duration),
    Gap,
}

/// What stands in which row. Made anew when folds or the filter change; grows with the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// First row and what begins there.
    blocks: Vec<(usize, Kind)>,
    folds: Vec<Fold>,
    count: usize,
}

impl Rows {
    /// All of `lines` lines, closed folds as one row each, silences between them. Folds and
    /// silences are in order and do not overlap.
    pub fn new(lines: usize, folds: Vec<Fold>, silences: &[(usize, Duration)]) -> Rows {
        let mut rows = Rows { blocks: Vec::new(), folds, count: 0 };
        let mut quiet = silences.iter().peekable();
        let mut line = 0;
        for at in 0..rows.folds.len() {
            let fold = rows.folds[at].clone();
            if fold.is_open || fold.lines.start < line || fold.lines.is_empty() {
                continue;
            }
            let end = fold.lines.end.min(lines);
            if fold.lines.start >= lines {
                break;
            }
            rows.lines(line, fold.lines.start, &mut quiet);
            while quiet.next_if(|(at, _)| *at < end).is_some() {}
            rows.push(Kind::Fold(at), 1);
            line = end;
        }
        rows.lines(line, lines, &mut quiet);
        rows
    }

    /// Only these lines, in order, with `context` lines around them.
    pub fn only(lines: usize, matches: &[usize], context: usize) -> Rows {
        let mut rows = Rows::default();
        let mut next = 0;
        for &found in matches {
            let from = found.saturating_sub(context).max(next);
            let to = (found + context + 1).min(lines);
            if from >= to {
                continue;
            }
            if from > next && context > 0 && rows.count > 0 {
                rows.push(Kind::Gap, 1);
            }
            rows.push(Kind::Lines(from), to - from);
            next = to;
        }
        rows
    }

    fn lines<'a>(
        &mut self,
        mut from: usize,
        to: usize,
        quiet: &mut std::iter::Peekable<impl Iterator<Item = &'a (usize, Duration)>>,
    ) {
        while let Some((line, span)) = quiet.next_if(|(line, _)| *line < to) {
            if *line > from {
                self.push(Kind::Lines(from), line - from);
                from = *line;
            }
            self.push(Kind::Silence(*span), 1);
        }
        if to > from {
            self.push(Kind::Lines(from), to - from);
        }
    }

    fn push(&mut self, kind: Kind, rows: usize) {
        self.blocks.push((self.count, kind));
        self.count += rows;
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The folds, closed and open.
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// What a row shows.
    pub fn row(&self, row: usize) -> Option<LogRow<'_>> {
        if row >= self.count {
            return None;
        }
        let at = self.blocks.partition_point(|(first, _)| *first <= row).checked_sub(1)?;
        let (first, kind) = &self.blocks[at];
        Some(match kind {
            Kind::Lines(line) => LogRow::Line(line + row - first),
            Kind::Fold(fold) => LogRow::Fold(self.folds.get(*fold)?),
            Kind::Silence(span) => LogRow::Silence(*span),
            Kind::Gap => LogRow::Gap,
        })
    }

    /// The row of a line; of the fold that hides it; of the next line that is shown.
    pub fn row_of(&self, line: usize) -> usize {
        let line_at = |(_, kind): &(usize, Kind)| match kind {
            Kind::Lines(line) => Some(*line),
            Kind::Fold(fold) => self.folds.get(*fold).map(|fold| fold.lines.start),
            Kind::Silence(_) | Kind::Gap => None,
        };
        // Silences and gaps have no line; they stand before the block that has.
        let mut low = 0;
        let mut high = self.blocks.len();
        while low < high {
            let middle = (low + high) / 2;
            let start = self.blocks[middle..high].iter().find_map(line_at);
            if start.is_some_and(|start| start <= line) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut at = low.min(self.blocks.len());
        while at > 0 {
            at -= 1;
            let (first, kind) = &self.blocks[at];
            let end = self.blocks.get(at + 1).map_or(self.count, |(next, _)| *next);
            match kind {
                Kind::Lines(start) if *start <= line => {
                    return (first + line - start).min(end.max(first + 1) - 1);
                }
                Kind::Fold(fold) if self.folds[*fold].lines.start <= line => return *first,
                _ => {}
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(lines: Range<usize>, is_open: bool) -> Fold {
        Fold { lines, label: "x".to_owned(), is_open }
    }

    fn show(rows: &Rows) -> String {
        (0..rows.len())
            .map(|row| match rows.row(row) {
                Some(LogRow::Line(line)) => line.to_string(),
                Some(LogRow::Fold(fold)) => format!("f{}", fold.lines.len().min(3)),
                Some(LogRow::Silence(_)) => "s".to_owned(),
                Some(LogRow::Gap) => "-".to_owned(),
                None => "?".to_owned(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn folds_and_silences() {
        let quiet = [(1, Duration::ZERO), (4, Duration::ZERO), (7, Duration::ZERO)];
        let rows = Rows::new(9, vec![fold(3..6, false), fold(7..8, true)], &quiet);
        assert_eq!(show(&rows), "0 s 1 2 f3 6 s 7 8");
        for (line, row) in [(0, 0), (1, 2), (2, 3), (3, 4), (5, 4), (6, 5), (7, 7), (8, 8)] {
            assert_eq!(rows.row_of(line), row, "line {line}");
        }
        assert_eq!(show(&Rows::new(0, vec![fold(0..3, false)], &[])), "");
        assert_eq!(show(&Rows::new(4, vec![fold(2..9, false)], &[])), "0 1 f3");
        assert_eq!(Rows::default().row_of(5), 0);
    }

    #[test]
    fn only_what_matches() {
        assert_eq!(show(&Rows::only(10, &[1, 2, 8], 0)), "1 2 8");
        assert_eq!(show(&Rows::only(10, &[1, 2, 8], 1)), "0 1 2 3 - 7 8 9");
        let rows = Rows::only(10, &[1, 8], 0);
        assert_eq!(rows.row_of(8), 1);
    }
}

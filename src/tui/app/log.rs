//! Moving through a step's log: where one is, what is folded, what is searched for.

use std::time::Duration;

use crate::model::Timestamp;
use crate::tui::action::Action;
use crate::tui::app::place::Pane;
use crate::tui::app::{App, Place};
use crate::tui::fact::text;
use crate::tui::glyph::Sign;
use crate::tui::msg::Level;
use crate::tui::view;
use crate::tui::widget::log::{Fold, LogRow, LogState, LogStore, Rows, Search, Times};

/// Silence that long is a row of its own.
const SILENCE: Duration = Duration::from_secs(60);

/// Lines before the first error that are left unfolded.
const LEAD: usize = 8;

/// Fewer lines than this are not folded.
const FOLD_FROM: usize = 40;

/// Bytes that are searched at a time.
const SLICE: usize = 256 * 1024;

/// Where one was when a search began.
#[derive(Debug)]
struct Before {
    state: LogState,
    line: usize,
    open_folds: Vec<usize>,
}

/// The log of one step.
#[derive(Debug, Default)]
pub struct StepLog {
    /// The lines.
    pub store: LogStore,
    /// What stands in which row.
    pub rows: Rows,
    /// Where one is.
    pub state: LogState,
    /// What is searched for.
    pub search: Option<Search>,
    /// Only matches are shown, with so many lines around them.
    pub only: Option<usize>,
    /// The line to begin at: the first error, once the step failed.
    pub first_error: Option<usize>,
    /// Lines that came while one looked elsewhere.
    pub n_unseen: usize,
    /// A person moved in it: it stays where it is.
    pub is_touched: bool,
    /// It stands where it is to begin.
    is_placed: bool,
    /// The open ones of its folds, by their first line.
    open_folds: Vec<usize>,
    /// Where the search began.
    before_search: Option<Before>,
    /// The first match was shown.
    has_jumped: bool,
    /// What the rows were made for.
    made_for: Option<(usize, usize, Option<usize>, Option<usize>)>,
    ends_open: bool,
    written_at: Option<Timestamp>,
    /// Lines before which nothing was written for long.
    silences: Vec<(usize, Duration)>,
}

impl StepLog {
    /// Adds output.
    pub fn append(&mut self, payload: &str, at: Timestamp) {
        let before = self.store.len();
        let silence = self.written_at.map(|written| at.since(written));
        if let Some(silence) = silence.filter(|silence| *silence >= SILENCE) {
            self.silences.push((before, silence));
        }
        self.written_at = Some(at);
        self.store.append(payload.as_bytes(), at);
        self.n_unseen += self.store.len() - before;
        if let Some(last) = payload.bytes().last() {
            self.ends_open = last != b'\n';
        }
    }

    /// Adds a line of ours, after what the step wrote.
    pub fn remark(&mut self, line: &str, at: Timestamp) {
        if self.ends_open {
            self.append("\n", at);
        }
        self.append(line, at);
        self.append("\n", at);
    }

    /// The line that the row of the cursor shows.
    pub fn line(&self) -> Option<usize> {
        let from = self.state.cursor;
        (from..self.rows.len()).find_map(|row| match self.rows.row(row)? {
            LogRow::Line(line) => Some(line),
            LogRow::Fold(fold) => Some(fold.lines.start),
            LogRow::Silence(_) | LogRow::Gap => None,
        })
    }

    fn make_rows(&mut self) {
        let found = self.search.as_ref().map_or(0, |search| search.found().len());
        let key = (self.store.len(), found, self.only, self.first_error);
        if self.made_for == Some(key) {
            return;
        }
        let line = self.line();
        let before = self.made_for.replace(key);
        self.rows = match (&self.search, self.only) {
            (Some(search), Some(context)) => Rows::only(self.store.len(), search.found(), context),
            _ => Rows::new(self.store.len(), self.folds(), &self.silences),
        };
        // Other rows, same line: unless only lines were added at the end.
        let is_longer = before.is_some_and(|before| (before.2, before.3) == (key.2, key.3));
        if let (Some(line), false, true) = (line, self.state.follow, before.is_some()) {
            let row = self.rows.row_of(line);
            if !is_longer || self.only.is_some() {
                let shift = self.state.cursor.saturating_sub(self.state.top);
                self.state.cursor = row;
                self.state.top = row.saturating_sub(shift);
            }
        }
    }

    /// What comes before the first error is folded: it went well.
    fn folds(&self) -> Vec<Fold> {
        match self.first_error {
            Some(error) if error > FOLD_FROM => vec![Fold {
                lines: 0..error - LEAD,
                label: "before the first error".to_owned(),
                is_open: self.open_folds.contains(&0),
            }],
            _ => Vec::new(),
        }
    }

    fn jump_to(&mut self, line: usize, height: u16) {
        let is_hidden = self.only.is_none()
            && self.folds().iter().any(|fold| !fold.is_open && fold.lines.contains(&line));
        if is_hidden {
            self.open_folds.push(0);
            self.made_for = None;
            self.make_rows();
        }
        self.state = self.state.jumped(self.rows.row_of(line), height);
        self.is_touched = true;
    }

    /// The errors, and the place of the one at or before the cursor, from 1; 0 before the first.
    pub fn errors(&self) -> (usize, usize) {
        let here = self.line().unwrap_or(0);
        let mut n = 0;
        let mut place = 0;
        for line in self.store.errors() {
            n += 1;
            if line <= here {
                place = n;
            }
        }
        (place, n)
    }
}

impl App {
    /// The log that is shown.
    pub fn shown_log(&self) -> Option<&StepLog> {
        self.watch.as_ref()?.logs.get(&self.shown_step()?)
    }

    fn with_log<T>(&mut self, work: impl FnOnce(&mut StepLog, u16) -> T) -> Option<T> {
        let height = view::build::log_rows(self);
        let step = self.shown_step()?;
        let log = self.watch.as_mut()?.logs.get_mut(&step)?;
        log.make_rows();
        let answer = work(log, height);
        log.state = log.state.fitted(log.rows.len(), height);
        Some(answer)
    }

    /// Makes the shown log fit what is known: its rows, its search, where it begins.
    pub(super) fn settle_log(&mut self) {
        let Some(watch) = &self.watch else { return };
        let Some(step) = self.shown_step() else { return };
        let status = self.watched_status();
        let sign = watch.marks.sign(&step, status);
        let cause = self
            .data
            .summary(watch.build)
            .and_then(|build| build.cause.as_ref())
            .filter(|cause| cause.plan == step)
            .and_then(|cause| cause.line.as_deref())
            .map(text::plain);
        self.with_log(|log, height| {
            log.n_unseen = 0;
            if sign.is_red() && log.first_error.is_none() {
                log.first_error = first_error(&log.store, cause.as_deref());
                log.make_rows();
                if let Some(line) = log.first_error
                    && !log.is_touched
                {
                    let row = log.rows.row_of(line);
                    log.state = log.state.jumped(row, height);
                    if row < usize::from(height) {
                        log.state.top = 0;
                    }
                    log.is_placed = true;
                }
            }
            if !log.is_placed {
                log.is_placed = true;
                log.state.follow = sign == Sign::Started;
            }
            if sign != Sign::Started && log.state.follow && !sign.is_red() {
                log.state = log.state.fitted(log.rows.len(), height);
                log.state.follow = false;
            }
        });
    }

    /// Goes on with what is searched for in a log that was not searched yet.
    pub(super) fn settle_search(&mut self) {
        let needle = &self.build.needle;
        let is_other = self.shown_log().is_some_and(|log| {
            !needle.is_empty() && log.search.as_ref().is_none_or(|s| s.pattern() != needle)
        });
        if is_other {
            self.search_on();
        }
    }

    /// Whether the search has lines left to look at.
    pub fn is_searching(&self) -> bool {
        self.shown_log().is_some_and(|log| {
            log.search.as_ref().is_some_and(|search| search.looked_at() < log.store.len())
        })
    }

    /// Looks at some more lines.
    pub(super) fn search_on(&mut self) {
        let needle = self.build.needle.clone();
        let failed = self.with_log(|log, height| {
            if needle.is_empty() {
                log.search = None;
                return None;
            }
            if log.search.as_ref().is_none_or(|search| search.pattern() != needle) {
                log.search = Some(Search::new(&needle));
                log.has_jumped = false;
            }
            let search = log.search.as_mut()?;
            if search.looked_at() >= log.store.len() {
                return None;
            }
            let result = search.step(&log.store, SLICE);
            if let Err(error) = result {
                log.search = None;
                return Some(error);
            }
            if let (Some(before), false) = (&log.before_search, log.has_jumped) {
                // From where the search began, on; round the end once all was looked at.
                let search = log.search.as_ref()?;
                let is_over = search.looked_at() >= log.store.len();
                let next = search.found().iter().copied().find(|line| *line >= before.line);
                let wrapped = || search.found().first().copied().filter(|_| is_over);
                if let Some(line) = next.or_else(wrapped) {
                    log.has_jumped = true;
                    log.jump_to(line, height);
                }
            }
            None
        });
        if let Some(Some(error)) = failed {
            self.told.tell(self.now, Level::Error, format!("cannot search the log: {error}"));
            self.build.needle.clear();
        }
    }

    /// Looks for something else in the log.
    pub(super) fn search_log(&mut self, needle: &str) {
        needle.clone_into(&mut self.build.needle);
        self.with_log(|log, _| {
            if log.before_search.is_none() {
                log.before_search = Some(Before {
                    state: log.state,
                    line: log.line().unwrap_or(0),
                    open_folds: log.open_folds.clone(),
                });
            }
            log.search = None;
            if needle.is_empty() {
                log.only = None;
                if let Some(before) = log.before_search.take() {
                    log.open_folds = before.open_folds;
                    log.made_for = None;
                    log.make_rows();
                    log.state = before.state;
                }
            }
        });
        self.search_on();
    }

    /// Esc in a log: what filters goes, then what is searched for. False if neither is there.
    pub(super) fn log_back(&mut self) -> bool {
        let had_only = self.with_log(|log, _| {
            let had = log.only.take().is_some();
            if had {
                log.make_rows();
            }
            had
        });
        if had_only == Some(true) {
            return true;
        }
        if self.build.needle.is_empty() {
            return false;
        }
        self.search_log("");
        true
    }

    pub(super) fn toggle_only_matches(&mut self) {
        if !matches!(self.place, Place::Build(_)) {
            return self.begin_search();
        }
        if self.build.needle.is_empty() {
            return self.begin_search();
        }
        self.with_log(|log, _| {
            log.only = match log.only {
                None => Some(0),
                Some(0) => Some(2),
                Some(_) => None,
            };
            log.make_rows();
        });
    }

    /// Enter in the log: folds and unfolds.
    pub(super) fn log_enter(&mut self) {
        self.with_log(|log, _| {
            let Some(at) = log.folds().first().map(|fold| fold.lines.start) else { return };
            match log.open_folds.iter().position(|open| *open == at) {
                Some(place) => {
                    log.open_folds.remove(place);
                }
                None => log.open_folds.push(at),
            }
            log.made_for = None;
            let line = log.line();
            log.make_rows();
            if let Some(line) = line {
                log.state.cursor = log.rows.row_of(line);
            }
        });
    }

    pub(super) fn toggle_follow(&mut self) {
        self.with_log(|log, _| {
            log.state.follow = !log.state.follow;
            log.is_touched = true;
        });
    }

    pub(super) fn toggle_wrap(&mut self) {
        self.wraps = !self.wraps;
    }

    pub(super) fn next_times(&mut self) {
        self.times = Times::next(self.times);
    }

    /// The wheel.
    pub(super) fn scroll_log(&mut self, lines: isize) {
        self.with_log(|log, height| {
            log.is_touched = true;
            log.state.follow = false;
            let most = log.rows.len().saturating_sub(usize::from(height));
            log.state.top = log.state.top.saturating_add_signed(lines).min(most);
            let bottom = log.state.top + usize::from(height).max(1) - 1;
            log.state.cursor = log.state.cursor.clamp(log.state.top, bottom);
        });
    }

    /// Moves about in a build: in its steps or in its log.
    pub(super) fn travel_build(&mut self, action: Action) {
        match action {
            Action::NextRed => return self.step_error(true),
            Action::PreviousRed => return self.step_error(false),
            Action::NextMatch => return self.step_match(true),
            Action::PreviousMatch => return self.step_match(false),
            _ => {}
        }
        if self.build.pane == Pane::Steps && !self.build.is_full {
            let by = match action {
                Action::Down => 1,
                Action::Up => -1,
                Action::First => isize::MIN,
                Action::Last => isize::MAX,
                Action::Right => return self.next_pane(),
                Action::PageDown | Action::PageUp => 0,
                _ => return,
            };
            if by != 0 {
                return self.step_step(by);
            }
        }
        self.with_log(|log, height| {
            log.is_touched = true;
            let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
            let rows = log.rows.len();
            log.state = match action {
                Action::Down => log.state.moved(1, rows),
                Action::Up => log.state.moved(-1, rows),
                Action::PageDown => log.state.moved(page, rows),
                Action::PageUp => log.state.moved(-page, rows),
                Action::First => LogState { top: 0, cursor: 0, follow: false, ..log.state },
                Action::Last => LogState { follow: true, ..log.state },
                Action::Left => log.state.sideways(-16),
                Action::Right => log.state.sideways(16),
                _ => log.state,
            };
        });
    }

    fn step_error(&mut self, is_forward: bool) {
        let found = self.with_log(|log, height| {
            let here = log.line();
            let next = if is_forward {
                let after = |line: &usize| here.is_none_or(|here| *line > here);
                log.store.errors().find(after).or_else(|| log.store.first_error())
            } else {
                let before = |line: &usize| here.is_none_or(|here| *line < here);
                log.store.errors().filter(before).last().or_else(|| log.store.errors().last())
            };
            if let Some(line) = next {
                log.jump_to(line, height);
            }
            next
        });
        if found.flatten().is_none() {
            self.told.tell(self.now, Level::Info, "no line tells of an error");
        }
    }

    fn step_match(&mut self, is_forward: bool) {
        self.with_log(|log, height| {
            let here = log.line().unwrap_or(0);
            let next = log.search.as_ref().and_then(|search| {
                if is_forward { search.after(here) } else { search.before(here) }
            });
            if let Some(line) = next {
                log.jump_to(line, height);
            }
        });
    }

    /// Moves what is too much for memory to a file and brings back what is to be seen. The only
    /// part of the state that does IO, called between updates.
    pub fn relieve(&mut self) {
        let height = usize::from(self.size.1);
        let shown = self.shown_step();
        let Some(watch) = &mut self.watch else { return };
        let mut fault = None;
        for (step, log) in &mut watch.logs {
            if log.store.is_over_cap() {
                fault = log.store.spill().err().or(fault);
            }
            if Some(step) == shown.as_ref() {
                let first = log.line().unwrap_or(0).saturating_sub(height);
                let lines = first..(first + 2 * height).min(log.store.len());
                if log.store.is_away(lines.clone()) {
                    fault = log.store.load(lines).err().or(fault);
                }
            }
        }
        if let Some(error) = fault {
            self.told.tell(self.now, Level::Error, format!("cannot keep the log: {error}"));
            self.is_dirty = true;
        }
    }
}

/// The line where a failed step's log is to begin: the one that the core names, else the first
/// that tells of an error, else none.
fn first_error(store: &LogStore, cause: Option<&str>) -> Option<usize> {
    let named = cause.and_then(|cause| {
        let is_it = |line: &usize| store.plain(*line).trim() == cause.trim();
        let tail = store.len().saturating_sub(200)..store.len();
        store.errors().find(is_it).or_else(|| tail.clone().find(is_it))
    });
    named.or_else(|| store.first_error())
}

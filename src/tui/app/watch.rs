//! The build whose events are read: what its steps did, and their logs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::control::{Error, PublicPlan};
use crate::model::build::{Envelope, Event, EventId, Status};
use crate::model::{BuildId, PlanId, Timestamp};
use crate::tui::app::log::StepLog;
use crate::tui::app::{App, Place};
use crate::tui::effect::Effect;
use crate::tui::fact::steps::{Marks, Row, RowKind, Rows, Step};
use crate::tui::fact::{job, text};
use crate::tui::glyph::Sign;
use crate::tui::msg::Level;
use crate::tui::view;

/// The longest pause before a broken stream is read on.
const LONGEST: Duration = Duration::from_secs(30);

/// How the stream of events stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Open,
    Whole,
    Broken { tries: u32, next: Timestamp },
}

/// A build whose events are read.
#[derive(Debug)]
pub struct Watch {
    /// The build.
    pub build: BuildId,
    generation: u64,
    next: EventId,
    stream: Stream,
    /// What its steps did.
    pub marks: Marks,
    /// What they wrote.
    pub logs: BTreeMap<PlanId, StepLog>,
}

impl Watch {
    fn new(build: BuildId, generation: u64) -> Watch {
        Watch {
            build,
            generation,
            next: 0,
            stream: Stream::Open,
            marks: Marks::default(),
            logs: BTreeMap::new(),
        }
    }

    /// Whether all that there will ever be is there.
    pub fn is_whole(&self) -> bool {
        self.stream == Stream::Whole
    }

    /// When a broken stream is read on.
    pub fn resumes_at(&self) -> Option<Timestamp> {
        match self.stream {
            Stream::Broken { next, .. } => Some(next),
            Stream::Open | Stream::Whole => None,
        }
    }

    fn take(&mut self, envelope: &Envelope) {
        if envelope.id < self.next {
            return;
        }
        self.next = envelope.id + 1;
        self.marks.apply(envelope);
        let Some(origin) = envelope.event.origin() else { return };
        let at = envelope.at;
        let owner = self.marks.owner(&origin.id).clone();
        match &envelope.event {
            Event::Log { payload, .. } => {
                self.logs.entry(owner).or_default().append(payload, at);
            }
            Event::Error { message, .. } => {
                let log = self.logs.entry(owner).or_default();
                log.remark(&format!("\x1b[31merror: {}\x1b[0m", text::plain(message)), at);
            }
            Event::FinishTask { exit_status, .. }
            | Event::FinishGet { exit_status, .. }
            | Event::FinishPut { exit_status, .. }
                if *exit_status != 0 =>
            {
                let log = self.logs.entry(owner).or_default();
                log.remark(&format!("\x1b[31mexit status {exit_status}\x1b[0m"), at);
            }
            Event::FinishGet { version, metadata, .. }
            | Event::FinishPut { version, metadata, .. } => {
                let log = self.logs.entry(owner).or_default();
                for (key, value) in version.iter().flat_map(|version| &version.0) {
                    log.remark(&format!("\x1b[1m{key}\x1b[0m {}", text::plain(value)), at);
                }
                for field in metadata.iter().flatten() {
                    let value = field.value.lines().next().unwrap_or("");
                    log.remark(&format!("\x1b[2m{}\x1b[0m {}", field.name, text::plain(value)), at);
                }
            }
            _ => {}
        }
    }
}

impl App {
    /// The build whose events the screen shows.
    fn watched(&self) -> Option<BuildId> {
        match &self.place {
            Place::Build(build) => Some(*build),
            Place::Graph(pipeline) if view::graph::areas(self, false).build.is_some() => {
                self.chosen_job(pipeline).and_then(job::current).map(|build| build.id)
            }
            _ => None,
        }
    }

    /// Reads the events that the screen shows, and no others.
    pub(super) fn settle_watch(&mut self, effects: &mut Vec<Effect>) {
        let wanted = self.watched();
        let now = self.watch.as_ref().map(|watch| watch.build);
        if wanted == now {
            return;
        }
        if let Some(build) = now {
            effects.push(Effect::Unfollow(build));
            self.watch = None;
        }
        if let Some(build) = wanted {
            self.streams += 1;
            self.watch = Some(Watch::new(build, self.streams));
            if !matches!(self.place, Place::Build(_)) {
                self.build = Default::default();
            }
            effects.push(Effect::Follow { build, from: 0, generation: self.streams });
        }
    }

    pub(super) fn events(&mut self, build: BuildId, generation: u64, batch: Vec<Envelope>) {
        let Some(watch) = &mut self.watch else { return };
        if watch.build != build || watch.generation != generation {
            return;
        }
        let before = watch.marks.status();
        for envelope in &batch {
            watch.take(envelope);
        }
        let status = watch.marks.status();
        if let (Some(status), true) = (status, status != before) {
            // The row of the build is told by another way; its steps are here already.
            if let Some(datum) = self.data.builds.get_mut(&build) {
                datum.soil();
                if let Some(detail) = datum.value_mut() {
                    detail.summary.status = status;
                }
            }
            if status.is_over()
                && let Some(datum) = self.data.containers.get_mut(&build)
            {
                datum.soil();
            }
        }
        self.is_dirty = true;
    }

    pub(super) fn events_ended(
        &mut self,
        build: BuildId,
        generation: u64,
        result: Result<(), Error>,
    ) {
        let Some(watch) = &mut self.watch else { return };
        if watch.build != build || watch.generation != generation {
            return;
        }
        let is_over = watch.marks.status().is_some_and(Status::is_over);
        let error = match result {
            Ok(()) if is_over => {
                watch.stream = Stream::Whole;
                self.is_dirty = true;
                return;
            }
            Ok(()) => None,
            Err(error) => Some(error),
        };
        let tries = match watch.stream {
            Stream::Broken { tries, .. } => tries + 1,
            Stream::Open | Stream::Whole => 0,
        };
        let pause = Duration::from_millis(500).saturating_mul(1 << tries.min(8)).min(LONGEST);
        watch.stream = Stream::Broken { tries, next: self.now + pause };
        if let Some(error) = error {
            let text = format!("the log broke off: {}", error.message);
            self.told.note(self.now, Level::Warn, text, error.hint.into_iter().collect());
        }
        self.is_dirty = true;
    }

    /// Reads a broken stream on, from the event after the last one that came.
    pub(super) fn resume_events(&mut self, effects: &mut Vec<Effect>) {
        let Some(watch) = &mut self.watch else { return };
        if watch.resumes_at().is_none_or(|at| at > self.now) {
            return;
        }
        self.streams += 1;
        watch.generation = self.streams;
        // How often it was tried stays known until something comes.
        if let Stream::Broken { tries, .. } = watch.stream {
            watch.stream = Stream::Broken { tries, next: self.now + LONGEST };
        }
        effects.push(Effect::Follow {
            build: watch.build,
            from: watch.next,
            generation: watch.generation,
        });
    }

    /// The plan of the watched build.
    fn plan(&self) -> Option<&PublicPlan> {
        self.data.build(self.watch.as_ref()?.build)?.plan.as_ref()
    }

    /// Where the watched build stands: as its events say, else as its row says.
    pub fn watched_status(&self) -> Status {
        let Some(watch) = &self.watch else { return Status::Pending };
        let row = self.data.summary(watch.build).map(|build| build.status);
        match (watch.marks.status(), row) {
            (Some(told), Some(row)) if row.is_over() && !told.is_over() => row,
            (Some(told), _) => told,
            (None, row) => row.unwrap_or(Status::Pending),
        }
    }

    /// The steps of the watched build.
    pub fn steps(&self) -> Vec<Row> {
        let (Some(watch), Some(plan)) = (&self.watch, self.plan()) else { return Vec::new() };
        let usual = self.data.build(watch.build).map_or(&[][..], |detail| &detail.usual_steps);
        let rows = Rows {
            marks: &watch.marks,
            status: self.watched_status(),
            now: self.now,
            usual,
            folds: !self.build.is_unfolded,
        };
        rows.of(plan)
    }

    /// The step whose log is shown: the chosen one, else the one that broke first, else the last
    /// one that began.
    pub fn shown_step(&self) -> Option<PlanId> {
        if let Some(step) = &self.build.step {
            return Some(step.clone());
        }
        let watch = self.watch.as_ref()?;
        let cause = self.data.summary(watch.build).and_then(|build| build.cause.as_ref());
        let rows = self.steps();
        let steps = || {
            rows.iter().flat_map(|row| match &row.kind {
                RowKind::Label(_) => &[][..],
                RowKind::Step(step) => std::slice::from_ref(step),
                RowKind::Inputs(steps) => steps.as_slice(),
            })
        };
        if let Some(cause) = cause
            && steps().any(|step| step.id == cause.plan)
        {
            return Some(cause.plan.clone());
        }
        let red = steps().find(|step| step.sign.is_red());
        let began = |step: &&Step| watch.marks.of(&step.id).and_then(|mark| mark.began_at);
        let newest = || steps().filter(|step| began(step).is_some()).max_by_key(began);
        let runs = steps().find(|step| step.sign == Sign::Started);
        red.or(runs).or_else(newest).or_else(|| steps().next()).map(|step| step.id.clone())
    }

    /// Kind and name of a step.
    pub fn step_words(&self, id: &PlanId) -> Option<(&'static str, String)> {
        self.steps().into_iter().find_map(|row| match row.kind {
            RowKind::Label(_) => None,
            RowKind::Step(step) => (step.id == *id).then_some((step.kind, step.name)),
            RowKind::Inputs(steps) => {
                steps.into_iter().find(|step| step.id == *id).map(|step| (step.kind, step.name))
            }
        })
    }

    /// The name of the step whose log is shown.
    pub fn shown_step_name(&self) -> Option<String> {
        self.step_words(&self.shown_step()?).map(|(_, name)| name)
    }

    /// Where the shown step stands among the rows.
    pub fn shown_row(&self, rows: &[Row]) -> Option<usize> {
        let shown = self.shown_step()?;
        rows.iter().position(|row| match &row.kind {
            RowKind::Label(_) => false,
            RowKind::Step(step) => step.id == shown,
            RowKind::Inputs(steps) => steps.iter().any(|step| step.id == shown),
        })
    }

    /// Chooses the step so many rows on.
    pub(super) fn step_step(&mut self, by: isize) {
        let rows = self.steps();
        let can: Vec<usize> =
            (0..rows.len()).filter(|&at| rows[at].kind.plan().is_some()).collect();
        let here = self.shown_row(&rows).unwrap_or(0);
        let at = can.iter().position(|&row| row >= here).unwrap_or(0);
        let to = at.saturating_add_signed(by).min(can.len().saturating_sub(1));
        if let Some(plan) = can.get(to).and_then(|&row| rows[row].kind.plan()) {
            self.build.step = Some(plan.clone());
            self.build.is_by_hand = true;
        }
    }

    /// Enter on a step: its log; on inputs: each of them.
    pub(super) fn open_step(&mut self) {
        let rows = self.steps();
        let here = self.shown_row(&rows).and_then(|at| rows.get(at));
        if matches!(here.map(|row| &row.kind), Some(RowKind::Inputs(_))) {
            self.build.is_unfolded = true;
            return;
        }
        self.next_pane();
    }
}

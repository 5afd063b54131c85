//! How a job stands: its sign, what comes next, why it waits, and how far it is.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::control::{BuildSummary, JobSummary, PipelineSummary, WaitingFor};
use crate::model::Timestamp;
use crate::model::build::Status;
use crate::tui::fact::text;
use crate::tui::format;
use crate::tui::glyph::Sign;
use crate::tui::widget::{Chip, Progress};

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face<'a> {
    /// The job.
    pub job: &'a JobSummary,
    /// What is.
    pub sign: Sign,
    /// What comes, where both are worth knowing: red, and waits to try again.
    pub next: Option<Sign>,
    /// Why it does not run, in a few words.
    pub reason: Option<String>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
}

/// How every job of a pipeline stands, in the file's order.
pub fn faces(pipeline: &PipelineSummary) -> Vec<Face<'_>> {
    let by_name: BTreeMap<&str, &JobSummary> =
        pipeline.jobs.iter().map(|job| (job.name.as_str(), job)).collect();
    pipeline.jobs.iter().map(|job| face(job, &by_name)).collect()
}

/// The build that runs.
pub fn running(job: &JobSummary) -> Option<&BuildSummary> {
    job.next.as_ref().filter(|build| build.status == Status::Started)
}

/// The build that a person means who names the job: the one that runs, else the last one, else
/// the one that waits.
pub fn current(job: &JobSummary) -> Option<&BuildSummary> {
    running(job).or(job.finished.as_ref()).or(job.next.as_ref())
}

/// Whether the last build that is over did not succeed.
pub fn is_red(job: &JobSummary) -> bool {
    job.finished
        .as_ref()
        .is_some_and(|build| matches!(build.status, Status::Failed | Status::Errored))
}

/// Whether no new version can start it.
pub fn is_by_hand(job: &JobSummary) -> bool {
    !job.inputs.iter().any(|input| input.is_trigger)
}

fn face<'a>(job: &'a JobSummary, jobs: &BTreeMap<&str, &'a JobSummary>) -> Face<'a> {
    let of = |sign, reason, since| Face { job, sign, next: None, reason, since };
    let last = job.finished.as_ref();
    let last_sign = last.map(|build| Sign::from(build.status));
    if let Some(build) = running(job) {
        return of(Sign::Started, None, build.started_at.or(Some(build.created_at)));
    }
    if let Some(pause) = &job.pause {
        let why = pause.why.as_deref().unwrap_or("no reason given");
        return of(Sign::Paused, Some(format!("{}: {why}", pause.by)), Some(pause.since));
    }
    if let Some(build) = &job.next {
        let (sign, reason) = match &job.waiting {
            Some(waiting) => (
                match waiting.on {
                    WaitingFor::Slot => Sign::Pending,
                    WaitingFor::Job => Sign::Waiting,
                    WaitingFor::Person => Sign::Blocked,
                },
                shortened(&waiting.why),
            ),
            None => (Sign::Pending, format!("#{} waits to start", build.name)),
        };
        let since = Some(build.created_at);
        return match last_sign {
            Some(red) if red.is_red() => Face { next: Some(sign), ..of(red, Some(reason), since) },
            _ => of(sign, Some(reason), since),
        };
    }
    if last_sign.is_none_or(|sign| !sign.is_red())
        && let Some((sign, reason, since)) = held_up(job, jobs)
    {
        return of(sign, Some(reason), since);
    }
    match (last, last_sign) {
        (Some(build), Some(sign)) => of(sign, None, build.ended_at),
        _ => {
            let reason = is_by_hand(job).then(|| "by hand".to_owned());
            of(Sign::NeverRan, reason, None)
        }
    }
}

/// What keeps new versions from a job that has no build waiting: a job before it that runs or
/// does not let them pass.
fn held_up(
    job: &JobSummary,
    jobs: &BTreeMap<&str, &JobSummary>,
) -> Option<(Sign, String, Option<Timestamp>)> {
    let before = |only_triggers: bool| {
        job.inputs
            .iter()
            .filter(move |input| input.is_trigger || !only_triggers)
            .flat_map(|input| &input.passed)
            .filter_map(|name| jobs.get(name.as_str()))
    };
    if let Some((upstream, build)) =
        before(true).find_map(|upstream| Some((upstream, running(upstream)?)))
    {
        let reason = format!("for {} #{}", text::nick(&upstream.name), build.name);
        return Some((Sign::Waiting, reason, build.started_at));
    }
    // One that went on after the other turned red is not held up by it.
    let ended = job.finished.as_ref().and_then(|build| build.started_at.or(build.ended_at));
    let (upstream, build) =
        before(false).filter(|upstream| is_red(upstream)).find_map(|upstream| {
            let build = upstream.finished.as_ref()?;
            (build.ended_at > ended).then_some((upstream, build))
        })?;
    let sign = Sign::from(build.status);
    let glyph = sign.glyph(crate::tui::glyph::GlyphSet::Unicode);
    Some((Sign::Blocked, format!("by {} {glyph}", text::nick(&upstream.name)), build.ended_at))
}

/// A reason without the words that its sign says already.
fn shortened(why: &str) -> String {
    for (start, short) in [("waits for ", "for "), ("blocked by ", "by ")] {
        if let Some(rest) = why.strip_prefix(start) {
            return format!("{short}{rest}");
        }
    }
    why.to_owned()
}

impl Face<'_> {
    /// The build that runs, with the time that it runs.
    pub fn running(&self, now: Timestamp) -> Option<(&BuildSummary, Duration)> {
        let build = running(self.job)?;
        Some((build, now.since(build.started_at.unwrap_or(build.created_at))))
    }

    /// What is left of the running build, or how late it is; nothing without a history.
    pub fn left(&self, now: Timestamp) -> Option<Left> {
        let (_, elapsed) = self.running(now)?;
        self.job.estimate.map(|expected| Left { elapsed, expected })
    }

    /// The words after the sign: `failed`, `paused by lee: runner is flaky`.
    pub fn words(&self) -> String {
        let told = match (self.sign, self.job.finished.as_ref()) {
            (Sign::Aborted, Some(build)) => {
                build.aborted_by.as_ref().map(|who| format!("aborted by {who}"))
            }
            (Sign::Paused, _) => self.reason.as_ref().map(|why| format!("paused by {why}")),
            (Sign::Waiting, _) => self.reason.as_ref().map(|why| format!("waits {why}")),
            (Sign::Blocked, _) => self.reason.as_ref().map(|why| format!("blocked {why}")),
            _ => None,
        };
        told.unwrap_or_else(|| self.sign.word().to_owned())
    }

    /// As a chip of the graph.
    pub fn chip(&self, now: Timestamp, zone: &TimeZone) -> Chip {
        let mut chip = Chip::new(self.job.name.as_str(), self.sign);
        chip.next = self.next;
        let age = self.since.map(|since| format::age(since, now, zone)).unwrap_or_default();
        if let Some((build, elapsed)) = self.running(now) {
            let facts = if build.is_aborting {
                format!("#{} stopping", build.name)
            } else {
                format!("#{}", build.name)
            };
            return match self.left(now) {
                Some(left) if !build.is_aborting => {
                    chip.facts(facts, left.text()).progress(left.progress())
                }
                _ => chip.facts(facts, format::duration(elapsed)),
            };
        }
        if let Some(reason) = &self.reason {
            let end = if self.sign == Sign::NeverRan { "never ran".to_owned() } else { age };
            return chip.facts(reason.as_str(), end);
        }
        let Some(build) = &self.job.finished else {
            return chip.facts("", "never ran");
        };
        let mut facts = format!("#{}", build.name);
        let more = match (build.status, &build.cause, &build.aborted_by) {
            (Status::Aborted, _, Some(who)) => Some(format!("by {who}")),
            (Status::Errored, Some(cause), _) => Some(
                cause
                    .line
                    .as_deref()
                    .map_or_else(|| text::step_name(cause).to_owned(), text::plain),
            ),
            _ => took(build).map(format::duration),
        };
        if let Some(more) = more {
            facts.push_str("  ");
            facts.push_str(&more);
        }
        chip.facts(facts, age)
    }
}

/// How long a build ran.
pub fn took(build: &BuildSummary) -> Option<Duration> {
    Some(build.ended_at?.since(build.started_at?))
}

/// How far something is against what it usually takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How long it runs.
    pub elapsed: Duration,
    /// How long it usually takes.
    pub expected: Duration,
}

impl Left {
    /// `~4m 10s`, or `+2m 03s` when it is late.
    pub fn text(self) -> String {
        format::left(self.elapsed, self.expected)
    }

    /// The same in one unit.
    pub fn short(self) -> String {
        match self.expected.checked_sub(self.elapsed) {
            Some(left) => format!("~{}", format::duration_short(left)),
            None => format!("+{}", format::duration_short(self.elapsed - self.expected)),
        }
    }

    /// Whether it takes longer than usual.
    pub fn is_late(self) -> bool {
        self.elapsed > self.expected
    }

    /// The line.
    pub fn progress(self) -> Progress {
        Progress::at(self.elapsed, self.expected)
    }
}

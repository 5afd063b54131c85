//! How a pipeline stands, and which comes first in the overview.

use std::time::Duration;

use crate::control::{JobSummary, PipelineSummary};
use crate::model::{PipelineRef, Timestamp};
use crate::tui::fact::job::{self, Face};
use crate::tui::fact::text;
use crate::tui::glyph::Sign;

/// Red for less than this is newly broken, however many builds were red since.
const NEWS: Duration = Duration::from_secs(3600);

/// The sections of the overview, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// A job turned red and nobody could look yet.
    NewlyBroken,
    /// A job stays red.
    StillRed,
    /// Something runs or waits to run.
    Running,
    /// A person holds it.
    Paused,
    /// All else.
    Quiet,
}

impl Section {
    /// All, in their order.
    pub const ALL: [Section; 5] = [
        Section::NewlyBroken,
        Section::StillRed,
        Section::Running,
        Section::Paused,
        Section::Quiet,
    ];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Section::NewlyBroken => "newly broken",
            Section::StillRed => "still red",
            Section::Running => "running",
            Section::Paused => "paused",
            Section::Quiet => "quiet",
        }
    }
}

/// How a pipeline stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline<'a> {
    /// The pipeline.
    pub pipeline: &'a PipelineSummary,
    /// Where it is listed.
    pub section: Section,
    /// Its worst state.
    pub sign: Sign,
    /// How its jobs stand.
    pub faces: Vec<Face<'a>>,
    /// The job that its row speaks of.
    pub chief: Option<usize>,
    /// How many more there are like the chief.
    pub n_more: usize,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// The resource whose check fails, and why.
    pub check: Option<(&'a str, &'a str, Option<Timestamp>)>,
}

/// How a pipeline stands now.
pub fn outline(pipeline: &PipelineSummary, now: Timestamp) -> Outline<'_> {
    let faces = job::faces(pipeline);
    let reds: Vec<usize> = (0..faces.len())
        .filter(|&i| job::is_red(faces[i].job) && faces[i].job.pause.is_none())
        .collect();
    let busy: Vec<usize> = (0..faces.len()).filter(|&i| faces[i].job.next.is_some()).collect();
    let check = pipeline.resources.iter().find_map(|resource| {
        let check = resource.check.as_ref()?;
        let why = check.error.as_deref()?;
        Some((resource.name.as_str(), why, check.ended_at))
    });
    let newest = |places: &[usize], key: &dyn Fn(&JobSummary) -> Option<Timestamp>| {
        places.iter().copied().max_by_key(|&i| key(faces[i].job))
    };
    let (section, sign, chief, n_more, since);
    if let Some(pause) = &pipeline.pause {
        (section, sign, chief, n_more, since) =
            (Section::Paused, Sign::Paused, None, 0, Some(pause.since));
    } else if !reds.is_empty() {
        let i = newest(&reds, &red_since).unwrap_or(reds[0]);
        let red = faces[i].job;
        let is_news = reds.iter().any(|&i| is_news(faces[i].job, now));
        section = if is_news { Section::NewlyBroken } else { Section::StillRed };
        sign = red.finished.as_ref().map_or(Sign::Failed, |build| Sign::from(build.status));
        (chief, n_more, since) = (Some(i), reds.len() - 1, red_since(red));
    } else if !busy.is_empty() {
        let running: Vec<usize> =
            busy.iter().copied().filter(|&i| job::running(faces[i].job).is_some()).collect();
        let among = if running.is_empty() { &busy } else { &running };
        let i = newest(among, &|job| job.next.as_ref().map(|build| build.created_at))
            .unwrap_or(among[0]);
        (section, sign, chief) = (Section::Running, faces[i].sign, Some(i));
        (n_more, since) = (among.len() - 1, faces[i].since);
    } else {
        let i = newest(&(0..faces.len()).collect::<Vec<_>>(), &|job| {
            job.finished.as_ref().and_then(|build| build.ended_at)
        });
        let worst = faces
            .iter()
            .map(|face| face.sign)
            .filter(|sign| sign.is_red() || *sign == Sign::Aborted)
            .min();
        let done = faces.iter().any(|face| face.job.finished.is_some());
        sign = match (&check, worst) {
            (Some(_), _) => Sign::CheckFails,
            (None, Some(sign)) => sign,
            (None, None) if done => Sign::Succeeded,
            (None, None) => Sign::NeverRan,
        };
        since = match check {
            Some((_, _, at)) => at,
            None => i.and_then(|i| faces[i].job.finished.as_ref()).and_then(|build| build.ended_at),
        };
        (section, chief, n_more) = (Section::Quiet, i.filter(|_| done), 0);
    }
    Outline { pipeline, section, sign, faces, chief, n_more, since, check }
}

/// Since when a job is red: the build that turned it.
fn red_since(job: &JobSummary) -> Option<Timestamp> {
    job.transition.as_ref().or(job.finished.as_ref()).and_then(|build| build.ended_at)
}

/// Whether a job turned red with its last build, or not long ago.
pub fn is_news(job: &JobSummary, now: Timestamp) -> bool {
    let Some(last) = &job.finished else { return false };
    let turned = job.transition.as_ref().unwrap_or(last);
    turned.id == last.id || red_since(job).is_some_and(|since| now.since(since) < NEWS)
}

impl<'a> Outline<'a> {
    /// The job that its row speaks of.
    pub fn chief(&self) -> Option<&Face<'a>> {
        self.chief.and_then(|i| self.faces.get(i))
    }

    /// How many jobs are in each state.
    pub fn counts(&self) -> Vec<(Sign, usize)> {
        counts(self.faces.iter().map(|face| face.sign))
    }

    /// The last builds of all its jobs, oldest first, at most `most`.
    pub fn pulse(&self, most: usize) -> Vec<Option<Sign>> {
        let mut all: Vec<_> = self.faces.iter().flat_map(|face| &face.job.pulse).collect();
        all.sort_by_key(|pulse| pulse.id);
        let from = all.len().saturating_sub(most);
        all[from..].iter().map(|pulse| Some(Sign::from(pulse.status))).collect()
    }

    /// Whether a text occurs in its name, its team or a job's name.
    pub fn matches(&self, needle: &str) -> bool {
        let PipelineRef { team, name, .. } = &self.pipeline.pipeline;
        contains(name, needle)
            || contains(&format!("{team}/{name}"), needle)
            || contains(self.section.label(), needle)
            || self.faces.iter().any(|face| contains(&face.job.name, needle))
    }

    /// Who and what came with the break: `after cpi-src 9e61b6e, xwang`.
    pub fn suspicion(&self) -> Option<String> {
        let face = self.chief()?;
        if face.sign == Sign::Errored {
            return Some("the platform, not the change".to_owned());
        }
        let change = face.job.suspect.as_ref()?;
        let mut told = format!("after {} {}", change.resource, text::version_after(change));
        if let Some(author) = text::author(&change.metadata) {
            told.push_str(", ");
            told.push_str(author);
        }
        Some(told)
    }
}

/// How many of each.
pub fn counts(signs: impl Iterator<Item = Sign>) -> Vec<(Sign, usize)> {
    let mut found: Vec<(Sign, usize)> = Vec::new();
    for sign in signs {
        match found.iter_mut().find(|(known, _)| *known == sign) {
            Some((_, n)) => *n += 1,
            None => found.push((sign, 1)),
        }
    }
    found.sort();
    found
}

/// Whether `needle` occurs, whatever the case unless it has capitals itself.
pub fn contains(text: &str, needle: &str) -> bool {
    if needle.chars().any(char::is_uppercase) {
        text.contains(needle)
    } else {
        text.to_lowercase().contains(needle)
    }
}

/// The outlines of all pipelines as the overview lists them: by section, newest first inside.
pub fn overview<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSummary>,
    now: Timestamp,
) -> Vec<Outline<'a>> {
    let mut all: Vec<Outline<'a>> =
        pipelines.filter(|p| !p.is_archived).map(|p| outline(p, now)).collect();
    all.sort_by(|a, b| {
        (a.section, std::cmp::Reverse(rank(a))).cmp(&(b.section, std::cmp::Reverse(rank(b))))
    });
    all
}

/// What puts one before another in its section: those with a fault first, then the newest.
fn rank(outline: &Outline<'_>) -> (bool, Option<Timestamp>) {
    (outline.section == Section::Quiet && outline.check.is_some(), outline.since)
}

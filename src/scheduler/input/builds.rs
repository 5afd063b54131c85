//! The succeeded builds of passed jobs, and which of them are worth a try.
//!
//! An index over a page is made when it is first asked for: most choices need the newest build
//! alone. It is one flat sorted list, so that its size is that of the outputs it covers.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Older;
use crate::model::{BuildId, JobId, ResourceId, VersionId};
use crate::scheduler::facts::{BuildFacts, InputFacts, JobFacts, Page, is_in_scope};

const NO_BUILDS: &Page<BuildFacts> = &Page { entries: Vec::new(), is_whole: true };

/// A version that a build must vouch for.
pub(super) type Output = (ResourceId, VersionId);

/// The builds of all jobs that a group of inputs must have passed.
pub(super) struct Index<'f> {
    facts: &'f JobFacts,
    jobs: BTreeMap<JobId, JobIndex<'f>>,
}

/// The builds of one job; places count from the newest.
struct JobIndex<'f> {
    page: &'f Page<BuildFacts>,
    /// The resources of inputs that must have passed the job.
    resources: BTreeSet<ResourceId>,
    postings: OnceCell<Vec<Posting>>,
    firsts: OnceCell<Firsts>,
    last_used: OnceCell<usize>,
}

/// The place of a build with that output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    output: Output,
    place: usize,
}

/// What decides whether a build contradicts a version that was chosen already.
#[derive(Default)]
struct Firsts {
    /// For each build and resource, the version that is met first.
    postings: Vec<Posting>,
    /// The builds whose first version does not settle it.
    unsure: BTreeMap<ResourceId, Vec<usize>>,
}

impl<'f> Index<'f> {
    pub(super) fn new(facts: &'f JobFacts, inputs: &[&InputFacts]) -> Self {
        let mut jobs: BTreeMap<JobId, JobIndex<'f>> = BTreeMap::new();
        for input in inputs {
            for job in &input.passed {
                let index = jobs.entry(*job).or_insert_with(|| JobIndex {
                    page: facts.passed.get(job).unwrap_or(NO_BUILDS),
                    resources: BTreeSet::new(),
                    postings: OnceCell::new(),
                    firsts: OnceCell::new(),
                    last_used: OnceCell::new(),
                });
                index.resources.insert(input.resource);
            }
        }
        Self { facts, jobs }
    }

    /// All builds of the job that do not certainly contradict `chosen`.
    pub(super) fn all(&self, job: JobId, chosen: Option<Output>) -> Builds<'_> {
        let Some(index) = self.jobs.get(&job) else { return Builds::none() };
        match chosen {
            None => Builds::Range(0..index.page.entries.len()),
            Some(output) => {
                let firsts = index.firsts();
                let unsure = firsts.unsure.get(&output.0).map_or(&[][..], Vec::as_slice);
                Builds::Merged { sure: slice(&firsts.postings, output), unsure }
            }
        }
    }

    /// The builds of the job that vouch for all of `outputs`.
    pub(super) fn with(&self, job: JobId, outputs: &[Output]) -> Builds<'_> {
        let Some(index) = self.jobs.get(&job) else { return Builds::none() };
        let postings = index.postings();
        let rarest = outputs.iter().enumerate().map(|(i, output)| (i, slice(postings, *output)));
        match rarest.min_by_key(|(_, postings)| postings.len()) {
            None => Builds::Range(0..index.page.entries.len()),
            Some((i, postings)) => {
                let mut also = outputs.to_vec();
                also.swap_remove(i);
                Builds::Listed { postings, also, page: index.page }
            }
        }
    }

    /// How many builds of the job are newer than the one that was used last.
    pub(super) fn n_newer(&self, job: JobId, used: BuildId) -> Result<usize, Older> {
        let Some(index) = self.jobs.get(&job) else { return Ok(0) };
        if let Some(place) = index.last_used.get() {
            return Ok(*place);
        }
        let builds = &index.page.entries;
        let place = match builds.iter().position(|build| build.id == used) {
            Some(place) => place,
            None if !index.page.is_whole => return Err(Older::Builds(job)),
            // It is gone. Ids rise with time, reruns aside.
            None => builds.iter().position(|build| build.id < used).unwrap_or(builds.len()),
        };
        Ok(*index.last_used.get_or_init(|| place))
    }

    pub(super) fn build(&self, job: JobId, place: usize) -> Option<&'f BuildFacts> {
        self.jobs.get(&job)?.page.entries.get(place)
    }

    /// Whether an input that must have passed the job takes the resource.
    pub(super) fn is_relevant(&self, job: JobId, resource: ResourceId) -> bool {
        self.jobs.get(&job).is_some_and(|index| index.resources.contains(&resource))
    }

    /// Whether no build of the job ever vouched for the output.
    pub(super) fn is_unknown(&self, job: JobId, output: Output) -> Result<bool, Older> {
        let Some(index) = self.jobs.get(&job) else { return Ok(true) };
        if !slice(index.postings(), output).is_empty() {
            return Ok(false);
        }
        self.end(job, &[output]).map(|()| true)
    }

    /// Says whether the end of the page is the end of the builds that vouch for all of
    /// `outputs`.
    pub(super) fn end(&self, job: JobId, outputs: &[Output]) -> Result<(), Older> {
        let is_whole = self.jobs.get(&job).is_none_or(|index| index.page.is_whole);
        let is_absent = |(resource, version): &Output| {
            let older = self.facts.beyond.get(&(job, *resource));
            older.is_some_and(|versions| !versions.contains(version))
        };
        if is_whole || outputs.iter().any(is_absent) { Ok(()) } else { Err(Older::Builds(job)) }
    }
}

impl JobIndex<'_> {
    fn postings(&self) -> &[Posting] {
        self.postings.get_or_init(|| {
            let mut postings = Vec::new();
            for (place, build) in self.page.entries.iter().enumerate() {
                for (resource, versions) in self.relevant(build) {
                    postings.extend(
                        versions.iter().map(|id| Posting { output: (*resource, *id), place }),
                    );
                }
            }
            postings.sort_unstable();
            postings
        })
    }

    fn firsts(&self) -> &Firsts {
        self.firsts.get_or_init(|| {
            let mut firsts = Firsts::default();
            for (place, build) in self.page.entries.iter().enumerate() {
                // A version out of scope may end the reading of a build's outputs before the
                // one that contradicts.
                let is_sure =
                    self.relevant(build).all(|(_, ids)| ids.iter().all(|id| is_in_scope(*id)));
                for resource in &self.resources {
                    match versions(build, *resource).first() {
                        Some(version) if is_sure => {
                            firsts.postings.push(Posting { output: (*resource, *version), place });
                        }
                        _ => firsts.unsure.entry(*resource).or_default().push(place),
                    }
                }
            }
            firsts.postings.sort_unstable();
            firsts
        })
    }

    fn relevant<'b>(
        &self,
        build: &'b BuildFacts,
    ) -> impl Iterator<Item = &'b (ResourceId, Vec<VersionId>)> {
        build.outputs.iter().filter(|(resource, _)| self.resources.contains(resource))
    }
}

/// Builds of a job to try, by rising place: from the newest to the oldest.
pub(super) enum Builds<'a> {
    /// Each.
    Range(Range<usize>),
    /// Those with an output and some others.
    Listed { postings: &'a [Posting], also: Vec<Output>, page: &'a Page<BuildFacts> },
    /// Those with an output, and those that may do without.
    Merged { sure: &'a [Posting], unsure: &'a [usize] },
}

impl<'a> Builds<'a> {
    /// No builds.
    pub(super) fn none() -> Self {
        Builds::Range(0..0)
    }

    /// Those before and those from `place` on.
    pub(super) fn split(self, place: usize) -> (Builds<'a>, Builds<'a>) {
        match self {
            Builds::Range(range) => {
                let middle = place.clamp(range.start, range.end);
                (Builds::Range(range.start..middle), Builds::Range(middle..range.end))
            }
            Builds::Listed { postings, also, page } => {
                let (before, after) = split_postings(postings, place);
                (
                    Builds::Listed { postings: before, also: also.clone(), page },
                    Builds::Listed { postings: after, also, page },
                )
            }
            Builds::Merged { sure, unsure } => {
                let (sure_before, sure_after) = split_postings(sure, place);
                let (before, after) = unsure.split_at(unsure.partition_point(|p| *p < place));
                (
                    Builds::Merged { sure: sure_before, unsure: before },
                    Builds::Merged { sure: sure_after, unsure: after },
                )
            }
        }
    }

    /// The newest that is left.
    pub(super) fn pop_newest(&mut self) -> Option<usize> {
        match self {
            Builds::Range(range) => range.next(),
            Builds::Listed { postings, also, page } => loop {
                let (posting, rest) = postings.split_first()?;
                *postings = rest;
                if has_all(page, posting.place, also) {
                    return Some(posting.place);
                }
            },
            Builds::Merged { sure, unsure } => match (sure.first(), unsure.first()) {
                (Some(posting), Some(place)) if posting.place > *place => pop_first(unsure),
                (Some(posting), _) => {
                    *sure = &sure[1..];
                    Some(posting.place)
                }
                (None, _) => pop_first(unsure),
            },
        }
    }

    /// The oldest that is left.
    pub(super) fn pop_oldest(&mut self) -> Option<usize> {
        match self {
            Builds::Range(range) => range.next_back(),
            Builds::Listed { postings, also, page } => loop {
                let (posting, rest) = postings.split_last()?;
                *postings = rest;
                if has_all(page, posting.place, also) {
                    return Some(posting.place);
                }
            },
            Builds::Merged { sure, unsure } => match (sure.last(), unsure.last()) {
                (Some(posting), Some(place)) if posting.place < *place => pop_last(unsure),
                (Some(posting), _) => {
                    *sure = &sure[..sure.len() - 1];
                    Some(posting.place)
                }
                (None, _) => pop_last(unsure),
            },
        }
    }
}

/// The versions of the resource that the build vouches for.
pub(super) fn versions(build: &BuildFacts, resource: ResourceId) -> &[VersionId] {
    let place = build.outputs.binary_search_by_key(&resource, |(resource, _)| *resource);
    place.map_or(&[], |i| build.outputs[i].1.as_slice())
}

fn has_all(page: &Page<BuildFacts>, place: usize, outputs: &[Output]) -> bool {
    let build = &page.entries[place];
    outputs.iter().all(|(resource, version)| versions(build, *resource).contains(version))
}

fn slice(postings: &[Posting], output: Output) -> &[Posting] {
    let start = postings.partition_point(|posting| posting.output < output);
    let rest = &postings[start..];
    &rest[..rest.partition_point(|posting| posting.output == output)]
}

fn split_postings(postings: &[Posting], place: usize) -> (&[Posting], &[Posting]) {
    postings.split_at(postings.partition_point(|posting| posting.place < place))
}

fn pop_first(places: &mut &[usize]) -> Option<usize> {
    let (place, rest) = places.split_first()?;
    *places = rest;
    Some(*place)
}

fn pop_last(places: &mut &[usize]) -> Option<usize> {
    let (place, rest) = places.split_last()?;
    *places = rest;
    Some(*place)
}

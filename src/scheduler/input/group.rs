//! Inputs tied by passed jobs: a search with backtracking over builds of those jobs.
//!
//! The order of trying is part of the behaviour, for it says which of several fitting choices
//! is taken. One list of doomed candidates, the last that failed, is kept as Concourse keeps
//! it; so a choice that exists may be missed where Concourse misses it too. What is left out
//! against Concourse are tries that cannot have an effect: builds that certainly contradict a
//! chosen version, and the search below candidates of which one can never be vouched for.
//!
//! *Follows:* `atc/scheduler/algorithm/group_resolver.go` of Concourse.

use std::collections::BTreeMap;

use super::builds::{Builds, Index, Output};
use super::{Found, Older, Pick, Reason, pin};
use crate::model::{BuildId, JobId, VersionId};
use crate::scheduler::facts::{BuildFacts, InputFacts, JobFacts, is_in_scope};

/// Picks versions for the inputs at those places of the facts, in that order.
pub(super) fn pick(facts: &JobFacts, members: &[usize]) -> Result<Found<Vec<Pick>>, Older> {
    let inputs: Vec<&InputFacts> = members.iter().map(|i| &facts.inputs[*i]).collect();
    let mut pins = Vec::with_capacity(inputs.len());
    for input in &inputs {
        match pin(input).transpose() {
            Ok(pin) => pins.push(pin),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let index = Index::new(facts, &inputs);
    let mut search = Search {
        facts,
        index: &index,
        candidates: vec![None; inputs.len()],
        doomed: vec![None; inputs.len()],
        inputs,
        pins,
        pipes: None,
    };
    if !search.resolve()? {
        return Ok(Err(Reason::NoSatisfiableBuilds));
    }
    let picks: Option<Vec<Pick>> =
        search.candidates.into_iter().map(|found| found.map(Candidate::into_pick)).collect();
    Ok(picks.ok_or(Reason::NoSatisfiableBuilds))
}

/// A version that an input may get.
#[derive(Debug, Clone)]
struct Candidate {
    version: VersionId,
    vouched_by: Vec<JobId>,
    sources: Vec<BuildId>,
    has_next: bool,
}

impl Candidate {
    fn into_pick(self) -> Pick {
        Pick { version: self.version, passed_builds: self.sources, has_next: self.has_next }
    }
}

struct Search<'f, 'i> {
    facts: &'f JobFacts,
    index: &'i Index<'f>,
    inputs: Vec<&'f InputFacts>,
    pins: Vec<Option<VersionId>>,
    candidates: Vec<Option<Candidate>>,
    /// The versions of the candidates that failed last.
    doomed: Vec<Option<VersionId>>,
    /// Where the last build with versions of an input that takes every one came from. The
    /// first such input that was ever used decides it for the group.
    pipes: Option<&'f BTreeMap<JobId, BuildId>>,
}

/// A build on trial for an input.
#[derive(Clone, Copy)]
struct Trial<'f> {
    input: usize,
    job: JobId,
    build: &'f BuildFacts,
    has_next: bool,
}

/// The builds to try: first newer ones that were never used, oldest first; then the others,
/// newest first.
struct Offer<'i> {
    unused: Builds<'i>,
    others: Builds<'i>,
}

impl<'f, 'i> Search<'f, 'i> {
    fn resolve(&mut self) -> Result<bool, Older> {
        for i in 0..self.inputs.len() {
            if !self.satisfy(i)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Finds builds of each passed job for one input, and with them for the whole group.
    fn satisfy(&mut self, i: usize) -> Result<bool, Older> {
        let input = self.inputs[i];
        for job in &input.passed {
            if self.is_vouched(i, *job) {
                continue;
            }
            let Some(mut offer) = self.offer(i, *job)? else { continue };
            while let Some((place, has_next)) = offer.pop() {
                let Some(build) = self.index.build(*job, place) else { continue };
                if self.try_build(Trial { input: i, job: *job, build, has_next })? {
                    return Ok(true);
                }
            }
            let constraints =
                if self.candidates[i].is_some() { self.constraints(*job) } else { Vec::new() };
            self.index.end(*job, &constraints)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Takes a build's versions for all inputs that it concerns and searches on; without
    /// success everything is as it was.
    fn try_build(&mut self, trial: Trial<'f>) -> Result<bool, Older> {
        let mut before = Vec::new();
        let is_fit = self.take_outputs(trial, &mut before);
        if is_fit && self.is_vouched(trial.input, trial.job) && !self.is_doomed() {
            if !self.is_hopeless()? && self.resolve()? {
                return Ok(true);
            }
            self.doomed = self.candidates.iter().map(|c| c.as_ref().map(|c| c.version)).collect();
        }
        for (i, candidate) in before {
            self.candidates[i] = candidate;
        }
        Ok(false)
    }

    /// Sets candidates from a build's outputs; false if one contradicts.
    fn take_outputs(
        &mut self,
        trial: Trial<'f>,
        before: &mut Vec<(usize, Option<Candidate>)>,
    ) -> bool {
        for (resource, versions) in &trial.build.outputs {
            if !self.index.is_relevant(trial.job, *resource) {
                continue;
            }
            for version in versions {
                for i in 0..self.inputs.len() {
                    let input = self.inputs[i];
                    if before.iter().any(|(set, _)| *set == i)
                        || input.resource != *resource
                        || !input.passed.contains(&trial.job)
                    {
                        continue;
                    }
                    if self.candidates[i].as_ref().is_some_and(|c| c.version != *version) {
                        return false;
                    }
                    if self.facts.is_disabled(*resource, *version)
                        || self.pins[i].is_some_and(|pin| pin != *version)
                    {
                        continue;
                    }
                    if self.candidates[i].is_none() && !is_in_scope(*version) {
                        return true;
                    }
                    before.push((i, self.candidates[i].clone()));
                    self.vouch(i, *version, trial);
                }
            }
        }
        true
    }

    fn vouch(&mut self, i: usize, version: VersionId, trial: Trial<'f>) {
        let candidate = self.candidates[i].get_or_insert_with(|| Candidate {
            version,
            vouched_by: Vec::new(),
            sources: Vec::new(),
            has_next: false,
        });
        candidate.vouched_by.push(trial.job);
        candidate.sources.push(trial.build.id);
        candidate.has_next |= trial.has_next;
    }

    fn is_vouched(&self, i: usize, job: JobId) -> bool {
        self.candidates[i].as_ref().is_some_and(|c| c.vouched_by.contains(&job))
    }

    fn is_doomed(&self) -> bool {
        let versions = self.candidates.iter().map(|c| c.as_ref().map(|c| c.version));
        versions.eq(self.doomed.iter().copied())
    }

    /// Whether some candidate can never be vouched for by one of its passed jobs: whatever
    /// comes below must fail.
    fn is_hopeless(&self) -> Result<bool, Older> {
        let mut older = None;
        for (i, input) in self.inputs.iter().enumerate() {
            let Some(candidate) = &self.candidates[i] else { continue };
            for job in &input.passed {
                if candidate.vouched_by.contains(job) {
                    continue;
                }
                match self.index.is_unknown(*job, (input.resource, candidate.version)) {
                    Ok(true) => return Ok(true),
                    Ok(false) => {}
                    Err(wanted) => older = older.or(Some(wanted)),
                }
            }
        }
        older.map_or(Ok(false), Err)
    }

    /// The builds of the job to try for an input; nothing if another job should go first.
    fn offer(&mut self, i: usize, job: JobId) -> Result<Option<Offer<'i>>, Older> {
        let (index, input) = (self.index, self.inputs[i]);
        let own = self.candidates[i].as_ref().map(|c| (input.resource, c.version));
        let all = || match own {
            Some(_) => index.with(job, &self.constraints(job)),
            None => index.all(job, self.constraints(job).first().copied()),
        };
        if !input.asks_for_every() {
            return Ok(Some(Offer { unused: Builds::none(), others: all() }));
        }
        let pipes = self.pipes.or_else(|| self.facts.past.pipes.get(&input.resource));
        let last_used = pipes.and_then(|pipes| pipes.get(&job));
        let is_used = pipes.is_some_and(|p| p.keys().any(|job| input.passed.contains(job)));
        let offer = match last_used {
            Some(used) => {
                let n_newer = index.n_newer(job, *used)?;
                // Unused builds need not fit the other candidates, as long as they do not
                // contradict them.
                let unused = own.map_or_else(all, |own| index.with(job, &[own]));
                Some(Offer { unused: unused.split(n_newer).0, others: all().split(n_newer).1 })
            }
            None if own.is_none() && is_used => None,
            None => Some(Offer { unused: Builds::none(), others: all() }),
        };
        self.pipes = pipes;
        Ok(offer)
    }

    /// The versions that a build of the job must not contradict.
    fn constraints(&self, job: JobId) -> Vec<Output> {
        let candidates = self.inputs.iter().zip(&self.candidates);
        let bound = candidates.filter(|(input, _)| input.passed.contains(&job));
        bound.filter_map(|(input, c)| Some((input.resource, c.as_ref()?.version))).collect()
    }
}

impl Offer<'_> {
    /// The next build's place, and whether it was never used.
    fn pop(&mut self) -> Option<(usize, bool)> {
        match self.unused.pop_oldest() {
            Some(place) => Some((place, true)),
            None => self.others.pop_newest().map(|place| (place, false)),
        }
    }
}

//! The group algorithm word for word, slow and plain, to hold the quick one against.
//!
//! It knows whole histories only, and tries every build that the rules offer: no index, no
//! shortcut.

use std::collections::BTreeMap;

use super::pin;
use crate::model::{BuildId, JobId, ResourceId, VersionId};
use crate::scheduler::facts::{BuildFacts, InputFacts, JobFacts, is_in_scope};

/// What a group's inputs get: version, sources, has next.
pub type Choice = Option<Vec<(VersionId, Vec<BuildId>, bool)>>;

#[derive(Debug, Clone)]
struct Candidate {
    version: VersionId,
    vouched_by: Vec<JobId>,
    sources: Vec<BuildId>,
    has_next: bool,
}

pub struct Literal<'f> {
    facts: &'f JobFacts,
    inputs: Vec<&'f InputFacts>,
    candidates: Vec<Option<Candidate>>,
    doomed: Vec<Option<VersionId>>,
    pipes: Option<&'f BTreeMap<JobId, BuildId>>,
}

impl<'f> Literal<'f> {
    pub fn choose(facts: &'f JobFacts, members: &[usize]) -> Choice {
        let inputs: Vec<&InputFacts> = members.iter().map(|i| &facts.inputs[*i]).collect();
        if inputs.iter().any(|input| matches!(pin(input), Some(Err(_)))) {
            return None;
        }
        let n = inputs.len();
        let (candidates, doomed) = (vec![None; n], vec![None; n]);
        let mut search = Literal { facts, inputs, candidates, doomed, pipes: None };
        search.try_resolve().then(|| {
            let found = search.candidates.into_iter().flatten();
            found.map(|c| (c.version, c.sources, c.has_next)).collect()
        })
    }

    fn try_resolve(&mut self) -> bool {
        (0..self.inputs.len()).all(|i| self.try_input(i))
    }

    fn try_input(&mut self, i: usize) -> bool {
        for job in &self.inputs[i].passed {
            if self.is_vouched(i, *job) {
                continue;
            }
            let Some(builds) = self.builds(i, *job) else { continue };
            return builds
                .iter()
                .any(|(build, has_next)| self.try_build(i, *job, build, *has_next));
        }
        true
    }

    fn is_vouched(&self, i: usize, job: JobId) -> bool {
        self.candidates[i].as_ref().is_some_and(|c| c.vouched_by.contains(&job))
    }

    fn builds(&mut self, i: usize, job: JobId) -> Option<Vec<(&'f BuildFacts, bool)>> {
        let all: &[BuildFacts] = self.facts.passed.get(&job).map_or(&[], |page| &page.entries);
        let has_candidate = self.candidates[i].is_some();
        let is_constrained = |build: &&BuildFacts| {
            !has_candidate
                || self.inputs.iter().zip(&self.candidates).all(|(input, candidate)| {
                    let Some(candidate) = candidate else { return true };
                    !input.passed.contains(&job) || has(build, input.resource, candidate.version)
                })
        };
        if !self.inputs[i].asks_for_every() {
            return Some(all.iter().filter(is_constrained).map(|build| (build, false)).collect());
        }
        let pipes = self.pipes.or_else(|| self.facts.past.pipes.get(&self.inputs[i].resource));
        let related = pipes.is_some_and(|p| p.keys().any(|j| self.inputs[i].passed.contains(j)));
        let builds = match pipes.and_then(|pipes| pipes.get(&job)) {
            Some(used) => {
                let place = all.iter().position(|build| build.id == *used);
                let (newer, older) = all.split_at(place.unwrap_or(all.len()));
                let newer = newer.iter().rev().map(|build| (build, true));
                let older = older.iter().filter(is_constrained).map(|build| (build, false));
                Some(newer.chain(older).collect())
            }
            None if !has_candidate && related => None,
            None => Some(all.iter().filter(is_constrained).map(|build| (build, false)).collect()),
        };
        self.pipes = pipes;
        builds
    }

    fn try_build(&mut self, i: usize, job: JobId, build: &BuildFacts, has_next: bool) -> bool {
        let before = self.candidates.clone();
        let mut is_set = vec![false; self.inputs.len()];
        let mut is_mismatch = false;
        let outputs = build.outputs.iter().flat_map(|(r, vs)| vs.iter().map(move |v| (*r, *v)));
        'outputs: for (resource, version) in outputs {
            for (c, is_set) in is_set.iter_mut().enumerate() {
                let input = self.inputs[c];
                if *is_set || input.resource != resource || !input.passed.contains(&job) {
                    continue;
                }
                if self.candidates[c].as_ref().is_some_and(|c| c.version != version) {
                    is_mismatch = true;
                    break 'outputs;
                }
                let is_pinned_away = matches!(pin(input), Some(Ok(pin)) if pin != version);
                if self.facts.is_disabled(resource, version) || is_pinned_away {
                    continue;
                }
                if self.candidates[c].is_none() && !is_in_scope(version) {
                    break 'outputs;
                }
                *is_set = true;
                let new =
                    Candidate { version, vouched_by: vec![], sources: vec![], has_next: false };
                let candidate = self.candidates[c].get_or_insert(new);
                candidate.vouched_by.push(job);
                candidate.sources.push(build.id);
                candidate.has_next |= has_next;
            }
        }
        if !is_mismatch && self.is_vouched(i, job) {
            let versions = |candidates: &[Option<Candidate>]| -> Vec<Option<VersionId>> {
                candidates.iter().map(|c| c.as_ref().map(|c| c.version)).collect()
            };
            if versions(&self.candidates) != self.doomed {
                if self.try_resolve() {
                    return true;
                }
                self.doomed = versions(&self.candidates);
            }
        }
        self.candidates = before;
        false
    }
}

pub fn has(build: &BuildFacts, resource: ResourceId, version: VersionId) -> bool {
    build.outputs.iter().any(|(of, versions)| *of == resource && versions.contains(&version))
}

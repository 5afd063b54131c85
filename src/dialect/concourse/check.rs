//! What can be said only of the whole pipeline: what is unused, what is in no group, what
//! depends on itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pattern::{Pattern, Style};
use super::reader::Reader;
use crate::dialect::suggest::nearest;
use crate::dialect::yaml::Mark;
use crate::model::var::references;
use crate::model::{Diagnostic, Job, Pipeline, Value};

/// What was met while the file was read, with its places.
#[derive(Default)]
pub(super) struct Uses {
    /// Names of resources that steps get or put.
    pub resources: HashSet<String>,
    /// Jobs that `passed` names.
    pub passed: Vec<PassedUse>,
    /// Places of names, in the file's order.
    pub resource_places: Vec<Mark>,
    pub job_places: Vec<Mark>,
    pub var_sources: Vec<Mark>,
    pub groups: Vec<GroupPlaces>,
}

/// A job that `passed` of a get names.
pub(super) struct PassedUse {
    pub job: String,
    pub resource: String,
    pub path: String,
    pub at: Mark,
}

/// Places in a group.
pub(super) struct GroupPlaces {
    pub name: Mark,
    pub jobs: Vec<Mark>,
    pub resources: Vec<Mark>,
}

impl Reader<'_> {
    /// Checks what needs the whole pipeline.
    pub(super) fn check(&mut self, pipeline: &Pipeline) {
        let uses = std::mem::take(&mut self.uses);
        self.check_groups(pipeline, &uses);
        self.check_var_sources(pipeline, &uses);
        self.check_passed(pipeline, &uses);
        // What could not be read may be what uses them.
        if !self.is_malformed {
            self.check_unused(pipeline, &uses);
        }
        self.check_cycles(pipeline, &uses);
    }

    fn check_unused(&mut self, pipeline: &Pipeline, uses: &Uses) {
        for (resource, at) in pipeline.resources.iter().zip(&uses.resource_places) {
            if !resource.name.is_empty() && !uses.resources.contains(&resource.name) {
                let message = format!("resource '{}' is not used", resource.name);
                self.error("unused-resource", *at, message).hint =
                    Some("remove it, or get or put it in a job".to_owned());
            }
        }
    }

    fn check_groups(&mut self, pipeline: &Pipeline, uses: &Uses) {
        let mut named: HashMap<&str, Vec<Mark>> = HashMap::new();
        let mut grouped: HashSet<&str> = HashSet::new();
        for (group, places) in pipeline.groups.iter().zip(&uses.groups) {
            named.entry(&group.name).or_default().push(places.name);
            for (pattern, at) in group.jobs.iter().zip(&places.jobs) {
                let Some(read) = Pattern::new(pattern, Style::Group) else {
                    let name = &group.name;
                    let message = format!("invalid glob expression '{pattern}' for group '{name}'");
                    self.error("invalid-glob", *at, message);
                    continue;
                };
                let matching = pipeline.jobs.iter().map(|job| job.name.as_str());
                let matching: Vec<&str> = matching.filter(|name| read.matches(name)).collect();
                grouped.extend(&matching);
                if matching.is_empty() {
                    let message = format!("no jobs match '{pattern}' for group '{}'", group.name);
                    let hint = self.names.job_like(pattern);
                    self.error("unknown-job", *at, message).hint = hint;
                }
            }
            for (resource, at) in group.resources.iter().zip(&places.resources) {
                if !self.names.is_resource(resource) {
                    let hint = self.names.resource_like(resource);
                    let message =
                        format!("group '{}' has unknown resource '{resource}'", group.name);
                    self.error("unknown-resource", *at, message).hint = hint;
                }
            }
        }
        for (name, places) in named {
            if let [_, .., last] = places[..] {
                let message = format!(
                    "group '{name}' appears {} times. Duplicate names are not allowed.",
                    places.len()
                );
                self.error("duplicate-name", last, message);
            }
        }
        if pipeline.groups.is_empty() {
            return;
        }
        for (job, at) in pipeline.jobs.iter().zip(&uses.job_places) {
            if !grouped.contains(job.name.as_str()) {
                let message = format!("job '{}' belongs to no group", job.name);
                self.error("ungrouped-job", *at, message).hint =
                    Some("add it to a group, since the pipeline has groups".to_owned());
            }
        }
    }

    /// Sources whose configs need one another, or one that is not there.
    fn check_var_sources(&mut self, pipeline: &Pipeline, uses: &Uses) {
        let needs: Vec<BTreeSet<String>> = pipeline
            .var_sources
            .iter()
            .map(|source| {
                let config = Value::Map(source.config.clone());
                references(&config).into_iter().filter_map(|reference| reference.source).collect()
            })
            .collect();
        let mut ready: HashSet<&str> = HashSet::new();
        loop {
            let before = ready.len();
            for (source, needs) in pipeline.var_sources.iter().zip(&needs) {
                if needs.iter().all(|need| ready.contains(need.as_str())) {
                    ready.insert(&source.name);
                }
            }
            if ready.len() == before {
                break;
            }
        }
        let stuck: Vec<usize> = (0..pipeline.var_sources.len())
            .filter(|i| !ready.contains(pipeline.var_sources[*i].name.as_str()))
            .collect();
        let Some(first) = stuck.first() else { return };
        let names: Vec<&str> =
            stuck.iter().map(|i| pipeline.var_sources[*i].name.as_str()).collect();
        let at = uses.var_sources.get(*first).copied().unwrap_or_default();
        let message = format!(
            "failed to order by dependency: could not resolve inter-dependent var sources: {}",
            names.join(", ")
        );
        let known = || pipeline.var_sources.iter().map(|source| source.name.as_str());
        let missing = needs[*first].iter().find(|need| !known().any(|name| name == *need));
        self.error("var-source-order", at, message).hint =
            missing.map(|need| match nearest(need, known()) {
                Some(meant) => format!("there is no source `{need}`; did you mean `{meant}`?"),
                None => format!("there is no source `{need}`"),
            });
    }

    /// Jobs that `passed` names, though the resource never goes through them.
    fn check_passed(&mut self, pipeline: &Pipeline, uses: &Uses) {
        let mut touched: HashMap<&str, HashSet<&str>> = HashMap::new();
        for job in &pipeline.jobs {
            let own = touched.entry(&job.name).or_default();
            own.extend(job.inputs().iter().map(|get| get.resource()));
            own.extend(job.outputs().iter().map(|put| put.resource()));
        }
        for PassedUse { job, resource, path, at } in &uses.passed {
            if !touched.get(job.as_str()).is_some_and(|own| own.contains(resource.as_str())) {
                let message =
                    format!("{path}: job '{job}' does not interact with resource '{resource}'");
                let place = at.within(&self.file);
                let diagnostic = Diagnostic::error("passed-mismatch", place, message)
                    .with_hint(format!("get or put `{resource}` in `{job}`, or remove it here"));
                self.push(diagnostic);
            }
        }
    }

    fn check_cycles(&mut self, pipeline: &Pipeline, uses: &Uses) {
        let index: HashMap<&str, usize> =
            pipeline.jobs.iter().enumerate().map(|(i, job)| (job.name.as_str(), i)).collect();
        let upstream: Vec<Vec<usize>> = pipeline
            .jobs
            .iter()
            .map(|job| upstream(job).filter_map(|name| index.get(name).copied()).collect())
            .collect();
        let Some(cycle) = cycle(&upstream) else { return };
        let Some(&start) = cycle.first() else { return };
        let name = |i: &usize| pipeline.jobs[*i].name.as_str();
        let message = format!("pipeline contains a cycle that starts at Job '{}'", name(&start));
        // `passed` points upstream; people read it downstream.
        let mut names: Vec<&str> = cycle.iter().rev().map(name).collect();
        names.insert(0, name(&start));
        let at = uses.job_places.get(start).copied().unwrap_or_default();
        self.error("cycle", at, message).hint =
            Some(format!("versions would go round: {}", names.join(" → ")));
    }
}

fn upstream(job: &Job) -> impl Iterator<Item = &str> {
    job.inputs().into_iter().flat_map(|get| get.passed.iter().map(String::as_str))
}

/// The first cycle that a walk in order meets: its nodes, in the order of the edges.
fn cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut is_done = vec![false; edges.len()];
    let mut is_open = vec![false; edges.len()];
    for start in 0..edges.len() {
        if is_done[start] {
            continue;
        }
        // The nodes that are open, each with the edges that are left.
        let mut stack = vec![(start, edges[start].iter())];
        is_open[start] = true;
        while let Some((node, left)) = stack.last_mut() {
            let node = *node;
            match left.next() {
                Some(&next) if is_open[next] => {
                    let first = stack.iter().position(|(open, _)| *open == next)?;
                    return Some(stack[first..].iter().map(|(open, _)| *open).collect());
                }
                Some(&next) if !is_done[next] => {
                    is_open[next] = true;
                    stack.push((next, edges[next].iter()));
                }
                Some(_) => {}
                None => {
                    is_open[node] = false;
                    is_done[node] = true;
                    stack.pop();
                }
            }
        }
    }
    None
}

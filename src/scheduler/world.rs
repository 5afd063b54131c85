//! A small language for facts, so that a test is a table of worlds.
//!
//! ```text
//! repo: v1 v2! ~v3        versions of a resource, oldest first; ! disabled, ~ not in its scope
//! a#3 repo=v1,v2 lib=l1   a succeeded build of job a; a#5<3 is a rerun of a#3
//! past in:repo=v1 from a#3    a build of the job under test, with the builds it came from
//! input in repo passed=a,b trigger every pin=v1 pinned checked=9 next=12
//! page repo 2, page a 2   only the newest two are known; `beyond` fills what is older
//! pending 7 manual at=5   also scheduled, rerun=3, rerun-lost=3; placed, aborted
//! limit 2, running 1, turn 6, turn 3/9, paused, pipeline-paused, archived
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::explain::Names;
use super::facts::{
    BuildFacts, ChosenInput, InputFacts, JobFacts, Page, PendingFacts, PendingKind, Turn,
    VersionFacts,
};
use super::input::{Older, Resolution};
use crate::model::version::VersionMode;
use crate::model::{BuildId, JobId, ResourceId, Timestamp, Version, VersionId};

/// Facts with the names that their text uses.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub facts: JobFacts,
    resources: Vec<String>,
    versions: Vec<(ResourceId, String, VersionId)>,
    origins: BTreeMap<BuildId, BuildId>,
}

impl World {
    /// Reads a world; lines end with a line break or `;`.
    pub fn read(text: &str) -> Self {
        let mut world = World::default();
        world.facts.name = "job".to_owned();
        let mut cuts = Vec::new();
        for line in text.split(['\n', ';']) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [name, versions @ ..] if name.ends_with(':') => {
                    world.read_versions(name.trim_end_matches(':'), versions);
                }
                ["past", rest @ ..] => world.read_past(rest),
                ["input", name, resource, rest @ ..] => world.read_input(name, resource, rest),
                ["page", name, n] => cuts.push(((*name).to_owned(), number(n) as usize)),
                ["pending", id, rest @ ..] => world.read_pending(id, rest),
                ["limit", n] => world.facts.limit = Some(number(n) as u32),
                ["running", n] => world.facts.n_running = number(n) as u32,
                ["turn", turn] => {
                    let (origin, build) = turn.split_once('/').unwrap_or((turn, turn));
                    let (origin, build) = (BuildId(number(origin)), BuildId(number(build)));
                    world.facts.others_turn = Some(Turn { origin, build });
                }
                ["paused"] => world.facts.is_paused = true,
                ["pipeline-paused"] => world.facts.is_pipeline_paused = true,
                ["archived"] => world.facts.is_pipeline_archived = true,
                [build, outputs @ ..] => world.read_build(build, outputs),
            }
        }
        world.sort();
        for (name, n) in cuts {
            world.cut(&name, n);
        }
        world
    }

    fn read_versions(&mut self, name: &str, versions: &[&str]) {
        self.resources.push(name.to_owned());
        let resource = ResourceId(self.resources.len() as i64);
        let page = self.facts.versions.entry(resource).or_default();
        for word in versions {
            let name = word.trim_start_matches('~').trim_end_matches('!');
            let number = self.versions.len() as i64 + 1;
            let id = VersionId(if word.starts_with('~') { -number } else { number });
            let is_disabled = word.ends_with('!');
            if is_disabled {
                self.facts.disabled.entry(resource).or_default().insert(id);
            }
            self.versions.push((resource, name.to_owned(), id));
            if id.0 > 0 {
                page.entries.insert(0, VersionFacts { id, check_order: number, is_disabled });
            }
        }
    }

    fn read_build(&mut self, build: &str, outputs: &[&str]) {
        let (job, id) = build.split_once('#').expect("a build is called job#id");
        let (id, origin) = id.split_once('<').unwrap_or((id, id));
        let id = BuildId(number(id));
        self.origins.insert(id, BuildId(number(origin)));
        let mut by_resource: BTreeMap<ResourceId, Vec<VersionId>> = BTreeMap::new();
        for output in outputs {
            let (resource, versions) = output.split_once('=').expect("an output is resource=v");
            let resource = self.resource(resource);
            let versions = versions.split(',').map(|version| self.version(resource, version));
            by_resource.entry(resource).or_default().extend(versions);
        }
        let page = self.facts.passed.entry(job_id(job)).or_default();
        page.entries.push(BuildFacts { id, outputs: by_resource.into_iter().collect() });
    }

    fn read_past(&mut self, words: &[&str]) {
        let n_inputs = words.iter().position(|word| *word == "from").unwrap_or(words.len());
        let pipes: BTreeMap<JobId, BuildId> = words[n_inputs..]
            .iter()
            .filter_map(|word| word.split_once('#'))
            .map(|(job, id)| (job_id(job), BuildId(number(id))))
            .collect();
        for word in &words[..n_inputs] {
            let (name, used) = word.split_once(':').expect("a past input is name:resource=v");
            let (resource, version) =
                used.split_once('=').expect("a past input is name:resource=v");
            let resource = self.resource(resource);
            let id = self.version(resource, version);
            let past = &mut self.facts.past;
            past.inputs.insert((name.to_owned(), resource, id));
            let page = &self.facts.versions[&resource];
            let Some(version) = page.entries.iter().find(|version| version.id == id) else {
                continue;
            };
            let latest = past.latest_used.entry(resource).or_insert(*version);
            if latest.check_order <= version.check_order {
                *latest = *version;
                past.pipes.insert(resource, pipes.clone());
            }
        }
    }

    fn read_input(&mut self, name: &str, resource: &str, words: &[&str]) {
        let resource = self.resource(resource);
        let mut input = InputFacts {
            name: name.to_owned(),
            resource,
            passed: BTreeSet::new(),
            is_trigger: false,
            version: VersionMode::Latest,
            was_every: false,
            pinned: None,
            is_resource_pin: false,
            last_check_ended_at: None,
            next_check_at: None,
            has_scope: true,
        };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("passed", jobs) => input.passed = jobs.split(',').map(job_id).collect(),
                ("trigger", _) => input.is_trigger = true,
                ("every", _) => input.version = VersionMode::Every,
                ("was-every", _) => input.was_every = true,
                ("pin", version) => {
                    input.version = VersionMode::Pinned(Version::of("v", version));
                    input.pinned = self.find(resource, version);
                }
                ("pinned", _) => input.is_resource_pin = true,
                ("checked", at) => input.last_check_ended_at = Some(Timestamp(number(at))),
                ("next", at) => input.next_check_at = Some(Timestamp(number(at))),
                ("no-scope", _) => input.has_scope = false,
                (other, _) => panic!("unknown word `{other}` of an input"),
            }
        }
        self.facts.inputs.push(input);
    }

    fn read_pending(&mut self, id: &str, words: &[&str]) {
        let mut build = PendingFacts {
            id: BuildId(number(id)),
            created_at: Timestamp(0),
            kind: PendingKind::Scheduled,
            is_scheduled: false,
            is_aborted: false,
        };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("scheduled", _) => build.kind = PendingKind::Scheduled,
                ("manual", _) => build.kind = PendingKind::Manual,
                ("rerun", of) => {
                    let inputs = Some(Vec::new());
                    build.kind = PendingKind::Rerun { of: BuildId(number(of)), inputs };
                }
                ("rerun-lost", of) => {
                    build.kind = PendingKind::Rerun { of: BuildId(number(of)), inputs: None };
                }
                ("at", at) => build.created_at = Timestamp(number(at)),
                ("placed", _) => build.is_scheduled = true,
                ("aborted", _) => build.is_aborted = true,
                (other, _) => panic!("unknown word `{other}` of a pending build"),
            }
        }
        self.facts.pending.push(build);
    }

    fn sort(&mut self) {
        let origins = &self.origins;
        for page in self.facts.passed.values_mut() {
            page.entries.sort_by_key(|build| std::cmp::Reverse((origins[&build.id], build.id)));
        }
        self.facts.pending.sort_by_key(PendingFacts::turn);
    }

    /// Cuts a history to its newest entries.
    pub fn cut(&mut self, name: &str, n: usize) {
        if let Some(i) = self.resources.iter().position(|resource| resource == name) {
            let resource = ResourceId(i as i64 + 1);
            cut_page(self.facts.versions.entry(resource).or_default(), n);
        } else {
            cut_page(self.facts.passed.entry(job_id(name)).or_default(), n);
        }
    }

    pub fn resource(&self, name: &str) -> ResourceId {
        let place = self.resources.iter().position(|resource| resource == name);
        ResourceId(place.unwrap_or_else(|| panic!("no resource `{name}`")) as i64 + 1)
    }

    pub fn resource_name(&self, id: ResourceId) -> &str {
        &self.resources[id.0 as usize - 1]
    }

    fn find(&self, resource: ResourceId, name: &str) -> Option<VersionId> {
        let mut versions = self.versions.iter();
        versions.find(|(of, called, _)| *of == resource && called == name).map(|found| found.2)
    }

    fn version(&self, resource: ResourceId, name: &str) -> VersionId {
        self.find(resource, name).unwrap_or_else(|| panic!("no version `{name}`"))
    }

    fn version_name(&self, id: VersionId) -> &str {
        let mut versions = self.versions.iter();
        versions.find(|(_, _, version)| *version == id).map_or("?", |found| found.1.as_str())
    }

    /// The names of resources and versions.
    pub fn names(&self) -> Names {
        let resources = self.resources.iter().enumerate();
        let versions = self.versions.iter();
        Names {
            jobs: BTreeMap::new(),
            resources: resources.map(|(i, r)| (ResourceId(i as i64 + 1), r.clone())).collect(),
            versions: versions.map(|(r, v, id)| ((*r, *id), Version::of("v", v))).collect(),
        }
    }

    /// An input as tables write it: `in=v3 new a#1,b#2`.
    pub fn show_input(&self, chosen: &ChosenInput) -> String {
        let mut text = format!("{}={}", chosen.name, self.version_name(chosen.version));
        if chosen.is_first_occurrence {
            text += " new";
        }
        let mut builds = Vec::new();
        for build in &chosen.passed_builds {
            let job = self
                .facts
                .passed
                .iter()
                .find(|(_, page)| page.entries.iter().any(|candidate| candidate.id == *build));
            builds.push(format!("{}#{build}", job.map_or('?', |(job, _)| job_name(*job))));
        }
        if builds.is_empty() { text } else { format!("{text} {}", builds.join(",")) }
    }

    /// A resolution as tables write it: inputs separated by `; `, then `next`.
    pub fn show(&self, found: &Result<Resolution, Older>) -> String {
        match found {
            Ok(resolution) => {
                let inputs = resolution.inputs.iter().map(|(name, found)| match found {
                    Ok(chosen) => self.show_input(chosen),
                    Err(reason) => format!("{name}: {reason}"),
                });
                let next = resolution.has_next.then(|| "next".to_owned());
                let is_resolved = resolution.inputs.iter().all(|(_, found)| found.is_ok());
                assert_eq!(resolution.is_resolved, is_resolved);
                inputs.chain(next).collect::<Vec<_>>().join("; ")
            }
            Err(Older::Versions(resource)) => {
                format!("older {}", self.resource_name(*resource))
            }
            Err(Older::Builds(job)) => format!("older {}", job_name(*job)),
        }
    }
}

fn cut_page<T>(page: &mut Page<T>, n: usize) {
    if n < page.entries.len() {
        page.entries.truncate(n);
        page.is_whole = false;
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// Jobs are called by one letter; `a` is 1.
pub fn job_id(name: &str) -> JobId {
    JobId(i64::from(name.as_bytes()[0] - b'a') + 1)
}

fn job_name(job: JobId) -> char {
    char::from(b'a' + (job.0 - 1) as u8)
}

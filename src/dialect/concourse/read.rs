//! The top level of a pipeline: groups, sources of vars, resources, types, jobs, display.

use super::names::Given;
use super::reader::{Fields, Reader, Unknown};
use super::step::JobScope;
use crate::dialect::suggest::nearest;
use crate::dialect::yaml::{Data, Entry, Mark, Node};
use crate::model::job::LogRetention;
use crate::model::pipeline::{Display, Group, VarSource};
use crate::model::resource::CheckEvery;
use crate::model::{Job, Pipeline, Resource, ResourceType};

impl<'n> Reader<'n> {
    /// The pipeline whose top level is `root`.
    pub(super) fn pipeline(&mut self, root: &'n Node) -> Pipeline {
        let at = root.at;
        let mut fields = match root.is_null() {
            true => None,
            false => self.fields(root),
        };
        let Some(fields) = &mut fields else {
            if root.is_null() {
                self.no_jobs(at);
            }
            return Pipeline::default();
        };
        let mut kinds = Given::default();
        let pipeline = Pipeline {
            groups: self.groups(fields),
            var_sources: self.var_sources(fields),
            resources: self.resources(fields),
            resource_types: self.kinds(fields, "resource_types", &mut kinds),
            prototypes: self.kinds(fields, "prototypes", &mut kinds),
            jobs: self.jobs(fields),
            display: self.display(fields),
            user_data: fields.entry("user_data").map(|entry| entry.value.to_value()),
        };
        self.parked(root);
        pipeline
    }

    /// Other keys may park anchors; one that looks like a slip is worth a word.
    fn parked(&mut self, root: &Node) {
        let known = [
            "groups",
            "var_sources",
            "resources",
            "resource_types",
            "prototypes",
            "jobs",
            "display",
        ];
        for Entry { key, at, .. } in root.as_map().unwrap_or_default() {
            let meant = nearest(key, known).filter(|_| !known.contains(&&**key));
            if let Some(meant) = meant.filter(|meant| root.get(meant).is_none()) {
                self.warning("ignored-field", *at, format!("the key `{key}` is not read")).hint =
                    Some(format!("did you mean `{meant}`?"));
            }
        }
    }

    fn no_jobs(&mut self, at: Mark) {
        self.error("no-jobs", at, "jobs: pipeline must contain at least one job");
    }

    /// Reads each map of a list; unknown keys are refused.
    fn entries<T>(
        &mut self,
        fields: &mut Fields<'n>,
        section: &'static str,
        mut read: impl FnMut(&mut Self, &mut Fields<'n>, usize) -> T,
    ) -> Vec<T> {
        let list = match fields.take(section) {
            None => return Vec::new(),
            Some(node) => match node.as_list() {
                Some(list) => list,
                None => {
                    self.within(section, |reader| reader.mismatch(node, "a list"));
                    return Vec::new();
                }
            },
        };
        let mut items = Vec::with_capacity(list.len());
        for (index, node) in list.iter().enumerate() {
            let place = format!("{section}[{index}]");
            let Some(mut fields) = self.within(&place, |reader| reader.fields(node)) else {
                continue;
            };
            items.push(read(self, &mut fields, index));
            let called = match node.get("name").and_then(Node::as_text) {
                Some(name) => format!("{section}.{name}"),
                None => place,
            };
            self.within(called, |reader| reader.finish(&fields, Unknown::Refused));
        }
        items
    }

    /// The name of an entry and its place.
    fn name(&mut self, fields: &mut Fields<'n>) -> (String, Mark) {
        let at = fields.take("name").map_or(fields.at, |node| node.at);
        (self.text_of(fields, "name").unwrap_or_default(), at)
    }

    fn groups(&mut self, fields: &mut Fields<'n>) -> Vec<Group> {
        let mut places = Vec::new();
        let groups = self.entries(fields, "groups", |reader, fields, index| {
            let (name, at) = reader.name(fields);
            let called = match name.is_empty() {
                true => format!("groups[{index}]"),
                false => format!("groups.{name}"),
            };
            reader.within(&called, |reader| reader.identifier(&name, at));
            let marks = |node: Option<&'n Node>| -> Vec<Mark> {
                let list = node.and_then(Node::as_list).unwrap_or_default();
                list.iter().map(|item| item.at).collect()
            };
            let (jobs, resources) = (marks(fields.take("jobs")), marks(fields.take("resources")));
            places.push(super::check::GroupPlaces { name: at, jobs, resources });
            reader.within(&called, |reader| Group {
                jobs: reader.texts_of(fields, "jobs"),
                resources: reader.texts_of(fields, "resources"),
                name: name.clone(),
            })
        });
        self.uses.groups = places;
        groups
    }

    fn var_sources(&mut self, fields: &mut Fields<'n>) -> Vec<VarSource> {
        let mut given = Given::default();
        let mut places = Vec::new();
        let sources = self.entries(fields, "var_sources", |reader, fields, index| {
            let (name, at) = reader.name(fields);
            places.push(at);
            let called = reader.entry_name("var_sources", index, (&name, at), &mut given);
            let (kind, config) = reader.within(called, |reader| reader.var_source(fields, &name));
            VarSource { name, kind, config }
        });
        self.uses.var_sources = places;
        sources
    }

    fn resources(&mut self, fields: &mut Fields<'n>) -> Vec<Resource> {
        let mut given = Given::default();
        let mut places = Vec::new();
        let resources = self.entries(fields, "resources", |reader, fields, index| {
            let (name, at) = reader.name(fields);
            places.push(at);
            let called = reader.entry_name("resources", index, (&name, at), &mut given);
            let kind = reader.kind(fields, &called);
            reader.within(called, |reader| Resource {
                old_name: reader.text_of(fields, "old_name"),
                source: reader.map_of(fields, "source"),
                version: fields
                    .take("version")
                    .map(|node| reader.within(".version", |reader| reader.version(node))),
                check_every: reader.check_every(fields),
                check_timeout: reader.late_duration_of(fields, "check_timeout"),
                tags: reader.tags_of(fields),
                public: reader.truth_of(fields, "public"),
                webhook_token: reader.text_of(fields, "webhook_token"),
                icon: reader.text_of(fields, "icon"),
                expose_build_created_by: reader.truth_of(fields, "expose_build_created_by"),
                kind,
                name,
            })
        });
        self.uses.resource_places = places;
        resources
    }

    fn kinds(
        &mut self,
        fields: &mut Fields<'n>,
        section: &'static str,
        given: &mut Given,
    ) -> Vec<ResourceType> {
        self.entries(fields, section, |reader, fields, index| {
            let (name, at) = reader.name(fields);
            let called = reader.entry_name(section, index, (&name, at), given);
            let kind = reader.kind(fields, &called);
            reader.within(called, |reader| ResourceType {
                source: reader.map_of(fields, "source"),
                defaults: reader.map_of(fields, "defaults"),
                params: reader.map_of(fields, "params"),
                privileged: reader.truth_of(fields, "privileged"),
                check_every: reader.check_every(fields),
                tags: reader.tags_of(fields),
                kind,
                name,
            })
        })
    }

    /// The type of a resource.
    fn kind(&mut self, fields: &mut Fields<'n>, called: &str) -> String {
        let is_given = fields.take("type").is_some_and(|node| node.as_text().is_none());
        let kind = self.within(called, |reader| reader.text_of(fields, "type"));
        if kind.is_none() && !is_given {
            self.error("missing-type", fields.at, format!("{called} has no type"));
        }
        kind.unwrap_or_default()
    }

    fn check_every(&mut self, fields: &mut Fields<'n>) -> CheckEvery {
        let Some(node) = fields.take("check_every") else { return CheckEvery::Default };
        self.within(".check_every", |reader| match &node.data {
            Data::Text(text) if text.is_empty() => CheckEvery::Default,
            Data::Text(text) if &**text == "never" => CheckEvery::Never,
            _ => reader.duration(node).map_or(CheckEvery::Default, CheckEvery::Every),
        })
    }

    fn jobs(&mut self, fields: &mut Fields<'n>) -> Vec<Job> {
        let at = fields.entry("jobs").map_or(fields.at, |entry| entry.at);
        let is_empty =
            fields.take("jobs").is_none_or(|node| node.as_list().is_some_and(<[_]>::is_empty));
        if is_empty {
            self.no_jobs(at);
        }
        let mut given = Given::default();
        let mut places = Vec::new();
        let jobs = self.entries(fields, "jobs", |reader, fields, index| {
            let (name, at) = reader.name(fields);
            places.push(at);
            let called = reader.entry_name("jobs", index, (&name, at), &mut given);
            reader.within(called, |reader| reader.job(fields, name))
        });
        self.uses.job_places = places;
        jobs
    }

    fn job(&mut self, fields: &mut Fields<'n>, name: String) -> Job {
        self.job = JobScope::new();
        let hooks = self.hook_entries(fields);
        let plan = fields.take("plan");
        let steps = self.within(".plan.do", |reader| match plan {
            Some(plan) => reader.steps(plan, ""),
            None => Vec::new(),
        });
        let hooks = self.within(".plan", |reader| reader.hooks(hooks));
        let limit = self.whole_of(fields, "max_in_flight").unwrap_or_default();
        let (log_retention, logs_to_retain) = self.retention(fields, &name);
        Job {
            old_name: self.text_of(fields, "old_name"),
            plan: steps,
            hooks,
            serial: self.truth_of(fields, "serial"),
            serial_groups: self.texts_of(fields, "serial_groups"),
            max_in_flight: u32::try_from(limit).unwrap_or(0),
            log_retention,
            logs_to_retain,
            disable_manual_trigger: self.truth_of(fields, "disable_manual_trigger"),
            disable_reruns: self.truth_of(fields, "disable_reruns"),
            interruptible: self.truth_of(fields, "interruptible"),
            public: self.truth_of(fields, "public"),
            tags: self.tags_of(fields),
            name,
        }
    }

    fn retention(
        &mut self,
        fields: &mut Fields<'n>,
        job: &str,
    ) -> (Option<LogRetention>, Option<i64>) {
        let called = std::mem::take(&mut self.path);
        let old = fields.take("build_logs_to_retain").map(|node| node.at);
        let count = self.whole_of(fields, "build_logs_to_retain");
        if let Some(at) = old {
            let message = format!("{called}.build_logs_to_retain is deprecated");
            self.warning("deprecated-field", at, message).hint =
                Some("write `build_log_retention: {builds: ...}`".to_owned());
        }
        if let (Some(at), Some(count)) = (old, count.filter(|count| *count < 0)) {
            let message = format!("jobs.{job} has negative build_logs_to_retain: {count}");
            self.error("negative-retention", at, message);
        }
        let node = fields.take("build_log_retention");
        let retention = node.and_then(|node| {
            self.path = format!("{called}.build_log_retention");
            let mut fields = self.fields(node)?;
            let retention = LogRetention {
                builds: self.whole_of(&mut fields, "builds").unwrap_or_default(),
                minimum_succeeded_builds: self
                    .whole_of(&mut fields, "minimum_succeeded_builds")
                    .unwrap_or_default(),
                days: self.whole_of(&mut fields, "days").unwrap_or_default(),
            };
            self.finish(&fields, Unknown::Refused);
            self.path.clear();
            self.retention_counts(job, node.at, &retention);
            Some(retention)
        });
        self.path.clear();
        if let (Some(_), Some(node)) = (old, node) {
            let message =
                format!("jobs.{job} can't use both build_log_retention and build_logs_to_retain");
            self.error("two-retentions", node.at, message);
        }
        self.path = called;
        (retention, count)
    }

    fn retention_counts(&mut self, job: &str, at: Mark, retention: &LogRetention) {
        let LogRetention { builds, minimum_succeeded_builds: minimum, days } = *retention;
        let counts = [("builds", builds), ("days", days), ("min_success_builds", minimum)];
        for (key, count) in counts.into_iter().filter(|(_, count)| *count < 0) {
            let message = format!("jobs.{job} has negative build_log_retention.{key}: {count}");
            self.error("negative-retention", at, message);
        }
        if builds > 0 && minimum > builds {
            let message = format!(
                "jobs.{job} has build_log_retention.min_success_builds: {minimum} greater than \
                 build_log_retention.min_success_builds: {builds}"
            );
            self.error("retention-order", at, message).hint =
                Some("`minimum_succeeded_builds` counts within `builds`".to_owned());
        }
    }

    fn display(&mut self, fields: &mut Fields<'n>) -> Option<Display> {
        let node = fields.take("display")?;
        self.within("display", |reader| {
            let mut fields = reader.fields(node)?;
            let at = fields.take("background_image").map_or(node.at, |node| node.at);
            let display = Display {
                background_image: reader.text_of(&mut fields, "background_image"),
                background_filter: reader.text_of(&mut fields, "background_filter"),
            };
            reader.finish(&fields, Unknown::Refused);
            if let Some(address) = &display.background_image {
                reader.path.clear();
                reader.image_address(address, at);
            }
            Some(display)
        })
    }

    fn image_address(&mut self, address: &str, at: Mark) {
        if address.contains(|c: char| c.is_ascii_control()) || address.starts_with(':') {
            let message = format!("background_image is not a valid URL: {address}");
            self.error("invalid-url", at, message);
            return;
        }
        // A colon behind a slash, a question mark or a hash belongs to the path.
        let head = address.split(['/', '?', '#']).next().unwrap_or_default();
        let scheme = head.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), None | Some("http" | "https")) {
            let message = "background_image scheme must be either http, https or relative";
            self.error("invalid-url", at, message);
        }
    }
}

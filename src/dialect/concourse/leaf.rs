//! Steps that hold no other steps: `get`, `put`, `task`, `run`, `set_pipeline`, `load_var`.

use super::check::PassedUse;
use super::pattern::{Pattern, Style};
use super::reader::{Fields, Reader};
use crate::dialect::yaml::{Data, Entry, Mark, Node};
use crate::model::Step;
use crate::model::step::{
    GetStep, LoadVar, PutInputs, PutStep, RunStep, SetPipeline, TaskStep, VarFormat,
};
use crate::model::version::VersionMode;

impl<'n> Reader<'n> {
    pub(super) fn get_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let name = self.step_name(entry);
        self.within(format_args!(".get({name})"), |reader| {
            let at = entry.value.at;
            reader.identifier(&name, at);
            if let Some(first) = reader.job.gets.get(&name) {
                let hint = format!(
                    "the first get of that name stands in line {}; name this one differently and \
                     set `resource: {name}`",
                    first.line
                );
                reader.error("repeated-name", at, "repeated name").hint = Some(hint);
            } else {
                reader.job.gets.insert(name.clone(), at);
            }
            let resource = reader.resource(fields, (&name, at));
            let passed = reader.passed(fields, resource.as_deref().unwrap_or(&name));
            Box::new(Step::Get(GetStep {
                passed,
                trigger: reader.truth_of(fields, "trigger"),
                version: reader.version_mode(fields),
                params: reader.map_of(fields, "params"),
                tags: reader.tags_of(fields),
                timeout: reader.late_duration_of(fields, "timeout"),
                resource,
                name: name.clone(),
            }))
        })
    }

    pub(super) fn put_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let name = self.step_name(entry);
        self.within(format_args!(".put({name})"), |reader| {
            reader.identifier(&name, entry.value.at);
            Box::new(Step::Put(PutStep {
                resource: reader.resource(fields, (&name, entry.value.at)),
                params: reader.map_of(fields, "params"),
                inputs: reader.put_inputs(fields),
                get_params: reader.map_of(fields, "get_params"),
                no_get: reader.truth_of(fields, "no_get"),
                tags: reader.tags_of(fields),
                timeout: reader.late_duration_of(fields, "timeout"),
                name: name.clone(),
            }))
        })
    }

    pub(super) fn task_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let name = self.step_name(entry);
        self.within(format_args!(".task({name})"), |reader| {
            reader.own_name(&name, entry.value.at);
            let config = fields.take("config");
            let image = fields.take("image");
            let hermetic = fields.take("hermetic");
            let step = TaskStep {
                config: config
                    .and_then(|node| reader.within(".config", |reader| reader.task_config(node))),
                file: reader.text_of(fields, "file"),
                image: reader.text_of(fields, "image"),
                privileged: reader.truth_of(fields, "privileged"),
                hermetic: reader.truth_of(fields, "hermetic"),
                params: reader.map_of(fields, "params"),
                vars: reader.map_of(fields, "vars"),
                limits: reader.limits_of(fields),
                input_mapping: reader.text_map_of(fields, "input_mapping"),
                output_mapping: reader.text_map_of(fields, "output_mapping"),
                tags: reader.tags_of(fields),
                timeout: reader.late_duration_of(fields, "timeout"),
                name: name.clone(),
            };
            match (config, &step.file) {
                (None, None) => {
                    let message = "must specify either `file:` or `config:`";
                    reader.error("missing-config", entry.at, message);
                }
                (Some(node), Some(_)) => {
                    let message = "must specify one of `file:` or `config:`, not both";
                    reader.error("two-configs", node.at, message);
                }
                (Some(_), None) | (None, Some(_)) => {}
            }
            let has_image = |config: &crate::model::TaskConfig| {
                config.image_resource.is_some() || config.rootfs_uri.is_some()
            };
            if let (Some(image), true) = (image, step.config.as_ref().is_some_and(has_image)) {
                let message = "specifies an image artifact to use as the container's image, \
                               but also an image in its config; the artifact wins";
                reader.warning("two-images", image.at, message);
            }
            if let (Some(hermetic), true) = (hermetic, step.hermetic) {
                let message = "`hermetic` has an effect only where the runtime can cut the network";
                reader.warning("hermetic", hermetic.at, message);
            }
            if !step.vars.is_empty() && step.file.is_none() {
                let at = entry.at;
                reader.warning("unused-vars", at, "`vars` are used only with `file`");
            }
            Box::new(Step::Task(step))
        })
    }

    pub(super) fn run_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let message = self.step_name(entry);
        let at = entry.value.at;
        let kind_at = fields.take("type").map_or(at, |node| node.at);
        let kind = self.text_of(fields, "type").unwrap_or_default();
        self.within(format_args!(".run({kind}.{message})"), |reader| {
            match super::names::irregular(&message) {
                _ if message.is_empty() => reader.identifier("", at),
                Some(reason) => {
                    let text = format!("'{message}' is not a valid identifier: {reason}");
                    reader.error("invalid-identifier", at, text);
                }
                None => {}
            }
            if !reader.names.is_prototype(&kind) {
                reader.error("unknown-prototype", kind_at, format!("unknown prototype '{kind}'"));
            }
            Box::new(Step::Run(RunStep {
                params: reader.map_of(fields, "params"),
                privileged: reader.truth_of(fields, "privileged"),
                tags: reader.tags_of(fields),
                limits: reader.limits_of(fields),
                timeout: reader.late_duration_of(fields, "timeout"),
                kind: kind.clone(),
                message: message.clone(),
            }))
        })
    }

    pub(super) fn set_pipeline_step(
        &mut self,
        fields: &mut Fields<'n>,
        entry: &'n Entry,
    ) -> Box<Step> {
        let name = self.step_name(entry);
        self.within(format_args!(".set_pipeline({name})"), |reader| {
            reader.own_name(&name, entry.value.at);
            Box::new(Step::SetPipeline(SetPipeline {
                file: reader.needed_file(fields, entry.at),
                team: reader.text_of(fields, "team"),
                vars: reader.map_of(fields, "vars"),
                var_files: reader.texts_of(fields, "var_files"),
                instance_vars: reader.map_of(fields, "instance_vars"),
                name: name.clone(),
            }))
        })
    }

    pub(super) fn load_var_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let name = self.step_name(entry);
        self.within(format_args!(".load_var({name})"), |reader| {
            reader.identifier(&name, entry.value.at);
            reader.declare(&name, entry.value.at);
            let format_at = fields.take("format").map_or(entry.at, |node| node.at);
            let step = LoadVar {
                file: reader.needed_file(fields, entry.at),
                format: reader.text_of(fields, "format"),
                reveal: reader.truth_of(fields, "reveal"),
                name: name.clone(),
            };
            // What holds a reference is known when the step runs.
            let format = step.format.as_deref().filter(|name| !name.contains("(("));
            if let Some(format) = format.filter(|name| VarFormat::named(name).is_none()) {
                let message = format!("invalid format {format}; it will fail");
                reader.warning("unknown-format", format_at, message).hint =
                    Some("formats are `json`, `yaml`, `yml`, `trim`, `raw`".to_owned());
            }
            Box::new(Step::LoadVar(step))
        })
    }

    fn step_name(&mut self, entry: &'n Entry) -> String {
        match &entry.value.data {
            Data::Text(name) => name.to_string(),
            Data::Null => String::new(),
            Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => {
                let key = entry.key.clone();
                self.within(format_args!(".{key}"), |r| r.mismatch(&entry.value, "text"));
                String::new()
            }
        }
    }

    /// The name of a step that directly in an `across` may hold a reference to its var.
    fn own_name(&mut self, name: &str, at: Mark) {
        if !std::mem::take(&mut self.job.is_across) || name.is_empty() {
            self.identifier(name, at);
        }
    }

    fn needed_file(&mut self, fields: &mut Fields<'n>, at: Mark) -> String {
        let is_given = fields.take("file").is_some_and(|node| node.as_text().is_none());
        let file = self.text_of(fields, "file").unwrap_or_default();
        if file.is_empty() && !is_given {
            self.error("missing-file", at, "no file specified").hint =
                Some("add `file: <artifact>/<path>`".to_owned());
        }
        file
    }

    /// The resource of a get or put, if it is named; checks that it exists.
    fn resource(&mut self, fields: &mut Fields<'n>, (name, at): (&str, Mark)) -> Option<String> {
        let at = fields.take("resource").map_or(at, |node| node.at);
        let resource = self.text_of(fields, "resource");
        let used = resource.as_deref().unwrap_or(name);
        self.uses.resources.insert(used.to_owned());
        if !used.is_empty() && !self.names.is_resource(used) {
            let hint = self.names.resource_like(used);
            self.error("unknown-resource", at, format!("unknown resource '{used}'")).hint = hint;
        }
        resource
    }

    /// The jobs that match `passed`, each once, in the order of patterns, then of the file.
    fn passed(&mut self, fields: &mut Fields<'n>, resource: &str) -> Vec<String> {
        let list = self.list_of(fields, "passed");
        let mut jobs: Vec<String> = Vec::new();
        self.within(".passed", |reader| {
            for node in list {
                let pattern = reader.text(node);
                let matching = reader.matching(&pattern);
                if matching.is_empty() && !(pattern.is_empty() && node.as_text().is_none()) {
                    let hint = reader.names.job_like(&pattern);
                    let message = format!("no matching job(s) for '{pattern}'");
                    reader.error("unknown-job", node.at, message).hint = hint;
                }
                for job in matching {
                    if !jobs.contains(&job) {
                        let path = reader.path.clone();
                        let resource = resource.to_owned();
                        let passed = PassedUse { job: job.clone(), resource, path, at: node.at };
                        reader.uses.passed.push(passed);
                        jobs.push(job);
                    }
                }
            }
        });
        jobs
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        if self.names.is_job(pattern) {
            return vec![pattern.to_owned()];
        }
        if !pattern.contains(['*', '?', '[', '\\']) {
            return Vec::new();
        }
        let Some(pattern) = Pattern::new(pattern, Style::Passed) else { return Vec::new() };
        let names = self.names.jobs.iter().filter(|name| pattern.matches(name));
        names.map(|name| (*name).to_owned()).collect()
    }

    fn version_mode(&mut self, fields: &mut Fields<'n>) -> VersionMode {
        let Some(node) = fields.take("version") else { return VersionMode::Latest };
        self.within(".version", |reader| match &node.data {
            Data::Map(_) => VersionMode::Pinned(reader.version(node)),
            Data::Text(text) => match &**text {
                "latest" => VersionMode::Latest,
                "every" => VersionMode::Every,
                other => {
                    let message = format!("`{other}` is no version mode and means `latest`");
                    reader.warning("unknown-version", node.at, message).hint = Some(
                        "write `latest`, `every`, or a map of the version's fields".to_owned(),
                    );
                    VersionMode::Latest
                }
            },
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) => {
                reader.mismatch(node, "`latest`, `every`, or a map");
                VersionMode::Latest
            }
        })
    }

    fn put_inputs(&mut self, fields: &mut Fields<'n>) -> PutInputs {
        let Some(node) = fields.take("inputs") else { return PutInputs::Detect };
        match &node.data {
            Data::Text(text) => match &**text {
                "all" => PutInputs::All,
                "detect" => PutInputs::Detect,
                other => {
                    let message = format!("inputs `{other}` mean no inputs at all");
                    self.warning("unknown-inputs", node.at, message).hint =
                        Some("write `all`, `detect`, or a list of artifacts".to_owned());
                    PutInputs::Named(Vec::new())
                }
            },
            Data::List(_) => {
                let names = self.texts_of(fields, "inputs");
                PutInputs::Named(names.iter().map(|name| name.trim().to_owned()).collect())
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Map(_) => {
                self.mismatch_of(node, "inputs", "`all`, `detect`, or a list");
                PutInputs::Detect
            }
        }
    }

    fn mismatch_of(&mut self, node: &Node, key: &str, expected: &str) {
        self.within(format_args!(".{key}"), |reader| reader.mismatch(node, expected));
    }
}

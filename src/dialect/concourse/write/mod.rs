//! Pipeline → the value of Concourse's config route, in which a pipeline is stored, compared
//! and sent. Reading its JSON gives the same pipeline again.
//!
//! *Follows:* how Concourse prints its configs: fields that say nothing are left out, durations
//! are in Go's form, `in_parallel` is always a map.

use std::collections::BTreeMap;

use crate::model::pipeline::{Display, Group, VarSource};
use crate::model::resource::CheckEvery;
use crate::model::step::{
    Across, GetStep, Hook, InFlight, InParallel, LoadVar, PutInputs, PutStep, RunStep, SetPipeline,
    TaskStep,
};
use crate::model::task::{ImageResource, Limits, Run};
use crate::model::time::format_duration;
use crate::model::version::VersionMode;
use crate::model::{Job, Map, Pipeline, Resource, ResourceType, Step, TaskConfig, Value, Version};

/// The pipeline as Concourse's config.
pub fn write(pipeline: &Pipeline) -> Value {
    let mut out = Object::default();
    out.list("groups", &pipeline.groups, group);
    out.list("var_sources", &pipeline.var_sources, var_source);
    out.list("resources", &pipeline.resources, resource);
    out.list("resource_types", &pipeline.resource_types, resource_type);
    out.list("prototypes", &pipeline.prototypes, resource_type);
    out.list("jobs", &pipeline.jobs, job);
    if let Some(display) = &pipeline.display {
        out.put("display", write_display(display));
    }
    if let Some(data) = &pipeline.user_data {
        out.put("user_data", data.clone());
    }
    out.done()
}

/// A step as Concourse's config.
pub fn write_step(step: &Step) -> Value {
    let mut out = Object::default();
    fill_step(step, &mut out);
    out.done()
}

/// A task's config as Concourse's.
pub fn write_task(config: &TaskConfig) -> Value {
    let mut out = Object::default();
    out.text("platform", &config.platform);
    out.maybe("rootfs_uri", &config.rootfs_uri);
    if let Some(image) = &config.image_resource {
        out.put("image_resource", image_resource(image));
    }
    out.limits(&config.limits);
    out.text_map("params", &config.params);
    if config.run != Run::default() {
        let mut run = Object::default();
        run.maybe("path", &config.run.path);
        run.texts("args", &config.run.args);
        run.maybe("dir", &config.run.dir);
        run.maybe("user", &config.run.user);
        out.put("run", run.done());
    }
    out.list("inputs", &config.inputs, |input| {
        let mut out = Object::default();
        out.always("name", &input.name);
        out.maybe("path", &input.path);
        out.truth("optional", input.optional);
        out.done()
    });
    out.list("outputs", &config.outputs, |output| {
        let mut out = Object::default();
        out.always("name", &output.name);
        out.maybe("path", &output.path);
        out.done()
    });
    out.list("caches", &config.caches, |cache| {
        let mut out = Object::default();
        out.text("path", &cache.path);
        if let Some(ttl) = cache.ttl {
            out.put("ttl", format_duration(ttl).into());
        }
        out.done()
    });
    out.done()
}

/// A map in the making; what says nothing is left out.
#[derive(Default)]
struct Object(Map);

impl Object {
    fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    fn always(&mut self, key: &str, text: &str) {
        self.put(key, text.into());
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.always(key, text);
        }
    }

    fn maybe(&mut self, key: &str, text: &Option<String>) {
        self.text(key, text.as_deref().unwrap_or_default());
    }

    fn truth(&mut self, key: &str, truth: bool) {
        if truth {
            self.put(key, true.into());
        }
    }

    fn count(&mut self, key: &str, count: i64) {
        if count != 0 {
            self.put(key, count.into());
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.put(key, list_of(texts));
        }
    }

    fn map(&mut self, key: &str, map: &Map) {
        if !map.is_empty() {
            self.put(key, Value::Map(map.clone()));
        }
    }

    /// A source: nothing is written as null.
    fn source(&mut self, source: &Map) {
        let value = if source.is_empty() { Value::Null } else { Value::Map(source.clone()) };
        self.put("source", value);
    }

    fn text_map(&mut self, key: &str, map: &BTreeMap<String, String>) {
        if !map.is_empty() {
            self.put(key, map_of(map));
        }
    }

    fn version(&mut self, version: &Option<Version>) {
        if let Some(version) = version {
            self.put("version", map_of(&version.0));
        }
    }

    fn check_every(&mut self, every: CheckEvery) {
        match every {
            CheckEvery::Default => {}
            CheckEvery::Never => self.always("check_every", "never"),
            CheckEvery::Every(span) => self.always("check_every", &format_duration(span)),
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let mut out = Object::default();
        let whole = |n: u64| crate::model::Number::new(&n.to_string());
        for (key, limit) in [("cpu", limits.cpu_shares), ("memory", limits.memory_bytes)] {
            if let Some(number) = limit.and_then(whole) {
                out.put(key, Value::Number(number));
            }
        }
        if !out.0.is_empty() {
            self.put("container_limits", out.done());
        }
    }

    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&T) -> Value) {
        if !items.is_empty() {
            self.put(key, Value::List(items.iter().map(write).collect()));
        }
    }

    fn hooks<'h>(&mut self, hooks: impl IntoIterator<Item = &'h Hook>) {
        for hook in hooks {
            self.put(hook.on.key(), write_step(&hook.step));
        }
    }

    fn done(self) -> Value {
        Value::Map(self.0)
    }
}

fn list_of(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|text| text.as_str().into()).collect())
}

fn map_of(map: &BTreeMap<String, String>) -> Value {
    Value::Map(map.iter().map(|(key, text)| (key.clone(), text.as_str().into())).collect())
}

fn group(group: &Group) -> Value {
    let mut out = Object::default();
    out.always("name", &group.name);
    out.texts("jobs", &group.jobs);
    out.texts("resources", &group.resources);
    out.done()
}

fn var_source(source: &VarSource) -> Value {
    let mut out = Object::default();
    out.always("name", &source.name);
    out.always("type", &source.kind);
    out.put("config", Value::Map(source.config.clone()));
    out.done()
}

fn resource(resource: &Resource) -> Value {
    let mut out = Object::default();
    out.always("name", &resource.name);
    out.maybe("old_name", &resource.old_name);
    out.always("type", &resource.kind);
    out.source(&resource.source);
    out.version(&resource.version);
    out.check_every(resource.check_every);
    out.maybe("check_timeout", &resource.check_timeout);
    out.texts("tags", &resource.tags);
    out.truth("public", resource.public);
    out.maybe("webhook_token", &resource.webhook_token);
    out.maybe("icon", &resource.icon);
    out.truth("expose_build_created_by", resource.expose_build_created_by);
    out.done()
}

fn resource_type(kind: &ResourceType) -> Value {
    let mut out = Object::default();
    out.always("name", &kind.name);
    out.always("type", &kind.kind);
    out.source(&kind.source);
    out.map("defaults", &kind.defaults);
    out.map("params", &kind.params);
    out.truth("privileged", kind.privileged);
    out.check_every(kind.check_every);
    out.texts("tags", &kind.tags);
    out.done()
}

fn write_display(display: &Display) -> Value {
    let mut out = Object::default();
    out.maybe("background_image", &display.background_image);
    out.maybe("background_filter", &display.background_filter);
    out.done()
}

fn job(job: &Job) -> Value {
    let mut out = Object::default();
    out.always("name", &job.name);
    out.maybe("old_name", &job.old_name);
    out.put("plan", Value::List(job.plan.iter().map(write_step).collect()));
    out.hooks(&job.hooks);
    out.truth("serial", job.serial);
    out.texts("serial_groups", &job.serial_groups);
    out.count("max_in_flight", job.max_in_flight.into());
    if let Some(retention) = &job.log_retention {
        let mut inner = Object::default();
        inner.count("builds", retention.builds);
        inner.count("minimum_succeeded_builds", retention.minimum_succeeded_builds);
        inner.count("days", retention.days);
        out.put("build_log_retention", inner.done());
    }
    if let Some(count) = job.logs_to_retain {
        out.put("build_logs_to_retain", count.into());
    }
    out.truth("disable_manual_trigger", job.disable_manual_trigger);
    out.truth("disable_reruns", job.disable_reruns);
    out.truth("interruptible", job.interruptible);
    out.truth("public", job.public);
    out.texts("tags", &job.tags);
    out.done()
}

/// Writes a step's keys; modifiers stand beside those of the step that they wrap.
fn fill_step(step: &Step, out: &mut Object) {
    match step {
        Step::Get(get) => fill_get(get, out),
        Step::Put(put) => fill_put(put, out),
        Step::Task(task) => fill_task(task, out),
        Step::Run(run) => fill_run(run, out),
        Step::SetPipeline(set) => fill_set_pipeline(set, out),
        Step::LoadVar(load) => fill_load_var(load, out),
        Step::Do(group) => {
            out.put("do", Value::List(group.steps.iter().map(write_step).collect()));
            out.texts("tags", &group.tags);
        }
        Step::InParallel(group) => fill_in_parallel(group, out),
        Step::Try(step) => out.put("try", write_step(step)),
        Step::Across(across) => {
            fill_step(&across.step, out);
            fill_across(across, out);
        }
        Step::Timeout(timeout) => {
            fill_step(&timeout.step, out);
            out.always("timeout", &format_duration(timeout.duration));
        }
        Step::Attempts(attempts) => {
            fill_step(&attempts.step, out);
            out.put("attempts", i64::from(attempts.attempts).into());
        }
        Step::Hooked(hooked) => {
            fill_step(&hooked.step, out);
            out.hooks([&hooked.hook]);
        }
    }
}

fn fill_get(get: &GetStep, out: &mut Object) {
    out.always("get", &get.name);
    out.maybe("resource", &get.resource);
    out.texts("passed", &get.passed);
    out.truth("trigger", get.trigger);
    match &get.version {
        VersionMode::Latest => {}
        VersionMode::Every => out.always("version", "every"),
        VersionMode::Pinned(version) => out.version(&Some(version.clone())),
    }
    out.map("params", &get.params);
    out.texts("tags", &get.tags);
    out.maybe("timeout", &get.timeout);
}

fn fill_put(put: &PutStep, out: &mut Object) {
    out.always("put", &put.name);
    out.maybe("resource", &put.resource);
    out.map("params", &put.params);
    match &put.inputs {
        PutInputs::Detect => {}
        PutInputs::All => out.always("inputs", "all"),
        PutInputs::Named(names) => out.put("inputs", list_of(names)),
    }
    out.map("get_params", &put.get_params);
    out.truth("no_get", put.no_get);
    out.texts("tags", &put.tags);
    out.maybe("timeout", &put.timeout);
}

fn fill_task(task: &TaskStep, out: &mut Object) {
    out.always("task", &task.name);
    if let Some(config) = &task.config {
        out.put("config", write_task(config));
    }
    out.maybe("file", &task.file);
    out.maybe("image", &task.image);
    out.truth("privileged", task.privileged);
    out.truth("hermetic", task.hermetic);
    out.map("params", &task.params);
    out.map("vars", &task.vars);
    out.limits(&task.limits);
    out.text_map("input_mapping", &task.input_mapping);
    out.text_map("output_mapping", &task.output_mapping);
    out.texts("tags", &task.tags);
    out.maybe("timeout", &task.timeout);
}

fn fill_run(run: &RunStep, out: &mut Object) {
    out.always("run", &run.message);
    out.always("type", &run.kind);
    out.map("params", &run.params);
    out.truth("privileged", run.privileged);
    out.texts("tags", &run.tags);
    out.limits(&run.limits);
    out.maybe("timeout", &run.timeout);
}

fn fill_set_pipeline(set: &SetPipeline, out: &mut Object) {
    out.always("set_pipeline", &set.name);
    out.text("file", &set.file);
    out.maybe("team", &set.team);
    out.map("vars", &set.vars);
    out.texts("var_files", &set.var_files);
    out.map("instance_vars", &set.instance_vars);
}

fn fill_load_var(load: &LoadVar, out: &mut Object) {
    out.always("load_var", &load.name);
    out.text("file", &load.file);
    out.maybe("format", &load.format);
    out.truth("reveal", load.reveal);
}

fn fill_in_parallel(group: &InParallel, out: &mut Object) {
    let mut inner = Object::default();
    inner.list("steps", &group.steps, write_step);
    inner.count("limit", group.limit.unwrap_or(0).into());
    inner.truth("fail_fast", group.fail_fast);
    out.put("in_parallel", inner.done());
    out.texts("tags", &group.tags);
}

fn fill_across(across: &Across, out: &mut Object) {
    out.list("across", &across.vars, |var| {
        let mut out = Object::default();
        out.always("var", &var.name);
        if var.values != Value::Null {
            out.put("values", var.values.clone());
        }
        match var.max_in_flight {
            InFlight::All => out.always("max_in_flight", "all"),
            InFlight::Limit(limit) if limit > 1 => out.count("max_in_flight", limit.into()),
            InFlight::Limit(_) => {}
        }
        out.done()
    });
    out.truth("fail_fast", across.fail_fast);
}

fn image_resource(image: &ImageResource) -> Value {
    let mut out = Object::default();
    out.always("name", image.name.as_deref().unwrap_or_default());
    out.always("type", &image.kind);
    out.source(&image.source);
    out.version(&image.version);
    out.map("params", &image.params);
    out.texts("tags", &image.tags);
    out.done()
}

#[cfg(test)]
mod tests;

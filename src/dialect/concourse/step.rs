//! Steps: which keys make which kind, and how modifiers wrap it.
//!
//! *Follows:* the order in which Concourse looks for keys. It is independent of the order in
//! the file: `ensure(on_error(on_abort(on_failure(on_success(across(attempts(core)))))))`.

use std::collections::{HashMap, HashSet};

use super::reader::{Fields, Reader, Unknown};
use crate::dialect::yaml::{Data, Entry, Mark, Node};
use crate::model::Step;
use crate::model::step::{
    Across, AcrossVar, Attempts, DoStep, Hook, HookOn, Hooked, InFlight, InParallel, Timeout,
};
use crate::model::var::is_reference;

/// What the steps of one job share.
#[derive(Default)]
pub(super) struct JobScope {
    /// Names of gets so far.
    pub gets: HashMap<String, Mark>,
    /// Names of local vars, one set for the job and one for each `across` around a step.
    vars: Vec<HashSet<String>>,
    /// Whether the next step stands directly in an `across`.
    pub is_across: bool,
}

impl JobScope {
    pub(super) fn new() -> Self {
        Self { vars: vec![HashSet::new()], ..Self::default() }
    }
}

/// How a kind of step is read: from the other keys, and the entry that makes the kind.
///
/// Steps are boxed on their way up: they are large, and steps nest.
type Read<'n> = fn(&mut Reader<'n>, &mut Fields<'n>, &'n Entry) -> Box<Step>;

/// Kinds that have a `timeout` of their own, in the order in which they are looked for. With
/// none of these, `timeout` wraps one of [`composed`].
fn timed<'n>() -> [(&'static str, Read<'n>); 4] {
    [
        ("run", Reader::run_step),
        ("task", Reader::task_step),
        ("put", Reader::put_step),
        ("get", Reader::get_step),
    ]
}

fn composed<'n>() -> [(&'static str, Read<'n>); 6] {
    [
        ("set_pipeline", Reader::set_pipeline_step),
        ("load_var", Reader::load_var_step),
        ("try", Reader::try_step),
        ("do", Reader::do_step),
        ("in_parallel", Reader::in_parallel_step),
        ("aggregate", Reader::aggregate_step),
    ]
}

impl<'n> Reader<'n> {
    /// One step; nothing if it is of no kind.
    pub(super) fn step(&mut self, node: &'n Node) -> Option<Box<Step>> {
        self.job.is_across = false;
        if node.is_null() {
            self.malformed(node.at, "no step configured");
            return None;
        }
        let mut fields = self.fields(node)?;
        let hooks = self.hook_entries(&mut fields);
        let across = fields.entry("across");
        let is_across = across.is_some();
        let step = if let Some(across) = across {
            let fail_fast = self.truth_of(&mut fields, "fail_fast");
            self.within(".across", |reader| {
                let vars = reader.across_vars(&across.value);
                reader.job.is_across = true;
                let step = reader.attempted(&mut fields);
                reader.job.is_across = false;
                reader.job.vars.pop();
                step.map(|step| Box::new(Step::Across(Across { step, vars, fail_fast })))
            })
        } else {
            self.attempted(&mut fields)
        };
        let is_modified =
            is_across || !hooks.is_empty() || fields.has("attempts") || fields.has("timeout");
        if step.is_none() && !self.has_kind(&fields) {
            let message = match is_modified {
                true => "no core step type declared (e.g. get, put, task, etc.)",
                false => "no step configured",
            };
            self.malformed(node.at, message);
            if let (Some(meant), Some(told)) = (fields.meant(), self.found.last_mut()) {
                told.hint = Some(format!("did you mean `{meant}`?"));
            }
        } else {
            self.finish(&fields, Unknown::RefusedInStep);
        }
        let hooks = self.hooks(hooks);
        step.map(|step| {
            hooks.into_iter().fold(step, |step, hook| Box::new(Step::Hooked(Hooked { step, hook })))
        })
    }

    /// The entries of hooks, innermost first.
    pub(super) fn hook_entries(&mut self, fields: &mut Fields<'n>) -> Vec<(HookOn, &'n Entry)> {
        HookOn::ALL.into_iter().filter_map(|on| Some((on, fields.entry(on.key())?))).collect()
    }

    /// Reads the steps of hooks.
    pub(super) fn hooks(&mut self, entries: Vec<(HookOn, &'n Entry)>) -> Vec<Hook> {
        let mut hooks = Vec::with_capacity(entries.len());
        for (on, entry) in entries {
            let step = self.within(format_args!(".{}", on.key()), |r| r.step(&entry.value));
            hooks.extend(step.map(|step| Hook { on, step }));
        }
        hooks
    }

    fn malformed(&mut self, at: Mark, message: &str) {
        self.is_malformed = true;
        self.error("no-step", at, message).hint = Some(
            "a step has one of `get`, `put`, `task`, `do`, `in_parallel`, `try`, `set_pipeline`, \
             `load_var`, `run`"
                .to_owned(),
        );
    }

    fn has_kind(&self, fields: &Fields<'n>) -> bool {
        timed().iter().chain(&composed()).any(|(key, _)| fields.has(key))
    }

    fn attempted(&mut self, fields: &mut Fields<'n>) -> Option<Box<Step>> {
        let attempts = fields.entry("attempts");
        let step = self.core(fields)?;
        let Some(entry) = attempts else { return Some(step) };
        let read = match &entry.value.data {
            Data::Number(number) => number.as_i64(),
            Data::Null => Some(0),
            Data::Bool(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => None,
        };
        let at = entry.value.at;
        let attempts = self.within(".attempts", |reader| match read {
            Some(attempts) if attempts > 0 => u32::try_from(attempts).unwrap_or(u32::MAX),
            Some(_) => {
                reader.error("not-positive", at, "must be greater than 0");
                1
            }
            None => {
                reader.mismatch(&entry.value, "a whole number");
                1
            }
        });
        Some(Box::new(Step::Attempts(Attempts { step, attempts })))
    }

    fn core(&mut self, fields: &mut Fields<'n>) -> Option<Box<Step>> {
        let was_loose = std::mem::replace(&mut self.is_loose, false);
        let step = self.core_of(fields);
        self.is_loose = was_loose;
        step
    }

    fn core_of(&mut self, fields: &mut Fields<'n>) -> Option<Box<Step>> {
        for (key, read) in timed() {
            if let Some(entry) = fields.entry(key) {
                return Some(read(self, fields, entry));
            }
        }
        let timeout = fields.entry("timeout");
        let step = composed().into_iter().find_map(|(key, read)| {
            let entry = fields.entry(key)?;
            Some(read(self, fields, entry))
        })?;
        let Some(entry) = timeout else { return Some(step) };
        let duration = self.within(".timeout", |reader| reader.duration(&entry.value));
        let duration = duration.unwrap_or_default();
        Some(Box::new(Step::Timeout(Timeout { step, duration })))
    }

    fn across_vars(&mut self, node: &'n Node) -> Vec<AcrossVar> {
        self.job.vars.push(HashSet::new());
        let list = match &node.data {
            Data::List(list) => &list[..],
            Data::Null => &[],
            Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) => {
                self.mismatch(node, "a list of vars");
                return Vec::new();
            }
        };
        if list.is_empty() {
            self.error("missing-vars", node.at, "no vars specified");
        }
        let mut vars = Vec::with_capacity(list.len());
        for (i, node) in list.iter().enumerate() {
            vars.extend(self.within(format_args!("[{i}]"), |reader| reader.across_var(node)));
        }
        vars
    }

    fn across_var(&mut self, node: &'n Node) -> Option<AcrossVar> {
        let mut fields = self.fields(node)?;
        let at = node.get("var").map_or(node.at, |name| name.at);
        let name = self.text_of(&mut fields, "var").unwrap_or_default();
        if name.is_empty() {
            self.error("missing-name", at, "has no var");
        } else {
            self.declare(&name, at);
        }
        let values = fields.take("values");
        match values.map(|node| (node, &node.data)) {
            None => {
                self.warning("missing-values", node.at, "has no values and will fail");
            }
            Some((_, Data::List(_))) => {}
            Some((_, Data::Text(text))) if is_reference(text) => {}
            Some((values, _)) => {
                self.within(".values", |r| r.mismatch(values, "a list, or a var that holds one"));
            }
        }
        let limit = fields.take("max_in_flight");
        let max_in_flight = limit.map_or(InFlight::Limit(1), |node| {
            self.within(".max_in_flight", |reader| reader.in_flight(node))
        });
        self.finish(&fields, Unknown::Refused);
        let values = values.map(Node::to_value).unwrap_or_default();
        Some(AcrossVar { name, values, max_in_flight })
    }

    fn in_flight(&mut self, node: &Node) -> InFlight {
        match &node.data {
            Data::Text(text) if &**text == "all" => InFlight::All,
            Data::Number(number) if number.as_i64().is_some() => {
                match number.as_i64().and_then(|limit| u32::try_from(limit).ok()) {
                    Some(limit) if limit > 0 => InFlight::Limit(limit),
                    Some(_) | None => {
                        self.error("not-positive", node.at, "must be greater than 0");
                        InFlight::Limit(1)
                    }
                }
            }
            _ => {
                self.mismatch(node, "a whole number or `all`");
                InFlight::Limit(1)
            }
        }
    }

    /// Notes a local var.
    pub(super) fn declare(&mut self, name: &str, at: Mark) {
        let (outer, own) = match self.job.vars.split_last() {
            Some((own, outer)) => (outer, own),
            None => return,
        };
        if own.contains(name) {
            self.error("repeated-var", at, "repeated var name");
            return;
        }
        if outer.iter().any(|scope| scope.contains(name)) {
            self.warning("var-shadowed", at, format!("shadows local var '{name}'"));
        }
        if let Some(own) = self.job.vars.last_mut() {
            own.insert(name.to_owned());
        }
    }

    fn try_step(&mut self, _: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let step = self.within(".try", |reader| reader.step(&entry.value));
        // A step that is none was told of, and keeps the pipeline from being used.
        Box::new(Step::Try(step.unwrap_or_else(|| Box::new(Step::Do(DoStep::default())))))
    }

    fn do_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let tags = self.tags_of(fields);
        let steps = self.within(".do", |reader| reader.steps(&entry.value, ""));
        Box::new(Step::Do(DoStep { steps, tags }))
    }

    /// Each step of a list, its path `<piece>[i]`.
    pub(super) fn steps(&mut self, node: &'n Node, piece: &str) -> Vec<Step> {
        let list = match &node.data {
            Data::List(list) => &list[..],
            Data::Null => &[],
            Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) => {
                self.mismatch(node, "a list of steps");
                &[]
            }
        };
        let mut steps = Vec::with_capacity(list.len());
        for (i, node) in list.iter().enumerate() {
            let step = self.within(format_args!("{piece}[{i}]"), |reader| reader.step(node));
            steps.extend(step.map(|step| *step));
        }
        steps
    }

    fn in_parallel_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let tags = self.tags_of(fields);
        self.within(".in_parallel", |reader| reader.parallel(&entry.value, tags))
    }

    fn aggregate_step(&mut self, fields: &mut Fields<'n>, entry: &'n Entry) -> Box<Step> {
        let message = "`aggregate` is read as `in_parallel`; Concourse 7 dropped it";
        self.warning("deprecated-step", entry.at, message).hint =
            Some("write `in_parallel`".to_owned());
        self.in_parallel_step(fields, entry)
    }

    fn parallel(&mut self, node: &'n Node, tags: Vec<String>) -> Box<Step> {
        let plain = !matches!(node.data, Data::Map(_));
        if plain {
            let steps = self.steps(node, ".steps");
            return Box::new(Step::InParallel(InParallel { steps, tags, ..InParallel::default() }));
        }
        let Some(mut fields) = self.fields(node) else {
            return Box::new(Step::InParallel(InParallel::default()));
        };
        let limit = self.whole_of(&mut fields, "limit").unwrap_or_default();
        let steps = fields.take("steps").map(|steps| self.steps(steps, ".steps"));
        let step = InParallel {
            steps: steps.unwrap_or_default(),
            limit: u32::try_from(limit).ok().filter(|limit| *limit > 0),
            fail_fast: self.truth_of(&mut fields, "fail_fast"),
            tags,
        };
        self.finish(&fields, Unknown::Ignored);
        Box::new(Step::InParallel(step))
    }
}

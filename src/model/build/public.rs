//! The form of a plan that people see: no sources, no params, no commands.
//!
//! *Follows:* `atc/public_plan.go`.

use super::plan::{AcrossPlan, GetVersion, Plan, PlanKind};
use crate::model::Value;
use crate::model::time::format_duration;
use crate::model::value::Map;

impl Plan {
    /// The node as the API and events show it.
    pub fn public(&self) -> Value {
        let mut node = object([("id", self.id.0.as_str().into())]);
        let list = |steps: &[Plan]| Value::List(steps.iter().map(Plan::public).collect());
        let (key, value) = match &self.kind {
            PlanKind::Check(check) => {
                let name = check.name.as_str().into();
                ("check", of([("name", name), ("type", check.resource_type.as_str().into())]))
            }
            PlanKind::Get(get) => {
                let mut out = object([
                    ("name", get.name.as_str().into()),
                    ("type", get.resource_type.as_str().into()),
                    ("resource", get.resource.as_str().into()),
                ]);
                if let GetVersion::Fixed(version) = &get.version {
                    let fields = version.0.iter().map(|(k, v)| (k.clone(), v.as_str().into()));
                    out.insert("version".to_owned(), Value::Map(fields.collect()));
                }
                ("get", Value::Map(out))
            }
            PlanKind::Put(put) => {
                let out = of([
                    ("name", put.name.as_str().into()),
                    ("type", put.resource_type.as_str().into()),
                    ("resource", put.resource.as_str().into()),
                ]);
                ("put", out)
            }
            PlanKind::Task(task) => {
                let out = of([
                    ("name", task.step.name.as_str().into()),
                    ("privileged", task.step.privileged.into()),
                    ("hermetic", task.step.hermetic.into()),
                ]);
                ("task", out)
            }
            PlanKind::Run(run) => {
                let out = of([
                    ("message", run.message.as_str().into()),
                    ("type", run.kind.as_str().into()),
                    ("privileged", run.privileged.into()),
                ]);
                ("run", out)
            }
            PlanKind::SetPipeline(set) => {
                let instance_vars = match set.instance_vars.is_empty() {
                    true => Value::Null,
                    false => Value::Map(set.instance_vars.clone()),
                };
                let out = of([
                    ("name", set.name.as_str().into()),
                    ("team", set.team.clone().unwrap_or_default().into()),
                    ("instance_vars", instance_vars),
                ]);
                ("set_pipeline", out)
            }
            PlanKind::LoadVar(load) => ("load_var", of([("name", load.name.as_str().into())])),
            PlanKind::Do(steps) => ("do", list(steps)),
            PlanKind::Retry(attempts) => ("retry", list(attempts)),
            PlanKind::InParallel { steps, limit, fail_fast } => {
                let mut out = object([("steps", list(steps))]);
                out.extend(limit.map(|limit| ("limit".to_owned(), i64::from(limit).into())));
                out.extend(fail_fast.then(|| ("fail_fast".to_owned(), true.into())));
                ("in_parallel", Value::Map(out))
            }
            PlanKind::Across(across) => ("across", across_node(across)),
            PlanKind::Try(step) => ("try", of([("step", step.public())])),
            PlanKind::Timeout { step, duration } => {
                let duration = format_duration(*duration).into();
                ("timeout", of([("step", step.public()), ("duration", duration)]))
            }
            PlanKind::Hooked { step, on, hook } => {
                (on.key(), of([("step", step.public()), (on.key(), hook.public())]))
            }
        };
        node.insert(key.to_owned(), value);
        Value::Map(node)
    }
}

fn across_node(across: &AcrossPlan) -> Value {
    let vars = across.vars.iter().map(|var| of([("name", var.name.as_str().into())]));
    let mut out = object([("vars", Value::List(vars.collect()))]);
    out.extend(across.fail_fast.then(|| ("fail_fast".to_owned(), true.into())));
    Value::Map(out)
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn of<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(object(fields))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::PlanId;
    use crate::model::step::{HookOn, LoadVar};

    #[test]
    fn nodes_show_what_they_are_and_no_more() {
        let node = |id: &str, kind| Box::new(Plan { id: PlanId::from(id), attempt: vec![], kind });
        let load = |name: &str| {
            let file = "secret/file".to_owned();
            PlanKind::LoadVar(LoadVar { name: name.to_owned(), file, ..LoadVar::default() })
        };
        let duration = Duration::from_secs(90);
        let timeout = PlanKind::Timeout { step: node("1", load("a")), duration };
        let group = PlanKind::InParallel {
            steps: vec![*node("2", timeout)],
            limit: Some(3),
            fail_fast: false,
        };
        let (step, hook) = (node("3", group), node("4", load("b")));
        let plan = node("5", PlanKind::Hooked { step, on: HookOn::Failure, hook });
        assert_eq!(
            plan.public().to_json(),
            concat!(
                r#"{"id":"5","on_failure":{"on_failure":{"id":"4","load_var":{"name":"b"}},"#,
                r#""step":{"id":"3","in_parallel":{"limit":3,"steps":[{"id":"2","timeout":"#,
                r#"{"duration":"1m30s","step":{"id":"1","load_var":{"name":"a"}}}}]}}}}"#
            )
        );
    }
}

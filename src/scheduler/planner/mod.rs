//! A job and the versions of its inputs become a plan.
//!
//! Ids count up in lower-case hexadecimal, inner nodes before those around them, from left to
//! right. References stay unfilled.
//!
//! *Follows:* `atc/builds/planner.go` and `atc/plan_factory.go` of Concourse.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::build::{
    AcrossPlan, CheckPlan, GetPlan, GetVersion, ImagePlans, Plan, PlanKind, PutPlan, TaskPlan,
    TypeImage,
};
use crate::model::resource::Resource;
use crate::model::step::{GetStep, Hook, HookOn, PutStep, RunStep, Step, TaskStep};
use crate::model::value::Map;
use crate::model::{Job, Pipeline, PlanId, ResourceType, Version};

/// Why a job has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A step names a resource that the pipeline lacks.
    #[error("the pipeline has no resource `{resource}`")]
    UnknownResource {
        /// Its name.
        resource: String,
    },
    /// A get has no version.
    #[error("no version was chosen for input `{input}`")]
    NoVersion {
        /// The input's name.
        input: String,
    },
    /// A run step names a prototype that the pipeline lacks.
    #[error("the pipeline has no prototype `{prototype}`")]
    UnknownPrototype {
        /// Its name.
        prototype: String,
    },
}

/// Makes the plan of a build: the job's steps with the versions of its inputs, by name.
///
/// # Errors
/// When the job and the pipeline do not fit together, or a get has no version.
pub fn plan(
    job: &Job,
    pipeline: &Pipeline,
    inputs: &BTreeMap<String, Version>,
) -> Result<Plan, PlanError> {
    let mut planner = Planner { pipeline, inputs, n_nodes: 0 };
    let place = Place { tags: &job.tags, attempt: &[] };
    let steps = planner.steps(&job.plan, place)?;
    let mut plan = planner.node(place, PlanKind::Do(steps));
    for on in HookOn::ALL {
        for hook in job.hooks.iter().filter(|hook| hook.on == on) {
            plan = planner.hooked(plan, hook, place)?;
        }
    }
    Ok(plan)
}

/// Makes the plan of a check of a resource, from a version on if one is given.
///
/// # Errors
/// When the pipeline lacks the resource.
pub fn plan_check(
    resource: &str,
    pipeline: &Pipeline,
    from: Option<Version>,
) -> Result<Plan, PlanError> {
    let mut planner = Planner { pipeline, inputs: &BTreeMap::new(), n_nodes: 0 };
    let resource = planner.resource(resource)?;
    let check = CheckPlan {
        name: resource.name.clone(),
        resource_type: resource.kind.clone(),
        source: source(resource, pipeline),
        image: image(&resource.kind, pipeline),
        from,
        timeout: resource.check_timeout.clone(),
        tags: resource.tags.clone(),
    };
    Ok(planner.node(Place { tags: &[], attempt: &[] }, PlanKind::Check(check)))
}

struct Planner<'a> {
    pipeline: &'a Pipeline,
    inputs: &'a BTreeMap<String, Version>,
    n_nodes: u64,
}

/// What a step has from the steps around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Worker tags of steps that have none.
    tags: &'a [String],
    /// The attempts that it belongs to, outermost first.
    attempt: &'a [u32],
}

impl<'a> Place<'a> {
    fn or_tags(self, own: &'a [String]) -> Self {
        if own.is_empty() { self } else { Self { tags: own, ..self } }
    }

    fn tags(self, own: &[String]) -> Vec<String> {
        if own.is_empty() { self.tags.to_vec() } else { own.to_vec() }
    }
}

impl<'a> Planner<'a> {
    fn node(&mut self, place: Place<'_>, kind: PlanKind) -> Plan {
        self.n_nodes += 1;
        let id = PlanId(format!("{:x}", self.n_nodes));
        Plan { id, attempt: place.attempt.to_vec(), kind }
    }

    fn steps(&mut self, steps: &[Step], place: Place<'_>) -> Result<Vec<Plan>, PlanError> {
        steps.iter().map(|step| self.step(step, place)).collect()
    }

    fn step(&mut self, step: &Step, place: Place<'_>) -> Result<Plan, PlanError> {
        let kind = match step {
            Step::Get(get) => self.get(get, place)?,
            Step::Put(put) => return self.put(put, place),
            Step::Task(task) => self.task(task, place),
            Step::Run(run) => self.run(run, place)?,
            Step::SetPipeline(set) => PlanKind::SetPipeline(set.clone()),
            Step::LoadVar(load) => PlanKind::LoadVar(load.clone()),
            Step::Do(group) => PlanKind::Do(self.steps(&group.steps, place.or_tags(&group.tags))?),
            Step::InParallel(group) => PlanKind::InParallel {
                steps: self.steps(&group.steps, place.or_tags(&group.tags))?,
                limit: group.limit,
                fail_fast: group.fail_fast,
            },
            Step::Across(across) => PlanKind::Across(AcrossPlan {
                step: Box::new(self.step(&across.step, place)?),
                vars: across.vars.clone(),
                fail_fast: across.fail_fast,
            }),
            Step::Try(step) => PlanKind::Try(Box::new(self.step(step, place)?)),
            Step::Timeout(timeout) => PlanKind::Timeout {
                step: Box::new(self.step(&timeout.step, place)?),
                duration: timeout.duration,
            },
            Step::Attempts(attempts) => {
                let mut steps = Vec::new();
                for n in 1..=attempts.attempts {
                    let attempt = [place.attempt, &[n]].concat();
                    steps.push(self.step(&attempts.step, Place { attempt: &attempt, ..place })?);
                }
                PlanKind::Retry(steps)
            }
            Step::Hooked(hooked) => {
                let plan = self.step(&hooked.step, place)?;
                return self.hooked(plan, &hooked.hook, place);
            }
        };
        Ok(self.node(place, kind))
    }

    fn hooked(&mut self, plan: Plan, hook: &Hook, place: Place<'_>) -> Result<Plan, PlanError> {
        let after = self.step(&hook.step, place)?;
        let (step, hook_plan) = (Box::new(plan), Box::new(after));
        Ok(self.node(place, PlanKind::Hooked { step, on: hook.on, hook: hook_plan }))
    }

    fn get(&self, get: &GetStep, place: Place<'_>) -> Result<PlanKind, PlanError> {
        let resource = self.resource(get.resource())?;
        let version = self
            .inputs
            .get(&get.name)
            .ok_or_else(|| PlanError::NoVersion { input: get.name.clone() })?;
        Ok(PlanKind::Get(GetPlan {
            name: get.name.clone(),
            resource: resource.name.clone(),
            resource_type: resource.kind.clone(),
            source: source(resource, self.pipeline),
            params: get.params.clone(),
            version: GetVersion::Fixed(version.clone()),
            image: image(&resource.kind, self.pipeline),
            timeout: get.timeout.clone(),
            tags: place.tags(&get.tags),
        }))
    }

    fn put(&mut self, put: &PutStep, place: Place<'_>) -> Result<Plan, PlanError> {
        let resource = self.resource(put.resource())?;
        let kind = PlanKind::Put(PutPlan {
            name: put.name.clone(),
            resource: resource.name.clone(),
            resource_type: resource.kind.clone(),
            source: source(resource, self.pipeline),
            params: put.params.clone(),
            inputs: put.inputs.clone(),
            expose_build_created_by: resource.expose_build_created_by,
            image: image(&resource.kind, self.pipeline),
            timeout: put.timeout.clone(),
            tags: place.tags(&put.tags),
        });
        let node = self.node(place, kind);
        if put.no_get {
            return Ok(node);
        }
        let get = PlanKind::Get(GetPlan {
            name: put.name.clone(),
            resource: resource.name.clone(),
            resource_type: resource.kind.clone(),
            source: source(resource, self.pipeline),
            params: put.get_params.clone(),
            version: GetVersion::From(node.id.clone()),
            image: image(&resource.kind, self.pipeline),
            timeout: put.timeout.clone(),
            tags: place.tags(&put.tags),
        });
        let (step, hook) = (Box::new(node), Box::new(self.node(place, get)));
        Ok(self.node(place, PlanKind::Hooked { step, on: HookOn::Success, hook }))
    }

    fn task(&self, task: &TaskStep, place: Place<'_>) -> PlanKind {
        let mut step = task.clone();
        step.tags = place.tags(&task.tags);
        if let Some(image) = step.config.as_mut().and_then(|config| config.image_resource.as_mut())
            && let Some(kind) = self.pipeline.resource_type(&image.kind)
        {
            image.source = with_defaults(&image.source, &kind.defaults);
        }
        let types = &self.pipeline.resource_types;
        let image_types = types.iter().map(|kind| type_image(kind, &others(types, kind))).collect();
        PlanKind::Task(TaskPlan { step, image_types })
    }

    fn run(&self, run: &RunStep, place: Place<'_>) -> Result<PlanKind, PlanError> {
        let prototype = self
            .pipeline
            .prototypes
            .iter()
            .find(|prototype| prototype.name == run.kind)
            .ok_or_else(|| PlanError::UnknownPrototype { prototype: run.kind.clone() })?;
        let mut step = run.clone();
        step.params = with_defaults(&run.params, &prototype.defaults);
        step.tags = place.tags(&run.tags);
        Ok(PlanKind::Run(step))
    }

    fn resource(&self, name: &str) -> Result<&'a Resource, PlanError> {
        self.pipeline
            .resource(name)
            .ok_or_else(|| PlanError::UnknownResource { resource: name.to_owned() })
    }
}

/// The source with the defaults of the resource's type.
fn source(resource: &Resource, pipeline: &Pipeline) -> Map {
    match pipeline.resource_type(&resource.kind) {
        Some(kind) => with_defaults(&resource.source, &kind.defaults),
        None => resource.source.clone(),
    }
}

fn with_defaults(source: &Map, defaults: &Map) -> Map {
    let mut all = defaults.clone();
    all.extend(source.iter().map(|(key, value)| (key.clone(), value.clone())));
    all
}

/// The custom types from `kind` down to a built-in one. A type is never its own image's type,
/// so the way down ends.
fn image(kind: &str, pipeline: &Pipeline) -> ImagePlans {
    let mut types: Vec<&ResourceType> = pipeline.resource_types.iter().collect();
    let mut chain = Vec::new();
    let mut wanted = kind;
    while let Some(i) = types.iter().position(|kind| kind.name == wanted) {
        let found = types.remove(i);
        chain.push(type_image(found, &types));
        wanted = &found.kind;
    }
    ImagePlans { chain }
}

fn others<'t>(types: &'t [ResourceType], kind: &ResourceType) -> Vec<&'t ResourceType> {
    types.iter().filter(|other| other.name != kind.name).collect()
}

/// The type with the defaults that its image's type gives its source.
fn type_image(kind: &ResourceType, others: &[&ResourceType]) -> TypeImage {
    let parent = others.iter().find(|other| other.name == kind.kind);
    TypeImage {
        name: kind.name.clone(),
        kind: kind.kind.clone(),
        source: parent
            .map_or_else(|| kind.source.clone(), |p| with_defaults(&kind.source, &p.defaults)),
        params: kind.params.clone(),
        privileged: kind.privileged,
        check_every: kind.check_every,
        tags: kind.tags.clone(),
        defaults: kind.defaults.clone(),
    }
}

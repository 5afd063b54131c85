//! What a build will do: the job's steps with all versions fixed and every node with an id.
//!
//! *Follows:* Concourse's build plans. Ids count up in lower-case hexadecimal, inner nodes
//! first. References stay unfilled: a plan is stored, and no secret ever is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::resource::CheckEvery;
use crate::model::step::{AcrossVar, HookOn, LoadVar, PutInputs, RunStep, SetPipeline, TaskStep};
use crate::model::value::Map;
use crate::model::{PlanId, Version};

/// A node of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Which attempt it belongs to, outermost first; empty outside of attempts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempt: Vec<u32>,
    /// What it does.
    #[serde(flatten)]
    pub kind: PlanKind,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Looks for versions.
    Check(CheckPlan),
    /// Brings a version in.
    Get(GetPlan),
    /// Sends something out.
    Put(PutPlan),
    /// Runs a command.
    Task(TaskPlan),
    /// Sends a message to a prototype.
    Run(RunStep),
    /// Sets a pipeline.
    SetPipeline(SetPipeline),
    /// Reads a local var.
    LoadVar(LoadVar),
    /// One after the other.
    Do(Vec<Plan>),
    /// Side by side.
    InParallel {
        /// The nodes, in the order in which they start.
        steps: Vec<Plan>,
        /// How many at a time; all without.
        limit: Option<u32>,
        /// Whether the first that does not succeed ends the others.
        fail_fast: bool,
    },
    /// One for each combination of values; made when it starts.
    Across(AcrossPlan),
    /// One node an attempt, all alike but for their ids.
    Retry(Vec<Plan>),
    /// Its failure does not count.
    Try(Box<Plan>),
    /// With a limit of time.
    Timeout {
        /// The node.
        step: Box<Plan>,
        /// The limit.
        duration: Duration,
    },
    /// With another that follows it.
    Hooked {
        /// The node.
        step: Box<Plan>,
        /// After which outcomes the hook runs.
        on: HookOn,
        /// The hook.
        hook: Box<Plan>,
    },
}

/// Where the image of a custom resource type comes from: the chain of types down to a
/// built-in one, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImagePlans {
    /// The types, each the type of the image of the one before.
    pub chain: Vec<TypeImage>,
}

/// One custom type of an image chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeImage {
    /// The type's name.
    pub name: String,
    /// The name of the type of its image.
    pub kind: String,
    /// The source of its image, defaults included.
    pub source: Map,
    /// Params of the get of its image.
    pub params: Map,
    /// Whether scripts of this type run privileged.
    pub privileged: bool,
    /// How often the image is checked.
    pub check_every: CheckEvery,
    /// Worker tags of its fetch; without, those of the step that uses it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What sources of this type have unless they say otherwise.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub defaults: Map,
}

/// A check node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPlan {
    /// The name of the resource.
    pub name: String,
    /// The resource's type as the pipeline names it.
    pub resource_type: String,
    /// The source, with the type's defaults, unfilled.
    pub source: Map,
    /// Images of custom types.
    pub image: ImagePlans,
    /// The version to look on from.
    pub from: Option<Version>,
    /// The limit of time, as written.
    pub timeout: Option<String>,
    /// Worker tags.
    pub tags: Vec<String>,
}

/// A get node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetPlan {
    /// The name of step and artifact.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// The resource's type as the pipeline names it.
    pub resource_type: String,
    /// The source, with the type's defaults, unfilled.
    pub source: Map,
    /// The params, unfilled.
    pub params: Map,
    /// The version.
    pub version: GetVersion,
    /// Images of custom types.
    pub image: ImagePlans,
    /// The limit of time, as written.
    pub timeout: Option<String>,
    /// Worker tags.
    pub tags: Vec<String>,
}

/// Which version a get node brings in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GetVersion {
    /// This one.
    Fixed(Version),
    /// The one that the put node of that id made.
    From(PlanId),
}

/// A put node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutPlan {
    /// The step's name.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// The resource's type as the pipeline names it.
    pub resource_type: String,
    /// The source, with the type's defaults, unfilled.
    pub source: Map,
    /// The params, unfilled.
    pub params: Map,
    /// Which artifacts it sees.
    pub inputs: PutInputs,
    /// Whether it learns who made the build.
    pub expose_build_created_by: bool,
    /// Images of custom types.
    pub image: ImagePlans,
    /// The limit of time, as written.
    pub timeout: Option<String>,
    /// Worker tags.
    pub tags: Vec<String>,
}

/// A task node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPlan {
    /// The step as configured.
    #[serde(flatten)]
    pub step: TaskStep,
    /// The pipeline's own resource types, for the image of the task.
    pub image_types: Vec<TypeImage>,
}

/// An across node: the node inside still holds `((.:var))`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcrossPlan {
    /// The vars; the first changes slowest.
    pub vars: Vec<AcrossVar>,
    /// What is done for each combination.
    pub step: Box<Plan>,
    /// Whether the first combination that does not succeed ends the others.
    pub fail_fast: bool,
}

impl Plan {
    /// The nodes directly inside, in the order in which they are shown.
    pub fn children(&self) -> Vec<&Plan> {
        match &self.kind {
            PlanKind::Check(_)
            | PlanKind::Get(_)
            | PlanKind::Put(_)
            | PlanKind::Task(_)
            | PlanKind::Run(_)
            | PlanKind::SetPipeline(_)
            | PlanKind::LoadVar(_) => Vec::new(),
            PlanKind::Do(steps) | PlanKind::Retry(steps) => steps.iter().collect(),
            PlanKind::InParallel { steps, .. } => steps.iter().collect(),
            PlanKind::Across(across) => vec![&across.step],
            PlanKind::Try(step) | PlanKind::Timeout { step, .. } => vec![step],
            PlanKind::Hooked { step, hook, .. } => vec![step, hook],
        }
    }

    /// Calls `visit` with this node, then with those inside it, in the order of
    /// [`Plan::children`]. Nodes may be changed.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Plan)) {
        visit(self);
        match &mut self.kind {
            PlanKind::Check(_)
            | PlanKind::Get(_)
            | PlanKind::Put(_)
            | PlanKind::Task(_)
            | PlanKind::Run(_)
            | PlanKind::SetPipeline(_)
            | PlanKind::LoadVar(_) => {}
            PlanKind::Do(steps) | PlanKind::Retry(steps) | PlanKind::InParallel { steps, .. } => {
                steps.iter_mut().for_each(|step| step.walk_mut(visit));
            }
            PlanKind::Across(across) => across.step.walk_mut(visit),
            PlanKind::Try(step) | PlanKind::Timeout { step, .. } => step.walk_mut(visit),
            PlanKind::Hooked { step, hook, .. } => {
                step.walk_mut(visit);
                hook.walk_mut(visit);
            }
        }
    }

    /// Calls `visit` with this node, then with those inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Plan)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn a_plan_survives_the_store() {
        let task = Plan {
            id: PlanId::from("1"),
            attempt: vec![1, 2],
            kind: PlanKind::Task(TaskPlan {
                step: TaskStep {
                    name: "unit".to_owned(),
                    params: Map::from([("N".to_owned(), Value::from(18))]),
                    ..TaskStep::default()
                },
                image_types: Vec::new(),
            }),
        };
        let limited = PlanKind::Timeout { step: Box::new(task), duration: Duration::from_secs(90) };
        let group = PlanKind::InParallel {
            steps: vec![Plan { id: PlanId::from("2"), attempt: Vec::new(), kind: limited }],
            limit: Some(3),
            fail_fast: true,
        };
        let plan = Plan { id: PlanId::from("3"), attempt: Vec::new(), kind: group };
        let text = serde_json::to_string(&plan).expect("prints");
        let read: Plan = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(read, plan);
    }
}

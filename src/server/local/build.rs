//! Builds of a core in this process.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use super::Local;
use super::pipeline::{changes, estimate};
use crate::control::{
    BuildActs, BuildDetail, BuildReads, BuildSummary, Error, FirstCause, NamedVersion, PublicKind,
    PublicPlan, Result,
};
use crate::model::build::{Event, GetVersion, Plan, PlanKind, Status};
use crate::model::{BuildId, PlanId, Timestamp};
use crate::store::build::{BuildRow, InputRow, OutputRow};

#[async_trait]
impl BuildReads for Local {
    async fn build(&self, build: BuildId) -> Result<BuildDetail> {
        let store = &self.core.store;
        let row = store.build(build).await?.ok_or_else(|| Error::not_found("build", build))?;
        let inputs = store.build_inputs(build).await?;
        let last_green = store.last_green_before(build).await?;
        let (changes, usual_steps) = match &last_green {
            Some(green) => (
                changes(&store.build_inputs(green.id).await?, &inputs),
                self.step_durations(green.id).await?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        let job = match &row.job {
            Some((job, _)) => store.job_by_id(*job).await?,
            None => None,
        };
        let waiting = match &job {
            Some(job) if row.status == Status::Pending => self.why_waiting(job.id).await?,
            Some(_) | None => None,
        };
        Ok(BuildDetail {
            summary: summary(&row),
            plan: store.build_plan(build).await?.map(|plan| public(&plan)),
            inputs: inputs.into_iter().map(input).collect(),
            outputs: store.build_outputs(build).await?.into_iter().map(output).collect(),
            last_green: last_green.as_ref().map(summary),
            changes,
            made_by: store.made_by(build).await?.as_ref().map(summary),
            waiting,
            estimate: job.as_ref().and_then(estimate),
            usual_steps,
            worker: row.started_at.map(|_| self.core.worker.clone()),
        })
    }

    async fn running_builds(&self) -> Result<Vec<BuildSummary>> {
        Ok(self.core.store.running_builds().await?.iter().map(summary).collect())
    }
}

#[async_trait]
impl BuildActs for Local {
    async fn abort_build(&self, build: BuildId) -> Result<()> {
        self.core.store.abort_build(build, &self.user).await?;
        Ok(())
    }
}

impl Local {
    /// How long each step of a build took, by its kind and name.
    async fn step_durations(&self, build: BuildId) -> Result<Vec<(String, Duration)>> {
        let Some(plan) = self.core.store.build_plan(build).await? else { return Ok(Vec::new()) };
        let mut names = HashMap::new();
        plan.walk(&mut |node| {
            let name = match &node.kind {
                PlanKind::Get(get) => format!("get {}", get.name),
                PlanKind::Put(put) => format!("put {}", put.name),
                PlanKind::Task(task) => format!("task {}", task.step.name),
                _ => return,
            };
            names.insert(node.id.clone(), name);
        });
        let mut begun: HashMap<PlanId, Timestamp> = HashMap::new();
        let mut took = Vec::new();
        let mut reader = self.core.store.read_events(build, 0).await?;
        while let Some(envelopes) = reader.next().await? {
            for envelope in envelopes {
                match &envelope.event {
                    Event::InitializeGet { origin, .. }
                    | Event::InitializePut { origin, .. }
                    | Event::InitializeTask { origin, .. } => {
                        begun.insert(origin.id.clone(), envelope.at);
                    }
                    Event::FinishGet { origin, .. }
                    | Event::FinishPut { origin, .. }
                    | Event::FinishTask { origin, .. } => {
                        if let (Some(name), Some(since)) =
                            (names.get(&origin.id), begun.get(&origin.id))
                        {
                            took.push((name.clone(), envelope.at.since(*since)));
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(took)
    }
}

pub(super) fn summary(row: &BuildRow) -> BuildSummary {
    BuildSummary {
        id: row.id,
        name: row.name.clone(),
        pipeline: row.pipeline.as_ref().map(|(_, pipeline)| pipeline.clone()),
        job: row.job.as_ref().map(|(_, job)| job.clone()),
        status: row.status,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        created_by: row.created_by.clone(),
        aborted_by: row.aborted_by.clone(),
        is_aborting: row.is_aborting,
        cause: row.cause.as_ref().map(|cause| FirstCause {
            plan: cause.plan.clone(),
            step: cause.step.clone(),
            exit_status: cause.exit_status,
            line: cause.line.clone(),
            after: cause.after,
        }),
    }
}

fn input(row: InputRow) -> NamedVersion {
    NamedVersion {
        name: row.name,
        resource: row.resource_name,
        version: row.version,
        metadata: row.metadata,
        is_first_occurrence: row.is_first_occurrence,
    }
}

fn output(row: OutputRow) -> NamedVersion {
    NamedVersion {
        name: row.name,
        resource: row.resource_name,
        version: row.version,
        metadata: row.metadata,
        is_first_occurrence: false,
    }
}

/// A plan as anybody may see it.
fn public(plan: &Plan) -> PublicPlan {
    let all = |steps: &[Plan]| steps.iter().map(public).collect();
    let kind = match &plan.kind {
        PlanKind::Check(check) => PublicKind::Check { name: check.name.clone() },
        PlanKind::Get(get) => PublicKind::Get {
            name: get.name.clone(),
            resource: get.resource.clone(),
            resource_type: get.resource_type.clone(),
            version: match &get.version {
                GetVersion::Fixed(version) => Some(version.clone()),
                GetVersion::From(_) => None,
            },
        },
        PlanKind::Put(put) => PublicKind::Put {
            name: put.name.clone(),
            resource: put.resource.clone(),
            resource_type: put.resource_type.clone(),
        },
        PlanKind::Task(task) => PublicKind::Task { name: task.step.name.clone() },
        PlanKind::Run(run) => {
            PublicKind::Run { message: run.message.clone(), prototype: run.kind.clone() }
        }
        PlanKind::SetPipeline(set) => PublicKind::SetPipeline { name: set.name.clone() },
        PlanKind::LoadVar(load) => PublicKind::LoadVar { name: load.name.clone() },
        PlanKind::Do(steps) => PublicKind::Do(all(steps)),
        PlanKind::InParallel { steps, limit, fail_fast } => {
            PublicKind::InParallel { steps: all(steps), limit: *limit, fail_fast: *fail_fast }
        }
        PlanKind::Across(across) => {
            PublicKind::Across { vars: across.vars.iter().map(|var| var.name.clone()).collect() }
        }
        PlanKind::Retry(attempts) => PublicKind::Retry(all(attempts)),
        PlanKind::Try(step) => PublicKind::Try(Box::new(public(step))),
        PlanKind::Timeout { step, duration } => {
            PublicKind::Timeout { step: Box::new(public(step)), duration: *duration }
        }
        PlanKind::Hooked { step, on, hook } => PublicKind::Hooked {
            step: Box::new(public(step)),
            on: *on,
            hook: Box::new(public(hook)),
        },
    };
    PublicPlan { id: plan.id.clone(), kind }
}

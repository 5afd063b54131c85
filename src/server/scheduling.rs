//! The schedule pass: jobs that are due get what the scheduler decides for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::pass::SAFETY_NET;
use super::{Core, checking, report};
use crate::control::{Waiting, WaitingFor};
use crate::model::build::Status;
use crate::model::{BuildId, JobId, PipelineId, Version};
use crate::scheduler::explain::{Names, ObstacleKind, explain};
use crate::scheduler::facts::{ChosenInput, JobFacts};
use crate::scheduler::{self, Decision, Resolution};
use crate::store::build::CauseRow;
use crate::store::facts::FIRST_PAGE;
use crate::store::job::{DueJob, NextInput, NextInputs};
use crate::store::{Store, StoreError};

/// How often a job is looked at again at once before others get their turn.
const MOST_LOOKS: usize = 100;

/// Runs the pass until it is told to stop.
pub async fn run(core: Arc<Core>, stop: CancellationToken) {
    loop {
        if let Err(error) = round(&core).await {
            report("schedule", &error);
        }
        let next = core.clock.now() + SAFETY_NET;
        if !core.scheduling.wait(core.clock.as_ref(), next, &stop).await {
            return;
        }
    }
}

/// Looks at each job that is due; tells whether anything came of it.
pub async fn round(core: &Arc<Core>) -> Result<bool, StoreError> {
    let _one_at_a_time = core.scheduling_round.lock().await;
    let mut has_acted = false;
    for due in core.store.due_jobs().await? {
        // One job that cannot be scheduled must not keep the others waiting.
        match job(core, due).await {
            Ok(acted) => has_acted |= acted,
            Err(error) => report("schedule", &error),
        }
    }
    Ok(has_acted)
}

async fn job(core: &Arc<Core>, due: DueJob) -> Result<bool, StoreError> {
    let mut has_acted = false;
    for _ in 0..MOST_LOOKS {
        let decisions = decide(core, due.job, scheduler::schedule).await?;
        let mut looks_again = false;
        for decision in decisions {
            looks_again = matches!(decision, Decision::ScheduleAgain);
            has_acted |= matches!(
                decision,
                Decision::CreateBuild { .. }
                    | Decision::FinishAborted { .. }
                    | Decision::WantChecks { .. }
                    | Decision::Start { .. }
            );
            if !act(core, due, decision).await? {
                looks_again = true;
                break;
            }
        }
        if !looks_again {
            return Ok(has_acted);
        }
    }
    // Something keeps it from settling; the timer brings the next look, so that nothing spins.
    Ok(true)
}

/// Asks a question about a job's facts, with as much history as the answer needs.
async fn decide<T>(
    core: &Core,
    job: JobId,
    ask: impl Fn(&JobFacts, crate::model::Timestamp) -> Result<T, scheduler::Older>,
) -> Result<T, StoreError> {
    let mut page = FIRST_PAGE;
    loop {
        let facts = core.store.job_facts(job, page).await?;
        match ask(&facts, core.clock.now()) {
            Ok(answer) => return Ok(answer),
            Err(older) => {
                tracing::debug!(%job, %older, page, "asks for older history");
                page = page.saturating_mul(2);
            }
        }
    }
}

/// Stores one decision; tells whether its condition still held.
async fn act(core: &Arc<Core>, due: DueJob, decision: Decision) -> Result<bool, StoreError> {
    let store = &core.store;
    match decision {
        Decision::SaveInputs(resolution) => {
            store.save_next_inputs(due.job, &next_inputs(resolution)).await?;
        }
        Decision::CreateBuild { .. } => {
            return Ok(store.create_scheduled_build(due.job).await?.is_some());
        }
        Decision::FinishAborted { build, .. } => {
            finish_unstarted(store, build, Status::Aborted, None).await?;
        }
        Decision::SetMaxInFlightReached(is_reached) => {
            store.set_max_in_flight_reached(due.job, is_reached).await?;
        }
        Decision::TakePlace { build } => store.mark_build_scheduled(build).await?,
        Decision::WantChecks { resources, .. } => {
            for resource in resources {
                if let Some(row) = store.resource_by_id(resource).await? {
                    checking::request(core, row);
                }
            }
        }
        Decision::Start { build, inputs } => return start(core, due, build, inputs).await,
        Decision::MarkScheduled => store.mark_scheduled(due.job, due.requested).await?,
        // The request stays as it is; what is waited for nudges the pass.
        Decision::Retry(_) | Decision::ScheduleAgain => {}
    }
    Ok(true)
}

async fn start(
    core: &Arc<Core>,
    due: DueJob,
    build: BuildId,
    inputs: Vec<ChosenInput>,
) -> Result<bool, StoreError> {
    let store = &core.store;
    match store.adopt_inputs(build, &inputs).await {
        Ok(()) => {}
        // The history moved on since the facts were read.
        Err(StoreError::Conflict { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    let (Some(job), Some(pipeline)) =
        (store.job_config(due.job).await?, store.pipeline_config(due.pipeline).await?)
    else {
        return Ok(false);
    };
    let versions: BTreeMap<String, Version> = store
        .build_inputs(build)
        .await?
        .into_iter()
        .map(|input| (input.name, input.version))
        .collect();
    match scheduler::plan(&job, &pipeline, &versions) {
        Ok(plan) => {
            store.start_build(build, &plan).await?;
            core.tracking.now();
        }
        Err(error) => {
            finish_unstarted(store, build, Status::Errored, Some(error.to_string())).await?;
        }
    }
    Ok(true)
}

/// Ends a build that never ran: its log has the final status alone.
async fn finish_unstarted(
    store: &Store,
    build: BuildId,
    status: Status,
    why: Option<String>,
) -> Result<(), StoreError> {
    use crate::engine::journal::NewEvent;
    use crate::model::PlanId;
    use crate::model::build::{Event, Origin};
    let time = store.clock().now().secs();
    let node = PlanId::default();
    let mut events = Vec::new();
    if let Some(message) = &why {
        let origin = Origin::node(&node);
        events.push(Event::Error { message: message.clone(), origin, time });
    }
    events.push(Event::Status { status, time });
    let events: Vec<_> =
        events.into_iter().map(|event| NewEvent { event, output_offset: None }).collect();
    let cause = why.map(|line| CauseRow {
        plan: node,
        step: "plan".to_owned(),
        exit_status: None,
        line: Some(line),
        after: None,
    });
    // The log first: a restart between the two finds the build pending and ends it again.
    store.append_events(build, &events).await?;
    store.finish_build(build, status, cause.as_ref()).await?;
    store.complete_log(build).await
}

fn next_inputs(resolution: Resolution) -> NextInputs {
    let is_resolved = resolution.is_resolved;
    let inputs = resolution
        .inputs
        .into_iter()
        .map(|(name, chosen)| NextInput {
            name,
            chosen: chosen.map_err(|reason| reason.to_string()),
        })
        .collect();
    NextInputs { inputs, is_resolved }
}

/// Why a job's next build has not started; nothing if it is about to.
pub async fn why_waiting(core: &Core, job: JobId) -> Result<Option<Waiting>, StoreError> {
    let Some(row) = core.store.job_by_id(job).await? else { return Ok(None) };
    let names = names(core, row.pipeline).await?;
    let obstacles = decide(core, job, |facts, _| explain(facts, &names)).await?;
    Ok(obstacles.into_iter().next().map(|obstacle| Waiting {
        on: match obstacle.kind {
            ObstacleKind::Paused | ObstacleKind::ByHand => WaitingFor::Person,
            ObstacleKind::Input | ObstacleKind::NothingNew => WaitingFor::Job,
            ObstacleKind::Limit | ObstacleKind::Checks | ObstacleKind::Aborted => WaitingFor::Slot,
        },
        why: obstacle.why,
    }))
}

async fn names(core: &Core, pipeline: PipelineId) -> Result<Names, StoreError> {
    let mut names = Names::default();
    if let Some(overview) = core.store.pipeline_overview(pipeline).await? {
        for pipeline in overview.pipelines {
            names.jobs.extend(pipeline.jobs.into_iter().map(|job| (job.row.id, job.row.name)));
            let resources = pipeline.resources.into_iter().map(|r| (r.row.id, r.row.name));
            names.resources.extend(resources);
        }
    }
    Ok(names)
}

//! The schedule pass: jobs that are due get what the scheduler decides for them.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::pass::SAFETY_NET;
use super::{Core, checking, report};
use crate::control::{Waiting, WaitingFor};
use crate::model::{JobId, PipelineId, Timestamp};
use crate::scheduler::explain::{Names, ObstacleKind, explain};
use crate::scheduler::facts::JobFacts;
use crate::scheduler::{self, Decision};
use crate::store::StoreError;
use crate::store::facts::FIRST_PAGE;
use crate::store::job::DueJob;

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
        let ask = |facts: JobFacts, now| {
            let decisions = scheduler::schedule(&facts, now)?;
            Ok((facts, decisions))
        };
        let (facts, decisions) = decide(core, due.job, ask).await?;
        let done = core.store.store_pass(due, &facts, &decisions, scheduler::plan).await?;
        has_acted |= done.created.is_some() || !done.started.is_empty() || !done.ended.is_empty();
        has_acted |= want_checks(core, &decisions).await?;
        if !done.looks_again {
            return Ok(has_acted);
        }
    }
    // Something keeps it from settling; the timer brings the next look, so that nothing spins.
    Ok(true)
}

/// Sees to the checks that builds wait for; tells whether there are any.
async fn want_checks(core: &Arc<Core>, decisions: &[Decision]) -> Result<bool, StoreError> {
    let mut has_any = false;
    for decision in decisions {
        let Decision::WantChecks { resources, .. } = decision else { continue };
        for resource in resources {
            if let Some(row) = core.store.resource_by_id(*resource).await? {
                checking::request(core, row);
                has_any = true;
            }
        }
    }
    Ok(has_any)
}

/// Asks a question about a job's facts, with as much history as the answer needs.
async fn decide<T>(
    core: &Core,
    job: JobId,
    ask: impl Fn(JobFacts, Timestamp) -> Result<T, scheduler::Older>,
) -> Result<T, StoreError> {
    let mut page = FIRST_PAGE;
    loop {
        let facts = core.store.job_facts(job, page).await?;
        match ask(facts, core.clock.now()) {
            Ok(answer) => return Ok(answer),
            Err(older) => {
                tracing::debug!(%job, %older, page, "asks for older history");
                page = page.saturating_mul(2);
            }
        }
    }
}

/// Why a job's next build has not started; nothing if it is about to.
pub async fn why_waiting(core: &Core, job: JobId) -> Result<Option<Waiting>, StoreError> {
    let Some(row) = core.store.job_by_id(job).await? else { return Ok(None) };
    let names = names(core, row.pipeline).await?;
    let obstacles = decide(core, job, |facts, _| explain(&facts, &names)).await?;
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

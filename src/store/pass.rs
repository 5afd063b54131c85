//! Stores what the scheduler decided about a job: one transaction a pass.
//!
//! The facts may have changed since they were read. Each decision is stored only while its
//! condition holds; at the first that does not, the pass ends with what is stored so far, and the
//! job is to be looked at again at once.

use std::collections::BTreeMap;

use super::build::{
    Adopted, BuildRow, CauseRow, Started, adopt_all, create_scheduled, find, finish, start,
    take_place,
};
use super::facts::n_running;
use super::job::{
    DueJob, NextInput, NextInputs, Which, mark_scheduled, request, save_next_inputs,
    set_max_in_flight_reached,
};
use super::pool::{Durability, Tx, transact};
use super::row::{args, to_json};
use super::{Result, Store};
use crate::engine::journal::NewEvent;
use crate::model::build::{Event, Origin, Plan, Status};
use crate::model::{BuildId, Job, JobId, Pipeline, PipelineId, PlanId, Timestamp, Version};
use crate::scheduler::facts::{ChosenInput, JobFacts};
use crate::scheduler::{Decision, PlanError, Reason, Resolution};

/// Makes a build's plan; [`crate::scheduler::plan`] does.
pub type MakePlan =
    fn(&Job, &Pipeline, &BTreeMap<String, Version>) -> std::result::Result<Plan, PlanError>;

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassDone {
    /// The build that was made.
    pub created: Option<BuildId>,
    /// The builds that were started.
    pub started: Vec<BuildId>,
    /// The builds that ended without running, and how; their logs tell it.
    pub ended: Vec<(BuildId, Status)>,
    /// Whether the job is to be looked at again at once.
    pub looks_again: bool,
}

/// A pass while it is stored.
struct Pass<'a> {
    tx: &'a mut Tx,
    due: DueJob,
    facts: &'a JobFacts,
    make_plan: MakePlan,
    now: Timestamp,
    /// The inputs as the pass found them.
    next: NextInputs,
    /// Why builds ended that had a reason to tell.
    faults: BTreeMap<BuildId, String>,
    done: PassDone,
}

impl Store {
    /// Stores the decisions of a pass over a job, in their order. What checks are wanted is for
    /// the caller to see to.
    ///
    /// # Errors
    /// When database or disk do not answer; nothing is stored then.
    pub async fn store_pass(
        &self,
        due: DueJob,
        facts: &JobFacts,
        decisions: &[Decision],
        make_plan: MakePlan,
    ) -> Result<PassDone> {
        let now = self.now();
        let durability = durability(decisions);
        let stored: Result<_> = transact!(self, { durability }, |tx| {
            let mut pass = Pass {
                tx,
                due,
                facts,
                make_plan,
                now,
                next: NextInputs::default(),
                faults: BTreeMap::new(),
                done: PassDone::default(),
            };
            pass.store(decisions).await?;
            Ok((pass.done, pass.faults))
        });
        let (done, faults) = stored?;
        // These never ran, so nobody writes to their logs; a reader of a build that is over does
        // not wait for more.
        for (build, status) in &done.ended {
            self.tell_end(*build, *status, faults.get(build)).await?;
        }
        Ok(done)
    }

    async fn tell_end(&self, build: BuildId, status: Status, why: Option<&String>) -> Result<()> {
        let time = self.now().secs();
        let error = why.map(|message| Event::Error {
            message: message.clone(),
            origin: Origin::node(&PlanId(String::new())),
            time,
        });
        let events: Vec<NewEvent> = error
            .into_iter()
            .chain([Event::Status { status, time }])
            .map(|event| NewEvent { event, output_offset: None })
            .collect();
        self.append_owned(build, events).await?;
        self.complete_log(build).await
    }
}

impl Pass<'_> {
    async fn store(&mut self, decisions: &[Decision]) -> Result<()> {
        for decision in decisions {
            if !self.store_one(decision).await? {
                return self.look_again().await;
            }
        }
        Ok(())
    }

    /// Stores a decision; tells whether its condition holds.
    async fn store_one(&mut self, decision: &Decision) -> Result<bool> {
        let job = self.due.job;
        match decision {
            Decision::SaveInputs(resolution) => {
                self.next = next_inputs(resolution);
                save_next_inputs(self.tx, job, &self.next).await?;
            }
            Decision::CreateBuild { .. } => {
                let Some(made) = create_scheduled(self.tx, job, self.now).await? else {
                    return Ok(false);
                };
                self.done.created = Some(made.id);
            }
            Decision::FinishAborted { build, .. } => {
                let Some(found) = self.pending(*build).await? else { return Ok(false) };
                self.end(&found, Status::Aborted, None).await?;
            }
            Decision::SetMaxInFlightReached(is_reached) => {
                set_max_in_flight_reached(self.tx, job, *is_reached).await?;
            }
            Decision::TakePlace { build } => {
                return Ok(self.has_place().await? && take_place(self.tx, *build).await?);
            }
            // Not of the store.
            Decision::WantChecks { .. } | Decision::Retry(_) => {}
            Decision::Start { build, inputs } => return self.start(*build, inputs).await,
            Decision::MarkScheduled => {
                mark_scheduled(self.tx, job, self.due.requested).await?;
            }
            Decision::ScheduleAgain => self.look_again().await?,
        }
        Ok(true)
    }

    async fn look_again(&mut self) -> Result<()> {
        self.done.looks_again = true;
        mark_scheduled(self.tx, self.due.job, self.due.requested).await?;
        request(self.tx, self.now, Which::Job(self.due.job)).await
    }

    async fn pending(&mut self, build: BuildId) -> Result<Option<BuildRow>> {
        let found = find(self.tx, build).await?;
        Ok((found.status == Status::Pending).then_some(found))
    }

    /// Whether neither job nor pipeline is paused, and as many places are taken as the facts
    /// say.
    async fn has_place(&mut self) -> Result<bool> {
        let (job, pipeline): (JobId, PipelineId) = (self.due.job, self.due.pipeline);
        let sql = "SELECT 1 FROM jobs j JOIN pipelines p ON p.id = j.pipeline_id \
                   WHERE j.id = $1 AND j.paused_at IS NULL AND p.paused_at IS NULL";
        let is_awake = self.tx.fetch_optional(sql, args![job]).await?.is_some();
        Ok(is_awake && n_running(self.tx, job, pipeline).await? == self.facts.n_running)
    }

    async fn start(&mut self, build: BuildId, inputs: &[ChosenInput]) -> Result<bool> {
        let Some(found) = self.pending(build).await? else { return Ok(false) };
        if let Adopted::Gone(input) = adopt_all(self.tx, &found, inputs).await? {
            for next in self.next.inputs.iter_mut().filter(|next| next.name == input) {
                next.chosen = Err(Reason::Gone { input: input.clone() }.to_string());
            }
            self.next.is_resolved = false;
            save_next_inputs(self.tx, self.due.job, &self.next).await?;
            return Ok(false);
        }
        // With its inputs, so that its versions do not ask for another build.
        if found.is_aborting {
            self.end(&found, Status::Aborted, None).await?;
            return Ok(true);
        }
        let sql = "SELECT j.config, p.config FROM jobs j \
                   JOIN pipelines p ON p.id = j.pipeline_id WHERE j.id = $1";
        let mut row = self.tx.fetch_one(sql, args![self.due.job]).await?;
        let job: Job = row.take_json("job")?;
        // It was archived meanwhile.
        let Some(pipeline) = row.take_json_opt("pipeline")? else { return Ok(false) };
        let versions = self.versions(build).await?;
        match (self.make_plan)(&job, &pipeline, &versions) {
            Ok(plan) => {
                let text = to_json(&plan, "plan")?;
                if start(self.tx, &found, &text, self.now).await? == Started::Now {
                    self.done.started.push(build);
                }
            }
            Err(error) => self.end(&found, Status::Errored, Some(error.to_string())).await?,
        }
        Ok(true)
    }

    /// The versions that a build got, by input.
    async fn versions(&mut self, build: BuildId) -> Result<BTreeMap<String, Version>> {
        let sql = "SELECT name, version FROM build_inputs WHERE build_id = $1";
        let rows = self.tx.fetch_all(sql, args![build]).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }

    async fn end(&mut self, build: &BuildRow, status: Status, why: Option<String>) -> Result<()> {
        let cause = why.clone().map(|line| CauseRow {
            plan: PlanId(String::new()),
            step: "plan".to_owned(),
            exit_status: None,
            line: Some(line),
            after: None,
        });
        let cause = cause.map(|cause| to_json(&cause, "cause")).transpose()?;
        finish(self.tx, build, status, cause.as_deref(), self.now).await?;
        self.done.ended.push((build.id, status));
        self.faults.extend(why.map(|why| (build.id, why)));
        Ok(())
    }
}

/// What acts outside, or tells people of an end, outlives the loss of power; all else is decided
/// again.
fn durability(decisions: &[Decision]) -> Durability {
    let is_lasting = |decision: &Decision| {
        matches!(decision, Decision::Start { .. } | Decision::FinishAborted { .. })
    };
    if decisions.iter().any(is_lasting) { Durability::Power } else { Durability::Process }
}

fn next_inputs(resolution: &Resolution) -> NextInputs {
    let inputs = resolution.inputs.iter().map(|(name, found)| NextInput {
        name: name.clone(),
        chosen: found.clone().map_err(|reason| reason.to_string()),
    });
    NextInputs { inputs: inputs.collect(), is_resolved: resolution.is_resolved }
}

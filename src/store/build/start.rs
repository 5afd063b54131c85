//! What happens to a build before it runs: a place, inputs, a plan; and being told to stop.

use super::{BuildRow, find};
use crate::model::BuildId;
use crate::model::build::{Plan, Status};
use crate::scheduler::facts::ChosenInput;
use crate::store::job::{Which, request};
use crate::store::notify::BuildChange;
use crate::store::pool::{Tx, transact};
use crate::store::row::{args, to_json};
use crate::store::{Result, Store, StoreError};

/// How starting a build went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs now.
    Now,
    /// It had started before; nothing changed.
    Already,
    /// Somebody told it to stop meanwhile; nothing changed.
    Aborting,
    /// It is over; nothing changed.
    Over,
}

impl Store {
    /// Gives a pending build a place among the running ones. Doing it again changes nothing.
    pub async fn mark_build_scheduled(&self, build: BuildId) -> Result<()> {
        let sql = "UPDATE builds SET is_scheduled = TRUE \
                   WHERE id = $1 AND status = 'pending' AND NOT is_scheduled";
        transact!(self, Process, |tx| {
            if tx.execute(sql, args![build]).await? > 0 {
                tell(tx, build, BuildChange::Changed).await?;
            }
            Ok(())
        })
    }

    /// Fixes a pending build's inputs, with the builds that vouch for them, in place of what was
    /// there.
    ///
    /// # Errors
    /// A conflict when the build waits no more, or when a version is gone from its resource's
    /// scope: `chosen version of input <name> not available`.
    pub async fn adopt_inputs(&self, build: BuildId, inputs: &[ChosenInput]) -> Result<()> {
        transact!(self, Process, |tx| {
            let found = find(tx, build).await?;
            let action = format!("fix inputs of build `{build}`");
            if found.status != Status::Pending {
                return Err(StoreError::conflict(action, format!("it is {}", found.status)));
            }
            let job = found.job.as_ref().map(|(id, _)| id.0).unwrap_or_default();
            tx.execute("DELETE FROM build_inputs WHERE build_id = $1", args![build]).await?;
            tx.execute("DELETE FROM build_pipes WHERE build_id = $1", args![build]).await?;
            for input in inputs {
                if !adopt(tx, build, job, input).await? {
                    let why = format!("chosen version of input {} not available", input.name);
                    return Err(StoreError::conflict(action, why));
                }
            }
            let sql = "UPDATE builds SET are_inputs_ready = TRUE WHERE id = $1";
            tx.execute(sql, args![build]).await?;
            tx.tell(found.change(BuildChange::Changed));
            Ok(())
        })
    }

    /// Starts a build with its plan. It keeps its place among the running ones, or takes one.
    ///
    /// # Errors
    /// Not found.
    pub async fn start_build(&self, build: BuildId, plan: &Plan) -> Result<Started> {
        let text = to_json(plan, "plan")?;
        let sql = "UPDATE builds SET status = 'started', started_at = $2, is_scheduled = TRUE \
                   WHERE id = $1";
        let store_plan = "INSERT INTO build_plans (build_id, plan) VALUES ($1, $2) \
                          ON CONFLICT (build_id) DO UPDATE SET plan = excluded.plan";
        // Power: from here on things happen outside in the build's name, and its id must not be
        // given away again.
        transact!(self, Power, |tx| {
            let found = find(tx, build).await?;
            match found.status {
                Status::Started => return Ok(Started::Already),
                Status::Pending if found.is_aborting => return Ok(Started::Aborting),
                Status::Pending => {}
                Status::Succeeded | Status::Failed | Status::Errored | Status::Aborted => {
                    return Ok(Started::Over);
                }
            }
            tx.execute(sql, args![build, self.now()]).await?;
            tx.execute(store_plan, args![build, &text]).await?;
            tx.tell(found.change(BuildChange::Started));
            Ok(Started::Now)
        })
    }

    /// Tells a build to stop. One that waits is requested to be scheduled, which ends it.
    /// One that is over stays so. Tells where it stands.
    ///
    /// # Errors
    /// Not found.
    pub async fn abort_build(&self, build: BuildId, by: &str) -> Result<Status> {
        let sql = "UPDATE builds SET is_aborted = TRUE, aborted_by = $2 \
                   WHERE id = $1 AND NOT is_aborted";
        transact!(self, Power, |tx| {
            let found = find(tx, build).await?;
            if found.status.is_over() {
                return Ok(found.status);
            }
            if tx.execute(sql, args![build, by]).await? > 0 {
                tx.tell(found.change(BuildChange::Aborting));
                if let (Status::Pending, Some((job, _))) = (found.status, &found.job) {
                    request(tx, self.now(), Which::Job(*job)).await?;
                }
            }
            Ok(found.status)
        })
    }
}

/// Tells of a build.
async fn tell(tx: &mut Tx, build: BuildId, what: BuildChange) -> Result<()> {
    let found: BuildRow = find(tx, build).await?;
    tx.tell(found.change(what));
    Ok(())
}

/// Fixes one input. Tells whether its version is there.
async fn adopt(tx: &mut Tx, build: BuildId, job: i64, input: &ChosenInput) -> Result<bool> {
    let sql = "INSERT INTO build_inputs (build_id, name, job_id, resource_id, digest, \
               is_first_occurrence, version, metadata) \
               SELECT $1, $2, $3, r.id, v.digest, $6, v.version, v.metadata FROM resources r \
               JOIN versions v ON v.scope_id = r.scope_id WHERE r.id = $4 AND v.id = $5";
    let args =
        args![build, &input.name, job, input.resource, input.version, input.is_first_occurrence,];
    if tx.execute(sql, args).await? == 0 {
        return Ok(false);
    }
    for from in &input.passed_builds {
        let sql = "INSERT INTO build_pipes (build_id, name, from_build_id) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, args![build, &input.name, *from]).await?;
    }
    Ok(true)
}

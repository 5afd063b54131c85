//! What happens to a build before it runs: a place, inputs, a plan; and being told to stop.

use super::{BuildRow, find};
use crate::model::build::{Plan, Status};
use crate::model::{BuildId, Timestamp};
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
        transact!(self, Process, |tx| take_place(tx, build).await.map(|_| ()))
    }

    /// Fixes a pending build's inputs, with the builds that vouch for them, in place of what was
    /// there.
    ///
    /// # Errors
    /// A conflict when the build waits no more, or when a version is gone from its resource's
    /// scope: `chosen version of input <name> not available`.
    pub async fn adopt_inputs(&self, build: BuildId, inputs: &[ChosenInput]) -> Result<()> {
        transact!(self, Process, |tx| {
            let action = format!("fix inputs of build `{build}`");
            let found = find(tx, build).await?;
            if found.status != Status::Pending {
                return Err(StoreError::conflict(action, format!("it is {}", found.status)));
            }
            match adopt_all(tx, &found, inputs).await? {
                Adopted::All => Ok(()),
                Adopted::Gone(input) => {
                    let why = format!("chosen version of input {input} not available");
                    Err(StoreError::conflict(action, why))
                }
            }
        })
    }

    /// Starts a build with its plan. It keeps its place among the running ones, or takes one.
    ///
    /// # Errors
    /// Not found.
    pub async fn start_build(&self, build: BuildId, plan: &Plan) -> Result<Started> {
        let text = to_json(plan, "plan")?;
        // Power: from here on things happen outside in the build's name, and its id must not be
        // given away again.
        transact!(self, Power, |tx| {
            let found = find(tx, build).await?;
            start(tx, &found, &text, self.now()).await
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

/// Whether all versions were there.
pub(in crate::store) enum Adopted {
    All,
    /// The version of the input of that name is gone. Nothing may be kept of the inputs.
    Gone(String),
}

/// Gives a pending build a place, if it has none. Tells whether it is pending.
pub(in crate::store) async fn take_place(tx: &mut Tx, build: BuildId) -> Result<bool> {
    let found = find(tx, build).await?;
    if found.status == Status::Pending && !found.is_scheduled {
        let sql = "UPDATE builds SET is_scheduled = TRUE WHERE id = $1";
        tx.execute(sql, args![build]).await?;
        tx.tell(found.change(BuildChange::Changed));
    }
    Ok(found.status == Status::Pending)
}

/// Fixes a pending build's inputs.
pub(in crate::store) async fn adopt_all(
    tx: &mut Tx,
    build: &BuildRow,
    inputs: &[ChosenInput],
) -> Result<Adopted> {
    let job = build.job.as_ref().map(|(id, _)| id.0).unwrap_or_default();
    tx.execute("DELETE FROM build_inputs WHERE build_id = $1", args![build.id]).await?;
    tx.execute("DELETE FROM build_pipes WHERE build_id = $1", args![build.id]).await?;
    for input in inputs {
        if !adopt(tx, build.id, job, input).await? {
            tx.execute("DELETE FROM build_inputs WHERE build_id = $1", args![build.id]).await?;
            tx.execute("DELETE FROM build_pipes WHERE build_id = $1", args![build.id]).await?;
            return Ok(Adopted::Gone(input.name.clone()));
        }
    }
    tx.execute("UPDATE builds SET are_inputs_ready = TRUE WHERE id = $1", args![build.id]).await?;
    tx.tell(build.change(BuildChange::Changed));
    Ok(Adopted::All)
}

/// Starts a build that is pending and not told to stop.
pub(in crate::store) async fn start(
    tx: &mut Tx,
    build: &BuildRow,
    plan: &str,
    now: Timestamp,
) -> Result<Started> {
    match build.status {
        Status::Started => return Ok(Started::Already),
        Status::Pending if build.is_aborting => return Ok(Started::Aborting),
        Status::Pending => {}
        Status::Succeeded | Status::Failed | Status::Errored | Status::Aborted => {
            return Ok(Started::Over);
        }
    }
    let sql = "UPDATE builds SET status = 'started', started_at = $2, is_scheduled = TRUE \
               WHERE id = $1";
    tx.execute(sql, args![build.id, now]).await?;
    let sql = "INSERT INTO build_plans (build_id, plan) VALUES ($1, $2) \
               ON CONFLICT (build_id) DO UPDATE SET plan = excluded.plan";
    tx.execute(sql, args![build.id, plan]).await?;
    tx.tell(build.change(BuildChange::Started));
    Ok(Started::Now)
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

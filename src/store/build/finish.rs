//! The end of a build.
//!
//! The final status goes to the log first, then to the row; a core that starts mends the row
//! from the log.

use std::collections::BTreeMap;

use super::{BuildKind, BuildRow, CauseRow, find, pointer};
use crate::engine::journal::NewEvent;
use crate::model::build::{Event, Status};
use crate::model::{BuildId, JobId, ResourceId, Timestamp};
use crate::store::job::{Which, request};
use crate::store::notify::BuildChange;
use crate::store::pipeline::archive_children;
use crate::store::pool::{Tx, transact};
use crate::store::row::{args, to_json};
use crate::store::{Result, Store, StoreError};

impl Store {
    /// Ends a build: status, first cause, pointers and pulse of its job, requests for the jobs
    /// that wait for it; on success also what it vouches for, and pipelines that its job set
    /// before and this build did not are archived. A log that does not tell the status yet
    /// tells it then. Ending it the same way again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Move`] when it cannot go there.
    pub async fn finish_build(
        &self,
        build: BuildId,
        status: Status,
        cause: Option<&CauseRow>,
    ) -> Result<()> {
        let found = self.build(build).await?;
        let found = found.ok_or_else(|| StoreError::not_found("build", build))?;
        if found.status == status {
            return Ok(());
        }
        refuse(&found, status)?;
        if self.final_status(build).await?.is_none() {
            let event = Event::Status { status, time: self.now().secs() };
            self.append_events(build, &[NewEvent { event, output_offset: None }]).await?;
        }
        let cause = cause.map(|cause| to_json(cause, "cause")).transpose()?;
        transact!(self, Power, |tx| {
            let found = find(tx, build).await?;
            if found.status == status {
                return Ok(());
            }
            finish(tx, &found, status, cause.as_deref(), self.now()).await
        })
    }

    /// Ends builds whose log says how they ended while the row does not: the core went away in
    /// between.
    pub(in crate::store) async fn mend_builds(&self) -> Result<()> {
        for build in self.started_builds().await? {
            if let Some(status) = self.final_status(build.id).await? {
                self.finish_build(build.id, status, None).await?;
            }
        }
        Ok(())
    }
}

/// Ends a build that may end so.
pub(in crate::store) async fn finish(
    tx: &mut Tx,
    build: &BuildRow,
    status: Status,
    cause: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    refuse(build, status)?;
    let sql = "UPDATE builds SET status = $2, ended_at = $3, cause = $4 WHERE id = $1";
    tx.execute(sql, args![build.id, status, now, cause]).await?;
    if let Some((job, _)) = build.job {
        if status == Status::Succeeded {
            vouch(tx, build, job).await?;
            archive_children(tx, job, build.id, now.0).await?;
        }
        pointer::update_finished(tx, job, build, status, now).await?;
        request(tx, now, Which::After(job)).await?;
    }
    tx.tell(build.change(BuildChange::Finished));
    Ok(())
}

fn refuse(build: &BuildRow, status: Status) -> Result<()> {
    if status.is_over() && build.status.may_become(status) {
        return Ok(());
    }
    Err(StoreError::Move { build: build.id, from: build.status, to: status })
}

/// Notes what a build that succeeded vouches for: of each resource first the versions it put,
/// then those it got.
async fn vouch(tx: &mut Tx, build: &BuildRow, job: JobId) -> Result<()> {
    let mut outputs: BTreeMap<ResourceId, Vec<String>> = BTreeMap::new();
    for sql in [
        "SELECT resource_id, digest FROM build_outputs WHERE build_id = $1 ORDER BY id",
        "SELECT resource_id, digest FROM build_inputs WHERE build_id = $1 ORDER BY name",
    ] {
        for mut row in tx.fetch_all(sql, args![build.id]).await? {
            let (resource, digest): (ResourceId, String) = (row.take()?, row.take()?);
            let digests = outputs.entry(resource).or_default();
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
    }
    let list: Vec<(&ResourceId, &Vec<String>)> = outputs.iter().collect();
    let sql = "INSERT INTO build_vouches (build_id, outputs) VALUES ($1, $2)";
    tx.execute(sql, args![build.id, to_json(&list, "outputs")?]).await?;
    let origin = match build.kind {
        BuildKind::Rerun(of) => of,
        BuildKind::Scheduled | BuildKind::Manual | BuildKind::Check => build.id,
    };
    for (resource, digests) in &outputs {
        for digest in digests {
            // Builds do not end in the order of their ids, so an older one may come later.
            let sql = "INSERT INTO job_vouches (job_id, resource_id, digest, origin, build_id) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (job_id, resource_id, digest) \
                       DO UPDATE SET origin = excluded.origin, build_id = excluded.build_id \
                       WHERE excluded.origin < job_vouches.origin \
                       OR (excluded.origin = job_vouches.origin \
                       AND excluded.build_id < job_vouches.build_id)";
            tx.execute(sql, args![job, *resource, digest, origin, build.id]).await?;
        }
    }
    Ok(())
}

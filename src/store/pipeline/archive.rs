//! Archiving and destroying pipelines.

use crate::model::{BuildId, JobId, PipelineId};
use crate::store::notify::Change;
use crate::store::pool::{Tx, transact};
use crate::store::row::args;
use crate::store::{Result, Store, StoreError};

/// Who archives a pipeline whose parent no longer sets it.
const ARCHIVER: &str = "automatic-pipeline-archiver";

impl Store {
    /// Archives it: paused, configuration cleared, history kept. Doing it again changes nothing.
    ///
    /// # Errors
    /// Not found.
    pub async fn archive_pipeline(&self, id: PipelineId, by: &str) -> Result<()> {
        let now = self.now().0;
        transact!(self, Process, |tx| {
            let sql = "SELECT 1 FROM pipelines WHERE id = $1";
            if tx.fetch_optional(sql, args![id]).await?.is_none() {
                return Err(StoreError::not_found("pipeline", id));
            }
            archive(tx, id, by, now).await
        })
    }

    /// Deletes it with all its history. Gives the builds whose logs are of no use any more.
    ///
    /// # Errors
    /// Not found.
    pub async fn destroy_pipeline(&self, id: PipelineId) -> Result<Vec<BuildId>> {
        transact!(self, Power, |tx| {
            let sql = "SELECT id FROM builds WHERE pipeline_id = $1 ORDER BY id";
            let rows = tx.fetch_all(sql, args![id]).await?;
            let builds = rows.into_iter().map(|mut row| row.take()).collect::<Result<_>>()?;
            if tx.execute("DELETE FROM pipelines WHERE id = $1", args![id]).await? == 0 {
                return Err(StoreError::not_found("pipeline", id));
            }
            // What it set loses its parent with it.
            let orphans = "SELECT id FROM pipelines WHERE archived_at IS NULL \
                           AND parent_job_id IS NOT NULL \
                           AND parent_job_id NOT IN (SELECT id FROM jobs)";
            for mut row in tx.fetch_all(orphans, args![]).await? {
                archive(tx, row.take()?, ARCHIVER, self.now().0).await?;
            }
            tx.tell(Change::Pipeline(id));
            Ok(builds)
        })
    }
}

/// Archives the pipelines that builds of `job` before `build` set and this one did not.
pub(in crate::store) async fn archive_children(
    tx: &mut Tx,
    job: JobId,
    build: BuildId,
    now: i64,
) -> Result<()> {
    let sql = "SELECT id FROM pipelines WHERE parent_job_id = $1 AND parent_build_id < $2 \
               AND archived_at IS NULL";
    for mut row in tx.fetch_all(sql, args![job, build]).await? {
        archive(tx, row.take()?, ARCHIVER, now).await?;
    }
    Ok(())
}

/// Archives a pipeline and all that were set from it.
async fn archive(tx: &mut Tx, id: PipelineId, by: &str, now: i64) -> Result<()> {
    let mut left = vec![id];
    while let Some(id) = left.pop() {
        let sql = "UPDATE pipelines SET archived_at = $2, version = 0, config = NULL, groups = '[]', \
                   paused_at = COALESCE(paused_at, $2), paused_by = COALESCE(paused_by, $3) \
                   WHERE id = $1 AND archived_at IS NULL";
        if tx.execute(sql, args![id, now, by]).await? == 0 {
            continue;
        }
        // Builds that wait are ended by the scheduler.
        let sql = "UPDATE jobs SET requested = CASE WHEN requested >= $2 THEN requested + 1 \
                   ELSE $2 END WHERE pipeline_id = $1 AND is_active RETURNING id";
        for mut row in tx.fetch_all(sql, args![id, now]).await? {
            tx.tell(Change::JobDue(row.take()?));
        }
        tx.tell(Change::Pipeline(id));
        let sql = "SELECT c.id FROM pipelines c JOIN jobs j ON j.id = c.parent_job_id \
                   WHERE j.pipeline_id = $1 AND c.archived_at IS NULL";
        for mut row in tx.fetch_all(sql, args![id]).await? {
            left.push(row.take()?);
        }
    }
    Ok(())
}

//! Builds that wait, and what they share places with.

use std::collections::BTreeMap;

use super::Gathering;
use crate::model::{BuildId, JobId, PipelineId, ResourceId};
use crate::scheduler::facts::{ChosenInput, PendingFacts, PendingKind, Turn};
use crate::store::Result;
use crate::store::pool::Tx;
use crate::store::row::args;

/// The jobs of the pipeline `$2` that share a serial group with the job `$1`, itself included.
const IN_GROUPS: &str = "SELECT g.job_id FROM job_serial_groups g JOIN jobs j ON j.id = g.job_id \
    WHERE j.pipeline_id = $2 AND g.name IN \
    (SELECT o.name FROM job_serial_groups o WHERE o.job_id = $1)";

impl Gathering<'_> {
    pub(super) async fn read_pending(&mut self) -> Result<()> {
        let sql = "SELECT b.id, b.created_at, b.kind, b.rerun_of, b.is_scheduled, b.is_aborted \
                   FROM builds b WHERE b.job_id = $1 \
                   AND b.status IN ('pending', 'started') AND b.status = 'pending' \
                   ORDER BY COALESCE(b.rerun_of, b.id), b.id";
        for mut row in self.tx.fetch_all(sql, args![self.facts.job]).await? {
            let id = row.take()?;
            let created_at = row.take()?;
            let word: String = row.take()?;
            let kind = match row.take_opt::<BuildId>()? {
                Some(of) => PendingKind::Rerun { of, inputs: self.read_inputs_of(of).await? },
                None if word == "manual" => PendingKind::Manual,
                None => PendingKind::Scheduled,
            };
            self.facts.pending.push(PendingFacts {
                id,
                created_at,
                kind,
                is_scheduled: row.take()?,
                is_aborted: row.take()?,
            });
        }
        Ok(())
    }

    /// The inputs of a build, if it got any and all their versions are there still.
    async fn read_inputs_of(&mut self, build: BuildId) -> Result<Option<Vec<ChosenInput>>> {
        let sql = "SELECT are_inputs_ready FROM builds WHERE id = $1";
        let is_ready = match self.tx.fetch_optional(sql, args![build]).await? {
            Some(mut row) => row.take()?,
            None => false,
        };
        if !is_ready {
            return Ok(None);
        }
        let mut pipes: BTreeMap<String, Vec<BuildId>> = BTreeMap::new();
        let sql = "SELECT name, from_build_id FROM build_pipes WHERE build_id = $1 \
                   ORDER BY from_build_id";
        for mut row in self.tx.fetch_all(sql, args![build]).await? {
            pipes.entry(row.take()?).or_default().push(row.take()?);
        }
        let sql = "SELECT i.name, i.resource_id, v.id FROM build_inputs i \
                   JOIN resources r ON r.id = i.resource_id \
                   LEFT JOIN versions v ON v.scope_id = r.scope_id AND v.digest = i.digest \
                   WHERE i.build_id = $1 ORDER BY i.name";
        let mut inputs = Vec::new();
        for mut row in self.tx.fetch_all(sql, args![build]).await? {
            let name: String = row.take()?;
            let resource: ResourceId = row.take()?;
            let Some(version) = row.take_opt()? else { return Ok(None) };
            let passed_builds = pipes.remove(&name).unwrap_or_default();
            inputs.push(ChosenInput {
                name,
                resource,
                version,
                is_first_occurrence: false,
                passed_builds,
            });
        }
        Ok(Some(inputs))
    }

    pub(super) async fn read_running(&mut self) -> Result<()> {
        self.facts.n_running = n_running(self.tx, self.facts.job, self.pipeline).await?;
        let sql = format!(
            "SELECT COALESCE(b.rerun_of, b.id), b.id FROM builds b \
             JOIN jobs o ON o.id = b.job_id \
             WHERE b.status IN ('pending', 'started') AND b.status = 'pending' \
             AND o.id <> $1 AND o.is_active AND o.paused_at IS NULL \
             AND o.are_inputs_determined AND b.job_id IN ({IN_GROUPS}) \
             ORDER BY COALESCE(b.rerun_of, b.id), b.id LIMIT 1"
        );
        let row = self.tx.fetch_optional(sql, args![self.facts.job, self.pipeline]).await?;
        if let Some(mut row) = row {
            self.facts.others_turn = Some(Turn { origin: row.take()?, build: row.take()? });
        }
        Ok(())
    }
}

/// How many builds have a place, of all jobs that share a serial group with the job.
pub(in crate::store) async fn n_running(
    tx: &mut Tx,
    job: JobId,
    pipeline: PipelineId,
) -> Result<u32> {
    let sql = format!(
        "SELECT COUNT(*) FROM builds b WHERE b.status IN ('pending', 'started') \
         AND b.is_scheduled AND b.job_id IN ({IN_GROUPS})"
    );
    let n: i64 = tx.fetch_one(sql, args![job, pipeline]).await?.take()?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

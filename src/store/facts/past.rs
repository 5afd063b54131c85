//! What builds of the job used before.

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use super::number::in_chunks;
use crate::model::{BuildId, JobId, ResourceId, ScopeId, VersionId};
use crate::scheduler::facts::{Turn, VersionFacts};
use crate::store::Result;
use crate::store::row::args;

impl Gathering<'_> {
    /// Of all versions that the facts name: which inputs had them before. Others cannot be
    /// chosen, so nobody asks for them.
    pub(super) async fn read_past(&mut self) -> Result<()> {
        self.number_pins().await?;
        let sql = "SELECT DISTINCT name, digest FROM build_inputs \
                   WHERE job_id = $1 AND resource_id = $2 AND digest IN";
        for (resource, _) in self.resources() {
            let digests = self.numbers.digests(resource);
            let args = args![self.facts.job, resource];
            for mut row in in_chunks(self.tx, sql, args, &digests).await? {
                let (name, digest): (String, String) = (row.take()?, row.take()?);
                if let Some(version) = self.numbers.get(resource, &digest) {
                    self.facts.past.inputs.insert((name, resource, version));
                }
            }
        }
        let every: BTreeSet<ResourceId> = self
            .facts
            .inputs
            .iter()
            .filter(|input| input.asks_for_every())
            .map(|input| input.resource)
            .collect();
        for resource in every {
            if let Some(scope) = self.scopes.get(&resource).copied().flatten() {
                self.read_latest_used(resource, scope).await?;
            }
        }
        Ok(())
    }

    /// A pin may stand for a version that no page has.
    async fn number_pins(&mut self) -> Result<()> {
        let pins: Vec<(ResourceId, VersionId)> = self
            .facts
            .inputs
            .iter()
            .filter_map(|input| Some((input.resource, input.pinned?)))
            .collect();
        for (resource, version) in pins {
            let sql = "SELECT digest FROM versions WHERE id = $1";
            if let Some(mut row) = self.tx.fetch_optional(sql, args![version]).await? {
                self.numbers.add(resource, row.take()?, version);
            }
        }
        Ok(())
    }

    async fn read_latest_used(&mut self, resource: ResourceId, scope: ScopeId) -> Result<()> {
        let job = self.facts.job;
        let sql = "SELECT 1 FROM build_inputs WHERE job_id = $1 AND resource_id = $2 LIMIT 1";
        if self.tx.fetch_optional(sql, args![job, resource]).await?.is_none() {
            return Ok(());
        }
        // From the newest version down, until one was used: mostly the first or the second.
        let sql = "SELECT v.id, v.check_order, v.digest, d.digest FROM versions v \
                   LEFT JOIN disabled_versions d ON d.resource_id = $2 AND d.digest = v.digest \
                   WHERE v.scope_id = $3 AND v.check_order > 0 AND EXISTS (\
                     SELECT 1 FROM build_inputs i WHERE i.job_id = $1 AND i.resource_id = $2 \
                     AND i.digest = v.digest) ORDER BY v.check_order DESC LIMIT 1";
        let Some(mut row) = self.tx.fetch_optional(sql, args![job, resource, scope]).await? else {
            return Ok(());
        };
        let (id, check_order, digest): (VersionId, i64, String) =
            (row.take()?, row.take()?, row.take()?);
        let is_disabled = row.take_opt::<String>()?.is_some();
        let latest = VersionFacts { id, check_order, is_disabled };
        self.facts.past.latest_used.insert(resource, latest);
        let sql = "SELECT MAX(build_id) FROM build_inputs \
                   WHERE job_id = $1 AND resource_id = $2 AND digest = $3";
        let user: Option<BuildId> =
            self.tx.fetch_one(sql, args![job, resource, digest]).await?.take_opt()?;
        let pipes = match user {
            Some(build) => self.read_pipes(build).await?,
            None => BTreeMap::new(),
        };
        self.facts.past.pipes.insert(resource, pipes);
        Ok(())
    }

    /// Of each job that vouched for inputs of a build, the last build that did.
    async fn read_pipes(&mut self, build: BuildId) -> Result<BTreeMap<JobId, BuildId>> {
        let sql = "SELECT DISTINCT b.job_id, COALESCE(b.rerun_of, b.id), b.id \
                   FROM build_pipes p JOIN builds b ON b.id = p.from_build_id \
                   WHERE p.build_id = $1 AND b.job_id IS NOT NULL";
        let mut last: BTreeMap<JobId, Turn> = BTreeMap::new();
        for mut row in self.tx.fetch_all(sql, args![build]).await? {
            let job = row.take()?;
            let turn = Turn { origin: row.take()?, build: row.take()? };
            let known = last.entry(job).or_insert(turn);
            *known = turn.max(*known);
        }
        Ok(last.into_iter().map(|(job, turn)| (job, turn.build)).collect())
    }
}

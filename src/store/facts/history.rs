//! Pages of history: versions, and the builds of passed jobs with what they vouch for.

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use super::number::in_chunks;
use crate::model::{BuildId, JobId, ResourceId};
use crate::scheduler::facts::{BuildFacts, Page, Turn, VersionFacts};
use crate::store::Result;
use crate::store::row::args;

/// A build of a passed job as it is stored.
struct Vouching {
    turn: Turn,
    outputs: Vec<(ResourceId, Vec<String>)>,
}

impl Gathering<'_> {
    pub(super) async fn read_versions(&mut self) -> Result<()> {
        let sql = "SELECT v.id, v.check_order, v.digest, d.digest FROM versions v \
                   LEFT JOIN disabled_versions d ON d.resource_id = $1 AND d.digest = v.digest \
                   WHERE v.scope_id = $2 AND v.check_order > 0 \
                   ORDER BY v.check_order DESC LIMIT $3";
        for (resource, scope) in self.resources() {
            let mut page = Page::default();
            if let Some(scope) = scope {
                let rows = self.tx.fetch_all(sql, args![resource, scope, self.page + 1]).await?;
                page.is_whole = is_whole(rows.len(), self.page);
                for mut row in rows.into_iter().take(usize_of(self.page)) {
                    let id = row.take()?;
                    let check_order = row.take()?;
                    let digest: String = row.take()?;
                    let is_disabled = row.take_opt::<String>()?.is_some();
                    self.numbers.add(resource, digest, id);
                    page.entries.push(VersionFacts { id, check_order, is_disabled });
                }
            }
            self.facts.versions.insert(resource, page);
        }
        Ok(())
    }

    pub(super) async fn read_passed(&mut self) -> Result<()> {
        let jobs: BTreeSet<JobId> =
            self.facts.inputs.iter().flat_map(|input| input.passed.iter().copied()).collect();
        for job in jobs {
            let (builds, is_whole) = self.read_vouching(job).await?;
            let mut named: BTreeMap<ResourceId, BTreeSet<String>> = BTreeMap::new();
            for (resource, digests) in builds.iter().flat_map(|build| &build.outputs) {
                named.entry(*resource).or_default().extend(digests.iter().cloned());
            }
            for (resource, digests) in named {
                let scope = self.scopes.get(&resource).copied().flatten();
                self.numbers.look_up(self.tx, resource, scope, digests).await?;
            }
            let entries = builds.into_iter().map(|build| self.number(build)).collect();
            self.facts.passed.insert(job, Page { entries, is_whole });
        }
        Ok(())
    }

    /// The newest builds of a job that succeeded, and whether that is all.
    async fn read_vouching(&mut self, job: JobId) -> Result<(Vec<Vouching>, bool)> {
        let sql = "SELECT COALESCE(b.rerun_of, b.id), b.id, v.outputs FROM builds b \
                   JOIN build_vouches v ON v.build_id = b.id \
                   WHERE b.job_id = $1 AND b.status = 'succeeded' \
                   ORDER BY COALESCE(b.rerun_of, b.id) DESC, b.id DESC LIMIT $2";
        let rows = self.tx.fetch_all(sql, args![job, self.page + 1]).await?;
        let is_whole = is_whole(rows.len(), self.page);
        let mut builds = Vec::with_capacity(rows.len());
        for mut row in rows.into_iter().take(usize_of(self.page)) {
            let turn = Turn { origin: row.take()?, build: row.take()? };
            let mut outputs: Vec<(ResourceId, Vec<String>)> = row.take_json("outputs")?;
            outputs.retain(|(resource, _)| self.scopes.contains_key(resource));
            builds.push(Vouching { turn, outputs });
        }
        Ok((builds, is_whole))
    }

    fn number(&self, build: Vouching) -> BuildFacts {
        let outputs = build.outputs.into_iter().map(|(resource, digests)| {
            let ids = digests.iter().filter_map(|digest| self.numbers.get(resource, digest));
            (resource, ids.collect())
        });
        BuildFacts { id: build.turn.build, outputs: outputs.collect() }
    }

    pub(super) async fn read_disabled(&mut self) -> Result<()> {
        let tied: BTreeSet<ResourceId> = self
            .facts
            .inputs
            .iter()
            .filter(|input| !input.passed.is_empty())
            .map(|input| input.resource)
            .collect();
        let sql = "SELECT digest FROM disabled_versions WHERE resource_id = $1";
        for resource in tied {
            let rows = self.tx.fetch_all(sql, args![resource]).await?;
            let digests =
                rows.into_iter().map(|mut row| row.take()).collect::<Result<Vec<String>>>()?;
            let scope = self.scopes.get(&resource).copied().flatten();
            self.numbers.look_up(self.tx, resource, scope, digests.clone()).await?;
            let ids = digests.iter().filter_map(|digest| self.numbers.get(resource, digest));
            self.facts.disabled.insert(resource, ids.collect());
        }
        Ok(())
    }

    /// For pages that are not the whole history: which of the versions that are named anywhere
    /// older builds vouch for.
    pub(super) async fn read_beyond(&mut self) -> Result<()> {
        let mut cut: Vec<(JobId, BuildId)> = Vec::new();
        for (job, page) in &self.facts.passed {
            if let (false, Some(last)) = (page.is_whole, page.entries.last()) {
                cut.push((*job, last.id));
            }
        }
        for (job, last) in cut {
            let sql = "SELECT COALESCE(rerun_of, id) FROM builds WHERE id = $1";
            let origin: BuildId = self.tx.fetch_one(sql, args![last]).await?.take()?;
            for (resource, _) in self.resources() {
                let is_tied = self
                    .facts
                    .inputs
                    .iter()
                    .any(|input| input.resource == resource && input.passed.contains(&job));
                if !is_tied {
                    continue;
                }
                let sql = "SELECT digest FROM job_vouches WHERE job_id = $1 \
                           AND resource_id = $2 AND (origin < $3 OR (origin = $3 \
                           AND build_id < $4)) AND digest IN";
                let args = args![job, resource, origin, last];
                let digests = self.numbers.digests(resource);
                let mut older = BTreeSet::new();
                for mut row in in_chunks(self.tx, sql, args, &digests).await? {
                    let digest: String = row.take()?;
                    older.extend(self.numbers.get(resource, &digest));
                }
                self.facts.beyond.insert((job, resource), older);
            }
        }
        Ok(())
    }
}

fn is_whole(n_rows: usize, page: i64) -> bool {
    n_rows <= usize_of(page)
}

fn usize_of(page: i64) -> usize {
    usize::try_from(page).unwrap_or(0)
}

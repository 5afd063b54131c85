//! Reading builds.

use super::BuildRow;
use crate::model::build::Plan;
use crate::model::{BuildId, JobId};
use crate::store::row::{Arg, args};
use crate::store::{Result, Store};

impl Store {
    /// One build.
    pub async fn build(&self, build: BuildId) -> Result<Option<BuildRow>> {
        self.one_build("WHERE b.id = $1", args![build]).await
    }

    /// The build of a job with that name.
    pub async fn build_of_job(&self, job: JobId, name: &str) -> Result<Option<BuildRow>> {
        self.one_build("WHERE b.job_id = $1 AND b.name = $2", args![job, name]).await
    }

    /// Builds of a job, newest first, older than `before` if that is given.
    pub async fn job_builds(
        &self,
        job: JobId,
        before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<BuildRow>> {
        let before = before.map_or(i64::MAX, |build| build.0);
        self.many_builds(
            "WHERE b.job_id = $1 AND b.id < $2 ORDER BY b.id DESC LIMIT $3",
            args![job, before, i64::from(limit)],
        )
        .await
    }

    /// Builds of all jobs, newest first, older than `before` if that is given.
    pub async fn recent_builds(
        &self,
        before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<BuildRow>> {
        let before = before.map_or(i64::MAX, |build| build.0);
        self.many_builds(
            "WHERE b.job_id IS NOT NULL AND b.id < $1 ORDER BY b.id DESC LIMIT $2",
            args![before, i64::from(limit)],
        )
        .await
    }

    /// Builds of jobs that are not over, oldest first.
    pub async fn running_builds(&self) -> Result<Vec<BuildRow>> {
        self.many_builds(
            "WHERE b.status IN ('pending', 'started') AND b.job_id IS NOT NULL ORDER BY b.id",
            args![],
        )
        .await
    }

    /// Builds that started and are not over, checks too, oldest first: what must be tracked.
    pub async fn started_builds(&self) -> Result<Vec<BuildRow>> {
        self.many_builds(
            "WHERE b.status IN ('pending', 'started') AND b.status = 'started' ORDER BY b.id",
            args![],
        )
        .await
    }

    /// What a build does, once that is decided.
    pub async fn build_plan(&self, build: BuildId) -> Result<Option<Plan>> {
        let sql = "SELECT plan FROM build_plans WHERE build_id = $1";
        let row = self.db().fetch_optional(sql, args![build]).await?;
        row.map(|mut row| row.take_json("plan")).transpose()
    }

    /// The last build of the same job before it that succeeded.
    pub async fn last_green_before(&self, build: BuildId) -> Result<Option<BuildRow>> {
        self.one_build(
            "WHERE b.id = (SELECT g.id FROM builds g WHERE g.job_id = \
               (SELECT o.job_id FROM builds o WHERE o.id = $1) \
             AND g.status = 'succeeded' AND g.id < $1 ORDER BY g.id DESC LIMIT 1)",
            args![build],
        )
        .await
    }

    /// The newest build before it that put a version that this one got for the first time.
    pub async fn made_by(&self, build: BuildId) -> Result<Option<BuildRow>> {
        self.one_build(
            "WHERE b.id = (SELECT MAX(o.build_id) FROM build_inputs i JOIN build_outputs o \
             ON o.resource_id = i.resource_id AND o.digest = i.digest \
             WHERE i.build_id = $1 AND i.is_first_occurrence AND o.build_id < $1)",
            args![build],
        )
        .await
    }

    async fn one_build(&self, rest: &str, args: Vec<Arg>) -> Result<Option<BuildRow>> {
        let sql = format!("SELECT {} {} {rest}", BuildRow::COLUMNS, BuildRow::FROM);
        let row = self.db().fetch_optional(sql, args).await?;
        row.map(|mut row| BuildRow::read(&mut row)).transpose()
    }

    async fn many_builds(&self, rest: &str, args: Vec<Arg>) -> Result<Vec<BuildRow>> {
        let sql = format!("SELECT {} {} {rest}", BuildRow::COLUMNS, BuildRow::FROM);
        let rows = self.db().fetch_all(sql, args).await?;
        rows.into_iter().map(|mut row| BuildRow::read(&mut row)).collect()
    }
}

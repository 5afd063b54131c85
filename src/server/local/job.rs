//! Jobs of a core in this process.

use async_trait::async_trait;

use super::Local;
use super::build::summary;
use crate::control::{BuildSummary, JobActs, JobReads, Result};
use crate::model::{BuildId, PipelineRef};

#[async_trait]
impl JobReads for Local {
    async fn job_builds(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<BuildSummary>> {
        let job = self.find_job(pipeline, job).await?;
        let builds = self.core.store.job_builds(job.id, before, limit).await?;
        Ok(builds.iter().map(summary).collect())
    }
}

#[async_trait]
impl JobActs for Local {
    async fn trigger_job(&self, pipeline: &PipelineRef, job: &str) -> Result<BuildSummary> {
        let job = self.find_job(pipeline, job).await?;
        let build = self.core.store.create_manual_build(job.id, &self.user).await?;
        Ok(summary(&build))
    }

    async fn rerun_build(&self, build: BuildId) -> Result<BuildSummary> {
        let build = self.core.store.create_rerun(build, &self.user).await?;
        Ok(summary(&build))
    }

    async fn pause_job(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        why: Option<String>,
    ) -> Result<()> {
        let job = self.find_job(pipeline, job).await?;
        Ok(self.core.store.pause_job(job.id, &self.user, why.as_deref()).await?)
    }

    async fn unpause_job(&self, pipeline: &PipelineRef, job: &str) -> Result<()> {
        let job = self.find_job(pipeline, job).await?;
        Ok(self.core.store.unpause_job(job.id).await?)
    }
}

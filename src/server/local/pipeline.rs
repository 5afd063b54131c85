//! Pipelines of a core in this process.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::Local;
use super::build::summary as build_summary;
use super::resource::summary as resource_summary;
use crate::control::{
    Error, InputChange, JobInput, JobOutput, JobSummary, Pause, PipelineActs, PipelineReads,
    PipelineSummary, Pulse, Result, SetAnswer, SetAsk, Waiting,
};
use crate::model::build::Status;
use crate::model::{BuildId, Pipeline, PipelineRef};
use crate::store::build::{BuildRow, InputRow};
use crate::store::job::JobRow;
use crate::store::pipeline::{JobOverview, Overview, Paused, PipelineOverview, SetBy, SetPipeline};

#[async_trait]
impl PipelineReads for Local {
    async fn list_pipelines(&self) -> Result<Vec<PipelineSummary>> {
        let overview = self.core.store.overview().await?;
        self.summaries(overview).await
    }

    async fn pipeline(&self, pipeline: &PipelineRef) -> Result<PipelineSummary> {
        let row = self.find_pipeline(pipeline).await?;
        let not_found = || Error::not_found("pipeline", pipeline);
        let overview = self.core.store.pipeline_overview(row.id).await?.ok_or_else(not_found)?;
        self.summaries(overview).await?.pop().ok_or_else(not_found)
    }

    async fn pipeline_config(&self, pipeline: &PipelineRef) -> Result<Pipeline> {
        let row = self.find_pipeline(pipeline).await?;
        let config = self.core.store.pipeline_config(row.id).await?;
        config.ok_or_else(|| Error::not_found("configuration of pipeline", pipeline))
    }
}

#[async_trait]
impl PipelineActs for Local {
    async fn set_pipeline(&self, ask: SetAsk) -> Result<SetAnswer> {
        let by = SetBy::Person { is_new_paused: ask.is_new_paused };
        let (pipeline, config) = (&ask.pipeline, &ask.config);
        let set = SetPipeline { pipeline, config, by, from_version: None };
        let done = self.core.store.set_pipeline(set).await?;
        Ok(SetAnswer { is_new: done.is_new, is_changed: done.is_changed, warnings: Vec::new() })
    }

    async fn pause_pipeline(&self, pipeline: &PipelineRef, why: Option<String>) -> Result<()> {
        let row = self.find_pipeline(pipeline).await?;
        Ok(self.core.store.pause_pipeline(row.id, &self.user, why.as_deref()).await?)
    }

    async fn unpause_pipeline(&self, pipeline: &PipelineRef) -> Result<()> {
        let row = self.find_pipeline(pipeline).await?;
        Ok(self.core.store.unpause_pipeline(row.id).await?)
    }
}

impl Local {
    async fn summaries(&self, overview: Overview) -> Result<Vec<PipelineSummary>> {
        let Overview { pipelines, builds, inputs } = overview;
        let mut summaries = Vec::with_capacity(pipelines.len());
        for pipeline in pipelines {
            summaries.push(self.summary(pipeline, &builds, &inputs).await?);
        }
        Ok(summaries)
    }

    async fn summary(
        &self,
        pipeline: PipelineOverview,
        builds: &BTreeMap<BuildId, BuildRow>,
        inputs: &BTreeMap<BuildId, Vec<InputRow>>,
    ) -> Result<PipelineSummary> {
        let mut jobs = Vec::with_capacity(pipeline.jobs.len());
        for job in &pipeline.jobs {
            let mut summary = job_summary(job, builds, inputs);
            summary.groups = pipeline
                .groups
                .iter()
                .filter(|group| group.jobs.contains(&summary.name))
                .map(|group| group.name.clone())
                .collect();
            if summary.next.as_ref().is_some_and(|next| next.status == Status::Pending) {
                summary.waiting = self.why_waiting(job.row.id).await?;
            }
            jobs.push(summary);
        }
        Ok(PipelineSummary {
            id: pipeline.row.id,
            pipeline: pipeline.row.pipeline,
            pause: pipeline.row.pause.map(pause),
            is_archived: pipeline.row.is_archived,
            updated_at: pipeline.row.updated_at,
            groups: pipeline.groups,
            jobs,
            resources: pipeline.resources.into_iter().map(resource_summary).collect(),
        })
    }

    pub(super) async fn why_waiting(&self, job: crate::model::JobId) -> Result<Option<Waiting>> {
        crate::server::scheduling::why_waiting(&self.core, job).await.map_err(Error::from)
    }
}

pub(super) fn pause(pause: Paused) -> Pause {
    Pause { by: pause.by, why: pause.why, since: pause.since }
}

fn job_summary(
    job: &JobOverview,
    builds: &BTreeMap<BuildId, BuildRow>,
    inputs: &BTreeMap<BuildId, Vec<InputRow>>,
) -> JobSummary {
    let build = |id: Option<BuildId>| id.and_then(|id| builds.get(&id)).map(build_summary);
    let inputs_of = |id: Option<BuildId>| id.and_then(|id| inputs.get(&id)).map(Vec::as_slice);
    let finished = build(job.row.finished);
    let is_red = finished.as_ref().is_some_and(|b| b.status != Status::Succeeded);
    let suspect = inputs_of(job.row.transition).filter(|_| is_red).and_then(|now| {
        let before = inputs_of(job.row.green_before)?;
        changes(before, now).into_iter().next()
    });
    JobSummary {
        id: job.row.id,
        name: job.row.name.clone(),
        pause: job.row.pause.clone().map(pause),
        finished,
        next: build(job.row.next),
        transition: build(job.row.transition),
        suspect,
        pulse: job
            .row
            .pulse
            .iter()
            .map(|p| Pulse { id: p.id, name: p.name.clone(), status: p.status })
            .collect(),
        estimate: estimate(&job.row),
        waiting: None,
        inputs: job
            .config
            .inputs()
            .into_iter()
            .map(|get| JobInput {
                name: get.name.clone(),
                resource: get.resource().to_owned(),
                passed: get.passed.clone(),
                is_trigger: get.trigger,
            })
            .collect(),
        outputs: job
            .config
            .outputs()
            .into_iter()
            .map(|put| JobOutput { name: put.name.clone(), resource: put.resource().to_owned() })
            .collect(),
        groups: Vec::new(),
        is_manual_trigger_disabled: job.config.disable_manual_trigger,
    }
}

/// The median of what the last successes took.
pub(super) fn estimate(job: &JobRow) -> Option<Duration> {
    let mut took: Vec<Duration> = job
        .pulse
        .iter()
        .filter(|build| build.status == Status::Succeeded)
        .filter_map(|build| build.took)
        .collect();
    took.sort();
    took.get(took.len() / 2).copied()
}

/// The inputs of a build that are others than those of an earlier one.
pub(super) fn changes(before: &[InputRow], now: &[InputRow]) -> Vec<InputChange> {
    let mut changes = Vec::new();
    for input in now {
        let old = before.iter().find(|old| old.name == input.name);
        if old.is_some_and(|old| old.version == input.version) {
            continue;
        }
        let n_versions = old.and_then(|old| {
            let (from, to) = (old.check_order?, input.check_order?);
            u32::try_from(to - from).ok().filter(|n| *n > 0)
        });
        changes.push(InputChange {
            name: input.name.clone(),
            resource: input.resource_name.clone(),
            from: old.map(|old| old.version.clone()),
            to: input.version.clone(),
            metadata: input.metadata.clone(),
            n_versions,
        });
    }
    changes
}

//! Everything that an overview of all pipelines shows, in a number of queries that does not
//! depend on how many there are.

use std::collections::BTreeMap;

use super::PipelineRow;
use crate::model::pipeline::Group;
use crate::model::{BuildId, Job, PipelineId};
use crate::store::build::{BuildRow, InputRow};
use crate::store::job::JobRow;
use crate::store::resource::ResourceOverview;
use crate::store::{Result, Store};

/// All that lists and graphs show.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// The pipelines, by team and place.
    pub pipelines: Vec<PipelineOverview>,
    /// Builds that the jobs point at, by id.
    pub builds: BTreeMap<BuildId, BuildRow>,
    /// For jobs whose last build that is over did not succeed: the inputs of the build where
    /// the status changed, and of the one that succeeded before it; by build.
    pub inputs: BTreeMap<BuildId, Vec<InputRow>>,
}

/// One pipeline.
#[derive(Debug, Clone)]
pub struct PipelineOverview {
    /// The pipeline.
    pub row: PipelineRow,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its active jobs, in the file's order.
    pub jobs: Vec<JobOverview>,
    /// Its active resources, in the file's order.
    pub resources: Vec<ResourceOverview>,
}

/// One job.
#[derive(Debug, Clone)]
pub struct JobOverview {
    /// The job.
    pub row: JobRow,
    /// Its configuration: inputs and outputs stand in there.
    pub config: Job,
}

impl Store {
    /// All pipelines with their jobs and resources.
    pub async fn overview(&self) -> Result<Overview> {
        todo!()
    }

    /// One pipeline, in the same form.
    pub async fn pipeline_overview(&self, _id: PipelineId) -> Result<Option<Overview>> {
        todo!()
    }
}

//! Everything that an overview of all pipelines shows, in a number of queries that does not
//! depend on how many there are.

use std::collections::BTreeMap;

use super::PipelineRow;
use crate::model::pipeline::Group;
use crate::model::{BuildId, Job, PipelineId};
use crate::store::build::{BuildRow, InputRow};
use crate::store::job::JobRow;
use crate::store::pool::Tx;
use crate::store::resource::ResourceOverview;
use crate::store::row::{Arg, args};
use crate::store::{Result, Store};

/// All that lists and graphs show.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// The pipelines, by team and place.
    pub pipelines: Vec<PipelineOverview>,
    /// Builds that the jobs point at, by id.
    pub builds: BTreeMap<BuildId, BuildRow>,
    /// For jobs that are red: the inputs of the build where the status changed, and of the last
    /// one that succeeded before it; by build.
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

/// Selects all pipelines, or the one whose id is `$1`.
#[derive(Clone, Copy)]
struct Filter {
    pipeline: Option<PipelineId>,
}

impl Filter {
    /// `WHERE` with the condition that the column is of a selected pipeline.
    fn of(self, column: &str) -> String {
        if self.pipeline.is_some() { format!("WHERE {column} = $1") } else { "WHERE 1 = 1".into() }
    }

    fn args(self) -> Vec<Arg> {
        self.pipeline.map_or_else(Vec::new, |pipeline| args![pipeline])
    }
}

impl Store {
    /// All pipelines with their jobs and resources.
    pub async fn overview(&self) -> Result<Overview> {
        let mut tx = self.db().begin_read().await?;
        let overview = read(&mut tx, Filter { pipeline: None }).await;
        tx.rollback().await;
        overview
    }

    /// One pipeline, in the same form.
    pub async fn pipeline_overview(&self, id: PipelineId) -> Result<Option<Overview>> {
        let mut tx = self.db().begin_read().await?;
        let overview = read(&mut tx, Filter { pipeline: Some(id) }).await;
        tx.rollback().await;
        overview.map(|overview| (!overview.pipelines.is_empty()).then_some(overview))
    }
}

async fn read(tx: &mut Tx, filter: Filter) -> Result<Overview> {
    let mut overview = Overview::default();
    let mut places: BTreeMap<PipelineId, usize> = BTreeMap::new();
    let sql = format!(
        "SELECT {}, p.groups FROM pipelines p JOIN teams t ON t.id = p.team_id {} \
         ORDER BY t.name, p.position, p.id",
        PipelineRow::COLUMNS,
        filter.of("p.id"),
    );
    for mut row in tx.fetch_all(sql, filter.args()).await? {
        let pipeline = PipelineRow::read(&mut row)?;
        let groups = row.take_json("groups")?;
        places.insert(pipeline.id, overview.pipelines.len());
        overview.pipelines.push(PipelineOverview {
            row: pipeline,
            groups,
            jobs: Vec::new(),
            resources: Vec::new(),
        });
    }
    let sql = format!(
        "SELECT {}, j.config FROM jobs j {} AND j.is_active \
         ORDER BY j.pipeline_id, j.position, j.id",
        JobRow::COLUMNS,
        filter.of("j.pipeline_id"),
    );
    for mut row in tx.fetch_all(sql, filter.args()).await? {
        let job = JobOverview { row: JobRow::read(&mut row)?, config: row.take_json("job")? };
        if let Some(place) = places.get(&job.row.pipeline) {
            overview.pipelines[*place].jobs.push(job);
        }
    }
    let sql = format!(
        "{} {} AND r.is_active ORDER BY r.pipeline_id, r.position, r.id",
        ResourceOverview::SELECT,
        filter.of("r.pipeline_id"),
    );
    for mut row in tx.fetch_all(sql, filter.args()).await? {
        let resource = ResourceOverview::read(&mut row)?;
        if let Some(place) = places.get(&resource.row.pipeline) {
            overview.pipelines[*place].resources.push(resource);
        }
    }
    read_builds(tx, filter, &mut overview).await?;
    Ok(overview)
}

/// The builds that jobs point at, and the inputs that tell what made a job red.
async fn read_builds(tx: &mut Tx, filter: Filter, overview: &mut Overview) -> Result<()> {
    for pointer in ["finished_build_id", "next_build_id", "transition_build_id", "green_build_id"] {
        let sql = format!(
            "SELECT {} {} WHERE b.id IN (SELECT j.{pointer} FROM jobs j {} AND j.is_active)",
            BuildRow::COLUMNS,
            BuildRow::FROM,
            filter.of("j.pipeline_id"),
        );
        for mut row in tx.fetch_all(sql, filter.args()).await? {
            let build = BuildRow::read(&mut row)?;
            overview.builds.insert(build.id, build);
        }
    }
    // The transition build of a red job is itself red; that of a green one needs no suspect.
    let sql = format!(
        "SELECT i.build_id, {} {} WHERE i.build_id IN (\
           SELECT j.transition_build_id FROM jobs j JOIN builds b ON b.id = j.transition_build_id \
           {jobs} AND j.is_active AND b.status <> 'succeeded') OR i.build_id IN (\
           SELECT j.green_build_id FROM jobs j JOIN builds b ON b.id = j.transition_build_id \
           {jobs} AND j.is_active AND b.status <> 'succeeded') ORDER BY i.build_id, i.name",
        InputRow::COLUMNS,
        InputRow::FROM,
        jobs = filter.of("j.pipeline_id"),
    );
    for mut row in tx.fetch_all(sql, filter.args()).await? {
        let build: BuildId = row.take()?;
        overview.inputs.entry(build).or_default().push(InputRow::read(&mut row)?);
    }
    Ok(())
}

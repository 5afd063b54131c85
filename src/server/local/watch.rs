//! Live streams of a core in this process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};

use super::Local;
use crate::control::{Change, ChangeStream, Error, EventStream, Result, WatchReads};
use crate::model::build::EventId;
use crate::model::{BuildId, JobId, PipelineId, PipelineRef};
use crate::server::Core;
use crate::store::notify;

#[async_trait]
impl WatchReads for Local {
    async fn build_events(&self, build: BuildId, from: EventId) -> Result<EventStream> {
        let store = &self.core.store;
        store.build(build).await?.ok_or_else(|| Error::not_found("build", build))?;
        let reader = store.read_events(build, from).await?;
        let events = stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            match reader.next().await {
                Ok(Some(envelopes)) => Some((Ok(envelopes), Some(reader))),
                Ok(None) => None,
                Err(error) => Some((Err(Error::from(error)), None)),
            }
        });
        Ok(events.boxed())
    }

    async fn changes(&self) -> Result<ChangeStream> {
        let teller = Teller {
            core: Arc::clone(&self.core),
            changes: self.core.store.changes(),
            pipelines: HashMap::new(),
            jobs: HashMap::new(),
            ready: VecDeque::new(),
        };
        let changes = stream::unfold(teller, |mut teller| async move {
            let change = teller.next().await?;
            Some((change, teller))
        });
        Ok(changes.boxed())
    }

    async fn settled(&self) -> Result<()> {
        Ok(crate::server::settled(&self.core).await?)
    }
}

/// Gives the store's changes the names that people use.
struct Teller {
    core: Arc<Core>,
    changes: notify::Changes,
    pipelines: HashMap<PipelineId, PipelineRef>,
    jobs: HashMap<JobId, String>,
    ready: VecDeque<Change>,
}

impl Teller {
    async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(change);
            }
            let change = self.changes.next().await?;
            // A change whose names cannot be found may be anything.
            self.name(change).await.unwrap_or_else(|| self.ready.push_back(Change::Everything));
        }
    }

    async fn name(&mut self, change: notify::Change) -> Option<()> {
        match change {
            notify::Change::Everything => self.ready.push_back(Change::Everything),
            notify::Change::Pipeline(id) => {
                self.pipelines.clear();
                self.jobs.clear();
                let pipeline = self.pipeline(id).await?;
                self.ready.push_back(Change::Pipeline(pipeline));
            }
            notify::Change::JobDue(_) => {}
            notify::Change::Job { pipeline, .. } => {
                let pipeline = self.pipeline(pipeline).await?;
                self.ready.push_back(Change::Pipeline(pipeline));
            }
            notify::Change::Build { build, job, pipeline, .. } => {
                if let (Some(job), Some(pipeline)) = (job, pipeline) {
                    let (pipeline, job) = (self.pipeline(pipeline).await?, self.job(job).await?);
                    self.ready.push_back(Change::Build { pipeline, job, build });
                }
            }
            notify::Change::Resource { resource, pipeline } => {
                let pipeline = self.pipeline(pipeline).await?;
                let row = self.core.store.resource_by_id(resource).await.ok()??;
                self.ready.push_back(Change::Resource { pipeline, resource: row.name });
            }
            notify::Change::Scope(scope) => {
                for row in self.core.store.resources_of_scope(scope).await.ok()? {
                    let pipeline = self.pipeline(row.pipeline).await?;
                    self.ready.push_back(Change::Resource { pipeline, resource: row.name });
                }
            }
        }
        Some(())
    }

    async fn pipeline(&mut self, id: PipelineId) -> Option<PipelineRef> {
        if let Some(known) = self.pipelines.get(&id) {
            return Some(known.clone());
        }
        let row = self.core.store.pipeline_by_id(id).await.ok()??;
        self.pipelines.insert(id, row.pipeline.clone());
        Some(row.pipeline)
    }

    async fn job(&mut self, id: JobId) -> Option<String> {
        if let Some(known) = self.jobs.get(&id) {
            return Some(known.clone());
        }
        let row = self.core.store.job_by_id(id).await.ok()??;
        self.jobs.insert(id, row.name.clone());
        Some(row.name)
    }
}

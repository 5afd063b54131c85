//! A core that answers from memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use flightdeck::control::*;
use flightdeck::model::build::{Envelope, Event, EventId, Status};
use flightdeck::model::*;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::make::build;

/// The moment of all pictures: 2026-11-21 14:05:11 UTC.
pub const NOW: Timestamp = Timestamp(1_795_269_911_000_000);

/// What it knows, and what it was asked and told.
#[derive(Default)]
pub struct State {
    pub pipelines: Vec<PipelineSummary>,
    pub builds: BTreeMap<BuildId, BuildDetail>,
    pub containers: BTreeMap<BuildId, Vec<ContainerSummary>>,
    pub events: BTreeMap<BuildId, Vec<Envelope>>,
    pub running: Vec<BuildSummary>,
    pub asked: Vec<String>,
    pub told: Vec<String>,
    pub changes: Vec<mpsc::UnboundedSender<Change>>,
    pub next_build: i64,
}

/// A core that answers from memory.
pub struct FakeControl {
    pub state: Mutex<State>,
    pub is_read_only: bool,
    pub is_embedded: bool,
}

impl FakeControl {
    pub fn new(state: State) -> FakeControl {
        FakeControl { state: Mutex::new(state), is_read_only: false, is_embedded: false }
    }

    /// What it was asked since the last call.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    /// What it was told to do since the last call.
    pub fn take_told(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().told)
    }

    /// Changes its state and tells all who listen.
    pub fn change(&self, change: Change, work: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        work(&mut state);
        state.changes.retain(|listener| listener.send(change.clone()).is_ok());
    }

    fn ask(&self, what: impl Into<String>) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(what.into());
        state
    }

    fn tell(&self, what: impl Into<String>) {
        self.state.lock().unwrap().told.push(what.into());
    }
}

impl Control for FakeControl {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: if self.is_embedded { "local" } else { "prod" }.to_owned(),
            is_embedded: self.is_embedded,
            has_change_feed: true,
            runtimes: vec!["process".to_owned()],
        }
    }

    fn identity(&self) -> Identity {
        Identity { user: "anna".to_owned() }
    }

    fn acting(&self) -> Option<&dyn Acting> {
        if self.is_read_only { None } else { Some(self) }
    }
}

#[async_trait]
impl PipelineReads for FakeControl {
    async fn list_pipelines(&self) -> Result<Vec<PipelineSummary>> {
        Ok(self.ask("list_pipelines").pipelines.clone())
    }

    async fn pipeline(&self, pipeline: &PipelineRef) -> Result<PipelineSummary> {
        let state = self.ask(format!("pipeline {pipeline}"));
        let found = state.pipelines.iter().find(|known| known.pipeline == *pipeline);
        found.cloned().ok_or_else(|| Error::not_found("pipeline", pipeline))
    }

    async fn pipeline_config(&self, pipeline: &PipelineRef) -> Result<Pipeline> {
        Err(Error::not_found("pipeline", pipeline))
    }
}

#[async_trait]
impl PipelineActs for FakeControl {
    async fn set_pipeline(&self, ask: SetAsk) -> Result<SetAnswer> {
        self.tell(format!("set {}", ask.pipeline));
        Ok(SetAnswer { is_new: true, is_changed: true, warnings: Vec::new() })
    }

    async fn pause_pipeline(&self, pipeline: &PipelineRef, why: Option<String>) -> Result<()> {
        self.tell(format!("pause {pipeline} {why:?}"));
        Ok(())
    }

    async fn unpause_pipeline(&self, pipeline: &PipelineRef) -> Result<()> {
        self.tell(format!("unpause {pipeline}"));
        Ok(())
    }
}

#[async_trait]
impl JobReads for FakeControl {
    async fn job_builds(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        _before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<BuildSummary>> {
        let state = self.ask(format!("job_builds {pipeline}/{job} {limit}"));
        let mut builds: Vec<BuildSummary> = state
            .builds
            .values()
            .map(|detail| detail.summary.clone())
            .filter(|build| build.pipeline.as_ref() == Some(pipeline))
            .filter(|build| build.job.as_deref() == Some(job))
            .collect();
        builds.reverse();
        builds.truncate(limit as usize);
        Ok(builds)
    }
}

#[async_trait]
impl JobActs for FakeControl {
    async fn trigger_job(&self, pipeline: &PipelineRef, job: &str) -> Result<BuildSummary> {
        self.tell(format!("trigger {pipeline}/{job}"));
        let mut state = self.state.lock().unwrap();
        state.next_build += 1;
        let id = 9_000 + state.next_build;
        let mut build = build(pipeline, job, id, "38", Status::Pending);
        build.created_by = Some("anna".to_owned());
        Ok(build)
    }

    async fn rerun_build(&self, build: BuildId) -> Result<BuildSummary> {
        self.tell(format!("rerun {build}"));
        let state = self.state.lock().unwrap();
        let known = state.builds.get(&build).ok_or_else(|| Error::not_found("build", build))?;
        Ok(BuildSummary {
            id: BuildId(9_999),
            name: format!("{}.1", known.summary.name),
            status: Status::Pending,
            ..known.summary.clone()
        })
    }

    async fn pause_job(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        why: Option<String>,
    ) -> Result<()> {
        self.tell(format!("pause {pipeline}/{job} {why:?}"));
        Ok(())
    }

    async fn unpause_job(&self, pipeline: &PipelineRef, job: &str) -> Result<()> {
        self.tell(format!("unpause {pipeline}/{job}"));
        Ok(())
    }
}

#[async_trait]
impl BuildReads for FakeControl {
    async fn build(&self, build: BuildId) -> Result<BuildDetail> {
        let state = self.ask(format!("build {build}"));
        state.builds.get(&build).cloned().ok_or_else(|| Error::not_found("build", build))
    }

    async fn running_builds(&self) -> Result<Vec<BuildSummary>> {
        Ok(self.ask("running_builds").running.clone())
    }
}

#[async_trait]
impl BuildActs for FakeControl {
    async fn abort_build(&self, build: BuildId) -> Result<()> {
        self.tell(format!("abort {build}"));
        Ok(())
    }
}

#[async_trait]
impl ResourceReads for FakeControl {
    async fn resource_versions(
        &self,
        _pipeline: &PipelineRef,
        _resource: &str,
        _limit: u32,
    ) -> Result<Vec<ResourceVersion>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ResourceActs for FakeControl {
    async fn check_resource(&self, pipeline: &PipelineRef, resource: &str) -> Result<CheckSummary> {
        self.tell(format!("check {pipeline}/{resource}"));
        Ok(CheckSummary { started_at: NOW, ended_at: Some(NOW), error: None })
    }
}

#[async_trait]
impl ContainerReads for FakeControl {
    async fn build_containers(&self, build: BuildId) -> Result<Vec<ContainerSummary>> {
        let state = self.ask(format!("build_containers {build}"));
        Ok(state.containers.get(&build).cloned().unwrap_or_default())
    }
}

#[async_trait]
impl ContainerActs for FakeControl {
    async fn hijack(&self, ask: HijackAsk) -> Result<Shell> {
        let size = format!("{}x{}", ask.size.columns, ask.size.rows);
        self.tell(format!("hijack {} {:?} {size}", ask.handle, ask.command));
        let (input, mut typed) = mpsc::channel(64);
        let (tx, output) = mpsc::channel(64);
        tx.send(ShellOutput::Bytes(b"root@run-bats:~# ".to_vec())).await.unwrap();
        tokio::spawn(async move {
            while let Some(input) = typed.recv().await {
                let answer = match input {
                    ShellInput::Bytes(bytes) if bytes == b"\x04" => ShellOutput::Exit(0),
                    ShellInput::Bytes(bytes) => ShellOutput::Bytes(bytes),
                    ShellInput::Resize(_) => continue,
                };
                if tx.send(answer).await.is_err() {
                    return;
                }
            }
        });
        Ok(Shell { directory: "/tmp/build/e55deab7".to_owned(), input, output })
    }
}

#[async_trait]
impl WatchReads for FakeControl {
    async fn build_events(&self, build: BuildId, from: EventId) -> Result<EventStream> {
        let state = self.ask(format!("build_events {build} {from}"));
        let events: Vec<Envelope> = state
            .events
            .get(&build)
            .into_iter()
            .flatten()
            .filter(|envelope| envelope.id >= from)
            .cloned()
            .collect();
        let is_over = events
            .iter()
            .any(|e| matches!(&e.event, Event::Status { status, .. } if status.is_over()));
        let first = futures_util::stream::once(async move { Ok(events) });
        if is_over {
            return Ok(first.boxed());
        }
        Ok(first.chain(futures_util::stream::pending()).boxed())
    }

    async fn changes(&self) -> Result<ChangeStream> {
        let (tx, rx) = mpsc::unbounded_channel();
        self.ask("changes").changes.push(tx);
        let stream = futures_util::stream::unfold(rx, |mut rx| async move {
            rx.recv().await.map(|change| (change, rx))
        });
        Ok(stream.boxed())
    }
}

//! A core that answers from memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use flightdeck::control::*;
use flightdeck::model::build::{Envelope, Event, EventId, LogSource, Origin, Status};
use flightdeck::model::version::MetadataField;
use flightdeck::model::worker::{ContainerInfo, ContainerKind, ContainerMetadata};
use flightdeck::model::*;
use futures_util::StreamExt;
use tokio::sync::mpsc;

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

/// So long before [`NOW`].
pub fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

/// A build.
pub fn build(
    pipeline: &PipelineRef,
    job: &str,
    id: i64,
    name: &str,
    status: Status,
) -> BuildSummary {
    BuildSummary {
        id: BuildId(id),
        name: name.to_owned(),
        pipeline: Some(pipeline.clone()),
        job: Some(job.to_owned()),
        status,
        created_at: NOW,
        started_at: None,
        ended_at: None,
        created_by: None,
        aborted_by: None,
        is_aborting: false,
        cause: None,
    }
}

/// A build that began and ended so many seconds ago; 0 for one that has not ended.
pub fn timed(mut build: BuildSummary, began: u64, ended: u64) -> BuildSummary {
    build.created_at = ago(began + 1);
    build.started_at = Some(ago(began));
    build.ended_at = build.status.is_over().then(|| ago(ended));
    build
}

/// A job that never ran and takes nothing.
pub fn job(id: i64, name: &str) -> JobSummary {
    JobSummary {
        id: JobId(id),
        name: name.to_owned(),
        pause: None,
        finished: None,
        next: None,
        transition: None,
        suspect: None,
        pulse: Vec::new(),
        estimate: None,
        waiting: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        groups: Vec::new(),
        is_manual_trigger_disabled: false,
    }
}

/// A pipeline of jobs.
pub fn pipeline(id: i64, team: &str, name: &str, jobs: Vec<JobSummary>) -> PipelineSummary {
    PipelineSummary {
        id: PipelineId(id),
        pipeline: PipelineRef::new(team, name),
        pause: None,
        is_archived: false,
        updated_at: ago(86_400),
        groups: Vec::new(),
        jobs,
        resources: Vec::new(),
    }
}

/// An input of a job.
pub fn input(resource: &str, passed: &[&str], is_trigger: bool) -> JobInput {
    JobInput {
        name: resource.to_owned(),
        resource: resource.to_owned(),
        passed: passed.iter().map(|name| (*name).to_owned()).collect(),
        is_trigger,
    }
}

/// History: `.` green, `x` failed, `!` errored, `a` aborted; oldest first.
pub fn pulse(marks: &str) -> Vec<Pulse> {
    marks
        .chars()
        .zip(1i64..)
        .map(|(mark, n)| Pulse {
            id: BuildId(n),
            name: n.to_string(),
            status: match mark {
                'x' => Status::Failed,
                '!' => Status::Errored,
                'a' => Status::Aborted,
                _ => Status::Succeeded,
            },
        })
        .collect()
}

/// A first cause.
pub fn cause(plan: &str, step: &str, exit: Option<i32>, line: &str, after: u64) -> FirstCause {
    FirstCause {
        plan: PlanId::from(plan),
        step: step.to_owned(),
        exit_status: exit,
        line: Some(line.to_owned()),
        after: Some(Duration::from_secs(after)),
    }
}

/// An input that changed.
pub fn change(
    name: &str,
    key: &str,
    from: &str,
    to: &str,
    n: u32,
    facts: &[(&str, &str)],
) -> InputChange {
    InputChange {
        name: name.to_owned(),
        resource: name.to_owned(),
        from: Some(Version::of(key, from)),
        to: Version::of(key, to),
        metadata: facts.iter().map(|(name, value)| MetadataField::new(name, *value)).collect(),
        n_versions: Some(n),
    }
}

/// An input that a build got.
pub fn got(name: &str, key: &str, value: &str) -> NamedVersion {
    NamedVersion {
        name: name.to_owned(),
        resource: name.to_owned(),
        version: Version::of(key, value),
        metadata: Vec::new(),
        is_first_occurrence: false,
    }
}

/// A build with nothing but what lists tell.
pub fn detail(summary: BuildSummary) -> BuildDetail {
    BuildDetail {
        summary,
        plan: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        last_green: None,
        changes: Vec::new(),
        made_by: None,
        waiting: None,
        estimate: None,
        usual_steps: Vec::new(),
        worker: None,
    }
}

/// A container.
pub fn container(
    build: &BuildSummary,
    plan: &str,
    kind: ContainerKind,
    step: &str,
    is_failed: bool,
    expires_in: Option<u64>,
) -> ContainerSummary {
    ContainerSummary {
        info: ContainerInfo {
            handle: format!("{}-{step}", build.id),
            runtime: "w-3".to_owned(),
            metadata: ContainerMetadata {
                kind,
                build: build.id,
                plan: PlanId::from(plan),
                step: step.to_owned(),
                attempt: String::new(),
                build_name: build.name.clone(),
                of: format!(
                    "{}/{}",
                    build.pipeline.as_ref().unwrap(),
                    build.job.as_deref().unwrap_or("")
                ),
            },
            working_dir: "/tmp/build/e55deab7".to_owned(),
            created_at: ago(3_000),
            is_running: !is_failed && expires_in.is_none(),
            exit_status: is_failed.then_some(1),
        },
        is_failed,
        expires_at: expires_in.map(|seconds| NOW + Duration::from_secs(seconds)),
        until: None,
    }
}

/// Writes events with ids in order.
#[derive(Default)]
pub struct Tape {
    pub events: Vec<Envelope>,
}

impl Tape {
    pub fn add(&mut self, at: Timestamp, event: Event) -> &mut Tape {
        let id = self.events.len() as EventId;
        self.events.push(Envelope { id, at, output_offset: None, event });
        self
    }

    pub fn status(&mut self, at: Timestamp, status: Status) -> &mut Tape {
        self.add(at, Event::Status { status, time: at.secs() })
    }

    pub fn log(&mut self, at: Timestamp, plan: &str, payload: &str) -> &mut Tape {
        let origin = Origin::stream(&PlanId::from(plan), LogSource::Stdout);
        self.add(at, Event::Log { time: at.secs(), origin, payload: payload.to_owned() })
    }

    pub fn start(&mut self, at: Timestamp, plan: &str) -> &mut Tape {
        let origin = Origin::node(&PlanId::from(plan));
        self.add(at, Event::Start { time: at.secs(), origin })
    }

    pub fn finish(&mut self, at: Timestamp, plan: &str, exit_status: i32) -> &mut Tape {
        let origin = Origin::node(&PlanId::from(plan));
        self.add(at, Event::FinishTask { time: at.secs(), exit_status, origin })
    }
}

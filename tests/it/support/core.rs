//! A whole core in a place of its own: store, process runtime with this program as supervisor,
//! passes, and the handle of a person.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flightdeck::cli::SystemClock;
use flightdeck::control::{Acting, BuildDetail, BuildSummary, Control, PipelineSummary, SetAsk};
use flightdeck::dialect;
use flightdeck::model::build::{Envelope, Event, Status};
use flightdeck::model::var::Values;
use flightdeck::model::{BuildId, PipelineRef, Value};
use flightdeck::runtime::Runtime;
use flightdeck::runtime::process::ProcessRuntime;
use flightdeck::server::{NoSecrets, Rights, Server, ServerParts};
use flightdeck::store::{Store, StoreUrl};
use futures_util::StreamExt;

/// No wait in a test is longer.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A data directory with what its tasks see, which outlives the cores that use it.
pub struct Place {
    dir: tempfile::TempDir,
    path: Option<String>,
}

impl Place {
    /// A new one.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a place"), path: None }
    }

    /// A new one in whose tasks `sleep` sleeps a hundredth of what it is told, so that scripts
    /// that take their time for people need not take it for tests.
    pub fn in_a_hurry() -> Self {
        let place = Self::new();
        let bin = place.path().join("bin");
        fs::create_dir(&bin).expect("made");
        let path = std::env::var("PATH").expect("a path");
        let real = std::env::split_paths(&path).map(|dir| dir.join("sleep"));
        let real = real.into_iter().find(|file| file.is_file()).expect("a sleep");
        let script = format!(
            "#!/bin/sh\nexec {} \"$(awk \"BEGIN {{ print $1 / 100 }}\")\"\n",
            real.display()
        );
        let quick = bin.join("sleep");
        fs::write(&quick, script).expect("written");
        fs::set_permissions(&quick, fs::Permissions::from_mode(0o755)).expect("allowed");
        Self { path: Some(format!("{}:{path}", bin.display())), ..place }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The data directory of its cores.
    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Starts a core on it.
    pub async fn start(&self) -> Core {
        self.start_with(|_| ()).await
    }

    /// Starts a core on it, of parts that are changed first.
    pub async fn start_with(&self, change: impl FnOnce(&mut ServerParts)) -> Core {
        let data_dir = self.data_dir();
        let clock = Arc::new(SystemClock);
        let store = Store::open(StoreUrl::Sqlite, &data_dir, clock.clone()).await.expect("opens");
        let supervisor = PathBuf::from(env!("CARGO_BIN_EXE_flightdeck"));
        let path = self.path.clone().or_else(|| std::env::var("PATH").ok()).expect("a path");
        let runtime = ProcessRuntime::new(&data_dir, supervisor).expect("opens");
        let runtime: Arc<dyn Runtime> = Arc::new(runtime.with_env([("PATH".to_owned(), path)]));
        let mut parts = ServerParts {
            store,
            runtimes: vec![Arc::clone(&runtime)],
            secrets: Arc::new(NoSecrets),
            clock,
            cache_dir: data_dir.join("cache"),
            name: "local".to_owned(),
            worker: "here".to_owned(),
        };
        change(&mut parts);
        let server = Server::start(parts);
        let control = Arc::new(server.local("ada", Rights::Own));
        Core { server, runtime, control }
    }
}

/// A running core.
pub struct Core {
    server: Server,
    pub runtime: Arc<dyn Runtime>,
    pub control: Arc<dyn Control>,
}

impl Core {
    /// A handle that may only read.
    pub fn reader(&self) -> Arc<dyn Control> {
        Arc::new(self.server.local("eve", Rights::Read))
    }

    /// What may be done with it.
    pub fn act(&self) -> &dyn Acting {
        self.control.acting().expect("may act")
    }

    /// Sets a pipeline that starts at once; `vars` fill its references.
    pub async fn set(&self, name: &str, text: &str, vars: &[(&str, &str)]) -> PipelineRef {
        let pipeline = PipelineRef::new("main", name);
        let config = pipeline_of(text, vars);
        let ask = SetAsk { pipeline: pipeline.clone(), config, is_new_paused: false };
        self.act().set_pipeline(ask).await.expect("sets");
        pipeline
    }

    /// Triggers a job.
    pub async fn trigger(&self, pipeline: &PipelineRef, job: &str) -> BuildSummary {
        self.act().trigger_job(pipeline, job).await.expect("triggers")
    }

    /// Waits until a build of a job has a status that the condition takes.
    pub async fn until_build(
        &self,
        pipeline: &PipelineRef,
        job: &str,
        name: &str,
        what: &str,
        is_so: impl Fn(&BuildSummary) -> bool,
    ) -> BuildSummary {
        let control = self.control.as_ref();
        until(control, &format!("{job} #{name} {what}"), async || {
            let builds = control.job_builds(pipeline, job, None, 100).await.expect("builds");
            builds.into_iter().find(|build| build.name == name && is_so(build))
        })
        .await
    }

    /// Waits for the end of a build of a job.
    pub async fn ended(&self, pipeline: &PipelineRef, job: &str, name: &str) -> BuildDetail {
        let is_over = |build: &BuildSummary| build.status.is_over();
        let build = self.until_build(pipeline, job, name, "ends", is_over).await;
        self.control.build(build.id).await.expect("a build")
    }

    /// Waits for the end of a build of a job, which must have succeeded.
    pub async fn succeeded(&self, pipeline: &PipelineRef, job: &str, name: &str) -> BuildDetail {
        let build = self.ended(pipeline, job, name).await;
        if build.summary.status != Status::Succeeded {
            let log = self.log(build.summary.id).await;
            panic!("{job} #{name} is {}: {:?}\n{log}", build.summary.status, build.summary.cause);
        }
        build
    }

    /// Waits until nothing more happens by itself.
    pub async fn settled(&self) {
        let settled = tokio::time::timeout(DEADLINE, self.control.settled()).await;
        settled.expect("settles in time").expect("settles");
    }

    /// The pipeline.
    pub async fn pipeline(&self, pipeline: &PipelineRef) -> PipelineSummary {
        self.control.pipeline(pipeline).await.expect("a pipeline")
    }

    /// All events of a build, once it is over.
    pub async fn events(&self, build: BuildId) -> Vec<Envelope> {
        events(self.control.as_ref(), build).await
    }

    /// All that a build printed and all errors, once it is over.
    pub async fn log(&self, build: BuildId) -> String {
        text(&self.events(build).await)
    }

    /// Waits until a build's log holds a text.
    pub async fn until_logged(&self, build: BuildId, wanted: &str) -> String {
        let reading = async {
            let mut seen = Vec::new();
            let mut events = self.control.build_events(build, 0).await.expect("a log");
            while let Some(more) = events.next().await {
                seen.extend(more.expect("reads"));
                if text(&seen).contains(wanted) {
                    return text(&seen);
                }
            }
            panic!("the build ended without `{wanted}`:\n{}", text(&seen))
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("it is logged in time")
    }

    /// Stops it; what runs goes on by itself.
    pub async fn shut_down(self) {
        drop(self.control);
        self.server.shut_down(DEADLINE).await.expect("stops");
    }
}

/// A pipeline of a text.
pub fn pipeline_of(text: &str, vars: &[(&str, &str)]) -> flightdeck::model::Pipeline {
    let mut values = Values::new();
    for (name, value) in vars {
        values.set(name, Value::from(*value)).expect("a name");
    }
    let read = dialect::read("pipeline.yml", text, &values);
    read.pipeline.unwrap_or_else(|| panic!("{:?}", read.diagnostics))
}

/// Waits until `look` finds something, looking whenever something changes.
pub async fn until<T>(
    control: &dyn Control,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let mut changes = control.changes().await.expect("changes");
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            changes.next().await.expect("the core goes on");
        }
    };
    match tokio::time::timeout(DEADLINE, looking).await {
        Ok(found) => found,
        Err(_) => panic!("in vain: {what}\n{}", state(control).await),
    }
}

/// Waits for something outside of a core.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// All events of a build, once it is over.
pub async fn events(control: &dyn Control, build: BuildId) -> Vec<Envelope> {
    let reading = async {
        let events = control.build_events(build, 0).await.expect("a log");
        events.map(|events| events.expect("reads")).concat().await
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the log ends in time")
}

/// What events say to people.
pub fn text(events: &[Envelope]) -> String {
    let mut text = String::new();
    for envelope in events {
        match &envelope.event {
            Event::Log { payload, .. } => text.push_str(&payload.replace("\r\n", "\n")),
            Event::Error { message, .. } => text.push_str(&format!("error: {message}\n")),
            _ => {}
        }
    }
    text
}

/// Where everything stands, for the message of a failed test.
async fn state(control: &dyn Control) -> String {
    let mut text = String::new();
    for pipeline in control.list_pipelines().await.unwrap_or_default() {
        for job in pipeline.jobs {
            let build = |build: &Option<BuildSummary>| {
                build.as_ref().map(|b| format!("#{} {} {:?}", b.name, b.status, b.cause))
            };
            let (next, finished) = (build(&job.next), build(&job.finished));
            let why = job.waiting.map(|waiting| waiting.why);
            text.push_str(&format!(
                "{} {}: next {next:?} finished {finished:?} waiting {why:?}\n",
                pipeline.pipeline, job.name
            ));
        }
        for resource in pipeline.resources {
            text.push_str(&format!("{}: {:?}\n", resource.name, resource.check));
        }
    }
    text
}

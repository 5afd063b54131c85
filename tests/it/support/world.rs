//! A world to run builds in: the fake runtime, a journal in memory, the type `thing`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use flightdeck::dialect;
use flightdeck::engine::{BuildSpec, Engine, Parts, Running, Secrets};
use flightdeck::model::build::{Envelope, Event, LogSource, Outcome, Plan};
use flightdeck::model::var::{Reference, Values};
use flightdeck::model::{
    BuildId, Clock, Job, JobId, Pipeline, PipelineId, PipelineRef, Step, Value, Version,
};
use flightdeck::resource::ResourceType;
use flightdeck::runtime::Runtime;
use flightdeck::runtime::fake::{FakeRuntime, Script};
use flightdeck::scheduler;

use super::clock::{FastClock, IdleClock};
use super::journal::{Left, MemoryJournal};
use super::resource::Thing;

/// The build that [`World::run`] runs.
pub const BUILD: BuildId = BuildId(7);

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// All that a build needs.
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub runtime: FakeRuntime,
    pub journal: Arc<MemoryJournal>,
    pub thing: &'static Thing,
    pub secrets: BTreeMap<String, Value>,
    types: &'static [&'static dyn ResourceType],
    cache: Arc<tempfile::TempDir>,
}

struct Known(BTreeMap<String, Value>);

#[async_trait]
impl Secrets for Known {
    async fn find(
        &self,
        _pipeline: Option<&PipelineRef>,
        reference: &Reference,
    ) -> Result<Option<Value>, String> {
        if reference.name == "unreachable" {
            return Err("nobody answers".to_owned());
        }
        Ok(self.0.get(&reference.name).cloned())
    }
}

impl World {
    /// A world in which time passes only when nothing happens.
    pub fn new() -> Self {
        Self::by(IdleClock::new())
    }

    /// A world in which so many seconds pass in one, whatever happens.
    pub fn at_speed(factor: u32) -> Self {
        Self::by(Arc::new(FastClock::new(factor)))
    }

    fn by(clock: Arc<dyn Clock>) -> Self {
        // Types stand for the whole run of the program; the few that tests make may stay too.
        let thing: &'static Thing = Box::leak(Box::default());
        let types: &'static [&'static dyn ResourceType] = Box::leak(Box::new([thing as _]));
        Self {
            runtime: FakeRuntime::new(Arc::clone(&clock)).expect("a temporary directory"),
            journal: MemoryJournal::new(Arc::clone(&clock)),
            thing,
            types,
            secrets: BTreeMap::new(),
            cache: Arc::new(tempfile::tempdir().expect("a temporary directory")),
            clock,
        }
    }

    /// Says what tasks of that name do.
    #[must_use]
    pub fn on(self, step: &str, script: Script) -> Self {
        self.runtime.on_step(step, [script]);
        self
    }

    /// A core on this world.
    pub fn engine(&self) -> Engine {
        self.engine_on(Arc::clone(&self.journal))
    }

    /// A core on this world that writes to `journal`.
    pub fn engine_on(&self, journal: Arc<MemoryJournal>) -> Engine {
        self.engine_with(Arc::new(self.runtime.clone()), journal)
    }

    /// A core on another runtime.
    pub fn engine_with(&self, runtime: Arc<dyn Runtime>, journal: Arc<MemoryJournal>) -> Engine {
        Engine::new(Parts {
            runtimes: vec![runtime],
            types: self.types,
            journal,
            secrets: Arc::new(Known(self.secrets.clone())),
            clock: Arc::clone(&self.clock),
            cache_dir: self.cache.path().to_owned(),
            core_id: "core".to_owned(),
            worker: "here".to_owned(),
            external_url: "http://deck".to_owned(),
        })
    }

    /// Runs a plan to its end.
    pub async fn run(&self, plan: Plan) -> (Outcome, Told) {
        let running = self.engine().start(build(plan));
        let outcome = ended(&running).await;
        (outcome, self.told())
    }

    /// Runs the only job of a pipeline to its end.
    pub async fn run_job(&self, pipeline: &str) -> (Outcome, Told) {
        self.run(plan(pipeline)).await
    }

    /// What the build left.
    pub fn told(&self) -> Told {
        Told(self.journal.left(BUILD))
    }

    /// Waits until the fake runtime has started that many processes.
    pub async fn until_ran(&self, count: usize) {
        until(|| self.runtime.ran().len() >= count).await;
    }

    /// Waits until a task of that name runs.
    pub async fn until_runs(&self, task: &str) {
        until(|| self.tasks().iter().any(|running| running == task)).await;
    }

    /// The names of the tasks that were run, in order.
    pub fn tasks(&self) -> Vec<String> {
        self.runtime.ran().into_iter().map(|ran| ran.metadata.step).collect()
    }
}

/// Waits for a state.
pub async fn until(mut is_reached: impl FnMut() -> bool) {
    let wait = async {
        while !is_reached() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the state comes");
}

/// Waits for the end of a build.
pub async fn ended(running: &Running) -> Outcome {
    tokio::time::timeout(PATIENCE, running.wait()).await.expect("the build ends")
}

/// The build of a plan.
pub fn build(plan: Plan) -> BuildSpec {
    BuildSpec {
        id: BUILD,
        name: "42".to_owned(),
        team: "main".to_owned(),
        pipeline: Some((PipelineId(1), PipelineRef::new("main", "p"))),
        job: Some((JobId(2), "j".to_owned())),
        created_by: Some("ada".to_owned()),
        plan,
    }
}

/// The plan of the first job of a pipeline.
pub fn plan(pipeline: &str) -> Plan {
    let pipeline = read(pipeline);
    plan_of(&pipeline, pipeline.jobs.first().expect("a job"))
}

/// The plan of a job; each of its gets has version `v:1`.
pub fn plan_of(pipeline: &Pipeline, job: &Job) -> Plan {
    let mut inputs = BTreeMap::new();
    for step in job.plan.iter().chain(job.hooks.iter().map(|hook| &*hook.step)) {
        step.walk(&mut |step| {
            if let Step::Get(get) = step {
                inputs.insert(get.name.clone(), Version::of("v", "1"));
            }
        });
    }
    scheduler::plan(job, pipeline, &inputs).expect("a plan")
}

/// The pipeline of a text.
pub fn read(pipeline: &str) -> Pipeline {
    let read = dialect::read("pipeline.yml", pipeline, &Values::new());
    read.pipeline.unwrap_or_else(|| panic!("{:?}", read.diagnostics))
}

/// What a build told.
#[derive(Clone)]
pub struct Told(pub Left);

impl Told {
    /// The kinds of events, without logs.
    pub fn kinds(&self) -> Vec<&'static str> {
        let kinds = self.0.log.iter().map(|envelope| envelope.event.kind().0);
        kinds.filter(|kind| *kind != "log").collect()
    }

    /// The output of all nodes, in the order of the log.
    pub fn output(&self) -> String {
        let payload = |event: &Event| match event {
            Event::Log { payload, .. } => Some(payload.clone()),
            _ => None,
        };
        self.0.log.iter().filter_map(|envelope| payload(&envelope.event)).collect()
    }

    /// The messages of error events.
    pub fn errors(&self) -> Vec<String> {
        let message = |event: &Event| match event {
            Event::Error { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.0.log.iter().filter_map(|envelope| message(&envelope.event)).collect()
    }

    /// By node: its events but for logs, and its text by stream. Times are left out.
    pub fn by_node(&self) -> BTreeMap<String, (Vec<String>, BTreeMap<&'static str, String>)> {
        let mut nodes: BTreeMap<String, (Vec<String>, BTreeMap<&'static str, String>)> =
            BTreeMap::new();
        for envelope in &self.0.log {
            let origin = envelope.event.origin();
            let (events, texts) =
                nodes.entry(origin.map_or(String::new(), |o| o.id.0.clone())).or_default();
            if let Event::Log { payload, origin, .. } = &envelope.event {
                let stream = match origin.source {
                    Some(LogSource::Stdout) => "stdout",
                    Some(LogSource::Stderr) => "stderr",
                    None => "none",
                };
                texts.entry(stream).or_default().push_str(payload);
            } else {
                events.push(tell(envelope));
            }
        }
        nodes
    }

    /// What each node told, in the order of the plan: events with what is worth reading in them,
    /// then text.
    pub fn by_plan(&self, plan: &Plan) -> String {
        let (mut order, mut names) = (Vec::new(), HashMap::new());
        plan.walk(&mut |node| {
            order.push(node.id.0.clone());
            names.insert(node.id.0.clone(), name(node));
        });
        let mut nodes: Vec<_> =
            self.by_node().into_iter().filter(|(id, _)| !id.is_empty()).collect();
        nodes.sort_by_key(|(id, _)| {
            let whole = id.split('/').next().unwrap_or(id);
            (order.iter().position(|other| other == whole), id.clone())
        });
        let mut out = String::new();
        for (id, (events, texts)) in nodes {
            let name = names.get(&id).map_or("of across", String::as_str);
            let _ = writeln!(out, "  {id} {name}");
            for event in events.iter().filter(|event| !event.starts_with("selected-worker")) {
                let event = event.strip_suffix(NO_CONFIG).unwrap_or(event);
                let _ = writeln!(out, "    {event}");
            }
            for (stream, text) in texts {
                for line in text.lines() {
                    let _ = writeln!(out, "    {stream}: {line}");
                }
            }
        }
        out
    }

    /// How often each node has each kind of event.
    pub fn doubled(&self) -> Vec<(String, &'static str)> {
        let mut counts: HashMap<(String, &'static str), usize> = HashMap::new();
        for envelope in &self.0.log {
            let kind = envelope.event.kind().0;
            if let Some(origin) = envelope.event.origin().filter(|_| kind != "log") {
                *counts.entry((origin.id.0.clone(), kind)).or_default() += 1;
            }
        }
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
    }
}

/// What an initialize-task event says of a task: nothing.
const NO_CONFIG: &str = concat!(
    r#" {"config":{"image":"","inputs":null,"platform":"","#,
    r#""run":{"args":null,"dir":"","path":""}}}"#
);

/// A node's kind and name.
fn name(node: &Plan) -> String {
    let public: serde_json::Value = serde_json::from_str(&node.public().to_json()).expect("JSON");
    let kinds = public.as_object().expect("a map").iter().filter(|(key, _)| *key != "id");
    let name = |kind: &serde_json::Value| kind["name"].as_str().unwrap_or_default().to_owned();
    kinds.map(|(kind, data)| format!("{kind} {}", name(data)).trim().to_owned()).collect()
}

/// An event without time and origin.
fn tell(envelope: &Envelope) -> String {
    let mut json = serde_json::to_value(envelope).expect("prints");
    let data = json["data"].as_object_mut().expect("a map");
    data.retain(|key, _| key != "time" && key != "origin");
    let data = serde_json::to_string(&data).expect("prints");
    let word = json["event"].as_str().expect("a word");
    if data == "{}" { word.to_owned() } else { format!("{word} {data}") }
}

//! Event logs: 100,000 events, appended, read, read compressed. And the facts of a job that has a
//! long past, which each pass over it waits for.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has nothing to measure")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use flightdeck::engine::journal::NewEvent;
use flightdeck::model::build::{Event, LogSource, Origin, Plan, PlanKind, Status};
use flightdeck::model::step::{GetStep, Step};
use flightdeck::model::{
    BuildId, Clock, Job, JobId, Pipeline, PipelineRef, PlanId, Resource, Timestamp, Version,
};
use flightdeck::scheduler::facts::ChosenInput;
use flightdeck::scheduler::{plan, schedule};
use flightdeck::store::pipeline::{SetBy, SetPipeline};
use flightdeck::store::resource::ScopeKey;
use flightdeck::store::{Store, StoreUrl};
use tokio::runtime::Runtime;

const EVENTS: usize = 100_000;

fn main() {
    divan::main();
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(moment.since(self.now())))
    }
}

struct World {
    runtime: Runtime,
    store: Store,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let dir = tempfile::tempdir().expect("a directory");
        let open = Store::open(StoreUrl::Sqlite, dir.path(), Arc::new(WallClock));
        let store = runtime.block_on(open).expect("opens");
        Self { runtime, store, _dir: dir }
    }

    /// A log of events, and how many bytes it has.
    fn log(&self, build: BuildId) -> u64 {
        let events: Vec<NewEvent> = (0..EVENTS).map(line).collect();
        self.runtime.block_on(async {
            for some in events.chunks(1000) {
                self.store.append_events(build, some).await.expect("appends");
            }
            let status = Event::Status { status: Status::Succeeded, time: 1 };
            let last = NewEvent { event: status, output_offset: None };
            self.store.append_events(build, &[last]).await.expect("appends");
            self.read(build).await
        })
    }

    async fn read(&self, build: BuildId) -> u64 {
        let mut reader = self.store.read_events(build, 0).await.expect("reads");
        let mut n_bytes = 0;
        while let Some(lines) = reader.next_lines().await.expect("reads") {
            n_bytes += lines.bytes.len() as u64;
        }
        n_bytes
    }
}

fn line(i: usize) -> NewEvent {
    let origin = Origin::stream(&PlanId::from("2a"), LogSource::Stdout);
    let payload = format!("\u{1b}[32m[{i:>7}]\u{1b}[0m compiling crate number {i} of many\n");
    NewEvent { event: Event::Log { time: 1_700_000_000, origin, payload }, output_offset: Some(0) }
}

/// Each event in a call of its own, as a chatty task makes them.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn append_one_by_one(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let events: Vec<NewEvent> = (0..EVENTS).map(line).collect();
    let mut build = 0;
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        build += 1;
        world.runtime.block_on(async {
            for event in &events {
                let event = std::slice::from_ref(event);
                world.store.append_events(BuildId(build), event).await.expect("appends");
            }
        });
    });
}

/// A thousand events a call.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn append_in_bunches(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let events: Vec<NewEvent> = (0..EVENTS).map(line).collect();
    let mut build = 0;
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        build += 1;
        world.runtime.block_on(async {
            for some in events.chunks(1000) {
                world.store.append_events(BuildId(build), some).await.expect("appends");
            }
        });
    });
}

/// Lines as they lie there, as the wire gets them.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let n_bytes = world.log(BuildId(1));
    bencher
        .counter(BytesCount::new(n_bytes))
        .bench_local(|| world.runtime.block_on(world.read(BuildId(1))));
}

/// The same once the build is over.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn read_compressed(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let n_bytes = world.log(BuildId(1));
    world.runtime.block_on(world.store.complete_log(BuildId(1))).expect("compresses");
    bencher
        .counter(BytesCount::new(n_bytes))
        .bench_local(|| world.runtime.block_on(world.read(BuildId(1))));
}

/// Events as the console gets them.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_decoded(bencher: Bencher<'_, '_>) {
    let world = World::new();
    world.log(BuildId(1));
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        world.runtime.block_on(async {
            let mut reader = world.store.read_events(BuildId(1), 0).await.expect("reads");
            let mut n_events = 0;
            while let Some(events) = reader.next().await.expect("reads") {
                n_events += events.len();
            }
            assert_eq!(n_events, EVENTS + 1);
        });
    });
}

/// Compressing a log.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn compress(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let mut build = 0;
    let n_bytes = world.log(BuildId(1_000_000));
    bencher
        .counter(BytesCount::new(n_bytes))
        .with_inputs(|| {
            build += 1;
            world.log(BuildId(build));
            BuildId(build)
        })
        .bench_local_values(|build| {
            world.runtime.block_on(world.store.complete_log(build)).expect("compresses");
        });
}

/// What a pass looks at, for a job behind one with that many builds.
#[divan::bench(args = [100, 2000], sample_count = 20, sample_size = 1)]
fn facts(bencher: Bencher<'_, '_>, n_builds: usize) {
    let world = World::new();
    let job = world.runtime.block_on(history(&world.store, n_builds));
    bencher.bench_local(|| {
        world.runtime.block_on(world.store.job_facts(job, 100)).expect("reads");
    });
}

/// From a person's trigger to a build that is started: what the store has of that wait.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn trigger(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let ship = world.runtime.block_on(history(&world.store, 10));
    bencher.bench_local(|| {
        world.runtime.block_on(async {
            let store = &world.store;
            let build = store.create_manual_build(ship, "ada").await.expect("makes").id;
            let mut started = Vec::new();
            while started.is_empty() {
                for due in store.due_jobs().await.expect("reads") {
                    let facts = store.job_facts(due.job, 100).await.expect("reads");
                    let decisions = schedule(&facts, Timestamp(i64::MAX)).expect("is short");
                    let done = store.store_pass(due, &facts, &decisions, plan).await;
                    started.extend(done.expect("stores").started);
                }
            }
            store.finish_build(build, Status::Succeeded, None).await.expect("ends");
        });
    });
}

/// `source` → unit → ship; unit has run on each version.
async fn history(store: &Store, n_builds: usize) -> JobId {
    let get = |passed: &[&str]| {
        Step::Get(GetStep {
            name: "source".into(),
            trigger: true,
            passed: passed.iter().map(|job| (*job).to_owned()).collect(),
            ..GetStep::default()
        })
    };
    let job = |name: &str, step| Job { name: name.into(), plan: vec![step], ..Job::default() };
    let config = Pipeline {
        resources: vec![Resource {
            name: "source".into(),
            kind: "git".into(),
            ..Resource::default()
        }],
        jobs: vec![job("unit", get(&[])), job("ship", get(&["unit"]))],
        ..Pipeline::default()
    };
    let name = PipelineRef::new("main", "ci");
    let by = SetBy::Person { is_new_paused: false };
    let ask = SetPipeline { pipeline: &name, config: &config, by, from_version: None };
    let set = store.set_pipeline(ask).await.expect("sets");
    let source = store.resource(set.id, "source").await.expect("reads").expect("is there").id;
    let key = ScopeKey { kind: "git", source: &Default::default(), is_shared: false };
    let scope = store.attach_scope(source, key).await.expect("attaches").scope;
    let unit = store.job(set.id, "unit").await.expect("reads").expect("is there").id;
    let plan = Plan { id: PlanId::from("1"), attempt: Vec::new(), kind: PlanKind::Do(Vec::new()) };
    for i in 0..n_builds {
        let version = Version::of("ref", &format!("{i:040x}"));
        let saved = store.save_versions(scope, &[version]).await.expect("saves");
        let input = ChosenInput {
            name: "source".into(),
            resource: source,
            version: saved.latest.expect("has one"),
            is_first_occurrence: true,
            passed_builds: Vec::new(),
        };
        let build = store.create_manual_build(unit, "ada").await.expect("makes").id;
        store.adopt_inputs(build, &[input]).await.expect("adopts");
        store.start_build(build, &plan).await.expect("starts");
        store.finish_build(build, Status::Succeeded, None).await.expect("ends");
    }
    store.job(set.id, "ship").await.expect("reads").expect("is there").id
}

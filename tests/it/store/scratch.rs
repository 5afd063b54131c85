//! A store to try things on, and what pipelines are made of.

use std::future::Future;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flightdeck::model::build::{Plan, PlanKind, Status};
use flightdeck::model::step::{GetStep, PutStep, Step};
use flightdeck::model::{
    BuildId, Clock, Job, JobId, Pipeline, PipelineId, PipelineRef, PlanId, Resource, ResourceId,
    ScopeId, Timestamp, Value, Version,
};
use flightdeck::scheduler::facts::ChosenInput;
use flightdeck::store::build::BuildRow;
use flightdeck::store::pipeline::{PipelineSet, SetBy, SetPipeline};
use flightdeck::store::resource::ScopeKey;
use flightdeck::store::{Store, StoreError, StoreUrl};

/// Where PostgreSQL is.
const POSTGRES: &str = "FLIGHTDECK_TEST_POSTGRES_URL";

/// A clock that moves by a second at each look, so that no two moments are the same.
pub struct StepClock(AtomicI64);

impl StepClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000_000)))
    }
}

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }

    fn sleep_until(&self, _: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // Real time: what waits in a store waits for the disk.
        Box::pin(tokio::time::sleep(Duration::from_millis(10)))
    }
}

/// A store in a directory that goes with it.
pub struct Scratch {
    pub store: Store,
    pub url: StoreUrl,
    pub dir: tempfile::TempDir,
    schema: Option<(String, String)>,
}

impl Deref for Scratch {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Scratch {
    pub async fn sqlite() -> Self {
        Self::open(StoreUrl::Sqlite, None).await
    }

    /// Nothing where there is no PostgreSQL to try it on.
    pub async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var(POSTGRES) else {
            assert!(std::env::var_os("CI").is_none(), "`{POSTGRES}` must be set in CI");
            #[expect(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("skipped: `{POSTGRES}` names no PostgreSQL");
            }
            return None;
        };
        let schema = format!("t{}", tempfile_word());
        run_sql(&url, format!("CREATE SCHEMA {schema}")).await;
        let joint = if url.contains('?') { '&' } else { '?' };
        let own = format!("{url}{joint}options[search_path]={schema}");
        Some(Self::open(StoreUrl::Postgres(own), Some((url, schema))).await)
    }

    async fn open(url: StoreUrl, schema: Option<(String, String)>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = open(&url, dir.path()).await.expect("opens");
        Self { store, url, dir, schema }
    }

    /// Removes what the test left in PostgreSQL.
    pub async fn remove(self) {
        self.store.close().await;
        if let Some((url, schema)) = &self.schema {
            run_sql(url, format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }

    /// Another core on the same database, with a directory of its own.
    pub async fn neighbour(&self, dir: &Path) -> Store {
        open(&self.url, dir).await.expect("opens")
    }

    pub fn is_postgres(&self) -> bool {
        self.schema.is_some()
    }

    /// Sets the pipeline `main/ci`, as a person does.
    pub async fn set(&self, config: &Pipeline) -> PipelineSet {
        self.set_as("ci", config).await
    }

    pub async fn set_as(&self, name: &str, config: &Pipeline) -> PipelineSet {
        let ask = SetPipeline {
            pipeline: &PipelineRef::new("main", name),
            config,
            by: SetBy::Person { is_new_paused: false },
            from_version: None,
        };
        self.store.set_pipeline(ask).await.expect("sets")
    }

    pub async fn job_id(&self, pipeline: PipelineId, name: &str) -> JobId {
        self.store.job(pipeline, name).await.expect("reads").expect("is there").id
    }

    pub async fn resource_id(&self, pipeline: PipelineId, name: &str) -> ResourceId {
        self.store.resource(pipeline, name).await.expect("reads").expect("is there").id
    }

    /// Attaches a resource to the scope of its source as it is.
    pub async fn scope(&self, resource: ResourceId) -> ScopeId {
        let row = self.store.resource_by_id(resource).await.expect("reads").expect("is there");
        let key = ScopeKey { kind: &row.kind, source: &row.config.source, is_shared: false };
        self.store.attach_scope(resource, key).await.expect("attaches").scope
    }

    /// Saves versions `ref: …` as a check does.
    pub async fn check(&self, resource: ResourceId, refs: &[&str]) {
        let scope = self.scope(resource).await;
        let versions: Vec<Version> = refs.iter().map(|r| version(r)).collect();
        self.store.save_versions(scope, &versions).await.expect("saves");
    }

    /// The versions of a resource, newest first, by their `ref`.
    pub async fn refs(&self, resource: ResourceId) -> Vec<String> {
        let found = self.store.versions(resource, None, &Version::default(), 1000).await;
        found
            .expect("reads")
            .into_iter()
            .map(|row| row.version.field("ref").unwrap_or_default().to_owned())
            .collect()
    }

    /// An input with a version that the resource has.
    pub async fn chosen(&self, name: &str, resource: ResourceId, word: &str) -> ChosenInput {
        let found = self.store.versions(resource, None, &version(word), 1).await.expect("reads");
        ChosenInput {
            name: name.to_owned(),
            resource,
            version: found.first().expect("is known").id,
            is_first_occurrence: true,
            passed_builds: Vec::new(),
        }
    }

    /// Makes a build, gives it those inputs, starts and ends it.
    pub async fn run(&self, job: JobId, inputs: &[ChosenInput], status: Status) -> BuildRow {
        let build = self.store.create_manual_build(job, "ada").await.expect("makes");
        self.finish(build.id, inputs, status).await
    }

    pub async fn finish(&self, id: BuildId, inputs: &[ChosenInput], status: Status) -> BuildRow {
        self.store.adopt_inputs(id, inputs).await.expect("adopts");
        self.store.start_build(id, &plan()).await.expect("starts");
        self.store.finish_build(id, status, None).await.expect("ends");
        self.store.build(id).await.expect("reads").expect("is there")
    }

    /// Answers all requests to schedule.
    pub async fn settle(&self) {
        for due in self.store.due_jobs().await.expect("reads") {
            self.store.mark_scheduled(due.job, due.requested).await.expect("marks");
        }
    }

    /// The names of the jobs that are due.
    pub async fn due(&self) -> Vec<String> {
        let mut names = Vec::new();
        for due in self.store.due_jobs().await.expect("reads") {
            let job = self.store.job_by_id(due.job).await.expect("reads").expect("is there");
            names.push(job.name);
        }
        names.sort();
        names
    }
}

pub async fn open(url: &StoreUrl, dir: &Path) -> Result<Store, StoreError> {
    Store::open(url.clone(), dir, StepClock::new()).await
}

/// Copies a directory as it is at this moment, which is what a crash leaves.
pub fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    let mut left = vec![(dir.to_owned(), copy.path().to_owned())];
    while let Some((from, to)) = left.pop() {
        for entry in std::fs::read_dir(&from).expect("lists") {
            let entry = entry.expect("an entry");
            let target: PathBuf = to.join(entry.file_name());
            if entry.file_type().expect("a kind").is_dir() {
                std::fs::create_dir(&target).expect("makes");
                left.push((entry.path(), target));
            } else {
                std::fs::copy(entry.path(), target).expect("copies");
            }
        }
    }
    copy
}

/// The version `ref: <word>`.
pub fn version(word: &str) -> Version {
    Version::of("ref", word)
}

pub fn resource(name: &str) -> Resource {
    Resource {
        name: name.to_owned(),
        kind: "git".to_owned(),
        source: [("uri".to_owned(), Value::from(name))].into(),
        ..Resource::default()
    }
}

pub fn job(name: &str, steps: Vec<Step>) -> Job {
    Job { name: name.to_owned(), plan: steps, ..Job::default() }
}

/// A get that triggers, of versions that passed those jobs.
pub fn get(name: &str, passed: &[&str]) -> Step {
    Step::Get(GetStep {
        name: name.to_owned(),
        trigger: true,
        passed: passed.iter().map(|job| (*job).to_owned()).collect(),
        ..GetStep::default()
    })
}

pub fn put(name: &str) -> Step {
    Step::Put(PutStep { name: name.to_owned(), ..PutStep::default() })
}

/// `source` → unit → ship, which puts `image`.
pub fn two_jobs() -> Pipeline {
    Pipeline {
        resources: vec![resource("source"), resource("image")],
        jobs: vec![
            job("unit", vec![get("source", &[])]),
            job("ship", vec![get("source", &["unit"]), put("image")]),
        ],
        ..Pipeline::default()
    }
}

pub fn plan() -> Plan {
    Plan { id: PlanId::from("1"), attempt: Vec::new(), kind: PlanKind::Do(Vec::new()) }
}

async fn run_sql(url: &str, sql: String) {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(url).await.expect("connects");
    connection.execute(AssertSqlSafe(sql)).await.expect("runs");
    connection.close().await.expect("closes");
}

fn tempfile_word() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:x}", RandomState::new().hash_one(std::process::id()))
}

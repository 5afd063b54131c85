//! The contract of resource types, and what each promises beyond it.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test ends where it goes wrong")]

mod bench;
mod contract;
mod git_check;
mod git_get;
mod git_put;
mod mirror;
mod pool;
mod pull_request;
mod semver;
mod small;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use flightdeck::model::build::LogSource;
use flightdeck::model::{Clock, Map, Timestamp, Version};
use flightdeck::resource::{Context, Found, LogSink, Operation, ResourceError, ResourceType, find};
use flightdeck::runtime::cancel::Cancel;

/// The real time.
struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Timestamp::default() + since
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(moment.since(self.now())))
    }
}

/// Keeps what a type says.
#[derive(Default)]
struct Lines(Mutex<Vec<u8>>);

impl LogSink for Lines {
    fn write(&self, _stream: LogSource, bytes: &[u8]) {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
    }
}

/// A type at work in a temporary place.
struct Bed {
    type_: &'static dyn ResourceType,
    source: Map,
    place: tempfile::TempDir,
    lines: Arc<Lines>,
    cx: Context,
}

impl Bed {
    fn new(type_: &str, source: &str) -> Self {
        let place = tempfile::tempdir().expect("a place");
        let lines = Arc::new(Lines::default());
        let cx = Context {
            log: Arc::clone(&lines) as Arc<dyn LogSink>,
            clock: Arc::new(RealClock),
            cancel: Cancel::new(),
            cache_dir: place.path().join("cache"),
            env: vec![
                ("BUILD_PIPELINE_NAME".to_owned(), "p".to_owned()),
                ("BUILD_JOB_NAME".to_owned(), "j".to_owned()),
                ("BUILD_NAME".to_owned(), "7".to_owned()),
            ],
        };
        let type_ = find(type_).expect("a native type");
        Self { type_, source: map(source), place, lines, cx }
    }

    /// The folder of artifacts.
    fn artifacts(&self) -> PathBuf {
        let path = self.place.path().join("artifacts");
        std::fs::create_dir_all(&path).expect("made");
        path
    }

    /// Writes a file of an artifact.
    fn artifact(&self, path: &str, text: &str) {
        let path = self.artifacts().join(path);
        std::fs::create_dir_all(path.parent().expect("below")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn said(&self) -> String {
        String::from_utf8(self.lines.0.lock().expect("not poisoned").clone()).expect("text")
    }

    async fn check(&self, from: Option<&Version>) -> Vec<Version> {
        self.type_.check(&self.cx, &self.source, from).await.expect("checks")
    }

    /// The values of one field of the versions that a check finds.
    async fn refs(&self, field: &str, from: Option<&str>) -> Vec<String> {
        let from = from.map(|text| Version::of(field, text));
        let versions = self.check(from.as_ref()).await;
        versions.iter().map(|v| v.field(field).expect("has the field").to_owned()).collect()
    }

    async fn get(&self, params: &str, version: &Version) -> Result<(Found, Tree), ResourceError> {
        let directory = tempfile::tempdir().expect("a place");
        let params = map(params);
        let got = self.type_.get(&self.cx, &self.source, &params, version, directory.path()).await;
        got.map(|found| (found, Tree(directory)))
    }

    async fn put(&self, params: &str, operation: &str) -> Result<Found, ResourceError> {
        let operation = Operation { id: operation.to_owned(), is_repeat: false };
        self.put_as(params, &operation).await
    }

    /// Does a put as if it had been begun before.
    async fn put_again(&self, params: &str, operation: &str) -> Result<Found, ResourceError> {
        let operation = Operation { id: operation.to_owned(), is_repeat: true };
        self.put_as(params, &operation).await
    }

    async fn put_as(&self, params: &str, operation: &Operation) -> Result<Found, ResourceError> {
        let artifacts = self.artifacts();
        self.type_.put(&self.cx, &self.source, &map(params), &artifacts, operation).await
    }
}

/// What a get left.
struct Tree(tempfile::TempDir);

impl Tree {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    fn has(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }
}

fn map(json: &str) -> Map {
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"))
}

fn ref_(commit: &str) -> Version {
    Version::of("ref", commit)
}

/// Waits for a state, with a deadline.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never came: {what}"));
}

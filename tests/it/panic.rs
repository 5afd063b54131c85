//! A core outlives its own faults: what panics is begun anew, and nobody waits for it for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use flightdeck::engine::Secrets;
use flightdeck::model::build::Status;
use flightdeck::model::var::Reference;
use flightdeck::model::worker::ContainerInfo;
use flightdeck::model::{PipelineRef, Value};
use flightdeck::runtime::{Container, ContainerSpec, Runtime, RuntimeError, Volume, VolumeSpec};

use crate::support::core::{Place, eventually};

/// A runtime that panics when it is asked for its containers, as often as it is told.
struct Shaky {
    runtime: Arc<dyn Runtime>,
    n_panics: Arc<AtomicUsize>,
}

#[async_trait]
impl Runtime for Shaky {
    fn name(&self) -> &'static str {
        self.runtime.name()
    }

    fn isolates(&self) -> bool {
        self.runtime.isolates()
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Container>, RuntimeError> {
        self.runtime.create(spec).await
    }

    async fn find(&self, handle: &str) -> Result<Option<Arc<dyn Container>>, RuntimeError> {
        self.runtime.find(handle).await
    }

    async fn list(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        let less = |n: usize| n.checked_sub(1);
        let is_due = self.n_panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        assert!(!is_due, "a fault for the test");
        self.runtime.list().await
    }

    async fn remove(&self, handle: &str) -> Result<(), RuntimeError> {
        self.runtime.remove(handle).await
    }

    async fn create_volume(&self, spec: VolumeSpec) -> Result<Arc<dyn Volume>, RuntimeError> {
        self.runtime.create_volume(spec).await
    }

    async fn find_volume(&self, handle: &str) -> Result<Option<Arc<dyn Volume>>, RuntimeError> {
        self.runtime.find_volume(handle).await
    }

    async fn remove_volume(&self, handle: &str) -> Result<(), RuntimeError> {
        self.runtime.remove_volume(handle).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_that_panics_begins_anew() {
    let place = Place::new();
    let n_panics = Arc::new(AtomicUsize::new(2));
    let core = place.start_with(|parts| {
        let runtime = parts.runtimes.remove(0);
        parts.runtimes.push(Arc::new(Shaky { runtime, n_panics: Arc::clone(&n_panics) }));
    });
    let core = core.await;
    let text = "
jobs:
- name: fails
  plan:
  - task: fails
    config: {platform: linux, run: {path: 'false'}}
";
    let pipeline = core.set("p", text, &[]).await;
    let mut builds = Vec::new();
    for name in ["1", "2"] {
        core.trigger(&pipeline, "fails").await;
        let build = core.ended(&pipeline, "fails", name).await;
        assert_eq!(build.summary.status, Status::Failed);
        builds.push(build.summary.id);
    }
    // The end of the second build lets the container of the first one go, once the pass that
    // collects has got over its panics.
    eventually("the panics are spent", || (n_panics.load(Ordering::SeqCst) == 0).then_some(()))
        .await;
    let containers = place.data_dir().join("containers");
    let count = || std::fs::read_dir(&containers).expect("is there").count();
    eventually("one container is left", || (count() == 1).then_some(())).await;
    let left = core.control.build_containers(builds[1]).await.expect("lists");
    assert_eq!(left.len(), 1);
    core.shut_down().await;
}

/// Knows no secret, and panics when it is asked for one that is called `fault`.
struct Faulty;

#[async_trait]
impl Secrets for Faulty {
    async fn find(
        &self,
        _pipeline: Option<&PipelineRef>,
        reference: &Reference,
    ) -> Result<Option<Value>, String> {
        assert_ne!(reference.name, "fault", "a fault for the test");
        Ok(None)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_or_a_build_that_panics_ends_with_an_error() {
    let place = Place::new();
    let core = place.start_with(|parts| parts.secrets = Arc::new(Faulty)).await;
    let text = "
resources:
- {name: thing, type: mock, check_every: never, source: {initial_version: ((fault))}}
- {name: other, type: mock, check_every: never}
jobs:
- name: gets
  plan: [{get: thing}, {get: other}]
- name: says
  plan:
  - task: say
    config: {platform: linux, run: {path: echo, args: [((fault))]}}
";
    let pipeline = core.set("p", text, &[]).await;
    for _ in 0..2 {
        let check = core.act().check_resource(&pipeline, "thing").await.expect("ends");
        let error = check.error.expect("has failed");
        assert!(error.contains("a fault for the test"), "{error}");
    }
    let check = core.act().check_resource(&pipeline, "other").await.expect("checks");
    assert_eq!(check.error, None);
    core.trigger(&pipeline, "says").await;
    let build = core.ended(&pipeline, "says", "1").await;
    assert_eq!(build.summary.status, Status::Errored);
    core.settled().await;
    core.shut_down().await;
}

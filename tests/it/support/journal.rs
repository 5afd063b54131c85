//! A journal in memory that can lose its core at any write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flightdeck::engine::journal::{Journal, JournalError, NewEvent, Record, SavedVersion, Visit};
use flightdeck::model::build::{Envelope, EventId};
use flightdeck::model::{BuildId, Clock, Pipeline, PipelineRef, PlanId, Version};
use tokio::sync::watch;

/// What one build left.
#[derive(Default, Clone)]
pub struct Left {
    pub log: Vec<Envelope>,
    pub records: Vec<(PlanId, Record)>,
    pub outputs: Vec<SavedVersion>,
    pub inputs: Vec<SavedVersion>,
}

#[derive(Default)]
struct State {
    builds: BTreeMap<BuildId, Left>,
    versions: BTreeMap<String, Vec<Version>>,
    pipelines: BTreeMap<PipelineRef, Pipeline>,
}

/// What becomes of the core at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It is told to leave, after the write.
    Detach,
    /// It dies before the write is done.
    Before,
    /// It dies after the write was done.
    After,
    /// It lives, but this write and all after it are refused.
    Refuse,
}

/// The journal as one core has it.
pub struct MemoryJournal {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    loss: Option<(usize, Loss)>,
    writes: watch::Sender<usize>,
}

impl MemoryJournal {
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let writes = watch::Sender::new(0);
        Arc::new(Self { state: Arc::default(), clock, loss: None, writes })
    }

    /// The same journal for another core, which is lost at its n-th write.
    pub fn for_next(&self, loss: Option<(usize, Loss)>) -> Arc<Self> {
        let (state, clock) = (Arc::clone(&self.state), Arc::clone(&self.clock));
        Arc::new(Self { state, clock, loss, writes: watch::Sender::new(0) })
    }

    /// How often this core wrote.
    pub fn writes(&self) -> usize {
        *self.writes.borrow()
    }

    /// Waits until the core is lost.
    pub async fn lost(&self) {
        let at = self.loss.map_or(usize::MAX, |(at, _)| at);
        self.writes.subscribe().wait_for(|writes| *writes > at).await.expect("a sender");
    }

    pub fn left(&self, build: BuildId) -> Left {
        self.state.lock().expect("free").builds.get(&build).cloned().unwrap_or_default()
    }

    /// The versions of a resource that checks found, in order.
    pub fn versions(&self, resource: &str) -> Vec<String> {
        let state = self.state.lock().expect("free");
        state.versions.get(resource).into_iter().flatten().map(ToString::to_string).collect()
    }

    pub fn pipeline(&self, pipeline: &PipelineRef) -> Option<Pipeline> {
        self.state.lock().expect("free").pipelines.get(pipeline).cloned()
    }

    async fn write<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, JournalError> {
        let mut number = 0;
        self.writes.send_modify(|writes| {
            number = *writes;
            *writes += 1;
        });
        let (dead_before, dead_after) = match self.loss {
            Some((at, Loss::Before)) => (number >= at, false),
            Some((at, Loss::After)) => (number > at, number == at),
            Some((at, Loss::Refuse)) if number >= at => {
                let source = std::io::Error::other("the disk is full").into();
                return Err(JournalError { action: "write the log".to_owned(), source });
            }
            Some((_, Loss::Detach | Loss::Refuse)) | None => (false, false),
        };
        if dead_before {
            std::future::pending::<()>().await;
        }
        let done = act(&mut self.state.lock().expect("free"));
        if dead_after {
            std::future::pending::<()>().await;
        }
        // A store takes its time, and another step may go on.
        tokio::task::yield_now().await;
        Ok(done)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, build: BuildId, events: Vec<NewEvent>) -> Result<EventId, JournalError> {
        let at = self.clock.now();
        let add = |state: &mut State| {
            let log = &mut state.builds.entry(build).or_default().log;
            let first = log.len() as EventId;
            for (id, NewEvent { event, output_offset }) in (first..).zip(events) {
                log.push(Envelope { id, at, output_offset, event });
            }
            first
        };
        self.write(add).await
    }

    async fn read_log(&self, build: BuildId, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let left = self.left(build);
        for envelope in &left.log {
            visit(envelope);
        }
        Ok(())
    }

    async fn record(
        &self,
        build: BuildId,
        node: &PlanId,
        record: Record,
    ) -> Result<(), JournalError> {
        let add = |state: &mut State| {
            state.builds.entry(build).or_default().records.push((node.clone(), record));
        };
        self.write(add).await
    }

    async fn records(&self, build: BuildId) -> Result<Vec<(PlanId, Record)>, JournalError> {
        Ok(self.left(build).records)
    }

    async fn save_output(&self, build: BuildId, output: SavedVersion) -> Result<(), JournalError> {
        let add = |state: &mut State| {
            let outputs = &mut state.builds.entry(build).or_default().outputs;
            if !outputs.contains(&output) {
                outputs.push(output);
            }
        };
        self.write(add).await
    }

    async fn save_metadata(&self, build: BuildId, input: SavedVersion) -> Result<(), JournalError> {
        let add = |state: &mut State| {
            let inputs = &mut state.builds.entry(build).or_default().inputs;
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        };
        self.write(add).await
    }

    async fn save_check(
        &self,
        _build: BuildId,
        resource: &str,
        versions: Vec<Version>,
    ) -> Result<Option<Version>, JournalError> {
        let add = |state: &mut State| {
            let known = state.versions.entry(resource.to_owned()).or_default();
            for version in versions {
                if !known.contains(&version) {
                    known.push(version);
                }
            }
            known.last().cloned()
        };
        self.write(add).await
    }

    async fn pipeline_config(
        &self,
        pipeline: &PipelineRef,
    ) -> Result<Option<Pipeline>, JournalError> {
        Ok(self.pipeline(pipeline))
    }

    async fn set_pipeline(
        &self,
        _build: BuildId,
        pipeline: &PipelineRef,
        config: Pipeline,
    ) -> Result<bool, JournalError> {
        let set = |state: &mut State| state.pipelines.insert(pipeline.clone(), config);
        self.write(set).await?;
        Ok(true)
    }
}

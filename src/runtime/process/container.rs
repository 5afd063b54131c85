//! A container of this runtime: a directory, and the processes that run in it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::future::try_join_all;

use super::attached::{Attached, Link};
use super::dir::{ContainerRecord, Place, Slot, is_damage, read_record};
use super::launch::{self, Launched, launch};
use super::{Core, leftover};
use crate::model::Timestamp;
use crate::model::worker::ContainerInfo;
use crate::runtime::files::tree::failed;
use crate::runtime::files::{LocalVolume, path, tape};
use crate::runtime::{Container, Process, ProcessSpec, RuntimeError, Volume};

/// Between the words for "somebody starts it already" and its being there.
const APPEARS_WITHIN: (u32, Duration) = (500, Duration::from_millis(10));

/// A container.
pub struct ProcessContainer {
    core: Arc<Core>,
    handle: String,
    place: Place,
    record: ContainerRecord,
}

impl ProcessContainer {
    /// The container in a directory; nothing if it holds none, or one that is half made.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn open(core: &Arc<Core>, handle: &str) -> Result<Option<Self>, RuntimeError> {
        let place = core.place(handle);
        // A record that does not read is half written: the container can be made anew.
        let record = match read_record(&place.spec()) {
            Err(error) if is_damage(&error) => None,
            other => other?,
        };
        Ok(record.map(|record| Self {
            core: Arc::clone(core),
            handle: handle.to_owned(),
            place,
            record,
        }))
    }

    /// The volume of a number, as [`Container::volume`] hands them out; `None` for the working
    /// directory.
    pub fn volume_of(&self, number: Option<usize>) -> Option<LocalVolume> {
        let (path, handle, nested) = match number {
            Some(number) => {
                let path = self.record.mounts.get(number)?.as_str();
                let nested = tape::nested(path, &self.record.mounts);
                (path, format!("{}.m{number}", self.handle), nested)
            }
            // The working directory is all that is in it.
            None => ("", format!("{}.work", self.handle), Vec::new()),
        };
        let work = self.place.work();
        let root = if path.is_empty() { work } else { work.join(path) };
        Some(LocalVolume { handle, runtime: self.core.name, root, nested })
    }

    /// Under the gate: what was removed must not come back.
    fn check_presence(&self) -> Result<(), RuntimeError> {
        if self.place.spec().exists() { Ok(()) } else { Err(self.not_found()) }
    }

    fn not_found(&self) -> RuntimeError {
        RuntimeError::NotFound { what: "container", name: self.handle.clone() }
    }

    fn main(&self) -> Attached {
        Attached::new(&self.handle, self.place.main(), None)
    }

    /// Ends all its processes.
    ///
    /// # Errors
    /// When one cannot be reached.
    pub async fn end_all(&self, grace: Duration) -> Result<(), RuntimeError> {
        let started = self.place.slots().into_iter().filter(Slot::is_started);
        let ends = started.map(|slot| async {
            let process = Attached::new(&self.handle, slot, None);
            process.stop(grace).await?;
            Ok(matches!(process.link().await, Err(RuntimeError::Gone { .. })))
        });
        if try_join_all(ends).await?.contains(&true) {
            leftover::kill(&self.place.tmp()).await?;
        }
        Ok(())
    }

    /// The main process, which must have been started: it runs, has ended, or is gone; what a
    /// vanished one left behind is ended, and what it wrote can still be read.
    async fn started(&self) -> Result<Arc<dyn Process>, RuntimeError> {
        let main = self.main();
        match main.link().await {
            Ok(_) => {}
            Err(RuntimeError::Gone { .. }) => leftover::kill(&self.place.tmp()).await?,
            Err(error) => return Err(error),
        }
        Ok(Arc::new(main))
    }
}

#[async_trait]
impl Container for ProcessContainer {
    fn handle(&self) -> &str {
        &self.handle
    }

    async fn info(&self) -> Result<ContainerInfo, RuntimeError> {
        let spec = self.place.spec();
        let made = std::fs::metadata(&spec).and_then(|metadata| metadata.modified());
        let made = made.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => self.not_found(),
            _ => failed("look at", spec, error),
        })?;
        let (is_running, exit_status) = match self.main().link().await {
            Ok(Link::Live(_)) => (true, None),
            Ok(Link::Ended(status)) => (false, Some(status.exit_status)),
            Err(RuntimeError::Gone { .. }) => (false, None),
            Err(error) => return Err(error),
        };
        Ok(ContainerInfo {
            handle: self.handle.clone(),
            runtime: self.core.name.to_owned(),
            metadata: self.record.metadata.clone(),
            working_dir: self.place.work().display().to_string(),
            created_at: timestamp(made),
            is_running,
            exit_status,
        })
    }

    async fn run(&self, spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError> {
        let gate = self.core.gate(&self.handle);
        let _held = gate.lock().await;
        self.check_presence()?;
        let slot = self.place.main();
        if slot.is_started() {
            return self.started().await;
        }
        let env = launch::environment(&self.core.host_env, &self.place, &self.record.env);
        let record = launch::record(&spec, env, &self.place, None)?;
        let input = spec.stdin.unwrap_or_default();
        if let Launched::Before = launch(&self.core.supervisor, &slot, &record, &input).await? {
            // One that a core started just before it died may still be on its way.
            let (mut tries, pause) = APPEARS_WITHIN;
            while tries > 0 && self.main().link().await.is_err() {
                tries -= 1;
                tokio::time::sleep(pause).await;
            }
            return self.started().await;
        }
        Ok(Arc::new(self.main()))
    }

    async fn attach(&self) -> Result<Option<Arc<dyn Process>>, RuntimeError> {
        if !self.place.main().is_started() {
            return Ok(None);
        }
        self.started().await.map(Some)
    }

    async fn enter(&self, spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError> {
        let gate = self.core.gate(&self.handle);
        let _held = gate.lock().await;
        self.check_presence()?;
        let main = self.place.main().process()?;
        let (env, dir) = match main {
            Some(main) => (main.env, Some(main.dir)),
            None => {
                let host = &self.core.host_env;
                (launch::environment(host, &self.place, &self.record.env), None)
            }
        };
        let mut record = launch::record(&spec, env, &self.place, dir.as_deref())?;
        record.is_tied = true;
        let slot = self.place.new_slot()?;
        let input = spec.stdin.unwrap_or_default();
        match launch(&self.core.supervisor, &slot, &record, &input).await? {
            Launched::Started(keeper) => Ok(Arc::new(Attached::new(&self.handle, slot, keeper))),
            Launched::Before => Err(RuntimeError::Gone {
                handle: self.handle.clone(),
                why: "somebody else started it".to_owned(),
            }),
        }
    }

    async fn volume(&self, path: &str) -> Result<Arc<dyn Volume>, RuntimeError> {
        let clean = path::clean(path)?;
        let number = self.record.mounts.iter().position(|mount| *mount == clean);
        let volume = match number {
            None if !clean.is_empty() => None,
            number => self.volume_of(number),
        };
        match volume {
            Some(volume) => Ok(Arc::new(volume)),
            None => Err(RuntimeError::NotFound {
                what: "volume",
                name: format!("{}:{path}", self.handle),
            }),
        }
    }
}

fn timestamp(moment: SystemTime) -> Timestamp {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

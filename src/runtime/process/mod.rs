//! Processes on this machine, each container a directory: no daemon, no image, no isolation.
//!
//! A process sees the machine's files and tools, but begins with an environment, a home and a
//! temporary directory of its own. Images, limits and privilege are passed over; what cannot be
//! passed over without harm (another user, no network, absolute paths) is refused. Each process
//! has a supervisor, so that it outlives the core. Linux only.
//!
//! Never writes outside of its data directory, never follows a link that a process left there.
//!
//! *Follows:* Concourse's layout of task containers, as far as it can be had without mounts.

mod attached;
mod container;
mod dir;
mod launch;
mod leftover;
mod supervisor;
mod sys;
mod wire;

pub use supervisor::supervise_if_asked;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::container::ProcessContainer;
use self::dir::{ContainerRecord, Place, RECORD_VERSION, make_private, write_record};
use super::files::{LocalVolume, blocking, fill, path, tree};
use super::{
    Container, ContainerSpec, MountKind, Runtime, RuntimeError, Volume, VolumeSource, VolumeSpec,
};
use crate::model::worker::ContainerInfo;

/// The runtime's name.
pub const NAME: &str = "process";

/// How long what still runs in a container may take to end when the container is removed.
const GRACE_OF_REMOVED: Duration = Duration::from_secs(2);

/// The runtime.
pub struct ProcessRuntime {
    core: Arc<Core>,
}

/// What the runtime and its containers share.
#[derive(Default)]
struct Core {
    name: &'static str,
    containers: PathBuf,
    volumes: PathBuf,
    supervisor: PathBuf,
    host_env: Vec<(String, String)>,
    /// One at a time makes, runs or removes what has a handle.
    gates: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Core {
    fn place(&self, handle: &str) -> Place {
        Place { root: self.containers.join(handle) }
    }

    fn parts(&self) -> Self {
        Self {
            name: self.name,
            containers: self.containers.clone(),
            volumes: self.volumes.clone(),
            supervisor: self.supervisor.clone(),
            host_env: self.host_env.clone(),
            gates: Mutex::default(),
        }
    }

    fn gate(&self, handle: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        Arc::clone(gates.entry(handle.to_owned()).or_default())
    }
}

impl ProcessRuntime {
    /// The runtime that keeps containers and volumes in `data_dir` and starts `supervisor`, which
    /// is this program: where its file may be replaced while it runs, `/proc/self/exe`.
    ///
    /// # Errors
    /// When the directories cannot be made.
    pub fn new(data_dir: &Path, supervisor: PathBuf) -> Result<Self, RuntimeError> {
        // Processes get these paths as their own, whatever directory they are in.
        let data_dir = std::path::absolute(data_dir)
            .map_err(|error| tree::failed("find the directory", data_dir, error))?;
        let (containers, volumes) = (data_dir.join("containers"), data_dir.join("volumes"));
        make_private(&containers)?;
        make_private(&volumes)?;
        let core = Core { name: NAME, containers, volumes, supervisor, ..Core::default() };
        Ok(Self { core: Arc::new(core) })
    }

    /// The files of a runtime of another name, which starts its processes itself.
    ///
    /// # Errors
    /// When the directories cannot be made.
    pub(super) fn files_only(name: &'static str, data_dir: &Path) -> Result<Self, RuntimeError> {
        let own = Self::new(data_dir, PathBuf::new())?;
        let core = Core { name, ..own.core.parts() };
        Ok(Self { core: Arc::new(core) })
    }

    /// Gives it the machine's environment. Of that, processes see the path, the language, the
    /// time zone and the user's name; without, they get the usual path.
    #[must_use]
    pub fn with_env(self, env: impl IntoIterator<Item = (String, String)>) -> Self {
        let core = Core { host_env: env.into_iter().collect(), ..self.core.parts() };
        Self { core: Arc::new(core) }
    }

    fn own_volume(&self, handle: &str) -> Option<Arc<dyn Volume>> {
        let root = self.core.volumes.join(handle);
        root.is_dir().then(|| {
            let handle = handle.to_owned();
            Arc::new(LocalVolume { handle, runtime: self.core.name, root, nested: Vec::new() })
                as Arc<dyn Volume>
        })
    }

    /// Fills what is mounted, parents before what stands in them.
    async fn mount(
        &self,
        place: &Place,
        spec: &ContainerSpec,
    ) -> Result<Vec<String>, RuntimeError> {
        let mut mounts = Vec::new();
        for mount in &spec.mounts {
            mounts.push((path::clean(&mount.path)?, &mount.kind));
        }
        // At one path, an output begins with what an input brings.
        mounts.sort_by_key(|(path, kind)| (path.clone(), matches!(kind, MountKind::Output)));
        let mut paths: Vec<String> = Vec::new();
        for (path, kind) in mounts {
            if paths.last() == Some(&path) {
                continue;
            }
            let work = place.work();
            let at = path.clone();
            blocking(move || tree::make_empty(&work, &at)).await?;
            match kind {
                MountKind::Input(volume) | MountKind::Cache(Some(volume)) => {
                    fill(&place.work().join(&path), volume.as_ref()).await?;
                }
                MountKind::Output | MountKind::Cache(None) => {}
            }
            paths.push(path);
        }
        Ok(paths)
    }

    /// Takes a directory out of sight at once, then removes it.
    async fn discard(&self, all: &Path, handle: &str) -> Result<(), RuntimeError> {
        let (dir, hidden) = (all.join(handle), all.join(format!(".gone-{handle}")));
        blocking(move || {
            // One that was not removed to the end before.
            tree::remove(&hidden)?;
            match std::fs::rename(&dir, &hidden) {
                Ok(()) => tree::remove(&hidden),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(tree::failed("remove", dir, error)),
            }
        })
        .await
    }
}

#[async_trait]
impl Runtime for ProcessRuntime {
    fn name(&self) -> &'static str {
        self.core.name
    }

    fn isolates(&self) -> bool {
        false
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Container>, RuntimeError> {
        path::check_handle(&spec.handle)?;
        if spec.hermetic {
            let what = "cannot keep a container off the network".to_owned();
            return Err(RuntimeError::Unsupported { runtime: self.core.name, what });
        }
        let gate = self.core.gate(&spec.handle);
        let _held = gate.lock().await;
        if let Some(container) = ProcessContainer::open(&self.core, &spec.handle)? {
            return Ok(Arc::new(container));
        }
        let place = self.core.place(&spec.handle);
        // What a core left half made.
        self.discard(&self.core.containers, &spec.handle).await?;
        place.make()?;
        let mounts = match self.mount(&place, &spec).await {
            Ok(mounts) => mounts,
            Err(error) => {
                // The first error is the one to tell; half a container is made anew anyhow.
                self.discard(&self.core.containers, &spec.handle).await.ok();
                return Err(error);
            }
        };
        let record = ContainerRecord {
            version: RECORD_VERSION,
            metadata: spec.metadata,
            env: spec.env.into_iter().collect(),
            mounts,
        };
        write_record(&place.spec(), &record)?;
        match ProcessContainer::open(&self.core, &spec.handle)? {
            Some(container) => Ok(Arc::new(container)),
            None => Err(RuntimeError::NotFound { what: "container", name: spec.handle }),
        }
    }

    async fn find(&self, handle: &str) -> Result<Option<Arc<dyn Container>>, RuntimeError> {
        path::check_handle(handle)?;
        let container = ProcessContainer::open(&self.core, handle)?;
        Ok(container.map(|container| Arc::new(container) as Arc<dyn Container>))
    }

    async fn list(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        let all = &self.core.containers;
        let entries = std::fs::read_dir(all).map_err(|e| tree::failed("list", all, e))?;
        let mut infos = Vec::new();
        for entry in entries.flatten() {
            let Ok(handle) = entry.file_name().into_string() else { continue };
            if path::check_handle(&handle).is_err() {
                continue;
            }
            let Some(container) = ProcessContainer::open(&self.core, &handle)? else { continue };
            match container.info().await {
                Ok(info) => infos.push(info),
                // It was removed meanwhile.
                Err(RuntimeError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        infos.sort_by(|a, b| (a.created_at, &a.handle).cmp(&(b.created_at, &b.handle)));
        Ok(infos)
    }

    async fn remove(&self, handle: &str) -> Result<(), RuntimeError> {
        path::check_handle(handle)?;
        let gate = self.core.gate(handle);
        let _held = gate.lock().await;
        if let Some(container) = ProcessContainer::open(&self.core, handle)? {
            container.end_all(GRACE_OF_REMOVED).await?;
        }
        self.discard(&self.core.containers, handle).await
    }

    async fn create_volume(&self, spec: VolumeSpec) -> Result<Arc<dyn Volume>, RuntimeError> {
        path::check_handle(&spec.handle)?;
        let gate = self.core.gate(&format!("volume {}", spec.handle));
        let _held = gate.lock().await;
        if let Some(volume) = self.own_volume(&spec.handle) {
            return Ok(volume);
        }
        let root = self.core.volumes.join(&spec.handle);
        let half = self.core.volumes.join(format!(".new-{}", spec.handle));
        let clear = half.clone();
        blocking(move || tree::remove(&clear)).await?;
        make_private(&half)?;
        if let VolumeSource::CopyOf(source) = &spec.source {
            fill(&half, source.as_ref()).await?;
        }
        std::fs::rename(&half, &root).map_err(|e| tree::failed("make the volume", &root, e))?;
        let handle = spec.handle;
        Ok(Arc::new(LocalVolume { handle, runtime: self.core.name, root, nested: Vec::new() }))
    }

    async fn find_volume(&self, handle: &str) -> Result<Option<Arc<dyn Volume>>, RuntimeError> {
        path::check_handle(handle)?;
        if let Some(volume) = self.own_volume(handle) {
            return Ok(Some(volume));
        }
        let Some((container, name)) = handle.rsplit_once('.') else { return Ok(None) };
        let number = match (name, name.strip_prefix('m').map(str::parse)) {
            ("work", _) => None,
            (_, Some(Ok(number))) => Some(number),
            _ => return Ok(None),
        };
        let container = ProcessContainer::open(&self.core, container)?;
        let volume = container.and_then(|container| container.volume_of(number));
        Ok(volume.map(|volume| Arc::new(volume) as Arc<dyn Volume>))
    }

    async fn remove_volume(&self, handle: &str) -> Result<(), RuntimeError> {
        path::check_handle(handle)?;
        let gate = self.core.gate(&format!("volume {handle}"));
        let _held = gate.lock().await;
        self.discard(&self.core.volumes, handle).await
    }
}

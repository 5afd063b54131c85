//! A runtime whose processes play scripts, for tests and scenarios.
//!
//! Its files are real, in a temporary directory; its processes start nothing, and they wait by
//! the clock they are given. A process lives as long as the runtime: a core that restarts in a
//! test keeps the runtime and drops all else.

mod play;
mod script;

pub use script::{Act, Script};

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::play::{Player, Stage};
use super::files::tree::failed;
use super::process::ProcessRuntime;
use super::{
    Container, ContainerSpec, Process, ProcessSpec, Runtime, RuntimeError, Volume, VolumeSpec,
};
use crate::model::time::Clock;
use crate::model::worker::{ContainerInfo, ContainerMetadata};

/// The runtime's name.
pub const NAME: &str = "fake";

/// The runtime. Clones are the same runtime.
#[derive(Clone)]
pub struct FakeRuntime {
    world: Arc<World>,
}

/// A process that was started, for tests to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The container.
    pub handle: String,
    /// What the container was for.
    pub metadata: ContainerMetadata,
    /// The environment of the container.
    pub env: Vec<(String, String)>,
    /// What was to be run.
    pub spec: ProcessSpec,
}

struct World {
    files: ProcessRuntime,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Removed with the runtime.
    _place: tempfile::TempDir,
}

#[derive(Default)]
struct State {
    scripts: HashMap<Key, VecDeque<Script>>,
    containers: HashMap<String, Cast>,
    ran: Vec<Ran>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Step(String),
    Command(String),
}

/// What a container has besides its files.
struct Cast {
    metadata: ContainerMetadata,
    env: Vec<(String, String)>,
    main: Option<(Player, ProcessSpec)>,
    entered: Vec<Player>,
}

impl FakeRuntime {
    /// A runtime without scripts: every process ends at once with status 0.
    ///
    /// # Errors
    /// When there is no temporary directory to be had.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, RuntimeError> {
        let place = tempfile::tempdir()
            .map_err(|error| failed("make a directory in", std::env::temp_dir(), error))?;
        let files = ProcessRuntime::files_only(NAME, place.path())?;
        let world = World { files, clock, state: Mutex::default(), _place: place };
        Ok(Self { world: Arc::new(world) })
    }

    /// Says what the processes of steps with that name do: the first script is for the first of
    /// them, and so on; the last one stays.
    pub fn on_step(&self, step: &str, scripts: impl IntoIterator<Item = Script>) {
        let key = Key::Step(step.to_owned());
        self.world.state().scripts.insert(key, scripts.into_iter().collect());
    }

    /// Says what a command, path and arguments joined by spaces, does, as
    /// [`FakeRuntime::on_step`]. It comes before what the step says.
    pub fn on_command(&self, command: &str, scripts: impl IntoIterator<Item = Script>) {
        let key = Key::Command(command.to_owned());
        self.world.state().scripts.insert(key, scripts.into_iter().collect());
    }

    /// All that was started, in order.
    pub fn ran(&self) -> Vec<Ran> {
        self.world.state().ran.clone()
    }

    /// Lets a container's main process vanish without a status.
    pub fn lose(&self, handle: &str) {
        if let Some((player, _)) =
            self.world.state().containers.get(handle).and_then(|cast| cast.main.as_ref())
        {
            player.lose();
        }
    }

    fn container(&self, files: Arc<dyn Container>) -> Arc<dyn Container> {
        Arc::new(FakeContainer { world: Arc::clone(&self.world), files })
    }
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, mut info: ContainerInfo) -> ContainerInfo {
        let state = self.state();
        let main = state.containers.get(&info.handle).and_then(|cast| cast.main.as_ref());
        info.is_running = main.is_some_and(|(player, _)| player.is_running());
        info.exit_status = main.and_then(|(player, _)| player.status());
        info
    }
}

impl State {
    fn script(&mut self, step: &str, spec: &ProcessSpec) -> Script {
        let mut words = vec![spec.path.clone()];
        words.extend(spec.args.iter().cloned());
        for key in [Key::Command(words.join(" ")), Key::Step(step.to_owned())] {
            match self.scripts.get_mut(&key) {
                Some(scripts) if scripts.len() > 1 => {
                    return scripts.pop_front().unwrap_or_default();
                }
                Some(scripts) => return scripts.front().cloned().unwrap_or_default(),
                None => {}
            }
        }
        Script::default()
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    fn name(&self) -> &'static str {
        NAME
    }

    fn isolates(&self) -> bool {
        false
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Container>, RuntimeError> {
        let (handle, metadata, env) =
            (spec.handle.clone(), spec.metadata.clone(), spec.env.clone());
        let files = self.world.files.create(spec).await?;
        let cast = || Cast { metadata, env, main: None, entered: Vec::new() };
        self.world.state().containers.entry(handle).or_insert_with(cast);
        Ok(self.container(files))
    }

    async fn find(&self, handle: &str) -> Result<Option<Arc<dyn Container>>, RuntimeError> {
        Ok(self.world.files.find(handle).await?.map(|files| self.container(files)))
    }

    async fn list(&self) -> Result<Vec<ContainerInfo>, RuntimeError> {
        let infos = self.world.files.list().await?;
        Ok(infos.into_iter().map(|info| self.world.tell(info)).collect())
    }

    async fn remove(&self, handle: &str) -> Result<(), RuntimeError> {
        let cast = self.world.state().containers.remove(handle);
        if let Some(cast) = cast {
            let main = cast.main.map(|(player, _)| player);
            for player in main.into_iter().chain(cast.entered) {
                player.stop(Duration::ZERO).await?;
            }
        }
        self.world.files.remove(handle).await
    }

    async fn create_volume(&self, spec: VolumeSpec) -> Result<Arc<dyn Volume>, RuntimeError> {
        self.world.files.create_volume(spec).await
    }

    async fn find_volume(&self, handle: &str) -> Result<Option<Arc<dyn Volume>>, RuntimeError> {
        self.world.files.find_volume(handle).await
    }

    async fn remove_volume(&self, handle: &str) -> Result<(), RuntimeError> {
        self.world.files.remove_volume(handle).await
    }
}

struct FakeContainer {
    world: Arc<World>,
    files: Arc<dyn Container>,
}

impl FakeContainer {
    fn not_found(&self) -> RuntimeError {
        RuntimeError::NotFound { what: "container", name: self.files.handle().to_owned() }
    }

    /// The working directory on disk.
    async fn work(&self) -> Result<std::path::PathBuf, RuntimeError> {
        Ok(self.files.info().await?.working_dir.into())
    }

    /// The process as the container's environment and `above` complete it.
    fn stage(
        &self,
        work: std::path::PathBuf,
        cast: &Cast,
        above: &[(String, String)],
        spec: &ProcessSpec,
    ) -> Stage {
        let env = cast.env.iter().chain(above).chain(&spec.env).cloned().collect();
        Stage { work, env, clock: Arc::clone(&self.world.clock) }
    }
}

#[async_trait]
impl Container for FakeContainer {
    fn handle(&self) -> &str {
        self.files.handle()
    }

    async fn info(&self) -> Result<ContainerInfo, RuntimeError> {
        Ok(self.world.tell(self.files.info().await?))
    }

    async fn run(&self, spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError> {
        let handle = self.files.handle();
        let work = self.work().await?;
        let mut state = self.world.state();
        let state = &mut *state;
        let cast = state.containers.get(handle).ok_or_else(|| self.not_found())?;
        if let Some((player, _)) = &cast.main {
            return if player.is_gone() {
                Err(player.gone())
            } else {
                Ok(Arc::new(player.clone()))
            };
        }
        let (metadata, env) = (cast.metadata.clone(), cast.env.clone());
        let stage = self.stage(work, cast, &[], &spec);
        let script = state.script(&metadata.step, &spec);
        let player = Player::start(handle, &spec, script, stage)?;
        state.ran.push(Ran { handle: handle.to_owned(), metadata, env, spec: spec.clone() });
        if let Some(cast) = state.containers.get_mut(handle) {
            cast.main = Some((player.clone(), spec));
        }
        Ok(Arc::new(player))
    }

    async fn attach(&self) -> Result<Option<Arc<dyn Process>>, RuntimeError> {
        let state = self.world.state();
        let cast = state.containers.get(self.files.handle()).ok_or_else(|| self.not_found())?;
        match &cast.main {
            Some((player, _)) => Ok(Some(Arc::new(player.clone()))),
            None => Ok(None),
        }
    }

    async fn enter(&self, mut spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError> {
        let handle = self.files.handle();
        let work = self.work().await?;
        let mut state = self.world.state();
        let state = &mut *state;
        let cast = state.containers.get(handle).ok_or_else(|| self.not_found())?;
        let main = cast.main.as_ref().map(|(_, main)| main);
        if let (true, Some(main)) = (spec.dir.is_empty(), main) {
            spec.dir.clone_from(&main.dir);
        }
        let above = main.map(|main| main.env.clone()).unwrap_or_default();
        let stage = self.stage(work, cast, &above, &spec);
        let script = state.script("", &spec);
        let player = Player::start(handle, &spec, script, stage)?;
        if let Some(cast) = state.containers.get_mut(handle) {
            cast.entered.push(player.clone());
        }
        Ok(Arc::new(Entered { player }))
    }

    async fn volume(&self, path: &str) -> Result<Arc<dyn Volume>, RuntimeError> {
        self.files.volume(path).await
    }
}

/// A further process: it ends with its last handle.
struct Entered {
    player: Player,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.player.hang_up();
    }
}

#[async_trait]
impl Process for Entered {
    async fn output(
        &self,
        stream: crate::model::build::LogSource,
        from: u64,
    ) -> Result<Box<dyn super::Output>, RuntimeError> {
        self.player.output(stream, from).await
    }

    async fn wait(&self) -> Result<i32, RuntimeError> {
        self.player.wait().await
    }

    async fn stop(&self, grace: Duration) -> Result<(), RuntimeError> {
        self.player.stop(grace).await
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), RuntimeError> {
        self.player.write(bytes).await
    }

    async fn close_input(&self) -> Result<(), RuntimeError> {
        self.player.close_input().await
    }

    async fn resize(&self, size: super::WindowSize) -> Result<(), RuntimeError> {
        self.player.resize(size).await
    }
}

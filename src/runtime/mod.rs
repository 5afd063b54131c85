//! Where processes and files live: containers, processes in them, volumes.
//!
//! This room knows no build, step or pipeline, and no store. A runtime answers only for what it
//! has itself; who may use it, and when it goes, is decided further right.
//!
//! The life of a container: [`Runtime::create`] → [`Container::run`] → [`Process::wait`] →
//! any number of [`Container::enter`] → [`Runtime::remove`]. A process outlives its watcher: a
//! core that restarts finds the container by its handle, attaches, and reads on from the offset
//! it knows.

pub mod cancel;
mod error;
pub mod fake;
pub mod files;
pub mod process;
mod spec;
pub mod stream;

pub use error::RuntimeError;
pub use spec::{
    ContainerSpec, Image, Mount, MountKind, ProcessSpec, VolumeSource, VolumeSpec, WindowSize,
};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::build::LogSource;
use crate::model::worker::ContainerInfo;

/// The runtimes that there are. What adds one writes its folder and its line here.
pub const RUNTIMES: &[Entry] = &[Entry {
    name: process::NAME,
    about: "processes on this machine, each container a directory: no daemon, no isolation",
    open: |host| {
        let runtime = process::ProcessRuntime::new(&host.data_dir, host.supervisor.clone())?;
        Ok(Arc::new(runtime.with_env(host.env.iter().cloned())))
    },
}];

/// A line of [`RUNTIMES`].
pub struct Entry {
    /// The name, as `--runtime` has it.
    pub name: &'static str,
    /// What it is, for help.
    pub about: &'static str,
    /// Opens it.
    pub open: fn(&Host) -> Result<Arc<dyn Runtime>, RuntimeError>,
}

/// What a runtime may need of the program that opens it.
pub struct Host {
    /// Where it may keep files of its own.
    pub data_dir: PathBuf,
    /// This program, to be started as a supervisor.
    pub supervisor: PathBuf,
    /// The machine's environment.
    pub env: Vec<(String, String)>,
}

/// Opens the runtime of a name.
///
/// # Errors
/// [`RuntimeError::NotFound`] when there is none; else what keeps it from opening.
pub fn open(name: &str, host: &Host) -> Result<Arc<dyn Runtime>, RuntimeError> {
    match RUNTIMES.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.open)(host),
        None => Err(RuntimeError::NotFound { what: "runtime", name: name.to_owned() }),
    }
}

/// A place where containers run.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// The runtime's name, as `--runtime` has it.
    fn name(&self) -> &'static str;

    /// Whether a process is kept away from the machine around it.
    fn isolates(&self) -> bool;

    /// Makes a container. One that has the spec's handle already is given back as it is, so
    /// that a restarted core may ask again.
    ///
    /// # Errors
    /// When the spec asks for what the runtime cannot do, or the machine refuses.
    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Container>, RuntimeError>;

    /// The container of that handle, if there is one.
    ///
    /// # Errors
    /// When the runtime does not answer.
    async fn find(&self, handle: &str) -> Result<Option<Arc<dyn Container>>, RuntimeError>;

    /// All containers of this core.
    ///
    /// # Errors
    /// When the runtime does not answer.
    async fn list(&self) -> Result<Vec<ContainerInfo>, RuntimeError>;

    /// Ends what runs in a container and removes it with its outputs. Removing what is gone
    /// already is no error.
    ///
    /// # Errors
    /// When something of it stays.
    async fn remove(&self, handle: &str) -> Result<(), RuntimeError>;

    /// Makes a volume that no container owns.
    ///
    /// # Errors
    /// When the machine refuses, or the source cannot be read.
    async fn create_volume(&self, spec: VolumeSpec) -> Result<Arc<dyn Volume>, RuntimeError>;

    /// The volume of that handle, be it a container's or its own.
    ///
    /// # Errors
    /// When the runtime does not answer.
    async fn find_volume(&self, handle: &str) -> Result<Option<Arc<dyn Volume>>, RuntimeError>;

    /// Removes a volume that no container owns.
    ///
    /// # Errors
    /// When something of it stays.
    async fn remove_volume(&self, handle: &str) -> Result<(), RuntimeError>;
}

/// A container.
#[async_trait]
pub trait Container: Send + Sync {
    /// Its handle, unique in its runtime.
    fn handle(&self) -> &str;

    /// What it is and how it stands.
    ///
    /// # Errors
    /// When the container is gone.
    async fn info(&self) -> Result<ContainerInfo, RuntimeError>;

    /// Starts the container's main process, or attaches to the one that was started before.
    ///
    /// # Errors
    /// When there is no such executable or directory, or the machine refuses.
    async fn run(&self, spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError>;

    /// The main process if it was ever started, running or not. One that vanished is given too:
    /// what it wrote can be read, and [`Process::wait`] says that it is gone.
    ///
    /// # Errors
    /// When the container is gone, or the runtime does not answer.
    async fn attach(&self) -> Result<Option<Arc<dyn Process>>, RuntimeError>;

    /// Starts a further process, such as a person's shell, whether or not the main one runs.
    /// Its environment is that of the main process unless the spec says otherwise, and so is its
    /// directory. It ends with the container, or when its last handle is dropped: nobody could
    /// find it again.
    ///
    /// # Errors
    /// As [`Container::run`].
    async fn enter(&self, spec: ProcessSpec) -> Result<Arc<dyn Process>, RuntimeError>;

    /// The volume at a path of the container: a mount, or the working directory for `""`.
    ///
    /// # Errors
    /// When there is none.
    async fn volume(&self, path: &str) -> Result<Arc<dyn Volume>, RuntimeError>;
}

/// A process in a container.
#[async_trait]
pub trait Process: Send + Sync {
    /// Reads one of its streams from an offset in bytes. With a terminal all is on stdout.
    ///
    /// # Errors
    /// When the output is gone.
    async fn output(&self, stream: LogSource, from: u64) -> Result<Box<dyn Output>, RuntimeError>;

    /// Waits for its end: the exit status, 128 + n for signal n.
    ///
    /// Dropping the future ends only the wait.
    ///
    /// # Errors
    /// [`RuntimeError::Gone`] when it vanished without a status.
    async fn wait(&self) -> Result<i32, RuntimeError>;

    /// Ends it and all that it started: SIGTERM, after `grace` SIGKILL. Returns when it is over.
    ///
    /// # Errors
    /// When it cannot be reached.
    async fn stop(&self, grace: Duration) -> Result<(), RuntimeError>;

    /// Writes to its standard input.
    ///
    /// # Errors
    /// When it has ended or takes no input.
    async fn write(&self, bytes: &[u8]) -> Result<(), RuntimeError>;

    /// Ends its standard input; on a terminal, as the end-of-file key does. One that is closed
    /// already is no error.
    ///
    /// # Errors
    /// When it cannot be reached.
    async fn close_input(&self) -> Result<(), RuntimeError>;

    /// Tells its terminal a new size.
    ///
    /// # Errors
    /// When it has ended.
    async fn resize(&self, size: WindowSize) -> Result<(), RuntimeError>;
}

/// Output of a process, in order.
#[async_trait]
pub trait Output: Send {
    /// The next piece, at most 64 KiB, waiting for one; nothing once the process has ended and
    /// all is read.
    ///
    /// Cancel safe: a piece is lost only if it was returned.
    ///
    /// # Errors
    /// When the output is gone.
    async fn next(&mut self) -> Result<Option<Chunk>, RuntimeError>;
}

/// A piece of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The offset in the stream that the piece ends at.
    pub end: u64,
}

/// Files that outlive a process.
#[async_trait]
pub trait Volume: Send + Sync {
    /// Its handle, unique in its runtime.
    fn handle(&self) -> &str;

    /// The name of the runtime that has it.
    fn runtime(&self) -> &'static str;

    /// Where it stands in this machine's file system, if it does.
    fn local_path(&self) -> Option<PathBuf>;

    /// Reads one file, at most `limit` bytes.
    ///
    /// # Errors
    /// [`RuntimeError::NotFound`] when there is none; [`RuntimeError::Path`] when the path leads
    /// out of the volume or the file is larger.
    async fn read_file(&self, path: &str, limit: u64) -> Result<Vec<u8>, RuntimeError>;

    /// Writes what is under `path` as a tar archive.
    ///
    /// # Errors
    /// When there is nothing, or the writer fails.
    async fn stream_out(
        &self,
        path: &str,
        archive: &mut (dyn tokio::io::AsyncWrite + Send + Unpin),
    ) -> Result<(), RuntimeError>;

    /// Unpacks a tar archive under `path`. Nothing is written outside of the volume.
    ///
    /// # Errors
    /// When the archive is damaged, leads out of the volume, or the disk refuses.
    async fn stream_in(
        &self,
        path: &str,
        archive: &mut (dyn tokio::io::AsyncRead + Send + Unpin),
    ) -> Result<(), RuntimeError>;
}

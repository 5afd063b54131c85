//! A process as the core sees it: through its files and its supervisor's socket.
//!
//! Holds nothing that a restarted core could not find again by the directory.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::ChildStdin;
use tokio::sync::Mutex;

use super::dir::{Slot, StatusRecord, is_damage};
use super::wire;
use crate::model::build::LogSource;
use crate::runtime::files::blocking;
use crate::runtime::files::tree::{self, failed};
use crate::runtime::{Chunk, Output, Process, RuntimeError, WindowSize};

/// The most that [`Output::next`] gives at once.
const PIECE: usize = 64 * 1024;
/// How often and how long a supervisor whose queue of connections is full is asked again.
const FULL_QUEUE: (u32, Duration) = (400, Duration::from_millis(5));

/// Where a process stands.
pub enum Link {
    /// It runs: a connection to its supervisor.
    Live(UnixStream),
    /// It has ended.
    Ended(StatusRecord),
}

/// A process of a container.
pub struct Attached {
    handle: String,
    slot: Slot,
    /// A connection for requests that are answered, once one was needed. Taken out while a request
    /// is on its way, so that one that is dropped half-way takes it along.
    control: Mutex<Option<UnixStream>>,
    /// As long as it is held, a tied process goes on.
    _keeper: Option<ChildStdin>,
}

impl Attached {
    /// The process whose files are in `slot`.
    pub fn new(handle: &str, slot: Slot, keeper: Option<ChildStdin>) -> Self {
        Self { handle: handle.to_owned(), slot, control: Mutex::new(None), _keeper: keeper }
    }

    /// Finds out how it stands.
    ///
    /// # Errors
    /// [`RuntimeError::Gone`] when it neither runs nor left a status.
    pub async fn link(&self) -> Result<Link, RuntimeError> {
        if let Some(status) = self.status()? {
            return Ok(Link::Ended(status));
        }
        let place = self.slot.root.clone();
        let fail = |error| failed("reach the supervisor in", place.clone(), error);
        let dir = match tree::open_dir(&self.slot.root) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.gone("its container was removed"));
            }
            Err(error) => return Err(fail(error)),
        };
        // By handle, because an address of a socket may be 107 bytes long at most.
        let address = tree::by_handle(&dir).join("socket");
        let (mut tries, pause) = FULL_QUEUE;
        loop {
            match UnixStream::connect(&address).await {
                Ok(stream) => return Ok(Link::Live(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries > 0 => {
                    tries -= 1;
                    tokio::time::sleep(pause).await;
                }
                Err(error) if is_closed(&error) => {
                    // It may have ended since the first look.
                    return match self.status()? {
                        Some(status) => Ok(Link::Ended(status)),
                        None => Err(self.gone("its supervisor ended without leaving a status")),
                    };
                }
                Err(error) => return Err(fail(error)),
            }
        }
    }

    fn status(&self) -> Result<Option<StatusRecord>, RuntimeError> {
        match self.slot.status() {
            Err(error) if is_damage(&error) => Err(self.gone("its status is damaged")),
            other => other,
        }
    }

    fn gone(&self, why: &str) -> RuntimeError {
        RuntimeError::Gone { handle: self.handle.clone(), why: why.to_owned() }
    }

    /// Sends a frame that is answered. False when it was refused.
    async fn ask(&self, frame: &[u8]) -> Result<bool, RuntimeError> {
        let mut control = self.control.lock().await;
        let mut stream = match control.take() {
            Some(stream) => stream,
            None => match self.link().await? {
                Link::Live(stream) => stream,
                Link::Ended(_) => return Ok(false),
            },
        };
        let mut answer = [0];
        let exchange = async {
            stream.write_all(frame).await?;
            stream.read_exact(&mut answer).await
        };
        // A connection that breaks means that the process has ended.
        if exchange.await.is_err() {
            return Ok(false);
        }
        *control = Some(stream);
        Ok(answer[0] == wire::DONE)
    }

    fn refused(&self, what: &str) -> RuntimeError {
        RuntimeError::Unsupported {
            runtime: super::NAME,
            what: format!("cannot {what} of container `{}`", self.handle),
        }
    }
}

#[async_trait]
impl Process for Attached {
    async fn output(&self, stream: LogSource, from: u64) -> Result<Box<dyn Output>, RuntimeError> {
        let path = match stream {
            LogSource::Stdout => self.slot.output(),
            LogSource::Stderr => self.slot.stderr(),
        };
        let file = match std::fs::File::open(&path) {
            Ok(file) => Some(Arc::new(file)),
            // With a terminal there is no second stream.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && stream == LogSource::Stderr =>
            {
                None
            }
            Err(error) => return Err(failed("read", path, error)),
        };
        let watch = match self.link().await {
            Ok(Link::Live(mut stream)) => {
                // A supervisor that ends just now closes the connection, which is read as that.
                stream.write_all(&wire::frame(wire::WATCH, &[])).await.ok();
                Some(stream)
            }
            // What a vanished process left can still be read.
            Ok(Link::Ended(_)) | Err(RuntimeError::Gone { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Box::new(FileOutput { path, file, offset: from, watch, slot: self.slot.clone() }))
    }

    async fn wait(&self) -> Result<i32, RuntimeError> {
        loop {
            match self.link().await? {
                Link::Ended(status) => return Ok(status.exit_status),
                Link::Live(mut stream) => until_closed(&mut stream).await,
            }
        }
    }

    async fn stop(&self, grace: Duration) -> Result<(), RuntimeError> {
        let millis = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let frame = wire::frame(wire::STOP, &millis.to_le_bytes());
        match self.link().await {
            Ok(Link::Ended(_)) | Err(RuntimeError::Gone { .. }) => return Ok(()),
            Ok(Link::Live(mut stream)) => {
                // It may have ended meanwhile, which is as good.
                stream.write_all(&frame).await.ok();
                until_closed(&mut stream).await;
            }
            Err(error) => return Err(error),
        }
        match self.wait().await {
            Ok(_) | Err(RuntimeError::Gone { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), RuntimeError> {
        for piece in bytes.chunks(wire::LONGEST) {
            if !self.ask(&wire::frame(wire::INPUT, piece)).await? {
                return Err(self.refused("write to the ended or missing input"));
            }
        }
        Ok(())
    }

    async fn close_input(&self) -> Result<(), RuntimeError> {
        // An input that is closed already is what was asked for.
        self.ask(&wire::frame(wire::CLOSE_INPUT, &[])).await.map(|_| ())
    }

    async fn resize(&self, size: WindowSize) -> Result<(), RuntimeError> {
        let [c0, c1] = size.columns.to_le_bytes();
        let [r0, r1] = size.rows.to_le_bytes();
        if self.ask(&wire::frame(wire::RESIZE, &[c0, c1, r0, r1])).await? {
            Ok(())
        } else {
            Err(self.refused("resize the ended or missing terminal"))
        }
    }
}

/// Waits for the end of a connection on which nothing is said.
async fn until_closed(stream: &mut UnixStream) {
    while stream.read(&mut [0; 16]).await.is_ok_and(|n| n > 0) {}
}

/// Whether nobody listens at a socket. Reset: somebody did, but ended before he accepted.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotFound)
}

/// Output read from its file.
struct FileOutput {
    path: PathBuf,
    file: Option<Arc<std::fs::File>>,
    offset: u64,
    /// Wakes us; closed once the process has ended.
    watch: Option<UnixStream>,
    slot: Slot,
}

impl FileOutput {
    async fn read(&self) -> Result<Vec<u8>, RuntimeError> {
        let Some(file) = self.file.clone() else { return Ok(Vec::new()) };
        let (path, offset) = (self.path.clone(), self.offset);
        blocking(move || {
            let mut bytes = vec![0; PIECE];
            let read = file.read_at(&mut bytes, offset);
            let n = read.map_err(|error| failed("read", path, error))?;
            bytes.truncate(n);
            Ok(bytes)
        })
        .await
    }
}

#[async_trait]
impl Output for FileOutput {
    async fn next(&mut self) -> Result<Option<Chunk>, RuntimeError> {
        loop {
            // Where it had ended before this look, nothing can follow what is found.
            let bytes = self.read().await?;
            if !bytes.is_empty() {
                self.offset += bytes.len() as u64;
                return Ok(Some(Chunk { bytes, end: self.offset }));
            }
            let Some(watch) = &mut self.watch else {
                return match self.slot.status().ok().flatten() {
                    Some(status) if status.lost_bytes > 0 => {
                        let why = format!("{} bytes did not fit on the disk", status.lost_bytes);
                        let source = io::Error::new(io::ErrorKind::StorageFull, why);
                        Err(failed("read all of", &self.path, source))
                    }
                    _ => Ok(None),
                };
            };
            // Cancel safe: a wake-up that is lost is followed by a look at the file.
            if watch.read(&mut [0; 1024]).await.unwrap_or(0) == 0 {
                self.watch = None;
            }
        }
    }
}

//! A scripted process while it runs and after it ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::script::{Act, Script};
use crate::model::build::LogSource;
use crate::model::time::Clock;
use crate::runtime::files::blocking;
use crate::runtime::files::path::clean;
use crate::runtime::files::tree::{self, failed};
use crate::runtime::{Chunk, Output, Process, ProcessSpec, RuntimeError, WindowSize};

/// The most that [`Output::next`] gives at once.
const PIECE: usize = 64 * 1024;
/// The status of what SIGTERM ended.
const TERMINATED: i32 = 143;
/// The status of what SIGHUP ended.
const HUNG_UP: i32 = 129;

/// How a process stands.
#[derive(Default)]
struct State {
    output: Vec<u8>,
    errors: Vec<u8>,
    input: Vec<u8>,
    takes_input: bool,
    window: Option<WindowSize>,
    stopped_by: Option<i32>,
    end: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Status(i32),
    Gone,
}

/// A process that plays a script.
#[derive(Clone)]
pub struct Player {
    handle: String,
    state: watch::Sender<State>,
}

/// What a script is played with.
pub struct Stage {
    /// The working directory.
    pub work: PathBuf,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// The clock that waits go by.
    pub clock: Arc<dyn Clock>,
}

impl Player {
    /// Starts a script.
    ///
    /// # Errors
    /// When it says that there is no executable, or the directory is none.
    pub fn start(
        handle: &str,
        spec: &ProcessSpec,
        script: Script,
        stage: Stage,
    ) -> Result<Self, RuntimeError> {
        let dir = clean(&spec.dir)?;
        if !stage.work.join(&dir).is_dir() {
            return Err(RuntimeError::Path {
                path: spec.dir.clone(),
                why: "is no directory to run in".to_owned(),
            });
        }
        if script.acts.first() == Some(&Act::Missing) {
            let why = "not found in `PATH`".to_owned();
            return Err(RuntimeError::NoExecutable { path: spec.path.clone(), why });
        }
        let state = State {
            input: spec.stdin.clone().unwrap_or_default(),
            takes_input: spec.stdin.is_some(),
            window: spec.tty,
            ..State::default()
        };
        let player = Self { handle: handle.to_owned(), state: watch::Sender::new(state) };
        let playing = player.clone();
        tokio::spawn(async move {
            let status = playing.play(&script, &stage, &dir).await;
            playing.state.send_modify(|state| {
                state.end.get_or_insert(End::Status(status));
            });
        });
        Ok(player)
    }

    /// The exit status, if it ended with one.
    pub fn status(&self) -> Option<i32> {
        match self.state.borrow().end {
            Some(End::Status(status)) => Some(status),
            Some(End::Gone) | None => None,
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.state.borrow().end.is_none()
    }

    /// Whether it vanished.
    pub fn is_gone(&self) -> bool {
        self.state.borrow().end == Some(End::Gone)
    }

    /// Lets it vanish without a status, as when the machine fails.
    pub fn lose(&self) {
        self.state.send_modify(|state| {
            state.end.get_or_insert(End::Gone);
        });
    }

    /// Ends it as a closed terminal does.
    pub fn hang_up(&self) {
        self.state.send_modify(|state| {
            state.stopped_by.get_or_insert(HUNG_UP);
        });
    }

    /// The error for what vanished.
    pub fn gone(&self) -> RuntimeError {
        let why = "the script lost it".to_owned();
        RuntimeError::Gone { handle: self.handle.clone(), why }
    }

    async fn play(&self, script: &Script, stage: &Stage, dir: &str) -> i32 {
        for act in &script.acts {
            if let Some(status) = self.state.borrow().stopped_by {
                return status;
            }
            if let Err(status) = self.act(act, stage, dir).await {
                return status;
            }
        }
        0
    }

    /// Does one act; an error is the status that it ended the process with.
    async fn act(&self, act: &Act, stage: &Stage, dir: &str) -> Result<(), i32> {
        match act {
            Act::Print(text) => self.print(LogSource::Stdout, text.as_bytes()),
            Act::PrintError(text) => self.print(LogSource::Stderr, text.as_bytes()),
            Act::Leave { path, content } => {
                let (work, content) = (stage.work.clone(), content.clone().into_bytes());
                let path = clean(&format!("./{dir}/{path}")).map_err(|_| 1)?;
                blocking(move || leave(&work, &path, &content)).await.map_err(|error| {
                    self.print(LogSource::Stderr, format!("{error}\n").as_bytes());
                    1
                })?;
            }
            Act::Show(path) => {
                let path = stage.work.join(dir).join(path);
                let read = tokio::fs::read(&path).await;
                let bytes = read.map_err(|error| {
                    self.print(LogSource::Stderr, format!("{error}\n").as_bytes());
                    1
                })?;
                self.print(LogSource::Stdout, &bytes);
            }
            Act::ShowVar(name) => {
                let var = stage.env.iter().rev().find(|(known, _)| known == name);
                let value = var.map(|(_, value)| value.as_str()).unwrap_or_default();
                self.print(LogSource::Stdout, format!("{value}\n").as_bytes());
            }
            Act::ShowDir => self.print(LogSource::Stdout, format!("{dir}\n").as_bytes()),
            Act::ShowWindow => {
                let Some(size) = self.state.borrow().window else { return Err(1) };
                let text = format!("{} {}\n", size.rows, size.columns);
                self.print(LogSource::Stdout, text.as_bytes());
            }
            Act::Echo => self.echo().await?,
            Act::Wait(span) => {
                let until = stage.clock.now() + *span;
                tokio::select! {
                    () = stage.clock.sleep_until(until) => {}
                    status = self.stopped() => return Err(status),
                }
            }
            Act::Hang => return Err(self.stopped().await),
            Act::Exit(status) => return Err(*status),
            Act::Missing => return Err(127),
        }
        Ok(())
    }

    fn print(&self, stream: LogSource, bytes: &[u8]) {
        self.state.send_modify(|state| {
            if state.window.is_some() {
                // As a terminal shows it.
                for &byte in bytes {
                    let text: &[u8] = if byte == b'\n' { b"\r\n" } else { &[byte] };
                    state.output.extend_from_slice(text);
                }
            } else if stream == LogSource::Stdout {
                state.output.extend_from_slice(bytes);
            } else {
                state.errors.extend_from_slice(bytes);
            }
        });
    }

    async fn echo(&self) -> Result<(), i32> {
        loop {
            let is_ready = |state: &State| {
                !state.input.is_empty() || !state.takes_input || state.stopped_by.is_some()
            };
            // The sender lives in `self`, so the wait cannot fail.
            drop(self.state.subscribe().wait_for(is_ready).await);
            let mut input = Vec::new();
            self.state.send_modify(|state| input = std::mem::take(&mut state.input));
            self.print(LogSource::Stdout, &input);
            let state = self.state.borrow();
            if let Some(status) = state.stopped_by {
                return Err(status);
            }
            if !state.takes_input && state.input.is_empty() {
                return Ok(());
            }
        }
    }

    async fn stopped(&self) -> i32 {
        let mut state = self.state.subscribe();
        let stopped = state.wait_for(|state| state.stopped_by.is_some()).await;
        stopped.ok().and_then(|state| state.stopped_by).unwrap_or(TERMINATED)
    }

    async fn end(&self) -> End {
        let mut state = self.state.subscribe();
        let ended = state.wait_for(|state| state.end.is_some()).await;
        ended.ok().and_then(|state| state.end).unwrap_or(End::Gone)
    }

    fn change(&self, change: impl FnOnce(&mut State) -> bool) -> Result<(), RuntimeError> {
        let mut is_done = false;
        self.state.send_modify(|state| is_done = state.end.is_none() && change(state));
        if is_done {
            return Ok(());
        }
        Err(RuntimeError::Unsupported {
            runtime: super::NAME,
            what: format!("cannot reach the ended or missing input of `{}`", self.handle),
        })
    }
}

fn leave(work: &std::path::Path, path: &str, content: &[u8]) -> Result<(), RuntimeError> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let place = work.join(path);
    let fail = |error| failed("write", place.clone(), error);
    let root = tree::open_dir(work).map_err(fail)?;
    let dir = tree::make_dirs(std::os::fd::AsFd::as_fd(&root), parent).map_err(fail)?;
    std::fs::write(tree::by_handle(&dir).join(name), content).map_err(fail)
}

#[async_trait]
impl Process for Player {
    async fn output(&self, stream: LogSource, from: u64) -> Result<Box<dyn Output>, RuntimeError> {
        Ok(Box::new(Reader { state: self.state.subscribe(), stream, offset: from }))
    }

    async fn wait(&self) -> Result<i32, RuntimeError> {
        match self.end().await {
            End::Status(status) => Ok(status),
            End::Gone => Err(self.gone()),
        }
    }

    /// A script knows no grace: it stops at once.
    async fn stop(&self, _grace: Duration) -> Result<(), RuntimeError> {
        self.state.send_modify(|state| {
            state.stopped_by.get_or_insert(TERMINATED);
        });
        self.end().await;
        Ok(())
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), RuntimeError> {
        self.change(|state| {
            if state.takes_input {
                state.input.extend_from_slice(bytes);
            }
            state.takes_input
        })
    }

    async fn close_input(&self) -> Result<(), RuntimeError> {
        self.state.send_modify(|state| state.takes_input = false);
        Ok(())
    }

    async fn resize(&self, size: WindowSize) -> Result<(), RuntimeError> {
        self.change(|state| {
            let has_terminal = state.window.is_some();
            if has_terminal {
                state.window = Some(size);
            }
            has_terminal
        })
    }
}

struct Reader {
    state: watch::Receiver<State>,
    stream: LogSource,
    offset: u64,
}

#[async_trait]
impl Output for Reader {
    async fn next(&mut self) -> Result<Option<Chunk>, RuntimeError> {
        let stream = self.stream;
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let bytes_of = move |state: &State| -> Vec<u8> {
            let all = match stream {
                LogSource::Stdout => &state.output,
                LogSource::Stderr => &state.errors,
            };
            let rest = all.get(offset..).unwrap_or_default();
            rest[..rest.len().min(PIECE)].to_vec()
        };
        let is_ready = |state: &State| state.end.is_some() || !bytes_of(state).is_empty();
        // Without a sender the runtime itself is gone, and what there was has been read.
        let Ok(state) = self.state.wait_for(is_ready).await else { return Ok(None) };
        let bytes = bytes_of(&state);
        drop(state);
        if bytes.is_empty() {
            return Ok(None);
        }
        self.offset += bytes.len() as u64;
        Ok(Some(Chunk { bytes, end: self.offset }))
    }
}

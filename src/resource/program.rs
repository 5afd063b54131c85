//! Runs a program of the host to its end: bounded in time and output, and ended with all that
//! it started when the work is cancelled.
//!
//! It never hands a secret to a program's arguments, and gives a program nothing of this
//! process's environment but what programs need to find each other and the network.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Context, ResourceError};
use crate::model::build::LogSource;

/// How long any one program may take.
const LIMIT: Duration = Duration::from_secs(60 * 60);
/// How long a program has between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(3);
/// How much a program may print for us to read.
const STDOUT_LIMIT: usize = 64 << 20;
/// How much of the end of what it says is kept for an error.
const STDERR_KEPT: usize = 8 << 10;

/// What a program takes over from this process, where it is set: how programs are found, and
/// how the network is reached.
const INHERITED: &[&str] = &[
    "PATH",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_EXEC_PATH",
];

/// A program to run.
pub(super) struct Program {
    /// Found on the path.
    pub name: &'static str,
    pub args: Vec<OsString>,
    /// All of its environment but what it inherits.
    pub env: Vec<(String, OsString)>,
    pub dir: PathBuf,
    pub stdin: Vec<u8>,
    /// Whether people see at once what it says on standard error.
    pub is_live: bool,
}

/// How a program ended.
pub(super) struct Ended {
    /// The exit status, 128 + n for signal n.
    pub status: i32,
    pub stdout: Vec<u8>,
    /// The end of what it said.
    pub stderr: String,
}

impl Program {
    /// Runs it to its end. When the work is cancelled, for whatever cause, it is ended: nobody
    /// could attach to it again, and what it did is looked for before it is done again.
    ///
    /// # Errors
    /// When it cannot be started, prints more than is taken, takes too long or is stopped.
    /// Any exit status is an answer.
    pub async fn run(self, cx: &Context) -> Result<Ended, ResourceError> {
        if let Some(cause) = cx.cancel.cause() {
            return Err(ResourceError::Stopped(cause));
        }
        let name = self.name;
        let mut child = self.spawn()?;
        let group = Group::of(&child);
        let deadline = cx.now() + LIMIT;
        let outcome = {
            let work = follow(cx, &mut child, self.stdin, self.is_live);
            tokio::pin!(work);
            // Every arm may be dropped: the work is finished or ended below.
            let stopped = tokio::select! {
                ended = &mut work => Ok(ended),
                cause = cx.cancel.cancelled() => Err(ResourceError::Stopped(cause)),
                () = cx.clock.sleep_until(deadline) => Err(ResourceError::Failed {
                    message: format!("`{name}` took more than an hour"),
                    exit_status: 1,
                }),
            };
            match stopped {
                Ok(ended) => Ok(ended),
                Err(why) => {
                    group.signal(Signal::TERM);
                    let grace = cx.now() + GRACE;
                    tokio::select! {
                        _ = &mut work => {}
                        () = cx.clock.sleep_until(grace) => group.signal(Signal::KILL),
                    }
                    Err(why)
                }
            }
        };
        let ended = match outcome {
            Ok(ended) => ended.map_err(|source| io("run", name, source))?,
            Err(why) => return Err(why),
        };
        group.forget();
        if ended.stdout.len() > STDOUT_LIMIT {
            let message = format!("`{name}` printed more than {} MiB", STDOUT_LIMIT >> 20);
            return Err(ResourceError::Failed { message, exit_status: 1 });
        }
        Ok(ended)
    }

    fn spawn(&self) -> Result<Child, ResourceError> {
        let mut command = Command::new(self.name);
        command
            .args(&self.args)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.dir)
            .stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map_err(|source| io("run", self.name, source))
    }
}

fn io(action: &'static str, path: &str, source: std::io::Error) -> ResourceError {
    ResourceError::Io { action, path: path.to_owned(), source }
}

/// The process group of a child. What is left of it ends when this is dropped, unless the
/// child's end was seen.
struct Group {
    leader: Option<Pid>,
}

impl Group {
    fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { leader }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The group may be gone by now, which is what is wanted.
            let _ = kill_process_group(leader, signal);
        }
    }

    fn forget(mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn follow(
    cx: &Context,
    child: &mut Child,
    stdin: Vec<u8>,
    is_live: bool,
) -> std::io::Result<Ended> {
    let input = child.stdin.take();
    let output = child.stdout.take();
    let errors = child.stderr.take();
    let feed = async {
        if let Some(mut input) = input {
            // A program may end without having read all; its status tells.
            let _ = input.write_all(&stdin).await;
        }
    };
    let ((), stdout, stderr, status) =
        tokio::join!(feed, read_all(output), read_end(cx, errors, is_live), child.wait());
    Ok(Ended { status: number(status?), stdout: stdout?, stderr: stderr? })
}

fn number(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Reads to the end, or to just over the limit.
async fn read_all(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    if let Some(stream) = stream {
        let most = u64::try_from(STDOUT_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
        stream.take(most).read_to_end(&mut all).await?;
    }
    Ok(all)
}

async fn read_end(
    cx: &Context,
    stream: Option<impl AsyncRead + Unpin>,
    is_live: bool,
) -> std::io::Result<String> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let mut kept = VecDeque::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            break;
        }
        if is_live {
            cx.log.write(LogSource::Stderr, &piece[..n]);
        }
        kept.extend(&piece[..n]);
        let excess = kept.len().saturating_sub(STDERR_KEPT);
        kept.drain(..excess);
    }
    Ok(String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned())
}

//! Containers, and shells in them.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::Result;
use crate::model::worker::ContainerInfo;
use crate::model::{BuildId, Timestamp};

/// Reading containers.
#[async_trait]
pub trait ContainerReads: Send + Sync {
    /// The containers of a build, those that are gone left out; those to look into first:
    /// failed, then running, then the rest, newest first.
    async fn build_containers(&self, build: BuildId) -> Result<Vec<ContainerSummary>>;
}

/// Acting on containers.
#[async_trait]
pub trait ContainerActs: Send + Sync {
    /// Starts a shell in a container, with the directory and environment of its step.
    async fn hijack(&self, ask: HijackAsk) -> Result<Shell>;
}

/// A container as the chooser shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSummary {
    /// What it is.
    pub info: ContainerInfo,
    /// Whether its step failed or errored.
    pub is_failed: bool,
    /// When it goes, if that is set.
    pub expires_at: Option<Timestamp>,
    /// When it goes in words, where no time is set: `goes when #113 is over`.
    pub until: Option<String>,
}

/// A shell to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HijackAsk {
    /// The container.
    pub handle: String,
    /// The command; without one `bash`, and `sh` where there is no `bash`.
    pub command: Vec<String>,
    /// The size of the terminal.
    pub size: ShellSize,
    /// The name of the terminal's kind, as `TERM` has it.
    pub term: String,
}

/// The size of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShellSize {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// A running shell. Dropping `input` ends it.
#[derive(Debug)]
pub struct Shell {
    /// Its directory, for people.
    pub directory: String,
    /// What goes in. Holds 64 pieces, then sending waits.
    pub input: mpsc::Sender<ShellInput>,
    /// What comes out. Holds 64 pieces, then the shell's own output waits.
    pub output: mpsc::Receiver<ShellOutput>,
}

/// What goes into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellInput {
    /// Keys, as a terminal sends them.
    Bytes(Vec<u8>),
    /// A new size.
    Resize(ShellSize),
}

/// What comes out of a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellOutput {
    /// What a terminal shows.
    Bytes(Vec<u8>),
    /// It ended, with this exit status; the last that comes.
    Exit(i32),
    /// It was lost, for this reason; the last that comes.
    Lost(String),
}

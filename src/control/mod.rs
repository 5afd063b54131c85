//! Everything a person or a program may ask of a core.
//!
//! Only questions, answers and errors: no behaviour. The console and the command line see
//! nothing else of a core, so one in this process and one far away are the same to them.
//!
//! Each noun has a reading part and an acting part. A read-only handle has no acting part:
//! [`Control::acting`] answers nothing, and no key can make it.

mod build;
mod container;
mod error;
mod job;
mod pipeline;
mod resource;
mod watch;

pub use build::{
    BuildActs, BuildDetail, BuildReads, BuildSummary, FirstCause, InputChange, NamedVersion,
    PublicKind, PublicPlan,
};
pub use container::{
    ContainerActs, ContainerReads, ContainerSummary, HijackAsk, Shell, ShellInput, ShellOutput,
    ShellSize,
};
pub use error::{Error, ErrorKind, Result};
pub use job::{JobActs, JobInput, JobOutput, JobReads, JobSummary, Pulse, Waiting, WaitingFor};
pub use pipeline::{Pause, PipelineActs, PipelineReads, PipelineSummary, SetAnswer, SetAsk};
pub use resource::{CheckSummary, ResourceActs, ResourceReads, ResourceSummary, ResourceVersion};
pub use watch::{Change, ChangeStream, EventStream, WatchReads};

/// A core, as somebody may use it.
pub trait Control: Reading {
    /// What this core can do.
    fn capabilities(&self) -> Capabilities;

    /// Who asks.
    fn identity(&self) -> Identity;

    /// The acting part, unless this handle may only read.
    fn acting(&self) -> Option<&dyn Acting>;
}

/// The reading parts of all nouns.
pub trait Reading:
    PipelineReads + JobReads + BuildReads + ResourceReads + ContainerReads + WatchReads
{
}

impl<T> Reading for T where
    T: PipelineReads + JobReads + BuildReads + ResourceReads + ContainerReads + WatchReads
{
}

/// The acting parts of all nouns.
pub trait Acting: PipelineActs + JobActs + BuildActs + ResourceActs + ContainerActs {}

impl<T> Acting for T where T: PipelineActs + JobActs + BuildActs + ResourceActs + ContainerActs {}

/// What a core can do. A Concourse server lacks what flightdeck adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The name for people: `local`, or a target's.
    pub name: String,
    /// Whether the core ends with this process.
    pub is_embedded: bool,
    /// Whether changes are told at once, not looked for.
    pub has_change_feed: bool,
    /// What every runtime of the core is called.
    pub runtimes: Vec<String>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name that actions are noted under.
    pub user: String,
}

//! All that can happen to the console.

use crate::control::{
    BuildDetail, BuildSummary, Change, CheckSummary, ContainerSummary, Error, PipelineSummary,
    ShellOutput,
};
use crate::model::build::Envelope;
use crate::model::{BuildId, PipelineRef};
use crate::tui::effect::{Act, Want};
use crate::tui::term::Event;

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    /// Something was typed, pasted or pointed at.
    Input(Event),
    /// The terminal has another size: columns and rows.
    Resize(u16, u16),
    /// A moment came that the console waited for, see `App::wakes_at`.
    Tick,
    /// The process comes back from the background.
    Resumed,
    /// Somebody wants the program to end.
    Terminated,
    /// An answer to a question.
    Answered {
        /// The question.
        want: Want,
        /// Which time it was asked.
        generation: u64,
        /// The answer.
        answer: Result<Answer, Error>,
    },
    /// The stream of changes stands.
    Connected,
    /// Something changed in the core.
    Changed(Change),
    /// The stream of changes broke.
    Disconnected(Error),
    /// Events of a build.
    Events {
        /// The build.
        build: BuildId,
        /// Which stream of it.
        generation: u64,
        /// What came.
        batch: Vec<Envelope>,
    },
    /// A stream of events ended: after the last event, or broken.
    EventsEnded {
        /// The build.
        build: BuildId,
        /// Which stream of it.
        generation: u64,
        /// Whether it was whole.
        result: Result<(), Error>,
    },
    /// What was to be done is done, or not.
    Acted {
        /// What.
        act: Act,
        /// How it went.
        result: Result<Done, Error>,
    },
    /// A shell in a pane stands.
    ShellOpened {
        /// Which.
        shell: u64,
        /// Its directory.
        directory: String,
    },
    /// Output of a shell in a pane, or its end.
    ShellOutput {
        /// Which.
        shell: u64,
        /// What came.
        output: ShellOutput,
    },
    /// A shell that had the whole terminal is over, or never began.
    ShellLeft {
        /// In words, for a toast: `exit 0 after 2m 03s`.
        result: Result<String, Error>,
    },
    /// A line from outside: `pipeline set again`.
    Noticed(Notice),
    /// An extra action is over.
    ExtraDone {
        /// Its title.
        title: String,
        /// What it tells.
        result: Result<String, String>,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Want::Pipelines`].
    Pipelines(Vec<PipelineSummary>),
    /// To [`Want::Pipeline`].
    Pipeline(Box<PipelineSummary>),
    /// To [`Want::JobBuilds`].
    Builds(Vec<BuildSummary>),
    /// To [`Want::Build`].
    Build(Box<BuildDetail>),
    /// To [`Want::Containers`].
    Containers(Vec<ContainerSummary>),
    /// To [`Want::Running`].
    Running(Vec<BuildSummary>),
}

/// What an act led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Yes,
    /// It made a build.
    Made(Box<BuildSummary>),
    /// It looked for versions.
    Checked(CheckSummary),
}

/// A line from outside of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// The line.
    pub text: String,
    /// Further lines, for the list of messages.
    pub more: Vec<String>,
    /// The pipeline that it is about.
    pub pipeline: Option<PipelineRef>,
}

impl Notice {
    /// A line.
    pub fn new(level: Level, text: impl Into<String>) -> Notice {
        Notice { level, text: text.into(), more: Vec::new(), pipeline: None }
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// It was done.
    Good,
    /// It may not be as one thinks.
    Warn,
    /// It went wrong.
    Error,
}

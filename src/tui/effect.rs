//! All that the console can ask for. Only data; the driver does it.

use crate::control::{HijackAsk, ShellInput};
use crate::model::build::EventId;
use crate::model::{BuildId, PipelineRef};

/// Something to do outside of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask; the newest question of a kind replaces an older one.
    Fetch {
        /// The question.
        want: Want,
        /// Comes back with the answer.
        generation: u64,
    },
    /// Nobody waits for that answer any more.
    Forget(Want),
    /// Listen to what changes.
    Connect,
    /// Read a build's events from an id on; replaces another stream of the build.
    Follow {
        /// The build.
        build: BuildId,
        /// The first event.
        from: EventId,
        /// Comes back with each bunch.
        generation: u64,
    },
    /// Nobody reads that build's events any more.
    Unfollow(BuildId),
    /// Do something to the core.
    Act(Act),
    /// Give the whole terminal to a shell.
    HandOver {
        /// What to start.
        ask: HijackAsk,
        /// What the user is told before: where, until when.
        greeting: String,
    },
    /// Start a shell for a pane.
    OpenShell {
        /// Its number.
        shell: u64,
        /// What to start.
        ask: HijackAsk,
    },
    /// Send something into a shell.
    ToShell {
        /// Its number.
        shell: u64,
        /// What.
        input: ShellInput,
    },
    /// End a shell.
    CloseShell(u64),
    /// Run an extra action, by its place in the list.
    Extra(usize),
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Go to the background.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Ring.
    Bell,
    /// End.
    Quit(crate::tui::Exit),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Want {
    /// All pipelines.
    Pipelines,
    /// One.
    Pipeline(PipelineRef),
    /// Builds of a job, newest first.
    JobBuilds {
        /// Its pipeline.
        pipeline: PipelineRef,
        /// Its name.
        job: String,
        /// How many.
        limit: u32,
    },
    /// A build.
    Build(BuildId),
    /// Containers of a build.
    Containers(BuildId),
    /// Builds that are not over.
    Running,
}

/// Something to do to the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Make a build.
    Trigger(PipelineRef, String),
    /// Run a build again with the same inputs; its name for people.
    Rerun(BuildId, String),
    /// Stop a build; its name for people.
    Abort(BuildId, String),
    /// Pause a job or, without a job, a pipeline.
    Pause(PipelineRef, Option<String>, Option<String>),
    /// Resume a job or, without a job, a pipeline.
    Unpause(PipelineRef, Option<String>),
    /// Look for versions of a resource.
    Check(PipelineRef, String),
}

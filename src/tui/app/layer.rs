//! What lies over the screen: menu, help, palette, questions, the list of containers.

use std::time::Duration;

use crate::model::{BuildId, PipelineRef, Timestamp};
use crate::tui::effect::Act;
use crate::tui::widget::PromptState;

/// Keys are deaf so long after a question came up, so that what was typed ahead answers nothing.
pub const DEAF: Duration = Duration::from_millis(250);

/// Something over the screen. There is one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// What is possible here.
    Menu {
        /// The chosen line.
        chosen: usize,
        /// What is typed to find one.
        needle: String,
    },
    /// All keys.
    Help {
        /// The first line in view.
        offset: usize,
        /// What is searched for.
        needle: PromptState,
        /// Whether one types.
        is_typing: bool,
    },
    /// A line to type an action into.
    Palette {
        /// The line.
        prompt: PromptState,
        /// The chosen answer.
        chosen: usize,
    },
    /// Pause something, with a reason.
    Pause {
        /// The pipeline.
        pipeline: PipelineRef,
        /// The job, or the whole pipeline.
        job: Option<String>,
        /// The reason.
        prompt: PromptState,
    },
    /// One line that only `y` answers with yes.
    Question {
        /// What is asked.
        text: String,
        /// The word for yes: `abort`.
        yes: &'static str,
        /// What is done then.
        acts: Vec<Act>,
        /// When it came up.
        since: Timestamp,
    },
    /// Which container to enter.
    Chooser(Chooser),
    /// All that is known of something.
    Facts {
        /// Of what.
        of: FactsOf,
        /// The first line in view.
        offset: u16,
    },
    /// Builds run, and the program is to end.
    Leaving {
        /// When it came up.
        since: Timestamp,
        /// Whether one chose to wait.
        is_waiting: bool,
    },
}

/// What facts are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactsOf {
    /// The chosen thing: why it waits, who paused it, what it takes and puts.
    Subject,
    /// The inputs of the chosen build.
    Inputs,
}

/// The list of containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chooser {
    /// The build.
    pub build: BuildId,
    /// The handle of the chosen container.
    pub chosen: Option<String>,
    /// Another command.
    pub command: PromptState,
    /// Whether one types the command.
    pub is_typing: bool,
    /// Whether the shell opens in a pane.
    pub is_split: bool,
}

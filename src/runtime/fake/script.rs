//! What a scripted process does.

use std::time::Duration;

/// A process's life, one act after the other. It ends with status 0 if none says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The acts.
    pub acts: Vec<Act>,
}

/// One thing that a scripted process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Writes to standard output.
    Print(String),
    /// Writes to standard error, which with a terminal is the same stream.
    PrintError(String),
    /// Leaves a file, relative to its directory.
    Leave {
        /// Where.
        path: String,
        /// What.
        content: String,
    },
    /// Prints a file, relative to its directory; ends with status 1 if there is none.
    Show(String),
    /// Prints a variable of its environment and a line's end.
    ShowVar(String),
    /// Prints its directory's path below the working directory and a line's end.
    ShowDir,
    /// Prints rows and columns of its terminal and a line's end.
    ShowWindow,
    /// Prints its input as it comes, until it ends.
    Echo,
    /// Waits by the clock.
    Wait(Duration),
    /// Does nothing until it is stopped.
    Hang,
    /// Ends with that status.
    Exit(i32),
    /// Was never there: the start fails for want of an executable. Only as the first act.
    Missing,
}

impl Script {
    /// A script of those acts.
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: acts.into_iter().collect() }
    }

    /// One that prints and ends.
    pub fn prints(text: &str, status: i32) -> Self {
        Self::new([Act::Print(text.to_owned()), Act::Exit(status)])
    }

    /// One that fails with that status.
    pub fn exits(status: i32) -> Self {
        Self::new([Act::Exit(status)])
    }

    /// One that runs until it is stopped.
    pub fn hangs() -> Self {
        Self::new([Act::Hang])
    }
}

//! How the program ends: the one table of exit codes.
//!
//! *Follows:* fly for what came of builds, sysexits for faults of usage.

use crate::model::build::Status;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All went well.
    Success,
    /// A build failed, or a file has errors.
    Failed,
    /// A build errored, or the program could not do its work.
    Errored,
    /// A build was aborted.
    Aborted,
    /// A fault of usage, or of a file that was given.
    Usage,
}

impl Exit {
    /// The code that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Errored => 2,
            Exit::Aborted => 3,
            Exit::Usage => 64,
        }
    }

    /// What a build's status makes of the program's end.
    pub fn of(status: Status) -> Self {
        match status {
            Status::Succeeded => Exit::Success,
            Status::Failed => Exit::Failed,
            Status::Errored | Status::Pending | Status::Started => Exit::Errored,
            Status::Aborted => Exit::Aborted,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_builds_counts() {
        let ends = [Status::Succeeded, Status::Aborted, Status::Failed].map(Exit::of);
        assert_eq!(ends.into_iter().fold(Exit::Success, Exit::worst).code(), 3);
        assert_eq!(Exit::of(Status::Errored).code(), 2);
    }
}

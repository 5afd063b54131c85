//! One process a data directory: a lock that names its holder.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Who holds a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is: `flightdeck serve`.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (process {} on {})", self.command, self.pid, self.host)
    }
}

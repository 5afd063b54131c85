//! Fills [`crate::scheduler::facts`].

use crate::model::JobId;
use crate::scheduler::facts::JobFacts;

use super::{Result, Store};

/// How much history facts hold at first.
pub const FIRST_PAGE: u32 = 100;

impl Store {
    /// The facts of a job with at most `page` entries of each history; ask again with twice as
    /// much when a decision wants older ones.
    ///
    /// # Errors
    /// Not found.
    pub async fn job_facts(&self, _job: JobId, _page: u32) -> Result<JobFacts> {
        todo!()
    }
}

//! Answers [`crate::engine::journal::Journal`].

use std::sync::Arc;

use super::Store;
use crate::engine::journal::Journal;

impl Store {
    /// The journal that builds write to.
    pub fn journal(&self) -> Arc<dyn Journal> {
        todo!()
    }
}

//! The runtime contract, over every runtime, and what only one of them can do.

mod contract;
mod process;
mod speed;
pub mod subject;

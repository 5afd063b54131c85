//! What tests share: real places to work in; clocks, a journal in memory, a resource type that
//! does as it is told, and a world that runs pipelines on them.

pub mod clock;
pub mod core;
pub mod git;
pub mod journal;
pub mod resource;
pub mod world;

//! What tests share: clocks, a journal in memory, a resource type that does as it is told, and a
//! world that runs pipelines on them.

pub mod clock;
pub mod journal;
pub mod resource;
pub mod world;

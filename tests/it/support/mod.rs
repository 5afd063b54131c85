//! What tests share: real places to work in; clocks, a journal in memory, a resource type that
//! does as it is told, a world that runs pipelines on them, and a console on a core that is
//! none.

pub mod bats;
pub mod clock;
pub mod console;
pub mod control;
pub mod core;
pub mod fixed_clock;
pub mod git;
pub mod journal;
pub mod make;
pub mod picture;
pub mod resource;
pub mod world;

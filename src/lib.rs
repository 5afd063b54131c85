//! flightdeck: a scheduler core for CI pipelines and a terminal console for it.

pub mod cli;
pub mod control;
pub mod dialect;
pub mod engine;
pub mod model;
pub mod resource;
pub mod runtime;
pub mod scheduler;
pub mod store;

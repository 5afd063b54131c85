//! flightdeck: a scheduler core for CI pipelines and a terminal console for it.

pub mod model;
pub mod dialect;
pub mod scheduler;
pub mod runtime;
pub mod resource;
pub mod engine;
pub mod store;
pub mod control;
pub mod server;
pub mod tui;
pub mod cli;

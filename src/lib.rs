//! flightdeck: a scheduler core for CI pipelines and a terminal console for it.

pub mod model;
pub mod dialect;
pub mod tui;

//! flightdeck: a scheduler core for CI pipelines and a terminal console for it.

pub mod dialect;
pub mod model;

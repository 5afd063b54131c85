//! The engine on the fake runtime.

mod step;

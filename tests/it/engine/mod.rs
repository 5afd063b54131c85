//! The engine on the fake runtime.

mod hook;
mod resume;
mod step;

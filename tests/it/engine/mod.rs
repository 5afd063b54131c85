//! The engine on the fake runtime, and on real processes.

mod hook;
mod process;
mod resume;
mod step;

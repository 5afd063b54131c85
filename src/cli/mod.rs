//! The command line, and where the parts are joined.
//!
//! No logic that is worth a test without a process: a command reads its arguments, asks a
//! [`crate::control::Control`], prints, and answers with an exit code.

pub mod demo;

mod exit;
mod settings;

pub use exit::Exit;
pub use settings::Shared;

//! The one test binary: one module a subject.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where it goes wrong, its builders too"
)]

mod cli;
mod control;
mod core;
mod crash;
mod dialect;
mod dialect_format;
mod dialect_fuzz;
mod engine;
mod panic;
mod resource;
mod run;
mod runtime;
mod scenario;
mod stop;
mod store;
mod support;
mod tidy;
mod tui;
mod tui_property;
mod tui_pty;

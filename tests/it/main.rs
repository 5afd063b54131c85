//! The one test binary: one module a subject.
#![expect(clippy::expect_used, reason = "a test ends where it goes wrong, its builders too")]

mod cli;
mod core;
mod dialect;
mod engine;
mod resource;
mod runtime;
mod scenario;
mod store;
mod support;
mod tidy;
mod tui;
mod tui_pty;

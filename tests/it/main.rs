//! The one test binary: one module a subject.

mod cli;
mod core;
mod dialect;
mod engine;
mod resource;
#![expect(clippy::expect_used, reason = "a test ends where it goes wrong, its builders too")]

mod runtime;
mod scenario;
mod support;
mod tidy;

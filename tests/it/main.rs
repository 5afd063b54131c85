//! The one test binary: one module a subject.

mod cli;
mod dialect;
mod dialect_format;
mod dialect_fuzz;
mod engine;
mod resource;
mod runtime;
mod support;
mod tidy;

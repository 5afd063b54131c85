//! The one test binary: one module a subject.

mod cli;
mod dialect;
mod engine;
mod resource;
mod runtime;
mod support;
mod tidy;

//! The one test binary: one module a subject.

mod dialect;
mod engine;
mod runtime;
mod support;
mod tidy;

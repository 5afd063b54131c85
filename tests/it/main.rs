//! The one test binary: one module a subject.

mod tidy;
mod dialect;
mod engine;
mod runtime;
mod support;

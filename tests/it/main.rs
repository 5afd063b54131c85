//! The one test binary: one module a subject.

mod dialect;
mod engine;
mod resource;
mod runtime;
mod store;
mod support;
mod tidy;

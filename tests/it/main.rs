//! The one test binary: one module a subject.

mod dialect;
mod runtime;

//! The one test binary: one module a subject.

mod resource;
mod support;

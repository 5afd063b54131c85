//! What follows from what the core tells: who waits for whom, what is newly red, how far a build
//! is, which line of a list comes first.
//!
//! Plain functions of answers and of the present moment. They ask nothing and draw nothing.

pub mod feed;
pub mod job;
pub mod pipeline;
pub mod steps;
pub mod text;

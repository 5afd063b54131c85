//! What should happen, given the facts and the time.
//!
//! Pure: no clock, no database, nothing is started from here. What is decided comes back as
//! data; the server's passes store it and act on it.

pub mod facts;
pub mod input;

pub use input::{Older, Reason, Resolution, resolve};

//! What tests share.

pub mod clock;
pub mod console;
pub mod control;
pub mod picture;

//! What tests share: real places to work in.

pub mod git;

//! The terminal inside the console: what a shell in a container writes, drawn in a pane.
//!
//! The container is not trusted: it may colour cells and move its own cursor, and nothing else. It
//! never reads the clipboard, never sets it unasked, and of all questions only where the cursor is
//! and what the terminal is are answered.
//!
//! *Follows:* xterm for what keys send; ssh for the ways out after a new line.

mod emulator;
mod escape;
mod keys;

pub use emulator::{Emulator, Notice, PASTE_ASKS_ABOVE};
pub use escape::{Escapes, Piece, Way};
pub use keys::{KeyModes, encode, paste};

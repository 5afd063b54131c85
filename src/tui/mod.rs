//! The console, from the bottom up: looks, figures, the terminal, widgets, keys.
//!
//! Widgets are drawn by reference into a ratatui buffer from plain values and a [`look::Look`].
//! Nothing below reads the clock, the environment or the outside; [`term`] alone talks to the terminal.
//!
//! *Follows:* the screens drawn in the project's design pictures.

pub mod theme;
pub mod glyph;
pub mod look;
pub mod format;






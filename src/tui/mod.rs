//! The console, from the bottom up: looks, figures, the terminal, keys, widgets.
//!
//! - [`theme`], [`glyph`], [`look`]: roles to styles, signs of states, both with motion as what
//!   every widget is drawn with;
//! - [`format`]: ages, durations, counts, cuts;
//! - [`term`]: the terminal's modes, input, signals, and the one way back;
//! - [`action`], [`keymap`]: the table of all that can be done, and its keys;
//! - [`widget`]: what screens are made of, the graph and the log among them;
//! - [`terminal`]: the emulator behind a shell in a pane.
//!
//! Widgets are drawn by reference into a ratatui buffer from plain values and a [`look::Look`].
//! They never read the clock, the environment or the outside; [`term`] alone does IO.
//!
//! *Follows:* the project's design pictures; the Concourse web interface for what states mean.

pub mod action;
pub mod format;
pub mod glyph;
pub mod keymap;
pub mod look;
pub mod term;
pub mod terminal;
pub mod theme;
pub mod widget;

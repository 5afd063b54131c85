//! The console: what one sees of a core, and how one acts on it.
//!
//! From the bottom up:
//!
//! - [`theme`], [`glyph`], [`look`]: roles to styles, signs of states, both with motion as what
//!   every widget is drawn with;
//! - [`mod@format`]: ages, durations, counts, cuts;
//! - [`term`]: the terminal's modes, input, signals, and the one way back;
//! - [`action`], [`keymap`]: the table of all that can be done, and its keys;
//! - [`widget`], [`terminal`]: what screens are made of;
//! - [`msg`], [`effect`], [`cache`]: what can happen, what can be asked for, what is known;
//! - [`fact`]: what follows from answers;
//! - [`app`]: the state; [`view`]: the screens;
//! - [`driver`], [`handover`], [`run()`]: effects done, and the loop round all of it.
//!
//! `update` and `draw` are pure: they never wait, never read the clock, the environment or the
//! outside. [`term`] and [`handover`] alone touch the terminal, [`driver`] alone asks the core.
//!
//! *Follows:* the project's design pictures; the Concourse web interface for what states mean.

pub mod action;
pub mod app;
pub mod cache;
pub mod driver;
pub mod effect;
pub mod fact;
pub mod format;
pub mod glyph;
pub mod handover;
pub mod keymap;
pub mod look;
pub mod msg;
pub mod options;
pub mod term;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod widget;

mod run;

pub use app::App;
pub use driver::Driver;
pub use effect::{Act, Effect, Want};
pub use msg::{Level, Msg, Notice};
pub use options::{Exit, ExtraAction, Options, RunError};
pub use run::run;

//! The terminal: its modes, its input, its signals, and the one way back.
//!
//! This is the only place of the console that does IO. It never decides anything: what a key
//! means and what is drawn comes from elsewhere.

mod decode;
mod driver;
mod key;
mod reader;
mod restore;
mod signal;

pub use decode::{Decoder, Event, Input, Mouse, MouseKind};
pub use driver::{Happened, Lent, Options, Term, TermError};
pub use key::{Key, KeyCode};
pub use restore::{is_ours, restore, take_panics};
pub use signal::Quit;

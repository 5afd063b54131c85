//! What every screen is made of, drawn by reference into a buffer.
//!
//! A widget knows plain values and a [`crate::tui::look::Look`]; it never asks the core for
//! anything, never keeps the time, and never panics for want of room.

mod chip;
mod frame;
pub mod graph;
mod list;
pub mod log;
mod overlay;
mod progress;
mod prompt;
mod scroll;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod toast;
mod words;

pub use chip::{Chip, ChipStyle};
pub use frame::{Header, KeyBar, Mode, label, too_small};
pub use list::{Column, Fill, List, ListState, Row};
pub use overlay::{Overlay, beside, centre};
pub use progress::{Progress, Pulse};
pub use prompt::{Prompt, PromptState};
pub use scroll::{Scrollbar, Tick};
pub use toast::{Toast, Toasts};
pub use words::Words;

//! The one test binary: one module a subject.

mod support;
mod tui;
mod tui_property;
mod tui_pty;

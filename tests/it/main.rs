//! The one test binary: one module a subject.

mod support;
mod tui;
mod tui_pty;

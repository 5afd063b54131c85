//! What the console is started with, and how it ends.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::model::PipelineRef;
use crate::model::time::Clock;
use crate::tui::keymap::Keymap;
use crate::tui::look::Look;
use crate::tui::msg::Notice;
use crate::tui::term::{Key, TermError};

/// What the console is started with.
pub struct Options {
    /// Theme, colour depth, glyphs, motion.
    pub look: Look,
    /// The keys.
    pub keymap: Keymap,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where the times of the day are counted.
    pub zone: TimeZone,
    /// The pipeline to begin with; without one, all.
    pub open: Option<PipelineRef>,
    /// Actions that the program brings along.
    pub extra: Vec<ExtraAction>,
    /// Lines to tell. When the console is gone, they go nowhere.
    pub notices: Option<mpsc::Receiver<Notice>>,
    /// Whether the wheel scrolls; then the terminal's own selecting needs shift.
    pub mouse: bool,
    /// The kind of terminal, as `TERM` has it: shells are told so.
    pub term: String,
}

impl Options {
    /// Night in all colours, the default keys, no extras.
    pub fn new(clock: Arc<dyn Clock>) -> Options {
        Options {
            look: Look::night(),
            keymap: Keymap::default(),
            clock,
            zone: TimeZone::UTC,
            open: None,
            extra: Vec::new(),
            notices: None,
            mouse: false,
            term: "xterm-256color".to_owned(),
        }
    }
}

/// What an extra action runs: what it tells in the end, or why it could not.
pub type ExtraWork = Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// An action that the program brings along: it shows in key bar, menu, palette and help.
#[derive(Clone)]
pub struct ExtraAction {
    /// Its key.
    pub key: Key,
    /// What it does, in two or three words.
    pub title: String,
    /// Does it.
    pub run: ExtraWork,
}

impl fmt::Debug for ExtraAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtraAction").field("key", &self.key).field("title", &self.title).finish()
    }
}

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing runs any more, or the core does not end with us.
    Done,
    /// Builds run on without us.
    Left,
    /// A signal or the loss of the terminal ended it; builds run on without us.
    Ended,
}

/// Why the console could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The terminal refused.
    #[error("cannot use the terminal")]
    Term(#[from] TermError),
}

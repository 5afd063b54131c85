//! What the console tells a person in passing: toasts, and the list of all messages.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Timestamp;
use crate::tui::effect::Act;
use crate::tui::msg::Level;
use crate::tui::theme::Role;
use crate::tui::widget::Toast;

/// How long a toast stays that is no error.
const STAYS: Duration = Duration::from_secs(4);

/// How long an act can be undone.
const UNDO: Duration = Duration::from_secs(5);

/// How many messages are kept.
const KEPT: usize = 500;

/// How many toasts are shown.
const SHOWN: usize = 3;

/// A message as the list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// How bad.
    pub level: Level,
    /// The first line.
    pub text: String,
    /// Further lines.
    pub more: Vec<String>,
}

/// A toast that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Up {
    level: Level,
    text: String,
    until: Option<Timestamp>,
    undo: Option<(Act, &'static str, Timestamp)>,
    /// The act that it waits for.
    waits_for: Option<Act>,
}

/// Toasts and messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    toasts: VecDeque<Up>,
    /// All messages, oldest first.
    pub messages: VecDeque<Message>,
}

impl Told {
    /// Tells something: a toast, and a message.
    pub fn tell(&mut self, now: Timestamp, level: Level, text: impl Into<String>) {
        self.tell_all(now, level, text, Vec::new());
    }

    /// The same with further lines for the list of messages.
    pub fn tell_all(
        &mut self,
        now: Timestamp,
        level: Level,
        text: impl Into<String>,
        more: Vec<String>,
    ) {
        let text = crate::tui::fact::text::plain(&text.into());
        self.note(now, level, text.clone(), more);
        let until = (level != Level::Error).then_some(now + STAYS);
        self.toasts.retain(|up| up.text != text);
        self.push(Up { level, text, until, undo: None, waits_for: None });
    }

    /// Only a message.
    pub fn note(&mut self, at: Timestamp, level: Level, text: String, more: Vec<String>) {
        self.messages.push_back(Message { at, level, text, more });
        while self.messages.len() > KEPT {
            self.messages.pop_front();
        }
    }

    /// An act goes out: a toast until its answer.
    pub fn begin(&mut self, act: Act, text: String) {
        self.push(Up { level: Level::Info, text, until: None, undo: None, waits_for: Some(act) });
    }

    /// The answer to an act takes its toast's place.
    pub fn end(
        &mut self,
        now: Timestamp,
        act: &Act,
        level: Level,
        text: String,
        more: Vec<String>,
    ) {
        self.toasts.retain(|up| up.waits_for.as_ref() != Some(act));
        self.tell_all(now, level, text, more);
    }

    /// The last toast can be undone.
    pub fn offer_undo(&mut self, now: Timestamp, act: Act, what: &'static str) {
        if let Some(last) = self.toasts.back_mut() {
            last.undo = Some((act, what, now + UNDO));
            last.until = Some(now + UNDO);
        }
    }

    /// What can be undone now; it can be taken once.
    pub fn take_undo(&mut self, now: Timestamp) -> Option<Act> {
        let at = self
            .toasts
            .iter()
            .rposition(|up| up.undo.as_ref().is_some_and(|(_, _, until)| *until > now))?;
        self.toasts.remove(at).and_then(|up| up.undo).map(|(act, ..)| act)
    }

    /// Whether something can be undone.
    pub fn can_undo(&self, now: Timestamp) -> bool {
        self.toasts.iter().any(|up| up.undo.as_ref().is_some_and(|(_, _, until)| *until > now))
    }

    /// A key was pressed: errors go that could be read.
    pub fn pressed(&mut self) {
        self.toasts.retain(|up| up.level != Level::Error);
    }

    /// Time passes. Says whether a toast went.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.toasts.len();
        self.toasts.retain(|up| up.until.is_none_or(|until| until > now));
        before != self.toasts.len()
    }

    /// When the toasts look otherwise by themselves.
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let counts = self.can_undo(now).then(|| Timestamp::from_secs(now.secs() + 1));
        self.toasts.iter().filter_map(|up| up.until).chain(counts).min()
    }

    /// The toasts as they are drawn.
    pub fn toasts(&self, now: Timestamp) -> Vec<Toast> {
        self.toasts
            .iter()
            .map(|up| Toast {
                role: match up.level {
                    Level::Info => Role::ToastInfo,
                    Level::Good => Role::Succeeded,
                    Level::Warn => Role::ToastWarn,
                    Level::Error => Role::ToastError,
                },
                text: up.text.clone(),
                undo: up.undo.as_ref().and_then(|(_, what, until)| {
                    let left = until.since(now).as_millis().div_ceil(1000);
                    (left > 0).then(|| format!("{what}, {left} s"))
                }),
            })
            .collect()
    }

    fn push(&mut self, up: Up) {
        self.toasts.push_back(up);
        while self.toasts.len() > SHOWN {
            self.toasts.pop_front();
        }
    }
}

//! Keys, pastes and the wheel: what lies on top hears them first.

use std::time::Duration;

use crate::tui::action::{Action, Context};
use crate::tui::app::layer::DEAF;
use crate::tui::app::{App, Layer, Place, Typing};
use crate::tui::effect::{Act, Effect};
use crate::tui::msg::Level;
use crate::tui::term::{Event, Key, KeyCode, MouseKind};
use crate::tui::widget::PromptState;

/// Within this time a second ctrl-c ends the program.
const TWICE: Duration = Duration::from_secs(2);

impl App {
    pub(super) fn input(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Key(key) => self.press(key, effects),
            Event::Paste(text) => self.paste(&text, effects),
            Event::Mouse(mouse) => match mouse.kind {
                MouseKind::WheelUp => self.wheel(-3),
                MouseKind::WheelDown => self.wheel(3),
                MouseKind::Down(_) | MouseKind::Up(_) | MouseKind::Drag(_) => {}
            },
            Event::Focus(_) | Event::CursorAt(..) | Event::Other => {}
        }
    }

    fn press(&mut self, key: Key, effects: &mut Vec<Effect>) {
        self.is_dirty = true;
        if self.shell_has_keys() {
            return self.press_in_shell(key, effects);
        }
        self.told.pressed();
        if key == Key::ctrl('c') {
            return self.cancel(effects);
        }
        if let Some(action @ (Action::Suspend | Action::Redraw)) =
            self.keymap.find(Context::Help, key)
        {
            return self.perform(action, effects);
        }
        if self.layer.is_some() {
            return self.press_in_layer(key, effects);
        }
        if self.typing.is_some() {
            return self.press_typing(key);
        }
        let action = self.keymap.find(self.context(), key);
        // Later keys go first, so that a file of one's own may give an extra's key to an action.
        if action.is_none()
            && let Some(at) = self.extras.iter().position(|extra| extra.key == key)
        {
            return self.run_extra(at, effects);
        }
        match action {
            Some(action) => self.try_perform(action, effects),
            None => self.press_unknown(key),
        }
    }

    /// A capital that exists but not for this person says so; all else is silent.
    fn press_unknown(&mut self, key: Key) {
        if key.code == KeyCode::Esc {
            self.told.pressed();
        }
    }

    /// Does an action, unless it can do nothing here: then that is told.
    pub(super) fn try_perform(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let info = action.info();
        if !self.access.allows(action) {
            let text = format!("read-only: {} may not {}", self.user, info.title);
            return self.told.tell(self.now, Level::Warn, text);
        }
        if info.needs_write && self.link.is_lost() {
            let key = self.keymap.key(self.context(), action);
            let text = format!("{key} does nothing now: {} cannot be reached", self.core.name);
            return self.told.tell(self.now, Level::Warn, text);
        }
        if let Some(why) = self.why_not(action) {
            let text = format!("cannot {}: {why}", info.short);
            return self.told.tell(self.now, Level::Info, text);
        }
        self.perform(action, effects);
    }

    /// Runs an action that the program brought along.
    pub(super) fn run_extra(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let Some(extra) = self.extras.get_mut(at) else { return };
        if extra.is_busy {
            let text = format!("{}: not done yet", extra.title);
            return self.told.tell(self.now, Level::Info, text);
        }
        extra.is_busy = true;
        effects.push(Effect::Extra(at));
    }

    /// ctrl-c: clears what is typed or open; twice it leaves.
    fn cancel(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.layer, Some(Layer::Leaving { .. })) {
            return self.leave_by('l', effects);
        }
        if self.layer.take().is_some() || self.typing.take().is_some() {
            return;
        }
        if self.cancelled_at.is_some_and(|at| self.now.since(at) < TWICE) {
            self.cancelled_at = None;
            return self.ask_to_leave(effects);
        }
        self.cancelled_at = Some(self.now);
        self.told.tell(self.now, Level::Info, "ctrl-c again leaves");
    }

    fn press_typing(&mut self, key: Key) {
        let Some(typing) = &mut self.typing else { return };
        match key.code {
            KeyCode::Esc => {
                let before = typing.before.clone();
                self.typing = None;
                self.search(&before);
            }
            KeyCode::Enter => self.typing = None,
            KeyCode::Up | KeyCode::Down if !matches!(self.place, Place::Build(_)) => {
                self.step(if key.code == KeyCode::Up { -1 } else { 1 });
            }
            _ => {
                typing.prompt.press(key);
                let needle = typing.prompt.text().to_owned();
                self.search(&needle);
            }
        }
    }

    /// Begins a search line with what was searched for before.
    pub(super) fn begin_search(&mut self) {
        let before = self.needle().to_owned();
        self.typing = Some(Typing { prompt: PromptState::default(), before });
        self.search("");
    }

    fn press_in_layer(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(layer) = &mut self.layer else { return };
        match layer {
            Layer::Question { acts, since, .. } => {
                if self.now.since(*since) < DEAF {
                    return;
                }
                let acts = std::mem::take(acts);
                self.layer = None;
                if key == Key::plain(KeyCode::Char('y')) {
                    for act in acts {
                        self.send(act, effects);
                    }
                }
            }
            Layer::Leaving { since, .. } => {
                if self.now.since(*since) < DEAF {
                    return;
                }
                match key.code {
                    KeyCode::Esc | KeyCode::Char('n') => self.layer = None,
                    KeyCode::Char(answer @ ('w' | 'A' | 'l')) => self.leave_by(answer, effects),
                    _ => {}
                }
            }
            Layer::Pause { pipeline, job, prompt } => match key.code {
                KeyCode::Esc => self.layer = None,
                KeyCode::Enter => {
                    let why = prompt.text().trim();
                    let why = (!why.is_empty()).then(|| why.to_owned());
                    let act = Act::Pause(pipeline.clone(), job.clone(), why);
                    self.layer = None;
                    self.send(act, effects);
                }
                _ => {
                    prompt.press(key);
                }
            },
            Layer::Palette { .. } => self.press_in_palette(key, effects),
            Layer::Menu { .. } => self.press_in_menu(key, effects),
            Layer::Help { .. } => self.press_in_help(key),
            Layer::Chooser(_) => self.press_in_chooser(key, effects),
            Layer::Facts { offset, .. } => {
                let page = self.size.1.saturating_sub(8).max(1);
                match self.keymap.find(Context::Help, key) {
                    Some(Action::Down) => *offset = offset.saturating_add(1),
                    Some(Action::Up) => *offset = offset.saturating_sub(1),
                    Some(Action::PageDown) => *offset = offset.saturating_add(page),
                    Some(Action::PageUp) => *offset = offset.saturating_sub(page),
                    Some(Action::First) => *offset = 0,
                    _ => self.layer = None,
                }
            }
        }
    }

    fn press_in_help(&mut self, key: Key) {
        let page = isize::try_from(self.size.1.saturating_sub(8).max(1)).unwrap_or(1);
        let action = self.keymap.find(Context::Help, key);
        let Some(Layer::Help { offset, needle, is_typing }) = &mut self.layer else { return };
        let mut scroll = |by: isize| *offset = offset.saturating_add_signed(by);
        if *is_typing {
            match key.code {
                KeyCode::Esc => {
                    needle.clear();
                    *is_typing = false;
                }
                KeyCode::Enter => *is_typing = false,
                _ => {
                    needle.press(key);
                }
            }
            return;
        }
        match (action, key.code) {
            (_, KeyCode::Char('/')) => *is_typing = true,
            (Some(Action::Down), _) => scroll(1),
            (Some(Action::Up), _) => scroll(-1),
            (Some(Action::PageDown), _) | (_, KeyCode::Char(' ')) => scroll(page),
            (Some(Action::PageUp), _) => scroll(-page),
            (Some(Action::First), _) => *offset = 0,
            (_, KeyCode::Esc) if !needle.text().is_empty() => needle.clear(),
            (Some(Action::Back | Action::OpenHelp | Action::Open), _) | (_, KeyCode::Char('q')) => {
                self.layer = None
            }
            _ => {}
        }
    }

    fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) {
        self.is_dirty = true;
        if self.shell_has_keys() {
            return self.paste_into_shell(text, effects);
        }
        match &mut self.layer {
            Some(Layer::Pause { prompt, .. } | Layer::Palette { prompt, .. }) => {
                prompt.insert(text)
            }
            Some(Layer::Chooser(chooser)) if chooser.is_typing => chooser.command.insert(text),
            Some(_) => {}
            None => {
                if let Some(typing) = &mut self.typing {
                    typing.prompt.insert(text);
                    let needle = typing.prompt.text().to_owned();
                    self.search(&needle);
                }
            }
        }
    }

    fn wheel(&mut self, lines: i16) {
        self.is_dirty = true;
        if self.layer.is_none() {
            self.scroll(isize::from(lines));
        }
    }
}

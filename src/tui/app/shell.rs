//! Shells: which container, in the whole terminal or in a pane beside the log.

use std::fmt;
use std::time::Duration;

use crate::control::{ContainerSummary, Error, HijackAsk, ShellInput, ShellOutput, ShellSize};
use crate::model::{BuildId, Timestamp};
use crate::tui::app::{App, Chooser, Layer, Place};
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::msg::Level;
use crate::tui::term::{Key, KeyCode};
use crate::tui::terminal::{Emulator, Escapes, Notice, Piece, Way, encode, paste};
use crate::tui::view;
use crate::tui::widget::PromptState;

/// Leaves the pane; the shell lives on.
const LEAVE: char = ']';

/// A program may hold back a picture that it draws for so long.
const HELD: Duration = Duration::from_millis(150);

/// A shell in a pane.
pub struct Pane {
    /// Its number.
    pub shell: u64,
    /// The build whose log is beside it.
    pub build: BuildId,
    /// The step's name.
    pub step: String,
    /// Where it runs.
    pub worker: String,
    /// Its container.
    pub handle: String,
    /// What it shows.
    pub emulator: Emulator,
    /// Since when.
    pub since: Timestamp,
    /// Whether it has the keys.
    pub has_focus: bool,
    /// How it ended.
    pub ended: Option<String>,
    /// One looks at its history.
    pub is_scrolling: bool,
    escapes: Escapes,
    held_since: Option<Timestamp>,
}

impl Pane {
    /// When a picture that a program holds back is shown all the same.
    pub fn holds_until(&self) -> Option<Timestamp> {
        self.held_since.map(|since| since + HELD)
    }
}

impl fmt::Debug for Pane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pane").field("shell", &self.shell).field("step", &self.step).finish()
    }
}

/// A shell that waits for the list of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The build.
    pub build: BuildId,
    /// In a pane.
    is_split: bool,
}

impl App {
    /// Whether there is a shell in a pane here.
    pub fn has_pane(&self) -> bool {
        let here = match &self.place {
            Place::Build(build) => Some(*build),
            _ => None,
        };
        self.pane.as_ref().is_some_and(|pane| Some(pane.build) == here)
    }

    /// Whether keys go into a shell.
    pub fn shell_has_keys(&self) -> bool {
        self.has_pane()
            && self.layer.is_none()
            && self.pane.as_ref().is_some_and(|pane| pane.has_focus)
    }

    /// How long a container stays, in words.
    pub fn kept(&self, container: &ContainerSummary) -> Option<String> {
        if container.info.is_running {
            return Some("while it runs".to_owned());
        }
        let left = container.expires_at.map(|at| format::duration_short(at.since(self.now)));
        left.map(|left| format!("kept {left}")).or_else(|| container.until.clone())
    }

    /// `s`: into the container that matters most; a list when several do.
    pub(super) fn open_shell(&mut self, is_split: bool, effects: &mut Vec<Effect>) {
        if let Some(pane) = &mut self.pane
            && pane.ended.is_none()
            && self.place == Place::Build(pane.build)
        {
            pane.has_focus = true;
            return;
        }
        let Some(build) = self.subject().build.map(|build| build.id) else { return };
        self.wish = Some(Wish { build, is_split });
        self.grant_wish(effects);
    }

    /// Opens the shell that waits for the list of containers, once that is there.
    pub(super) fn grant_wish(&mut self, effects: &mut Vec<Effect>) {
        let Some(wish) = self.wish else { return };
        let datum = self.data.containers.get(&wish.build);
        if let Some(fault) = datum.and_then(|datum| datum.fault()) {
            let text = format!("no shell: {}", fault.message);
            self.wish = None;
            return self.told.tell(self.now, Level::Error, text);
        }
        let Some(containers) = datum.and_then(|datum| datum.value()) else { return };
        self.wish = None;
        self.is_dirty = true;
        let shown = self.build.step.clone().filter(|_| self.build.is_by_hand);
        let of_step = containers.iter().find(|c| Some(&c.info.metadata.plan) == shown.as_ref());
        let failed = || containers.iter().filter(|container| container.is_failed);
        let running = || containers.iter().filter(|container| container.info.is_running);
        let best = match (failed().count(), running().count(), containers.len()) {
            _ if of_step.is_some() => of_step,
            (1, _, _) => failed().next(),
            (0, 1, _) => running().next(),
            (_, _, 1) => containers.first(),
            (_, _, 0) => {
                let text = "no container of this build is left; R runs it again";
                return self.told.tell(self.now, Level::Info, text);
            }
            _ => None,
        };
        match best.cloned() {
            Some(container) => {
                self.enter(&container, Vec::new(), wish.is_split, effects);
            }
            None => self.choose_container(wish.build, wish.is_split),
        }
    }

    /// `S`: the list of containers.
    pub(super) fn open_chooser(&mut self) {
        if let Some(build) = self.subject().build.map(|build| build.id) {
            self.choose_container(build, false);
        }
    }

    fn choose_container(&mut self, build: BuildId, is_split: bool) {
        self.open_layer(Layer::Chooser(Chooser {
            build,
            chosen: None,
            command: PromptState::default(),
            is_typing: false,
            is_split,
        }));
    }

    /// The containers of the list.
    pub fn listed_containers(&self, build: BuildId) -> &[ContainerSummary] {
        self.data.containers.get(&build).and_then(|d| d.value()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn press_in_chooser(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(Layer::Chooser(chooser)) = &self.layer else { return };
        let mut chooser = chooser.clone();
        let containers = self.listed_containers(chooser.build).to_vec();
        let handles: Vec<&str> = containers.iter().map(|c| c.info.handle.as_str()).collect();
        let here = handles.iter().position(|h| Some(*h) == chooser.chosen.as_deref()).unwrap_or(0);
        let last = handles.len().saturating_sub(1);
        let to = match (key.code, chooser.is_typing) {
            (KeyCode::Esc, true) => {
                chooser.is_typing = false;
                chooser.command.clear();
                here
            }
            (KeyCode::Esc, false) => {
                self.layer = None;
                return;
            }
            (KeyCode::Enter, _) => {
                self.layer = None;
                if let Some(container) = containers.get(here) {
                    let command = chooser.command.text().split_whitespace();
                    let command = command.map(str::to_owned).collect();
                    self.enter(container, command, chooser.is_split, effects);
                }
                return;
            }
            (KeyCode::Tab, _) => {
                chooser.is_typing = !chooser.is_typing;
                here
            }
            (KeyCode::Down, _) | (KeyCode::Char('j'), false) => (here + 1).min(last),
            (KeyCode::Up, _) | (KeyCode::Char('k'), false) => here.saturating_sub(1),
            (KeyCode::Home, _) | (KeyCode::Char('g'), false) => 0,
            (KeyCode::End, _) | (KeyCode::Char('G'), false) => last,
            (KeyCode::Char('|'), false) => {
                chooser.is_split = !chooser.is_split;
                here
            }
            (_, true) => {
                chooser.command.press(key);
                here
            }
            _ => here,
        };
        chooser.chosen = handles.get(to).map(|handle| (*handle).to_owned());
        self.layer = Some(Layer::Chooser(chooser));
    }

    /// Into a container.
    fn enter(
        &mut self,
        container: &ContainerSummary,
        command: Vec<String>,
        is_split: bool,
        effects: &mut Vec<Effect>,
    ) {
        let info = &container.info;
        let build = info.metadata.build;
        let step = info.metadata.step.clone();
        let term = if is_split { "xterm-256color".to_owned() } else { self.term.clone() };
        let ask = |columns, rows| HijackAsk {
            handle: info.handle.clone(),
            command,
            size: ShellSize { columns, rows },
            term,
        };
        if !is_split {
            let kept = self.kept(container).map(|kept| format!(" · {kept}")).unwrap_or_default();
            let of = &info.metadata.of;
            let name = &info.metadata.build_name;
            let greeting = format!("shell in {step} of {of} #{name}, {}{kept}", info.runtime);
            let (columns, rows) = self.size;
            self.told.tell(self.now, Level::Info, format!("shell in {step} …"));
            effects.push(Effect::HandOver { ask: ask(columns, rows), greeting });
            return;
        }
        if let Some(old) = self.pane.take() {
            effects.push(Effect::CloseShell(old.shell));
        }
        self.go(Place::Build(build));
        self.shells += 1;
        let size = view::shell::inner(self);
        effects.push(Effect::OpenShell { shell: self.shells, ask: ask(size.width, size.height) });
        self.pane = Some(Pane {
            shell: self.shells,
            build,
            step,
            worker: info.runtime.clone(),
            handle: info.handle.clone(),
            emulator: Emulator::new(size.width, size.height),
            since: self.now,
            has_focus: true,
            ended: None,
            is_scrolling: false,
            escapes: Escapes::new(),
            held_since: None,
        });
    }

    pub(super) fn shell_opened(&mut self, shell: u64, directory: String) {
        if let Some(pane) = self.pane.as_mut().filter(|pane| pane.shell == shell) {
            let hello = format!("\x1b[2mshell in {} · {directory}\x1b[0m\r\n", pane.step);
            pane.emulator.feed(hello.as_bytes());
            self.is_dirty = true;
        }
    }

    pub(super) fn shell_output(
        &mut self,
        shell: u64,
        output: ShellOutput,
        effects: &mut Vec<Effect>,
    ) {
        let now = self.now;
        let Some(pane) = self.pane.as_mut().filter(|pane| pane.shell == shell) else { return };
        self.is_dirty = true;
        let after = format::duration(now.since(pane.since));
        match output {
            ShellOutput::Bytes(bytes) => {
                pane.emulator.feed(&bytes);
                // A program may hold a picture back while it draws, but not for long.
                pane.held_since = match (pane.emulator.is_holding(), pane.held_since) {
                    (true, since) => since.or(Some(now)),
                    (false, _) => None,
                };
                let answers = pane.emulator.take_answers();
                if !answers.is_empty() {
                    effects.push(Effect::ToShell { shell, input: ShellInput::Bytes(answers) });
                }
                for notice in pane.emulator.take_notices() {
                    match notice {
                        Notice::Bell => effects.push(Effect::Bell),
                        Notice::Clipboard(_) => {
                            let text = "the shell wants to set the clipboard: refused";
                            self.told.tell(now, Level::Warn, text);
                        }
                    }
                }
            }
            ShellOutput::Exit(0) => {
                self.pane = None;
                self.told.tell(now, Level::Info, format!("shell ended after {after}"));
            }
            ShellOutput::Exit(status) => {
                pane.ended = Some(format!("ended with exit {status} after {after}"));
            }
            ShellOutput::Lost(why) => pane.ended = Some(format!("lost after {after}: {why}")),
        }
    }

    /// Shows what a program holds back for too long.
    pub(super) fn release_pane(&mut self) {
        let now = self.now;
        if let Some(pane) = &mut self.pane
            && pane.holds_until().is_some_and(|until| until <= now)
        {
            pane.emulator.settle();
            pane.held_since = None;
        }
    }

    pub(super) fn shell_left(&mut self, result: Result<String, Error>) {
        self.is_dirty = true;
        match result {
            Ok(told) => self.told.tell(self.now, Level::Info, told),
            Err(error) => {
                let text = format!("no shell: {}", error.message);
                self.told.tell_all(self.now, Level::Error, text, error.hint.into_iter().collect());
            }
        }
    }

    pub(super) fn press_in_shell(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(pane) = &mut self.pane else { return };
        if key == Key::ctrl(LEAVE) {
            pane.has_focus = false;
            return;
        }
        if pane.ended.is_some() {
            self.close_pane(effects);
            return;
        }
        if pane.is_scrolling {
            let rows = i32::from(pane.emulator.size().1.max(2) - 1);
            match key.code {
                KeyCode::Up | KeyCode::Char('k') => pane.emulator.scroll(1),
                KeyCode::Down | KeyCode::Char('j') => pane.emulator.scroll(-1),
                KeyCode::PageUp | KeyCode::Char('b') => pane.emulator.scroll(rows),
                KeyCode::PageDown | KeyCode::Char(' ') => pane.emulator.scroll(-rows),
                _ => {
                    pane.is_scrolling = false;
                    pane.emulator.scroll_to_end();
                }
            }
            return;
        }
        let bytes = encode(key, pane.emulator.modes());
        self.type_into_shell(&bytes, effects);
    }

    fn type_into_shell(&mut self, bytes: &[u8], effects: &mut Vec<Effect>) {
        let Some(pane) = &mut self.pane else { return };
        let shell = pane.shell;
        for piece in pane.escapes.feed(bytes) {
            match piece {
                Piece::Bytes(bytes) => {
                    effects.push(Effect::ToShell { shell, input: ShellInput::Bytes(bytes) });
                }
                Piece::Way(Way::Detach) => return self.close_pane(effects),
                Piece::Way(Way::Scroll) => {
                    if let Some(pane) = &mut self.pane {
                        pane.is_scrolling = true;
                    }
                }
                Piece::Way(Way::Help) => {
                    let text = "after enter: ~. ends it, ~[ scrolls, ~~ is a ~; ctrl-] leaves it";
                    self.told.tell(self.now, Level::Info, text);
                }
                Piece::Way(Way::Hold) => {
                    let text = "the container stays as long as the shell is open";
                    self.told.tell(self.now, Level::Info, text);
                }
            }
        }
    }

    pub(super) fn paste_into_shell(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let Some(pane) = &self.pane else { return };
        let bytes = paste(text, pane.emulator.modes());
        effects.push(Effect::ToShell { shell: pane.shell, input: ShellInput::Bytes(bytes) });
    }

    fn close_pane(&mut self, effects: &mut Vec<Effect>) {
        if let Some(pane) = self.pane.take() {
            effects.push(Effect::CloseShell(pane.shell));
            self.is_dirty = true;
        }
    }

    /// The terminal has another size, and with it the pane.
    pub(super) fn resized(&mut self, effects: &mut Vec<Effect>) {
        let size = view::shell::inner(self);
        let Some(pane) = &mut self.pane else { return };
        if pane.emulator.size() == (size.width, size.height) || size.is_empty() {
            return;
        }
        pane.emulator.resize(size.width, size.height);
        let input = ShellInput::Resize(ShellSize { columns: size.width, rows: size.height });
        effects.push(Effect::ToShell { shell: pane.shell, input });
    }
}

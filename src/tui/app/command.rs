//! The menu and the palette: lines made from the table of actions and from what is known.

use crate::model::PipelineRef;
use crate::tui::action::{Action, Confirm, Group};
use crate::tui::app::place::Place;
use crate::tui::app::{App, Layer};
use crate::tui::effect::{Act, Effect};
use crate::tui::fact::{job, text};
use crate::tui::glyph::Sign;
use crate::tui::term::{Key, KeyCode};
use crate::tui::theme::Theme;

/// So many answers of the palette are made at most.
const ANSWERS: usize = 200;

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An action, on what is chosen here.
    Action(Action),
    /// An action that the program brought along.
    Extra(usize),
    /// An act.
    Act(Act),
    /// Pause, with a reason.
    Pause(PipelineRef, Option<String>),
    /// A screen.
    Go(Place),
    /// A job in its graph.
    Job(PipelineRef, String),
    /// A theme.
    Theme(&'static str),
}

/// A line of menu or palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The heading that it stands under.
    pub heading: &'static str,
    /// Its key; empty for none.
    pub key: String,
    /// What it does: a verb, in the palette; all of it, in the menu.
    pub title: String,
    /// What with: a name.
    pub object: String,
    /// A remark at the right.
    pub note: String,
    /// The sign of the thing, with the remark.
    pub sign: Option<Sign>,
    /// Why it cannot be done now.
    pub why_not: Option<String>,
    /// What it does.
    pub command: Command,
}

impl App {
    /// What can be done here, as the menu lists it.
    pub fn menu(&self, needle: &str) -> Vec<Line> {
        let context = self.place.context();
        let mut lines = Vec::new();
        for heading in ["look", "go in", "change", "yours"] {
            for action in self.keymap.actions(context, self.access) {
                if heading_of(action) != Some(heading) {
                    continue;
                }
                let (title, note) = self.menu_words(action);
                lines.push(Line {
                    heading,
                    key: self.keymap.key(context, action),
                    title,
                    object: String::new(),
                    note,
                    sign: None,
                    why_not: self.why_not(action),
                    command: Command::Action(action),
                });
            }
            if heading == "yours" {
                for (at, extra) in self.extras.iter().enumerate() {
                    lines.push(Line {
                        heading,
                        key: extra.key.to_string(),
                        title: extra.title.clone(),
                        object: String::new(),
                        note: if extra.is_busy { "under way".to_owned() } else { String::new() },
                        sign: None,
                        why_not: extra.is_busy.then(|| "under way".to_owned()),
                        command: Command::Extra(at),
                    });
                }
            }
        }
        lines.retain(|line| words_occur(&line.title, needle));
        lines
    }

    /// Title and remark of an action for what is chosen.
    fn menu_words(&self, action: Action) -> (String, String) {
        let context = self.place.context();
        let subject = self.subject();
        let build = subject.build.map(|build| format!("#{}", build.name));
        let plain = || action.title_in(context).to_owned();
        let undo = match action.info().confirm {
            Confirm::Undo => "undo 5 s",
            Confirm::Stop => "asks y",
            Confirm::Destroy => "asks the name",
            Confirm::No => "",
        };
        let note = self.why_not(action).unwrap_or_else(|| undo.to_owned());
        match (action, build) {
            (Action::Open, Some(build))
                if !matches!(self.place, Place::Build(_) | Place::Overview) =>
            {
                let is_red = subject.build.is_some_and(|build| build.cause.is_some());
                let note = if is_red { "at its first error" } else { "" };
                (format!("open build {build}"), note.to_owned())
            }
            (Action::OpenShell, _) => {
                let best = self.containers().first();
                match best {
                    Some(container) => (
                        format!("shell in {}", container.info.metadata.step),
                        self.kept(container).unwrap_or_default(),
                    ),
                    None => (plain(), note),
                }
            }
            (Action::ChooseShell, _) => {
                let n = self.containers().len();
                let note = match n {
                    0 => note,
                    n => crate::tui::format::counted(u64::try_from(n).unwrap_or(0), "container"),
                };
                ("choose container, command".to_owned(), note)
            }
            (Action::Trigger, _) => ("trigger with newest inputs".to_owned(), note),
            (Action::Rerun, _) => match subject.repeatable() {
                Some(build) => (format!("rerun #{}, same inputs", build.name), note),
                None => (plain(), note),
            },
            (Action::Abort, _) => match subject.stoppable(&self.place) {
                Some(build) => (format!("abort #{}", build.name), note),
                None => (plain(), note),
            },
            (Action::Pause, _) => {
                let is_paused = match (&self.place, subject.job) {
                    (Place::Overview, _) | (_, None) => {
                        subject.pipeline.is_some_and(|pipeline| pipeline.pause.is_some())
                    }
                    (_, Some(job)) => job.pause.is_some(),
                };
                let title = if is_paused { "resume" } else { "pause, with a reason" };
                (title.to_owned(), note)
            }
            (Action::Changed, _) => {
                let green = subject
                    .build
                    .and_then(|build| self.data.build(build.id))
                    .and_then(|detail| Some((detail.last_green.as_ref()?, detail.changes.len())));
                match green {
                    Some((green, n)) => (
                        format!("what changed since #{}", green.name),
                        crate::tui::format::counted(u64::try_from(n).unwrap_or(0), "input"),
                    ),
                    None => (plain(), note),
                }
            }
            _ => (plain(), note),
        }
    }

    pub(super) fn press_in_menu(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(Layer::Menu { chosen, needle }) = &self.layer else { return };
        let (chosen, mut needle) = (*chosen, needle.clone());
        let lines = self.menu(&needle);
        let last = lines.len().saturating_sub(1);
        let to = |chosen| Some(Layer::Menu { chosen, needle: needle.clone() });
        match key.code {
            KeyCode::Esc => self.layer = None,
            KeyCode::Down | KeyCode::Tab => self.layer = to((chosen + 1).min(last)),
            KeyCode::Up => self.layer = to(chosen.saturating_sub(1)),
            KeyCode::Home => self.layer = to(0),
            KeyCode::End => self.layer = to(last),
            KeyCode::Enter => {
                if let Some(line) = lines.into_iter().nth(chosen) {
                    self.layer = None;
                    self.run_command(line.command, effects);
                }
            }
            KeyCode::Backspace => {
                needle.pop();
                self.layer = Some(Layer::Menu { chosen: 0, needle });
            }
            KeyCode::Char(c) if !key.ctrl && !key.alt => {
                let name = key.to_string();
                let hit = lines.iter().find(|line| line.key == name && needle.is_empty());
                match hit.map(|line| line.command.clone()) {
                    Some(command) => {
                        self.layer = None;
                        self.run_command(command, effects);
                    }
                    None => {
                        needle.push(c);
                        self.layer = Some(Layer::Menu { chosen: 0, needle });
                    }
                }
            }
            _ => {}
        }
    }

    /// What the palette answers to what is typed.
    pub fn palette(&self, typed: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        self.palette_do(&mut lines);
        self.palette_go(&mut lines);
        for name in Theme::names() {
            lines.push(Line {
                note: if name == self.theme { "now".to_owned() } else { String::new() },
                ..line("set", "theme", name, Command::Theme(name))
            });
        }
        lines.retain(|line| words_occur(&format!("{} {}", line.title, line.object), typed));
        lines.truncate(ANSWERS);
        lines
    }

    fn palette_do(&self, lines: &mut Vec<Line>) {
        let context = self.place.context();
        let here = self.subject().pipeline_ref().cloned();
        for action in self.keymap.actions(context, self.access) {
            if action.info().group == Group::Move || action == Action::Palette {
                continue;
            }
            lines.push(Line {
                key: self.keymap.key(context, action),
                note: self.why_not(action).unwrap_or_default(),
                why_not: self.why_not(action),
                ..line("do", action.info().id, action.title_in(context), Command::Action(action))
            });
        }
        for (at, extra) in self.extras.iter().enumerate() {
            let key = extra.key.to_string();
            lines.push(Line { key, ..line("do", &extra.title, "", Command::Extra(at)) });
        }
        if self.access == crate::tui::keymap::Access::ReadOnly {
            return;
        }
        let mut pipelines: Vec<_> = self.data.all_pipelines().collect();
        if pipelines.is_empty() {
            pipelines.extend(here.as_ref().and_then(|here| self.data.pipeline(here)));
        }
        // Those of the pipeline that one looks at go first.
        pipelines.sort_by_key(|pipeline| Some(&pipeline.pipeline) != here.as_ref());
        for pipeline in pipelines {
            let of = &pipeline.pipeline;
            let name = text::pipeline_name(of);
            let (verb, command) = match pipeline.pause {
                Some(_) => ("resume", Command::Act(Act::Unpause(of.clone(), None))),
                None => ("pause", Command::Pause(of.clone(), None)),
            };
            lines.push(Line {
                note: "the whole pipeline".to_owned(),
                ..line("do", verb, &name, command)
            });
            for job in &pipeline.jobs {
                let object = format!("{name} {}", job.name);
                if !job.is_manual_trigger_disabled {
                    let act = Act::Trigger(of.clone(), job.name.clone());
                    lines.push(Line {
                        note: "newest inputs".to_owned(),
                        ..line("do", "trigger", &object, Command::Act(act))
                    });
                }
                let (verb, command) = match job.pause {
                    Some(_) => {
                        let act = Act::Unpause(of.clone(), Some(job.name.clone()));
                        ("resume", Command::Act(act))
                    }
                    None => ("pause", Command::Pause(of.clone(), Some(job.name.clone()))),
                };
                lines.push(line("do", verb, &object, command));
            }
        }
    }

    fn palette_go(&self, lines: &mut Vec<Line>) {
        lines.push(line("go to", "all pipelines", "", Command::Go(Place::Overview)));
        for pipeline in self.data.all_pipelines() {
            let of = &pipeline.pipeline;
            let outline = crate::tui::fact::pipeline::outline(pipeline, self.now);
            let name = text::pipeline_name(of);
            lines.push(Line {
                sign: Some(outline.sign),
                note: outline.sign.word().to_owned(),
                ..line("go to", "pipeline", &name, Command::Go(Place::Graph(of.clone())))
            });
            for face in &outline.faces {
                let object = format!("{name} {}", face.job.name);
                let command = Command::Job(of.clone(), face.job.name.clone());
                let age = face
                    .since
                    .map(|since| crate::tui::format::age(since, self.now, &self.zone))
                    .unwrap_or_default();
                lines.push(Line {
                    sign: Some(face.sign),
                    note: format!("{} {age}", face.sign.word()).trim().to_owned(),
                    ..line("go to", "job", &object, command)
                });
                if let Some(build) = job::current(face.job) {
                    lines.push(Line {
                        sign: Some(Sign::from(build.status)),
                        note: build.status.to_string(),
                        ..line(
                            "go to",
                            "build",
                            &format!("{name} {} #{}", face.job.name, build.name),
                            Command::Go(Place::Build(build.id)),
                        )
                    });
                }
            }
        }
    }

    pub(super) fn press_in_palette(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(Layer::Palette { prompt, chosen }) = &self.layer else { return };
        let (mut prompt, chosen) = (prompt.clone(), *chosen);
        let lines = self.palette(prompt.text());
        let last = lines.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => self.layer = None,
            KeyCode::Down => {
                self.layer = Some(Layer::Palette { prompt, chosen: (chosen + 1).min(last) });
            }
            KeyCode::Up => {
                self.layer = Some(Layer::Palette { prompt, chosen: chosen.saturating_sub(1) });
            }
            KeyCode::Tab => {
                if let Some(line) = lines.get(chosen) {
                    let text = match line.command {
                        Command::Action(_) => line.title.clone(),
                        _ => format!("{} {}", line.title, line.object),
                    };
                    prompt.clear();
                    prompt.insert(text.trim());
                    self.layer = Some(Layer::Palette { prompt, chosen: 0 });
                }
            }
            KeyCode::Enter => {
                let line = lines.into_iter().nth(chosen);
                self.layer = None;
                if let Some(line) = line {
                    self.run_command(line.command, effects);
                }
            }
            _ => {
                if prompt.press(key) {
                    self.layer = Some(Layer::Palette { prompt, chosen: 0 });
                }
            }
        }
    }

    fn run_command(&mut self, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Action(action) => self.try_perform(action, effects),
            Command::Extra(at) => self.run_extra(at, effects),
            Command::Act(act) => self.send(act, effects),
            Command::Pause(pipeline, job) => self.pause_or_resume(pipeline, job, false, effects),
            Command::Go(Place::Graph(pipeline)) => self.open_pipeline(pipeline),
            Command::Go(place) => self.go(place),
            Command::Job(pipeline, job) => self.go_to_job(&pipeline, &job),
            Command::Theme(name) => self.set_theme(name),
        }
    }
}

/// Under which heading of the menu an action stands; none for those that only move.
fn heading_of(action: Action) -> Option<&'static str> {
    match action {
        Action::Palette | Action::OpenMenu | Action::OpenHelp | Action::Redraw => None,
        Action::Suspend | Action::Back => None,
        _ => match action.info().group {
            Group::Move => None,
            Group::Open | Group::See | Group::TakeAway => Some("look"),
            Group::GoIn => Some("go in"),
            Group::Change => Some("change"),
            Group::Everywhere => Some("yours"),
        },
    }
}

fn line(heading: &'static str, title: &str, object: &str, command: Command) -> Line {
    Line {
        heading,
        key: String::new(),
        title: title.to_owned(),
        object: object.to_owned(),
        note: String::new(),
        sign: None,
        why_not: None,
        command,
    }
}

/// Whether every word typed occurs.
fn words_occur(text: &str, typed: &str) -> bool {
    typed.split_whitespace().all(|word| crate::tui::fact::pipeline::contains(text, word))
}

//! What comes in from outside: answers, changes, outcomes, notices.

use crate::control::{Error, ErrorKind};
use crate::tui::Exit;
use crate::tui::app::{App, Layer, Link};
use crate::tui::effect::{Act, Effect, Want};
use crate::tui::fact::text;
use crate::tui::msg::{Done, Level, Msg};

impl App {
    pub(super) fn take(&mut self, msg: Msg, effects: &mut Vec<Effect>) {
        match msg {
            Msg::Input(event) => self.input(event, effects),
            Msg::Resize(width, height) => {
                self.size = (width, height);
                self.is_dirty = true;
                self.resized(effects);
            }
            Msg::Tick => self.tick(effects),
            Msg::Resumed => self.is_dirty = true,
            Msg::Terminated => effects.push(Effect::Quit(Exit::Ended)),
            Msg::Answered { want, generation, answer } => {
                if let Err(error) = &answer {
                    self.refused(&want, error);
                }
                if self.data.answer(&want, generation, answer, self.now) {
                    self.is_dirty = true;
                    if want == Want::Running {
                        self.running_is_known(effects);
                    }
                }
            }
            Msg::Connected => {
                if self.link.is_lost() {
                    self.told.tell(
                        self.now,
                        Level::Good,
                        format!("{} answers again", self.core.name),
                    );
                }
                // What changed between the first questions and now, nobody told.
                self.data.soil_all();
                self.link = Link::Live;
                self.is_dirty = true;
            }
            Msg::Changed(change) => self.data.change(&change),
            Msg::Disconnected(error) => {
                self.link.lose(self.now, error);
                self.is_dirty = true;
            }
            Msg::Acted { act, result } => self.acted(&act, result, effects),
            Msg::Noticed(notice) => {
                if let Some(pipeline) = &notice.pipeline {
                    self.data.change(&crate::control::Change::Pipeline(pipeline.clone()));
                }
                self.told.tell_all(self.now, notice.level, notice.text, notice.more);
                self.is_dirty = true;
            }
            Msg::ExtraDone { title, result } => {
                if let Some(extra) = self.extras.iter_mut().find(|extra| extra.title == title) {
                    extra.is_busy = false;
                }
                match result {
                    Ok(text) => self.told.tell(self.now, Level::Good, text),
                    Err(text) => self.told.tell(self.now, Level::Error, format!("{title}: {text}")),
                }
                self.is_dirty = true;
            }
            Msg::Events { build, generation, batch } => self.events(build, generation, batch),
            Msg::EventsEnded { build, generation, result } => {
                self.events_ended(build, generation, result);
            }
            Msg::ShellOpened { shell, directory } => self.shell_opened(shell, directory),
            Msg::ShellOutput { shell, output } => self.shell_output(shell, output, effects),
            Msg::ShellLeft { result } => self.shell_left(result),
        }
    }

    /// A moment came that was waited for.
    fn tick(&mut self, effects: &mut Vec<Effect>) {
        self.is_dirty = true;
        if self.link.is_due(self.now) {
            effects.push(Effect::Connect);
        }
        self.resume_events(effects);
        self.release_pane();
        if self.is_searching() {
            self.search_on();
        }
    }

    fn refused(&mut self, want: &Want, error: &Error) {
        if error.kind == ErrorKind::Unavailable && !self.link.is_lost() {
            self.link.lose(self.now, error.clone());
        }
        let mut more = vec![format!("asked: {want:?}")];
        more.extend(error.hint.clone());
        self.told.note(self.now, Level::Error, error.message.clone(), more);
    }

    /// An act was answered.
    fn acted(&mut self, act: &Act, result: Result<Done, Error>, _effects: &mut Vec<Effect>) {
        self.is_dirty = true;
        let now = self.now;
        let done = match result {
            Ok(done) => done,
            Err(error) => {
                let text = format!("{}: {}", act.name(), error.message);
                let more = error.hint.into_iter().collect();
                self.told.end(now, act, Level::Error, text, more);
                return;
            }
        };
        match (act, done) {
            (Act::Trigger(..) | Act::Rerun(..), Done::Made(build)) => {
                let name = text::build_name(&build);
                let told = match act {
                    Act::Rerun(_, old) => {
                        format!("rerun of {old} is #{}, {}", build.name, build.status)
                    }
                    _ => format!("{name} is {}", build.status),
                };
                self.told.end(now, act, Level::Good, told, Vec::new());
                self.told.offer_undo(now, Act::Abort(build.id, name), "abort it");
                if let (Some(pipeline), Some(job)) = (&build.pipeline, &build.job) {
                    self.data.change(&crate::control::Change::Build {
                        pipeline: pipeline.clone(),
                        job: job.clone(),
                        build: build.id,
                    });
                }
            }
            (Act::Pause(pipeline, job, why), _) => {
                let quoted = why.as_ref().map(|why| format!(": \"{why}\"")).unwrap_or_default();
                let text = format!("paused {}{quoted}", act.object());
                self.told.end(now, act, Level::Info, text, Vec::new());
                self.told.offer_undo(now, Act::Unpause(pipeline.clone(), job.clone()), "undo");
                self.data.change(&crate::control::Change::Pipeline(pipeline.clone()));
            }
            (Act::Unpause(pipeline, job), _) => {
                let why = self.paused_because(pipeline, job.as_deref());
                self.told.end(
                    now,
                    act,
                    Level::Good,
                    format!("resumed {}", act.object()),
                    Vec::new(),
                );
                let undo = Act::Pause(pipeline.clone(), job.clone(), why);
                self.told.offer_undo(now, undo, "undo");
                self.data.change(&crate::control::Change::Pipeline(pipeline.clone()));
            }
            (Act::Check(_, resource), Done::Checked(check)) => match check.error {
                None => {
                    self.told.end(now, act, Level::Good, format!("checked {resource}"), Vec::new());
                }
                Some(why) => {
                    let text = format!("the check of {resource} fails: {why}");
                    self.told.end(now, act, Level::Error, text, Vec::new());
                }
            },
            (Act::Abort(build, name), _) => {
                self.told.end(now, act, Level::Info, format!("{name} is told to stop"), Vec::new());
                if let Some(datum) = self.data.builds.get_mut(build) {
                    datum.soil();
                }
            }
            (act, _) => {
                self.told.end(now, act, Level::Good, format!("{} done", act.name()), Vec::new());
            }
        }
    }

    fn paused_because(
        &self,
        pipeline: &crate::model::PipelineRef,
        job: Option<&str>,
    ) -> Option<String> {
        let pause = match job {
            Some(job) => self.data.job(pipeline, job)?.pause.as_ref()?,
            None => self.data.pipeline(pipeline)?.pause.as_ref()?,
        };
        pause.why.clone()
    }

    /// Puts something over the screen.
    pub(super) fn open_layer(&mut self, layer: Layer) {
        self.typing = None;
        self.layer = Some(layer);
        self.is_dirty = true;
    }
}

impl Act {
    /// The verb and its object, for people: `trigger bats`.
    pub fn name(&self) -> String {
        let verb = match self {
            Act::Trigger(..) => "trigger",
            Act::Rerun(..) => "rerun",
            Act::Abort(..) => "abort",
            Act::Pause(..) => "pause",
            Act::Unpause(..) => "resume",
            Act::Check(..) => "check",
        };
        format!("{verb} {}", self.object())
    }

    /// What it is about.
    pub fn object(&self) -> String {
        match self {
            Act::Trigger(_, job) => job.clone(),
            Act::Rerun(_, name) | Act::Abort(_, name) => name.clone(),
            Act::Pause(pipeline, None, _) | Act::Unpause(pipeline, None) => pipeline.to_string(),
            Act::Pause(_, Some(job), _) | Act::Unpause(_, Some(job)) => job.clone(),
            Act::Check(_, resource) => resource.clone(),
        }
    }
}

//! What each action does. Every action of the table has its arm.

use crate::model::build::Status;
use crate::tui::action::Action;
use crate::tui::app::layer::FactsOf;
use crate::tui::app::{App, Layer, Place};
use crate::tui::effect::{Act, Effect};
use crate::tui::fact::text;
use crate::tui::msg::Level;
use crate::tui::widget::PromptState;

impl App {
    pub(super) fn perform(&mut self, action: Action, effects: &mut Vec<Effect>) {
        self.is_dirty = true;
        match action {
            Action::Left
            | Action::Right
            | Action::Down
            | Action::Up
            | Action::First
            | Action::Last
            | Action::PageDown
            | Action::PageUp
            | Action::NextRed
            | Action::PreviousRed
            | Action::FirstRank
            | Action::LastRank
            | Action::NextGroup
            | Action::PreviousGroup
            | Action::PanLeft
            | Action::PanRight
            | Action::PanUp
            | Action::PanDown
            | Action::NextMatch
            | Action::PreviousMatch => self.travel(action),
            Action::Search => self.begin_search(),
            Action::Open => self.open(),
            Action::Back => self.back(),
            Action::Inspect => self.open_layer(Layer::Facts { of: FactsOf::Subject, offset: 0 }),
            Action::Changed => self.open_layer(Layer::Facts { of: FactsOf::Inputs, offset: 0 }),
            Action::Builds => self.open_builds(),
            Action::Older => self.open_neighbour(1),
            Action::Newer => self.open_neighbour(-1),
            Action::LastGreen => self.open_last_green(),
            Action::FirstRed => self.open_first_red(),
            Action::PreviousView => self.previous_view(),
            Action::FocusPath => self.toggle_focus_path(),
            Action::Follow => self.toggle_follow(),
            Action::OnlyMatches => self.toggle_only_matches(),
            Action::Zoom => self.zoom(),
            Action::NextPane => self.next_pane(),
            Action::Minimap => self.toggle_map(),
            Action::Resources => self.next_resources(),
            Action::Wrap => self.toggle_wrap(),
            Action::Times => self.next_times(),
            Action::OpenShell => self.open_shell(false, effects),
            Action::SplitShell => self.open_shell(true, effects),
            Action::ChooseShell => self.open_chooser(),
            Action::OtherCommand | Action::LeaveShell => {}
            Action::Bell => self.toggle_bell(),
            Action::Trigger => self.trigger(effects),
            Action::Rerun => self.rerun(effects),
            Action::Abort => self.ask_abort(),
            Action::Pause => self.pause(effects),
            Action::Check => self.check(effects),
            Action::Undo => self.undo(effects),
            Action::Palette => {
                self.open_layer(Layer::Palette { prompt: PromptState::default(), chosen: 0 })
            }
            Action::OpenMenu => {
                self.open_layer(Layer::Menu { chosen: 0, needle: String::new() });
            }
            Action::OpenHelp => self.open_layer(Layer::Help {
                offset: 0,
                needle: PromptState::default(),
                is_typing: false,
            }),
            Action::Retry => self.link.hurry(self.now),
            Action::Messages => self.go(Place::Messages),
            Action::Themes => self.next_theme(),
            Action::Redraw => effects.push(Effect::Redraw),
            Action::Suspend => effects.push(Effect::Suspend),
            Action::Quit => self.ask_to_leave(effects),
        }
    }

    /// Sends an act and says so at once.
    pub(super) fn send(&mut self, act: Act, effects: &mut Vec<Effect>) {
        self.told.begin(act.clone(), format!("{} …", act.name()));
        effects.push(Effect::Act(act));
        self.is_dirty = true;
    }

    fn trigger(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.place, Place::Overview) {
            // Which job? The palette knows them all.
            let name = self.subject().pipeline_ref().map(text::pipeline_name).unwrap_or_default();
            let prompt = PromptState::with(format!("trigger {name} "));
            return self.open_layer(Layer::Palette { prompt, chosen: 0 });
        }
        let subject = self.subject();
        if let (Some(pipeline), Some(job)) = (subject.pipeline_ref(), subject.job) {
            let act = Act::Trigger(pipeline.clone(), job.name.clone());
            self.send(act, effects);
        }
    }

    fn rerun(&mut self, effects: &mut Vec<Effect>) {
        if let Some(build) = self.subject().repeatable() {
            let act = Act::Rerun(build.id, text::build_name(build));
            self.send(act, effects);
        }
    }

    fn ask_abort(&mut self) {
        let subject = self.subject();
        let Some(build) = subject.stoppable(&self.place) else { return };
        let name = text::build_name(build);
        let of = build.pipeline.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        let act = Act::Abort(build.id, name.clone());
        self.open_layer(Layer::Question {
            text: format!("Abort {name}{of}?"),
            yes: "abort",
            acts: vec![act],
            since: self.now,
        });
    }

    fn pause(&mut self, effects: &mut Vec<Effect>) {
        let subject = self.subject();
        let Some(pipeline) = subject.pipeline else { return };
        let (job, is_paused) = match (&self.place, subject.job) {
            (Place::Overview, _) | (_, None) => (None, pipeline.pause.is_some()),
            (_, Some(job)) => (Some(job.name.clone()), job.pause.is_some()),
        };
        self.pause_or_resume(pipeline.pipeline.clone(), job, is_paused, effects);
    }

    pub(super) fn pause_or_resume(
        &mut self,
        pipeline: crate::model::PipelineRef,
        job: Option<String>,
        is_paused: bool,
        effects: &mut Vec<Effect>,
    ) {
        if is_paused {
            return self.send(Act::Unpause(pipeline, job), effects);
        }
        self.open_layer(Layer::Pause { pipeline, job, prompt: PromptState::default() });
    }

    /// Looks for versions of what starts the chosen job.
    fn check(&mut self, effects: &mut Vec<Effect>) {
        let subject = self.subject();
        let (Some(pipeline), Some(job)) = (subject.pipeline_ref(), subject.job) else { return };
        let mut names: Vec<&str> = job
            .inputs
            .iter()
            .filter(|input| input.passed.is_empty())
            .map(|input| input.resource.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let acts: Vec<Act> =
            names.iter().map(|name| Act::Check(pipeline.clone(), (*name).to_owned())).collect();
        if acts.is_empty() {
            let text = format!("{} takes only what other jobs passed on", job.name);
            return self.told.tell(self.now, Level::Info, text);
        }
        for act in acts {
            self.send(act, effects);
        }
    }

    fn undo(&mut self, effects: &mut Vec<Effect>) {
        if let Some(act) = self.told.take_undo(self.now) {
            self.send(act, effects);
        }
    }

    /// Rings when the chosen build is over.
    fn toggle_bell(&mut self) {
        let Some(build) = self.subject().build.filter(|build| !build.status.is_over()) else {
            return self.told.tell(self.now, Level::Info, "nothing runs here");
        };
        let (id, name) = (build.id, text::build_name(build));
        let text = if self.bells.remove(&id) {
            format!("no bell for {name}")
        } else {
            self.bells.insert(id);
            format!("rings when {name} is over")
        };
        self.told.tell(self.now, Level::Info, text);
    }

    /// Rings for the builds that are over now.
    pub(super) fn ring(&mut self, effects: &mut Vec<Effect>) {
        let over: Vec<_> = self
            .bells
            .iter()
            .filter_map(|build| self.data.summary(*build))
            .filter(|build| build.status.is_over())
            .map(|build| (build.id, text::build_name(build), build.status))
            .collect();
        for (id, name, status) in over {
            self.bells.remove(&id);
            effects.push(Effect::Bell);
            let level = if status == Status::Succeeded { Level::Good } else { Level::Warn };
            self.told.tell(self.now, level, format!("{name} {status}"));
            self.is_dirty = true;
        }
    }

    fn next_theme(&mut self) {
        let names: Vec<&str> = crate::tui::theme::Theme::names().collect();
        let here = names.iter().position(|name| *name == self.theme).unwrap_or(0);
        if let Some(name) = names.get((here + 1) % names.len().max(1)) {
            self.set_theme(name);
        }
    }

    /// Draws in another theme from now on.
    pub(super) fn set_theme(&mut self, name: &str) {
        let depth = self.look.theme.depth();
        if let Some(theme) = crate::tui::theme::Theme::shipped(name, depth) {
            self.look.theme = theme;
            self.theme = name.to_owned();
        }
    }
}

//! Leaving: at once when nothing runs in a core that ends with us, else a person says what becomes
//! of it.

use crate::control::BuildSummary;
use crate::tui::Exit;
use crate::tui::app::{App, Layer};
use crate::tui::effect::{Act, Effect};
use crate::tui::fact::text;

impl App {
    /// A person wants to go.
    pub(super) fn ask_to_leave(&mut self, effects: &mut Vec<Effect>) {
        if !self.core.is_embedded || self.link.is_lost() {
            effects.push(Effect::Quit(Exit::Done));
            return;
        }
        if self.is_leaving {
            // Asked twice and no answer yet: the builds are supervised and run on.
            effects.push(Effect::Quit(Exit::Left));
            return;
        }
        self.is_leaving = true;
        self.data.running.soil();
    }

    /// It is known anew which builds run.
    pub(super) fn running_is_known(&mut self, effects: &mut Vec<Effect>) {
        let Some(running) = self.data.running.value() else {
            if self.is_leaving {
                effects.push(Effect::Quit(Exit::Left));
            }
            return;
        };
        match (&self.layer, running.is_empty()) {
            (Some(Layer::Leaving { is_waiting: true, .. }), true) => {
                effects.push(Effect::Quit(Exit::Done));
            }
            (_, true) if self.is_leaving => effects.push(Effect::Quit(Exit::Done)),
            (_, false) if self.is_leaving => {
                self.is_leaving = false;
                self.open_layer(Layer::Leaving { since: self.now, is_waiting: false });
            }
            _ => {}
        }
    }

    /// The answer: `w`, `A` or `l`.
    pub(super) fn leave_by(&mut self, answer: char, effects: &mut Vec<Effect>) {
        let running: Vec<BuildSummary> = self.running_builds().to_vec();
        let Some(Layer::Leaving { is_waiting, .. }) = &mut self.layer else { return };
        match answer {
            'w' => {
                *is_waiting = true;
                if running.is_empty() {
                    effects.push(Effect::Quit(Exit::Done));
                }
            }
            'A' => {
                *is_waiting = true;
                for build in running {
                    if !build.is_aborting {
                        effects.push(Effect::Act(Act::Abort(build.id, text::build_name(&build))));
                    }
                }
            }
            'l' => effects.push(Effect::Quit(Exit::Left)),
            _ => {}
        }
    }

    /// The builds that are not over.
    pub fn running_builds(&self) -> &[BuildSummary] {
        self.data.running.value().map_or(&[], Vec::as_slice)
    }
}

//! What a job may say: one kind a file, joined here.
//!
//! The nesting is Concourse's and independent of the order of keys in the file:
//! `ensure(on_error(on_abort(on_failure(on_success(across(attempts(core)))))))`.

mod compose;
mod get;
mod load_var;
mod put;
mod run;
mod set_pipeline;
mod task;
mod wrap;

pub use compose::{Across, AcrossVar, DoStep, InFlight, InParallel};
pub use get::GetStep;
pub use load_var::{LoadVar, VarFormat};
pub use put::{PutInputs, PutStep};
pub use run::RunStep;
pub use set_pipeline::SetPipeline;
pub use task::TaskStep;
pub use wrap::{Attempts, Hook, HookOn, Hooked, Timeout};

use serde::{Deserialize, Serialize};

/// One step of a job's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Brings a version of a resource in.
    Get(GetStep),
    /// Sends something out and brings back what came of it.
    Put(PutStep),
    /// Runs a command.
    Task(TaskStep),
    /// Sends a message to a prototype.
    Run(RunStep),
    /// Sets a pipeline from a file of an artifact.
    SetPipeline(SetPipeline),
    /// Reads a file of an artifact into a local var.
    LoadVar(LoadVar),
    /// Steps one after the other.
    Do(DoStep),
    /// Steps side by side.
    InParallel(InParallel),
    /// One step for each combination of values.
    Across(Across),
    /// A step whose failure does not count.
    Try(Box<Step>),
    /// A step with a limit of time, for kinds that have none of their own.
    Timeout(Timeout),
    /// A step that is tried again.
    Attempts(Attempts),
    /// A step with another that follows it.
    Hooked(Hooked),
}

impl Step {
    /// Calls `visit` with this step, then with those inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Step)) {
        visit(self);
        match self {
            Step::Get(_)
            | Step::Put(_)
            | Step::Task(_)
            | Step::Run(_)
            | Step::SetPipeline(_)
            | Step::LoadVar(_) => {}
            Step::Do(group) => group.steps.iter().for_each(|step| step.walk(visit)),
            Step::InParallel(group) => group.steps.iter().for_each(|step| step.walk(visit)),
            Step::Across(across) => across.step.walk(visit),
            Step::Try(step) => step.walk(visit),
            Step::Timeout(timeout) => timeout.step.walk(visit),
            Step::Attempts(attempts) => attempts.step.walk(visit),
            Step::Hooked(hooked) => {
                hooked.step.walk(visit);
                hooked.hook.step.walk(visit);
            }
        }
    }
}

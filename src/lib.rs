//! flightdeck: a scheduler core for CI pipelines and a terminal console for it, in one program.
//!
//! The rooms, each importing only from rooms above it (`tests/it/tidy.rs` checks that):
//!
//! | room | what it holds | what it never does |
//! |---|---|---|
//! | [`model`] | the nouns, plain values | IO, clock, waiting |
//! | [`dialect`] | text → pipeline and diagnostics | fails, or stops at the first fault |
//! | [`scheduler`] | facts → decisions | reads a clock or a database |
//! | [`runtime`] | containers, processes, volumes | knows builds or pipelines |
//! | [`resource`] | check, get, put of things outside | knows pipelines |
//! | [`engine`] | runs one plan | decides whether to run |
//! | [`store`] | what survives a restart | decides anything |
//! | [`control`] | all that may be asked of a core | behaves |
//! | [`server`] | the running core: four passes, and `Local`, which answers `control` | HTTP, terminal |
//! | [`tui`] | the console | sees more of a core than `control` |
//! | [`cli`] | commands; joins the parts | logic worth a test without a process |
//!
//! Three walks through the house:
//!
//! 1. *A commit arrives.* The watch or the timer nudges the check pass. `scheduler::due` says
//!    what to check, a resource type asks the outside, the store keeps new versions and marks
//!    jobs due. The schedule pass fills the facts of a due job, `scheduler::schedule` answers
//!    with decisions, the pass stores them: a build, its inputs, its plan. The track pass sees
//!    a started build that nobody runs and gives it to the engine; each step journals before it
//!    acts.
//! 2. *Someone looks.* The console's `update` answers with effects, the driver asks `Control`,
//!    `server::Local` reads the store. Changes and build events come back as streams; a build's
//!    events resume by id.
//! 3. *The process stops.* The passes finish their round, the engine lets go of the builds, and
//!    their supervised processes run on. The next start finds them in the journal and attaches;
//!    a build whose process is gone ends errored, with the reason.
//!
//! Where to add things:
//!
//! - a step kind: data in `model/step/`, behaviour in `engine/step/`, its key in
//!   `dialect/concourse/step.rs`; the compiler asks for the rest;
//! - a resource type: a file in `resource/` and a line in its `BUILTIN`;
//! - a runtime: a folder in `runtime/` and a line in its `RUNTIMES`;
//! - a language: a folder in `dialect/` and a line in its `DIALECTS`;
//! - a view: a file in `tui/view/`, its keys in `tui/keymap.toml`;
//! - a question to a core: `control/<noun>.rs`, its answer in `server/local/<noun>.rs`;
//! - a command: a file in `cli/` and a line in its tree.

pub mod cli;
pub mod control;
pub mod dialect;
pub mod engine;
pub mod model;
pub mod resource;
pub mod runtime;
pub mod scheduler;
pub mod server;
pub mod store;
pub mod tui;

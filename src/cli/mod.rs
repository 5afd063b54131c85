//! The command line, and where the parts are joined.
//!
//! No logic that is worth a test without a process: a command reads its arguments, asks a
//! [`crate::control::Control`], prints, and answers with an exit code.

pub mod demo;

mod build_log;
mod clock;
mod diff;
mod execute;
mod exit;
mod format;
mod graph;
mod join;
mod pipeline_file;
mod settings;
mod ui;
mod validate;

pub use clock::SystemClock;
pub use exit::Exit;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use settings::Shared;

/// The operations console for CI pipelines, in your terminal.
#[derive(Debug, Parser)]
#[command(name = "flightdeck", version, about)]
struct Arguments {
    #[command(flatten)]
    shared: Shared,

    #[command(flatten)]
    ui: ui::UiOptions,

    /// A pipeline file to set and open, or a folder that holds one
    #[arg(value_name = "FILE|DIR")]
    file: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The console on an offline demo: real git repositories, real pipelines, a failing job
    Demo(ui::UiOptions),
    /// Show how a pipeline would change, as `fly set-pipeline` does
    Diff(diff::DiffOptions),
    /// Put the file of a pipeline or task in its canonical form
    Format(format::FormatOptions),
    /// Show how versions go through the jobs of a pipeline
    Graph(graph::GraphOptions),
    /// Run a pipeline without the console: live log on standard output, exit code
    Run(execute::RunOptions),
    /// Say what is wrong with a pipeline file
    Validate(validate::ValidateOptions),
}

/// Runs the program; prints what went wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too, and are no faults. A closed output is none.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    match dispatch(arguments) {
        Ok(exit) => exit,
        Err(error) => {
            let text = format!("{error:#}");
            let _ = writeln!(io::stderr(), "flightdeck: {}", text.trim_end());
            exit_of(&error)
        }
    }
}

/// Faults of usage and of files are the caller's; all else is ours.
fn exit_of(error: &anyhow::Error) -> Exit {
    let is_ours = error.chain().any(|cause| {
        cause.is::<crate::control::Error>()
            || cause.is::<crate::store::StoreError>()
            || cause.is::<crate::runtime::RuntimeError>()
    });
    if is_ours { Exit::Errored } else { Exit::Usage }
}

fn dispatch(arguments: Arguments) -> anyhow::Result<Exit> {
    let shared = arguments.shared;
    if let (Some(file), Some(_)) = (&arguments.file, &arguments.command) {
        anyhow::bail!("`{}` stands before a command, which takes its own", file.display());
    }
    match arguments.command {
        Some(Command::Validate(options)) => {
            validate::run(&shared, &options, &mut io::stdout().lock())
        }
        Some(Command::Diff(options)) => diff::run(&shared, &options, &mut io::stdout().lock()),
        Some(Command::Format(options)) => format::run(&options, &mut io::stdout().lock()),
        Some(Command::Graph(options)) => graph::run(&shared, &options, &mut io::stdout().lock()),
        Some(Command::Run(options)) => {
            log_to_stderr();
            runtime()?.block_on(execute::run(&shared, &options, Box::new(io::stdout())))
        }
        Some(Command::Demo(options)) => {
            needs_terminal()?;
            ui::demo(&shared, &options)
        }
        None => {
            needs_terminal()?;
            ui::run(&shared, &arguments.ui, arguments.file.as_deref())
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn needs_terminal() -> anyhow::Result<()> {
    anyhow::ensure!(
        io::stdout().is_terminal() && io::stdin().is_terminal(),
        "the console needs a terminal; `flightdeck run FILE` runs a pipeline without one"
    );
    Ok(())
}

/// Where there is no console, the program's own log goes to standard error: warnings, or what
/// `FLIGHTDECK_LOG` asks for.
fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_env_filter(settings::log_filter())
        .with_writer(io::stderr)
        .init();
}

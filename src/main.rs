//! The program.

use std::process::ExitCode;

use flightdeck::runtime::process::supervise_if_asked;

fn main() -> ExitCode {
    // First of all, because the process that a supervisor is to start waits for it.
    if let Some(code) = supervise_if_asked(std::env::args_os()) {
        return ExitCode::from(code);
    }
    ExitCode::from(flightdeck::cli::run(std::env::args_os()).code())
}

//! `flightdeck validate`: what is wrong with a pipeline file.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Exit;
use super::pipeline_file::{PipelineFile, values};
use super::settings::Shared;
use crate::model::Diagnostic;

/// Options of `flightdeck validate`.
#[derive(Debug, Args)]
pub struct ValidateOptions {
    /// The pipeline file
    file: PathBuf,

    /// How to print what was found
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Count warnings as errors
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Serialize)]
struct Report<'a> {
    valid: bool,
    dialect: &'a str,
    diagnostics: &'a [Diagnostic],
}

/// Reads the file and prints what is wrong with it.
///
/// # Errors
/// When a file cannot be read, or nothing can be printed.
pub fn run(
    shared: &Shared,
    options: &ValidateOptions,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let file = PipelineFile::read(&options.file, &values(shared)?)?;
    let diagnostics = &file.read.diagnostics;
    let valid = !diagnostics.iter().any(|one| options.strict || one.is_error());
    match options.output {
        Output::Json => {
            let report = Report { valid, dialect: file.read.dialect, diagnostics };
            writeln!(out, "{}", serde_json::to_string(&report)?)?;
        }
        Output::Text => {
            write!(out, "{}", file.report())?;
            let verdict = verdict(&file.path, diagnostics);
            let refused = !valid && file.read.pipeline.is_some();
            let strictly = if refused { "; refused, because of `--strict`" } else { "" };
            writeln!(out, "{verdict}{strictly}")?;
        }
    }
    Ok(if valid { Exit::Success } else { Exit::Failed })
}

/// `pipeline.yml: 2 errors, 1 warning`, or that it looks good.
pub fn verdict(path: &Path, diagnostics: &[Diagnostic]) -> String {
    let n_errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let n_warnings = diagnostics.len() - n_errors;
    let count = |n: usize, noun: &str| match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    };
    let path = path.display();
    match (n_errors, n_warnings) {
        (0, 0) => format!("{path}: looks good"),
        (0, n) => format!("{path}: valid, {}", count(n, "warning")),
        (n, 0) => count(n, "error").to_string() + &format!(" in {path}"),
        (e, w) => format!("{} and {} in {path}", count(e, "error"), count(w, "warning")),
    }
}

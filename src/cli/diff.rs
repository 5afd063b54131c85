//! `flightdeck diff`: how a pipeline would change, as `fly set-pipeline` shows it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::pipeline_file::{PipelineFile, values};
use super::settings::Shared;
use super::validate::verdict;
use crate::dialect::concourse::diff;
use crate::model::Pipeline;
use crate::model::var::Values;

/// Options of `flightdeck diff`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0 if both are the same pipeline, 1 if they differ, 2 if one \
                        of the files has errors.")]
pub struct DiffOptions {
    /// The pipeline file as it was
    old: PathBuf,

    /// The pipeline file as it is to be
    new: PathBuf,
}

/// Reads both files and prints what differs between their pipelines. Errors of a file are
/// printed on standard error.
///
/// # Errors
/// When a file cannot be read, or nothing can be printed.
pub fn run(shared: &Shared, options: &DiffOptions, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let values = values(shared)?;
    let (old, new) = (pipeline(&options.old, &values)?, pipeline(&options.new, &values)?);
    let (Some(old), Some(new)) = (old, new) else { return Ok(Exit::Errored) };
    let changes = diff::diff(Some(&old), &new);
    if changes.is_empty() {
        writeln!(out, "no changes")?;
        return Ok(Exit::Success);
    }
    for line in diff::print(&changes) {
        writeln!(out, "{line}")?;
    }
    Ok(Exit::Failed)
}

fn pipeline(path: &Path, values: &Values) -> anyhow::Result<Option<Pipeline>> {
    let file = PipelineFile::read(path, values)?;
    if file.read.pipeline.is_none() {
        let verdict = verdict(&file.path, &file.read.diagnostics);
        writeln!(io::stderr(), "{}{verdict}", file.report())?;
    }
    Ok(file.read.pipeline)
}

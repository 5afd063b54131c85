//! `flightdeck format`: a pipeline's file in its canonical form.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::pipeline_file::{find, report};
use crate::dialect;

/// Options of `flightdeck format`.
#[derive(Debug, Args)]
pub struct FormatOptions {
    /// The file of a pipeline or of a task
    file: PathBuf,

    /// Print nothing but whether the file is formatted; exit code 1 if it is not
    #[arg(long, conflicts_with = "write")]
    check: bool,

    /// Write the file instead of printing it
    #[arg(long, short)]
    write: bool,
}

/// Prints the file in its canonical form, or writes it. A file that cannot be formatted stays as
/// it is, and why is printed on standard error.
///
/// # Errors
/// When the file cannot be read or written, or nothing can be printed.
pub fn run(options: &FormatOptions, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let path = find(&options.file)?;
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{shown}`"))?;
    let language = dialect::detect(&shown);
    anyhow::ensure!(language == "concourse", "`{shown}` is written for {language}, not Concourse");
    let formatted = match dialect::format(&shown, &text) {
        Ok(formatted) => formatted,
        Err(faults) => {
            write!(io::stderr(), "{}", report(&text, &faults))?;
            return Ok(Exit::Failed);
        }
    };
    let is_formatted = formatted == text;
    if options.check {
        let verdict = if is_formatted { "is formatted" } else { "is not formatted" };
        writeln!(out, "{shown}: {verdict}")?;
        return Ok(if is_formatted { Exit::Success } else { Exit::Failed });
    }
    if !options.write {
        write!(out, "{formatted}")?;
    } else if !is_formatted {
        replace(&path, &formatted).with_context(|| format!("cannot write `{shown}`"))?;
        writeln!(out, "{shown}: formatted")?;
    }
    Ok(Exit::Success)
}

/// Writes a file as a whole or not at all. A link stays a link to what is written.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    Ok(())
}

//! A pipeline file that a person gave: found, read with their values, its faults printed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::settings::Shared;
use crate::dialect::{self, Read};
use crate::model::var::Values;
use crate::model::{Diagnostic, PipelineRef, Severity};

/// Names under which a folder's pipeline is looked for, the likeliest first.
const IN_FOLDERS: [&str; 6] = [
    "pipeline.yml",
    "pipeline.yaml",
    "ci/pipeline.yml",
    "ci/pipeline.yaml",
    ".gitlab-ci.yml",
    "caicloud.yml",
];

/// A file with its text and what reading it gave.
pub struct PipelineFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What reading it gave.
    pub read: Read,
}

impl PipelineFile {
    /// Finds and reads a file, or the pipeline of a folder.
    ///
    /// # Errors
    /// When there is no such file, or it is no text. Faults of the pipeline are no error here.
    pub fn read(path: &Path, vars: &Values) -> anyhow::Result<Self> {
        let path = find(path)?;
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let text = String::from_utf8(bytes)
            .with_context(|| format!("`{}` is not UTF-8 text", path.display()))?;
        let read = dialect::read(&path.display().to_string(), &text, vars);
        Ok(Self { path, text, read })
    }

    /// The pipeline's place: team `main`, named after the file.
    pub fn pipeline_ref(&self) -> PipelineRef {
        PipelineRef::new("main", &name_of(&self.path))
    }

    /// All diagnostics with the lines they point at.
    pub fn report(&self) -> String {
        report(&self.text, &self.read.diagnostics)
    }
}

/// Diagnostics with the lines they point at.
pub fn report(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}: {severity}: {} [{}]",
            diagnostic.place, diagnostic.message, diagnostic.code
        );
        for line in dialect::excerpt(text, diagnostic).lines() {
            let _ = writeln!(out, "  {line}");
        }
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(out, "  hint: {hint}");
        }
        out.push('\n');
    }
    out
}

/// The values of `-v`, `-y` and `-l`.
///
/// # Errors
/// When an option is not `NAME=VALUE`, or a file or value cannot be read.
pub fn values(shared: &Shared) -> anyhow::Result<Values> {
    let mut values = Values::new();
    for path in &shared.load_vars_from {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read vars file `{}`", path.display()))?;
        let (map, diagnostics) = dialect::read_vars(&path.display().to_string(), &text);
        match map {
            Some(map) => values.add_file(map),
            None => bail!("{}", report(&text, &diagnostics).trim_end()),
        }
    }
    for option in &shared.var {
        let (name, value) = split(option, "-v")?;
        values.set(name, value).with_context(|| format!("-v {option}"))?;
    }
    for option in &shared.yaml_var {
        let (name, text) = split(option, "-y")?;
        // The value stands alone in the text, so that its faults have places of their own.
        let (value, diagnostics) = dialect::read_value(&format!("-y {name}"), text);
        match value {
            Some(value) => values.set(name, value).with_context(|| format!("-y {option}"))?,
            None => bail!("{}", report(text, &diagnostics).trim_end()),
        }
    }
    Ok(values)
}

fn split<'a>(option: &'a str, flag: &str) -> anyhow::Result<(&'a str, &'a str)> {
    match option.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        Some(_) | None => bail!("`{flag} {option}` is not of the form `{flag} NAME=VALUE`"),
    }
}

/// The file itself, or the pipeline of a folder.
///
/// # Errors
/// When the folder holds none.
pub fn find(path: &Path) -> anyhow::Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let candidates = IN_FOLDERS.iter().map(|name| path.join(name));
    candidates.into_iter().find(|candidate| candidate.is_file()).with_context(|| {
        format!("`{}` holds no pipeline: looked for {}", path.display(), IN_FOLDERS.join(", "))
    })
}

/// A pipeline's name after its file: `ci/pipeline.yml` in `shop` is `shop`, `build.yml` is
/// `build`.
fn name_of(path: &Path) -> String {
    let stem = |path: &Path| {
        path.file_stem().map(|stem| stem.to_string_lossy().trim_start_matches('.').to_owned())
    };
    let own = stem(path).unwrap_or_default();
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = full
        .ancestors()
        .skip(1)
        .filter_map(|folder| folder.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .find(|name| name != "ci");
    let name = match own.as_str() {
        "pipeline" | "gitlab-ci" | "caicloud" => folder.unwrap_or(own),
        _ => own,
    };
    name.replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_named_after_its_file() {
        for (path, name) in [
            ("/home/a/build.yml", "build"),
            ("/home/a/shop/pipeline.yml", "shop"),
            ("/home/a/shop/ci/pipeline.yml", "shop"),
            ("/home/a/shop/.gitlab-ci.yml", "shop"),
        ] {
            assert_eq!(name_of(Path::new(path)), name, "{path}");
        }
    }
}

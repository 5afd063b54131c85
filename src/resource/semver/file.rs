//! A number in a file of this machine.
//!
//! Beside the file stand a lock and a list of what changed it last, so that a put that is
//! repeated finds itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::{Change, Number, parse};
use crate::resource::ResourceError;

/// How many changes are remembered.
const REMEMBERED: usize = 500;

/// Where the number is.
pub(super) struct FileDriver {
    path: PathBuf,
    initial: Number,
}

impl FileDriver {
    pub fn new(path: String, initial: Number) -> Self {
        let home = path.strip_prefix("~/").and_then(|rest| Some(std::env::home_dir()?.join(rest)));
        Self { path: home.unwrap_or_else(|| PathBuf::from(path)), initial }
    }

    /// The number now.
    pub fn read(&self) -> Result<Number, ResourceError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => parse(&text, &self.path.to_string_lossy()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(self.initial.clone()),
            Err(source) => Err(io("read", &self.path, source)),
        }
    }

    /// Changes the number, waiting for others who do. Blocks.
    pub fn change(&self, change: &Change, operation: &str) -> Result<Number, ResourceError> {
        let lock = self.beside("lock");
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| io("create", parent, e))?;
        }
        let held = std::fs::File::create(&lock).map_err(|e| io("lock", &lock, e))?;
        flock(&held, FlockOperation::LockExclusive).map_err(|e| io("lock", &lock, e.into()))?;

        let list = self.beside("operations");
        let text = std::fs::read_to_string(&list).unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().collect();
        let done = lines
            .iter()
            .position(|line| line.split_once(' ').is_some_and(|(id, _)| id == operation));
        if let Some(at) = done {
            let number = lines[at].split_once(' ').map_or("", |(_, number)| number);
            let number = parse(number, &list.to_string_lossy())?;
            // The last one may have been remembered and not yet done.
            if at + 1 == lines.len() {
                replace(&self.path, &number.to_string())?;
            }
            return Ok(number);
        }
        let number = change.of(&self.read()?);
        let line = format!("{operation} {number}");
        lines.push(&line);
        let excess = lines.len().saturating_sub(REMEMBERED);
        replace(&list, &(lines[excess..].join("\n") + "\n"))?;
        replace(&self.path, &number.to_string())?;
        Ok(number)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.{ending}"))
    }
}

/// Writes a file so that it is the old one or the new one at any moment.
fn replace(path: &Path, text: &str) -> Result<(), ResourceError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || {
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)
    };
    written().map(|_| ()).map_err(|e| io("write", path, e))
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> ResourceError {
    ResourceError::Io { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::super::{Bump, Part};
    use super::*;

    #[test]
    fn an_operation_changes_the_number_once() {
        let dir = tempfile::tempdir().expect("a place");
        let path = dir.path().join("version");
        let initial = Number::parse("1.0.0").expect("a number");
        let driver = FileDriver::new(path.to_string_lossy().into_owned(), initial);
        let patch = Change::Bump(Bump { part: Some(Part::Patch), ..Bump::default() });
        let change = |id: &str| driver.change(&patch, id).expect("changes").to_string();
        assert_eq!(driver.read().expect("reads").to_string(), "1.0.0");
        assert_eq!(change("a"), "1.0.1");
        // Remembered, and the core went away before it was done.
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(change("a"), "1.0.1");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "1.0.1");
        assert_eq!(change("b"), "1.0.2");
        assert_eq!(change("a"), "1.0.1");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "1.0.2");
    }
}

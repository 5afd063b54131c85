//! One process a data directory: a lock that names its holder.
//!
//! The lock is the kernel's (`flock`), so it goes with its process however that ends; the file
//! only says who holds it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::{Result, StoreError};
use crate::model::Timestamp;

/// The name of the lock's file in the data directory.
const FILE: &str = "lock";

/// Who holds a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is: `flightdeck serve`.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "`{}` (process {} on {})", self.command, self.pid, self.host)
    }
}

/// A held data directory; dropping it gives it up.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

impl DirLock {
    /// Makes the directory if it is missing, for its owner only, and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another holds it.
    pub fn take(dir: &Path, now: Timestamp) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|source| disk("make directory", dir, source))?;
        let path = dir.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| disk("open", &path, source))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StoreError::InUse { dir: dir.to_owned(), holder: read(&file) });
            }
            Err(source) => return Err(disk("lock", &path, source.into())),
        }
        write(&file, now).map_err(|source| disk("write", &path, source))?;
        Ok(Self { _file: file })
    }
}

/// Who holds the directory at this moment, if anybody does.
pub fn holder(dir: &Path) -> Option<Holder> {
    let file = File::open(dir.join(FILE)).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => Some(read(&file)),
    }
}

/// What the file says. One who has just taken the lock may not have written yet.
fn read(file: &File) -> Holder {
    let mut text = String::new();
    let mut reader = file;
    let known =
        reader.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
    known.unwrap_or_else(|| Holder {
        pid: 0,
        host: String::new(),
        since: Timestamp::default(),
        command: String::new(),
    })
}

fn write(file: &File, now: Timestamp) -> std::io::Result<()> {
    let holder = Holder {
        pid: std::process::id(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        since: now,
        command: command(std::env::args()),
    };
    let text = serde_json::to_vec(&holder)?;
    file.set_len(0)?;
    file.write_all_at(&text, 0)?;
    let mut file = file;
    file.flush()
}

/// The command as people know it, up to its first option: those may carry secrets.
fn command(args: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    for (i, arg) in args.enumerate() {
        if i == 0 {
            let name = PathBuf::from(&arg);
            words.push(name.file_name().map_or(arg, |name| name.to_string_lossy().into_owned()));
        } else if arg.starts_with('-') {
            break;
        } else {
            words.push(arg);
        }
    }
    words.join(" ")
}

fn disk(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Disk { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_directory_names_its_holder() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(holder(dir.path()), None);
        let held = DirLock::take(dir.path(), Timestamp(7)).expect("takes");
        let error = DirLock::take(dir.path(), Timestamp(8)).expect_err("refuses");
        let StoreError::InUse { holder: found, .. } = &error else { panic!("{error}") };
        assert_eq!((found.pid, found.since), (std::process::id(), Timestamp(7)));
        assert!(error.to_string().contains("is in use by `"), "{error}");
        assert_eq!(holder(dir.path()).map(|holder| holder.pid), Some(std::process::id()));
        drop(held);
        assert_eq!(holder(dir.path()), None);
        DirLock::take(dir.path(), Timestamp(9)).expect("takes what is free");
    }

    #[test]
    fn a_command_ends_before_its_options() {
        for (args, shown) in [
            (vec!["/usr/bin/flightdeck", "serve"], "flightdeck serve"),
            (vec!["flightdeck", "run", "ci.yml", "-v", "password=x"], "flightdeck run ci.yml"),
            (vec![], ""),
        ] {
            assert_eq!(command(args.into_iter().map(str::to_owned)), shown);
        }
    }
}

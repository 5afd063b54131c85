//! Where logs lie, and the few things that are done to their files.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::model::BuildId;
use crate::store::{Result, StoreError};

/// The end of the name of a log that grows.
const OPEN_SUFFIX: &str = ".jsonl";

/// The files of one log.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    /// While it grows.
    pub(super) open: PathBuf,
    /// When it is complete.
    pub(super) archive: PathBuf,
    /// On the way from one to the other.
    pub(super) unfinished: PathBuf,
}

impl Paths {
    pub(super) fn of(dir: &Path, build: BuildId) -> Self {
        // A folder with a hundred thousand files is slow on some disks.
        let shelf = dir.join(format!("{:04}", build.0 / 1000));
        Self {
            open: dir.join("open").join(format!("{build}{OPEN_SUFFIX}")),
            archive: shelf.join(format!("{build}.log.gz")),
            unfinished: shelf.join(format!("{build}.log.gz.part")),
        }
    }
}

/// The builds whose logs grow, or were not compressed yet.
pub(super) fn list_open(dir: &Path) -> Result<Vec<BuildId>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(fault("list", dir, source)),
    };
    let mut builds = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| fault("list", dir, source))?;
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(OPEN_SUFFIX));
        builds.extend(id.and_then(|id| id.parse().ok()).map(BuildId));
    }
    builds.sort_unstable();
    Ok(builds)
}

/// Makes the folder of a file, for its owner only.
pub(super) fn make_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(dir) => std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir),
        None => Ok(()),
    }
}

/// Makes sure that the name of a file is on the disk, not only its content.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a file to read and write; only its owner may.
pub(super) fn open(path: &Path, create: Create) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create != Create::Never)
        .truncate(create == Create::Anew)
        .mode(0o600)
        .open(path)
}

/// What to do about a file that is there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Create {
    /// It must be there.
    Never,
    /// It is made if it is missing.
    IfMissing,
    /// It is made, and what was there is gone.
    Anew,
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fault("remove", path, error)),
        _ => Ok(()),
    }
}

pub(super) fn fault(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Disk { action, path: path.to_owned(), source }
}

/// A file that only grows. What is written beyond its end is nobody's until the end is moved.
#[derive(Debug)]
pub(super) struct Tape {
    file: File,
    /// In tests: the disk is full from here on.
    #[cfg(test)]
    full_at: std::sync::atomic::AtomicU64,
}

impl Tape {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            #[cfg(test)]
            full_at: u64::MAX.into(),
        }
    }

    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        #[cfg(test)]
        {
            let room = self.full_at.load(std::sync::atomic::Ordering::Relaxed);
            let room = usize::try_from(room.saturating_sub(offset)).unwrap_or(usize::MAX);
            if bytes.len() > room {
                self.file.write_all_at(&bytes[..room], offset)?;
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        self.file.write_all_at(bytes, offset)
    }

    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    pub(super) fn cut(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    #[cfg(test)]
    pub(super) fn fill_at(&self, offset: u64) {
        self.full_at.store(offset, std::sync::atomic::Ordering::Relaxed);
    }
}

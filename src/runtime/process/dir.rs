//! What stands where on disk.
//!
//! ```text
//! <data dir>/containers/<handle>/   0700
//!   spec.json      what the container is; written last, so a directory without it is half made
//!   work/ home/ tmp/                working directory, HOME, TMPDIR
//!   process.json … of the main process, see below
//!   enter/<n>/     the same of further processes
//! <data dir>/volumes/<handle>/      volumes of their own
//! ```
//!
//! Of a process: `process.json` (what to run), `input` (its first input, until it is read),
//! `output` and `stderr` (what it wrote), `status` (how it ended, appears at once and whole),
//! `socket` and `lock` (its supervisor's), `supervisor.log` (what that one complains of).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::worker::ContainerMetadata;
use crate::runtime::files::tree::failed;
use crate::runtime::{RuntimeError, WindowSize};

/// The version of the records below; they grow only by addition.
pub const RECORD_VERSION: u32 = 1;

/// A container as kept in `spec.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// Version of the form.
    pub version: u32,
    /// What it is for.
    pub metadata: ContainerMetadata,
    /// Environment of all its processes.
    pub env: BTreeMap<String, String>,
    /// Where volumes stand: clean paths, each once. The index is the volume's number.
    pub mounts: Vec<String>,
}

/// A process as kept in `process.json`, which only its owner may read: its environment may hold
/// secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Version of the form.
    pub version: u32,
    /// The executable as given.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its directory.
    pub dir: PathBuf,
    /// Columns and rows of its terminal.
    pub tty: Option<(u16, u16)>,
    /// Whether it has an input.
    pub takes_input: bool,
    /// Whether it ends when the core that started it lets go of it.
    pub is_tied: bool,
}

impl ProcessRecord {
    /// The size of its terminal.
    pub fn window(&self) -> Option<WindowSize> {
        self.tty.map(|(columns, rows)| WindowSize { columns, rows })
    }
}

/// The end of a process as kept in `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// The exit status, 128 + n for signal n.
    pub exit_status: i32,
    /// Bytes of output that the disk did not take.
    pub lost_bytes: u64,
}

/// A container's directory.
#[derive(Debug, Clone)]
pub struct Place {
    /// The directory.
    pub root: PathBuf,
}

impl Place {
    /// The working directory.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The home of its processes' user.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The directory for temporary files. No two containers share it, so that it also marks
    /// what belongs to this one.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The record of the container.
    pub fn spec(&self) -> PathBuf {
        self.root.join("spec.json")
    }

    /// The files of the main process.
    pub fn main(&self) -> Slot {
        Slot { root: self.root.clone() }
    }

    /// Makes the directories of a new container.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn make(&self) -> Result<(), RuntimeError> {
        for dir in [self.root.clone(), self.work(), self.home(), self.tmp()] {
            make_private(&dir)?;
        }
        Ok(())
    }

    /// The files of a further process that nobody uses yet.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn new_slot(&self) -> Result<Slot, RuntimeError> {
        let all = self.root.join("enter");
        make_private(&all)?;
        let mut number = 0u64;
        loop {
            let root = all.join(number.to_string());
            match fs::DirBuilder::new().mode(0o700).create(&root) {
                Ok(()) => return Ok(Slot { root }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(failed("make the directory", root, error)),
            }
        }
    }

    /// The files of all processes that were ever started.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![self.main()];
        // Without the directory nobody entered.
        let entered = fs::read_dir(self.root.join("enter")).into_iter().flatten().flatten();
        slots.extend(entered.map(|entry| Slot { root: entry.path() }));
        slots
    }
}

/// The files of one process.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The directory that holds them.
    pub root: PathBuf,
}

impl Slot {
    /// What to run.
    ///
    /// # Errors
    /// When it cannot be read; nothing if it is not there.
    pub fn process(&self) -> Result<Option<ProcessRecord>, RuntimeError> {
        read_record(&self.root.join("process.json"))
    }

    /// How it ended, if it did and left word.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn status(&self) -> Result<Option<StatusRecord>, RuntimeError> {
        read_record(&self.root.join("status"))
    }

    /// Whether a supervisor ever took it over.
    pub fn is_started(&self) -> bool {
        self.output().exists()
    }

    /// Its output.
    pub fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    /// Its standard error, if it has no terminal.
    pub fn stderr(&self) -> PathBuf {
        self.root.join("stderr")
    }

    /// Writes what to run and its first input, before a supervisor is started.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn prepare(&self, record: &ProcessRecord, input: &[u8]) -> Result<(), RuntimeError> {
        let path = self.root.join("input");
        private_file(&path, false)
            .and_then(|mut file| file.write_all(input))
            .map_err(|error| failed("write", path, error))?;
        write_record(&self.root.join("process.json"), record)
    }
}

/// Makes a directory that only its owner may use.
///
/// # Errors
/// When the disk refuses.
pub fn make_private(path: &Path) -> Result<(), RuntimeError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| failed("make the directory", path, error))
}

/// Opens a file for writing that only its owner may read, emptied or at its end.
///
/// # Errors
/// As `open(2)`.
pub fn private_file(path: &Path, append: bool) -> io::Result<fs::File> {
    OpenOptions::new()
        .write(!append)
        .append(append)
        .truncate(!append)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Writes a record so that it appears whole or not at all.
///
/// # Errors
/// When the disk refuses.
pub fn write_record(path: &Path, record: &impl Serialize) -> Result<(), RuntimeError> {
    let next = path.with_extension("next");
    let write = || {
        let mut file = private_file(&next, false)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        fs::rename(&next, path)
    };
    write().map_err(|error| failed("write", path, error))
}

/// Reads a record; nothing if it is not there.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read_record<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RuntimeError> {
    match fs::read(path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(record) => Ok(Some(record)),
            Err(error) => Err(failed("read", path, error.into())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, error)),
    }
}

/// Whether an error of [`read_record`] says that the record is only half there, as after a loss
/// of power.
pub fn is_damage(error: &RuntimeError) -> bool {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        RuntimeError::Io { source, .. } => matches!(source.kind(), InvalidData | UnexpectedEof),
        _ => false,
    }
}

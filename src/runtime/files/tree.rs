//! Directory trees: walking, copying, removing, by directory handle and never through a link.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RawMode, ResolveFlags, Stat, Timespec, Timestamps,
};
use rustix::io::Errno;

use crate::runtime::RuntimeError;

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Without `NONBLOCK`, opening a named pipe that somebody left would wait for ever.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// The error for something that the disk refused.
pub fn failed(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> RuntimeError {
    RuntimeError::Io { action, path: path.into(), source }
}

/// Opens a directory that is ours: the way to it is trusted, itself it must be no link.
///
/// # Errors
/// As `open(2)`.
pub fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, DIRECTORY, Mode::empty())?)
}

/// Opens what a clean path leads to below `root`. Links are followed as long as they stay below.
///
/// # Errors
/// As `open(2)`; [`is_escape`] tells whether it leads out.
pub fn open_beneath(root: &Path, path: &str) -> io::Result<File> {
    let root = open_dir(root)?;
    let path = if path.is_empty() { "." } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&root, path, FILE, Mode::empty(), resolve) {
        // Sandboxes that do not know the call: then no link is followed at all.
        Err(Errno::NOSYS | Errno::PERM) => {
            let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
            let parent = descend(root.as_fd(), parent)?;
            Ok(rustix::fs::openat(&parent, name, FILE | OFlags::NOFOLLOW, Mode::empty())?.into())
        }
        answer => Ok(answer?.into()),
    }
}

/// Whether an error of [`open_beneath`] says that the path leads out.
pub fn is_escape(error: &io::Error) -> bool {
    [Errno::XDEV, Errno::LOOP]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn descend(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    let mut current = rustix::fs::openat(root, ".", DIRECTORY, Mode::empty())?;
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        current = rustix::fs::openat(&current, part, DIRECTORY, Mode::empty())?;
    }
    Ok(current)
}

/// Opens the directory at a clean path below `root`, making what is missing. Where a link or a
/// file stands in the way, it fails.
///
/// # Errors
/// As `mkdir(2)` and `open(2)`.
pub fn make_dirs(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    let mut current = rustix::fs::openat(root, ".", DIRECTORY, Mode::empty())?;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match rustix::fs::mkdirat(&current, part, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        current = rustix::fs::openat(&current, part, DIRECTORY, Mode::empty())?;
    }
    Ok(current)
}

/// Makes an empty directory at a clean path below `root`, in the place of whatever is there.
///
/// # Errors
/// When a link stands in the way, or the disk refuses.
pub fn make_empty(root: &Path, path: &str) -> Result<(), RuntimeError> {
    let fail = |source| failed("make the directory", root.join(path), source);
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = make_dirs(open_dir(root).map_err(fail)?.as_fd(), parent).map_err(fail)?;
    if name.is_empty() {
        return Ok(());
    }
    remove_at(&parent, name).map_err(fail)?;
    rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)).map_err(|e| fail(e.into()))
}

fn remove_at(parent: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(stat) if kind(&stat) == FileType::Directory => remove(&by_handle(parent).join(name))
            .map_err(|error| match error {
                RuntimeError::Io { source, .. } => source,
                other => io::Error::other(other),
            }),
        Ok(_) => Ok(rustix::fs::unlinkat(parent, name, AtFlags::empty())?),
    }
}

/// A path that leads to an open directory, whatever happens to its name. Also short, whatever
/// the length of its name.
pub fn by_handle(dir: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()))
}

/// Copies what is in one directory into another, which is empty: files (sharing blocks where the
/// file system can), directories, links as links, with modes and times of change. Sockets and
/// devices are left out.
///
/// # Errors
/// What cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), RuntimeError> {
    let source = open_dir(from).map_err(|error| failed("read", from, error))?;
    let target = open_dir(to).map_err(|error| failed("write to", to, error))?;
    let mut copier = Copier { place: from.to_path_buf(), shares_blocks: true };
    copier
        .entries(source.as_fd(), target.as_fd())
        .map_err(|error| failed("copy", copier.place.clone(), error))
}

struct Copier {
    /// What is at work, for the error.
    place: PathBuf,
    shares_blocks: bool,
}

impl Copier {
    fn entries(&mut self, source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
        for entry in Dir::read_from(source)? {
            let entry = entry?;
            let name = entry.file_name();
            if is_dots(name) {
                continue;
            }
            self.place.push(OsStr::from_bytes(name.to_bytes()));
            match self.entry(source, target, name) {
                // A process that still runs may remove what it made.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
            self.place.pop();
        }
        Ok(())
    }

    fn entry(
        &mut self,
        source: BorrowedFd<'_>,
        target: BorrowedFd<'_>,
        name: &CStr,
    ) -> io::Result<()> {
        let stat = rustix::fs::statat(source, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match kind(&stat) {
            FileType::Directory => {
                let from = rustix::fs::openat(source, name, DIRECTORY, Mode::empty())?;
                rustix::fs::mkdirat(target, name, Mode::RWXU)?;
                let to = rustix::fs::openat(target, name, DIRECTORY, Mode::empty())?;
                self.entries(from.as_fd(), to.as_fd())?;
                finish(&to, &stat)
            }
            FileType::RegularFile => {
                let from =
                    rustix::fs::openat(source, name, FILE | OFlags::NOFOLLOW, Mode::empty())?;
                let to = create(target, name)?;
                self.contents(&mut File::from(from), &mut File::from(to.try_clone()?))?;
                finish(&to, &stat)
            }
            FileType::Symlink => {
                let link = rustix::fs::readlinkat(source, name, Vec::new())?;
                rustix::fs::symlinkat(link.as_c_str(), target, name)?;
                let times = times(&stat);
                Ok(rustix::fs::utimensat(target, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
            }
            FileType::Fifo => {
                Ok(rustix::fs::mknodat(target, name, FileType::Fifo, mode(&stat), 0)?)
            }
            _ => Ok(()),
        }
    }

    fn contents(&mut self, from: &mut File, to: &mut File) -> io::Result<()> {
        if self.shares_blocks {
            match rustix::fs::ioctl_ficlone(&*to, &*from) {
                Ok(()) => return Ok(()),
                Err(_) => self.shares_blocks = false,
            }
        }
        io::copy(from, to).map(|_| ())
    }
}

/// Makes a new file for writing.
///
/// # Errors
/// As `open(2)`, also when the name is taken.
pub fn create(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::RUSR | Mode::WUSR)?)
}

fn finish(file: &OwnedFd, stat: &Stat) -> io::Result<()> {
    rustix::fs::fchmod(file, mode(stat))?;
    Ok(rustix::fs::futimens(file, &times(stat))?)
}

/// The kind of a file.
pub fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode as RawMode)
}

/// The mode bits of a file.
pub fn mode(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode as RawMode & 0o7777)
}

fn times(stat: &Stat) -> Timestamps {
    let nanoseconds = |value: u64| value.try_into().unwrap_or(0);
    Timestamps {
        last_access: Timespec { tv_sec: stat.st_atime, tv_nsec: nanoseconds(stat.st_atime_nsec) },
        last_modification: Timespec {
            tv_sec: stat.st_mtime,
            tv_nsec: nanoseconds(stat.st_mtime_nsec),
        },
    }
}

/// Whether a name is `.` or `..`.
pub fn is_dots(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

/// Removes a directory with all that is in it, directories without permission too. What is gone
/// already is no error; a link is removed, not what it leads to.
///
/// # Errors
/// When something stays.
pub fn remove(path: &Path) -> Result<(), RuntimeError> {
    let attempt = || match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    match attempt() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path).and_then(|()| attempt())
        }
        other => other,
    }
    .map_err(|error| failed("remove", path, error))
}

/// Gives back the permissions to empty a tree.
fn unlock(path: &Path) -> io::Result<()> {
    fn enter(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = rustix::fs::openat(parent, name, flags, Mode::empty())?;
        // The handle stands for the very directory, so the way through /proc meets no link.
        std::fs::set_permissions(by_handle(&place), PermissionsExt::from_mode(0o700))?;
        let dir = rustix::fs::openat(&place, ".", DIRECTORY, Mode::empty())?;
        for entry in Dir::read_from(&dir)? {
            let entry = entry?;
            let stat = rustix::fs::statat(&dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            if !is_dots(entry.file_name()) && kind(&stat) == FileType::Directory {
                enter(dir.as_fd(), entry.file_name())?;
            }
        }
        Ok(())
    }
    let name = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    enter(rustix::fs::CWD, &name)
}

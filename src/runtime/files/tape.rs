//! Archives: a tree of files as tar, and back.
//!
//! Unpacking trusts nothing in the archive: no name leads out of the target, no link is followed
//! on the way, sockets and devices are left out.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps};
use tar::{Builder, EntryType, Header};

use super::path::{below, refused};
use super::tree;
use crate::runtime::RuntimeError;

/// Writes what an open file or directory holds. Names are relative to the directory; a file
/// goes under its own name. `place` is its clean path below `root`, for errors and to find
/// the volumes `nested` in it, which are shown as empty directories.
///
/// # Errors
/// When something cannot be read, or the writer fails.
pub fn pack(
    file: File,
    place: &str,
    root: &Path,
    nested: &[String],
    writer: &mut dyn Write,
) -> Result<(), RuntimeError> {
    let fail = |source| tree::failed("archive", root.join(place), source);
    let metadata = file.metadata().map_err(fail)?;
    let mut packer = Packer { tar: Builder::new(writer), nested };
    if metadata.is_dir() {
        packer.entries(file.as_fd(), place, Path::new("")).map_err(fail)?;
    } else if metadata.is_file() {
        let name = place.rsplit('/').next().unwrap_or(place);
        let mut header = header(EntryType::Regular, metadata.mode(), metadata.mtime());
        header.set_size(metadata.len());
        packer.tar.append_data(&mut header, name, file.take(metadata.len())).map_err(fail)?;
    } else {
        return Err(refused(place, "is neither a file nor a directory"));
    }
    packer.tar.finish().map_err(fail)
}

struct Packer<'a> {
    tar: Builder<&'a mut dyn Write>,
    nested: &'a [String],
}

impl Packer<'_> {
    fn entries(&mut self, dir: BorrowedFd<'_>, place: &str, above: &Path) -> io::Result<()> {
        for entry in Dir::read_from(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if tree::is_dots(name) {
                continue;
            }
            let os_name = OsStr::from_bytes(name.to_bytes());
            let path = above.join(os_name);
            let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let mode = tree::mode(&stat).as_raw_mode();
            let modified = stat.st_mtime as i64;
            let open = |flags: OFlags| {
                let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
                rustix::fs::openat(dir, name, flags, Mode::empty())
            };
            match tree::kind(&stat) {
                FileType::Directory => {
                    let mut header = header(EntryType::Directory, mode, modified);
                    header.set_size(0);
                    self.tar.append_data(&mut header, path.join(""), io::empty())?;
                    let inner = match (place, os_name.to_str()) {
                        ("", Some(name)) => Some(name.to_owned()),
                        (place, Some(name)) => Some(format!("{place}/{name}")),
                        (_, None) => None,
                    };
                    if inner.as_ref().is_some_and(|inner| self.nested.contains(inner)) {
                        continue;
                    }
                    let child = open(OFlags::RDONLY | OFlags::DIRECTORY)?;
                    // Without a readable name nothing of ours stands below.
                    let inner = inner.unwrap_or_else(|| "\0".to_owned());
                    self.entries(child.as_fd(), &inner, &path)?;
                }
                FileType::RegularFile => {
                    let file = File::from(open(OFlags::RDONLY)?);
                    let size = file.metadata()?.len();
                    let mut header = header(EntryType::Regular, mode, modified);
                    header.set_size(size);
                    // A file that shrinks meanwhile is filled up: the header is already written.
                    let data = file.chain(io::repeat(0)).take(size);
                    self.tar.append_data(&mut header, path, data)?;
                }
                FileType::Symlink => {
                    let target = rustix::fs::readlinkat(dir, name, Vec::new())?;
                    let mut header = header(EntryType::Symlink, mode, modified);
                    header.set_size(0);
                    let target = OsStr::from_bytes(target.to_bytes());
                    self.tar.append_link(&mut header, path, target)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn header(kind: EntryType, mode: u32, modified: i64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode & 0o7777);
    header.set_mtime(u64::try_from(modified).unwrap_or(0));
    header
}

/// Unpacks an archive into the directory at the clean path `target` below `root`, which is made
/// if it is missing. What stands there already stays, but for files of the same names.
///
/// # Errors
/// When the archive is damaged or leads out of the target, or the disk refuses.
pub fn unpack(root: &Path, target: &str, reader: &mut dyn Read) -> Result<(), RuntimeError> {
    let fail = |source| tree::failed("unpack into", root.join(target), source);
    let root_dir = tree::open_dir(root).map_err(fail)?;
    let base = tree::make_dirs(root_dir.as_fd(), target).map_err(fail)?;
    let mut archive = tar::Archive::new(&mut *reader);
    // Directories get their modes last: one may be read-only and still hold files.
    let mut directories = Vec::new();
    for entry in archive.entries().map_err(fail)? {
        let mut entry = entry.map_err(fail)?;
        let path = inside(&entry.path().map_err(fail)?)?;
        unpack_entry(&base, &path, &mut entry, &mut directories).map_err(|source| {
            if tree::is_escape(&source) || source.kind() == io::ErrorKind::NotADirectory {
                refused(&path, "leads through a link or a file")
            } else {
                tree::failed("unpack", root.join(target).join(&path), source)
            }
        })?;
    }
    for (dir, mode, times) in directories.into_iter().rev() {
        rustix::fs::fchmod(&dir, mode).map_err(|error| fail(error.into()))?;
        rustix::fs::futimens(&dir, &times).map_err(|error| fail(error.into()))?;
    }
    // Archives are padded; whoever writes this one must not meet a closed pipe.
    io::copy(reader, &mut io::sink()).map(|_| ()).map_err(fail)
}

type Directory = (OwnedFd, Mode, Timestamps);

fn unpack_entry<R: Read>(
    base: &OwnedFd,
    path: &str,
    entry: &mut tar::Entry<'_, R>,
    directories: &mut Vec<Directory>,
) -> io::Result<()> {
    let header = entry.header();
    let mode = Mode::from_raw_mode(header.mode()? & 0o7777);
    let modified = Timespec { tv_sec: header.mtime()?.try_into().unwrap_or(0), tv_nsec: 0 };
    let times = Timestamps { last_access: modified, last_modification: modified };
    let kind = header.entry_type();
    if kind == EntryType::Directory {
        let dir = tree::make_dirs(base.as_fd(), path)?;
        // Handles are bounded: an archive with very many directories sets most modes at once.
        if directories.len() < 200 {
            directories.push((dir, mode, times));
        } else {
            rustix::fs::fchmod(&dir, mode | Mode::RWXU)?;
        }
        return Ok(());
    }
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.is_empty() {
        return Ok(());
    }
    let parent = tree::make_dirs(base.as_fd(), parent)?;
    let name = CString::new(name)?;
    let clear = || match rustix::fs::unlinkat(&parent, &name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(io::Error::from(error)),
    };
    match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            clear()?;
            let mut file = File::from(tree::create(parent.as_fd(), &name)?);
            let size = entry.size();
            if io::copy(entry, &mut file)? != size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rustix::fs::fchmod(&file, mode)?;
            rustix::fs::futimens(&file, &times)?;
        }
        EntryType::Symlink => {
            clear()?;
            let target = entry.link_name_bytes().ok_or(io::ErrorKind::InvalidData)?;
            rustix::fs::symlinkat(target.as_ref(), &parent, &name)?;
            rustix::fs::utimensat(&parent, &name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        EntryType::Link => {
            clear()?;
            let target = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?;
            let target = inside(&target).map_err(io::Error::other)?;
            let (from, from_name) = target.rsplit_once('/').unwrap_or(("", &target));
            let from = tree::make_dirs(base.as_fd(), from)?;
            rustix::fs::linkat(&from, from_name, &parent, &name, AtFlags::empty())?;
        }
        EntryType::Fifo => {
            clear()?;
            rustix::fs::mknodat(&parent, &name, FileType::Fifo, mode, 0)?;
        }
        _ => {}
    }
    Ok(())
}

/// The name of an entry as a clean relative path.
fn inside(path: &Path) -> Result<String, RuntimeError> {
    let text = path.to_string_lossy();
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refused(&text, "leads out of the archive's target"));
            }
        }
    }
    let clean = clean.into_os_string().into_string();
    clean.map_err(|_| refused(&text, "is not UTF-8"))
}

/// Which of the volumes at `all` stand strictly below the one at `own`, relative to it.
pub fn nested(own: &str, all: &[String]) -> Vec<String> {
    all.iter().filter_map(|path| below(path, own)).map(str::to_owned).collect()
}

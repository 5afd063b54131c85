//! Taking over a process's files and starting it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, FlockOperation, OFlags};
use rustix::process::Pid;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::super::dir::{ProcessRecord, Slot, private_file};
use super::super::{sys, wire::Answer};
use crate::runtime::WindowSize;

/// A process that runs, and our ends of what leads to it.
pub struct Started {
    /// Its id.
    pub main: Pid,
    /// Its output and where it goes: one with a terminal, else two.
    pub streams: Vec<(OwnedFd, File)>,
    /// Its input, if it takes one.
    pub input: Option<OwnedFd>,
    /// Its terminal: our side, and its own, kept open so that the terminal outlives a program
    /// that closes it for a while.
    pub terminal: Option<(OwnedFd, OwnedFd)>,
}

/// Takes over the files in the present directory; the lock holds as long as the file is open.
///
/// # Errors
/// [`Answer::Busy`] if another supervisor has them.
pub fn claim() -> Result<(File, UnixListener), Answer> {
    let lock = private_file(Path::new("lock"), true).map_err(|e| refused("open the lock", &e))?;
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(Answer::Busy),
        Err(error) => return Err(refused("lock", &error.into())),
    }
    // A status is the end: whoever asks late must not run it again.
    if Path::new("status").exists() {
        return Err(Answer::Busy);
    }
    match std::fs::remove_file("socket") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(refused("remove the old socket", &error));
        }
        _ => {}
    }
    // By its bare name: an address of a socket may be 107 bytes long at most.
    let listener = UnixListener::bind("socket").map_err(|e| refused("make the socket", &e))?;
    listener.set_nonblocking(true).map_err(|e| refused("make the socket", &e))?;
    Ok((lock, listener))
}

/// Starts the process.
///
/// # Errors
/// Why it cannot be.
pub fn start(record: &ProcessRecord, slot: &Slot) -> Result<Started, Answer> {
    if !record.dir.is_dir() {
        return Err(Answer::NoDirectory);
    }
    let program = find(&record.path, &record.dir, record.env.get("PATH").map(String::as_str))?;
    let output = private_file(&slot.output(), true).map_err(|e| refused("make the output", &e))?;
    let mut command = Command::new(program);
    command.args(&record.args).env_clear().envs(&record.env).current_dir(&record.dir);
    sys::lead_session(&mut command, record.tty.is_some());
    let plumbing = match record.window() {
        Some(size) => with_terminal(&mut command, size, record.takes_input, output),
        None => with_pipes(&mut command, slot, record.takes_input, output),
    };
    let (streams, input, terminal) = plumbing.map_err(|e| refused("connect the process", &e))?;
    let child = command.spawn().map_err(|error| no_executable(&error))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let main = pid.ok_or(Answer::Failed { why: "the process has no id".to_owned() })?;
    Ok(Started { main, streams, input, terminal })
}

type Plumbing = (Vec<(OwnedFd, File)>, Option<OwnedFd>, Option<(OwnedFd, OwnedFd)>);

fn with_terminal(
    command: &mut Command,
    size: WindowSize,
    takes_input: bool,
    output: File,
) -> io::Result<Plumbing> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = rustix::pty::openpt(flags)?;
    rustix::pty::grantpt(&ours)?;
    rustix::pty::unlockpt(&ours)?;
    let theirs = rustix::pty::ioctl_tiocgptpeer(&ours, flags)?;
    set_window(&ours, size)?;
    set_nonblocking(&ours)?;
    // Without input a program that reads meets the end at once instead of waiting for ever.
    command.stdin(if takes_input { theirs.try_clone()?.into() } else { Stdio::null() });
    command.stdout(theirs.try_clone()?).stderr(theirs.try_clone()?);
    let input = if takes_input { Some(ours.try_clone()?) } else { None };
    Ok((vec![(ours.try_clone()?, output)], input, Some((ours, theirs))))
}

fn with_pipes(
    command: &mut Command,
    slot: &Slot,
    takes_input: bool,
    output: File,
) -> io::Result<Plumbing> {
    let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    let mut streams = Vec::new();
    for (file, is_output) in [(output, true), (private_file(&slot.stderr(), true)?, false)] {
        let (ours, theirs) = pipe()?;
        set_nonblocking(&ours)?;
        if is_output {
            command.stdout(theirs)
        } else {
            command.stderr(theirs)
        };
        streams.push((ours, file));
    }
    let input = if takes_input {
        let (theirs, ours) = pipe()?;
        set_nonblocking(&ours)?;
        command.stdin(theirs);
        Some(ours)
    } else {
        command.stdin(Stdio::null());
        None
    };
    Ok((streams, input, None))
}

/// Tells a terminal its size.
///
/// # Errors
/// As `tcsetwinsize(3)`.
pub fn set_window(terminal: &OwnedFd, size: WindowSize) -> io::Result<()> {
    let size = Winsize { ws_col: size.columns, ws_row: size.rows, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(rustix::termios::tcsetwinsize(terminal, size)?)
}

fn set_nonblocking(file: &OwnedFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(file, flags | OFlags::NONBLOCK)?)
}

/// The program that a command names: with a slash as it is, seen from the process's directory,
/// else the first on the path that may be executed.
fn find(path: &str, dir: &Path, search: Option<&str>) -> Result<PathBuf, Answer> {
    let may_run = |file: &Path| file.is_file() && rustix::fs::access(file, Access::EXEC_OK).is_ok();
    let no = |why: &str| Err(Answer::NoExecutable { why: why.to_owned() });
    if path.contains('/') {
        let file = dir.join(path);
        return match file.symlink_metadata() {
            Ok(_) if may_run(&file) => Ok(PathBuf::from(path)),
            Ok(_) if file.is_dir() => no("it is a directory"),
            Ok(_) if !file.exists() => no("it is a link to nothing"),
            Ok(_) => no("it may not be executed"),
            Err(_) => no("no such file"),
        };
    }
    let places = search.unwrap_or_default().split(':').filter(|place| !place.is_empty());
    let found = places.map(|place| dir.join(place).join(path)).find(|file| may_run(file));
    if path.is_empty() {
        no("it has no name")
    } else {
        found.map_or_else(|| no("not found in `PATH`"), Ok)
    }
}

fn no_executable(error: &io::Error) -> Answer {
    let why = match error.kind() {
        // The file was there before, so it is what its first line names that is missing.
        io::ErrorKind::NotFound => "its interpreter is missing".to_owned(),
        io::ErrorKind::ArgumentListTooLong => "its arguments are too long".to_owned(),
        _ => error.to_string(),
    };
    Answer::NoExecutable { why }
}

fn refused(action: &str, error: &io::Error) -> Answer {
    Answer::Failed { why: format!("cannot {action}: {error}") }
}

/// Reads the first input and removes it: it may hold secrets.
///
/// # Errors
/// As `read(2)`.
pub fn take_input(slot: &Slot) -> io::Result<Vec<u8>> {
    let path = slot.root.join("input");
    let bytes = std::fs::read(&path)?;
    std::fs::remove_file(path)?;
    Ok(bytes)
}

//! All that a process started: finding it, ending it, knowing when nothing is left.
//!
//! The supervisor is the child subreaper, so whatever loses its parent becomes its own child:
//! once it has no child, nothing is left.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

/// Starts the thread that collects children as they end. The pipe gives the exit status of
/// `main` as i32, native order, and ends once no child is left.
///
/// # Errors
/// When the machine has no pipe or thread to give.
pub fn collect(main: Pid) -> io::Result<OwnedFd> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut writer = File::from(writer);
    let work = move || loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == main => {
                if writer.write_all(&exit_status(status).to_ne_bytes()).is_err() {
                    return;
                }
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    };
    std::thread::Builder::new().name("collect".to_owned()).stack_size(64 * 1024).spawn(work)?;
    Ok(reader)
}

fn exit_status(status: WaitStatus) -> i32 {
    let by_signal = || status.terminating_signal().map(|signal| 128 + signal);
    status.exit_status().or_else(by_signal).unwrap_or(255)
}

/// Sends a signal to all descendants of this process. Those that are gone meanwhile or belong to
/// somebody else are passed over.
pub fn signal_all(signal: Signal) {
    for pid in descendants(rustix::process::getpid()) {
        rustix::process::kill_process(pid, signal).ok();
    }
}

fn descendants(of: Pid) -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, parent_in(&stat)?))
        })
        .collect();
    let mut found = vec![of.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

/// The parent in a line of `/proc/<pid>/stat`. The name in it may hold anything, brackets too.
fn parent_in(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        for (stat, parent) in [
            ("12 (sh) S 7 12 12 0", Some(7)),
            ("12 (a) b (c)) R 1 0", Some(1)),
            ("12 (sh)", None),
            ("", None),
        ] {
            assert_eq!(parent_in(stat), parent, "{stat:?}");
        }
    }
}

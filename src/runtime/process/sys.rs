//! The unsafe code of this room: what happens between fork and exec.

#![expect(unsafe_code, reason = "the standard library has no safe way to act in the child")]

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, ioctl_tiocsctty, set_parent_process_death_signal, setsid};

/// Makes the command's process the leader of a session of its own, with its standard output as
/// controlling terminal if `has_terminal`, and lets it die with the thread that starts it.
pub fn lead_session(command: &mut Command, has_terminal: bool) {
    let before_exec = move || {
        setsid()?;
        if has_terminal {
            ioctl_tiocsctty(rustix::stdio::stdout())?;
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    };
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are
    // allowed. It makes three bare system calls; it neither allocates, nor locks, nor panics, and
    // an error is turned into `io::Error` from its number alone.
    unsafe { command.pre_exec(before_exec) };
}

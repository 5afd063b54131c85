//! The unsafe code of this room: what happens between fork and exec.

#![expect(unsafe_code, reason = "the standard library has no safe way to act in the child")]

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, ioctl_tiocsctty, set_parent_process_death_signal, setsid};

/// What a terminal or a person sends, and what a program that was started in the background may
/// have been told to ignore: ignoring is inherited, and a task must not.
const HEARD: [libc::c_int; 8] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCHLD,
];

/// Makes the command's process the leader of a session of its own, with its standard output as
/// controlling terminal if `has_terminal`, lets it die with the thread that starts it, and lets it
/// hear all signals again.
pub fn lead_session(command: &mut Command, has_terminal: bool) {
    let before_exec = move || {
        for signal in HEARD {
            // SAFETY: it sets the default action, which is no function of this program; the call
            // is async-signal-safe.
            if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
                return Err(std::io::Error::last_os_error());
            }
        }
        setsid()?;
        if has_terminal {
            ioctl_tiocsctty(rustix::stdio::stdout())?;
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    };
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are
    // allowed. It makes bare system calls alone; it neither allocates, nor locks, nor panics, and
    // an error is turned into `io::Error` from its number alone.
    unsafe { command.pre_exec(before_exec) };
}

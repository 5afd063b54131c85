//! The one way back: used on return, error, panic, suspend, signal and hand-over alike.
//!
//! The terminal belongs to the process, not to a value, so what it needs to be given back is kept
//! for the process too.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use rustix::termios::{OptionalActions, Termios, tcsetattr};

/// Ends every mode that we, or a program that had the terminal from us, may have begun.
const RESET: &str = concat!(
    "\x1b[?2026l",                                  // synchronized update
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l", // mouse
    "\x1b[?2004l\x1b[?1004l",                       // paste, focus
    "\x1b[?1l\x1b>\x1b[?7h",                        // cursor keys, keypad, wrap
    "\x1b[r\x1b[0m\x1b(B",                          // region, colours, letters
    "\x1b[0 q\x1b[?25h",                            // cursor
);

/// Leaves the alternate screen.
const LEAVE: &str = "\x1b[?1049l\x1b[?25h";

struct Kept {
    output: OwnedFd,
    modes: Termios,
    owner: ThreadId,
}

static OURS: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// Whether the terminal is ours: then nothing else may print.
pub fn is_ours() -> bool {
    OURS.load(Ordering::SeqCst)
}

/// Gives the terminal back as it was. Does nothing if it is not ours; never fails.
pub fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = kept.take() {
        write_all(&kept.output, format!("{RESET}{LEAVE}").as_bytes());
        // The terminal may be gone; then there is nothing left to give back.
        let _ = tcsetattr(&kept.output, OptionalActions::Flush, &kept.modes);
    }
}

/// Remembers what [`restore`] needs, and from now on counts the terminal as ours.
pub(super) fn keep(output: OwnedFd, modes: Termios) {
    let owner = std::thread::current().id();
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { output, modes, owner });
    OURS.store(true, Ordering::SeqCst);
    HOOK.call_once(hook);
}

/// What ends the modes of a program that had the terminal.
pub(super) fn reset() -> &'static str {
    RESET
}

/// Takes what panics of other threads said while the terminal was ours.
pub fn take_panics() -> Vec<String> {
    std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Prints what panics said meanwhile; called when the terminal is given back for good.
pub(super) fn tell_panics() {
    for panic in take_panics() {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}

/// A panic of the thread that owns the terminal gives it back before it prints; one of another
/// thread, whose task catches it, must not tear the screen down and is kept.
fn hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let owner = KEPT.try_lock().ok().and_then(|kept| kept.as_ref().map(|kept| kept.owner));
        if is_ours() && owner.is_some_and(|owner| owner != std::thread::current().id()) {
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            if panics.len() < 100 {
                panics.push(panic.to_string());
            }
            return;
        }
        restore();
        before(panic);
    }));
}

pub(super) fn write_all(output: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(output, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let mut fds = [rustix::event::PollFd::new(output, rustix::event::PollFlags::OUT)];
                if rustix::event::poll(&mut fds, None).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

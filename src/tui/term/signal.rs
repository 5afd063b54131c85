//! Signals that a terminal program meets.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why the process was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quit {
    /// SIGTERM.
    Terminated,
    /// SIGHUP: the terminal is gone.
    HungUp,
    /// SIGINT from outside; ctrl-c is a key.
    Interrupted,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Resize,
    Suspend,
    Continue,
    Quit(Quit),
}

/// Receivers of all of them.
#[derive(Debug)]
pub(super) struct Signals {
    resize: Signal,
    suspend: Signal,
    go_on: Signal,
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            resize: signal(SignalKind::window_change())?,
            suspend: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal. May be dropped and asked again: nothing is lost, only merged.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Quit(Quit::Terminated),
            _ = self.hang_up.recv() => Asked::Quit(Quit::HungUp),
            _ = self.interrupt.recv() => Asked::Quit(Quit::Interrupted),
            _ = self.suspend.recv() => Asked::Suspend,
            _ = self.go_on.recv() => Asked::Continue,
            _ = self.resize.recv() => Asked::Resize,
        }
    }

    /// Waits until the process goes on.
    pub async fn go_on(&mut self) {
        self.go_on.recv().await;
    }
}

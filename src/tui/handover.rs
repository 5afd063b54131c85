//! A shell has the whole terminal: bytes go both ways untouched, but for the way out.
//!
//! *Follows:* ssh's escapes after Enter: `~.` ends, `~?` tells, `~~` is a `~`; telnet's Ctrl-].

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::io::unix::AsyncFd;

use crate::control::{Shell, ShellInput, ShellOutput, ShellSize};
use crate::tui::format;
use crate::tui::term::{Happened, Lent, TermError};

/// Leaves the shell at any moment.
const LEAVE: u8 = 0x1d;

const HELP: &str = "\r\n~.  ends the shell\r\n~?  this\r\n~~  a ~\r\nctrl-]  ends it too\r\n";

/// How a shell ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exit(i32),
    /// It was lost.
    Lost(String),
    /// A person left.
    Left,
}

impl End {
    /// In words.
    pub fn told(&self, after: Duration) -> String {
        let after = format::duration(after);
        match self {
            End::Exit(0) => format!("shell ended after {after}"),
            End::Exit(status) => format!("shell ended with exit {status} after {after}"),
            End::Lost(why) => format!("shell lost after {after}: {why}"),
            End::Left => format!("left the shell after {after}"),
        }
    }
}

/// What is typed, cut at the ways out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escapes {
    /// The last byte was a line's end, or nothing was typed yet.
    is_fresh: bool,
    /// A `~` after a line's end waits for what follows.
    has_tilde: bool,
}

/// What came of typed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// These go in.
    Bytes(Vec<u8>),
    /// These go in, then the escapes are told.
    Help(Vec<u8>),
    /// These go in, then it ends.
    Leave(Vec<u8>),
}

impl Default for Escapes {
    fn default() -> Self {
        Self { is_fresh: true, has_tilde: false }
    }
}

impl Escapes {
    /// Takes typed bytes; gives what goes in, and what the last of them means. What follows a way
    /// out is dropped.
    pub fn take(&mut self, bytes: &[u8]) -> Typed {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if byte == LEAVE {
                return Typed::Leave(out);
            }
            if std::mem::take(&mut self.has_tilde) {
                match byte {
                    b'.' => return Typed::Leave(out),
                    b'?' => {
                        self.is_fresh = true;
                        return Typed::Help(out);
                    }
                    b'~' => {}
                    _ => out.push(b'~'),
                }
            } else if byte == b'~' && self.is_fresh {
                self.has_tilde = true;
                continue;
            }
            self.is_fresh = matches!(byte, b'\r' | b'\n');
            out.push(byte);
        }
        Typed::Bytes(out)
    }
}

/// Moves bytes between the terminal and a shell until one of them ends; then the terminal is ours
/// again.
///
/// # Errors
/// When the terminal cannot be used, or not be had back.
pub async fn pump(mut lent: Lent<'_>, shell: Shell, greeting: &str) -> Result<End, TermError> {
    let Shell { directory, input, mut output } = shell;
    let hello = format!("{greeting}\r\n{directory}  enter ~ . or ctrl-] leaves\r\n\r\n");
    write(&lent, hello.as_bytes());
    let (columns, rows) = lent.size();
    let _ = input.send(ShellInput::Resize(ShellSize { columns, rows })).await;
    let mut escapes = Escapes::default();
    let typed = std::mem::take(&mut lent.typed);
    let mut end = None;
    if !typed.is_empty() && forward(&mut escapes, &typed, &lent, &input).await {
        end = Some(End::Left);
    }
    let keyboard = rustix::io::dup(&lent.input)
        .map_err(io::Error::from)
        .and_then(|fd| AsyncFd::with_interest(fd, tokio::io::Interest::READABLE))
        .map_err(TermError::Keyboard)?;
    while end.is_none() {
        // A guard, a channel and the signals may all be dropped and asked again.
        tokio::select! {
            ready = keyboard.readable() => {
                let mut guard = ready.map_err(TermError::Keyboard)?;
                let mut bytes = [0u8; 4096];
                // Readiness may be stale, and the terminal is not in non-blocking mode.
                if !has_input(&lent) {
                    guard.clear_ready();
                    continue;
                }
                match rustix::io::read(&lent.input, &mut bytes) {
                    Ok(0) => end = Some(End::Lost("the terminal is gone".to_owned())),
                    Ok(n) => {
                        if forward(&mut escapes, &bytes[..n], &lent, &input).await {
                            end = Some(End::Left);
                        }
                    }
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => guard.clear_ready(),
                    Err(_) => end = Some(End::Lost("the terminal is gone".to_owned())),
                }
            }
            piece = output.recv() => match piece {
                Some(ShellOutput::Bytes(bytes)) => write(&lent, &bytes),
                Some(ShellOutput::Exit(status)) => end = Some(End::Exit(status)),
                Some(ShellOutput::Lost(why)) => end = Some(End::Lost(why)),
                None => end = Some(End::Lost("it ended without a word".to_owned())),
            },
            happened = lent.next() => match happened {
                Happened::Resized(columns, rows) => {
                    let size = ShellSize { columns, rows };
                    let _ = input.send(ShellInput::Resize(size)).await;
                }
                Happened::Quit(_) | Happened::Gone => {
                    end = Some(End::Lost("the console was told to end".to_owned()));
                }
                Happened::Input(_) | Happened::Suspend => {}
            },
        }
    }
    drop(keyboard);
    drop(input);
    lent.back()?;
    Ok(end.unwrap_or(End::Left))
}

/// Sends what was typed; true when it says to leave.
async fn forward(
    escapes: &mut Escapes,
    bytes: &[u8],
    lent: &Lent<'_>,
    input: &tokio::sync::mpsc::Sender<ShellInput>,
) -> bool {
    let (bytes, is_end) = match escapes.take(bytes) {
        Typed::Bytes(bytes) => (bytes, false),
        Typed::Leave(bytes) => (bytes, true),
        Typed::Help(bytes) => {
            write(lent, HELP.as_bytes());
            (bytes, false)
        }
    };
    if !bytes.is_empty() && input.send(ShellInput::Bytes(bytes)).await.is_err() {
        return false;
    }
    is_end
}

fn has_input(lent: &Lent<'_>) -> bool {
    let mut fds = [PollFd::new(&lent.input, PollFlags::IN)];
    poll(&mut fds, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|n| n > 0)
}

/// Writes all of it. What a terminal that is gone does not take is lost.
fn write(lent: &Lent<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(&lent.output, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let mut fds = [PollFd::new(&lent.output, PollFlags::OUT)];
                if poll(&mut fds, None).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// The sequence that hands a text to the terminal's clipboard.
pub fn clipboard(text: &str) -> String {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("\x1b]52;c;{coded}\x07")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_out_are_heard_after_a_line_only() {
        let check = |typed: &[&[u8]], expected: Typed| {
            let mut escapes = Escapes::default();
            let mut last = Typed::Bytes(Vec::new());
            for bytes in typed {
                last = escapes.take(bytes);
            }
            assert_eq!(last, expected, "{typed:?}");
        };
        check(&[b"~."], Typed::Leave(Vec::new()));
        check(&[b"ls\r~."], Typed::Leave(b"ls\r".to_vec()));
        check(&[b"ls\r", b"~", b"."], Typed::Leave(Vec::new()));
        check(&[b"cd ~."], Typed::Bytes(b"cd ~.".to_vec()));
        check(&[b"\r~x"], Typed::Bytes(b"\r~x".to_vec()));
        check(&[b"\r~~"], Typed::Bytes(b"\r~".to_vec()));
        check(&[b"\r~?"], Typed::Help(b"\r".to_vec()));
        check(&[b"ab\x1dcd"], Typed::Leave(b"ab".to_vec()));
    }
}

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
use crate::tui::terminal::{Escapes, Piece, Way};

/// Leaves the shell at any moment.
const LEAVE: u8 = 0x1d;

const HELP: &[u8] = b"\r\n~.  ends the shell\r\n~?  this\r\n~~  a ~\r\nctrl-]  ends it too\r\n";

/// How a shell ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exit(i32),
    /// It was lost.
    Lost(String),
    /// A person left.
    Left,
    /// The process was told to end.
    Quit,
}

impl End {
    /// In words.
    pub fn told(&self, after: Duration) -> String {
        let after = format::duration(after);
        match self {
            End::Exit(0) => format!("shell ended after {after}"),
            End::Exit(status) => format!("shell ended with exit {status} after {after}"),
            End::Lost(why) => format!("shell lost after {after}: {why}"),
            End::Left | End::Quit => format!("left the shell after {after}"),
        }
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
        .and_then(|fd| AsyncFd::register_with_interest(fd, tokio::io::Interest::READABLE))
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
                    end = Some(End::Quit);
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

/// Sends what was typed; true when it says to leave. What follows a way out is dropped.
async fn forward(
    escapes: &mut Escapes,
    bytes: &[u8],
    lent: &Lent<'_>,
    input: &tokio::sync::mpsc::Sender<ShellInput>,
) -> bool {
    let leave = bytes.iter().position(|byte| *byte == LEAVE);
    for piece in escapes.feed(&bytes[..leave.unwrap_or(bytes.len())]) {
        match piece {
            // A shell that takes nothing more has ended; its end is told by its output.
            Piece::Bytes(bytes) => drop(input.send(ShellInput::Bytes(bytes)).await),
            Piece::Way(Way::Detach) => return true,
            Piece::Way(Way::Help | Way::Scroll | Way::Hold) => write(lent, HELP),
        }
    }
    leave.is_some()
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

//! A shell has the whole terminal: bytes go both ways untouched, but for the way out.
//!
//! *Follows:* ssh's escapes after Enter: `~.` ends, `~?` tells, `~~` is a `~`; telnet's Ctrl-].

use std::io;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

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
    let hello = format!("\r\n{greeting}\r\n{directory}  enter ~ . or ctrl-] leaves\r\n\r\n");
    write(&lent, hello.as_bytes());
    let (columns, rows) = lent.size();
    let _ = input.send(ShellInput::Resize(ShellSize { columns, rows })).await;
    let mut escapes = Escapes::default();
    let typed = std::mem::take(&mut lent.typed);
    let mut end = None;
    if !typed.is_empty() && forward(&mut escapes, &typed, &lent, &input).await {
        end = Some(End::Left);
    }
    let mut keyboard = Keyboard::start(&lent).map_err(TermError::Keyboard)?;
    while end.is_none() {
        // Channels and the signals may all be dropped and asked again.
        tokio::select! {
            bytes = keyboard.bytes.recv() => match bytes {
                Some(bytes) => {
                    if forward(&mut escapes, &bytes, &lent, &input).await {
                        end = Some(End::Left);
                    }
                }
                None => end = Some(End::Lost("the terminal is gone".to_owned())),
            },
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
    keyboard.stop();
    drop(input);
    lent.back()?;
    Ok(end.unwrap_or(End::Left))
}

/// Sends what was typed; true when it says to leave. What follows a way out is dropped.
async fn forward(
    escapes: &mut Escapes,
    bytes: &[u8],
    lent: &Lent<'_>,
    input: &mpsc::Sender<ShellInput>,
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

/// The thread that reads the keyboard while it is lent out. Dropping its pipe ends it.
struct Keyboard {
    bytes: mpsc::Receiver<Vec<u8>>,
    wake: OwnedFd,
    thread: JoinHandle<()>,
}

impl Keyboard {
    fn start(lent: &Lent<'_>) -> io::Result<Keyboard> {
        let input = rustix::io::fcntl_dupfd_cloexec(&lent.input, 3)?;
        let (woken, wake) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // Full means that the shell takes nothing: then the terminal's own buffer fills.
        let (tx, bytes) = mpsc::channel(16);
        let thread = std::thread::Builder::new()
            .name("shell keyboard".to_owned())
            .spawn(move || read_on(&input, &woken, &tx))?;
        Ok(Keyboard { bytes, wake, thread })
    }

    /// Ends the thread and waits until it reads no more.
    fn stop(mut self) {
        self.bytes.close();
        drop(self.wake);
        // A thread that panicked reads no more either.
        let _ = self.thread.join();
    }
}

/// Reads until told to stop, or the terminal is gone.
fn read_on(input: &OwnedFd, woken: &OwnedFd, tx: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0u8; 4096];
    loop {
        let mut fds = [PollFd::new(input, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        match rustix::io::read(input, &mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                if tx.blocking_send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}

/// Writes all of it. What a terminal that is gone does not take is lost.
fn write(lent: &Lent<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(&lent.output, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
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

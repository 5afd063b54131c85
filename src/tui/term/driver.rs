//! The terminal while it is ours: drawing, waiting for what happens, lending it out.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, getpid, getppid, getsid, kill_current_process_group};
use rustix::termios::{OptionalActions, isatty, tcgetattr, tcgetwinsize, tcsetattr};

use super::decode::Input;
use super::reader::Reader;
use super::restore::{self, write_all};
use super::signal::{Asked, Quit, Signals};

/// Why the terminal could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TermError {
    /// Neither the standard streams nor `/dev/tty` are a terminal.
    #[error("the console needs a terminal")]
    NoTerminal(#[source] io::Error),
    /// Its modes could not be set.
    #[error("cannot set the modes of the terminal")]
    Modes(#[source] io::Error),
    /// The keyboard could not be read.
    #[error("cannot read the keyboard")]
    Keyboard(#[source] io::Error),
    /// Signals could not be received.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
    /// Drawing failed.
    #[error("cannot draw")]
    Draw(#[source] io::Error),
}

/// What the terminal is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether the mouse is told; off, the terminal's own selecting and copying works.
    pub mouse: bool,
    /// Frames are not wrapped in synchronized updates (for terminals that print the sequence).
    pub plain: bool,
}

/// What happened at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// Something was typed.
    Input(Input),
    /// It has another size now: columns, rows.
    Resized(u16, u16),
    /// A person wants the shell back: call [`Term::suspend`].
    Suspend,
    /// The process should end.
    Quit(Quit),
    /// The terminal is gone.
    Gone,
}

/// The terminal while it is ours. Dropping it gives it back.
pub struct Term {
    screen: Terminal<CrosstermBackend<Out>>,
    out: Out,
    reader: Option<Reader>,
    signals: Signals,
    input: OwnedFd,
    output: OwnedFd,
    options: Options,
}

impl Term {
    /// Takes the terminal: raw mode, alternate screen, paste and focus told, cursor hidden. Must
    /// be called inside a tokio runtime, by the thread that will draw.
    ///
    /// # Errors
    /// When there is no terminal, or it refuses.
    pub fn enter(options: Options) -> Result<Term, TermError> {
        let (input, output) = streams().map_err(TermError::NoTerminal)?;
        let signals = Signals::new().map_err(TermError::Signals)?;
        let out = Out::default();
        let size = size(&output);
        take(&output, options).map_err(TermError::Modes)?;
        let viewport = ratatui::Viewport::Fixed(Rect::new(0, 0, size.0, size.1));
        let screen = Terminal::with_options(
            CrosstermBackend::new(out.clone()),
            ratatui::TerminalOptions { viewport },
        )
        .map_err(TermError::Draw)?;
        let mut term = Term { screen, out, reader: None, signals, input, output, options };
        term.listen()?;
        Ok(term)
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        size(&self.output)
    }

    /// Draws one frame, in one write; only cells that changed are sent.
    ///
    /// # Errors
    /// When the terminal does not take it.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> Result<(), TermError> {
        if !self.options.plain {
            self.screen.backend_mut().write_all(b"\x1b[?2026h").map_err(TermError::Draw)?;
        }
        self.screen.draw(paint).map_err(TermError::Draw)?;
        if !self.options.plain {
            self.screen.backend_mut().write_all(b"\x1b[?2026l").map_err(TermError::Draw)?;
        }
        self.out.send_to(&self.output);
        Ok(())
    }

    /// Sends all cells again with the next frame.
    ///
    /// # Errors
    /// When the terminal does not take it.
    pub fn redraw(&mut self) -> Result<(), TermError> {
        let (width, height) = self.size();
        // Not `clear`: that asks the terminal where the cursor is, and the answer would be ours to
        // read.
        self.screen.resize(Rect::new(0, 0, width, height)).map_err(TermError::Draw)
    }

    /// Writes bytes to the terminal as they are: a bell, a text for the clipboard.
    ///
    /// # Errors
    /// When the terminal does not take them.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), TermError> {
        self.out.write_all(bytes).map_err(TermError::Draw)?;
        self.out.send_to(&self.output);
        Ok(())
    }

    /// Waits for what happens next. May be dropped and asked again: nothing is lost.
    pub async fn next(&mut self) -> Happened {
        let Some(reader) = &mut self.reader else { return Happened::Gone };
        let asked = tokio::select! {
            biased;
            asked = self.signals.next() => asked,
            input = reader.next() => {
                return input.map_or(Happened::Gone, Happened::Input);
            }
        };
        match asked {
            Asked::Resize => {
                let (width, height) = self.size();
                // A frame after a resize begins on an empty screen; a failure shows in draw.
                let _ = self.screen.resize(Rect::new(0, 0, width, height));
                Happened::Resized(width, height)
            }
            Asked::Suspend => Happened::Suspend,
            Asked::Quit(quit) => Happened::Quit(quit),
            // We were stopped without being asked (SIGSTOP): the modes may be another's.
            Asked::Continue => {
                if take(&self.output, self.options).is_err() || self.redraw().is_err() {
                    return Happened::Gone;
                }
                let (width, height) = self.size();
                Happened::Resized(width, height)
            }
        }
    }

    /// What waits already, without waiting.
    pub fn try_next(&mut self) -> Option<Input> {
        self.reader.as_mut()?.try_next()
    }

    /// Gives the terminal back, stops the process, and takes the terminal again when the shell
    /// lets it go on. False, with nothing done, when no shell is there to let it.
    ///
    /// # Errors
    /// When the terminal cannot be had again.
    pub async fn suspend(&mut self) -> Result<bool, TermError> {
        if is_alone() {
            return Ok(false);
        }
        let typed = self.quiet();
        restore::restore();
        kill_current_process_group(rustix::process::Signal::STOP)
            .map_err(|errno| TermError::Modes(errno.into()))?;
        self.signals.go_on().await;
        self.resume()?;
        drop(typed);
        Ok(true)
    }

    /// Lends the terminal out, in raw mode, to what speaks to it byte by byte: nothing of ours
    /// reads or draws until [`Lent::back`]. Keys typed since are in [`Lent::typed`].
    ///
    /// # Errors
    /// When it refuses raw mode.
    pub fn lend(&mut self) -> Result<Lent<'_>, TermError> {
        let typed = self.quiet();
        write_all(
            &self.output,
            b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[?1004l\x1b[?1006l\x1b[?1002l",
        );
        let input = copy(&self.input).map_err(TermError::Modes)?;
        let output = copy(&self.output).map_err(TermError::Modes)?;
        Ok(Lent { typed, input, output, term: self })
    }

    /// Lends the terminal out to a program of this machine, such as an editor: modes as they were
    /// before we came. It is taken again by [`Term::resume`].
    pub fn give_back(&mut self) {
        self.quiet();
        restore::restore();
    }

    /// Takes the terminal again; the next frame is sent whole.
    ///
    /// # Errors
    /// When it refuses.
    pub fn resume(&mut self) -> Result<(), TermError> {
        take(&self.output, self.options).map_err(TermError::Modes)?;
        self.redraw()?;
        self.listen()
    }

    fn listen(&mut self) -> Result<(), TermError> {
        if self.reader.is_none() {
            let input = copy(&self.input).map_err(TermError::Keyboard)?;
            self.reader = Some(Reader::start(input).map_err(TermError::Keyboard)?);
        }
        Ok(())
    }

    fn quiet(&mut self) -> Vec<u8> {
        self.reader.take().map(Reader::stop).unwrap_or_default()
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        self.quiet();
        restore::restore();
        restore::tell_panics();
    }
}

/// The terminal while it is lent out; still in raw mode.
pub struct Lent<'a> {
    /// Keys that were typed and that nobody saw.
    pub typed: Vec<u8>,
    /// Where keys come from.
    pub input: OwnedFd,
    /// Where bytes go.
    pub output: OwnedFd,
    term: &'a mut Term,
}

impl Lent<'_> {
    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.term.size()
    }

    /// Waits until the window has another size, or the process should end.
    pub async fn next(&mut self) -> Happened {
        loop {
            match self.term.signals.next().await {
                Asked::Resize => {
                    let (width, height) = self.term.size();
                    return Happened::Resized(width, height);
                }
                Asked::Quit(quit) => return Happened::Quit(quit),
                Asked::Suspend | Asked::Continue => {}
            }
        }
    }

    /// Takes the terminal back, whatever modes it was left in; the next frame is sent whole.
    ///
    /// # Errors
    /// When it refuses.
    pub fn back(self) -> Result<(), TermError> {
        self.term.resume()
    }
}

/// What frames are written into: sent in one piece, when the frame is whole. The backend keeps one
/// end and does not give it back, so both ends share the bytes.
#[derive(Debug, Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Out {
    fn send_to(&self, output: &OwnedFd) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write_all(output, &bytes);
        bytes.clear();
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing: a frame is sent whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Raw mode, alternate screen, and what we want to be told.
fn take(output: &OwnedFd, options: Options) -> io::Result<()> {
    if !restore::is_ours() {
        let modes = tcgetattr(output)?;
        restore::keep(copy(output)?, modes);
    }
    let mut modes = tcgetattr(output)?;
    modes.make_raw();
    tcsetattr(output, OptionalActions::Now, &modes)?;
    let mouse = if options.mouse { "\x1b[?1002h\x1b[?1006h" } else { "" };
    let begin =
        format!("{}\x1b[?1049h\x1b[?2004h\x1b[?1004h{mouse}\x1b[?25l\x1b[2J", restore::reset());
    write_all(output, begin.as_bytes());
    Ok(())
}

fn streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
    let tty = || open("/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let input = if isatty(stdin) { rustix::io::fcntl_dupfd_cloexec(stdin, 3)? } else { tty()? };
    let output = if isatty(stdout) { rustix::io::fcntl_dupfd_cloexec(stdout, 3)? } else { tty()? };
    Ok((input, output))
}

fn copy(fd: &OwnedFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), 3)?)
}

fn size(output: &OwnedFd) -> (u16, u16) {
    match tcgetwinsize(output) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// Whether no shell waits for us: stopping would be for ever.
fn is_alone() -> bool {
    let session = |pid: Option<Pid>| getsid(pid).ok();
    session(None) == Some(getpid()) || session(getppid()) != session(None)
}

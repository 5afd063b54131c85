//! The process beside each process: keeps its terminal, its output and its end while cores come
//! and go.
//!
//! It is this program, started again with [`WORD`] and a directory. One thread, one `poll(2)`
//! loop, no async runtime: it must be there within milliseconds and cost next to nothing while
//! the process runs. It writes output to a file as it comes and only then wakes whoever watches,
//! so a slow watcher never holds up the process. It measures time by itself: the core's clock ends
//! with the core. It never decides that something is to end: it
//! is told so on its socket, or lets go of what is left once the main process has ended.

mod client;
mod family;
mod start;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::Mode;
use rustix::process::Signal;

use self::client::{Client, Request};
use self::start::Started;
use super::dir::{Slot, StatusRecord, private_file};
use super::wire::{self, Answer};

/// The argument that makes the program a supervisor.
pub const WORD: &str = "__supervise";

/// Output is taken in pieces of this size.
const PIECE: usize = 64 * 1024;
/// How long what is left after the main process may take to vanish before it is killed: usually
/// there is nothing, and its end is known a moment later.
const LAST_MOMENT: Duration = Duration::from_millis(5);
/// How often what does not vanish is killed again: it may have started something meanwhile.
const ROUND: Duration = Duration::from_millis(20);
/// After that much killing, what is left is out of reach (such as another user's).
const OUT_OF_REACH: Duration = Duration::from_secs(5);
/// What a tied process gets when the core lets go of it.
const GRACE_OF_TIED: Duration = Duration::from_secs(2);
/// What ctrl-d is to a terminal.
const END_OF_FILE: u8 = 4;
/// The room that a status takes, made while there is room.
const STATUS_BYTES: usize = 256;

/// Acts as a supervisor if the program's arguments ask for one, and gives its exit code.
pub fn supervise_if_asked(mut args: impl Iterator<Item = OsString>) -> Option<u8> {
    if args.nth(1)? != WORD {
        return None;
    }
    let slot = Slot { root: args.next()?.into() };
    Some(match supervise(&slot) {
        Ok(()) => 0,
        Err(error) => {
            let text = format!("cannot supervise `{}`: {error}\n", slot.root.display());
            rustix::io::write(rustix::stdio::stderr(), text.as_bytes()).ok();
            1
        }
    })
}

fn supervise(slot: &Slot) -> io::Result<()> {
    // Away from the core's session: what ends that one, such as ctrl-c, is not meant for us.
    rustix::process::setsid().ok();
    std::env::set_current_dir(&slot.root)?;
    let (lock, listener) = match start::claim() {
        Ok(claimed) => claimed,
        Err(answer) => return tell(&answer),
    };
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let record = slot.process().map_err(io::Error::other)?.ok_or(io::ErrorKind::NotFound)?;
    let input = start::take_input(slot)?;
    let status = Status::reserve()?;
    let started = match start::start(&record, slot) {
        Ok(started) => started,
        Err(answer) => {
            // Nothing ran, so it may be tried again, as soon as the core knows.
            std::fs::remove_file(slot.output()).ok();
            drop((listener, lock));
            return tell(&answer);
        }
    };
    let family = family::collect(started.main)?;
    tell(&Answer::Started)?;
    let is_tied = record.is_tied;
    let mut supervisor = Supervisor::new(listener, started, family, input, is_tied);
    supervisor.run()?;
    let exit_status = supervisor.exit.unwrap_or(255);
    status.write(StatusRecord { exit_status, lost_bytes: supervisor.lost })
    // The lock and all connections go with this process.
}

/// Answers the core, which reads until we let go of our standard output.
fn tell(answer: &Answer) -> io::Result<()> {
    let text = serde_json::to_vec(answer)?;
    // A core that died meanwhile is no reason to stop.
    rustix::io::write(rustix::stdio::stdout(), &text).ok();
    let nowhere = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(&nowhere)?)
}

/// The end of the process, with room on the disk made in advance.
struct Status {
    file: File,
}

impl Status {
    fn reserve() -> io::Result<Self> {
        let mut file = private_file(Path::new("status.next"), false)?;
        file.write_all(&[b' '; STATUS_BYTES])?;
        Ok(Self { file })
    }

    fn write(&self, record: StatusRecord) -> io::Result<()> {
        self.file.write_all_at(&serde_json::to_vec(&record)?, 0)?;
        std::fs::rename("status.next", "status")
    }
}

struct Supervisor {
    listener: UnixListener,
    clients: Vec<Client>,
    /// Where output comes from and goes to, until it is closed.
    streams: Vec<Option<(OwnedFd, File)>>,
    input: Option<OwnedFd>,
    /// Input that the process has not taken yet.
    pending: Vec<u8>,
    closes_input: bool,
    terminal: Option<(OwnedFd, OwnedFd)>,
    /// Tells of the main process's end and closes when nothing of it is left.
    family: Option<File>,
    is_tied: bool,
    exit: Option<i32>,
    /// When everything is killed next.
    kill_at: Option<Instant>,
    /// When that began.
    killing_since: Option<Instant>,
    lost: u64,
    buffer: Vec<u8>,
}

/// What an event came from.
#[derive(Clone, Copy)]
enum Source {
    Listener,
    Family,
    Keeper,
    Input,
    Stream(usize),
    Client(usize),
}

impl Supervisor {
    fn new(
        listener: UnixListener,
        started: Started,
        family: OwnedFd,
        pending: Vec<u8>,
        is_tied: bool,
    ) -> Self {
        Self {
            listener,
            clients: Vec::new(),
            streams: started.streams.into_iter().map(Some).collect(),
            input: started.input,
            pending,
            closes_input: false,
            terminal: started.terminal,
            family: Some(File::from(family)),
            is_tied,
            exit: None,
            kill_at: None,
            killing_since: None,
            lost: 0,
            buffer: vec![0; PIECE],
        }
    }

    /// Serves until the process has ended, nothing of it is left and all its output is kept.
    fn run(&mut self) -> io::Result<()> {
        loop {
            for (source, flags) in self.wait()? {
                self.handle(source, flags)?;
            }
            self.clients.retain(|client| !client.is_closed);
            self.kill_when_due();
            if self.family.is_none() {
                // All that can write is gone, so what can be read now is all there is.
                while (0..self.streams.len()).any(|index| self.take_output(index)) {}
                return Ok(());
            }
        }
    }

    fn kill_when_due(&mut self) {
        let now = Instant::now();
        if self.kill_at.is_none_or(|at| at > now) {
            return;
        }
        family::signal_all(Signal::KILL);
        let since = *self.killing_since.get_or_insert(now);
        let is_out_of_reach = now.duration_since(since) > OUT_OF_REACH;
        if is_out_of_reach && self.exit.is_some() {
            self.family = None;
        }
        self.kill_at = Some(now + if is_out_of_reach { OUT_OF_REACH } else { ROUND });
    }

    fn wait(&self) -> io::Result<Vec<(Source, PollFlags)>> {
        let mut sources = vec![Source::Listener];
        let mut fds = vec![PollFd::new(&self.listener, PollFlags::IN)];
        if let Some(family) = &self.family {
            sources.push(Source::Family);
            fds.push(PollFd::new(family, PollFlags::IN));
        }
        let keeper = rustix::stdio::stdin();
        if self.is_tied && self.kill_at.is_none() {
            sources.push(Source::Keeper);
            fds.push(PollFd::from_borrowed_fd(keeper, PollFlags::IN));
        }
        if let Some(input) = self.input.as_ref().filter(|_| !self.pending.is_empty()) {
            sources.push(Source::Input);
            fds.push(PollFd::new(input, PollFlags::OUT));
        }
        for (index, stream) in self.streams.iter().enumerate() {
            let Some((stream, _)) = stream else { continue };
            sources.push(Source::Stream(index));
            fds.push(PollFd::new(stream, PollFlags::IN));
        }
        for (index, client) in self.clients.iter().enumerate() {
            // A stalled client is not read; that it hangs up is told all the same.
            let flags = if client.is_stalled { PollFlags::empty() } else { PollFlags::IN };
            sources.push(Source::Client(index));
            fds.push(PollFd::new(&client.stream, flags));
        }
        match rustix::event::poll(&mut fds, self.timeout().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    /// How long to wait without an event: for ever, or until it is time to kill.
    fn timeout(&self) -> Option<Timespec> {
        let span = self.kill_at?.saturating_duration_since(Instant::now());
        Timespec::try_from(span).ok()
    }

    fn handle(&mut self, source: Source, flags: PollFlags) -> io::Result<()> {
        match source {
            Source::Listener => {
                if let Ok((stream, _)) = self.listener.accept() {
                    self.clients.push(Client::new(stream)?);
                }
            }
            Source::Family => self.hear_of_family()?,
            Source::Keeper => self.stop(GRACE_OF_TIED),
            Source::Input => self.give_input(),
            Source::Stream(index) => {
                self.take_output(index);
            }
            Source::Client(index) => self.serve(index, flags),
        }
        Ok(())
    }

    fn hear_of_family(&mut self) -> io::Result<()> {
        let Some(family) = &mut self.family else { return Ok(()) };
        let mut status = [0; 4];
        match family.read(&mut status)? {
            4 => {
                self.exit = Some(i32::from_ne_bytes(status));
                // When it was told to stop, its children have what is left of the grace.
                self.kill_at.get_or_insert_with(|| Instant::now() + LAST_MOMENT);
            }
            _ => self.family = None,
        }
        Ok(())
    }

    fn stop(&mut self, grace: Duration) {
        let kill_at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(kill_at, |earlier| earlier.min(kill_at)));
        family::signal_all(Signal::TERM);
        if self.is_tied {
            // An interactive shell passes over SIGTERM.
            family::signal_all(Signal::HUP);
        }
        // What was suspended could not act on it.
        family::signal_all(Signal::CONT);
    }

    /// Takes a piece of output and keeps it; whether there was any.
    fn take_output(&mut self, index: usize) -> bool {
        let Some((stream, file)) = &mut self.streams[index] else { return false };
        let mut filled = 0;
        let mut is_open = true;
        while filled < self.buffer.len() {
            match rustix::io::read(&*stream, &mut self.buffer[filled..]) {
                Ok(0) => is_open = false,
                Ok(n) => {
                    filled += n;
                    continue;
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                // A terminal that nobody has open any more.
                Err(_) => is_open = false,
            }
            break;
        }
        let mut rest = &self.buffer[..filled];
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(n) if n > 0 => rest = &rest[n..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A full disk ends no process; what is missing is told with its end.
                Ok(_) | Err(_) => {
                    self.lost += rest.len() as u64;
                    break;
                }
            }
        }
        if filled > 0 {
            self.clients.iter_mut().for_each(Client::wake);
        }
        if !is_open {
            self.streams[index] = None;
        }
        filled > 0
    }

    fn give_input(&mut self) {
        let Some(input) = &self.input else { return };
        match rustix::io::write(input, &self.pending) {
            Ok(n) => {
                self.pending.drain(..n);
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => {
                // The process has closed it.
                self.pending.clear();
                self.input = None;
            }
        }
        if self.pending.is_empty() && self.closes_input {
            self.input = None;
        }
        for index in 0..self.clients.len() {
            if self.clients[index].is_stalled {
                self.answer_requests(index);
            }
        }
    }

    fn serve(&mut self, index: usize, flags: PollFlags) {
        let client = &mut self.clients[index];
        let is_gone = client.is_stalled && flags.intersects(PollFlags::HUP | PollFlags::ERR);
        if is_gone || client.receive().is_err() {
            client.is_closed = true;
            return;
        }
        self.answer_requests(index);
    }

    fn answer_requests(&mut self, index: usize) {
        loop {
            let has_room = self.pending.len() < wire::LONGEST;
            match self.clients[index].next(has_room) {
                Ok(None) => return,
                Ok(Some(Request::Stop(grace))) => self.stop(grace),
                Ok(Some(request)) => {
                    let is_done = self.act(request);
                    self.clients[index].answer(is_done);
                }
                Err(_) => {
                    self.clients[index].is_closed = true;
                    return;
                }
            }
        }
    }

    fn act(&mut self, request: Request) -> bool {
        match request {
            Request::Input(_) | Request::CloseInput
                if self.input.is_none() || self.closes_input =>
            {
                false
            }
            Request::Input(bytes) => {
                self.pending.extend(bytes);
                true
            }
            Request::CloseInput => {
                if self.terminal.is_some() {
                    // A terminal knows no end but its end-of-file key.
                    self.pending.push(END_OF_FILE);
                } else {
                    self.closes_input = true;
                    if self.pending.is_empty() {
                        self.input = None;
                    }
                }
                true
            }
            Request::Resize(size) => {
                let terminal = self.terminal.as_ref();
                terminal.is_some_and(|(ours, _)| start::set_window(ours, size).is_ok())
            }
            Request::Stop(grace) => {
                self.stop(grace);
                true
            }
        }
    }
}

//! The console in a real terminal: what it takes it gives back.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flightdeck::model::Timestamp;
use flightdeck::model::time::Clock;
use flightdeck::tui::terminal::Emulator;
use flightdeck::tui::{self, Options};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::control::{FakeControl, NOW};
use crate::support::picture;

/// The clock of the program, moved to the moment of the pictures.
struct ShiftedClock(i64);

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(now.as_micros()).unwrap() - self.0)
    }

    fn sleep_until(
        &self,
        moment: Timestamp,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(moment.since(self.now())))
    }
}

/// The program under test; it is started by the tests below, in a terminal of its own.
#[test]
#[ignore = "needs a terminal: other tests start it in one"]
fn child() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let exit = runtime.block_on(async {
        let shift = ShiftedClock(0).now().0 - NOW.0;
        let options = Options::new(Arc::new(ShiftedClock(shift)));
        tui::run(Arc::new(FakeControl::new(picture::state())), options).await
    });
    println!("\r\nended {exit:?}\r");
}

/// A program in a terminal.
struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
    child: Child,
    /// What was written since the last keys.
    seen: String,
    /// What a person sees: frames only say what differs from the one before.
    screen: Emulator,
}

impl Terminal {
    fn start(columns: u16, rows: u16) -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&name, flags, Mode::empty()).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(std::env::current_exe().unwrap())
            .args(["tui_pty::child", "--exact", "--ignored", "--nocapture"])
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Terminal { master, slave, child, seen: String::new(), screen: Emulator::new(columns, rows) }
    }

    fn send(&mut self, bytes: &[u8]) {
        rustix::io::write(&self.master, bytes).unwrap();
        self.seen.clear();
    }

    fn shows(&self, text: &str) -> bool {
        let rows = self.screen.history() + usize::from(self.screen.size().1);
        self.screen.text(0..rows).iter().any(|row| row.contains(text))
    }

    /// Reads until a text is on the screen, or was written in one piece.
    fn until(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.seen.contains(text) && !self.shows(text) {
            assert!(Instant::now() < end, "no `{text}` in {:?}", self.seen);
            let mut fds = [PollFd::from_borrowed_fd(self.master.as_fd(), PollFlags::IN)];
            let wait = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            if poll(&mut fds, Some(&wait)).unwrap() == 0 {
                continue;
            }
            let mut buffer = [0u8; 65_536];
            let n = rustix::io::read(&self.master, &mut buffer).unwrap();
            self.screen.feed(&buffer[..n]);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    fn wait(mut self) -> String {
        self.until("test result");
        self.child.wait().unwrap();
        assert!(!self.is_raw(), "the terminal is as it was");
        let seen = std::mem::take(&mut self.seen);
        let left = seen.rfind("\x1b[?1049l").unwrap_or(0);
        assert!(!seen[left..].contains("\x1b[?1049h"), "the alternate screen is left");
        seen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_terminal_comes_back_after_quitting() {
    let mut terminal = Terminal::start(140, 42);
    terminal.until("NEWLY BROKEN");
    assert!(terminal.is_raw());
    terminal.send(b"\r");
    terminal.until("FIRST CAUSE");
    terminal.send(b"q");
    let seen = terminal.wait();
    assert!(seen.contains("ended Ok(Done)"), "{seen:?}");
}

#[test]
fn from_a_red_job_into_its_container_and_back() {
    let mut terminal = Terminal::start(140, 42);
    terminal.until("NEWLY BROKEN");
    terminal.send(b"\r");
    terminal.until("CONTAINER");
    terminal.send(b"s");
    // The answer of the shell comes untouched, outside of the alternate screen.
    terminal.until("root@run-bats:~#");
    assert!(terminal.seen.contains("\x1b[?1049l"));
    terminal.send(b"ls -l\r");
    terminal.until("~# ls -l");
    // What the program inside broke is mended on return.
    terminal.send(b"\x1b[?1000h\x1b[5 q\r~.");
    terminal.until("left the shell");
    assert!(terminal.seen.contains("\x1b[?1049h"));
    assert!(terminal.is_raw());
    terminal.send(b"q");
    terminal.wait();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let mut terminal = Terminal::start(80, 24);
    terminal.until("NEWLY BROKEN");
    let mut children = String::new();
    let pid = terminal.child.id();
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::File::open(path).unwrap().read_to_string(&mut children).unwrap();
    let pid = children.split_whitespace().next().map_or(pid.to_string(), str::to_owned);
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let seen = terminal.wait();
    assert!(seen.contains("ended Ok(Ended)"), "{seen:?}");
}

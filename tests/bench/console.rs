//! How long a person waits for the console: from the start of the program to its first picture.
//!
//! `cargo bench --bench console`. The real program in a real terminal, once on a new data
//! directory and then on that same one.

#![expect(clippy::expect_used, reason = "a bench ends where it goes wrong")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How often it is measured.
const SAMPLES: usize = 20;

/// What a person may wait.
const BUDGET: Duration = Duration::from_millis(100);

/// What only a drawn picture holds.
const SIGN: &str = "all teams";

fn main() {
    let place = tempfile::tempdir().expect("a directory");
    let first = first_picture(place.path());
    let mut waits: Vec<Duration> = (0..SAMPLES).map(|_| first_picture(place.path())).collect();
    waits.sort();
    let ms = |wait: Duration| wait.as_secs_f64() * 1000.0;
    let median = waits[SAMPLES / 2];
    println!("start to first picture, new directory  {:6.1} ms", ms(first));
    println!(
        "start to first picture                 median {:6.1} ms   max {:6.1} ms",
        ms(median),
        ms(waits[SAMPLES - 1])
    );
    let verdict = if median <= BUDGET { "kept" } else { "MISSED" };
    println!("budget {BUDGET:?}: {verdict}");
}

fn first_picture(data_dir: &Path) -> Duration {
    let (master, mut child, start) = start(data_dir);
    let mut seen = String::new();
    while !seen.contains(SIGN) {
        let mut fds = [PollFd::from_borrowed_fd(master.as_fd(), PollFlags::IN)];
        let wait = Timespec { tv_sec: 20, tv_nsec: 0 };
        let n_ready = poll(&mut fds, Some(&wait)).expect("polls");
        assert!(n_ready > 0, "no picture came: {seen:?}");
        let mut buffer = [0u8; 65_536];
        let n = rustix::io::read(&master, &mut buffer).expect("reads");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    let waited = start.elapsed();
    kill_process(Pid::from_child(&child), Signal::TERM).expect("is told to end");
    // Nobody reads the terminal any more, so it must not wait for that.
    drop(master);
    child.wait().expect("ends");
    waited
}

fn start(data_dir: &Path) -> (OwnedFd, Child, Instant) {
    let master =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&master).expect("is granted");
    unlockpt(&master).expect("is unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(&name, flags, Mode::empty()).expect("opens");
    let size = Winsize { ws_row: 42, ws_col: 140, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).expect("is sized");
    let end = || Stdio::from(slave.try_clone().expect("another handle"));
    let start = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .arg("--data-dir")
        .arg(data_dir)
        .env("TERM", "xterm-256color")
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .expect("starts");
    (master, child, start)
}

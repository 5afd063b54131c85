//! The thread that reads the keyboard, and the handshake that ends it.
//!
//! It sleeps until a byte comes or it is told to stop; when it is told, it is gone before the
//! call returns, and what it read but nobody saw is given back.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::decode::{Decoder, Input};

/// Room for events that nobody has taken; when it is full the thread waits, and the terminal's
/// own buffer fills.
const ROOM: usize = 1_024;

/// How long a lone Esc may still become a sequence.
const ESC_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 25_000_000 };

/// The running thread.
#[derive(Debug)]
pub(super) struct Reader {
    wake: OwnedFd,
    thread: JoinHandle<Vec<u8>>,
    events: mpsc::Receiver<Input>,
}

impl Reader {
    /// Starts to read `input`, a terminal in raw mode.
    pub fn start(input: OwnedFd) -> io::Result<Reader> {
        let (woken, wake) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (out, events) = mpsc::channel(ROOM);
        let thread = std::thread::Builder::new()
            .name("keyboard".to_owned())
            .spawn(move || read_on(&input, &woken, &out))?;
        Ok(Reader { wake, thread, events })
    }

    /// The next event; none when the terminal is gone. May be dropped and asked again.
    pub async fn next(&mut self) -> Option<Input> {
        self.events.recv().await
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<Input> {
        self.events.try_recv().ok()
    }

    /// Ends the thread and waits until it is gone. Gives the bytes that were read and not seen, in
    /// their order.
    pub fn stop(mut self) -> Vec<u8> {
        self.events.close();
        drop(self.wake);
        let rest = self.thread.join().unwrap_or_default();
        let mut bytes = Vec::new();
        while let Ok(input) = self.events.try_recv() {
            bytes.extend(input.bytes);
        }
        bytes.extend(rest);
        bytes
    }
}

/// Reads until told to stop, or the terminal is gone; gives back what was read and not sent.
fn read_on(input: &OwnedFd, woken: &OwnedFd, out: &mpsc::Sender<Input>) -> Vec<u8> {
    let mut decoder = Decoder::new();
    let mut buffer = [0u8; 4_096];
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(woken.as_fd(), PollFlags::IN),
        ];
        let wait = decoder.is_waiting().then_some(&ESC_WAIT);
        match poll(&mut fds, wait) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return decoder.take_rest(),
        }
        // The other end of the pipe closes when the thread is to stop.
        if !fds[1].revents().is_empty() {
            return decoder.take_rest();
        }
        let found = if fds[0].revents().is_empty() {
            decoder.flush()
        } else {
            match rustix::io::read(input, &mut buffer) {
                Ok(0) => return decoder.take_rest(),
                Ok(n) => decoder.feed(&buffer[..n]),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return decoder.take_rest(),
            }
        };
        let mut found = found.into_iter();
        while let Some(event) = found.next() {
            if let Err(refused) = out.blocking_send(event) {
                let mut rest = refused.0.bytes;
                rest.extend(found.flat_map(|input| input.bytes));
                rest.extend(decoder.take_rest());
                return rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;
    use crate::tui::term::{Event, Key};

    #[tokio::test]
    async fn what_was_typed_ahead_is_given_back() {
        let (input, keyboard) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut reader = Reader::start(input.try_clone().unwrap()).unwrap();
        rustix::io::write(&keyboard, b"sls -l\r\xc3").unwrap();
        let first = reader.next().await.unwrap();
        assert_eq!(first.event, Event::Key(Key::parse("s").unwrap()));
        assert_eq!(reader.stop(), b"ls -l\r\xc3");
        // Nobody reads any more: the next bytes are the shell's.
        rustix::io::write(&keyboard, b"pwd").unwrap();
        let mut buffer = [0; 8];
        assert_eq!(rustix::io::read(&input, &mut buffer).unwrap(), 3);
    }

    #[tokio::test]
    async fn a_lone_escape_comes_by_itself() {
        let (input, keyboard) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut reader = Reader::start(input).unwrap();
        rustix::io::write(&keyboard, b"\x1b").unwrap();
        assert_eq!(reader.next().await.unwrap().event, Event::Key(Key::parse("esc").unwrap()));
        drop(keyboard);
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn a_full_channel_does_not_hold_up_the_stop() {
        let (input, keyboard) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut reader = Reader::start(input).unwrap();
        rustix::io::write(&keyboard, &[b'x'; 3_000]).unwrap();
        assert!(reader.next().await.is_some());
        let rest = reader.stop();
        assert!(rest.iter().all(|b| *b == b'x'));
        assert!(rest.len() >= ROOM);
    }
}

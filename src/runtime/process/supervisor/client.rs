//! One connection to the supervisor's socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::super::wire;
use crate::runtime::WindowSize;

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Bytes for the input.
    Input(Vec<u8>),
    /// No more input.
    CloseInput,
    /// A new size of the terminal.
    Resize(WindowSize),
    /// The end, by force after that time.
    Stop(Duration),
}

/// A connection.
pub struct Client {
    /// Its socket, which never blocks.
    pub stream: UnixStream,
    /// Whether its next request waits for room in the process's input; nothing more is read from
    /// it until then.
    pub is_stalled: bool,
    /// Whether it is done with.
    pub is_closed: bool,
    inbox: Vec<u8>,
    watches: bool,
}

impl Client {
    /// A new connection.
    ///
    /// # Errors
    /// When it cannot be made to not block.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, is_stalled: false, is_closed: false, inbox: Vec::new(), watches: false })
    }

    /// Reads what has come.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn receive(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.inbox.extend_from_slice(&piece[..n]);
                Ok(())
            }
            Err(error) if is_later(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The next request that has come whole. With `takes_input` unset, one for the input stays
    /// and the client is stalled.
    ///
    /// # Errors
    /// When it says what is no request.
    pub fn next(&mut self, takes_input: bool) -> io::Result<Option<Request>> {
        self.is_stalled = false;
        loop {
            let Some((kind, payload, length)) = wire::first_frame(&self.inbox)? else {
                return Ok(None);
            };
            let request = match kind {
                wire::WATCH => None,
                wire::INPUT if !takes_input => {
                    self.is_stalled = true;
                    return Ok(None);
                }
                wire::INPUT => Some(Request::Input(payload.to_vec())),
                wire::CLOSE_INPUT => Some(Request::CloseInput),
                wire::RESIZE => Some(Request::Resize(window(payload)?)),
                wire::STOP => Some(Request::Stop(grace(payload)?)),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            };
            self.inbox.drain(..length);
            match request {
                // Output may have come before the frame did: the first wake-up comes at once.
                None => {
                    self.watches = true;
                    self.wake();
                }
                some => return Ok(some),
            }
        }
    }

    /// Says that there is more output, if the client wants to know. When its socket is full, it
    /// has wake-ups enough to read.
    pub fn wake(&mut self) {
        if self.watches {
            self.stream.write_all(&[wire::WAKE]).ok();
        }
    }

    /// Answers a request. A client that does not read its answers waits in vain.
    pub fn answer(&mut self, is_done: bool) {
        let word = if is_done { wire::DONE } else { wire::REFUSED };
        self.stream.write_all(&[word]).ok();
    }
}

/// Whether an error only says that nothing can be done now.
fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn window(payload: &[u8]) -> io::Result<WindowSize> {
    let &[c0, c1, r0, r1] = payload else { return Err(io::ErrorKind::InvalidData.into()) };
    Ok(WindowSize { columns: u16::from_le_bytes([c0, c1]), rows: u16::from_le_bytes([r0, r1]) })
}

fn grace(payload: &[u8]) -> io::Result<Duration> {
    let bytes = payload.try_into().map_err(|_| io::ErrorKind::InvalidData)?;
    // Bounded, so that it can be added to a moment.
    Ok(Duration::from_millis(u64::from_le_bytes(bytes)).min(Duration::from_secs(1 << 30)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_whole_and_input_waits_for_room() {
        let (mut other, ours) = UnixStream::pair().expect("pair");
        let mut client = Client::new(ours).expect("client");
        let mut bytes = wire::frame(wire::INPUT, b"abc");
        bytes.extend(wire::frame(wire::RESIZE, &[80, 0, 24, 0]));
        bytes.extend(wire::frame(wire::STOP, &1500u64.to_le_bytes()));
        let (first, second) = bytes.split_at(6);
        other.write_all(first).expect("writes");
        client.receive().expect("reads");
        assert_eq!(client.next(true).expect("waits"), None);
        other.write_all(second).expect("writes");
        client.receive().expect("reads");
        assert_eq!(client.next(false).expect("waits"), None);
        assert!(client.is_stalled);
        for request in [
            Request::Input(b"abc".to_vec()),
            Request::Resize(WindowSize { columns: 80, rows: 24 }),
            Request::Stop(Duration::from_millis(1500)),
        ] {
            assert_eq!(client.next(true).expect("reads"), Some(request));
        }
        drop(other);
        assert!(client.receive().is_err());
    }
}

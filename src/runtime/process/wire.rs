//! What is said on a supervisor's socket, and what it answers when it starts.
//!
//! A frame is a kind, a length (u32, little endian) and that many bytes. [`INPUT`],
//! [`CLOSE_INPUT`] and [`RESIZE`] are answered by [`DONE`] or [`REFUSED`]. After [`WATCH`] a
//! [`WAKE`] comes when there is more output; several may stand for one. A closed connection means
//! that the process has ended and its status is written, or that the supervisor is gone.

use std::io;

use serde::{Deserialize, Serialize};

/// Asks for wake-ups.
pub const WATCH: u8 = b'w';
/// Bytes for the process's input.
pub const INPUT: u8 = b'i';
/// Ends the process's input.
pub const CLOSE_INPUT: u8 = b'c';
/// A new size: columns and rows, u16 little endian.
pub const RESIZE: u8 = b'r';
/// End it: milliseconds until SIGKILL, u64 little endian.
pub const STOP: u8 = b's';

/// It was done.
pub const DONE: u8 = b'+';
/// It cannot be done.
pub const REFUSED: u8 = b'-';
/// There is more output.
pub const WAKE: u8 = b'.';

/// The most bytes that a frame carries.
pub const LONGEST: usize = 64 * 1024;
const HEAD: usize = 5;

/// Puts a frame together.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The first frame of what came in, and how many bytes it takes; nothing if more must come.
///
/// # Errors
/// When it is longer than a frame may be.
pub fn first_frame(bytes: &[u8]) -> io::Result<Option<(u8, &[u8], usize)>> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return Ok(None) };
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(rest.get(..length).map(|payload| (head[0], payload, HEAD + length)))
}

/// What a supervisor answers, as JSON on its standard output, when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The process runs.
    Started,
    /// Another supervisor has it.
    Busy,
    /// The command cannot be started.
    NoExecutable {
        /// Why.
        why: String,
    },
    /// The process's directory is none.
    NoDirectory,
    /// The machine refused.
    Failed {
        /// What, and why.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_apart_as_they_were_put_together() {
        let mut bytes = frame(INPUT, b"abc");
        bytes.extend(frame(CLOSE_INPUT, b""));
        assert_eq!(first_frame(&bytes).expect("reads"), Some((INPUT, &b"abc"[..], 8)));
        assert_eq!(first_frame(&bytes[8..]).expect("reads"), Some((CLOSE_INPUT, &b""[..], 5)));
        for cut in 0..8 {
            assert_eq!(first_frame(&bytes[..cut]).expect("waits"), None, "{cut}");
        }
        assert!(first_frame(&[INPUT, 255, 255, 255, 255]).is_err());
    }
}

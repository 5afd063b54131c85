//! The ways out of a shell: `~` after a new line, as ssh has it.

/// What the reader wants, instead of typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `~.`: detach, the shell lives on for a while.
    Detach,
    /// `~?`: what there is.
    Help,
    /// `~[`: scroll and search.
    Scroll,
    /// `~P`: hold the container: pause the job.
    Hold,
}

/// What typed bytes come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These go to the shell.
    Bytes(Vec<u8>),
    /// This does not.
    Way(Way),
}

/// Watches what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escapes {
    is_new_line: bool,
    is_tilde: bool,
}

impl Default for Escapes {
    fn default() -> Escapes {
        Escapes { is_new_line: true, is_tilde: false }
    }
}

impl Escapes {
    /// At the start of a line.
    pub fn new() -> Escapes {
        Escapes::default()
    }

    /// Whether a `~` waits for what follows it.
    pub fn is_waiting(&self) -> bool {
        self.is_tilde
    }

    /// Looks at typed bytes, cut anywhere; `~~` is one `~`.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        for &byte in bytes {
            if self.is_tilde {
                self.is_tilde = false;
                let way = match byte {
                    b'.' => Some(Way::Detach),
                    b'?' => Some(Way::Help),
                    b'[' => Some(Way::Scroll),
                    b'P' => Some(Way::Hold),
                    _ => None,
                };
                if let Some(way) = way {
                    if !plain.is_empty() {
                        pieces.push(Piece::Bytes(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Way(way));
                    self.is_new_line = true;
                    continue;
                }
                plain.push(b'~');
                self.is_new_line = false;
                if byte == b'~' {
                    continue;
                }
            } else if self.is_new_line && byte == b'~' {
                self.is_tilde = true;
                continue;
            }
            self.is_new_line = matches!(byte, b'\r' | b'\n');
            plain.push(byte);
        }
        if !plain.is_empty() {
            pieces.push(Piece::Bytes(plain));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &[u8], sent: &[u8], ways: &[Way]) {
        for size in 1..=typed.len() {
            let mut escapes = Escapes::new();
            let pieces: Vec<Piece> =
                typed.chunks(size).flat_map(|part| escapes.feed(part)).collect();
            let mut bytes = Vec::new();
            let mut found = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Bytes(more) => bytes.extend(more),
                    Piece::Way(way) => found.push(way),
                }
            }
            assert_eq!((bytes.as_slice(), found.as_slice()), (sent, ways), "{typed:?} by {size}");
        }
    }

    #[test]
    fn only_after_a_new_line() {
        check(b"~.", b"", &[Way::Detach]);
        check(b"ls ~.\r~.", b"ls ~.\r", &[Way::Detach]);
        check(b"\r~~x", b"\r~x", &[]);
        check(b"\r~/bin\r", b"\r~/bin\r", &[]);
        check(b"a\r~?~[~Px", b"a\rx", &[Way::Help, Way::Scroll, Way::Hold]);
        check(b"~\r~.", b"~\r", &[Way::Detach]);
    }
}

//! Memory that is bounded: the oldest chunks of a log go to a file that has no name, and come back
//! when they are looked at.

use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use super::store::{Body, Chunk, LogStore, range};

/// How many spilled chunks are kept at hand.
const AT_HAND: usize = 4;

impl LogStore {
    /// Whether more is in memory than should be.
    pub fn is_over_cap(&self) -> bool {
        self.in_memory > self.cap && self.chunks.len() > 1
    }

    /// Moves the oldest chunks to the file until memory is under the cap. Does IO.
    ///
    /// # Errors
    /// When the file cannot be made or written; what could not be moved stays in memory.
    pub fn spill(&mut self) -> io::Result<()> {
        let last = self.chunks.len().saturating_sub(1);
        for at in 0..last {
            if self.in_memory <= self.cap {
                break;
            }
            let Body::Memory(bytes) = &self.chunks[at].body else { continue };
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            file.write_all(bytes)?;
            let length = bytes.len();
            self.chunks[at].body = Body::Spilled { at: self.file_end, length };
            self.file_end += length as u64;
            self.in_memory -= length;
        }
        Ok(())
    }

    /// Whether any of these lines is in the file only.
    pub fn is_away(&self, lines: std::ops::Range<usize>) -> bool {
        self.chunks_of(lines).any(|at| {
            matches!(self.chunks[at].body, Body::Spilled { .. })
                && !self.at_hand.iter().any(|(of, _)| *of == at)
        })
    }

    /// Brings these lines back to memory, as many as are kept at hand. Does IO.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(&mut self, lines: std::ops::Range<usize>) -> io::Result<()> {
        let wanted: Vec<usize> = self.chunks_of(lines).take(AT_HAND).collect();
        for at in wanted {
            if self.at_hand.iter().any(|(of, _)| *of == at) {
                continue;
            }
            if let Some(bytes) = self.read(at)? {
                self.at_hand.push((at, bytes));
                if self.at_hand.len() > AT_HAND {
                    self.at_hand.remove(0);
                }
            }
        }
        Ok(())
    }

    /// The bytes of a chunk that is in the file.
    fn read(&self, at: usize) -> io::Result<Option<Vec<u8>>> {
        let (Some(file), Some(Chunk { body: Body::Spilled { at: from, length }, .. })) =
            (&self.file, self.chunks.get(at))
        else {
            return Ok(None);
        };
        let mut bytes = vec![0; *length];
        file.read_exact_at(&mut bytes, *from)?;
        Ok(Some(bytes))
    }

    /// Goes through the lines from `from` on, chunk by chunk, until about `budget` bytes were
    /// seen; gives the line to go on from. May read the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn each(
        &self,
        from: usize,
        budget: usize,
        see: &mut dyn FnMut(usize, &[u8]),
    ) -> io::Result<usize> {
        let mut seen = 0;
        let mut number = from;
        while let Some((at, chunk)) = self.chunk_of(number) {
            let away;
            let body: &[u8] = match &chunk.body {
                Body::Memory(body) => body,
                Body::Spilled { .. } => match self.at_hand.iter().find(|(of, _)| *of == at) {
                    Some((_, body)) => body,
                    None => {
                        away = self.read(at)?.unwrap_or_default();
                        &away
                    }
                },
            };
            while number < chunk.first + chunk.starts.len() {
                let (start, end) = range(chunk, number);
                see(number, body.get(start..end).unwrap_or(&[]));
                seen += end - start + 1;
                number += 1;
                if seen >= budget {
                    return Ok(number);
                }
            }
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Text;
    use super::super::store::CHUNK;
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut store = LogStore::with_cap(0);
        for i in 0..40_000 {
            store.append(format!("line {i} of a log\n").as_bytes(), Timestamp::default());
        }
        assert!(store.is_over_cap());
        store.spill().unwrap();
        assert!(store.in_memory() <= 2 * CHUNK);
        assert_eq!(store.line(0), Some(Text::Away));
        assert!(store.is_away(0..10));
        store.load(0..10).unwrap();
        assert_eq!(store.plain(7), "line 7 of a log");
        assert_eq!(store.plain(39_999), "line 39999 of a log");
        let mut seen = 0;
        let mut from = 0;
        while from < store.len() {
            from = store
                .each(from, 100_000, &mut |number, bytes| {
                    assert_eq!(bytes, format!("line {number} of a log").as_bytes());
                    seen += 1;
                })
                .unwrap();
        }
        assert_eq!(seen, 40_000);
    }
}

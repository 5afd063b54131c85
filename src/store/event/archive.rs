//! A complete log: gzip, in blocks that can be read alone.
//!
//! Each block is a gzip member of whole lines, so that any gzip reader reads the file whole. The
//! header of a member tells in its extra field (`FD`) the id of its first line, how many lines it
//! has, and how long the member is; hopping from one to the next finds a line without
//! decompressing what comes before.
//!
//! *Follows:* RFC 1952; the extra field as BGZF uses it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::disk::Tape;
use super::reader::cut_at_line;
use crate::model::build::EventId;

/// How many bytes of lines a block has, unless one line is longer.
const BLOCK: usize = 256 * 1024;
/// The header: ten bytes as ever, the length of the extra field, one subfield.
const HEADER: usize = 32;
/// Checksum and length.
const TRAILER: usize = 8;
const MAGIC: [u8; 16] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, // gzip, deflate, with extra field, no time
    20, 0, b'F', b'D', 16, 0, // one subfield of 16 bytes
];

/// A compressed log.
pub(super) struct Archive {
    file: File,
    blocks: Vec<Block>,
}

/// Where a block is and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    first: EventId,
    n_lines: u32,
    offset: u64,
    len: u32,
}

impl Archive {
    /// Compresses the first `len` bytes of a log.
    pub(super) fn write(tape: &Tape, len: u64, file: &File) -> io::Result<()> {
        let mut out = io::BufWriter::new(file);
        let (mut offset, mut first) = (0, 0);
        while offset < len {
            let lines = read_lines(tape, offset, len, BLOCK)?;
            let n_lines = count_lines(&lines);
            out.write_all(&member(first, n_lines, &lines)?)?;
            first += u64::from(n_lines);
            offset += lines.len() as u64;
        }
        out.flush()
    }

    /// Finds the blocks of a compressed log.
    pub(super) fn open(file: File) -> io::Result<Self> {
        let end = file.metadata()?.len();
        let mut blocks = Vec::new();
        let mut offset = 0;
        while offset < end {
            let mut header = [0; HEADER];
            file.read_exact_at(&mut header, offset)?;
            let block = Block::read(&header, offset)?;
            offset += u64::from(block.len);
            blocks.push(block);
        }
        if offset != end {
            return Err(broken("it ends in the middle of a block"));
        }
        Ok(Self { file, blocks })
    }

    /// The block that holds the line of that id, or the number of blocks.
    pub(super) fn find(&self, id: EventId) -> usize {
        match self.blocks.last() {
            Some(last) if id < last.first + u64::from(last.n_lines) => {
                self.blocks.partition_point(|block| block.first <= id).saturating_sub(1)
            }
            _ => self.blocks.len(),
        }
    }

    /// The id of a block's first line, and its lines; nothing after the last block.
    pub(super) fn read(&self, block: usize) -> io::Result<Option<(EventId, Vec<u8>)>> {
        let Some(block) = self.blocks.get(block) else { return Ok(None) };
        let mut bytes = vec![0; block.len as usize];
        self.file.read_exact_at(&mut bytes, block.offset)?;
        let (body, trailer) = bytes[HEADER..].split_at(bytes.len() - HEADER - TRAILER);
        let mut lines = Vec::with_capacity(BLOCK);
        DeflateDecoder::new(body).read_to_end(&mut lines)?;
        let mut crc = Crc::new();
        crc.update(&lines);
        if trailer[..4] != crc.sum().to_le_bytes() {
            return Err(broken("a block does not match its checksum"));
        }
        Ok(Some((block.first, lines)))
    }

    /// The last line, if there is any.
    pub(super) fn last_line(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(last) = self.blocks.len().checked_sub(1) else { return Ok(None) };
        let lines = self.read(last)?.map(|(_, lines)| lines).unwrap_or_default();
        let line = lines.split_inclusive(|byte| *byte == b'\n').next_back();
        Ok(line.map(<[u8]>::to_vec))
    }
}

impl Block {
    fn read(header: &[u8; HEADER], offset: u64) -> io::Result<Self> {
        let (magic, extra) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(broken("a block does not begin like one"));
        }
        let number = |from: usize, to: usize| {
            extra[from..to].iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte))
        };
        let block = Self {
            first: number(0, 8),
            // Four bytes each.
            n_lines: number(8, 12) as u32,
            len: number(12, 16) as u32,
            offset,
        };
        if (block.len as usize) < HEADER + TRAILER {
            return Err(broken("a block is shorter than its frame"));
        }
        Ok(block)
    }
}

/// A gzip member with the lines.
fn member(first: EventId, n_lines: u32, lines: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(HEADER + lines.len() / 4);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&n_lines.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let mut encoder = DeflateEncoder::new(out, Compression::new(4));
    encoder.write_all(lines)?;
    let mut out = encoder.finish()?;
    let mut crc = Crc::new();
    crc.update(lines);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    let len = u32::try_from(out.len()).map_err(|_| broken("a line is longer than 4 GiB"))?;
    out[HEADER - 4..HEADER].copy_from_slice(&len.to_le_bytes());
    Ok(out)
}

/// Whole lines from `offset` on: about `wanted` bytes, or one line if that is longer.
pub(super) fn read_lines(tape: &Tape, offset: u64, len: u64, wanted: usize) -> io::Result<Vec<u8>> {
    let left = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut wanted = wanted;
    loop {
        let mut bytes = vec![0; wanted.min(left)];
        tape.read_at(&mut bytes, offset)?;
        let end = cut_at_line(&bytes);
        if end > 0 || bytes.len() == left {
            bytes.truncate(end);
            return Ok(bytes);
        }
        wanted = wanted.saturating_mul(2);
    }
}

pub(super) fn count_lines(bytes: &[u8]) -> u32 {
    let n = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

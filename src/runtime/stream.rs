//! Bridges between archives as async streams and the blocking code that reads and writes them.
//!
//! Bounded: a slow side holds up the other, memory stays at a few pieces.

use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::RuntimeError;

/// Size of a piece.
const PIECE: usize = 64 * 1024;
/// Pieces on their way; the sender waits when it is full.
const BACKLOG: usize = 4;

/// What ended a transfer: the stream itself, or the work on it.
pub enum Failed {
    /// The async side.
    Stream(io::Error),
    /// The blocking side.
    Work(RuntimeError),
}

impl Failed {
    /// The error as the room has it.
    pub fn into_runtime(self, action: &'static str, path: &Path) -> RuntimeError {
        match self {
            Failed::Stream(source) => RuntimeError::Io { action, path: path.into(), source },
            Failed::Work(error) => error,
        }
    }
}

/// Runs blocking work that writes, and passes on what it writes.
///
/// # Errors
/// The work's own error first, then the writer's.
pub async fn write_from(
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    work: impl FnOnce(&mut dyn io::Write) -> Result<(), RuntimeError> + Send + 'static,
) -> Result<(), Failed> {
    let (tx, mut rx) = mpsc::channel::<Vec<u8>>(BACKLOG);
    let working = tokio::task::spawn_blocking(move || {
        let mut sink = io::BufWriter::with_capacity(PIECE, Sender { tx });
        work(&mut sink)?;
        io::Write::flush(&mut sink).map_err(closed)
    });
    let mut sent = Ok(());
    while let Some(piece) = rx.recv().await {
        sent = writer.write_all(&piece).await;
        if sent.is_err() {
            break;
        }
    }
    // The work sees a closed channel when the writer failed.
    drop(rx);
    let worked = join(working.await);
    sent.map_err(Failed::Stream)?;
    worked.map_err(Failed::Work)?;
    writer.flush().await.map_err(Failed::Stream)
}

/// Runs blocking work that reads what comes from the reader.
///
/// # Errors
/// The reader's error first, then the work's own.
pub async fn read_into(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    work: impl FnOnce(&mut dyn io::Read) -> Result<(), RuntimeError> + Send + 'static,
) -> Result<(), Failed> {
    let (tx, rx) = mpsc::channel::<io::Result<Vec<u8>>>(BACKLOG);
    let working =
        tokio::task::spawn_blocking(move || work(&mut Receiver { rx, piece: Vec::new(), at: 0 }));
    let mut received = Ok(());
    loop {
        let mut piece = vec![0; PIECE];
        match reader.read(&mut piece).await {
            Ok(0) => break,
            Ok(n) => piece.truncate(n),
            Err(error) => {
                // Nobody there to read it is as good: the work has ended.
                tx.send(Err(io::Error::from(error.kind()))).await.ok();
                received = Err(Failed::Stream(error));
                break;
            }
        }
        // A closed channel means that the work has ended; its result says why.
        if tx.send(Ok(piece)).await.is_err() {
            break;
        }
    }
    drop(tx);
    let worked = join(working.await);
    received?;
    worked.map_err(Failed::Work)
}

fn join(
    result: Result<Result<(), RuntimeError>, tokio::task::JoinError>,
) -> Result<(), RuntimeError> {
    match result {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(closed(io::Error::other(error))),
        },
    }
}

fn closed(source: io::Error) -> RuntimeError {
    RuntimeError::Io { action: "stream", path: "an archive".into(), source }
}

struct Sender {
    tx: mpsc::Sender<Vec<u8>>,
}

impl io::Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tx
            .blocking_send(bytes.to_vec())
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Receiver {
    rx: mpsc::Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl io::Read for Receiver {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.rx.blocking_recv() {
                None => return Ok(0),
                Some(piece) => (self.piece, self.at) = (piece?, 0),
            }
        }
        let n = buffer.len().min(self.piece.len() - self.at);
        buffer[..n].copy_from_slice(&self.piece[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

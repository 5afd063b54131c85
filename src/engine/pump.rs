//! Carries output into the log: of processes, and of native resource types.
//!
//! A process's output is read no faster than the log takes it; it waits in the runtime's file.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select, try_join_all};
use tokio::sync::Notify;

use super::journal::{JournalError, Record};
use super::log::Stream;
use super::native;
use super::report::Report;
use super::step::{Cx, Ending};
use crate::model::Timestamp;
use crate::model::build::{Cause, LogSource};
use crate::resource::{LogSink, ResourceError};
use crate::runtime::cancel::Cancel;
use crate::runtime::{Output, Process};

/// How long a process that was told to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// How long a native type that was told to stop may take before it is left.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long output is waited for whose process is gone.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How much a native type may say faster than the log takes it, in bytes.
const BACKLOG: usize = 4 << 20;

/// Follows a process to its end: writes what it says and gives its exit status. When `limit`,
/// which is below the token of `cx`, is cancelled, the process is ended; but a core that goes
/// away only stops watching.
///
/// # Errors
/// How the node ends that was told to stop; errored when the process is gone or the log refuses.
pub async fn follow(
    (cx, limit): (&Cx, &Cancel),
    report: &Report,
    process: &dyn Process,
    sources: &[LogSource],
) -> Result<i32, Ending> {
    let outputs = async {
        let pumps = sources.iter().map(|source| output(cx, report, process, *source));
        try_join_all(pumps).await
    };
    let ended = async {
        let earlier = cx.build.replay.node(report.id()).and_then(|node| node.stopping.as_ref());
        if let Some(outcome) = earlier {
            return end(cx, process, Ending::stopped(outcome)).await;
        }
        // An end that came before the cancel counts, as it does when a core attaches late.
        tokio::select! {
            biased;
            status = process.wait() => Ok(Ok(status?)),
            cause = limit.cancelled() => {
                let ending = native::stopped(cx, limit).unwrap_or(Ending::Stopped(cause));
                if ending == Ending::Stopped(Cause::Detach) {
                    return Err(ending);
                }
                report.record(Record::Stopping { outcome: ending.outcome() }).await?;
                end(cx, process, ending).await
            }
        }
    };
    match select(pin!(outputs), pin!(ended)).await {
        Either::Left((Ok(_), ended)) => ended.await?,
        Either::Left((Err(Ending::Stopped(cause)), _)) => Err(Ending::Stopped(cause)),
        Either::Left((Err(refused), _)) => {
            // Nobody would see what it does.
            process.stop(GRACE).await?;
            Err(refused)
        }
        Either::Right((Ok(status), outputs)) => {
            outputs.await?;
            status
        }
        Either::Right((Err(lost), outputs)) => {
            // What is left of its output is worth some time, and may never end.
            let clock = &cx.build.parts.clock;
            select(outputs, pin!(clock.sleep_until(clock.now() + LAST_WORDS))).await;
            Err(lost)
        }
    }
}

/// Ends a process for that reason.
async fn end(
    cx: &Cx,
    process: &dyn Process,
    ending: Ending,
) -> Result<Result<i32, Ending>, Ending> {
    tokio::select! {
        biased;
        () = cx.cancel.detached() => Err(Ending::Stopped(Cause::Detach)),
        stopped = process.stop(GRACE) => {
            stopped?;
            Ok(Err(ending))
        }
    }
}

async fn output(
    cx: &Cx,
    report: &Report,
    process: &dyn Process,
    source: LogSource,
) -> Result<(), Ending> {
    let from = cx.build.replay.offset(report.id(), source);
    let mut output = process.output(source, from).await?;
    let clock = &cx.build.parts.clock;
    let mut stream = Stream::from(from);
    loop {
        let patterns = cx.build.redactor.patterns();
        let patterns = patterns.as_deref();
        match next(cx, &mut *output, &stream).await? {
            Next::Bytes(bytes) => stream.push(&bytes, clock.now(), patterns),
            Next::Due => {}
            Next::End => {
                report.output(source, stream.take_all()).await?;
                return Ok(());
            }
        }
        let pieces = stream.take(clock.now(), patterns);
        report.output(source, pieces).await?;
    }
}

enum Next {
    Bytes(Vec<u8>),
    Due,
    End,
}

/// Both arms of the wait are cancel safe: a piece of output is lost only if it was returned.
async fn next(cx: &Cx, output: &mut dyn Output, stream: &Stream) -> Result<Next, Ending> {
    let due = stream.due();
    let wake = async {
        match due {
            Some(due) => cx.build.parts.clock.sleep_until(due).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = cx.cancel.detached() => Err(Ending::Stopped(Cause::Detach)),
        chunk = output.next() => Ok(chunk?.map_or(Next::End, |chunk| Next::Bytes(chunk.bytes))),
        () = wake => Ok(Next::Due),
    }
}

/// Where a native type's words go until the log has them.
#[derive(Default)]
pub struct Sink {
    words: Mutex<Words>,
    came: Notify,
}

#[derive(Default)]
struct Words {
    waiting: Vec<(LogSource, Vec<u8>)>,
    size: usize,
    left_out: usize,
}

impl Sink {
    fn words(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the log is far behind, what comes is left out, and a line says how much.
impl LogSink for Sink {
    fn write(&self, stream: LogSource, bytes: &[u8]) {
        let mut words = self.words();
        if words.size + bytes.len() > BACKLOG {
            words.left_out += bytes.len();
        } else {
            words.size += bytes.len();
            match words.waiting.last_mut() {
                Some((last, waiting)) if *last == stream => waiting.extend_from_slice(bytes),
                _ => words.waiting.push((stream, bytes.to_vec())),
            }
        }
        self.came.notify_one();
    }
}

/// Waits for the work of a native type and writes what it says meanwhile. When `cx` is cancelled
/// the work, which looks at the same token, has some time to end.
///
/// # Errors
/// When the log refuses, or the work does not end in time.
pub async fn accompany<T>(
    cx: &Cx,
    report: &Report,
    sink: &Arc<Sink>,
    work: impl Future<Output = Result<T, ResourceError>>,
) -> Result<Result<T, ResourceError>, Ending> {
    let mut work = pin!(work);
    let mut speech = Speech::default();
    let given_up = async {
        let cause = cx.cancel.cancelled().await;
        let clock = &cx.build.parts.clock;
        clock.sleep_until(clock.now() + PATIENCE).await;
        cause
    };
    let mut given_up = pin!(given_up);
    loop {
        let is_left = cx.cancel.cause() == Some(Cause::Detach);
        let due = speech.due().filter(|_| !is_left);
        let wake = async {
            match due {
                Some(due) => cx.build.parts.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        // The work goes on where it stood in the next round.
        let done = tokio::select! {
            biased;
            done = &mut work => Some(done),
            cause = &mut given_up => return Err(Ending::Stopped(cause)),
            () = sink.came.notified() => None,
            () = wake => None,
        };
        // What a core that goes away makes it say is no news, but work that is done is told.
        if is_left && !matches!(done, Some(Ok(_))) {
            match done {
                Some(done) => return Ok(done),
                None => continue,
            }
        }
        speech.hear(cx, report, sink).await?;
        if let Some(done) = done {
            speech.end(report).await?;
            return Ok(done);
        }
    }
}

#[derive(Default)]
struct Speech {
    streams: Vec<(LogSource, Stream)>,
}

impl Speech {
    fn due(&self) -> Option<Timestamp> {
        self.streams.iter().filter_map(|(_, stream)| stream.due()).min()
    }

    async fn hear(&mut self, cx: &Cx, report: &Report, sink: &Sink) -> Result<(), JournalError> {
        let Words { mut waiting, left_out, .. } = std::mem::take(&mut *sink.words());
        if left_out > 0 {
            let notice = format!("\n[{left_out} bytes of output were left out]\n");
            waiting.push((LogSource::Stderr, notice.into_bytes()));
        }
        let patterns = cx.build.redactor.patterns();
        let patterns = patterns.as_deref();
        for (source, bytes) in waiting {
            let now = cx.build.parts.clock.now();
            for (other, stream) in self.streams.iter_mut().filter(|(other, _)| *other != source) {
                let pieces = stream.take_lines(now, patterns);
                report.words(*other, pieces.into_iter().map(|piece| piece.text).collect()).await?;
            }
            if !self.streams.iter().any(|(known, _)| *known == source) {
                self.streams.push((source, Stream::from(0)));
            }
            for (_, stream) in self.streams.iter_mut().filter(|(known, _)| *known == source) {
                stream.push(&bytes, now, patterns);
            }
        }
        let now = cx.build.parts.clock.now();
        for (source, stream) in &mut self.streams {
            let pieces = stream.take(now, patterns);
            report.words(*source, pieces.into_iter().map(|piece| piece.text).collect()).await?;
        }
        Ok(())
    }

    async fn end(&mut self, report: &Report) -> Result<(), JournalError> {
        for (source, stream) in &mut self.streams {
            let pieces = stream.take_all();
            report.words(*source, pieces.into_iter().map(|piece| piece.text).collect()).await?;
        }
        Ok(())
    }
}

//! Event logs: what readers see, and what a crash leaves.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use flightdeck::engine::journal::NewEvent;
use flightdeck::model::build::{Envelope, Event, EventId, LogSource, Origin, Status};
use flightdeck::model::{BuildId, PlanId};
use flightdeck::store::StoreError;
use flightdeck::store::event::LogReader;

use super::on_both;
use super::scratch::{Scratch, copy_of, open, plan, two_jobs};

on_both! {
    ids_have_no_gaps_and_readers_resume,
    many_readers_see_all_in_order,
    a_log_that_is_complete_is_compressed_and_read_from_any_id,
    a_final_status_ends_the_log,
    a_row_is_mended_from_its_log,
}

fn line(i: usize) -> NewEvent {
    let origin = Origin::stream(&PlanId::from("2"), LogSource::Stdout);
    let event = Event::Log { time: 1, origin, payload: format!("line {i} ünï\n") };
    NewEvent { event, output_offset: Some(i as u64) }
}

fn status(status: Status) -> NewEvent {
    NewEvent { event: Event::Status { status, time: 1 }, output_offset: None }
}

/// All events up to the log's end.
async fn read_all(reader: &mut LogReader) -> Vec<Envelope> {
    let mut all = Vec::new();
    let deadline = Duration::from_secs(60);
    while let Some(events) =
        tokio::time::timeout(deadline, reader.next()).await.expect("comes").expect("reads")
    {
        all.extend(events);
    }
    all
}

fn check_ids(events: &[Envelope], from: EventId, end: EventId) {
    let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
    assert!(ids.iter().copied().eq(from..end), "{from}..{end}: {} events", ids.len());
}

/// A build that runs.
async fn started(at: &Scratch) -> BuildId {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.create_manual_build(unit, "ada").await.expect("makes").id;
    at.start_build(build, &plan()).await.expect("starts");
    build
}

async fn ids_have_no_gaps_and_readers_resume(at: &Scratch) {
    let build = started(at).await;
    let mut reader = at.read_events(build, 0).await.expect("reads");
    let mut late = at.read_events(build, 5).await.expect("reads ahead");
    assert_eq!(at.append_events(build, &[line(0), line(1)]).await.expect("appends"), 0);
    check_ids(&reader.next().await.expect("reads").expect("has some"), 0, 2);
    assert_eq!(at.append_events(build, &[]).await.expect("appends nothing"), 2);
    for i in 2..8 {
        assert_eq!(at.append_events(build, &[line(i)]).await.expect("appends"), i as u64);
    }
    check_ids(&reader.next().await.expect("reads").expect("has some"), 2, 8);
    let events = late.next().await.expect("reads").expect("has some");
    check_ids(&events, 5, 8);
    assert_eq!(events[0].output_offset, Some(5));
    drop(reader);
    let mut reader = at.read_events(build, 3).await.expect("reads");
    check_ids(&reader.next().await.expect("reads").expect("has some"), 3, 8);
    // It waits, and is woken.
    let waiting = tokio::spawn(async move { reader.next().await });
    at.append_events(build, &[line(8)]).await.expect("appends");
    check_ids(&waiting.await.expect("ends").expect("reads").expect("has some"), 8, 9);
}

async fn many_readers_see_all_in_order(at: &Scratch) {
    let build = started(at).await;
    let mut readers = Vec::new();
    for i in 0..40u64 {
        let store = at.store.clone();
        readers.push(tokio::spawn(async move {
            let from = i * 25;
            let mut reader = store.read_events(build, from).await.expect("reads");
            let events = read_all(&mut reader).await;
            check_ids(&events, from, 2001);
        }));
    }
    for i in 0..200 {
        let lines: Vec<NewEvent> = (i * 10..i * 10 + 10).map(line).collect();
        at.append_events(build, &lines).await.expect("appends");
    }
    at.append_events(build, &[status(Status::Succeeded)]).await.expect("appends");
    for reader in readers {
        reader.await.expect("sees all");
    }
}

async fn a_log_that_is_complete_is_compressed_and_read_from_any_id(at: &Scratch) {
    let build = started(at).await;
    let mut early = at.read_events(build, 0).await.expect("reads");
    for i in 0..100 {
        let lines: Vec<NewEvent> = (i * 200..i * 200 + 200).map(line).collect();
        at.append_events(build, &lines).await.expect("appends");
    }
    let first = early.next().await.expect("reads").expect("has some");
    at.finish_build(build, Status::Succeeded, None).await.expect("ends");
    at.complete_log(build).await.expect("compresses");
    at.complete_log(build).await.expect("is compressed");
    let files = files(at);
    assert!(files.iter().all(|file| file.to_string_lossy().ends_with(".log.gz")), "{files:?}");
    // One who was reading reads on.
    let rest = read_all(&mut early).await;
    check_ids(&rest, first.len() as u64, 20_001);
    for from in [0, 1, 777, 12_345, 19_999, 20_000, 20_001, 99_999] {
        let mut reader = at.read_events(build, from).await.expect("reads");
        check_ids(&read_all(&mut reader).await, from.min(20_001), 20_001);
    }
    let whole = flate2_all(&files[0]);
    assert_eq!(whole.lines().count(), 20_001, "any gzip reader reads it whole");
    assert_eq!(at.final_status(build).await.expect("reads"), Some(Status::Succeeded));
    at.delete_log(build).await.expect("deletes");
    let mut reader = at.read_events(build, 0).await.expect("reads");
    assert!(read_all(&mut reader).await.is_empty());
}

async fn a_final_status_ends_the_log(at: &Scratch) {
    let build = started(at).await;
    let mut reader = at.read_events(build, 0).await.expect("reads");
    let events = [status(Status::Started), line(1), status(Status::Failed)];
    at.append_events(build, &events).await.expect("appends");
    check_ids(&read_all(&mut reader).await, 0, 3);
    let refused = at.append_events(build, &[line(3)]).await.expect_err("is complete");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    // The row learns it from the log, and the log says it once.
    at.finish_build(build, Status::Failed, None).await.expect("ends");
    let mut reader = at.read_events(build, 0).await.expect("reads");
    check_ids(&read_all(&mut reader).await, 0, 3);
    assert_eq!(at.complete_finished_logs().await.expect("compresses"), 1);
    assert_eq!(at.complete_finished_logs().await.expect("finds none"), 0);
}

async fn a_row_is_mended_from_its_log(at: &Scratch) {
    let build = started(at).await;
    at.append_events(build, &[line(0), status(Status::Failed)]).await.expect("appends");
    assert_eq!(at.build(build).await.expect("reads").expect("is there").status, Status::Started);
    let copy = copy_of(at.dir.path());
    let after = open(&at.url, copy.path()).await.expect("opens");
    let row = after.build(build).await.expect("reads").expect("is there");
    assert_eq!(row.status, Status::Failed);
    after.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_cut_anywhere_loses_its_torn_line_only() {
    let at = Scratch::sqlite().await;
    let build = started(&at).await;
    for i in 0..30 {
        at.append_events(build, &[line(i)]).await.expect("appends");
    }
    at.close().await;
    let copy = copy_of(at.dir.path());
    let file = copy.path().join("logs/open").join(format!("{build}.jsonl"));
    let text = std::fs::read(&file).expect("reads");
    let ends: Vec<usize> =
        text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i + 1).collect();
    for cut in ends[26]..=text.len() {
        let n_whole = ends.iter().filter(|end| **end <= cut).count() as u64;
        for rest in [&b""[..], &[0; 700], b"x}\n{\"no\":\n"] {
            let mut torn = text[..cut].to_vec();
            torn.extend_from_slice(rest);
            std::fs::write(&file, &torn).expect("writes");
            let store = open(&at.url, copy.path()).await.expect("opens");
            let first = store.append_events(build, &[line(99)]).await.expect("appends");
            assert_eq!(first, n_whole, "cut at {cut} with {} more", rest.len());
            let mut reader = store.read_events(build, 0).await.expect("reads");
            let events = reader.next().await.expect("reads").expect("has some");
            check_ids(&events, 0, n_whole + 1);
            store.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_loses_nothing_it_was_told_is_written() {
    let at = Scratch::sqlite().await;
    let build = started(&at).await;
    for i in 0..50 {
        at.append_events(build, &[line(i)]).await.expect("appends");
        if i % 10 == 0 {
            // What a `kill -9` leaves: the files as they are at this moment.
            let copy = copy_of(at.dir.path());
            let after = open(&at.url, copy.path()).await.expect("opens");
            assert_eq!(after.build(build).await.expect("reads").expect("is there").id, build);
            let mut reader = after.read_events(build, 0).await.expect("reads");
            let events = reader.next().await.expect("reads").expect("has some");
            check_ids(&events, 0, i as u64 + 1);
            after.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_lines_are_read_from_anywhere() {
    let at = Scratch::sqlite().await;
    let build = started(&at).await;
    // Output comes in pieces of up to 32 KiB, so a million lines are not a million events.
    let piece = "all work and no play makes ci a dull boy\n".repeat(780);
    let n_pieces = 1_000_000 / 780 + 1;
    let origin = Origin::stream(&PlanId::from("2"), LogSource::Stdout);
    for _ in 0..n_pieces {
        let event = Event::Log { time: 1, origin: origin.clone(), payload: piece.clone() };
        at.append_events(build, &[NewEvent { event, output_offset: None }]).await.expect("appends");
    }
    let from = n_pieces - 3;
    let mut reader = at.read_events(build, from).await.expect("reads");
    let events = reader.next().await.expect("reads").expect("has some");
    assert_eq!(events[0].id, from);
    at.finish_build(build, Status::Succeeded, None).await.expect("ends");
    at.complete_log(build).await.expect("compresses");
    let mut reader = at.read_events(build, 0).await.expect("reads");
    let mut n_events = 0;
    while let Some(lines) = reader.next_lines().await.expect("reads") {
        assert_eq!(lines.first, n_events);
        n_events += u64::from(lines.n_lines);
    }
    assert_eq!(n_events, n_pieces + 1);
}

/// The logs' files.
fn files(at: &Scratch) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![at.dir.path().join("logs")];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir).expect("lists") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found
}

fn flate2_all(path: &std::path::Path) -> String {
    use std::io::Read;
    let file = OpenOptions::new().read(true).open(path).expect("opens");
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("reads");
    text
}

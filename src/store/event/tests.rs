//! Logs without a store around them: a full disk, files that others left, blocks.

use std::sync::Arc;

use super::disk::Paths;
use super::log::{Log, Place};
use super::reader::LogReader;
use super::scan::INDEX_EVERY;
use crate::engine::journal::NewEvent;
use crate::model::build::{Event, EventId, LogSource, Origin, Status};
use crate::model::{BuildId, PlanId, Timestamp};
use crate::store::StoreError;

const BUILD: BuildId = BuildId(7);

fn log_in(dir: &tempfile::TempDir) -> Arc<Log> {
    Arc::new(Log::new(BUILD, Paths::of(dir.path(), BUILD)))
}

fn line(text: &str) -> NewEvent {
    let origin = Origin::stream(&PlanId::from("2"), LogSource::Stdout);
    let event = Event::Log { time: 1, origin, payload: text.to_owned() };
    NewEvent { event, output_offset: None }
}

fn status(status: Status) -> NewEvent {
    NewEvent { event: Event::Status { status, time: 1 }, output_offset: None }
}

fn append(log: &Log, events: &[NewEvent]) -> Result<EventId, StoreError> {
    log.append(events, Timestamp(1))
}

/// The texts of all lines that are there from an id on.
async fn texts(log: &Arc<Log>, from: EventId) -> Vec<String> {
    let mut reader = LogReader::open(Arc::clone(log), from).expect("opens").ending();
    let mut texts = Vec::new();
    while let Some(events) = reader.next().await.expect("reads") {
        for event in events {
            match event.event {
                Event::Log { payload, .. } => texts.push(payload),
                other => texts.push(format!("{:?}", other.kind().0)),
            }
        }
    }
    texts
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_of_what_was_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = log_in(&dir);
    append(&log, &[line("one")]).expect("appends");
    let len = std::fs::metadata(Paths::of(dir.path(), BUILD).open).expect("is there").len();
    for room in [0, 1, len - 1, len, len + 10] {
        log.fill_disk_at(len + room);
        let refused = append(&log, &[line("two"), line("three")]).expect_err("is full");
        assert!(matches!(refused, StoreError::Disk { action: "write", .. }), "{refused}");
        assert_eq!(texts(&log, 0).await, ["one"], "{room} bytes of room");
        let left = std::fs::metadata(Paths::of(dir.path(), BUILD).open).expect("is there").len();
        assert_eq!(left, len, "a later process finds nothing of it either");
    }
    log.fill_disk_at(u64::MAX);
    assert_eq!(append(&log, &[line("four")]).expect("appends"), 1);
    assert_eq!(texts(&log, 0).await, ["one", "four"]);
    assert_eq!(texts(&log_in(&dir), 0).await, ["one", "four"]);
}

#[tokio::test]
async fn a_log_is_found_again_in_each_of_its_forms() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = log_in(&dir);
    assert_eq!(log.final_status().expect("looks"), None);
    assert!(texts(&log, 0).await.is_empty());
    append(&log, &[line("one"), status(Status::Errored)]).expect("appends");
    let again = log_in(&dir);
    assert_eq!(again.final_status().expect("looks"), Some(Status::Errored));
    append(&again, &[line("late")]).expect_err("it is complete");
    again.complete().expect("compresses");
    let archived = log_in(&dir);
    assert!(matches!(archived.place(0).expect("finds"), Place::Archive(_)));
    assert_eq!(archived.final_status().expect("looks"), Some(Status::Errored));
    assert_eq!(texts(&archived, 0).await, ["one", "\"status\""]);
    append(&archived, &[line("late")]).expect_err("it is complete");
    // A process that ended between the two steps left both: the compressed one counts.
    std::fs::write(Paths::of(dir.path(), BUILD).open, b"junk").expect("writes");
    let both = log_in(&dir);
    assert_eq!(texts(&both, 1).await, ["\"status\""]);
    assert!(!Paths::of(dir.path(), BUILD).open.exists());
    both.delete().expect("deletes");
    assert!(texts(&log_in(&dir), 0).await.is_empty());
}

#[tokio::test]
async fn the_index_leads_to_any_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = log_in(&dir);
    // Lines of all lengths, some longer than the index's stretch and the reader's piece.
    let long = usize::try_from(INDEX_EVERY).expect("fits");
    let lens = [1, 100, long + 1, 7, 5 * long, 300, long - 1, 2, 2];
    let sent: Vec<String> = (0..27).map(|i| "x".repeat(lens[i % lens.len()] + i)).collect();
    for text in &sent {
        append(&log, &[line(text)]).expect("appends");
    }
    for form in ["written here", "found", "compressed"] {
        let log = if form == "written here" { Arc::clone(&log) } else { log_in(&dir) };
        if form == "compressed" {
            log.complete().expect("compresses");
        }
        for from in [0, 1, 2, 3, 14, 25, 26, 27, 200] {
            let expected = sent.get(from..).unwrap_or_default();
            assert_eq!(texts(&log, from as EventId).await, expected, "{form} from {from}");
        }
    }
}

#[tokio::test]
async fn a_block_that_was_changed_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = log_in(&dir);
    append(&log, &[line("one"), status(Status::Succeeded)]).expect("appends");
    log.complete().expect("compresses");
    let path = Paths::of(dir.path(), BUILD).archive;
    let whole = std::fs::read(&path).expect("reads");
    let mut changed = whole.clone();
    let middle = changed.len() - 12;
    changed[middle] ^= 0xff;
    std::fs::write(&path, &changed).expect("writes");
    let mut reader = LogReader::open(log_in(&dir), 0).expect("opens");
    reader.next().await.expect_err("does not match its checksum");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("writes");
    assert!(LogReader::open(log_in(&dir), 0).is_err(), "it ends too early");
}

//! Figures that people feel, held to loose bounds here: machines that run tests are busy.

use std::time::{Duration, Instant};

use flightdeck::model::build::LogSource;
use flightdeck::runtime::{ProcessSpec, Runtime};

use super::subject::{WINDOW, container, open_process, soon};

fn command(text: &str, has_terminal: bool) -> ProcessSpec {
    ProcessSpec {
        path: "/bin/sh".to_owned(),
        args: vec!["-c".to_owned(), text.to_owned()],
        env: Vec::new(),
        dir: String::new(),
        user: None,
        tty: has_terminal.then_some(WINDOW),
        stdin: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_byte_comes_soon() {
    let place = tempfile::tempdir().expect("place");
    let runtime = open_process(place.path());
    let mut spans = Vec::new();
    for number in 0..20 {
        let start = Instant::now();
        let own = runtime.create(container(&format!("c{number}"))).await.expect("creates");
        let created = start.elapsed();
        let process = own.run(command("echo hello", true)).await.expect("runs");
        let running = start.elapsed();
        let mut output = process.output(LogSource::Stdout, 0).await.expect("output");
        soon(output.next()).await.expect("reads").expect("some");
        let first = start.elapsed() - created;
        soon(process.wait()).await.expect("ends");
        let ended = start.elapsed() - created;
        spans.push((first, running - created, ended, created));
    }
    spans.sort();
    let (first, started, ended, created) = spans[spans.len() / 2];
    println!(
        "median: create {created:?}, run() answers {started:?}, first byte {first:?}, end {ended:?}"
    );
    assert!(first < Duration::from_millis(250), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_lines_come_quickly() {
    for has_terminal in [true, false] {
        let place = tempfile::tempdir().expect("place");
        let own = open_process(place.path()).create(container("c")).await.expect("creates");
        let start = Instant::now();
        let process = own.run(command("seq 1 1000000", has_terminal)).await.expect("runs");
        let mut output = process.output(LogSource::Stdout, 0).await.expect("output");
        let (mut bytes, mut lines, mut pieces) = (0u64, 0, 0);
        while let Some(chunk) = soon(output.next()).await.expect("reads") {
            bytes += chunk.bytes.len() as u64;
            lines += chunk.bytes.iter().filter(|byte| **byte == b'\n').count();
            pieces += 1;
        }
        let span = start.elapsed();
        let rate = bytes as f64 / 1e6 / span.as_secs_f64();
        println!(
            "terminal {has_terminal}: {lines} lines, {bytes} bytes, {pieces} pieces in {span:?}: {rate:.1} MB/s"
        );
        assert_eq!(lines, 1_000_000);
        assert!(span < Duration::from_secs(20), "{span:?}");
    }
}

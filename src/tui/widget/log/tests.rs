//! Logs as text: what is kept, folded, found and drawn.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::model::Timestamp;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widget::testing::{rows, shoot};

fn sample() -> LogStore {
    let mut store = LogStore::default();
    let at = |seconds: i64| Timestamp::from_secs(1_000 + seconds);
    store.append(b"Using environment '172.16.0.10' as client 'admin'\n", at(1));
    for i in 0..20 {
        store.append(format!("ok {i} something passed\n").as_bytes(), at(2 + i));
    }
    store.append(b"WARN  ecs.eu-central-1: request timeout, retry 1 of 5\n", at(30));
    store.append(b"  attempt 1: connection refused\n", at(161));
    store.append(b"\x1b[32m  attempt 3: ok\x1b[0m and \x1b[1;38;5;200mmore\x1b[0m\n", at(162));
    store.append(b" 10%\r 50%\r100% pulled\n", at(163));
    store.append(
        b"Task 18 | Error: CPI error 'Bosh::Clouds::CloudError' in a line that is long\n",
        at(170),
    );
    store.append(b"  InvalidDataDiskSizeError: 10 GiB is under the minimum of 20 GiB\n", at(170));
    store.append(b"exit status 1\n", at(171));
    store
}

fn draw(width: u16, height: u16, state: LogState, wrap: bool) -> Buffer {
    let store = sample();
    let silences: Vec<_> = store.silences(Duration::from_secs(60)).collect();
    let fold = Fold { lines: 2..21, label: "examples passed".to_owned(), is_open: false };
    let rows = Rows::new(store.len(), vec![fold], &silences);
    let mut search = Search::new("timeout|refused");
    assert!(search.step(&store, 1 << 20).unwrap());
    let look = Look::night();
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    look.clear(&mut buf, area, Role::Bg);
    let view = LogView {
        store: &store,
        rows: &rows,
        search: Some(&search),
        first_error: store.first_error(),
        times: Times::SinceStart,
        started: Some(Timestamp::from_secs(1_000)),
        zone: &TimeZone::UTC,
        wrap,
        focus: true,
    };
    let state = state.fitted(rows.len(), height);
    view.draw(area, &mut buf, &look, state);
    buf
}

#[test]
fn a_log_has_numbers_times_folds_and_silences() {
    let buf = draw(72, 12, LogState { cursor: 3, ..LogState::default() }, false);
    shoot("log", &buf);
    assert_eq!(
        rows(&buf),
        [
            "     1        1s  Using environment '172.16.0.10' as client 'admin'   │",
            "     2        2s  ok 0 something passed                               │",
            "                ▸ 19 lines: examples passed (18s)                     │",
            "▌   22       30s  WARN  ecs.eu-central-1: request timeout, retry 1 o› ┃",
            "                ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ 2m 11s without a line ┈┈┈┈┈┈┈┈┈┈┈┈┈… │",
            "    23    2m 41s    attempt 1: connection refused                     ┃",
            "    24    2m 42s    attempt 3: ok and more                            │",
            "    25    2m 43s  100% pulled                                         │",
            "▌   26    2m 50s  Task 18 | Error: CPI error 'Bosh::Clouds::CloudErr› ┃",
            "    27    2m 50s    InvalidDataDiskSizeError: 10 GiB is under the mi› ┃",
            "    28    2m 51s  exit status 1                                       ┃",
            "                                                                      │",
        ]
    );
}

#[test]
fn narrow_logs_lose_times_then_numbers() {
    let top =
        |width| rows(&draw(width, 1, LogState { cursor: 1, top: 1, ..LogState::default() }, false));
    assert_eq!(top(50)[0].trim_end_matches(['▌', '│', '┃', ' ']), "▌    2  ok 0 something passed");
    assert_eq!(top(30)[0].trim_end_matches(['▌', '│', '┃', ' ']), "▌ ok 0 something passed");
    for (width, height) in [(1, 1), (3, 3), (5, 2), (400, 120)] {
        draw(width, height, LogState::default(), true);
        draw(width, height, LogState { left: 100_000, ..LogState::default() }, false);
    }
}

#[test]
fn a_frame_of_a_long_log_takes_no_time() {
    let mut store = LogStore::default();
    let block =
        "\x1b[33mline\x1b[0m of text that is about as long as lines are in logs\n".repeat(1_000);
    for i in 0..100 {
        store.append(block.as_bytes(), Timestamp::from_secs(i));
    }
    let rows = Rows::new(store.len(), Vec::new(), &[]);
    let look = Look::night();
    let area = Rect::new(0, 0, 200, 50);
    let mut buf = Buffer::empty(area);
    let view = LogView {
        store: &store,
        rows: &rows,
        search: None,
        first_error: None,
        times: Times::OfDay,
        started: None,
        zone: &TimeZone::UTC,
        wrap: false,
        focus: true,
    };
    let begun = Instant::now();
    for i in 0..20 {
        let state = LogState { cursor: i * 4_999, ..LogState::default() };
        view.draw(area, &mut buf, &look, state.fitted(rows.len(), 50));
    }
    // Unoptimised; the budget of 4 ms a frame is the benches' affair.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn following_ends_when_one_moves_up_and_comes_back_at_the_end() {
    let state = LogState { follow: true, ..LogState::default() }.fitted(100, 10);
    assert_eq!((state.top, state.cursor), (90, 99));
    let up = state.moved(-1, 100).fitted(100, 10);
    assert_eq!((up.top, up.cursor, up.follow), (90, 98, false));
    let far = up.jumped(5, 10);
    assert_eq!((far.top, far.cursor), (2, 5));
    assert_eq!(LogState::default().fitted(0, 10).cursor, 0);
}

//! Clocks for tests: one that jumps when nothing happens, and one that runs fast.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use flightdeck::model::{Clock, Timestamp};
use tokio::sync::watch;

const START: Timestamp = Timestamp(1_700_000_000_000_000);

/// How long nobody has asked for the time when nothing is happening any more.
const QUIET: Duration = Duration::from_millis(60);

/// A clock that stands still while anything happens, then jumps to the first who waits.
pub struct IdleClock {
    now: watch::Sender<Timestamp>,
    waiting: Mutex<BTreeMap<Timestamp, usize>>,
    asked: AtomicU64,
}

impl IdleClock {
    /// A clock that lives in the present tokio runtime.
    pub fn new() -> Arc<Self> {
        let (waiting, asked) = (Mutex::default(), AtomicU64::new(0));
        let clock = Arc::new(Self { now: watch::Sender::new(START), waiting, asked });
        tokio::spawn(jump(Arc::downgrade(&clock)));
        clock
    }
}

async fn jump(clock: Weak<IdleClock>) {
    let mut before = 0;
    loop {
        tokio::time::sleep(QUIET).await;
        let Some(clock) = clock.upgrade() else { return };
        let asked = clock.asked.load(Ordering::Relaxed);
        let first = clock.waiting.lock().expect("free").keys().next().copied();
        if let Some(first) = first.filter(|_| asked == before) {
            clock.now.send_modify(|now| *now = first.max(*now));
        }
        before = asked;
    }
}

/// One who waits, until it is dropped.
struct Waiting<'a> {
    clock: &'a IdleClock,
    moment: Timestamp,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.clock.waiting.lock().expect("free");
        let count = waiting.get_mut(&self.moment).expect("it was counted");
        *count -= 1;
        if *count == 0 {
            waiting.remove(&self.moment);
        }
    }
}

impl Clock for IdleClock {
    fn now(&self) -> Timestamp {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.now.borrow()
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.waiting.lock().expect("free").entry(moment).or_default() += 1;
        let waiting = Waiting { clock: self, moment };
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The whole of it: it is counted until this future goes.
            let waiting = waiting;
            now.wait_for(|now| *now >= waiting.moment).await.expect("the clock lives");
        })
    }
}

/// Time since the clock was made, times a factor.
pub struct FastClock {
    start: Instant,
    factor: u32,
}

impl FastClock {
    /// A clock on which `factor` seconds pass in one.
    pub fn new(factor: u32) -> Self {
        Self { start: Instant::now(), factor }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        START + self.start.elapsed() * self.factor
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wait: Duration = moment.since(self.now()) / self.factor;
        Box::pin(tokio::time::sleep(wait))
    }
}

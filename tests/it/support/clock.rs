//! A clock that runs faster than the wall's.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use flightdeck::model::{Clock, Timestamp};

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
        Timestamp::from_secs(1_700_000_000) + self.start.elapsed() * self.factor
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wait: Duration = moment.since(self.now()) / self.factor;
        Box::pin(tokio::time::sleep(wait))
    }
}

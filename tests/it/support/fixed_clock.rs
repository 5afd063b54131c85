//! A clock that only tests move.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use flightdeck::model::Timestamp;
use flightdeck::model::time::Clock;

/// A clock that stands until it is moved. Whoever sleeps on it sleeps for ever.
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that stands at this moment.
    pub fn at(now: Timestamp) -> FixedClock {
        FixedClock(Mutex::new(now))
    }

    /// Moves it.
    pub fn advance(&self, span: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = *now + span;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

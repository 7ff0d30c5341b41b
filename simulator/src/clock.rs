//! The org's clock: real time plus an offset, which tests can set and advance.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock that follows real time and can be advanced; clones share the offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    advanced_ms: Arc<AtomicI64>,
    /// [`Settings::clock_offset`](crate::Settings::clock_offset) of the org.
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Returns a clock that shows the real time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the org's current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millis = self.advanced_ms.load(Ordering::SeqCst);
        let millis = millis.saturating_add(self.offset_ms.load(Ordering::SeqCst));
        let offset = SignedDuration::from_millis(millis);
        let real = Timestamp::now();
        real.checked_add(offset).unwrap_or(real)
    }

    /// Advances the org's time.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.advanced_ms.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the difference to the real time, in addition to advances.
    pub(crate) fn set_offset(&self, offset: SignedDuration) {
        let millis = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.store(millis, Ordering::SeqCst);
    }
}

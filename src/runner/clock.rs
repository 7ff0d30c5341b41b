//! Time, so that tests need none.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

/// Tells the time and waits.
#[async_trait]
pub(crate) trait Clock: Send + Sync {
    fn now(&self) -> SystemTime;
    async fn sleep(&self, duration: Duration);
}

/// The clock on the wall.
#[derive(Debug)]
pub(crate) struct WallClock;

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

pub(crate) fn wall() -> Arc<dyn Clock> {
    Arc::new(WallClock)
}

/// A moment of the wire on the clock.
pub(crate) fn from_wire(at: &prost_types::Timestamp) -> Option<SystemTime> {
    SystemTime::try_from(*at).ok()
}

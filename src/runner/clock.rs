//! The time and waiting, replaced in tests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

/// Returns the time, and waits.
#[async_trait]
pub(crate) trait Clock: Send + Sync {
    fn now(&self) -> SystemTime;
    async fn sleep(&self, duration: Duration);
}

/// The real clock.
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

/// Converts a timestamp of the protocol.
pub(crate) fn from_wire(at: &prost_types::Timestamp) -> Option<SystemTime> {
    SystemTime::try_from(*at).ok()
}

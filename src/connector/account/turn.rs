//! One create at a time for each username, within this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// Who is being created now.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Weak<Gate<()>>>>);

impl Turns {
    /// Waits until nobody else creates `username`; the turn ends when the guard is dropped.
    pub(super) async fn take(&self, username: &str) -> OwnedMutexGuard<()> {
        let gate = {
            let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            gates.retain(|_, gate| gate.strong_count() > 0);
            let known = gates.entry(username.to_lowercase()).or_default();
            known.upgrade().unwrap_or_else(|| {
                let gate = Arc::new(Gate::new(()));
                *known = Arc::downgrade(&gate);
                gate
            })
        };
        gate.lock_owned().await
    }
}

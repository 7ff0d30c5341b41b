//! Which tables are read by query jobs: large ones, as long as Salesforce does so.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which tables are read by query jobs.
pub(super) struct JobPolicy {
    /// Tables with more rows than this; `None` for no table.
    threshold: Option<u64>,
    /// The objects that no job has read, although one should have.
    refused: Mutex<BTreeSet<&'static str>>,
}

impl JobPolicy {
    pub(super) fn new(threshold: Option<u64>) -> Self {
        Self {
            threshold,
            refused: Mutex::default(),
        }
    }

    /// Whether a job reads this many rows of `object`.
    pub(super) fn is_for(&self, object: &'static str, rows: u64) -> bool {
        let is_large = self.threshold.is_some_and(|threshold| rows > threshold);
        is_large && !self.refused().contains(object)
    }

    /// Keeps that jobs do not read `object`. Returns whether that is new.
    pub(super) fn refuse(&self, object: &'static str) -> bool {
        self.refused().insert(object)
    }

    /// Forgets what jobs did not read: they may by now.
    pub(super) fn forget(&self) {
        self.refused().clear();
    }

    fn refused(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_tables_are_read_by_jobs_until_one_does_not_work() {
        let policy = JobPolicy::new(Some(10));
        assert!(policy.is_for("User", 11) && !policy.is_for("User", 10));
        assert!(policy.refuse("User") && !policy.refuse("User"));
        assert!(!policy.is_for("User", 11) && policy.is_for("GroupMember", 11));
        policy.forget();
        assert!(policy.is_for("User", 11));
        assert!(!JobPolicy::new(None).is_for("User", u64::MAX));
    }
}

//! The tasks that this daemon has: the platform may give one of them once more, and none is done
//! twice.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long the end of a task is remembered. A platform that still gives it out afterwards has lost
/// the report.
const REMEMBERED: Duration = Duration::from_hours(1);
/// The contract allows so many ids in a request.
const MOST_NAMED: usize = 100;

/// Ids of tasks; those that have ended with the time of their end.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<String, Option<Instant>>>);

impl Known {
    /// Notes that the task begins. False if it is known already.
    pub(super) fn begin(&self, task: &str) -> bool {
        let now = Instant::now();
        let mut known = self.0.lock();
        known.retain(|_, ended| ended.is_none_or(|ended| now - ended < REMEMBERED));
        if known.contains_key(task) {
            return false;
        }
        known.insert(task.to_owned(), None);
        true
    }

    /// Notes that the task has been reported.
    pub(super) fn end(&self, task: &str) {
        self.0.lock().insert(task.to_owned(), Some(Instant::now()));
    }

    /// The tasks that are being done.
    pub(super) fn running(&self) -> Vec<String> {
        let known = self.0.lock();
        let running = known.iter().filter(|(_, ended)| ended.is_none());
        running.map(|(id, _)| id.clone()).take(MOST_NAMED).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_is_done_once_until_its_end_is_forgotten() {
        let known = Known::default();
        assert!(known.begin("a"));
        assert!(!known.begin("a"));
        assert_eq!(known.running(), ["a"]);
        known.end("a");
        assert!(!known.begin("a"));
        assert!(known.running().is_empty());
        tokio::time::advance(REMEMBERED).await;
        assert!(known.begin("a"));
    }
}

//! Tells the platform that a task is still being worked on, and hears whether it is still wanted.

use std::time::Duration;

use super::platform::Platform;

/// Heartbeats that may fail in a row. A platform that hears nothing for so long gives the task to
/// another host.
const FAILURES: u32 = 10;

/// Why a task must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The platform has cancelled it.
    Cancelled,
    /// No heartbeat has arrived for too long.
    Unheard,
}

/// Sends a heartbeat after `first`, and then as often as the platform asks. Returns when the task
/// must end.
pub(super) async fn beat(platform: &Platform, task: &str, first: Duration) -> Lost {
    let (mut wait, mut failures) = (first, 0);
    loop {
        tokio::time::sleep(wait).await;
        match platform.heartbeat(task).await {
            Ok(answer) => {
                let is_cancelled =
                    answer.cancelled || answer.cancelled_task_ids.iter().any(|id| id == task);
                if is_cancelled {
                    return Lost::Cancelled;
                }
                failures = 0;
                wait = interval(answer.next_heartbeat);
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(
                    task_id = task,
                    failures,
                    error = crate::causes::chain(&error),
                    "a heartbeat failed"
                );
                if failures >= FAILURES {
                    return Lost::Unheard;
                }
                wait = wait.max(SHORTEST);
            }
        }
    }
}

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);
const DEFAULT: Duration = Duration::from_secs(30);

/// The platform's interval, within its limits.
pub(super) fn interval(asked: Option<prost_types::Duration>) -> Duration {
    match asked.map(Duration::try_from) {
        Some(Ok(asked)) if !asked.is_zero() => asked.clamp(SHORTEST, LONGEST),
        // A negative one.
        Some(Err(_)) => SHORTEST,
        _ => DEFAULT,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(None => 30; "none")]
    #[test_case(Some((0, 0)) => 30; "zero")]
    #[test_case(Some((0, 5)) => 1; "too short")]
    #[test_case(Some((-7, 0)) => 1; "negative")]
    #[test_case(Some((40, 0)) => 40; "as asked")]
    #[test_case(Some((4000, 0)) => 300; "too long")]
    fn the_platform_says_how_often(asked: Option<(i64, i32)>) -> u64 {
        let asked = asked.map(|(seconds, nanos)| prost_types::Duration { seconds, nanos });
        interval(asked).as_secs()
    }
}

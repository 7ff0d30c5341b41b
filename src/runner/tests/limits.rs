//! The limiter's handshake.

use std::sync::Arc;
use std::time::Duration;

use test_case::test_case;

use super::connector::{InstantClock, Script};
use crate::pb::connector::ConnectorServiceValidateRequest;
use crate::pb::ratelimit::RateLimitDescription;
use crate::pb::ratelimit::rate_limit_description::Status as Limit;
use crate::runner::client::Client;
use crate::runner::clock::Clock;

fn limit(status: Limit, reset_in: Option<i64>) -> Option<RateLimitDescription> {
    let reset_at = reset_in.map(|seconds| prost_types::Timestamp {
        seconds: 1_700_000_000 + seconds,
        nanos: 0,
    });
    Some(RateLimitDescription {
        status: status.into(),
        reset_at,
        ..Default::default()
    })
}

async fn call(
    limits: Vec<Option<RateLimitDescription>>,
) -> (Result<(), tonic::Status>, Arc<Script>, Arc<InstantClock>) {
    let script = Arc::new(Script::default());
    script.limits.lock().unwrap().extend(limits);
    let clock = Arc::new(InstantClock::default());
    let client = Client::new(script.serve().await, Arc::clone(&clock) as Arc<dyn Clock>);
    let result = client
        .call(ConnectorServiceValidateRequest {})
        .await
        .map(drop);
    (result, script, clock)
}

#[test_case(Limit::Ok)]
#[test_case(Limit::Empty)]
#[tokio::test]
async fn a_call_that_is_admitted_is_made_and_reported(status: Limit) {
    let (result, script, _) = call(vec![limit(status, None)]).await;
    result.unwrap();
    assert_eq!(script.calls(), ["validate"]);
    assert_eq!(*script.reports.lock().unwrap(), [Limit::Ok]);
}

#[test_case(None; "nothing")]
#[test_case(limit(Limit::Unspecified, None); "unspecified")]
#[test_case(limit(Limit::Error, None); "error")]
#[tokio::test]
async fn an_unknown_answer_is_an_error_and_not_an_empty_success(
    answer: Option<RateLimitDescription>,
) {
    let (result, script, _) = call(vec![answer]).await;
    assert!(
        result
            .unwrap_err()
            .message()
            .contains("rate limiter answered")
    );
    assert!(script.calls().is_empty());
}

#[tokio::test]
async fn over_the_limit_a_call_waits_for_the_reset() {
    let over = vec![
        limit(Limit::Overlimit, Some(90)),
        limit(Limit::Overlimit, None),
    ];
    let (result, script, clock) = call(over).await;
    result.unwrap();
    assert_eq!(script.calls(), ["validate"]);
    let waits = clock.waits.lock().unwrap().clone();
    assert_eq!(waits, [Duration::from_secs(90), Duration::from_secs(1)]);
}

#[tokio::test]
async fn a_reset_that_is_too_far_away_fails_the_call() {
    let (result, script, _) = call(vec![limit(Limit::Overlimit, Some(4000))]).await;
    assert_eq!(result.unwrap_err().code(), tonic::Code::ResourceExhausted);
    assert!(script.calls().is_empty());
}

#[tokio::test]
async fn a_limiter_that_counts_nothing_is_asked_once() {
    for (status, asked) in [(Limit::Empty, 1), (Limit::Ok, 3)] {
        let script = Arc::new(Script::default());
        let answers = std::iter::repeat_n(limit(status, None), 3);
        script.limits.lock().unwrap().extend(answers);
        let clock: Arc<dyn Clock> = Arc::new(InstantClock::default());
        let client = Client::new(script.serve().await, clock);
        for _ in 0..3 {
            client
                .call(ConnectorServiceValidateRequest {})
                .await
                .unwrap();
        }
        assert_eq!(script.calls().len(), 3);
        assert_eq!(script.reports.lock().unwrap().len(), asked);
        assert_eq!(script.limits.lock().unwrap().len(), 3 - asked);
    }
}

//! Grants and revokes that are cut off: before the write, after it, and where nobody knows.

use salesforce_simulator::{Fault, Matcher};
use test_case::test_case;
use tonic::Code;

use crate::stage::{Stage, THINGS, Thing};

/// Faults that leave it open whether the write was done.
fn ambiguous() -> Vec<Fault> {
    vec![
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::unavailable(),
        Fault::error_after(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Fault::error_after(503, "SERVER_UNAVAILABLE", "Try again."),
        Fault::html(502),
        Fault::TruncatedBody,
        Fault::GarbageBody,
    ]
}

/// Faults that tell that nothing was done.
fn harmless() -> Vec<Fault> {
    vec![Fault::LockRow, Fault::ExpireSession, Fault::ConcurrentLimit]
}

#[test_case(true; "grant")]
#[test_case(false; "revoke")]
#[tokio::test]
async fn a_write_that_is_cut_off_is_done_once(grants: bool) {
    let stage = Stage::set().await;
    for thing in THINGS {
        for fault in ambiguous().into_iter().chain(harmless()) {
            stage.arrange(thing, !grants);
            let faults = stage.harness.simulator.faults();
            faults.next(1, Matcher::writes_to(thing.object()), fault.clone());
            stage.harness.simulator.clear_requests();
            let answer = if grants {
                stage.grant(thing).await
            } else {
                stage.revoke(thing).await
            };
            let answer = answer.unwrap_or_else(|error| panic!("{thing:?} {fault:?}: {error}"));
            assert!(!answer.already, "{thing:?} {fault:?}");
            assert_eq!(faults.pending(), 0, "{thing:?} {fault:?}");
            let rows = stage.rows(&stage.user, thing);
            assert_eq!(rows, usize::from(grants), "{thing:?} {fault:?}");
            if thing.is_single() && grants {
                assert!(answer.replaced.is_some(), "{thing:?} {fault:?}");
            }
            assert!(
                stage.harness.simulator.api_calls() <= 5,
                "{thing:?} {fault:?}"
            );
            if grants {
                stage.arrange(thing, false);
            }
        }
    }
}

#[test_case(true; "grant")]
#[test_case(false; "revoke")]
#[tokio::test]
async fn the_same_again_after_a_cut_says_so(grants: bool) {
    let stage = Stage::set().await;
    for thing in THINGS {
        for fault in [Fault::DropAfter, Fault::DropBefore] {
            stage.arrange(thing, !grants);
            stage
                .harness
                .simulator
                .faults()
                .next(1, Matcher::writes(), fault);
            let twice = if grants {
                stage.grant(thing).await.unwrap();
                stage.grant(thing).await.unwrap()
            } else {
                stage.revoke(thing).await.unwrap();
                stage.revoke(thing).await.unwrap()
            };
            assert!(twice.already, "{thing:?}");
            if grants {
                stage.arrange(thing, false);
            }
        }
    }
}

#[tokio::test]
async fn a_fresh_read_that_is_cut_off_is_read_again() {
    let stage = Stage::set().await;
    for thing in THINGS {
        for fault in [
            Fault::DropBefore,
            Fault::DropAfter,
            Fault::unavailable(),
            Fault::GarbageBody,
        ] {
            let faults = stage.harness.simulator.faults();
            faults.next(1, Matcher::reads(), fault.clone());
            stage.grant(thing).await.unwrap();
            assert!(stage.has(&stage.user, thing), "{thing:?} {fault:?}");
            stage.revoke(thing).await.unwrap();
            assert_eq!(stage.rows(&stage.user, thing), 0, "{thing:?} {fault:?}");
            faults.clear();
        }
    }
}

/// The answer to the write is lost, and so is every answer to the question whether it took effect.
/// The service repeats the whole call, finds it done, and does not say that somebody else did it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truth_that_cannot_be_read_is_asked_for_again() {
    let stage = Stage::set().await;
    let faults = stage.harness.simulator.faults();
    faults.next(1, Matcher::writes(), Fault::DropAfter);
    faults.next(5, Matcher::reads(), Fault::unavailable());
    assert!(!stage.grant(Thing::Set).await.unwrap().already);
    assert_eq!(
        (stage.rows(&stage.user, Thing::Set), faults.pending()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_row_that_stays_locked_costs_at_most_five_calls() {
    for thing in THINGS {
        for grants in [true, false] {
            let stage = Stage::set().await;
            if !grants {
                stage.grant(thing).await.unwrap();
            }
            let faults = stage.harness.simulator.faults();
            faults.next(1_000, Matcher::writes(), Fault::LockRow);
            let before = stage.harness.simulator.api_calls();
            let status = if grants {
                stage.grant(thing).await.unwrap_err()
            } else {
                stage.revoke(thing).await.unwrap_err()
            };
            assert_eq!(status.code(), Code::Unavailable, "{thing:?}");
            let calls = stage.harness.simulator.api_calls() - before;
            assert!(calls <= 5, "{thing:?}, grants: {grants}: {calls} calls");
            assert_eq!(stage.has(&stage.user, thing), !grants, "{thing:?}");
        }
    }
}

#[tokio::test]
async fn a_used_up_quota_is_not_waited_for() {
    let stage = Stage::set().await;
    let used_up = Fault::status(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    );
    for thing in THINGS {
        stage
            .harness
            .simulator
            .faults()
            .next(1, Matcher::api(), used_up.clone());
        let status = stage.grant(thing).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{thing:?}");
    }
}

/// Every second write fails in some way, and every fifth read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_days_lose_nothing_and_double_nothing() {
    let stage = Stage::set().await;
    let mut day = ambiguous();
    day.extend(harmless());
    let faults = stage.harness.simulator.faults();
    faults.every_matching(2, Matcher::writes(), day);
    faults.every_matching(
        5,
        Matcher::reads(),
        [Fault::DropAfter, Fault::unavailable()],
    );
    for _ in 0..3 {
        for thing in THINGS {
            stage.grant(thing).await.unwrap();
            assert_eq!(stage.rows(&stage.user, thing), 1, "{thing:?}");
        }
        for thing in THINGS {
            stage.revoke(thing).await.unwrap();
            assert_eq!(stage.rows(&stage.user, thing), 0, "{thing:?}");
        }
    }
}

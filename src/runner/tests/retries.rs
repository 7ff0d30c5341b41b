//! Failed calls: repeated, skipped, or the end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prost::Message;
use test_case::test_case;
use tonic::{Code, Status};

use super::connector::{Script, page};
use super::rows::*;
use crate::pb::connector::*;
use crate::pb::google::rpc;
use crate::runner::retry::delay;
use crate::runner::sync::Options;

fn script(groups: usize) -> Script {
    let mut script = Script {
        types: vec![kind("group", vec![])],
        ..Script::default()
    };
    let rows = (0..groups)
        .map(|at| resource("group", &at.to_string(), vec![]))
        .collect();
    script
        .resources
        .insert(("group".into(), String::new()), page(rows));
    script
}

#[tokio::test]
async fn unavailable_calls_are_repeated_until_they_succeed() {
    let script = Arc::new(script(1));
    script.fail(
        "types",
        [Status::unavailable("a"), Status::deadline_exceeded("b")],
    );
    script.fail("grants group/0", vec![Status::unavailable("c"); 70]);
    let summary = script.count(Options::default()).await.unwrap();
    assert_eq!(summary.warnings, Vec::<String>::new());
    let of = |what| script.calls().iter().filter(|call| *call == what).count();
    assert_eq!((of("types"), of("grants group/0")), (3, 71));
}

#[tokio::test]
async fn validate_is_not_repeated() {
    let script = Arc::new(script(1));
    script.fail("validate", [Status::unavailable("down")]);
    assert_eq!(
        script.count(Options::default()).await.unwrap_err().code(),
        14
    );
    assert_eq!(script.calls(), ["validate"]);
}

#[test_case(Code::ResourceExhausted)]
#[test_case(Code::Internal)]
#[test_case(Code::PermissionDenied)]
#[test_case(Code::Unauthenticated)]
#[test_case(Code::Unimplemented)]
#[tokio::test]
async fn other_failures_end_the_sync(code: Code) {
    let script = Arc::new(script(1));
    script.fail("static group", [Status::new(code, "no")]);
    let error = script.count(Options::default()).await.unwrap_err();
    assert_eq!(error.code(), code as i32);
    assert!(
        error
            .to_string()
            .contains("listing static entitlements of group"),
        "{error}"
    );
}

#[tokio::test]
async fn not_found_skips_a_listing_with_a_warning() {
    let script = Arc::new(script(3));
    script.fail("entitlements group/1", [Status::not_found("gone")]);
    let summary = script.count(Options::default()).await.unwrap();
    assert_eq!(summary.warnings.len(), 1);
    assert!(summary.warnings[0].contains("group/1"));
}

#[tokio::test]
async fn too_many_warnings_end_the_sync() {
    let script = Arc::new(script(30));
    for at in 0..30 {
        script.fail(&format!("grants group/{at}"), [Status::not_found("gone")]);
    }
    let error = script
        .count(Options {
            workers: 1,
            ..Options::default()
        })
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("too many warnings: 11 of"),
        "{error}"
    );
}

fn limited(remaining: i64, reset_in: i64) -> Status {
    let quota = RateLimitDescription {
        remaining,
        reset_at: Some(prost_types::Timestamp {
            seconds: 1000 + reset_in,
            nanos: 0,
        }),
        ..RateLimitDescription::default()
    };
    let details = rpc::Status {
        details: vec![mark(quota)],
        ..rpc::Status::default()
    };
    Status::with_details(
        Code::Unavailable,
        "slow down",
        details.encode_to_vec().into(),
    )
}

#[test_case(Status::unavailable(""), 1, 1; "first")]
#[test_case(Status::unavailable(""), 7, 7; "seventh")]
#[test_case(Status::unavailable(""), 100, 60; "never longer than a minute")]
#[test_case(limited(0, 30), 1, 30; "until the quota is back")]
#[test_case(limited(0, 300), 1, 60; "at most a minute, then it tries")]
#[test_case(limited(4, 30), 1, 8; "spread over what is left")]
#[test_case(limited(0, -5), 3, 3; "a reset that is past says nothing")]
fn the_wait_follows_the_connector(status: Status, attempts: u64, seconds: u64) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    assert_eq!(delay(&status, attempts, now), Duration::from_secs(seconds));
}

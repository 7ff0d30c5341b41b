use serde_json::json;
use test_case::test_case;

use super::*;

fn check(state: State, weight: Weight) -> Check {
    Check::new("read.user", state).weighing(weight)
}

fn report(checks: Vec<Check>) -> Report {
    Report {
        checks,
        ..Report::default()
    }
    .judged()
}

#[test_case(State::Allowed, Weight::Vital => Outcome::Ok)]
#[test_case(State::Denied, Weight::Usual => Outcome::Warnings)]
#[test_case(State::Absent, Weight::Usual => Outcome::Warnings)]
#[test_case(State::Unknown, Weight::Usual => Outcome::Warnings)]
#[test_case(State::Unknown, Weight::Note => Outcome::Ok)]
#[test_case(State::Unknown, Weight::Vital => Outcome::Failed)]
#[test_case(State::Denied, Weight::Vital => Outcome::Failed)]
fn the_worst_check_decides(state: State, weight: Weight) -> Outcome {
    report(vec![
        check(State::Allowed, Weight::Usual),
        check(state, weight),
    ])
    .result
}

#[test]
fn a_report_without_checks_is_no_success() {
    assert_eq!(report(Vec::new()).exit_code(), 2);
}

#[test]
fn json_has_every_key_even_if_nothing_is_known() {
    let report = report(vec![check(State::Denied, Weight::Vital)]);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap_or_default();
    let expected = json!({
        "result": "failed",
        "org": {
            "id": null, "name": null, "edition": null, "sandbox": null, "instance_url": null,
            "api_version": null, "api_version_newest": null, "calls_used": null,
            "calls_allowed": null,
        },
        "user": {"id": null, "username": null, "profile": null, "license": null},
        "checks": [{
            "id": "read.user", "state": "denied", "permission": null, "cause": null,
            "remedy": null,
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn lines_tell_what_was_seen_and_the_result_last() {
    let denied = check(State::Denied, Weight::Usual)
        .because("it lacks".to_owned())
        .fix("give it");
    let mut report = report(vec![check(State::Allowed, Weight::Vital), denied]);
    report.org.calls_used = Some(10);
    report.org.calls_allowed = Some(100);
    assert_eq!(
        report.to_lines(),
        "API calls: 10 of 100 used in 24 hours, 90 left\n\
         read.user: allowed\n\
         read.user: denied: it lacks; give it\n\
         result: warnings; 1 of 2 checks do not pass\n"
    );
    assert!(report.to_table().contains("it lacks"));
}

//! The fault plan.

use reqwest::Method;
use salesforce_simulator::{Fault, Matcher};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer, at};

fn new_group() -> Value {
    json!({"Name": "Fresh"})
}

#[test_case(Fault::DropBefore, 0; "before the write")]
#[test_case(Fault::DropAfter, 1; "after the write")]
#[tokio::test]
async fn a_dropped_connection_has_no_answer(fault: Fault, written: usize) {
    let client = Client::tiny().await;
    let groups = client.sim.org().count("Group");
    client
        .sim
        .faults()
        .next(1, Matcher::writes_to("Group"), fault);
    assert_eq!(
        client.get("/limits").await.0,
        200,
        "another request is not hit"
    );
    let body = new_group();
    let result = client
        .try_send(Method::POST, &at("/sobjects/Group"), Some(&body))
        .await;
    assert!(result.unwrap_err().is_request());
    assert_eq!(client.sim.org().count("Group"), groups + written);
    assert_eq!(client.sim.requests().last().unwrap().status, 0);
    assert_eq!(client.sim.faults().pending(), 0);
    assert_eq!(client.get("/limits").await.0, 200);
}

#[test_case(Fault::unavailable(), 503, "SERVER_UNAVAILABLE", 0; "unavailable")]
#[test_case(Fault::LockRow, 400, "UNABLE_TO_LOCK_ROW", 0; "locked row")]
#[test_case(Fault::ConcurrentLimit, 403, "REQUEST_LIMIT_EXCEEDED", 0; "too many at once")]
#[test_case(Fault::error_after(500, "UNKNOWN_EXCEPTION", "oops"), 500, "UNKNOWN_EXCEPTION", 1; "after the write")]
#[tokio::test]
async fn an_error_says_nothing_of_what_was_done(
    fault: Fault,
    status: u16,
    code: &str,
    written: usize,
) {
    let client = Client::tiny().await;
    let groups = client.sim.org().count("Group");
    client.sim.faults().next(1, Matcher::writes(), fault);
    let (got, body) = client.post("/sobjects/Group", new_group()).await;
    assert_eq!((got, &body[0]["errorCode"]), (status, &json!(code)));
    assert_eq!(client.sim.org().count("Group"), groups + written);
    assert_eq!(
        client.post("/sobjects/Group", new_group()).await.0,
        if written == 1 { 400 } else { 201 }
    );
}

#[tokio::test]
async fn an_expired_session_stays_expired() {
    let mut client = Client::tiny().await;
    client
        .sim
        .faults()
        .next(1, Matcher::api(), Fault::ExpireSession);
    assert_eq!(client.get("/limits").await.0, 401);
    assert_eq!(client.get("/limits").await.0, 401);
    client.sign_in().await;
    assert_eq!(client.get("/limits").await.0, 200);
}

#[tokio::test]
async fn bodies_can_be_cut_or_nonsense() {
    let client = Client::tiny().await;
    client
        .sim
        .faults()
        .next(1, Matcher::api(), Fault::TruncatedBody);
    let response = client.send(Method::GET, &at("/limits"), None).await;
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
    client
        .sim
        .faults()
        .next(1, Matcher::api(), Fault::GarbageBody);
    let (status, body) = client.get("/limits").await;
    assert_eq!(status, 200);
    assert!(body.is_string());
    client
        .sim
        .faults()
        .next(1, Matcher::api(), Fault::html(503));
    let response = client.send(Method::GET, &at("/limits"), None).await;
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let (status, _) = answer(response).await;
    assert_eq!(status, 503);
}

#[tokio::test]
async fn one_call_in_five_fails_in_turn() {
    let mut client = Client::tiny().await;
    client
        .sim
        .faults()
        .every(5, [Fault::unavailable(), Fault::LockRow]);
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(client.get("/limits").await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 503, 200, 200, 200, 200, 400]);
    client.sim.faults().clear();
    client.sign_in().await;
    assert_eq!(client.sim.faults().injected(), 2);
}

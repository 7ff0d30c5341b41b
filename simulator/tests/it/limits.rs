//! API limits and counts.

use reqwest::Method;
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, at};

#[tokio::test]
async fn every_answer_tells_the_usage() {
    let client = Client::tiny().await;
    client.sim.with(|org| {
        org.settings.used_before = 10;
        org.settings.daily_limit = 13;
        org.settings.per_app_limit = Some(250);
    });
    let response = client.send(Method::GET, &at("/limits"), None).await;
    let header = response.headers()["sforce-limit-info"].to_str().unwrap();
    assert_eq!(
        header,
        "api-usage=11/13; per-app-api-usage=1/250(appName=simulated-client)"
    );
    let (_, body) = client.get("/limits").await;
    assert_eq!(body["DailyApiRequests"], json!({"Max": 13, "Remaining": 1}));
    assert_eq!(client.get("/limits").await.0, 200);
    let (status, body) = client.get("/limits").await;
    assert_eq!(status, 403);
    assert_eq!(body[0]["message"], "TotalRequests Limit exceeded.");
    assert_eq!(client.sim.api_calls(), 3);
}

#[tokio::test]
async fn records_are_counted_cheaply() {
    let client = Client::tiny().await;
    let (_, body) = client
        .get("/limits/recordCount?sObjects=UserRole,User,Nonsense")
        .await;
    let users = client.sim.org().count("User");
    let roles = client.sim.org().count("UserRole");
    assert_eq!(
        body,
        json!({"sObjects": [{"count": users, "name": "User"}, {"count": roles, "name": "UserRole"}]})
    );
}

#[test_case("ApiEnabled", "FUNCTIONALITY_NOT_ENABLED"; "no API for the user")]
#[test_case("ViewSetup", "FUNCTIONALITY_NOT_ENABLED"; "no setup for the user")]
#[tokio::test]
async fn missing_permissions_are_refused(permission: &str, code: &str) {
    let client = Client::tiny().await;
    client
        .sim
        .with(|org| org.settings.missing_permissions.insert(permission.into()));
    let (status, body) = client.get("/limits").await;
    assert_eq!((status, &body[0]["errorCode"]), (403, &json!(code)));
}

#[tokio::test]
async fn an_edition_without_api_says_so() {
    let client = Client::tiny().await;
    client
        .sim
        .with(|org| org.settings.api_enabled_for_org = false);
    let (status, body) = client.get("/limits").await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (403, &json!("API_DISABLED_FOR_ORG"))
    );
}

#[tokio::test]
async fn more_at_once_than_allowed_are_refused() {
    let client = Client::tiny().await;
    client.sim.with(|org| {
        org.settings.concurrent_limit = Some(1);
        org.settings.latency = std::time::Duration::from_millis(100);
    });
    let (one, two) = tokio::join!(client.get("/limits"), client.get("/limits"));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    assert_eq!(client.sim.peak_concurrency(), 2);
}

#[tokio::test]
async fn the_date_is_that_of_the_orgs_clock() {
    let client = Client::tiny().await;
    let year = async || {
        let response = client.send(Method::GET, &at("/limits"), None).await;
        let date = response.headers()["date"].to_str().unwrap().to_owned();
        assert!(date.ends_with(" GMT"), "{date}");
        let fields: Vec<_> = date.split(' ').collect();
        fields[3].parse::<i32>().unwrap()
    };
    let now = year().await;
    let offset = jiff::SignedDuration::from_hours(-24 * 366);
    client.sim.org().settings.clock_offset = offset;
    assert_eq!(now - year().await, 1);
    client.sim.org().settings.clock_offset = jiff::SignedDuration::ZERO;
    assert_eq!(year().await, now);
}

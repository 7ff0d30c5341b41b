//! What Bulk API 2.0 refuses.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer};

const USERS: &str = "SELECT Id FROM User";

async fn refusal(client: &Client, body: Value) -> (u16, String, String) {
    let (status, body) = client.post("/jobs/query", body).await;
    let text = |name: &str| body[0][name].as_str().unwrap_or_default().to_owned();
    (status, text("errorCode"), text("message"))
}

async fn refusal_of(client: &Client, soql: &str) -> (u16, String, String) {
    refusal(client, json!({"operation": "query", "query": soql})).await
}

#[test_case("SELECT COUNT() FROM User", "Aggregate functions"; "count")]
#[test_case("SELECT MAX(CreatedDate) FROM User", "Aggregate functions"; "maximum")]
#[test_case("SELECT ProfileId FROM User GROUP BY ProfileId", "GROUP BY"; "groups")]
#[test_case("SELECT Id FROM User OFFSET 10", "OFFSET"; "offset")]
#[test_case("SELECT FIELDS(STANDARD) FROM User", "FIELDS()"; "fields")]
#[test_case("SELECT Id, Address FROM User", "Selecting compound data"; "compound")]
#[test_case("SELECT Id, (SELECT Id FROM GroupMembers) FROM Group", "Aggregate Relationships"; "children")]
#[tokio::test]
async fn parts_of_soql_are_refused(soql: &str, what: &str) {
    let client = Client::tiny().await;
    let message = format!("{what} not supported in Bulk Query");
    assert_eq!(
        refusal_of(&client, soql).await,
        (400, "FEATURE_NOT_ENABLED".into(), message)
    );
    assert!(client.sim.org().bulk_jobs().is_empty());
}

#[test_case("SELECT Id FROM Nonsense"; "object")]
#[test_case("SELECT Nonsense FROM User"; "field")]
#[test_case("SELECT Id FROM User ORDER BY Nonsense"; "order")]
#[test_case("SELECT Id FROM User WHERE Nonsense = 1"; "filter")]
#[test_case("SELECT Id FRM User"; "grammar")]
#[test_case("SELECT TYPEOF Owner WHEN User THEN Id END FROM Case"; "typeof")]
#[test_case("SELECT Id FROM Territory2"; "disabled feature")]
#[test_case("SELECT Id FROM Group"; "forbidden object")]
#[test_case("SELECT Id FROM UserRole"; "hidden object")]
#[test_case("SELECT Department FROM User"; "hidden field")]
#[tokio::test]
async fn a_wrong_query_has_the_error_of_rest(soql: &str) {
    let client = Client::tiny().await;
    client.sim.with(|org| {
        org.settings.forbidden_objects.insert("Group".into());
        org.settings.hidden_objects.insert("UserRole".into());
        assert!(org.hide_field("User", "Department"));
    });
    let of_rest = client.query(soql).await;
    assert_eq!(of_rest.0, 400);
    let body = json!({"operation": "query", "query": soql});
    assert_eq!(client.post("/jobs/query", body).await, of_rest);
}

#[test_case(json!({"query": USERS}); "no operation")]
#[test_case(json!({"operation": "query"}); "no query")]
#[test_case(json!({"operation": "insert", "query": USERS}); "another operation")]
#[test_case(json!({"operation": "query", "query": USERS, "contentType": "JSON"}); "another type")]
#[test_case(json!({"operation": "query", "query": USERS, "columnDelimiter": ","}); "delimiter")]
#[test_case(json!({"operation": "query", "query": USERS, "lineEnding": "CR"}); "line ending")]
#[test_case(json!({"operation": "query", "query": USERS, "object": "User"}); "another field")]
#[tokio::test]
async fn a_wrong_body_is_refused(body: Value) {
    let client = Client::tiny().await;
    let (status, code, message) = refusal(&client, body).await;
    assert_eq!(
        (status, code.as_str()),
        (400, "JSON_PARSER_ERROR"),
        "{message}"
    );
}

#[tokio::test]
async fn some_objects_are_not_supported() {
    let client = Client::tiny().await;
    let unsupported = |name: &str| {
        let text = format!("Entity '{name}' is not supported by the Bulk API.");
        (400, "INVALIDENTITY".to_owned(), text)
    };
    let soql = "SELECT Id FROM EntityDefinition";
    assert_eq!(
        refusal_of(&client, soql).await,
        unsupported("EntityDefinition")
    );
    client
        .sim
        .with(|org| org.settings.bulk_unsupported.insert("UserLogin".into()));
    let soql = "SELECT Id FROM userlogin";
    assert_eq!(refusal_of(&client, soql).await, unsupported("UserLogin"));
}

#[tokio::test]
async fn an_org_without_bulk_says_so() {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_disabled = true;
    let (status, code, _) = refusal_of(&client, USERS).await;
    assert_eq!((status, code.as_str()), (400, "FEATURE_NOT_ENABLED"));
    assert_eq!(client.get("/jobs/query").await.0, 400);
}

#[tokio::test]
async fn jobs_of_a_day_are_limited() {
    let mut client = Client::tiny().await;
    client.sim.org().settings.bulk_daily_jobs = 2;
    for _ in 0..2 {
        let id = client.finished_job(USERS).await;
        // A deleted job counts, too.
        assert_eq!(client.delete(&format!("/jobs/query/{id}")).await.0, 204);
    }
    let limit = client.get("/limits").await.1["DailyBulkV2QueryJobs"].clone();
    assert_eq!(limit, json!({"Max": 2, "Remaining": 0}));
    let (status, code, message) = refusal_of(&client, USERS).await;
    assert_eq!((status, code.as_str()), (400, "LIMIT_EXCEEDED"));
    let text = "Max bulk v2 query jobs (2) per 24 hrs has been reached";
    assert_eq!(message, text);
    client.sim.clock().advance(Duration::from_hours(25));
    client.sign_in().await;
    client.bulk_job(USERS).await;
}

#[tokio::test]
async fn each_request_is_an_api_call() {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    client.get(&format!("/jobs/query/{id}")).await;
    client.get(&format!("/jobs/query/{id}/results")).await;
    client.delete(&format!("/jobs/query/{id}")).await;
    assert_eq!(client.sim.api_calls(), 4);
    client.sim.org().settings.daily_limit = 4;
    let (status, code, _) = refusal_of(&client, USERS).await;
    assert_eq!((status, code.as_str()), (403, "REQUEST_LIMIT_EXCEEDED"));
}

#[test_case(Method::PUT, "/jobs/query", 405)]
#[test_case(Method::POST, "/jobs/query/7500000000000AAAAA", 405)]
#[test_case(Method::DELETE, "/jobs/query/7500000000000AAAAA/results", 405)]
#[test_case(Method::GET, "/jobs/query/7500000000000AAAAA", 404)]
#[test_case(Method::GET, "/jobs/query/7500000000000AAAAA/other", 404)]
#[test_case(Method::GET, "/jobs/ingest", 404)]
#[tokio::test]
async fn other_methods_and_paths_are_refused(method: Method, path: &str, expected: u16) {
    let client = Client::tiny().await;
    let path = format!("/services/data/v63.0{path}");
    assert_eq!(client.send(method, &path, None).await.status(), expected);
}

#[tokio::test]
async fn old_versions_have_no_query_jobs() {
    let client = Client::tiny().await;
    let old = client
        .send(Method::GET, "/services/data/v46.0/jobs/query", None)
        .await;
    assert_eq!(old.status(), 404);
}

#[tokio::test]
async fn jobs_cannot_be_parts_of_a_composite() {
    let client = Client::tiny().await;
    let batch = json!({"batchRequests": [{"method": "GET", "url": "v63.0/jobs/query"}]});
    assert_eq!(client.post("/composite/batch", batch).await.0, 400);
    let url = "/services/data/v63.0/jobs/query";
    let part = json!({"method": "GET", "url": url, "referenceId": "a"});
    let composite = json!({"compositeRequest": [part]});
    assert_eq!(client.post("/composite", composite).await.0, 400);
    let (status, _) = answer(client.send(Method::GET, url, None).await).await;
    assert_eq!(status, 200);
}

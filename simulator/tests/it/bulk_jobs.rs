//! Bulk query jobs: their life from the create to the delete, and the list.

use std::time::Duration;

use reqwest::Method;
use salesforce_simulator::{BulkState, Fault, Matcher};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer};
use crate::permissions::signed_in_with;

const USERS: &str = "SELECT Id, Name FROM User";

async fn info(client: &Client, id: &str) -> Value {
    let (status, body) = client.get(&format!("/jobs/query/{id}")).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn state(client: &Client, id: &str) -> String {
    info(client, id).await["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_job_waits() {
    let client = Client::tiny().await;
    let body = json!({
        "operation": "queryAll",
        "query": "SELECT id FROM user",
        "contentType": "CSV",
        "columnDelimiter": "PIPE",
        "lineEnding": "CRLF",
    });
    let (status, body) = client.post("/jobs/query", body).await;
    assert_eq!(status, 200, "{body}");
    let (id, created) = (&body["id"], &body["createdDate"]);
    assert!(id.as_str().unwrap().starts_with("750"), "{id}");
    assert!(created.as_str().unwrap().ends_with("+0000"), "{created}");
    assert_eq!(body["apiVersion"].to_string(), "63.0");
    assert_eq!(
        body,
        json!({
            "id": id,
            "operation": "queryAll",
            "object": "User",
            "createdById": client.sim.org().integration_user(),
            "createdDate": created,
            "systemModstamp": created,
            "state": "UploadComplete",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": 63.0,
            "lineEnding": "CRLF",
            "columnDelimiter": "PIPE",
        })
    );
    let record = client.sim.requests().pop().unwrap();
    assert_eq!(record.object.as_deref(), Some("user"));
    assert_eq!(record.soql.as_deref(), Some("SELECT id FROM user"));
    assert_eq!(record.cost, 1);
}

#[tokio::test]
async fn the_state_follows_the_time() {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_duration = Duration::from_mins(10);
    let id = client.bulk_job(USERS).await;
    for _ in 0..5 {
        assert_eq!(state(&client, &id).await, "UploadComplete");
    }
    client.sim.clock().advance(Duration::from_mins(6));
    assert_eq!(state(&client, &id).await, "InProgress");
    client.sim.clock().advance(Duration::from_mins(4));
    let users = client.sim.org().query(USERS).len();
    let body = info(&client, &id).await;
    assert_eq!(body["state"], "JobComplete");
    assert_eq!(body["jobType"], "V2Query");
    assert_eq!(body["numberRecordsProcessed"], users);
    assert_eq!(body["retries"], 0);
    assert_eq!(body["isPkChunkingSupported"], true);
    assert!(body["totalProcessingTime"].as_u64().unwrap() >= 300_000);
    assert_ne!(body["systemModstamp"], body["createdDate"]);
    assert_eq!(body.get("errorMessage"), None);
    let record = client.sim.requests().pop().unwrap();
    assert_eq!(record.object.as_deref(), Some("User"));
}

#[tokio::test]
async fn a_job_ends_in_real_time() {
    let client = Client::tiny().await;
    let id = client.bulk_job(USERS).await;
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while state(&client, &id).await != "JobComplete" {}
    });
    patience.await.unwrap();
}

#[test_case(" ORDER BY Name"; "order")]
#[test_case(" LIMIT 3"; "limit")]
#[tokio::test]
async fn an_order_or_a_limit_prevents_chunks(clause: &str) {
    let client = Client::tiny().await;
    let id = client.finished_job(&format!("{USERS}{clause}")).await;
    assert_eq!(
        info(&client, &id).await["isPkChunkingSupported"],
        json!(false)
    );
    let listed = client.get("/jobs/query?isPkChunkingEnabled=true").await.1;
    assert_eq!(listed["records"], json!([]));
}

#[tokio::test]
async fn a_job_in_a_long_queue_waits_until_it_is_aborted() {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_stuck = true;
    let id = client.finished_job(USERS).await;
    let job = format!("/jobs/query/{id}");
    assert_eq!(state(&client, &id).await, "UploadComplete");
    let (status, body) = client.delete(&job).await;
    assert_eq!((status, &body[0]["errorCode"]), (400, &json!("API_ERROR")));
    let (status, body) = client.patch(&job, json!({"state": "Aborted"})).await;
    assert_eq!((status, &body["state"]), (200, &json!("Aborted")));
    client.sim.org().settings.bulk_stuck = false;
    assert_eq!(state(&client, &id).await, "Aborted");
    let (status, body) = client.get(&format!("{job}/results")).await;
    let code = &body[0]["errorCode"];
    assert_eq!((status, code), (400, &json!("INVALIDJOBSTATE")));
    assert_eq!(client.delete(&job).await.0, 204);
    assert!(client.sim.org().bulk_jobs().is_empty());
}

#[test_case(json!({"state": "UploadComplete"}), "INVALIDJOBSTATE"; "another state")]
#[test_case(json!({"state": "Aborted", "more": 1}), "JSON_PARSER_ERROR"; "another field")]
#[tokio::test]
async fn a_job_can_only_be_aborted(body: Value, code: &str) {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_stuck = true;
    let id = client.bulk_job(USERS).await;
    let (status, body) = client.patch(&format!("/jobs/query/{id}"), body).await;
    assert_eq!((status, &body[0]["errorCode"]), (400, &json!(code)));
}

#[tokio::test]
async fn a_finished_job_is_deleted_with_its_results() {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    let job = format!("/jobs/query/{id}");
    let (status, body) = client.patch(&job, json!({"state": "Aborted"})).await;
    let code = &body[0]["errorCode"];
    assert_eq!((status, code), (400, &json!("INVALIDJOBSTATE")));
    assert_eq!(client.delete(&job).await.0, 204);
    for path in ["", "/results", "/resultPages"] {
        let (status, body) = client.get(&format!("{job}{path}")).await;
        assert_eq!((status, &body[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    }
    assert_eq!(client.delete(&job).await.0, 404);
    assert!(client.sim.unexpected().is_empty());
}

#[tokio::test]
async fn a_job_can_fail_half_way() {
    let client = Client::tiny().await;
    let creates = Matcher::bulk_jobs_of("User").method("POST");
    client.sim.faults().next(1, creates, Fault::BulkJobFails);
    let id = client.finished_job(USERS).await;
    let users = client.sim.org().query(USERS).len();
    let body = info(&client, &id).await;
    assert_eq!(body["state"], "Failed");
    assert_eq!(body["errorMessage"], "Retried more than 15 times");
    assert_eq!(body["numberRecordsProcessed"], users / 2);
    assert_eq!(
        client.get(&format!("/jobs/query/{id}/results")).await.0,
        400
    );
    let again = client.finished_job(USERS).await;
    assert_eq!(state(&client, &again).await, "JobComplete");
    assert_eq!(client.delete(&format!("/jobs/query/{id}")).await.0, 204);
}

#[tokio::test]
async fn jobs_are_listed_page_by_page() {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_stuck = true;
    let mut ids = Vec::new();
    for _ in 0..1001 {
        ids.push(client.bulk_job("SELECT Id FROM UserRole").await);
    }
    let (status, first) = client.get("/jobs/query?jobType=V2Query").await;
    assert_eq!((status, &first["done"]), (200, &json!(false)));
    let job = &first["records"][0];
    assert_eq!(job["jobType"], "V2Query");
    assert_eq!(job["object"], "UserRole");
    assert_eq!(job.get("numberRecordsProcessed"), None);
    let next = first["nextRecordsUrl"].as_str().unwrap();
    assert!(next.contains("jobType=V2Query"), "{next}");
    let (_, second) = answer(client.send(Method::GET, next, None).await).await;
    assert_eq!(second["done"], true);
    assert_eq!(second["nextRecordsUrl"], Value::Null);
    let pages = [&first, &second].map(|page| page["records"].as_array().unwrap());
    let listed: Vec<_> = pages.into_iter().flatten().map(|job| &job["id"]).collect();
    assert_eq!(listed, ids.iter().collect::<Vec<_>>());
}

#[test_case("", 1)]
#[test_case(
    "?jobType=V2Query&concurrencyMode=parallel&isPkChunkingEnabled=true",
    1
)]
#[test_case("?jobType=V2Ingest", 0)]
#[test_case("?isPkChunkingEnabled=false", 0)]
#[tokio::test]
async fn the_list_can_be_filtered(params: &str, count: usize) {
    let client = Client::tiny().await;
    client.bulk_job(USERS).await;
    let (status, body) = client.get(&format!("/jobs/query{params}")).await;
    assert_eq!((status, &body["done"]), (200, &json!(true)));
    assert_eq!(body["records"].as_array().unwrap().len(), count);
}

#[test_case("?jobType=Other", "INVALIDJOB")]
#[test_case("?queryLocator=MTAwMA", "INVALID_QUERY_LOCATOR")]
#[tokio::test]
async fn wrong_parameters_of_the_list_are_refused(params: &str, code: &str) {
    let client = Client::tiny().await;
    let (status, body) = client.get(&format!("/jobs/query{params}")).await;
    assert_eq!((status, &body[0]["errorCode"]), (400, &json!(code)));
}

#[tokio::test]
async fn a_foreign_job_is_listed_but_not_read() {
    let mut client = signed_in_with(&["ApiEnabled"]).await;
    let own = client.finished_job("SELECT Id FROM Group").await;
    let reader = client.sim.with(|org| {
        let admin = org.settings.username.clone();
        org.settings.client.run_as.replace(admin)
    });
    client.sign_in().await;
    let admin = client.sim.org().integration_user();
    let id = client.finished_job("SELECT Id FROM UserRole").await;
    // Someone who may manage data integrations can end the jobs of others.
    assert_eq!(client.delete(&format!("/jobs/query/{own}")).await.0, 204);
    client.sim.org().settings.client.run_as = reader;
    client.sign_in().await;
    let job = format!("/jobs/query/{id}");
    let listed = client.get("/jobs/query").await.1;
    assert_eq!(listed["records"][0]["createdById"], admin);
    assert_eq!(state(&client, &id).await, "JobComplete");
    for path in ["/results", "/resultPages"] {
        let (status, body) = client.get(&format!("{job}{path}")).await;
        let code = &body[0]["errorCode"];
        assert_eq!((status, code), (403, &json!("INSUFFICIENT_ACCESS")));
    }
    assert_eq!(client.delete(&job).await.0, 403);
    let jobs = client.sim.org().bulk_jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!((&jobs[0].id, &jobs[0].created_by), (&id, &admin));
    assert_eq!(jobs[0].object, "UserRole");
    assert_eq!(jobs[0].state, BulkState::JobComplete);
}

#[tokio::test]
async fn jobs_are_kept_for_seven_days() {
    let mut client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    client.sim.clock().advance(Duration::from_hours(7 * 24 - 1));
    client.sign_in().await;
    assert_eq!(state(&client, &id).await, "JobComplete");
    client.sim.clock().advance(Duration::from_hours(1));
    assert_eq!(client.get(&format!("/jobs/query/{id}")).await.0, 404);
    assert!(client.sim.org().bulk_jobs().is_empty());
    let listed = client.get("/jobs/query").await.1;
    assert_eq!(listed["records"], json!([]));
}

#[tokio::test]
async fn bulk_faults_are_apart_from_those_of_queries() {
    let client = Client::tiny().await;
    let queries = Matcher::queries_of("User");
    client.sim.faults().next(1, queries, Fault::unavailable());
    let id = client.finished_job(USERS).await;
    let results = Matcher::bulk_results_of("User");
    client.sim.faults().next(1, results, Fault::unavailable());
    assert_eq!(state(&client, &id).await, "JobComplete");
    let results = format!("/jobs/query/{id}/results");
    assert_eq!(client.get(&results).await.0, 503);
    assert_eq!(client.get(&results).await.0, 200);
    assert_eq!(client.query(USERS).await.0, 503);
}

//! Results of bulk query jobs: CSV, pages, locators, and what a caller sees.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, Response};
use salesforce_simulator::org::id::Id;
use salesforce_simulator::{Fault, Matcher, Org, SeedSize};
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, answer, at};
use crate::permissions::signed_in_with;

const USERS: &str = "SELECT Id, Username FROM User";

/// A page of results.
#[derive(Debug, PartialEq)]
struct Page {
    text: String,
    locator: String,
    count: usize,
}

async fn page_at(client: &Client, path: &str) -> Page {
    let response = client.send(Method::GET, path, None).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let (kind, locator) = (header("content-type"), header("Sforce-Locator"));
    let count = header("Sforce-NumberOfRecords").parse().unwrap();
    assert_eq!(
        (response.status().as_u16(), kind.as_str()),
        (200, "text/csv")
    );
    let text = response.text().await.unwrap();
    Page {
        text,
        locator,
        count,
    }
}

async fn page(client: &Client, id: &str, params: &str) -> Page {
    page_at(client, &at(&format!("/jobs/query/{id}/results{params}"))).await
}

/// The records of CSV with a header line.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|it| cells(it.unwrap())).collect()
}

fn ids(text: &str) -> Vec<String> {
    records(text)
        .into_iter()
        .map(|mut it| it.remove(0))
        .collect()
}

async fn code_of(response: Response) -> (u16, String) {
    let (status, body) = answer(response).await;
    let code = body[0]["errorCode"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

async fn many() -> Client {
    let client = Client::of(Org::seed_size(SeedSize::for_users(300))).await;
    client.sim.org().settings.bulk_page_rows = 40;
    client
}

#[tokio::test]
async fn values_are_written_as_csv() {
    let client = Client::tiny().await;
    let user = client.sim.with(|org| {
        let user = org.user_by_username("admin@simulated.example").unwrap();
        let cells = [
            ("Title", json!("a \"b\", c\nd")),
            ("Department", json!(null)),
            ("CreatedDate", json!("2022-01-01T00:00:00.000Z")),
        ];
        org.set("User", &user, &cells);
        user
    });
    let soql = format!(
        "SELECT u.title, Profile.Name, Id, Department, IsActive, CreatedDate, Profile.Id
         FROM User u WHERE Id = '{user}'"
    );
    let profile = client.one(&format!("SELECT ProfileId FROM User WHERE Id = '{user}'"));
    let profile = profile["ProfileId"].as_str().unwrap();
    let id = client.finished_job(&soql).await;
    let expected = format!(
        "\"Title\",\"Profile.Name\",\"Id\",\"Department\",\"IsActive\",\"CreatedDate\",\
         \"Profile.Id\"\n\"a \"\"b\"\", c\nd\",\"System Administrator\",\"{user}\",\"\",\"true\",\
         \"2022-01-01T00:00:00.000Z\",\"{profile}\"\n"
    );
    let page = page(&client, &id, "").await;
    assert_eq!(page.text, expected);
    assert_eq!((page.locator.as_str(), page.count), ("null", 1));
}

#[test_case("TAB", "LF", "\"Id\"\t\"Name\"\n")]
#[test_case("SEMICOLON", "CRLF", "\"Id\";\"Name\"\r\n")]
#[test_case("BACKQUOTE", "LF", "\"Id\"`\"Name\"\n")]
#[test_case("CARET", "LF", "\"Id\"^\"Name\"\n")]
#[tokio::test]
async fn an_empty_result_has_a_header_line(delimiter: &str, ending: &str, expected: &str) {
    let client = Client::tiny().await;
    let soql = "SELECT Id, Name FROM User WHERE Name = 'nobody'";
    let body = json!({
        "operation": "query", "query": soql, "columnDelimiter": delimiter, "lineEnding": ending,
    });
    let (_, body) = client.post("/jobs/query", body).await;
    client.sim.clock().advance(Duration::from_secs(1));
    let id = body["id"].as_str().unwrap();
    let page = page(&client, id, "").await;
    assert_eq!(page.text, expected);
    assert_eq!((page.locator.as_str(), page.count), ("null", 0));
    let (_, pages) = client.get(&format!("/jobs/query/{id}/resultPages")).await;
    assert_eq!(pages["resultPages"].as_array().unwrap().len(), 1);
    assert_eq!(pages["done"], true);
}

#[tokio::test]
async fn locators_lead_through_all_rows() {
    let client = many().await;
    let id = client.finished_job(USERS).await;
    let mut next = String::new();
    let mut seen = Vec::new();
    let mut pages = Vec::new();
    while next != "null" {
        let params = match next.as_str() {
            "" => "?maxRecords=100".to_owned(),
            locator => format!("?maxRecords=100&locator={locator}"),
        };
        let page = page(&client, &id, &params).await;
        let rows = ids(&page.text);
        assert_eq!(rows.len(), page.count);
        assert!(page.count <= 100 && page.count > 0);
        seen.extend(rows);
        next.clone_from(&page.locator);
        pages.push((params, page));
    }
    // The pages can be read again, in any order.
    for (params, known) in pages.iter().rev() {
        assert_eq!(&page(&client, &id, params).await, known);
    }
    let expected = client.sim.org().query(USERS);
    let expected = expected.iter().map(|row| row["Id"].as_str().unwrap());
    let expected: BTreeSet<_> = expected.map(str::to_owned).collect();
    assert_eq!(seen.len(), expected.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn pages_can_be_read_side_by_side() {
    let client = many().await;
    let id = client.finished_job(USERS).await;
    let total = client.sim.org().query(USERS).len();
    let mut urls = Vec::new();
    let mut next = Some(at(&format!("/jobs/query/{id}/resultPages")));
    while let Some(url) = next {
        let (status, body) = answer(client.send(Method::GET, &url, None).await).await;
        assert_eq!(status, 200, "{body}");
        let pages = body["resultPages"].as_array().unwrap();
        assert!(pages.len() <= 5);
        urls.extend(
            pages
                .iter()
                .map(|page| page["resultUrl"].as_str().unwrap().to_owned()),
        );
        next = body["nextRecordsUrl"].as_str().map(str::to_owned);
        assert_eq!(body["done"] == true, next.is_none());
    }
    assert_eq!(urls.len(), total.div_ceil(40));
    let mut seen = BTreeSet::new();
    for url in urls.iter().rev() {
        let page = page_at(&client, url).await;
        assert_eq!(page.count, ids(&page.text).len());
        seen.extend(ids(&page.text));
    }
    assert_eq!(seen.len(), total);
}

#[tokio::test]
async fn rows_are_in_the_order_of_the_query_or_in_none() {
    let client = many().await;
    client.sim.org().settings.bulk_page_rows = 10_000;
    let sorted = |ids: &[String]| ids.is_sorted_by_key(|id| id.parse::<Id>().ok());
    let id = client.finished_job(USERS).await;
    let unordered = ids(&page(&client, &id, "").await.text);
    assert!(!sorted(&unordered));
    let again = ids(&page(&client, &id, "").await.text);
    assert_eq!(again, unordered);
    let other = client.finished_job(USERS).await;
    let other = ids(&page(&client, &other, "").await.text);
    assert_ne!(other, unordered);
    let few = client.finished_job("SELECT Id FROM User LIMIT 2").await;
    assert!(!sorted(&ids(&page(&client, &few, "").await.text)));
    let ordered = client.finished_job("SELECT Id FROM User ORDER BY Id").await;
    assert!(sorted(&ids(&page(&client, &ordered, "").await.text)));
}

#[tokio::test]
async fn the_header_line_can_come_with_the_first_page_only() {
    let client = many().await;
    let id = client.finished_job(USERS).await;
    let first = page(&client, &id, "").await;
    let second = format!("?locator={}", first.locator);
    let header = "\"Id\",\"Username\"\n";
    let with = page(&client, &id, &second).await;
    assert!(first.text.starts_with(header) && with.text.starts_with(header));
    client.sim.org().settings.bulk_header_first_page_only = true;
    let without = page(&client, &id, &second).await;
    assert_eq!(with.text, format!("{header}{}", without.text));
    assert_eq!(page(&client, &id, "").await, first);
}

#[tokio::test]
async fn rows_are_those_of_the_end_of_the_job() {
    let client = Client::tiny().await;
    let soql = "SELECT Id, Name FROM Group WHERE Name LIKE 'Bulk%'";
    let id = client.bulk_job(soql).await;
    let group = |name: &str| {
        let cells = [("Name", json!(name)), ("Type", json!("Regular"))];
        client.sim.org().insert("Group", &cells)
    };
    client.sim.org().settings.bulk_stuck = true;
    let before = group("Bulk 1");
    client.sim.org().settings.bulk_stuck = false;
    client.sim.clock().advance(Duration::from_secs(1));
    client.sim.with(|org| {
        org.set("Group", &before, &[("Name", json!("Other"))]);
        org.delete("Group", &before);
    });
    group("Bulk 2");
    let text = page(&client, &id, "").await.text;
    assert_eq!(records(&text), [[before, "Bulk 1".to_owned()]]);
}

#[tokio::test]
async fn only_query_all_reads_revoked_rows() {
    let client = Client::tiny().await;
    let query = "SELECT Id FROM PermissionSetAssignment WHERE IsRevoked = true";
    for (operation, count) in [("query", 0), ("queryAll", 1)] {
        let body = json!({"operation": operation, "query": query});
        let (_, body) = client.post("/jobs/query", body).await;
        client.sim.clock().advance(Duration::from_secs(1));
        let page = page(&client, body["id"].as_str().unwrap(), "").await;
        assert_eq!(page.count, count);
    }
}

#[tokio::test]
async fn a_user_sees_what_a_query_over_rest_shows() {
    let client = signed_in_with(&["ApiEnabled"]).await;
    let (_, body) = client.query("SELECT Id FROM Profile").await;
    assert_eq!(body["totalSize"], 1);
    let id = client.finished_job("SELECT Id FROM Profile").await;
    assert_eq!(page(&client, &id, "").await.count, 1);
    // A query that REST refuses because of the rows that it finds.
    assert_eq!(client.query(USERS).await.0, 400);
    let id = client.finished_job(USERS).await;
    let info = client.get(&format!("/jobs/query/{id}")).await.1;
    assert_eq!(info["state"], "Failed");
    let message = info["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("INSUFFICIENT_ACCESS"), "{message}");
    let body = json!({"operation": "query", "query": "SELECT Id FROM PermissionSet"});
    let (status, body) = client.post("/jobs/query", body).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INVALID_TYPE"))
    );
}

#[test_case("?locator=MTAw", "INVALID_QUERY_LOCATOR"; "made up")]
#[test_case("?locator=null", "INVALID_QUERY_LOCATOR"; "end")]
#[test_case("?maxRecords=0", "API_ERROR"; "no records")]
#[test_case("?maxRecords=all", "API_ERROR"; "no number")]
#[tokio::test]
async fn wrong_parameters_are_refused(params: &str, code: &str) {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    let path = at(&format!("/jobs/query/{id}/results{params}"));
    let response = client.send(Method::GET, &path, None).await;
    assert_eq!(code_of(response).await, (400, code.to_owned()));
}

#[tokio::test]
async fn a_locator_belongs_to_its_job() {
    let client = many().await;
    let one = client.finished_job(USERS).await;
    let two = client.finished_job(USERS).await;
    let locator = page(&client, &one, "").await.locator;
    let path = at(&format!("/jobs/query/{two}/results?locator={locator}"));
    let response = client.send(Method::GET, &path, None).await;
    let code = "INVALID_QUERY_LOCATOR".to_owned();
    assert_eq!(code_of(response).await, (400, code));
}

#[tokio::test]
async fn results_need_the_version_of_the_job() {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    for resource in ["results", "resultPages"] {
        let path = format!("/services/data/v62.0/jobs/query/{id}/{resource}");
        let response = client.send(Method::GET, &path, None).await;
        assert_eq!(code_of(response).await, (409, "INVALIDVERSION".to_owned()));
    }
    let path = format!("/services/data/v57.0/jobs/query/{id}/resultPages");
    let response = client.send(Method::GET, &path, None).await;
    assert_eq!(code_of(response).await, (404, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn results_of_an_unfinished_job_are_refused() {
    let client = Client::tiny().await;
    client.sim.org().settings.bulk_stuck = true;
    let id = client.bulk_job(USERS).await;
    for resource in ["results", "resultPages"] {
        let path = at(&format!("/jobs/query/{id}/{resource}"));
        let response = client.send(Method::GET, &path, None).await;
        assert_eq!(code_of(response).await, (400, "INVALIDJOBSTATE".to_owned()));
    }
}

#[test_case("SELECT Id FROM User"; "one column")]
#[test_case("SELECT Id, Name, Title FROM User"; "several columns")]
#[tokio::test]
async fn a_page_can_end_in_the_middle_of_a_row(soql: &str) {
    let client = Client::tiny().await;
    let id = client.finished_job(soql).await;
    let whole = page(&client, &id, "").await;
    let results = Matcher::bulk_results_of("User");
    client.sim.faults().next(1, results, Fault::ShortCsv);
    let short = page(&client, &id, "").await;
    assert_eq!(short.count, whole.count);
    assert!(whole.text.starts_with(&short.text));
    assert!(short.text.len() < whole.text.len());
    assert_eq!(short.text.matches('"').count() % 2, 1, "{}", short.text);
    let record = client.sim.requests().pop().unwrap();
    assert_eq!((record.status, record.fault), (200, Some("short-csv")));
}

#[tokio::test]
async fn the_connection_can_break_in_a_page() {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    let results = Matcher::bulk_results_of("User");
    client.sim.faults().next(1, results, Fault::TruncatedBody);
    let path = at(&format!("/jobs/query/{id}/results"));
    let response = client.send(Method::GET, &path, None).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn results_are_compressed_when_the_client_accepts_it() {
    let client = Client::tiny().await;
    let id = client.finished_job(USERS).await;
    let url = format!(
        "{}{}",
        client.sim.url(),
        at(&format!("/jobs/query/{id}/results"))
    );
    let http = reqwest::Client::builder().gzip(false).build().unwrap();
    let request = http.get(url).bearer_auth(&client.token);
    let request = request.header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(&response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

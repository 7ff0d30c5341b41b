//! Queries over HTTP: pages, locators, errors. The language is tested in `src/soql/tests`.

use std::time::Duration;

use reqwest::Method;
use salesforce_simulator::{Org, SeedSize};
use serde_json::{Value, json};

use crate::client::{Client, answer, at, url_encoded};

#[tokio::test]
async fn a_small_result_is_one_page() {
    let client = Client::tiny().await;
    let (status, body) = client.query("SELECT Id, Name FROM Organization").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["totalSize"], &body["done"]),
        (&json!(1), &json!(true))
    );
    let record = &body["records"][0];
    assert_eq!(record["attributes"]["type"], "Organization");
    let url = record["attributes"]["url"].as_str().unwrap();
    assert!(url.starts_with("/services/data/v63.0/sobjects/Organization/00D"));
    assert_eq!(
        client.sim.requests().last().unwrap().object.as_deref(),
        Some("Organization")
    );
}

#[tokio::test]
async fn a_large_result_is_fetched_by_its_locator() {
    let client = Client::of(Org::seed_size(SeedSize::for_users(900))).await;
    let path = at(&format!(
        "/query?q={}",
        url_encoded("SELECT Id FROM User ORDER BY Id")
    ));
    let url = format!("{}{path}", client.sim.url());
    let request = client.http.get(url).bearer_auth(&client.token);
    let request = request.header("Sforce-Query-Options", "batchSize=250");
    let (_, mut body) = answer(request.send().await.unwrap()).await;
    let total = usize::try_from(body["totalSize"].as_u64().unwrap()).unwrap();
    assert_eq!(total, client.sim.org().count("User"));
    let mut seen = body["records"].as_array().unwrap().len();
    assert_eq!(seen, 250);
    let mut first_url = None;
    while body["done"] == false {
        let next = body["nextRecordsUrl"].as_str().unwrap().to_owned();
        let locator = next.rsplit_once('/').unwrap().1.split_once('-').unwrap().0;
        assert_eq!((locator.len(), &locator[..3]), (18, "0r8"));
        first_url.get_or_insert_with(|| next.clone());
        (_, body) = answer(client.send(Method::GET, &next, None).await).await;
        seen += body["records"].as_array().unwrap().len();
    }
    assert_eq!(seen, total);
    let next = first_url.unwrap();
    client.sim.clock().advance(Duration::from_mins(100));
    assert_eq!(client.send(Method::GET, &next, None).await.status(), 200);
    client
        .sim
        .with(|org| org.settings.session_lifetime = Duration::from_hours(240));
    client.sim.clock().advance(Duration::from_hours(49));
    let (status, body) = answer(client.send(Method::GET, &next, None).await).await;
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}])
    );
}

#[tokio::test]
async fn the_server_may_send_fewer_rows_than_asked() {
    let client = Client::tiny().await;
    client.sim.with(|org| org.settings.batch_row_cap = Some(7));
    let (_, body) = client.query("SELECT Id FROM User").await;
    assert_eq!(body["records"].as_array().unwrap().len(), 7);
    assert_eq!(body["done"], false);
}

#[tokio::test]
async fn wrong_queries_are_refused_as_an_org_does() {
    let client = Client::tiny().await;
    let cases = [
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Nonsense FROM User", "INVALID_FIELD"),
        ("SELECT Id FRM User", "MALFORMED_QUERY"),
        ("SELECT Id FROM Territory2", "INVALID_TYPE"),
    ];
    for (soql, code) in cases {
        let (status, body) = client.query(soql).await;
        assert_eq!(
            (status, &body[0]["errorCode"]),
            (400, &json!(code)),
            "{soql}"
        );
    }
    client.sim.with(|org| {
        org.settings.territories = true;
        org.settings.hidden_objects.insert("PermissionSet".into());
        org.settings.forbidden_objects.insert("UserRole".into());
        assert!(org.hide_field("User", "Department"));
    });
    assert_eq!(client.query("SELECT Id FROM Territory2").await.0, 200);
    let cases = [
        ("SELECT Id FROM PermissionSet", "INVALID_TYPE"),
        ("SELECT Id FROM UserRole", "INSUFFICIENT_ACCESS"),
        ("SELECT Department FROM User", "INVALID_FIELD"),
    ];
    for (soql, code) in cases {
        let (status, body) = client.query(soql).await;
        assert_eq!(
            (status, &body[0]["errorCode"]),
            (400, &json!(code)),
            "{soql}"
        );
    }
    let (status, body) = client.get("/query").await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("MALFORMED_QUERY"))
    );
}

#[tokio::test]
async fn only_query_all_finds_revoked_rows() {
    let client = Client::tiny().await;
    let soql = "SELECT COUNT() FROM PermissionSetAssignment WHERE IsRevoked = true";
    assert_eq!(client.query(soql).await.1["totalSize"], 0);
    let (_, body) = client
        .get(&format!("/queryAll?q={}", url_encoded(soql)))
        .await;
    assert_eq!(body["totalSize"], 1);
}

#[tokio::test]
async fn answers_are_compressed_when_the_client_accepts_it() {
    let client = Client::tiny().await;
    let path = at(&format!(
        "/query?q={}",
        url_encoded("SELECT Id, Name FROM User")
    ));
    let url = format!("{}{path}", client.sim.url());
    let http = reqwest::Client::builder().gzip(false).build().unwrap();
    let request = http
        .get(url)
        .bearer_auth(&client.token)
        .header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(&response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

/// A page of a query with a batch size.
async fn page(client: &Client, target: &str, size: usize) -> Value {
    let request = client.http.get(format!("{}{target}", client.sim.url()));
    let request = request.bearer_auth(&client.token);
    let request = request.header("Sforce-Query-Options", format!("batchSize={size}"));
    let (status, body) = answer(request.send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// The rows of a result, and those on its first page, by following its locators.
async fn all_rows(client: &Client, first: &Value) -> (Vec<Value>, usize) {
    let mut rows = first["records"].as_array().unwrap().clone();
    let shown = rows.len();
    let mut next = first["nextRecordsUrl"].as_str().map(str::to_owned);
    assert_eq!(first["done"] == true, next.is_none());
    while let Some(url) = next {
        let (_, body) = answer(client.send(Method::GET, &url, None).await).await;
        rows.extend(body["records"].as_array().unwrap().clone());
        next = body["nextRecordsUrl"].as_str().map(str::to_owned);
    }
    (rows, shown)
}

// REST API Developer Guide, "Query Options Header": child objects count toward the batch size.
#[tokio::test]
async fn rows_of_children_count_toward_the_batch() {
    let client = Client::tiny().await;
    let group = |name: &str, members: usize| {
        client.sim.with(|org| {
            let group = org.insert(
                "Group",
                &[("Name", name.into()), ("Type", "Regular".into())],
            );
            for number in 0..members {
                let user = format!("005Hp0000{number:06}");
                let cells = [("GroupId", json!(group)), ("UserOrGroupId", json!(user))];
                org.insert("GroupMember", &cells);
            }
        });
    };
    group("batch 1", 90);
    group("batch 2", 450);
    group("batch 3", 100);
    group("batch 4", 100);
    let soql = "SELECT Id, Name, (SELECT Id FROM GroupMembers) FROM Group WHERE Name LIKE 'batch%'
                ORDER BY Name";
    let mut body = page(
        &client,
        &at(&format!("/query?q={}", url_encoded(soql))),
        200,
    )
    .await;
    assert_eq!(body["totalSize"], 4);
    let mut pages = Vec::new();
    loop {
        let mut sizes = Vec::new();
        for record in body["records"].as_array().unwrap() {
            let members = &record["GroupMembers"];
            let (rows, shown) = all_rows(&client, members).await;
            assert_eq!(members["totalSize"], rows.len());
            sizes.push((shown, rows.len()));
        }
        let shown: usize = sizes.iter().map(|(shown, _)| shown + 1).sum();
        assert!(shown <= 200, "{sizes:?}");
        pages.push(sizes);
        let Some(next) = body["nextRecordsUrl"].as_str().map(str::to_owned) else {
            break;
        };
        (_, body) = answer(client.send(Method::GET, &next, None).await).await;
    }
    // The locator keeps the size of the first request.
    assert_eq!(
        pages,
        [
            vec![(90, 90)],
            vec![(199, 450)],
            vec![(100, 100)],
            vec![(100, 100)]
        ]
    );
}

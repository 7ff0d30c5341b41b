//! Upserts, and lists of changed and deleted records.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer, url_encoded, user_body};

async fn upsert(client: &Client, version: u32, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/services/data/v{version}.0{path}");
    answer(client.send(Method::PATCH, &path, Some(body)).await).await
}

// REST API Developer Guide, "Insert or Update (Upsert) a Record Using an External ID": since
// version 46.0 the answer has a body in both cases.
#[test_case(46, 200; "with a body")]
#[test_case(45, 204; "as it was before")]
#[tokio::test]
async fn an_upsert_creates_once_and_then_updates(version: u32, updated: u16) {
    let client = Client::tiny().await;
    let path = "/sobjects/User/Username/up@simulated.example";
    let mut body = user_body(&client, "up@simulated.example");
    body.as_object_mut().unwrap().remove("Username");
    let (status, created) = upsert(&client, version, path, &body).await;
    assert_eq!(status, 201, "{created}");
    let id = &created["id"];
    let mut expected = json!({"id": id, "success": true, "errors": []});
    if version >= 46 {
        expected["created"] = json!(true);
    }
    assert_eq!(created, expected);
    let (status, answer) = upsert(&client, version, path, &json!({"Title": "Boss"})).await;
    assert_eq!(status, updated, "{answer}");
    if version >= 46 {
        let expected = json!({"id": id, "success": true, "errors": [], "created": false});
        assert_eq!(answer, expected);
    }
    let user = client.sim.org().get("User", id.as_str().unwrap()).unwrap();
    assert_eq!(user["Title"], "Boss");
}

#[tokio::test]
async fn a_key_stands_in_the_path_and_not_in_the_body() {
    let client = Client::tiny().await;
    let path = "/sobjects/User/Username/up@simulated.example";
    let body = user_body(&client, "up@simulated.example");
    let (status, answer) = upsert(&client, 63, path, &body).await;
    assert_eq!(
        (status, &answer[0]["errorCode"]),
        (400, &json!("INVALID_FIELD"))
    );
    let text = "The Username field should not be specified in the sobject data.";
    assert_eq!(answer[0]["message"], text);
    let (status, _) = upsert(&client, 63, &format!("{path}?updateOnly=true"), &json!({})).await;
    assert_eq!(status, 404);
    let (status, _) = upsert(&client, 63, "/sobjects/User/Title/Boss", &json!({})).await;
    assert_eq!(status, 404, "Title identifies nobody");
}

#[tokio::test]
async fn the_id_is_a_key_too() {
    let client = Client::tiny().await;
    let id = client.sim.org().integration_user();
    let path = format!("/sobjects/User/Id/{id}");
    let (status, _) = upsert(&client, 63, &path, &json!({"Title": "Boss"})).await;
    assert_eq!(status, 200);
    let (status, user) = client.get(&path).await;
    assert_eq!((status, &user["Title"]), (200, &json!("Boss")));
}

// REST API Developer Guide, "Upsert Records Using sObject Collections".
#[tokio::test]
async fn many_records_are_upserted_in_one_call() {
    let client = Client::tiny().await;
    let record = |username: &str| {
        let mut body = user_body(&client, username);
        body["attributes"] = json!({"type": "User"});
        body
    };
    let update = json!({"attributes": {"type": "User"}, "Title": "Boss",
        "Username": "admin@simulated.example"});
    let keyless = json!({"attributes": {"type": "User"}, "Title": "Boss"});
    let body = json!({"records": [record("one@simulated.example"), update, keyless]});
    let path = "/composite/sobjects/User/Username";
    let (status, body) = client.patch(path, body).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body[0]["success"], &body[0]["created"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&body[1]["success"], &body[1]["created"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(body[1]["id"], client.sim.org().integration_user());
    assert_eq!(body[2]["errors"][0]["statusCode"], "MISSING_ARGUMENT");
}

/// The span of the last hour.
fn span(client: &Client) -> String {
    let now = client.sim.clock().now();
    let text =
        |at: jiff::Timestamp| url_encoded(&at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    let start = now - Duration::from_hours(1);
    let end = now + Duration::from_mins(1);
    format!("start={}&end={}", text(start), text(end))
}

// REST API Developer Guide, "sObject Get Updated" and "sObject Get Deleted".
#[tokio::test]
async fn changes_and_deletions_of_an_hour_are_listed() {
    let client = Client::tiny().await;
    let (_, kept) = client
        .post("/sobjects/Group", json!({"Name": "Kept"}))
        .await;
    let (_, gone) = client
        .post("/sobjects/Group", json!({"Name": "Gone"}))
        .await;
    let (_, binned) = client
        .post("/sobjects/Account", json!({"Name": "Binned"}))
        .await;
    for (object, record) in [("Group", &gone), ("Account", &binned)] {
        let path = format!("/sobjects/{object}/{}", record["id"].as_str().unwrap());
        assert_eq!(client.delete(&path).await.0, 204);
    }
    client.sim.clock().advance(Duration::from_mins(1));
    let span = span(&client);
    let (status, body) = client
        .get(&format!("/sobjects/Group/updated/?{span}"))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["ids"], json!([kept["id"]]));
    assert!(
        body["latestDateCovered"]
            .as_str()
            .unwrap()
            .ends_with(".000+0000")
    );
    for (object, record) in [("Group", &gone), ("Account", &binned)] {
        let (_, body) = client
            .get(&format!("/sobjects/{object}/deleted/?{span}"))
            .await;
        assert_eq!(body["deletedRecords"][0]["id"], record["id"]);
        assert!(body["deletedRecords"][0]["deletedDate"].is_string());
        assert!(body["earliestDateAvailable"].is_string());
    }
}

#[test_case("PermissionSetAssignment", "", "INVALID_TYPE"; "an object that is not replicated")]
#[test_case("Group", "", "INVALID_REPLICATION_DATE"; "no span")]
#[test_case("Group", "start=2013-05-05T00:00:00Z&end=2013-05-06T00:00:00Z", "INVALID_REPLICATION_DATE"; "too long ago")]
#[tokio::test]
async fn changes_are_not_listed_for_everything(object: &str, span: &str, code: &str) {
    let client = Client::tiny().await;
    for resource in ["updated", "deleted"] {
        let path = format!("/sobjects/{object}/{resource}?{span}");
        let (status, body) = client.get(&path).await;
        assert_eq!((status, &body[0]["errorCode"]), (400, &json!(code)));
    }
}

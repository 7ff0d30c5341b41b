//! Single records, describe, passwords, paths that do not exist.

use reqwest::Method;
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, answer, at, user_body};

#[tokio::test]
async fn a_user_is_created_read_changed_and_never_deleted() {
    let client = Client::tiny().await;
    let body = user_body(&client, "New.Comer@simulated.example");
    let response = client
        .send(Method::POST, &at("/sobjects/User"), Some(&body))
        .await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let (status, body) = answer(response).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(
        (&body["success"], &body["errors"]),
        (&json!(true), &json!([]))
    );
    let id = body["id"].as_str().unwrap();
    assert_eq!(location, at(&format!("/sobjects/User/{id}")));
    let (_, user) = client
        .get(&format!(
            "/sobjects/user/{}?fields=Username,name",
            &id[..15]
        ))
        .await;
    assert_eq!(user["Username"], "new.comer@simulated.example");
    assert_eq!(user["Name"], "Newcomer");
    assert_eq!(user["Id"], id);

    let path = format!("/sobjects/User/{id}");
    assert_eq!(
        client
            .patch(&path, json!({"Title": "Boss", "UserRoleId": null}))
            .await
            .0,
        204
    );
    assert_eq!(client.sim.org().get("User", id).unwrap()["Title"], "Boss");
    let (status, body) = client.delete(&path).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INSUFFICIENT_ACCESS_OR_READONLY"))
    );

    let login = client.one(&format!(
        "SELECT IsFrozen FROM UserLogin WHERE UserId = '{id}'"
    ));
    assert_eq!(login["IsFrozen"], false);
    let held = client.one(&format!(
        "SELECT PermissionSet.IsOwnedByProfile FROM PermissionSetAssignment WHERE AssigneeId = '{id}'"
    ));
    assert_eq!(held["PermissionSet"]["IsOwnedByProfile"], true);
}

#[tokio::test]
async fn records_that_are_gone_differ_from_records_that_never_were() {
    let client = Client::tiny().await;
    let group = client
        .sim
        .with(|org| org.create("Group", &[("Name", "Brief".into())]).unwrap());
    let path = format!("/sobjects/Group/{group}");
    assert_eq!(client.delete(&path).await.0, 204);
    let (status, body) = client.delete(&path).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (404, &json!("ENTITY_IS_DELETED"))
    );
    let (status, body) = client.get("/sobjects/Group/00GHp00000zzzzz").await;
    assert_eq!(status, 404);
    assert_eq!(body[0]["errorCode"], "NOT_FOUND");
}

#[test_case("GET", "/sobjects/Nonsense/005000000000001", 404, "NOT_FOUND", true; "unknown object")]
#[test_case("GET", "/nonsense", 404, "NOT_FOUND", false; "unknown path")]
#[test_case("PUT", "/sobjects/User/005000000000001", 405, "METHOD_NOT_ALLOWED", true; "method")]
#[tokio::test]
async fn what_an_org_does_not_have(method: &str, path: &str, status: u16, code: &str, known: bool) {
    let client = Client::tiny().await;
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let (got, body) = answer(client.send(method, &at(path), None).await).await;
    assert_eq!((got, &body[0]["errorCode"]), (status, &json!(code)));
    assert_eq!(client.sim.unexpected().is_empty(), known);
}

#[test_case("v30.0", 410; "retired")]
#[test_case("v31.0", 200; "oldest")]
#[test_case("v67.0", 200; "newest")]
#[test_case("v68.0", 404; "not yet")]
#[test_case("v63", 404; "misspelt")]
#[tokio::test]
async fn versions_come_and_go(version: &str, status: u16) {
    let client = Client::tiny().await;
    let path = format!("/services/data/{version}/");
    assert_eq!(client.send(Method::GET, &path, None).await.status(), status);
}

#[tokio::test]
async fn an_old_version_does_not_know_young_fields() {
    let client = Client::tiny().await;
    let path = "/services/data/v51.0/query?q=SELECT+ExpirationDate+FROM+PermissionSetAssignment";
    let (status, body) = answer(client.send(Method::GET, path, None).await).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INVALID_FIELD"))
    );
}

#[tokio::test]
async fn bodies_must_be_json_and_say_so() {
    let client = Client::tiny().await;
    let url = format!("{}{}", client.sim.url(), at("/sobjects/Group"));
    let send = async |kind: &str, body: &'static str| {
        let request = client.http.post(&url).bearer_auth(&client.token);
        answer(
            request
                .header("content-type", kind)
                .body(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let (status, body) = send("application/json", "{\"Name\": ").await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("JSON_PARSER_ERROR"))
    );
    assert_eq!(send("text/plain", "{}").await.0, 415);
}

#[tokio::test]
async fn an_overlong_uri_is_refused() {
    let client = Client::tiny().await;
    let path = format!("/query?q={}", "x".repeat(16_500));
    assert_eq!(client.get(&path).await.0, 414);
    let path = format!("/query?q={}", "x".repeat(16_300));
    assert_eq!(client.get(&path).await.0, 431);
}

#[tokio::test]
async fn describe_tells_what_may_be_written() {
    let client = Client::tiny().await;
    let (status, body) = client.get("/sobjects/User/describe").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["keyPrefix"], &body["deletable"]),
        (&json!("005"), &json!(false))
    );
    let field = |name: &str| {
        let fields = body["fields"].as_array().unwrap();
        fields
            .iter()
            .find(|field| field["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(field("LastName")["nillable"], false);
    assert_eq!(field("Name")["createable"], false);
    assert_eq!(field("ProfileId")["referenceTo"], json!(["Profile"]));
    assert_eq!(field("Cost_Center__c")["custom"], true);
    assert_eq!(field("Badge__c")["type"], "double");
    let (_, global) = client.get("/sobjects/").await;
    let names: Vec<_> = global["sobjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["name"])
        .collect();
    assert!(names.contains(&&json!("PermissionSetAssignment")));
    assert!(!names.contains(&&json!("Territory2")));
}

#[tokio::test]
async fn passwords_are_set_and_reset() {
    let client = Client::tiny().await;
    let id = client.id("SELECT Id FROM User WHERE Username = 'frozen@simulated.example'");
    let path = format!("/sobjects/User/{id}/password");
    assert_eq!(client.get(&path).await, (200, json!({"isExpired": false})));
    let (status, body) = client.post(&path, json!({"NewPassword": "short"})).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INVALID_NEW_PASSWORD"))
    );
    assert_eq!(
        client
            .post(&path, json!({"NewPassword": "longenough1"}))
            .await
            .0,
        204
    );
    let (status, body) = client.delete(&path).await;
    assert_eq!(status, 200);
    assert!(body["NewPassword"].is_string());
    let resets = client.sim.org().password_resets.clone();
    assert_eq!(resets, [(id.clone(), false), (id, true)]);
}

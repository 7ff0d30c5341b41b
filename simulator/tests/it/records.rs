//! Single records, passwords, and unknown paths.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
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

// Object Reference: objects with `IsDeleted` keep what was deleted for a while, others do not.
#[test_case("Account", json!({"Name": "Brief"}), "ENTITY_IS_DELETED", "entity is deleted"; "with a recycle bin")]
#[test_case("Group", json!({"Name": "Brief"}), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"; "without a recycle bin")]
#[tokio::test]
async fn a_record_is_deleted_once(object: &str, body: Value, code: &str, message: &str) {
    let client = Client::tiny().await;
    let (_, created) = client.post(&format!("/sobjects/{object}"), body).await;
    let path = format!("/sobjects/{object}/{}", created["id"].as_str().unwrap());
    assert_eq!(client.delete(&path).await.0, 204);
    let gone = json!([{"message": message, "errorCode": code, "fields": []}]);
    assert_eq!(client.delete(&path).await, (404, gone));
    assert_eq!(client.patch(&path, json!({"Name": "x"})).await.0, 404);
    assert_eq!(client.get(&path).await.0, 404);
}

// REST API Developer Guide, "Status Codes and Error Responses": a recorded 404 of a write to an id
// of the right kind that no record has.
#[test_case("/sobjects/Group/00GHp00000zzzzz", "INVALID_CROSS_REFERENCE_KEY"; "an id without a record")]
#[test_case("/sobjects/Account/001Hp00000zzzzz", "INVALID_CROSS_REFERENCE_KEY"; "the same with a recycle bin")]
#[test_case("/sobjects/Group/23foo", "NOT_FOUND"; "no id")]
#[test_case("/sobjects/Group/001Hp00000zzzzz", "NOT_FOUND"; "an id of another object")]
#[tokio::test]
async fn a_record_that_never_was_is_not_deleted(path: &str, code: &str) {
    let client = Client::tiny().await;
    let (status, body) = client.delete(path).await;
    assert_eq!((status, &body[0]["errorCode"]), (404, &json!(code)));
    let (status, body) = client.get(path).await;
    assert_eq!((status, &body[0]["errorCode"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn an_id_stands_in_the_path_and_not_in_the_body() {
    let client = Client::tiny().await;
    let id = client.id("SELECT Id FROM Group WHERE Type = 'Regular' LIMIT 1");
    let body = json!({"id": id, "Name": "Twice"});
    let refused = json!([{
        "message": "The Id field should not be specified in the sobject data.",
        "errorCode": "INVALID_FIELD",
    }]);
    for path in ["/sobjects/Group", "/sobjects/Group/Id"] {
        assert_eq!(
            client.post(path, body.clone()).await,
            (400, refused.clone())
        );
    }
    let path = format!("/sobjects/Group/{id}");
    assert_eq!(client.patch(&path, body).await, (400, refused));
    // REST API Developer Guide, "Create Records Using sObject Rows by External ID".
    let (status, _) = client
        .post("/sobjects/Group/Id", json!({"Name": "New"}))
        .await;
    assert_eq!(status, 201);
}

// REST API Developer Guide, "sObject Relationships".
#[tokio::test]
async fn relationships_are_followed_by_url() {
    let client = Client::tiny().await;
    let me = client.sim.org().integration_user();
    let (status, body) = client
        .get(&format!("/sobjects/User/{me}/Profile?fields=Name"))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["Name"], "System Administrator");
    let path = format!("/sobjects/User/{me}/PermissionSetAssignments");
    let (status, body) = client.get(&path).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["done"], true);
    assert_eq!(body["records"][0]["AssigneeId"], me);
    for name in ["Manager", "Nonsense"] {
        let (status, body) = client.get(&format!("/sobjects/User/{me}/{name}")).await;
        assert_eq!((status, &body[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    }
}

// REST API Developer Guide, "Compression Headers".
#[tokio::test]
async fn a_body_may_be_compressed() {
    let client = Client::tiny().await;
    let url = format!("{}{}", client.sim.url(), at("/sobjects/Group"));
    // {"Name": "Packed"}, by gzip.
    let packed = STANDARD
        .decode("H4sIAAAAAAACA6tW8kvMTVWyUlAKSEzOTk1RqgUAat0pexIAAAA=")
        .unwrap();
    let request = client.http.post(&url).bearer_auth(&client.token);
    let request = request
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let (status, body) = answer(request.body(packed).send().await.unwrap()).await;
    assert_eq!(status, 201, "{body}");
    let id = body["id"].as_str().unwrap();
    assert_eq!(client.sim.org().get("Group", id).unwrap()["Name"], "Packed");
}

#[test_case("GET", "/sobjects/Nonsense/005000000000001", 404, "NOT_FOUND", true; "unknown object")]
#[test_case("GET", "/nonsense", 404, "NOT_FOUND", false; "unknown path")]
#[test_case("GET", "/sobjects/User/listviews", 404, "NOT_FOUND", false; "list views")]
#[test_case("GET", "/sobjects/User/quickActions", 404, "NOT_FOUND", false; "quick actions")]
#[test_case("GET", "/sobjects/User/describe/layouts", 404, "NOT_FOUND", false; "layouts")]
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

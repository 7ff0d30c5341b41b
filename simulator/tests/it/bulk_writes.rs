//! Collections, batches and composites.

use serde_json::{Value, json};

use crate::client::{Client, url_encoded};

fn group(name: &str) -> Value {
    json!({"attributes": {"type": "Group"}, "Name": name})
}

#[tokio::test]
async fn a_collection_reports_each_record() {
    let client = Client::tiny().await;
    let body = json!({"records": [group("One"), group(""), group("Two")]});
    let (status, body) = client.post("/composite/sobjects", body).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body[0]["success"], true);
    assert_eq!(body[1]["success"], false);
    assert_eq!(body[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(body[2]["success"], true);
    assert_eq!(client.sim.api_calls(), 1);
}

#[tokio::test]
async fn all_or_none_takes_the_good_ones_back() {
    let client = Client::tiny().await;
    let groups = client.sim.org().count("Group");
    let body = json!({"allOrNone": true, "records": [group("One"), group("")]});
    let (_, body) = client.post("/composite/sobjects", body).await;
    assert_eq!(
        body[0]["errors"][0]["statusCode"],
        "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    );
    assert_eq!(body[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(client.sim.org().count("Group"), groups);
}

#[tokio::test]
async fn setup_and_other_objects_do_not_mix() {
    let client = Client::tiny().await;
    let account = json!({"attributes": {"type": "Account"}, "Name": "Acme"});
    let body = json!({"records": [group("One"), account]});
    let (_, body) = client.post("/composite/sobjects", body).await;
    assert_eq!(body[0]["success"], true);
    assert_eq!(body[1]["errors"][0]["statusCode"], "MIXED_DML_OPERATION");
}

#[tokio::test]
async fn assignments_are_deleted_two_hundred_at_a_time() {
    let client = Client::tiny().await;
    let ids: Vec<String> = client
        .sim
        .with(|org| {
            org.query(
                "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = \
                 false LIMIT 20",
            )
        })
        .iter()
        .map(|row| row["Id"].as_str().unwrap().to_owned())
        .collect();
    let path = format!("/composite/sobjects?allOrNone=false&ids={}", ids.join(","));
    let (status, body) = client.delete(&path).await;
    assert_eq!(status, 200);
    assert!(
        body.as_array()
            .unwrap()
            .iter()
            .all(|result| result["success"] == true)
    );
    let (_, body) = client.delete(&path).await;
    // Object Reference, "PermissionSetAssignment": no `IsDeleted`, so nothing is left of a row.
    let gone = json!([{
        "statusCode": "INVALID_CROSS_REFERENCE_KEY",
        "message": "invalid cross reference id",
        "fields": [],
    }]);
    assert_eq!(body[0], json!({"success": false, "errors": gone}));
    let role = client.id("SELECT Id FROM UserRole LIMIT 1");
    let account = client.id("SELECT Id FROM Account LIMIT 1");
    let (status, _) = client
        .delete(&format!("/composite/sobjects?ids={role},{account}"))
        .await;
    assert_eq!(status, 400, "setup objects want a call of their own");
}

#[tokio::test]
async fn updates_check_the_type_of_each_id() {
    let client = Client::tiny().await;
    let account = client.id("SELECT Id FROM Account LIMIT 1");
    let user = client.sim.org().integration_user();
    let record = |id: &str| json!({"attributes": {"type": "Account"}, "id": id, "Name": "New"});
    let body = json!({"records": [record(&account), record(&user), record("001Hp00000zzzzz")]});
    let (_, body) = client.patch("/composite/sobjects", body).await;
    assert_eq!(
        body[0],
        json!({"id": account, "success": true, "errors": []})
    );
    assert_eq!(body[1]["errors"][0]["statusCode"], "MALFORMED_ID");
    let text = body[1]["errors"][0]["message"].as_str().unwrap();
    assert!(text.starts_with("Account ID: id value of incorrect type: 005"));
    assert_eq!(
        body[2]["errors"][0]["statusCode"],
        "INVALID_CROSS_REFERENCE_KEY"
    );
}

// REST API Developer Guide, "sObject Collections": up to 200 records; the text is an org's.
#[tokio::test]
async fn a_collection_has_two_hundred_records_at_most() {
    let client = Client::tiny().await;
    let record = json!({"attributes": {"type": "Group"}, "Name": "One"});
    let body = json!({"records": vec![record; 201]});
    let ids = vec!["0PaHp0000000001"; 201].join(",");
    let deleted = client
        .delete(&format!("/composite/sobjects?ids={ids}"))
        .await;
    let refused = json!([{
        "message": "record limit reached. cannot submit more than 200 records into this call",
        "errorCode": "EXCEEDED_ID_LIMIT",
    }]);
    for answer in [
        client.post("/composite/sobjects", body.clone()).await,
        client.patch("/composite/sobjects", body.clone()).await,
        client.patch("/composite/sobjects/Group/Name", body).await,
        deleted,
    ] {
        assert_eq!(answer, (400, refused.clone()));
    }
}

#[tokio::test]
async fn a_create_in_a_collection_brings_no_id() {
    let client = Client::tiny().await;
    let account = client.id("SELECT Id FROM Account LIMIT 1");
    let record = json!({"attributes": {"type": "Account"}, "id": account, "Name": "Twice"});
    let (_, body) = client
        .post("/composite/sobjects", json!({"records": [record]}))
        .await;
    let error = &body[0]["errors"][0];
    assert_eq!(error["statusCode"], "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(error["message"], "cannot specify Id in an insert call");
}

// REST API Developer Guide, "Composite Batch": each subrequest counts against rate limits.
#[tokio::test]
async fn a_batch_may_run_into_the_daily_limit() {
    let client = Client::tiny().await;
    client.sim.org().settings.daily_limit = 2;
    let part = json!({"method": "GET", "url": "v63.0/sobjects/Nonsense/1"});
    let body = json!({"batchRequests": vec![part; 3]});
    let (_, body) = client.post("/composite/batch", body).await;
    let statuses: Vec<_> = (0..3)
        .map(|part| &body["results"][part]["statusCode"])
        .collect();
    assert_eq!(statuses, [404, 404, 403]);
    let error = &body["results"][2]["result"][0];
    assert_eq!(error["errorCode"], "REQUEST_LIMIT_EXCEEDED");
}

// REST API Developer Guide, "Composite Batch": each subrequest counts against rate limits.
#[tokio::test]
async fn a_batch_counts_each_of_its_parts() {
    let client = Client::tiny().await;
    let soql = url_encoded("SELECT Id FROM Organization");
    let group = client
        .sim
        .with(|org| org.create("Group", &[("Name", "Brief".into())]).unwrap());
    let body = json!({"batchRequests": [
        {"method": "GET", "url": format!("v63.0/query?q={soql}")},
        {"method": "PATCH", "url": format!("v63.0/sobjects/group/{group}"), "richInput": {"Name": "Long"}},
        {"method": "GET", "url": "v63.0/sobjects/Nonsense/1"},
    ]});
    let (status, body) = client.post("/composite/batch", body).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["hasErrors"], true);
    assert_eq!(body["results"][0]["result"]["totalSize"], 1);
    assert_eq!(
        body["results"][1],
        json!({"statusCode": 204, "result": null})
    );
    assert_eq!(body["results"][2]["statusCode"], 404);
    assert_eq!(client.sim.api_calls(), 3);
}

#[tokio::test]
async fn a_composite_refers_to_its_own_results_and_counts_once() {
    let client = Client::tiny().await;
    let user = client.sim.org().integration_user();
    let body = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": "/services/data/v63.0/sobjects/Group", "referenceId": "group",
         "body": {"Name": "Fresh"}},
        {"method": "POST", "url": "/services/data/v63.0/sobjects/GroupMember",
         "referenceId": "member", "body": {"GroupId": "@{group.id}", "UserOrGroupId": user}},
    ]});
    let (status, body) = client.post("/composite", body).await;
    assert_eq!(status, 200, "{body}");
    let parts = body["compositeResponse"].as_array().unwrap();
    assert_eq!(parts[0]["httpStatusCode"], 201);
    assert!(parts[0]["httpHeaders"]["Location"].is_string());
    assert_eq!(parts[1]["httpStatusCode"], 201);
    let group = parts[0]["body"]["id"].as_str().unwrap();
    assert!(client.sim.org().members(group).contains(&user));
    assert_eq!(client.sim.api_calls(), 1);
}

#[tokio::test]
async fn a_failed_composite_leaves_nothing() {
    let client = Client::tiny().await;
    let groups = client.sim.org().count("Group");
    let body = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": "/services/data/v63.0/sobjects/Group", "referenceId": "a",
         "body": {"Name": "Fresh"}},
        {"method": "POST", "url": "/services/data/v63.0/sobjects/Account", "referenceId": "b",
         "body": {"Name": "Acme"}},
    ]});
    let (_, body) = client.post("/composite", body).await;
    let parts = body["compositeResponse"].as_array().unwrap();
    assert_eq!(parts[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(parts[1]["body"][0]["errorCode"], "MIXED_DML_OPERATION");
    assert_eq!(client.sim.org().count("Group"), groups);
}

#[tokio::test]
async fn a_collection_inside_a_failed_composite_is_taken_back_too() {
    let client = Client::tiny().await;
    let groups = client.sim.org().count("Group");
    let body = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": "/services/data/v63.0/composite/sobjects", "referenceId": "a",
         "body": {"records": [group("One"), group("Two")]}},
        {"method": "GET", "url": "/services/data/v63.0/sobjects/Nonsense/x", "referenceId": "b"},
    ]});
    let (status, _) = client.post("/composite", body).await;
    assert_eq!(status, 200);
    assert_eq!(client.sim.org().count("Group"), groups);
    let body = json!({"records": [group("One")]});
    assert_eq!(
        client.post("/composite/sobjects", body).await.1[0]["success"],
        true
    );
}

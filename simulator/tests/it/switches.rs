//! Settings that make an org differ from the usual one.

use reqwest::Method;
use salesforce_simulator::{Blocker, Fault, Matcher, Write, WriteRefusal};
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, at, user_body};

const CUSTOM_FIELD_ADVICE: &str = "If you are attempting to use a custom field, be sure to append \
    the '__c' after the custom field name. Please reference your WSDL or the describe call for \
    the appropriate names.";

#[test_case("SELECT Id, UserRoleId FROM User", "No such column 'UserRoleId' on entity 'User'. "; "selected")]
#[test_case("SELECT Id FROM User WHERE UserRoleId = null", "No such column 'UserRoleId' on entity 'User'. "; "filtered")]
#[test_case("SELECT Id FROM User ORDER BY UserRoleId", "No such column 'UserRoleId' on entity 'User'. "; "sorted")]
#[test_case("SELECT UserRoleId FROM User GROUP BY UserRoleId", "No such column 'UserRoleId' on entity 'User'. "; "grouped")]
#[test_case("SELECT Id, Assignee.UserRoleId FROM PermissionSetAssignment", "No such column 'UserRoleId' on entity 'User'. "; "of a parent")]
#[test_case("SELECT Id, UserRole.Name FROM User", "Didn't understand relationship 'UserRole' in field path. "; "as a relationship")]
#[tokio::test]
async fn a_hidden_column_is_refused_by_name(soql: &str, message: &str) {
    let client = Client::tiny().await;
    assert_eq!(client.query(soql).await.0, 200);
    assert!(client.sim.org().hide_field("User", "UserRoleId"));
    let (status, body) = client.query(soql).await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INVALID_FIELD"))
    );
    let text = body[0]["message"].as_str().unwrap();
    assert!(text.contains(message), "{text}");
    assert!(text.contains("ERROR at Row:1:Column:"), "{text}");
}

#[tokio::test]
async fn the_refusal_of_a_hidden_column_shows_where_it_is() {
    let client = Client::tiny().await;
    client.sim.org().hide_field("User", "UserRoleId");
    let (_, body) = client.query("SELECT Id, UserRoleId FROM User").await;
    let text = format!(
        "\nSELECT Id, UserRoleId FROM User\n           ^\nERROR at Row:1:Column:12\nNo such column \
         'UserRoleId' on entity 'User'. {CUSTOM_FIELD_ADVICE}"
    );
    assert_eq!(body[0]["message"], text);
}

#[tokio::test]
async fn a_hidden_column_is_hidden_everywhere() {
    let client = Client::tiny().await;
    for field in ["UserRoleId", "FederationIdentifier", "Alias"] {
        assert!(client.sim.org().hide_field("User", field));
    }
    let (_, user) = client.get("/sobjects/User/describe").await;
    let names: Vec<_> = user["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["name"])
        .collect();
    assert!(names.contains(&&json!("Username")));
    assert!(!names.contains(&&json!("UserRoleId")));
    let (_, role) = client.get("/sobjects/UserRole/describe").await;
    let children = role["childRelationships"].as_array().unwrap();
    assert!(!children.iter().any(|child| child["field"] == "UserRoleId"));
    let id = client.sim.org().integration_user();
    let (_, record) = client.get(&format!("/sobjects/User/{id}")).await;
    assert!(record.get("UserRoleId").is_none());
    let (status, _) = client
        .get(&format!("/sobjects/User/{id}?fields=UserRoleId"))
        .await;
    assert_eq!(status, 400);
    let (status, body) = client
        .patch(&format!("/sobjects/User/{id}"), json!({"UserRoleId": null}))
        .await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("INVALID_FIELD"))
    );
    let (status, _) = client.get("/sobjects/User/FederationIdentifier/x").await;
    assert_eq!(status, 404);
    let mut body = user_body(&client, "no.alias@example.com");
    body.as_object_mut().unwrap().remove("Alias");
    assert_eq!(
        client.post("/sobjects/User", body).await.0,
        201,
        "nobody can fill in a hidden field"
    );
}

#[test_case("PermissionSetId", json!(null); "null")]
#[test_case("PermissionSetId", json!(7); "another type")]
#[test_case("PermissionSetGroup.DeveloperName", json!(null); "of a parent")]
#[tokio::test]
async fn one_row_of_an_answer_can_surprise(column: &str, value: serde_json::Value) {
    let client = Client::tiny().await;
    let soql = "SELECT Id, PermissionSetId, PermissionSetGroup.DeveloperName FROM \
                PermissionSetGroupComponent";
    let fault = Fault::Cell {
        row: 1,
        column: column.into(),
        value: value.clone(),
    };
    let (_, before) = client.query(soql).await;
    let faults = client.sim.faults();
    faults.next(1, Matcher::queries_of("PermissionSetGroupComponent"), fault);
    let (status, mut body) = client.query(soql).await;
    assert_eq!(status, 200);
    let pointer = format!("/records/1/{}", column.replace('.', "/"));
    let cell = body.pointer_mut(&pointer).unwrap();
    assert_eq!(*cell, value);
    *cell = before.pointer(&pointer).unwrap().clone();
    assert_eq!(body, before, "nothing else changes");
    assert_eq!(client.query(soql).await.1, before);
}

#[tokio::test]
async fn a_request_can_be_refused_with_several_errors() {
    let client = Client::tiny().await;
    let errors = [
        Blocker::new("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Choose a cost centre.")
            .fields(&["Title"]),
        Blocker::new("CANNOT_EXECUTE_FLOW_TRIGGER", "We can't save this record."),
    ];
    client
        .sim
        .faults()
        .next(1, Matcher::writes_to("Group"), Fault::errors(400, errors));
    let (status, body) = client.post("/sobjects/Group", json!({"Name": "x"})).await;
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!([
            {"message": "Choose a cost centre.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Title"]},
            {"message": "We can't save this record.", "errorCode": "CANNOT_EXECUTE_FLOW_TRIGGER", "fields": []},
        ])
    );
}

const FLOW: &str = "We can't save this record because the “Measure Savings” process failed. Give \
    your Salesforce admin these details. This error occurred when the flow tried to update \
    records: FIELD_CUSTOM_VALIDATION_EXCEPTION: Approve it first. You can look up ExceptionCode \
    values in the SOAP API Developer Guide. Error ID: 1234567890-12345 (-1234567890)";

#[tokio::test]
async fn the_orgs_own_logic_refuses_writes_everywhere() {
    let client = Client::tiny().await;
    let errors = [
        Blocker::new("CANNOT_EXECUTE_FLOW_TRIGGER", FLOW),
        Blocker::new("X", "y"),
    ];
    let refusal = WriteRefusal::of("Group", errors).on(Write::Create).times(3);
    client.sim.org().settings.write_refusals.push(refusal);
    let groups = client.sim.org().count("Group");

    let (status, body) = client.post("/sobjects/Group", json!({"Name": "x"})).await;
    assert_eq!((status, body.as_array().unwrap().len()), (400, 2));
    assert_eq!(body[0]["errorCode"], "CANNOT_EXECUTE_FLOW_TRIGGER");
    assert_eq!(body[0]["message"], FLOW);

    let record = json!({"attributes": {"type": "Group"}, "Name": "x"});
    let (_, body) = client
        .post("/composite/sobjects", json!({"records": [record]}))
        .await;
    assert_eq!(body[0]["success"], false);
    assert_eq!(
        body[0]["errors"][0]["statusCode"],
        "CANNOT_EXECUTE_FLOW_TRIGGER"
    );
    assert_eq!(body[0]["errors"][1]["statusCode"], "X");

    let part = json!({"method": "POST", "url": at("/sobjects/Group"), "referenceId": "a", "body": {"Name": "x"}});
    let (_, body) = client
        .post("/composite", json!({"compositeRequest": [part]}))
        .await;
    assert_eq!(body["compositeResponse"][0]["httpStatusCode"], 400);

    assert_eq!(client.sim.org().count("Group"), groups);
    assert_eq!(
        client.post("/sobjects/Group", json!({"Name": "x"})).await.0,
        201,
        "three times only"
    );
}

#[test_case(Write::Update, Method::PATCH; "an update")]
#[test_case(Write::Delete, Method::DELETE; "a delete")]
#[tokio::test]
async fn the_orgs_own_logic_can_protect_one_record(write: Write, method: Method) {
    let client = Client::tiny().await;
    let mut ids = Vec::new();
    for name in ["first", "second"] {
        let (_, body) = client.post("/sobjects/Group", json!({"Name": name})).await;
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    let errors = [Blocker::new(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Not this one.",
    )];
    let refusal = WriteRefusal::of("Group", errors).on(write).record(&ids[0]);
    client.sim.org().settings.write_refusals.push(refusal);
    let body = (method == Method::PATCH).then(|| json!({"Name": "renamed"}));
    for (id, status) in [(&ids[0], 400), (&ids[1], 204)] {
        let path = at(&format!("/sobjects/Group/{id}"));
        let response = client.send(method.clone(), &path, body.as_ref()).await;
        assert_eq!(response.status().as_u16(), status);
    }
}

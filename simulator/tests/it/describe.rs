//! Descriptions of objects and fields.

use reqwest::Method;
use reqwest::header::{HeaderName, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, LAST_MODIFIED};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer, at, user_body};

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

/// The description of a field.
async fn field(client: &Client, object: &str, name: &str) -> Value {
    let (_, body) = client.get(&format!("/sobjects/{object}/describe")).await;
    let fields = body["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == name);
    field.unwrap().clone()
}

// Object Reference, "Supported Calls" of each object: getDeleted() and getUpdated().
#[test_case("User", true)]
#[test_case("UserRole", true)]
#[test_case("Profile", true)]
#[test_case("GroupMember", true)]
#[test_case("Account", true)]
#[test_case("PermissionSetAssignment", false)]
#[test_case("PermissionSetLicenseAssign", false)]
#[test_case("PermissionSetGroupComponent", false)]
#[test_case("UserPackageLicense", false)]
#[test_case("SetupEntityAccess", false)]
#[test_case("PermissionSet", false)]
#[test_case("UserLicense", false)]
#[test_case("UserLogin", false)]
#[tokio::test]
async fn only_some_objects_can_be_replicated(object: &str, replicateable: bool) {
    let client = Client::tiny().await;
    let (_, body) = client.get(&format!("/sobjects/{object}/describe")).await;
    assert_eq!(body["replicateable"], replicateable);
    let start = client.sim.clock().now() - std::time::Duration::from_hours(1);
    let span = format!("start={start:.0}&end={:.0}", client.sim.clock().now());
    let path = format!("/sobjects/{object}/updated?{span}");
    assert_eq!(client.get(&path).await.0 == 200, replicateable);
}

// SOAP API Developer Guide, "DescribeSObjectResult": `aggregatable`; COUNT() and the like do not
// take checkboxes.
#[tokio::test]
async fn checkboxes_are_not_aggregatable() {
    let client = Client::tiny().await;
    assert_eq!(
        field(&client, "User", "IsActive").await["aggregatable"],
        false
    );
    assert_eq!(
        field(&client, "User", "Username").await["aggregatable"],
        true
    );
    assert_eq!(
        field(&client, "User", "ProfileId").await["aggregatable"],
        true
    );
}

// Object Reference, "User"; SOAP API Developer Guide, status code
// INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
#[test_case("User", "LanguageLocaleKey", "Language", "de", "klingon")]
#[test_case("User", "LocaleSidKey", "Locale", "de_DE", "klingon")]
#[test_case("User", "TimeZoneSidKey", "Time Zone", "Europe/Berlin", "Mars/Olympus")]
#[test_case("User", "EmailEncodingKey", "Email Encoding", "UTF-8", "EBCDIC")]
#[test_case(
    "User",
    "DigestFrequency",
    "Chatter Email Highlights Frequency",
    "W",
    "yearly"
)]
#[test_case("PermissionSetGroup", "Language", "Language", "en_US", "klingon")]
#[test_case("Group", "Type", "Type", "Queue", "Crowd")]
#[test_case("QueueSobject", "SobjectType", "Sobject Type", "Case", "Profile")]
#[tokio::test]
async fn a_restricted_picklist_has_its_values_and_refuses_others(
    object: &str,
    name: &str,
    label: &str,
    good: &str,
    bad: &str,
) {
    let client = Client::tiny().await;
    let field = field(&client, object, name).await;
    assert_eq!(field["restrictedPicklist"], true);
    assert_eq!(field["label"], label);
    let values = field["picklistValues"].as_array().unwrap();
    assert!(values.iter().any(|entry| entry["value"] == good));
    let mut body = match object {
        "User" => user_body(&client, "new@simulated.example"),
        "PermissionSetGroup" => json!({"DeveloperName": "New", "MasterLabel": "New"}),
        "Group" => json!({"Name": "New"}),
        _ => json!({"QueueId": client.id("SELECT Id FROM Group WHERE Type = 'Queue' LIMIT 1")}),
    };
    body[name] = json!(bad);
    let (status, answer) = client
        .post(&format!("/sobjects/{object}"), body.clone())
        .await;
    let refused = json!([{
        "message": format!("{label}: bad value for restricted picklist field: {bad}"),
        "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "fields": [name],
    }]);
    assert_eq!((status, answer), (400, refused));
    body[name] = json!(good);
    let (status, answer) = client.post(&format!("/sobjects/{object}"), body).await;
    assert!(
        status == 201 || answer[0]["errorCode"] == "DUPLICATE_VALUE",
        "{answer}"
    );
}

async fn conditional(client: &Client, path: &str, name: HeaderName, date: &str) -> u16 {
    let request = client.http.get(format!("{}{}", client.sim.url(), at(path)));
    let request = request.bearer_auth(&client.token).header(name, date);
    request.send().await.unwrap().status().as_u16()
}

// REST API Developer Guide, "Conditional Request Headers".
#[test_case("/sobjects"; "all objects")]
#[test_case("/sobjects/User/describe"; "one object")]
#[test_case("/sobjects/User/USER"; "a record")]
#[tokio::test]
async fn what_has_not_changed_is_not_sent_again(path: &str) {
    let client = Client::tiny().await;
    let path = &path.replace("USER", &client.sim.org().integration_user());
    let later = "Fri, 01 Jan 2100 00:00:00 GMT";
    let before = "Wed, 3 Jul 2013 19:43:31 GMT";
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, later).await,
        304
    );
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, before).await,
        200
    );
    assert_eq!(
        conditional(&client, path, IF_UNMODIFIED_SINCE, later).await,
        200
    );
    assert_eq!(
        conditional(&client, path, IF_UNMODIFIED_SINCE, before).await,
        412
    );
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, "soon").await,
        200
    );
}

#[tokio::test]
async fn a_description_that_changed_is_sent_again() {
    let client = Client::tiny().await;
    let path = "/sobjects/User/describe";
    let response = client.send(Method::GET, &at(path), None).await;
    let known = response.headers()[LAST_MODIFIED]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, &known).await,
        304
    );
    client
        .sim
        .clock()
        .advance(std::time::Duration::from_secs(5));
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, &known).await,
        304
    );
    client.sim.org().hide_field("User", "Title");
    assert_eq!(
        conditional(&client, path, IF_MODIFIED_SINCE, &known).await,
        200
    );
    let _ = answer(client.send(Method::GET, &at(path), None).await).await;
}

//! Creating and deleting users: every form, every failure, and who must never be touched.

use std::collections::BTreeSet;

use baton_salesforce::connector::{Options, UsernameRule};
use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::create_account_response::Result as Outcome;
use baton_salesforce::pb::connector::credential_options as credentials;
use prost_types::Struct;
use salesforce_simulator::{Blocker, Fault, Matcher, Org};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::{Code, Status};

use crate::harness::{Harness, Setup};

/// A JSON object as the protocol has it.
pub(crate) fn object(json: &Json) -> Struct {
    Struct {
        fields: json
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), value(v)))
            .collect(),
    }
}

fn value(json: &Json) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(*value),
        Json::Number(value) => Kind::NumberValue(value.as_f64().unwrap()),
        Json::String(value) => Kind::StringValue(value.clone()),
        Json::Array(values) => {
            let values = values.iter().map(value).collect();
            Kind::ListValue(prost_types::ListValue { values })
        }
        Json::Object(_) => Kind::StructValue(object(json)),
    };
    prost_types::Value { kind: Some(kind) }
}

pub(crate) fn jane() -> Json {
    json!({
        "email": "jane@acme.example", "profileId": "Standard User", "alias": "jdoe",
        "last_name": "Doe", "first_name": "Jane", "timezone": "Europe/Berlin",
    })
}

pub(crate) fn with(more: &Json) -> Json {
    let mut form = jane();
    form.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    form
}

async fn ask(
    harness: &Harness,
    form: &Json,
    options: Option<credentials::Options>,
) -> Result<pb::CreateAccountResponse, Status> {
    let request = pb::CreateAccountRequest {
        account_info: Some(pb::AccountInfo {
            profile: Some(object(form)),
            ..Default::default()
        }),
        credential_options: options.map(|options| pb::CredentialOptions {
            options: Some(options),
            ..Default::default()
        }),
        ..Default::default()
    };
    harness
        .accounts()
        .create_account(request)
        .await
        .map(tonic::Response::into_inner)
}

pub(crate) async fn create(harness: &Harness, form: &Json) -> Result<Outcome, Status> {
    ask(harness, form, None)
        .await
        .map(|answer| answer.result.unwrap())
}

pub(crate) fn created(outcome: Outcome) -> pb::Resource {
    match outcome {
        Outcome::Success(success) => {
            assert!(success.is_create_account_result);
            success.resource.unwrap()
        }
        other => panic!("not created: {other:?}"),
    }
}

pub(crate) fn existing(outcome: Outcome) -> pb::Resource {
    match outcome {
        Outcome::AlreadyExists(existing) => existing.resource.unwrap(),
        other => panic!("not found to exist: {other:?}"),
    }
}

pub(crate) fn id(resource: &pb::Resource) -> String {
    resource.id.as_ref().unwrap().resource.clone()
}

fn user(harness: &Harness, username: &str) -> Option<Json> {
    let org = harness.simulator.org();
    org.user_by_username(username)
        .and_then(|id| org.get("User", &id))
}

fn writes(harness: &Harness) -> Vec<String> {
    let requests = harness.simulator.requests().into_iter();
    let writes = requests.filter(|request| !request.login && request.method != "GET");
    writes
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

fn mails(harness: &Harness) -> usize {
    writes(harness)
        .iter()
        .filter(|write| write.ends_with("/password"))
        .count()
}

fn users(harness: &Harness) -> usize {
    harness.simulator.org().count("User")
}

#[tokio::test]
async fn an_account_is_created_as_the_form_says() {
    let harness = Harness::start().await;
    let form = with(&json!({
        "username": "Jane.Doe@acme.example.prod", "Title": "Agent", "EmployeeNumber": 7,
        "Start_Date__c": "2026-05-20", "Badge__c": "1.5", "ForecastEnabled": "true",
        "Department": null, "contactID": null,
    }));
    let resource = created(create(&harness, &form).await.unwrap());
    let row = user(&harness, "jane.doe@acme.example.prod").unwrap();
    assert_eq!(row["Id"], json!(id(&resource)));
    let expected = json!({"Email": "jane@acme.example", "Alias": "jdoe", "FirstName": "Jane",
        "LastName": "Doe", "TimeZoneSidKey": "Europe/Berlin", "Title": "Agent",
        "EmployeeNumber": "7", "Start_Date__c": "2026-05-20", "Badge__c": 1.5,
        "ForecastEnabled": true, "EmailEncodingKey": "UTF-8", "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US", "ContactId": null, "IsActive": true});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
    assert_eq!(resource.display_name, "Jane Doe");
}

#[tokio::test]
async fn an_account_costs_a_handful_of_calls() {
    let harness = Harness::start().await;
    created(create(&harness, &jane()).await.unwrap());
    // Describe, username, profile, create, mail, read.
    assert_eq!(harness.simulator.api_calls(), 6);
    harness.simulator.clear_requests();
    let other = with(&json!({"username": "jane2@acme.example", "send_password_reset": false}));
    created(create(&harness, &other).await.unwrap());
    assert_eq!(harness.simulator.api_calls(), 4);
}

#[test_case(json!("Standard User"); "by name")]
#[test_case(json!(null); "by id")]
#[tokio::test]
async fn a_profile_is_given_by_id_or_by_name(profile: Json) {
    let harness = Harness::start().await;
    let standard = harness
        .simulator
        .org()
        .find("Profile", "Name", "Standard User")
        .unwrap();
    let profile = profile.as_str().unwrap_or(&standard).to_owned();
    created(
        create(&harness, &with(&json!({"profileId": profile})))
            .await
            .unwrap(),
    );
    assert_eq!(
        user(&harness, "jane@acme.example").unwrap()["ProfileId"],
        json!(standard)
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_form_is_told_at_once() {
    let harness = Harness::start().await;
    let before = users(&harness);
    let form = json!({
        "email": "no address", "profileId": "No Such Profile", "alias": "much too long",
        "EmailEncodingKey": "EBCDIC", "Nonsense": 1, "Name": "x", "Badge__c": "many",
        "ForecastEnabled": "perhaps", "ManagerId": "' OR Name != '", "send_password_reset": 5,
        "Title": ["x"],
    });
    let status = create(&harness, &form).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    for told in [
        "email must have the form",
        "profileId is neither",
        "alias has 13 characters, 8 are allowed",
        "Nonsense is not a field of User",
        "Name is read-only",
        "EmailEncodingKey is none of the values",
        "Badge__c must be a number",
        "ForecastEnabled must be true or false",
        "ManagerId must be a Salesforce id",
        "send_password_reset must be true or false",
        "Title must be a text, it is a list",
        "last_name is missing",
    ] {
        assert!(
            status.message().contains(told),
            "{told:?} is not in: {}",
            status.message()
        );
    }
    assert!(writes(&harness).is_empty());
    assert_eq!(users(&harness), before);
}

#[tokio::test]
async fn an_empty_form_names_all_that_it_needs() {
    let harness = Harness::start().await;
    let status = create(&harness, &json!({})).await.unwrap_err();
    let needed = "email is missing; profileId is missing; alias is missing; last_name is missing";
    assert!(status.message().ends_with(needed), "{}", status.message());
}

#[tokio::test]
async fn a_field_that_was_added_meanwhile_is_known() {
    use salesforce_simulator::org::schema::{FieldDef, FieldType};
    let harness = Harness::start().await;
    created(create(&harness, &jane()).await.unwrap());
    let field = FieldDef::new("Desk__c", FieldType::Text);
    harness
        .simulator
        .org()
        .database_mut()
        .add_custom_field("User", field);
    let form = with(&json!({"username": "jane2@acme.example", "Desk__c": "4.12"}));
    created(create(&harness, &form).await.unwrap());
    assert_eq!(
        user(&harness, "jane2@acme.example").unwrap()["Desk__c"],
        "4.12"
    );
}

/// Another user with the same address, who must stay as it is.
fn org_with_a_namesake(active: bool) -> (Org, String) {
    let mut org = Org::seed(salesforce_simulator::Preset::Tiny);
    let victim = org
        .user_by_username("user000003@simulated.example")
        .unwrap();
    org.set(
        "User",
        &victim,
        &[
            ("Email", json!("jane@acme.example")),
            ("IsActive", json!(active)),
        ],
    );
    (org, victim)
}

#[test_case(true; "active")]
#[test_case(false; "inactive")]
#[tokio::test]
async fn nobody_is_found_by_address_nor_revived_nor_reset(active: bool) {
    let (org, victim) = org_with_a_namesake(active);
    let before = org.get("User", &victim);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let resource = created(create(&harness, &jane()).await.unwrap());
    assert_ne!(id(&resource), victim);
    assert_eq!(harness.simulator.org().get("User", &victim), before);
    let reset: Vec<_> = writes(&harness)
        .into_iter()
        .filter(|write| write.contains("/password"))
        .collect();
    assert!(
        reset.iter().all(|write| write.contains(&id(&resource))),
        "{reset:?}"
    );
}

#[test_case(true; "active")]
#[test_case(false; "inactive")]
#[tokio::test]
async fn a_user_that_exists_is_reported_and_not_touched(active: bool) {
    let (org, victim) = org_with_a_namesake(active);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let before = harness.simulator.org().get("User", &victim);
    let form = with(&json!({"username": "USER000003@Simulated.Example"}));
    let resource = existing(create(&harness, &form).await.unwrap());
    assert_eq!(id(&resource), victim);
    assert_eq!(harness.simulator.org().get("User", &victim), before);
    assert!(writes(&harness).is_empty());
    // Describe, the user, its login row.
    assert_eq!(harness.simulator.api_calls(), 3);
}

#[test_case("[]"; "empty list")]
#[test_case("{}"; "object")]
#[test_case(""; "nothing")]
#[test_case("<html>"; "page")]
#[tokio::test]
async fn any_body_of_a_refusal_is_survived(body: &str) {
    let harness = Harness::start().await;
    let fault = Fault::Http {
        status: 400,
        body: body.to_owned(),
        content_type: "application/json".to_owned(),
    };
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), fault);
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    created(create(&harness, &jane()).await.unwrap());
}

#[test_case("Integration", "Minimum Access - API Only Integrations"; "machine")]
#[test_case("Person", "Standard User"; "person")]
#[tokio::test]
async fn a_new_user_looks_as_a_sync_shows_it(last_name: &str, profile: &str) {
    let harness = Harness::start().await;
    let form = with(&json!({"last_name": last_name, "profileId": profile}));
    let resource = created(create(&harness, &form).await.unwrap());
    let synced = harness.sync().await;
    assert_eq!(
        synced.resources[&format!("user/{}", id(&resource))],
        resource
    );
}

#[tokio::test]
async fn a_first_name_is_optional() {
    let harness = Harness::start().await;
    let mut form = jane();
    form.as_object_mut().unwrap().remove("first_name");
    let resource = created(create(&harness, &form).await.unwrap());
    assert_eq!(resource.display_name, "Doe");
}

#[test_case(json!({"username": "other@acme.example"}), "other@acme.example"; "by the forms key")]
#[test_case(json!({"Username": "other@acme.example"}), "other@acme.example"; "by api name")]
#[test_case(json!({}), "jane@acme.example.prod"; "by the rule")]
#[tokio::test]
async fn a_username_is_its_own_field(more: Json, expected: &str) {
    let username = UsernameRule::new("{email}", ".prod").unwrap();
    let options = Options {
        username,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    created(create(&harness, &with(&more)).await.unwrap());
    assert!(user(&harness, expected).is_some());
}

async fn assert_no_zone_of_the_org(harness: &Harness, zone: &str) {
    let form = with(&json!({"timezone": zone}));
    let status = create(harness, &form).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("timezone is none of the values"),
        "{status:?}"
    );
    assert!(writes(harness).is_empty());
}

#[tokio::test]
async fn a_time_zone_is_one_of_the_orgs() {
    let harness = Harness::start().await;
    // It is in the time zone database, and not among the org's.
    assert_no_zone_of_the_org(&harness, "Antarctica/Troll").await;
    let mut form = jane();
    form.as_object_mut().unwrap().remove("timezone");
    created(create(&harness, &form).await.unwrap());
    let row = user(&harness, "jane@acme.example").unwrap();
    assert_eq!(row["TimeZoneSidKey"], "America/New_York");
}

#[tokio::test]
async fn a_time_zone_that_the_org_gave_up_is_none() {
    let harness = Harness::start().await;
    let field = |name: &str, more: Json| {
        let mut field = json!({"name": name, "type": "string", "createable": true});
        field
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        field
    };
    let zones = json!({"type": "picklist", "picklistValues": [
        {"value": "Europe/Berlin", "active": true}, {"value": "Europe/Kiev", "active": false}]});
    let mut fields = vec![field("TimeZoneSidKey", zones)];
    let plain = [
        "Username",
        "Email",
        "Alias",
        "FirstName",
        "LastName",
        "ProfileId",
        "EmailEncodingKey",
        "LocaleSidKey",
        "LanguageLocaleKey",
    ];
    fields.extend(plain.map(|name| field(name, json!({}))));
    let described = Fault::Http {
        status: 200,
        body: json!({"name": "User", "fields": fields}).to_string(),
        content_type: "application/json".to_owned(),
    };
    let describe = Matcher::any().path("/sobjects/User/describe");
    harness.simulator.faults().next(1, describe, described);
    assert_no_zone_of_the_org(&harness, "Europe/Kiev").await;
}

#[tokio::test]
async fn the_id_of_the_create_is_what_is_read() {
    let (org, victim) = org_with_a_namesake(true);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let resource = created(create(&harness, &jane()).await.unwrap());
    assert_ne!(id(&resource), victim);
    let requests = harness.simulator.requests();
    let asked = requests
        .iter()
        .filter_map(|request| request.soql.as_deref());
    let asked_for_email = asked.clone().any(|soql| soql.contains("Email ="));
    assert!(
        asked
            .clone()
            .any(|soql| soql.contains(&format!("Id = '{}'", id(&resource))))
    );
    assert!(!asked_for_email);
}

#[tokio::test]
async fn the_cause_and_the_code_reach_the_host() {
    let harness = Harness::start().await;
    let refusal = Fault::status(
        400,
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Cost centre is wrong for jane@acme.example",
    );
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), refusal);
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let text = status.message();
    assert!(
        text.contains("the org says: Cost centre is wrong for …"),
        "{text}"
    );
    assert!(
        text.contains("FIELD_CUSTOM_VALIDATION_EXCEPTION") && !text.contains('@'),
        "{text}"
    );
}

#[tokio::test]
async fn a_username_of_another_org_is_explained() {
    let harness = Harness::start().await;
    let taken = Fault::status(400, "DUPLICATE_USERNAME", "Duplicate Username.");
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), taken);
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("unique among all orgs"),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_licence_without_seats_is_named_with_its_numbers() {
    let harness = Harness::start().await;
    let license = harness
        .simulator
        .org()
        .find("UserLicense", "LicenseDefinitionKey", "SFDC");
    let seats = [("TotalLicenses", json!(100)), ("UsedLicenses", json!(100))];
    harness
        .simulator
        .org()
        .set("UserLicense", &license.unwrap(), &seats);
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status
            .message()
            .contains("no seat of the user licence \"Salesforce\" is left: 100 of 100 are used"),
        "{status:?}"
    );
}

#[test_case(None, None, true => 1; "as the incumbent does")]
#[test_case(None, None, false => 0; "switched off")]
#[test_case(None, Some(true), false => 1; "asked for")]
#[test_case(None, Some(false), true => 0; "declined")]
#[test_case(Some(credentials::Options::Sso(credentials::Sso::default())), None, true => 0; "signs in elsewhere")]
#[test_case(Some(credentials::Options::NoPassword(credentials::NoPassword::default())), None, true => 1; "no password")]
#[tokio::test]
async fn a_password_mail_is_sent_when_wanted(
    credential: Option<credentials::Options>,
    key: Option<bool>,
    password_mail: bool,
) -> usize {
    let options = Options {
        password_mail,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    let form = match key {
        Some(mail) => with(&json!({"send_password_reset": mail})),
        None => jane(),
    };
    let answer = ask(&harness, &form, credential).await.unwrap();
    created(answer.result.unwrap());
    mails(&harness)
}

#[tokio::test]
async fn a_mail_that_fails_does_not_undo_the_account() {
    let harness = Harness::start().await;
    let fault = Fault::status(403, "INSUFFICIENT_ACCESS", "no");
    harness
        .simulator
        .faults()
        .next(1, Matcher::any().path("/password"), fault);
    match create(&harness, &jane()).await.unwrap() {
        Outcome::ActionRequired(answer) => {
            assert!(
                answer.message.contains("send_password_reset"),
                "{}",
                answer.message
            );
            assert!(answer.resource.is_some());
        }
        other => panic!("{other:?}"),
    }
    existing(create(&harness, &jane()).await.unwrap());
}

#[test_case(Fault::DropBefore; "lost before")]
#[test_case(Fault::DropAfter; "lost after")]
#[test_case(Fault::unavailable(); "failed before")]
#[test_case(Fault::error_after(500, "UNKNOWN_EXCEPTION", "x"); "failed after")]
#[test_case(Fault::TruncatedBody; "cut off")]
#[test_case(Fault::GarbageBody; "garbled")]
#[test_case(Fault::LockRow; "locked")]
#[test_case(Fault::ExpireSession; "signed out")]
#[tokio::test]
async fn a_create_with_a_lost_answer_makes_one_user(fault: Fault) {
    let harness = Harness::start().await;
    let before = users(&harness);
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), fault);
    let resource = created(create(&harness, &jane()).await.unwrap());
    assert_eq!(users(&harness), before + 1);
    assert_eq!(
        user(&harness, "jane@acme.example").unwrap()["Id"],
        json!(id(&resource))
    );
    assert_eq!(mails(&harness), 1);
    existing(create(&harness, &jane()).await.unwrap());
}

#[tokio::test]
async fn a_create_whose_read_fails_shows_what_was_sent() {
    let harness = Harness::start().await;
    // The lookup of the username passes, every later query of users fails.
    created(create(&harness, &jane()).await.unwrap());
    let form = with(&json!({"username": "jane2@acme.example"}));
    let reads = Matcher::queries_of("User").soql("Id =");
    harness
        .simulator
        .faults()
        .next(20, reads, Fault::unavailable());
    let resource = created(create(&harness, &form).await.unwrap());
    assert_eq!(
        user(&harness, "jane2@acme.example").unwrap()["Id"],
        json!(id(&resource))
    );
    assert_eq!(resource.display_name, "Jane Doe");
}

#[tokio::test]
async fn sixteen_creates_at_once_make_one_user() {
    let harness = Harness::start().await;
    let before = users(&harness);
    let form = jane();
    let all = (0..16).map(|_| create(&harness, &form));
    let outcomes = futures(all).await;
    let (mut made, mut ids) = (0, BTreeSet::new());
    for outcome in outcomes {
        ids.insert(match outcome.unwrap() {
            Outcome::Success(success) => {
                made += 1;
                id(&success.resource.unwrap())
            }
            other => id(&existing(other)),
        });
    }
    assert_eq!((made, ids.len(), users(&harness)), (1, 1, before + 1));
    assert_eq!(mails(&harness), 1);
}

/// Runs all of them at once.
pub(crate) async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(move |context| {
        let mut pending = false;
        for (future, output) in &mut all {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(
            all.iter_mut()
                .filter_map(|(_, output)| output.take())
                .collect(),
        )
    })
    .await
}

#[tokio::test]
async fn a_dry_run_creates_nobody() {
    let options = Options {
        dry_run: true,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status
            .message()
            .contains("dry run: would create a User with the fields Alias")
    );
    assert!(writes(&harness).is_empty());
}

#[tokio::test]
async fn a_form_cannot_inject() {
    let harness = Harness::start().await;
    let evil = "x' OR Username LIKE '%";
    let form = with(&json!({"username": evil, "profileId": evil, evil: evil}));
    let status = create(&harness, &form).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(writes(&harness).is_empty());
    let form = with(&json!({"Title": "x".repeat(1_000_000), "profileId": "y".repeat(1_000_000)}));
    let status = create(&harness, &form).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().len() < 2000);
}

pub(crate) async fn delete(harness: &Harness, id: &str) -> Result<bool, Status> {
    let resource_id = pb::ResourceId {
        resource_type: "user".to_owned(),
        resource: id.to_owned(),
        ..Default::default()
    };
    let request = pb::DeleteResourceV2Request {
        resource_id: Some(resource_id),
        ..Default::default()
    };
    let answer = harness
        .deleter()
        .delete_resource_v2(request)
        .await?
        .into_inner();
    let already = crate::harness::annotation::<pb::ResourceDoesNotExist>(&answer.annotations);
    Ok(already.is_some())
}

pub(crate) fn somebody(harness: &Harness) -> String {
    harness
        .simulator
        .org()
        .user_by_username("user000003@simulated.example")
        .unwrap()
}

#[tokio::test]
async fn deleting_a_user_deactivates_it_once() {
    let harness = Harness::start().await;
    let user = somebody(&harness);
    assert!(!delete(&harness, &user).await.unwrap());
    assert!(!harness.simulator.org().is_active(&user));
    assert_eq!(harness.simulator.api_calls(), 2);
    assert!(delete(&harness, &user[..15]).await.unwrap());
    assert_eq!(writes(&harness).len(), 1);
}

#[test_case(Fault::DropBefore; "lost before")]
#[test_case(Fault::DropAfter; "lost after")]
#[test_case(Fault::unavailable(); "failed before")]
#[test_case(Fault::error_after(503, "SERVER_UNAVAILABLE", "x"); "failed after")]
#[test_case(Fault::LockRow; "locked")]
#[tokio::test]
async fn a_delete_with_a_lost_answer_is_one_delete(fault: Fault) {
    let harness = Harness::start().await;
    let user = somebody(&harness);
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), fault);
    assert!(!delete(&harness, &user).await.unwrap());
    assert!(!harness.simulator.org().is_active(&user));
}

#[test_case("005000000000000AAA", Code::NotFound; "unknown")]
#[test_case("001000000000000AAA", Code::InvalidArgument; "another object")]
#[test_case("' OR Id != '", Code::InvalidArgument; "injection")]
#[tokio::test]
async fn a_wrong_id_deletes_nobody(id: &str, code: Code) {
    let harness = Harness::start().await;
    assert_eq!(delete(&harness, id).await.unwrap_err().code(), code);
    assert!(writes(&harness).is_empty());
}

#[test_case(Blocker::default_lead_owner(), "Setup > Lead Settings"; "known reason")]
#[test_case(Blocker::new("FIELD_INTEGRITY_EXCEPTION", "Used in the Foo of jane@acme.example"), "the org says: Used in the Foo of …"; "unknown reason")]
#[test_case(Blocker::new("CANNOT_DISABLE_LAST_ADMIN", "x"), "last active System Administrator"; "last administrator")]
#[tokio::test]
async fn a_refused_deactivation_tells_why(blocker: Blocker, why: &str) {
    let harness = Harness::start().await;
    let user = somebody(&harness);
    let blockers = [(user.clone(), blocker)];
    harness
        .simulator
        .with(|org| org.settings.deactivation_blockers.extend(blockers));
    let status = delete(&harness, &user).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains(why), "{status:?}");
}

#[tokio::test]
async fn a_dry_run_deletes_nobody() {
    let options = Options {
        dry_run: true,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    let status = delete(&harness, &somebody(&harness)).await.unwrap_err();
    assert!(
        status.message().contains("dry run: would set IsActive"),
        "{status:?}"
    );
    assert!(writes(&harness).is_empty());
}

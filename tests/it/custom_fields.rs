//! Fields of User that the configuration adds, and custom fields that the org requires.

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::salesforce::FieldName;
use prost_types::value::Kind;
use salesforce_simulator::Org;
use salesforce_simulator::org::schema::{FieldDef, FieldType};
use serde_json::json;
use test_case::test_case;
use tonic::{Code, Status};

use crate::harness::{Harness, Setup};

fn org() -> (Org, String) {
    let mut org = Org::seed(salesforce_simulator::Preset::Tiny);
    let fields = [
        ("Level__c", FieldType::Double),
        ("Since__c", FieldType::DateTime),
        ("Born__c", FieldType::Date),
        ("Skills__c", FieldType::MultiPicklist),
        ("On_Call__c", FieldType::Boolean),
    ];
    for (name, kind) in fields {
        let field = FieldDef::new(name, kind);
        assert!(org.database_mut().add_custom_field("User", field));
    }
    let standard = |row: &serde_json::Value| row["UserType"] == "Standard";
    let users: Vec<_> = org.rows("User").into_iter().filter(standard).collect();
    let id = |place: usize| users[place]["Id"].as_str().unwrap().to_owned();
    let (user, manager) = (id(0), id(1));
    org.set(
        "User",
        &user,
        &[
            ("Level__c", json!(2.5)),
            ("Since__c", json!("2026-01-02T03:04:05.000+0000")),
            ("Born__c", json!("1990-05-06")),
            ("Skills__c", json!("sales;service")),
            ("On_Call__c", json!(true)),
            ("ManagerId", json!(manager)),
        ],
    );
    org.set("User", &manager, &[("Title", json!("Head of Desks"))]);
    (org, user)
}

async fn with(org: Org, fields: &[&str]) -> Harness {
    let fields = fields.iter().map(|name| FieldName::parse(name).unwrap());
    Harness::with(Setup {
        org,
        options: Options {
            user_fields: fields.collect(),
            ..Options::default()
        },
        ..Setup::default()
    })
    .await
}

async fn validate(harness: &Harness) -> Result<(), Status> {
    let request = pb::ConnectorServiceValidateRequest {};
    harness.connector().validate(request).await.map(drop)
}

#[tokio::test]
async fn values_have_their_types_and_paths_lead_to_parents() {
    let (org, user) = org();
    let fields = [
        "Level__c",
        "since__C",
        "Born__c",
        "Skills__c",
        "On_Call__c",
        "Manager.Title",
        "Manager.Profile.Name",
        "Profile.Name",
        "Contact.Account.Name",
        "Department",
    ];
    let harness = with(org, &fields).await;
    let synced = harness.sync().await;
    let profile = synced.resources[&format!("user/{user}")].profile.as_ref();
    let value = |key: &str| profile.unwrap().fields[key].kind.clone().unwrap();
    let text = |text: &str| Kind::StringValue(text.to_owned());
    assert_eq!(value("Level__c"), Kind::NumberValue(2.5));
    assert_eq!(value("Since__c"), text("2026-01-02T03:04:05Z"));
    assert_eq!(value("Born__c"), text("1990-05-06"));
    assert_eq!(value("On_Call__c"), Kind::BoolValue(true));
    assert_eq!(value("Manager.Title"), text("Head of Desks"));
    assert!(matches!(
        value("Manager.Profile.Name"),
        Kind::StringValue(_)
    ));
    assert_eq!(value("Profile.Name"), value("profile"));
    let Kind::ListValue(skills) = value("Skills__c") else {
        panic!("no list");
    };
    let skills: Vec<_> = skills
        .values
        .into_iter()
        .map(|one| one.kind.unwrap())
        .collect();
    assert_eq!(skills, [text("sales"), text("service")]);
    let request = pb::ResourceGetterServiceGetResourceRequest {
        resource_id: Some(pb::ResourceId {
            resource_type: "user".into(),
            resource: user.clone(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let one = harness.getter().get_resource(request).await.unwrap();
    let one = one.into_inner().resource.unwrap();
    assert_eq!(one.profile.as_ref(), profile);
}

#[test_case("Levle__c", "did you mean Level__c"; "a misspelt field")]
#[test_case("Nonsense__c", "User has no field Nonsense__c"; "a field that is not there")]
#[test_case("Manger.Name", "did you mean Manager"; "a misspelt relationship")]
#[test_case("Manager.Titel", "did you mean Title"; "a misspelt field of a parent")]
#[test_case("Manager", "add a field of the other object, such as Manager.Name"; "a relationship")]
#[tokio::test]
async fn a_wrong_name_is_refused_with_the_nearest_ones(field: &str, told: &str) {
    let harness = with(org().0, &["Level__c", field]).await;
    let error = validate(&harness).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    assert!(error.message().contains("user-custom-fields"), "{error}");
    assert!(error.message().contains(told), "{error}");
    let request = pb::ResourcesServiceListResourcesRequest {
        resource_type_id: "user".into(),
        ..Default::default()
    };
    let error = harness
        .resources()
        .list_resources(request)
        .await
        .unwrap_err();
    assert!(error.message().contains(told), "{error}");
}

#[tokio::test]
async fn a_field_that_is_hidden_between_syncs_costs_its_value_only() {
    let (org, user) = org();
    let harness = with(org, &["Level__c", "Born__c"]).await;
    validate(&harness).await.unwrap();
    harness
        .simulator
        .with(|org| assert!(org.hide_field("User", "Level__c")));
    let synced = harness.sync().await;
    let profile = synced.resources[&format!("user/{user}")].profile.as_ref();
    let fields = &profile.unwrap().fields;
    assert!(!fields.contains_key("Level__c") && fields.contains_key("Born__c"));
}

#[tokio::test]
async fn the_form_has_the_custom_fields_that_the_org_requires() {
    let (mut org, _) = org();
    let mut field = FieldDef::new("Desk__c", FieldType::Text);
    field.nillable = false;
    org.database_mut().add_custom_field("User", field);
    for provisioning in [true, false] {
        let harness = Harness::with(Setup {
            org: org.clone(),
            provisioning,
            ..Setup::default()
        })
        .await;
        let request = pb::ConnectorServiceGetMetadataRequest {};
        let answer = harness.connector().get_metadata(request).await.unwrap();
        let form = answer
            .into_inner()
            .metadata
            .unwrap()
            .account_creation_schema;
        let form = form.unwrap().field_map;
        assert_eq!(form.len(), if provisioning { 10 } else { 9 });
        if provisioning {
            assert!(form["Desk__c"].required);
            assert_eq!(form["Desk__c"].order, 10);
        }
    }
}

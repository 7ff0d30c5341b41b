//! Validate over gRPC: when it fails, what it warns of, and what it costs.

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use prost::Message as _;
use salesforce_simulator::{Org, Preset};
use test_case::test_case;
use tonic::{Code, Status};

use crate::doctor::lacking;
use crate::harness::{Harness, Setup, everything};

/// A connector for an org whose user lacks these.
async fn harness(lacks: &[&str], options: Options) -> Harness {
    let mut org = Org::seed(Preset::Tiny);
    lacking(&mut org, lacks);
    let setup = Setup {
        org,
        options,
        ..Setup::default()
    };
    Harness::with(setup).await
}

/// The warnings in the answer.
pub(crate) async fn validate(harness: &Harness) -> Result<Vec<String>, Status> {
    use prost_types::value::Kind;
    let request = pb::ConnectorServiceValidateRequest {};
    let answer = harness.connector().validate(request).await?.into_inner();
    let name = "type.googleapis.com/google.protobuf.Struct";
    let Some(any) = answer.annotations.iter().find(|any| any.type_url == name) else {
        return Ok(Vec::new());
    };
    let fields = prost_types::Struct::decode(any.value.as_slice())
        .unwrap()
        .fields;
    let Some(Kind::ListValue(list)) = &fields["warnings"].kind else {
        panic!("{fields:?}");
    };
    let text = |value: &prost_types::Value| match &value.kind {
        Some(Kind::StringValue(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    Ok(list.values.iter().map(text).collect())
}

fn writing() -> Options {
    Options {
        provisioning: true,
        ..everything()
    }
}

#[tokio::test]
async fn a_user_who_may_do_everything_costs_one_call_and_no_warning() {
    let harness = harness(&[], writing()).await;
    assert_eq!(validate(&harness).await.unwrap(), Vec::<String>::new());
    assert_eq!(harness.simulator.api_calls(), 1);
    validate(&harness).await.unwrap();
    assert_eq!(harness.simulator.api_calls(), 2);
}

#[tokio::test]
async fn what_the_user_lacks_is_a_warning_for_each_permission() {
    let harness = harness(
        &["FreezeUsers", "ManageUsers", "CustomizeApplication"],
        everything(),
    )
    .await;
    let warnings = validate(&harness).await.unwrap();
    assert_eq!(
        warnings,
        [
            "the connector's user lacks \"Manage Users\" or \"Freeze Users\": frozen users are shown \
             as enabled",
            "the connector's user lacks \"Customize Application\": connected apps are missing; only \
             the authorizations of the connector's own user are shown",
        ]
    );
    assert_eq!(harness.simulator.api_calls(), 1);
}

#[tokio::test]
async fn what_nobody_asked_for_is_no_warning() {
    let lacks = [
        "CustomizeApplication",
        "FreezeUsers",
        "ManageInternalUsers",
        "ManageUsers",
    ];
    let reading = harness(&lacks, Options::default()).await;
    let warnings = validate(&reading).await.unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let writing = harness(&lacks, writing()).await;
    let warnings = validate(&writing).await.unwrap();
    let creating = "users cannot be created";
    assert!(
        warnings.iter().any(|one| one.contains(creating)),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn what_is_switched_off_is_no_warning() {
    for licenses in [true, false] {
        let options = Options {
            licenses,
            ..Options::default()
        };
        let harness = harness(&["ViewSetup"], options).await;
        let warnings = validate(&harness).await.unwrap().join("\n");
        assert_eq!(warnings.contains("user licences"), licenses, "{warnings}");
    }
}

#[tokio::test]
async fn an_org_that_lacks_a_usual_column_costs_two_calls_more() {
    let harness = harness(&["CustomizeApplication"], everything()).await;
    harness.simulator.with(|org| {
        assert!(org.hide_field("UserPermissionAccess", "PermissionsFreezeUsers"));
    });
    let warnings = validate(&harness).await.unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(harness.simulator.api_calls(), 3);
}

#[test_case("ApiEnabled", Code::PermissionDenied, "API Enabled"; "without the API")]
#[test_case("ViewAllUsers", Code::PermissionDenied, "View All Users"; "without the users")]
#[tokio::test]
async fn a_sync_that_would_be_pointless_is_a_failure(lacks: &str, code: Code, text: &str) {
    let harness = harness(&[lacks, "ManageUsers"], Options::default()).await;
    let status = validate(&harness).await.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().contains(text), "{status:?}");
}

#[tokio::test]
async fn an_edition_without_the_api_is_named_as_such() {
    let harness = harness(&[], Options::default()).await;
    harness
        .simulator
        .with(|org| org.settings.api_enabled_for_org = false);
    let status = validate(&harness).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let text = "Group, Essentials and Professional editions need the API add-on";
    assert!(status.message().contains(text), "{status:?}");
}

#[tokio::test]
async fn users_that_cannot_be_read_are_a_failure_and_other_objects_are_not() {
    let harness = harness(&[], everything()).await;
    for object in ["UserRole", "Group", "PermissionSet", "ConnectedApplication"] {
        harness
            .simulator
            .with(|org| org.settings.forbidden_objects.insert(object.to_owned()));
    }
    validate(&harness).await.unwrap();
    harness
        .simulator
        .with(|org| org.settings.forbidden_objects.insert("User".to_owned()));
    let status = validate(&harness).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
}

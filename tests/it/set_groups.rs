//! Permission set groups: their status, and what mutes permissions in them.

use baton_salesforce::pb::connector as pb;
use prost::Message as _;
use prost_types::value::Kind;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::json;
use test_case::test_case;
use tonic::Request;

use crate::harness::{Harness, Setup};
use crate::stage::{Stage, Thing};

fn text(resource: &pb::Resource, key: &str) -> Option<String> {
    match resource.profile.as_ref()?.fields.get(key)?.kind.clone()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

fn texts(resource: &pb::Resource, key: &str) -> Vec<String> {
    let kind = resource
        .profile
        .as_ref()
        .and_then(|profile| profile.fields.get(key)?.kind.clone());
    let Some(Kind::ListValue(list)) = kind else {
        return Vec::new();
    };
    list.values
        .into_iter()
        .filter_map(|value| match value.kind {
            Some(Kind::StringValue(text)) => Some(text),
            _ => None,
        })
        .collect()
}

/// A group with one set and one muting set.
struct Muted {
    org: Org,
    group: String,
    set: String,
    muting: String,
}

fn muted() -> Muted {
    let mut org = Org::seed(Preset::Tiny);
    let group = org
        .create(
            "PermissionSetGroup",
            &[
                ("DeveloperName", json!("Muted")),
                ("MasterLabel", json!("Muted")),
            ],
        )
        .unwrap();
    let set = org
        .create(
            "PermissionSet",
            &[("Name", json!("Inside")), ("Label", json!("Inside"))],
        )
        .unwrap();
    let other = org
        .create(
            "PermissionSet",
            &[("Name", json!("Other")), ("Label", json!("Other"))],
        )
        .unwrap();
    let muting = org
        .create(
            "MutingPermissionSet",
            &[
                ("DeveloperName", json!("Quiet")),
                ("MasterLabel", json!("Quiet please")),
            ],
        )
        .unwrap();
    let mut component = |set: &str| {
        let fields = [
            ("PermissionSetGroupId", json!(group)),
            ("PermissionSetId", json!(set)),
        ];
        org.create("PermissionSetGroupComponent", &fields).unwrap()
    };
    component(&set);
    let other = component(&other);
    // A muting set comes into a group in Setup.
    let fields = [("PermissionSetId", json!(muting))];
    org.set("PermissionSetGroupComponent", &other, &fields);
    Muted {
        org,
        group,
        set,
        muting,
    }
}

#[test_case(true; "muting sets can be read")]
#[test_case(false; "muting sets cannot be read")]
#[tokio::test]
async fn a_muting_set_is_named_on_its_group_and_is_never_a_grant(readable: bool) {
    let Muted {
        org,
        group,
        set,
        muting,
    } = muted();
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    if !readable {
        let fault = Fault::status(400, "INVALID_TYPE", "sObject type 'X' is not supported.");
        let faults = harness.simulator.faults();
        faults.next(1000, Matcher::queries_of("MutingPermissionSet"), fault);
    }
    let synced = harness.sync().await;
    let resource = &synced.resources[&format!("permission_set_group/{group}")];
    let name = if readable {
        "Quiet please"
    } else {
        muting.as_str()
    };
    assert_eq!(
        texts(resource, "muting_permission_set_ids"),
        std::slice::from_ref(&muting)
    );
    assert_eq!(texts(resource, "muting_permission_sets"), [name]);
    assert!(
        resource.description.contains(name),
        "{}",
        resource.description
    );
    assert!(!synced.grants.keys().any(|id| id.contains(&muting)));
    let component = format!("permission:{set}:assigned:permission_set_group:{group}");
    assert!(synced.grants.contains_key(&component));
    assert!(
        !synced
            .resources
            .contains_key(&format!("permission/{muting}"))
    );
}

#[test_case("Updated", false)]
#[test_case("Outdated", true)]
#[test_case("Updating", true)]
#[test_case("Failed", true)]
#[tokio::test]
async fn a_group_that_is_not_up_to_date_says_so_everywhere(status: &str, warns: bool) {
    let stage = Stage::set().await;
    let group = stage.id(Thing::SetGroup).to_owned();
    stage
        .harness
        .simulator
        .org()
        .set("PermissionSetGroup", &group, &[("Status", json!(status))]);
    let synced = stage.harness.sync().await;
    let resource = &synced.resources[&format!("permission_set_group/{group}")];
    assert_eq!(text(resource, "status").as_deref(), Some(status));
    assert_eq!(text(resource, "status_warning").is_some(), warns);
    assert_eq!(resource.description.contains("may be out of date"), warns);
    let entitlement = &synced.entitlements[&format!("permission_set_group:{group}:member")];
    assert_eq!(
        entitlement.description.contains("may be out of date"),
        warns
    );
    let request = pb::GrantManagerServiceGrantRequest {
        entitlement: Some(entitlement.clone()),
        principal: Some(synced.resources[&format!("user/{}", stage.user)].clone()),
        ..Default::default()
    };
    let mut manager = stage.harness.grant_manager();
    let answer = manager
        .grant(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    let warnings: Vec<String> = answer
        .annotations
        .iter()
        .filter(|any| any.type_url.ends_with("google.protobuf.Struct"))
        .map(|any| {
            format!(
                "{:?}",
                prost_types::Struct::decode(any.value.as_slice()).unwrap()
            )
        })
        .collect();
    assert_eq!(!warnings.is_empty(), warns, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains(status)));
    assert!(stage.has(&stage.user, Thing::SetGroup));
}

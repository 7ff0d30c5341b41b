//! Descriptions name the strong permissions that profiles, permission sets and groups give.

use baton_salesforce::pb::connector as pb;
use prost_types::value::Kind;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::json;

use crate::harness::{Harness, Setup, Synced};

fn kind(resource: &pb::Resource, key: &str) -> Option<Kind> {
    resource.profile.as_ref()?.fields.get(key)?.kind.clone()
}

fn labels(resource: &pb::Resource) -> Vec<String> {
    let Some(Kind::ListValue(list)) = kind(resource, "strong_permissions") else {
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

fn tier(resource: &pb::Resource) -> Option<f64> {
    match kind(resource, "strong_permissions_tier")? {
        Kind::NumberValue(tier) => Some(tier),
        _ => None,
    }
}

/// A set and a group with strong permissions, whose sum lacks one because it is muted.
fn org() -> (Org, String, String) {
    let mut org = Org::seed(Preset::Tiny);
    let set = org
        .create(
            "PermissionSet",
            &[
                ("Name", json!("Strong")),
                ("Label", json!("Strong")),
                ("Description", json!("For the night shift")),
                ("PermissionsModifyAllData", json!(true)),
                ("PermissionsExportReport", json!(true)),
                ("PermissionsApiEnabled", json!(true)),
            ],
        )
        .unwrap();
    let group = org
        .create(
            "PermissionSetGroup",
            &[
                ("DeveloperName", json!("Strong")),
                ("MasterLabel", json!("Strong")),
            ],
        )
        .unwrap();
    let sum = org
        .rows("PermissionSet")
        .iter()
        .find(|row| row["PermissionSetGroupId"] == group.as_str())
        .and_then(|row| row["Id"].as_str().map(str::to_owned))
        .expect("the sum of the group");
    org.set(
        "PermissionSet",
        &sum,
        &[("PermissionsManageUsers", json!(true))],
    );
    (org, set, group)
}

async fn synced(org: Org) -> (Harness, Synced) {
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    (harness, synced)
}

#[tokio::test]
async fn resources_and_entitlements_name_what_they_give() {
    let (org, set, group) = org();
    let admin = org.find("Profile", "Name", "System Administrator").unwrap();
    let (_harness, synced) = synced(org).await;
    let of_set = &synced.resources[&format!("permission/{set}")];
    assert_eq!(
        labels(of_set),
        ["Modify All Data", "Export Reports", "API Enabled"]
    );
    assert_eq!(tier(of_set), Some(1.0));
    assert!(
        of_set.description.starts_with(
            "For the night shift. Gives Modify All Data, Export Reports, API Enabled."
        ),
        "{}",
        of_set.description
    );
    let entitlement = &synced.entitlements[&format!("permission:{set}:assigned")];
    assert!(entitlement.description.contains("Gives Modify All Data, "));
    let of_group = &synced.resources[&format!("permission_set_group/{group}")];
    assert_eq!(labels(of_group), ["Manage Users"]);
    assert_eq!(tier(of_group), Some(2.0));
    let of_admin = &synced.resources[&format!("profile/{admin}")];
    assert!(labels(of_admin).contains(&"Modify All Data".to_owned()));
    let entitlement = &synced.entitlements[&format!("profile:{admin}:assigned")];
    assert!(entitlement.description.contains("Gives Modify All Data, "));
    assert!(
        !synced
            .resources
            .values()
            .any(|row| labels(row) == ["API Enabled"])
    );
}

#[tokio::test]
async fn a_permission_that_the_edition_lacks_is_left_out() {
    let (mut org, set, _) = org();
    org.hide_field("PermissionSet", "PermissionsExportReport");
    let (harness, synced) = synced(org).await;
    let resource = &synced.resources[&format!("permission/{set}")];
    assert_eq!(labels(resource), ["Modify All Data", "API Enabled"]);
    let refused = harness.simulator.requests();
    let of_sets = |soql: &String| soql.contains(" FROM PermissionSet ");
    let mut refused = refused.iter().filter(|call| call.status == 400);
    assert!(!refused.any(|call| call.soql.as_ref().is_some_and(of_sets)));
}

#[tokio::test]
async fn without_a_description_of_the_object_nothing_is_said() {
    let (org, set, _) = org();
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let fault = Fault::status(400, "INSUFFICIENT_ACCESS", "insufficient access rights");
    let describe = Matcher::api().path("sobjects/PermissionSet/describe");
    harness.simulator.faults().next(1000, describe, fault);
    let synced = harness.sync().await;
    assert!(labels(&synced.resources[&format!("permission/{set}")]).is_empty());
}

#[tokio::test]
async fn a_set_that_needs_a_licence_says_so() {
    let (mut org, set, _) = org();
    let license = org
        .find("PermissionSetLicense", "DeveloperName", "IdentityConnect")
        .unwrap();
    org.set("PermissionSet", &set, &[("LicenseId", json!(license))]);
    let (_harness, synced) = synced(org).await;
    let resource = &synced.resources[&format!("permission/{set}")];
    let text = |text: &str| Some(Kind::StringValue(text.to_owned()));
    assert_eq!(kind(resource, "required_license_id"), text(&license));
    assert_eq!(kind(resource, "required_license"), text("Identity Connect"));
    let entitlement = &synced.entitlements[&format!("permission:{set}:assigned")];
    assert!(
        entitlement
            .description
            .contains("needs a seat of the permission set licence Identity Connect"),
        "{}",
        entitlement.description
    );
}

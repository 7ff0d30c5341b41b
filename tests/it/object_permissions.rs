//! Who may view or modify all records of an object.

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use prost_types::value::Kind;
use salesforce_simulator::{Org, Preset};
use serde_json::json;

use crate::harness::Harness;

const READ: &[&str] = &["PermissionsRead"];
pub(crate) const VIEW_ALL: &[&str] = &["PermissionsRead", "PermissionsViewAllRecords"];
pub(crate) const MODIFY_ALL: &[&str] = &[
    "PermissionsRead",
    "PermissionsEdit",
    "PermissionsDelete",
    "PermissionsViewAllRecords",
    "PermissionsModifyAllRecords",
];

pub(crate) fn give(org: &mut Org, set: &str, object: &str, flags: &[&str]) {
    let mut fields = vec![("ParentId", json!(set)), ("SobjectType", json!(object))];
    fields.extend(flags.iter().map(|flag| (*flag, json!(true))));
    org.create("ObjectPermissions", &fields).unwrap();
}

struct Given {
    org: Org,
    set: String,
    group: String,
    profile: String,
}

/// A set, a group of it in which one object is muted, and a profile.
fn given() -> Given {
    let mut org = Org::seed(Preset::Tiny);
    let named = [("Name", json!("Strong")), ("Label", json!("Strong"))];
    let set = org.create("PermissionSet", &named).unwrap();
    give(&mut org, &set, "Account", MODIFY_ALL);
    give(&mut org, &set, "Case", VIEW_ALL);
    give(&mut org, &set, "Lead", VIEW_ALL);
    give(&mut org, &set, "Contact", READ);
    let named = [
        ("DeveloperName", json!("Strong")),
        ("MasterLabel", json!("Strong")),
    ];
    let group = org.create("PermissionSetGroup", &named).unwrap();
    let muting = org.create("MutingPermissionSet", &named).unwrap();
    for (object, flag) in [
        ("Account", "PermissionsDelete"),
        ("Lead", "PermissionsViewAllRecords"),
    ] {
        let fields = [
            ("ParentId", json!(muting)),
            ("SobjectType", json!(object)),
            (flag, json!(true)),
        ];
        org.insert("ObjectPermissions", &fields);
    }
    for part in [&set, &muting] {
        let fields = [
            ("PermissionSetGroupId", json!(group)),
            ("PermissionSetId", json!(part)),
        ];
        org.insert("PermissionSetGroupComponent", &fields);
    }
    org.sum_up_groups();
    let profile = org.find("Profile", "Name", "Standard User").unwrap();
    let own = org
        .rows("PermissionSet")
        .iter()
        .find(|row| row["ProfileId"] == profile.as_str())
        .and_then(|row| row["Id"].as_str().map(str::to_owned))
        .unwrap();
    give(&mut org, &own, "Opportunity", MODIFY_ALL);
    Given {
        org,
        set,
        group,
        profile,
    }
}

fn on() -> Options {
    Options {
        object_permissions: true,
        ..Options::default()
    }
}

fn names(resource: &pb::Resource, key: &str) -> Vec<String> {
    let value = resource.profile.as_ref().unwrap().fields.get(key);
    let Some(Kind::ListValue(list)) = value.and_then(|value| value.kind.clone()) else {
        return Vec::new();
    };
    let texts = list.values.into_iter().map(|value| match value.kind {
        Some(Kind::StringValue(text)) => text,
        other => panic!("{key} has {other:?}"),
    });
    texts.collect()
}

#[tokio::test]
async fn profiles_sets_and_groups_name_their_objects() {
    let given = given();
    let harness = Harness::of(given.org, on()).await;
    let synced = harness.sync().await;
    let set = &synced.resources[&format!("permission/{}", given.set)];
    assert_eq!(names(set, "view_all_objects"), ["Account", "Case", "Lead"]);
    assert_eq!(names(set, "modify_all_objects"), ["Account"]);
    let sentence = "Gives Modify All on Account and View All on Case, Lead.";
    assert!(set.description.ends_with(sentence), "{}", set.description);
    let entitlement = &synced.entitlements[&format!("permission:{}:assigned", given.set)];
    assert!(entitlement.description.ends_with(sentence));
    // Without Delete there is no Modify All, and View All of leads is muted.
    let group = &synced.resources[&format!("permission_set_group/{}", given.group)];
    assert_eq!(names(group, "view_all_objects"), ["Account", "Case"]);
    assert!(names(group, "modify_all_objects").is_empty());
    let entitlement = &synced.entitlements[&format!("permission_set_group:{}:member", given.group)];
    assert!(
        entitlement
            .description
            .ends_with("Gives View All on Account, Case."),
        "{}",
        entitlement.description
    );
    let profile = &synced.resources[&format!("profile/{}", given.profile)];
    assert_eq!(names(profile, "modify_all_objects"), ["Opportunity"]);
    let read = harness.simulator.requests();
    let of_objects = |soql: &String| soql.contains(" FROM ObjectPermissions ");
    let reads = read
        .iter()
        .filter(|call| call.soql.as_ref().is_some_and(of_objects));
    assert_eq!(reads.count(), 1);
}

#[tokio::test]
async fn one_resource_alone_names_them_too() {
    let given = given();
    let harness = Harness::of(given.org, on()).await;
    for (kind, id, expected) in [
        ("permission", &given.set, vec!["Account", "Case", "Lead"]),
        (
            "permission_set_group",
            &given.group,
            vec!["Account", "Case"],
        ),
        ("profile", &given.profile, vec!["Opportunity"]),
    ] {
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id: Some(pb::ResourceId {
                resource_type: kind.to_owned(),
                resource: id.clone(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = harness.getter().get_resource(request).await.unwrap();
        let resource = answer.into_inner().resource.unwrap();
        assert_eq!(names(&resource, "view_all_objects"), expected, "{kind}");
    }
}

#[tokio::test]
async fn without_the_flag_nothing_is_read() {
    let given = given();
    let harness = Harness::of(given.org, Options::default()).await;
    let synced = harness.sync().await;
    let set = &synced.resources[&format!("permission/{}", given.set)];
    assert!(names(set, "view_all_objects").is_empty());
    let read = harness.simulator.requests();
    let mut soql = read.iter().filter_map(|call| call.soql.as_ref());
    assert!(!soql.any(|soql| soql.contains("ObjectPermissions")));
}

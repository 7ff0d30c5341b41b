//! Object permissions, and the sums of permission set groups.

use salesforce_simulator::{Org, OrgError, Preset};
use serde_json::{Value, json};
use test_case::test_case;

fn named(org: &mut Org, object: &str, name: &str) -> String {
    let label = if object == "PermissionSet" {
        ["Name", "Label"]
    } else {
        ["DeveloperName", "MasterLabel"]
    };
    let fields = label.map(|field| (field, json!(name)));
    org.create(object, &fields).unwrap()
}

/// An org, a set, and a group with the set in it.
fn group() -> (Org, String, String) {
    let mut org = Org::seed(Preset::Tiny);
    let set = named(&mut org, "PermissionSet", "Inside");
    let group = named(&mut org, "PermissionSetGroup", "Around");
    let fields = [
        ("PermissionSetGroupId", json!(group)),
        ("PermissionSetId", json!(set)),
    ];
    org.create("PermissionSetGroupComponent", &fields).unwrap();
    (org, set, group)
}

fn sum(org: &Org, group: &str) -> Value {
    let rows = org.rows("PermissionSet");
    let mut sums = rows
        .into_iter()
        .filter(|row| row["PermissionSetGroupId"] == group);
    let sum = sums.next().unwrap();
    assert!(sums.next().is_none());
    sum
}

fn give(org: &mut Org, set: &str, object: &str, flags: &[&str]) -> Result<String, OrgError> {
    let mut fields = vec![("ParentId", json!(set)), ("SobjectType", json!(object))];
    fields.extend(flags.iter().map(|flag| (*flag, json!(true))));
    org.create("ObjectPermissions", &fields)
}

/// The objects that a set gives, with a letter for each permission.
fn objects(org: &Org, set: &Value) -> Vec<String> {
    let rows = org.rows("ObjectPermissions");
    let rows = rows.iter().filter(|row| row["ParentId"] == set["Id"]);
    let shown = rows.map(|row| {
        let flag = |name: &str| row[format!("Permissions{name}")] == true;
        let letters = [
            (flag("Read"), 'r'),
            (flag("ViewAllRecords"), 'v'),
            (flag("ModifyAllRecords"), 'm'),
        ];
        let letters = letters.iter().filter(|(on, _)| *on);
        let letters: String = letters.map(|(_, letter)| *letter).collect();
        format!("{} {letters}", row["SobjectType"].as_str().unwrap())
    });
    shown.collect()
}

#[test]
fn a_sum_follows_its_sets() {
    let (mut org, set, group) = group();
    assert_eq!(sum(&org, &group)["PermissionsViewAllData"], false);
    let on = [("PermissionsViewAllData", json!(true))];
    org.update("PermissionSet", &set, &on).unwrap();
    give(&mut org, &set, "Account", &["PermissionsRead"]).unwrap();
    let now = sum(&org, &group);
    assert_eq!(now["PermissionsViewAllData"], true);
    assert_eq!(objects(&org, &now), ["Account r"]);
    let components = org.rows("PermissionSetGroupComponent");
    let mut of_set = components
        .iter()
        .filter(|row| row["PermissionSetId"] == set);
    let component = of_set.next().unwrap()["Id"].as_str().unwrap().to_owned();
    org.destroy("PermissionSetGroupComponent", &component)
        .unwrap();
    let now = sum(&org, &group);
    assert_eq!(now["PermissionsViewAllData"], false);
    assert!(objects(&org, &now).is_empty());
}

#[test]
fn a_sum_lacks_what_is_muted() {
    let (mut org, set, group) = group();
    let on = [
        ("PermissionsViewAllData", json!(true)),
        ("PermissionsExportReport", json!(true)),
    ];
    org.update("PermissionSet", &set, &on).unwrap();
    let view_all = ["PermissionsRead", "PermissionsViewAllRecords"];
    give(&mut org, &set, "Account", &view_all).unwrap();
    give(&mut org, &set, "Case", &view_all).unwrap();
    let muting = named(&mut org, "MutingPermissionSet", "Quiet");
    let fields = [
        ("PermissionSetGroupId", json!(group)),
        ("PermissionSetId", json!(muting)),
    ];
    org.insert("PermissionSetGroupComponent", &fields);
    for (object, flag) in [
        ("Account", "PermissionsViewAllRecords"),
        ("Case", "PermissionsRead"),
    ] {
        let fields = [
            ("ParentId", json!(muting)),
            ("SobjectType", json!(object)),
            (flag, json!(true)),
        ];
        org.insert("ObjectPermissions", &fields);
    }
    let quiet = [("PermissionsViewAllData", json!(true))];
    org.update("MutingPermissionSet", &muting, &quiet).unwrap();
    let now = sum(&org, &group);
    assert_eq!(now["PermissionsViewAllData"], false);
    assert_eq!(now["PermissionsExportReport"], true);
    // View All needs Read.
    assert_eq!(objects(&org, &now), ["Account r"]);
}

#[test_case(&["PermissionsViewAllRecords"] => "FIELD_INTEGRITY_EXCEPTION"; "view all without read")]
#[test_case(&["PermissionsRead", "PermissionsEdit", "PermissionsDelete", "PermissionsModifyAllRecords"] => "FIELD_INTEGRITY_EXCEPTION"; "modify all without view all")]
#[test_case(&["PermissionsNothing"] => "INVALID_FIELD"; "an unknown permission")]
fn what_needs_more_is_refused(flags: &[&str]) -> String {
    let (mut org, set, _) = group();
    give(&mut org, &set, "Account", flags).unwrap_err().code
}

#[test]
fn a_second_row_for_an_object_and_one_of_a_sum_are_refused() {
    let (mut org, set, group) = group();
    give(&mut org, &set, "Account", &["PermissionsRead"]).unwrap();
    let twin = give(&mut org, &set, "Account", &["PermissionsRead"]).unwrap_err();
    assert_eq!(twin.code, "DUPLICATE_VALUE");
    let sum = sum(&org, &group)["Id"].as_str().unwrap().to_owned();
    let of_sum = give(&mut org, &sum, "Case", &["PermissionsRead"]).unwrap_err();
    assert_eq!(of_sum.code, "INSUFFICIENT_ACCESS_OR_READONLY");
}

//! Orgs that hide columns from the connector's user, or send rows that lack a value.

use std::collections::{BTreeMap, BTreeSet};

use salesforce_simulator::{Fault, Matcher, Org, Preset};

use crate::harness::{Harness, Setup, Synced, everything};

/// Without these it is unknown which row it is, or whether it counts.
const REQUIRED: &[(&str, &[&str])] = &[
    ("User", &["IsActive", "UserType"]),
    ("UserLogin", &["UserId"]),
    ("Group", &["Type"]),
    ("GroupMember", &["GroupId", "UserOrGroupId"]),
    ("PermissionSet", &["IsOwnedByProfile"]),
    (
        "PermissionSetGroupComponent",
        &["PermissionSetGroupId", "PermissionSetId"],
    ),
    (
        "PermissionSetAssignment",
        &[
            "AssigneeId",
            "PermissionSetId",
            "PermissionSetGroupId",
            "ExpirationDate",
        ],
    ),
    ("SetupEntityAccess", &["ParentId", "SetupEntityId"]),
    ("OauthToken", &["UserId"]),
    (
        "PermissionSetLicenseAssign",
        &["AssigneeId", "PermissionSetLicenseId"],
    ),
    ("UserPackageLicense", &["UserId", "PackageLicenseId"]),
    (
        "CollaborationGroupMember",
        &["CollaborationGroupId", "MemberId"],
    ),
];

/// Without these, some grants are missing too.
const MAKES_GRANTS: &[(&str, &str)] = &[
    ("User", "ProfileId"),
    ("User", "UserRoleId"),
    ("Profile", "UserLicenseId"),
    ("UserRole", "ParentRoleId"),
    ("UserRole", "PortalType"),
    ("Group", "RelatedId"),
    ("PermissionSet", "ProfileId"),
    ("ConnectedApplication", "Name"),
    ("ExternalClientApplication", "MasterLabel"),
    ("OauthToken", "AppName"),
    ("OauthToken", "AppMenuItemId"),
    ("AppMenuItem", "ApplicationId"),
    ("CollaborationGroupMember", "CollaborationRole"),
];

fn setup(org: Org) -> Setup {
    Setup {
        org,
        options: everything(),
        ..Setup::default()
    }
}

/// The columns that a sync reads, as object and field.
fn columns(harness: &Harness) -> BTreeSet<(String, String)> {
    let mut columns = BTreeSet::new();
    for query in harness
        .simulator
        .requests()
        .iter()
        .filter_map(|request| request.soql.clone())
    {
        let Some((list, rest)) = query
            .strip_prefix("SELECT ")
            .and_then(|q| q.split_once(" FROM "))
        else {
            continue;
        };
        let object = rest.split(' ').next().unwrap();
        for column in list
            .split(',')
            .map(str::trim)
            .filter(|column| !column.contains('('))
        {
            let (object, field) = match column.rsplit_once('.') {
                None => (object, column),
                Some((path, field)) => (path.rsplit('.').next().unwrap(), field),
            };
            columns.insert((object.to_owned(), field.to_owned()));
        }
    }
    columns
}

fn ids(synced: &Synced) -> BTreeSet<String> {
    synced.resources.keys().cloned().collect()
}

fn grants(synced: &Synced) -> BTreeSet<String> {
    synced.grants.keys().cloned().collect()
}

/// A sync, or the reason for which a host would stop.
async fn sync(harness: Harness) -> Result<Synced, String> {
    let ended = tokio::spawn(async move { harness.sync().await }).await;
    ended.map_err(|error| {
        let reason = error.into_panic();
        let reason = reason.downcast::<String>();
        reason.map_or_else(|_| "no reason".to_owned(), |reason| *reason)
    })
}

#[tokio::test]
async fn each_column_that_is_hidden_costs_only_its_value_or_is_named() {
    let harness = Harness::with(setup(Org::seed(Preset::Tiny))).await;
    let whole = harness.sync().await;
    let columns = columns(&harness);
    assert!(columns.len() >= 50, "{} columns", columns.len());
    let mut seen = BTreeMap::<&str, usize>::new();
    // A feature whose field is hidden is no resource; tests/it/licenses.rs has that.
    let is_here = |field: &str| field != "Id" && !field.starts_with("UserPermissions");
    for (object, field) in columns.iter().filter(|(_, field)| is_here(field)) {
        let mut org = Org::seed(Preset::Tiny);
        if !org.hide_field(object, field) {
            // The name of a relationship, not of an object.
            continue;
        }
        let harness = Harness::with(setup(org)).await;
        let outcome = sync(harness).await;
        let place = format!("{object}.{field}");
        let is_required = REQUIRED
            .iter()
            .any(|(name, fields)| name == object && fields.contains(&field.as_str()));
        match outcome {
            Err(reason) => {
                assert!(is_required, "{place} is not required: {reason}");
                // Salesforce complains of the relationship first, if the query names it too.
                let relationship = format!("INVALID_FIELD ({})", field.trim_end_matches("Id"));
                let is_named = reason.contains(&format!("{field} of {object}"))
                    || reason.contains(&relationship);
                assert!(is_named, "{place}: {reason}");
                assert!(
                    reason.contains("read access to the field"),
                    "{place}: {reason}"
                );
                *seen.entry("required").or_default() += 1;
            }
            Ok(synced) => {
                assert!(!is_required, "{place} is required");
                assert_eq!(ids(&synced), ids(&whole), "{place}");
                let makes_grants = MAKES_GRANTS.contains(&(object.as_str(), field.as_str()));
                if makes_grants {
                    assert!(
                        grants(&synced).len() <= grants(&whole).len() + 50,
                        "{place}"
                    );
                } else {
                    assert_eq!(grants(&synced), grants(&whole), "{place}");
                }
                assert_eq!(synced.dangling(), BTreeSet::new(), "{place}");
                *seen.entry("optional").or_default() += 1;
            }
        }
    }
    assert!(seen["required"] >= 10 && seen["optional"] >= 35, "{seen:?}");
}

#[tokio::test]
async fn a_row_without_a_value_costs_only_itself() {
    for (object, column, row) in [
        ("PermissionSetGroupComponent", "PermissionSetId", 0),
        ("GroupMember", "UserOrGroupId", 1),
        ("PermissionSetAssignment", "AssigneeId", 2),
        ("User", "IsActive", 3),
        ("UserRole", "Id", 0),
        ("PermissionSet", "IsOwnedByProfile", 0),
    ] {
        let harness = Harness::with(setup(Org::seed(Preset::Tiny))).await;
        let whole = harness.sync().await;
        let calls = harness.simulator.api_calls();
        let faults = harness.simulator.faults();
        let cell = Fault::null_cell(row, column);
        faults.every_matching(1, Matcher::queries_of(object), [cell]);
        let calls_before = harness.simulator.api_calls();
        let synced = harness.sync().await;
        assert!(faults.injected() > 0, "{object}.{column}");
        assert!(
            grants(&synced).is_subset(&grants(&whole)),
            "{object}.{column}"
        );
        assert!(ids(&synced).is_subset(&ids(&whole)), "{object}.{column}");
        let rows = |synced: &Synced| synced.resources.len() + synced.grants.len();
        assert!(
            rows(&synced) < rows(&whole),
            "{object}.{column}: nothing is missing"
        );
        assert!(
            rows(&synced) > rows(&whole) / 2,
            "{object}.{column}: too much is missing"
        );
        assert_eq!(synced.dangling(), BTreeSet::new(), "{object}.{column}");
        let again = harness.simulator.api_calls() - calls_before;
        assert!(
            again <= calls,
            "{object}.{column}: {again} calls instead of {calls}"
        );
    }
}

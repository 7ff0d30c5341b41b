//! Syncs with every option on: what they cost, and what is left when an object or a permission is
//! missing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use baton_salesforce::connector::Options;
use parking_lot::Mutex;
use salesforce_simulator::{Org, Preset, SeedSize};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{Harness, Synced, everything};

/// Objects that a sync can do without, and the resource types that they belong to.
const OPTIONAL: &[(&str, &[&str])] = &[
    ("UserLicense", &["user_license"]),
    ("PermissionSetLicense", &["permission_set_license"]),
    ("PermissionSetLicenseAssign", &["permission_set_license"]),
    ("PackageLicense", &["package_license"]),
    ("UserPackageLicense", &["package_license"]),
    ("ConnectedApplication", &["connected_application"]),
    ("ExternalClientApplication", &["connected_application"]),
    ("SetupEntityAccess", &["connected_application"]),
    ("AppMenuItem", &["connected_application"]),
    ("OauthToken", &["connected_application"]),
    ("Territory2", &["territory"]),
    ("Territory2Model", &["territory"]),
    ("UserTerritory2Association", &["territory"]),
    ("PicklistValueInfo", &["territory"]),
    ("BotDefinition", &["agent"]),
    ("CollaborationGroup", &["collaboration_group"]),
    ("CollaborationGroupMember", &["collaboration_group"]),
    ("PermissionSetGroupComponent", &["permission"]),
    ("MutingPermissionSet", &[]),
    ("ObjectPermissions", &[]),
    ("UserLogin", &["security_insight"]),
];

/// Permissions that the connector is advised to have, by API name and as Setup calls them.
const PERMISSIONS: &[(&str, &str)] = &[
    ("ViewSetup", "View Setup and Configuration"),
    ("ManageUsers", "Manage Users"),
    ("ViewAllUsers", "View All Users"),
    ("ViewRoles", "View Roles and Role Hierarchy"),
    ("ViewAllProfiles", "View All Profiles"),
    ("AssignPermissionSets", "Assign Permission Sets"),
    (
        "ManageProfilesPermissionsets",
        "Manage Profiles and Permission Sets",
    ),
    ("CustomizeApplication", "Customize Application"),
    ("ManagePackageLicenses", "Manage Package Licenses"),
    ("ManageTerritories", "Manage Territory"),
    // Not "Manage Unlisted Groups": Salesforce does not tell that it hides unlisted Chatter groups.
    ("ManageRoles", "Manage Roles"),
    ("FreezeUsers", "Freeze Users"),
];

/// Types of resources that few orgs or options have.
const TYPES: &[(&str, &str)] = &[
    ("user_license", "SELECT Id FROM UserLicense"),
    (
        "permission_set_license",
        "SELECT Id FROM PermissionSetLicense",
    ),
    ("package_license", "SELECT Id FROM PackageLicense"),
    (
        "territory",
        "SELECT Id FROM Territory2 WHERE Territory2Model.State = 'Active'",
    ),
    ("agent", "SELECT Id FROM BotDefinition"),
    ("collaboration_group", "SELECT Id FROM CollaborationGroup"),
];

fn all() -> Options {
    Options {
        licenses: true,
        territories: true,
        agents: true,
        chatter_groups: true,
        object_permissions: true,
        security_insights: true,
        ..everything()
    }
}

fn none() -> Options {
    Options {
        licenses: false,
        territories: false,
        agents: false,
        ..Options::default()
    }
}

fn org(size: SeedSize) -> Org {
    let mut org = Org::seed_size(size);
    org.settings.territories = true;
    org.settings.agents = true;
    org
}

fn assert_whole(synced: &Synced) {
    assert_eq!(synced.dangling(), BTreeSet::new());
    assert_eq!(synced.duplicates, Vec::<String>::new());
}

/// One org for both, because it takes long to fill.
#[tokio::test]
async fn twenty_thousand_users_cost_at_most_78_calls_with_everything_and_47_with_nothing() {
    let harness = Harness::of(org(Preset::Large.size()), all()).await;
    let synced = harness.sync().await;
    let calls = harness.simulator.api_calls();
    assert!(calls <= 78, "{calls} calls with everything on");
    assert_whole(&synced);
    for (resource_type, soql) in TYPES {
        let rows = harness.simulator.org().query(soql);
        let ids = rows
            .iter()
            .map(|row| row["Id"].as_str().unwrap().to_owned());
        assert_eq!(
            synced.of_type(resource_type),
            ids.collect(),
            "{resource_type}"
        );
    }
    let harness = harness.restart_with(none()).await;
    harness.simulator.clear_requests();
    let synced = harness.sync().await;
    let calls = harness.simulator.api_calls();
    assert!(calls <= 47, "{calls} calls with everything off");
    assert_whole(&synced);
    let optional = OPTIONAL.iter().flat_map(|(_, types)| *types);
    for resource_type in optional.filter(|it| **it != "permission") {
        assert!(
            !synced.types.contains_key(*resource_type),
            "{resource_type}"
        );
    }
}

/// A permission of the third tier that everybody has by a set must not cost a call for each page of
/// its holders.
#[tokio::test]
async fn objects_and_insights_cost_at_most_10_calls_more() {
    let mut org = org(Preset::Large.size());
    let fields = [
        ("Name", json!("Everybody")),
        ("Label", json!("Everybody")),
        ("PermissionsViewSetup", json!(true)),
    ];
    let set = org.create("PermissionSet", &fields).unwrap();
    let users = org.rows("User");
    for user in &users {
        let fields = [
            ("AssigneeId", user["Id"].clone()),
            ("PermissionSetId", json!(set)),
            ("IsActive", json!(true)),
        ];
        org.insert("PermissionSetAssignment", &fields);
    }
    let without = Options {
        object_permissions: false,
        security_insights: false,
        ..all()
    };
    let harness = Harness::of(org, without).await;
    let plain = harness.sync().await;
    let before = harness.simulator.api_calls();
    let harness = harness.restart_with(all()).await;
    harness.simulator.clear_requests();
    let synced = harness.sync().await;
    let after = harness.simulator.api_calls();
    assert!(after <= before + 10, "{after} calls instead of {before}");
    assert_whole(&synced);
    assert!(synced.grants == plain.grants, "other grants");
    let active = users.iter().filter(|user| user["IsActive"] == true);
    let insights = synced.of_type("security_insight");
    for user in active {
        let id = user["Id"].as_str().unwrap();
        assert!(insights.contains(&format!("{id}:tier-3")), "{id}");
    }
}

/// The type of a row: `type/id` of a resource, `type:id:…` of an entitlement or a grant.
fn type_of(row: &str) -> &str {
    row.split(['/', ':']).next().unwrap()
}

/// The rows that one sync has and the other has not, by type.
fn lost(whole: &BTreeSet<String>, synced: &Synced) -> BTreeMap<String, usize> {
    let left = synced.ids();
    let mut lost = BTreeMap::new();
    for row in whole.iter().filter(|row| !left.contains(row.as_str())) {
        *lost.entry(type_of(row).to_owned()).or_default() += 1;
    }
    lost
}

/// Collects the warnings of this thread.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<u8>>>);

impl Warnings {
    fn watch(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl Write for Warnings {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Warnings {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A sync of everything, and its warnings.
async fn sync(org: Org) -> (Synced, String) {
    let warnings = Warnings::default();
    let _watch = warnings.watch();
    let harness = Harness::of(org, all()).await;
    let synced = harness.sync().await;
    assert_whole(&synced);
    (synced, warnings.text())
}

async fn whole() -> BTreeSet<String> {
    let (synced, _) = sync(org(Preset::Tiny.size())).await;
    synced.ids().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_missing_object_costs_its_own_rows_and_is_named() {
    let whole = whole().await;
    for (object, types) in OPTIONAL {
        for hidden in [true, false] {
            let mut org = org(Preset::Tiny.size());
            let settings = &mut org.settings;
            if hidden {
                settings.hidden_objects.insert((*object).to_owned());
            } else {
                settings.forbidden_objects.insert((*object).to_owned());
            }
            let (synced, warnings) = sync(org).await;
            let lost = lost(&whole, &synced);
            let others = lost.keys().filter(|kind| !types.contains(&kind.as_str()));
            assert_eq!(others.count(), 0, "{object} (hidden: {hidden}): {lost:?}");
            let named = warnings.contains(object);
            assert!(
                lost.is_empty() || named,
                "{object} (hidden: {hidden}) is not named: {lost:?}, {warnings}"
            );
        }
    }
}

#[tokio::test]
async fn a_missing_permission_costs_rows_only_if_it_is_named() {
    let whole = whole().await;
    for (permission, label) in PERMISSIONS {
        let mut org = org(Preset::Tiny.size());
        org.settings
            .missing_permissions
            .insert((*permission).to_owned());
        let (synced, warnings) = sync(org).await;
        let lost = lost(&whole, &synced);
        assert!(
            lost.is_empty() || warnings.contains(label),
            "{label} is not named: {lost:?}, {warnings}"
        );
    }
}

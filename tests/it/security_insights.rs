//! Security insights against a plain reading of the org.

use std::collections::{BTreeMap, BTreeSet};

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use jiff::{SignedDuration, Timestamp};
use pb::security_insight_trait::{InsightType, Target};
use salesforce_simulator::{Org, Preset};
use serde_json::{Value, json};
use test_case::test_case;

use crate::harness::{Harness, Synced, annotation, list_resources};

/// As the documents have them: tier, column, name in Setup.
pub(crate) const TIERS: &[(u8, &str, &str)] = &[
    (1, "ModifyAllData", "Modify All Data"),
    (1, "ViewAllData", "View All Data"),
    (1, "AuthorApex", "Author Apex"),
    (2, "ManageUsers", "Manage Users"),
    (2, "ManageInternalUsers", "Manage Internal Users"),
    (
        2,
        "ManageProfilesPermissionsets",
        "Manage Profiles and Permission Sets",
    ),
    (2, "AssignPermissionSets", "Assign Permission Sets"),
    (2, "ManageRoles", "Manage Roles"),
    (2, "CustomizeApplication", "Customize Application"),
    (2, "ManageSharing", "Manage Sharing"),
    (2, "ResetPasswords", "Reset User Passwords and Unlock Users"),
    (
        2,
        "ModifyMetadata",
        "Modify Metadata Through Metadata API Functions",
    ),
    (3, "DataExport", "Weekly Data Export"),
    (3, "ExportReport", "Export Reports"),
    (3, "ViewEncryptedData", "View Encrypted Data"),
    (3, "ViewSetup", "View Setup and Configuration"),
    (3, "ApiEnabled", "API Enabled"),
    (3, "BulkApiHardDelete", "Bulk API Hard Delete"),
    (3, "ManageConnectedApps", "Manage Connected Apps"),
    (3, "ViewAllUsers", "View All Users"),
    (3, "QueryAllFiles", "Query All Files"),
];

fn days_ago(days: i64) -> Value {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * days);
    json!(then.to_string())
}

fn on() -> Options {
    Options {
        security_insights: true,
        ..Options::default()
    }
}

/// Builds an org of its own people.
struct Builder {
    org: Org,
    people: usize,
}

impl Builder {
    fn new() -> Self {
        Self {
            org: Org::seed(Preset::Tiny),
            people: 0,
        }
    }

    fn profile(&self, name: &str) -> String {
        self.org.find("Profile", "Name", name).unwrap()
    }

    /// A user who signed in yesterday by single sign-on.
    fn user(&mut self, fields: &[(&str, Value)]) -> String {
        self.people += 1;
        let name = format!("insight{}@simulated.example", self.people);
        let mut all = BTreeMap::from([
            ("Username", json!(name)),
            ("Email", json!(name)),
            ("LastName", json!("Insight")),
            ("Alias", json!("insight")),
            ("CommunityNickname", json!(name)),
            ("UserType", json!("Standard")),
            ("IsActive", json!(true)),
            ("ProfileId", json!(self.profile("Standard User"))),
            ("FederationIdentifier", json!(format!("sso-{name}"))),
            ("CreatedDate", days_ago(400)),
            ("LastLoginDate", days_ago(1)),
        ]);
        all.extend(fields.iter().cloned());
        let all: Vec<(&str, Value)> = all.into_iter().collect();
        let user = self.org.insert("User", &all);
        let login = [("UserId", json!(user)), ("IsFrozen", json!(false))];
        self.org.insert("UserLogin", &login);
        user
    }

    fn freeze(&mut self, user: &str) {
        let rows = self.org.rows("UserLogin");
        let row = rows.iter().find(|row| row["UserId"] == user).unwrap();
        let id = row["Id"].as_str().unwrap().to_owned();
        self.org.set("UserLogin", &id, &[("IsFrozen", json!(true))]);
    }

    fn set(&mut self, name: &str, permissions: &[&str]) -> String {
        let columns: Vec<String> = permissions
            .iter()
            .map(|name| format!("Permissions{name}"))
            .collect();
        let api_name = json!(name.replace(' ', "_"));
        let mut fields = vec![("Name", api_name), ("Label", json!(name))];
        fields.extend(columns.iter().map(|column| (column.as_str(), json!(true))));
        self.org.create("PermissionSet", &fields).unwrap()
    }

    /// A group of some sets in which some permissions are muted.
    fn group(&mut self, name: &str, sets: &[&str], muted: &[&str]) -> String {
        let fields = [("DeveloperName", json!(name)), ("MasterLabel", json!(name))];
        let group = self.org.create("PermissionSetGroup", &fields).unwrap();
        let columns: Vec<String> = muted
            .iter()
            .map(|name| format!("Permissions{name}"))
            .collect();
        let mut quiet = fields.to_vec();
        quiet.extend(columns.iter().map(|column| (column.as_str(), json!(true))));
        let muting = self.org.create("MutingPermissionSet", &quiet).unwrap();
        for part in sets.iter().copied().chain([muting.as_str()]) {
            let fields = [
                ("PermissionSetGroupId", json!(group)),
                ("PermissionSetId", json!(part)),
            ];
            self.org.insert("PermissionSetGroupComponent", &fields);
        }
        self.org.sum_up_groups();
        group
    }

    fn hold(&mut self, user: &str, column: &str, on: &str, fields: &[(&str, Value)]) {
        let mut all = vec![
            ("AssigneeId", json!(user)),
            (column, json!(on)),
            ("IsActive", json!(true)),
        ];
        all.extend(fields.iter().cloned());
        self.org.insert("PermissionSetAssignment", &all);
    }
}

const SET: &str = "PermissionSetId";
const GROUP: &str = "PermissionSetGroupId";

/// Everything that can matter, once.
pub(crate) fn varied() -> Org {
    let mut build = Builder::new();
    let admin = json!(build.profile("System Administrator"));
    let view = build.set("View Everything", &["ViewAllData", "ApiEnabled"]);
    let users = build.set("Users", &["ManageUsers", "ExportReport"]);
    let api = build.set("Programs", &["ApiEnabled"]);
    let session = build.set("In Session", &["AuthorApex"]);
    let active = [("HasActivationRequired", json!(true))];
    build.org.set("PermissionSet", &session, &active);
    let muted = build.group("Muted", &[&view, &users], &["ViewAllData"]);
    let silent = build.group("Silent", &[&users], &["ManageUsers", "ExportReport"]);

    let future = json!("2099-01-01T00:00:00.000Z");
    let plain = build.user(&[]);
    build.hold(&plain, SET, &api, &[]);
    let by_set = build.user(&[("FederationIdentifier", Value::Null)]);
    build.hold(&by_set, SET, &view, &[("ExpirationDate", future)]);
    let by_both = build.user(&[("ProfileId", admin.clone())]);
    build.hold(&by_both, SET, &view, &[]);
    build.hold(&by_both, GROUP, &muted, &[]);
    let by_group = build.user(&[]);
    build.hold(&by_group, GROUP, &muted, &[]);
    let silenced = build.user(&[]);
    build.hold(&silenced, GROUP, &silent, &[]);
    let over = build.user(&[]);
    let expired = [("ExpirationDate", days_ago(2)), ("IsActive", json!(false))];
    build.hold(&over, SET, &view, &expired);
    let revoked = build.user(&[]);
    build.hold(&revoked, SET, &view, &[("IsRevoked", json!(true))]);
    let in_session = build.user(&[]);
    build.hold(&in_session, SET, &session, &[]);
    let gone = build.user(&[
        ("IsActive", json!(false)),
        ("ProfileId", admin.clone()),
        ("LastLoginDate", days_ago(300)),
    ]);
    build.hold(&gone, SET, &view, &[]);
    let frozen = build.user(&[
        ("ProfileId", admin),
        ("FederationIdentifier", Value::Null),
        ("LastLoginDate", days_ago(91)),
    ]);
    build.freeze(&frozen);
    build.user(&[("LastLoginDate", days_ago(89))]);
    build.user(&[("LastLoginDate", Value::Null)]);
    build.user(&[
        ("LastLoginDate", Value::Null),
        ("CreatedDate", days_ago(10)),
    ]);
    build.user(&[("Email", Value::Null), ("LastLoginDate", days_ago(99))]);
    build.org
}

fn is_true(row: &Value, permission: &str) -> bool {
    row[format!("Permissions{permission}")] == true
}

/// What one way gives.
pub(crate) type Gives = BTreeSet<&'static str>;

/// The ways in which a user has permissions: name, and what each gives, read from the sets
/// themselves. The sum of a group is worked out anew.
pub(crate) fn ways(org: &Org, user: &Value) -> Vec<(String, Gives)> {
    let sets = org.rows("PermissionSet");
    let muting = org.rows("MutingPermissionSet");
    let components = org.rows("PermissionSetGroupComponent");
    let named = |row: &Value| -> Gives {
        let given = TIERS.iter().filter(|(_, name, _)| is_true(row, name));
        given.map(|(_, name, _)| *name).collect()
    };
    let of_id = |rows: &[Value], id: &Value| rows.iter().find(|row| row["Id"] == *id).cloned();
    let own = sets
        .iter()
        .find(|row| row["ProfileId"] == user["ProfileId"]);
    let mut ways: Vec<(String, Gives)> = own
        .map(|row| (row["ProfileId"].to_string(), named(row)))
        .into_iter()
        .collect();
    for held in org.rows("PermissionSetAssignment") {
        let ends = held["ExpirationDate"].as_str();
        let is_over = ends.is_some_and(|end| end < Timestamp::now().to_string().as_str());
        if held["AssigneeId"] != user["Id"]
            || held["IsActive"] != true
            || held["IsRevoked"] == true
            || is_over
        {
            continue;
        }
        if held["PermissionSetGroupId"].is_null() {
            let set = of_id(&sets, &held["PermissionSetId"]).unwrap();
            if set["IsOwnedByProfile"] != true {
                ways.push((set["Id"].to_string(), named(&set)));
            }
            continue;
        }
        let group = &held["PermissionSetGroupId"];
        let parts = components
            .iter()
            .filter(|part| part["PermissionSetGroupId"] == *group);
        let (mut given, mut taken) = (Gives::new(), Gives::new());
        for part in parts {
            let id = &part["PermissionSetId"];
            given.extend(of_id(&sets, id).iter().flat_map(&named));
            taken.extend(of_id(&muting, id).iter().flat_map(&named));
        }
        ways.push((group.to_string(), &given - &taken));
    }
    ways
}

/// A finding as it is compared: the permissions that it names and the number of ways.
type Plain = BTreeMap<String, (BTreeSet<String>, usize)>;

fn expected(org: &Org) -> Plain {
    let mut all = Plain::new();
    let logins = org.rows("UserLogin");
    for user in org.rows("User") {
        if user["IsActive"] != true || user["UserType"] != "Standard" {
            continue;
        }
        let id = user["Id"].as_str().unwrap();
        let ways = ways(org, &user);
        let held: Gives = ways.iter().flat_map(|(_, gives)| gives.clone()).collect();
        let tier_of = |name: &str| TIERS.iter().find(|one| one.1 == name).unwrap().0;
        let is_strong = held.iter().any(|name| tier_of(name) < 3);
        for tier in 1..=3 {
            let of_tier: Gives = held
                .iter()
                .copied()
                .filter(|name| tier_of(name) == tier && (is_strong || *name != "ApiEnabled"))
                .collect();
            if of_tier.is_empty() {
                continue;
            }
            let ways = ways
                .iter()
                .filter(|(_, gives)| !gives.is_disjoint(&of_tier));
            let labels = TIERS.iter().filter(|one| of_tier.contains(one.1));
            let labels = labels.map(|one| one.2.to_owned()).collect();
            all.insert(format!("{id}:tier-{tier}"), (labels, ways.count()));
        }
        let none = || (BTreeSet::new(), 0);
        let used = [&user["LastLoginDate"], &user["CreatedDate"]];
        let used = used.into_iter().find_map(Value::as_str).unwrap();
        if used < days_ago(90).as_str().unwrap() {
            all.insert(format!("{id}:dormant"), none());
        }
        let is_frozen = |row: &Value| row["UserId"] == id && row["IsFrozen"] == true;
        if logins.iter().any(is_frozen) {
            all.insert(format!("{id}:frozen"), none());
        }
        if is_strong && user["FederationIdentifier"].is_null() {
            all.insert(format!("{id}:no-federation-id"), none());
        }
    }
    all
}

fn insight(resource: &pb::Resource) -> pb::SecurityInsightTrait {
    annotation(&resource.annotations).unwrap()
}

fn factors(resource: &pb::Resource) -> Vec<String> {
    match insight(resource).insight_type.unwrap() {
        InsightType::RiskScore(score) => {
            let factors = score.risk_factors.into_iter();
            factors.map(|factor| factor.description).collect()
        }
        InsightType::Issue(issue) => {
            assert!(!issue.value.is_empty() && !issue.severity.is_empty());
            Vec::new()
        }
    }
}

fn labels(resource: &pb::Resource) -> BTreeSet<String> {
    use prost_types::value::Kind;
    let fields = &resource.profile.as_ref().unwrap().fields;
    let Some(Kind::ListValue(list)) = fields.get("permissions").and_then(|v| v.kind.clone()) else {
        return BTreeSet::new();
    };
    let texts = list.values.into_iter().map(|value| match value.kind {
        Some(Kind::StringValue(text)) => text,
        other => panic!("{other:?}"),
    });
    texts.collect()
}

fn found(synced: &Synced) -> Plain {
    let ids = synced.of_type("security_insight").into_iter();
    ids.map(|id| {
        let resource = &synced.resources[&format!("security_insight/{id}")];
        let ways = factors(resource);
        let ways = ways.iter().filter(|text| text.contains(" gives "));
        let ways = ways.count();
        (id, (labels(resource), ways))
    })
    .collect()
}

#[tokio::test]
async fn insights_are_those_of_a_plain_reading() {
    let harness = Harness::of(varied(), on()).await;
    let synced = harness.sync().await;
    let expected = expected(&harness.simulator.org());
    let found = found(&synced);
    for (id, finding) in &expected {
        assert_eq!(found.get(id), Some(finding), "{id}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    let kinds = expected.keys().map(|id| id.split_once(':').unwrap().1);
    let kinds: BTreeSet<&str> = kinds.collect();
    let all = [
        "dormant",
        "frozen",
        "no-federation-id",
        "tier-1",
        "tier-2",
        "tier-3",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
    assert!(synced.dangling().is_empty());
    assert!(synced.duplicates.is_empty());
}

#[tokio::test]
async fn an_insight_says_which_account_and_why() {
    let harness = Harness::of(varied(), on()).await;
    let synced = harness.sync().await;
    let mut texts = BTreeSet::new();
    let users = harness.simulator.org().rows("User");
    for id in synced.of_type("security_insight") {
        let resource = &synced.resources[&format!("security_insight/{id}")];
        let (user, _) = id.split_once(':').unwrap();
        let row = users.iter().find(|row| row["Id"] == user).unwrap();
        let insight = insight(resource);
        assert!(insight.observed_at.is_some(), "{id}");
        match insight.target.unwrap() {
            Target::AppUser(target) => {
                assert_eq!(target.external_id, user);
                assert_eq!(row["Email"], target.email);
            }
            Target::ExternalResource(target) => {
                assert_eq!(target.external_id, user);
                assert_eq!(row["Email"], Value::Null);
            }
            other => panic!("{id}: {other:?}"),
        }
        if let Some(InsightType::RiskScore(score)) = insight.insight_type {
            assert!((1..=100).contains(&score.normalized_score), "{id}");
        }
        texts.extend(factors(resource));
    }
    for text in [
        "The permission set View Everything gives View All Data, until 2099-01-01T00:00:00Z.",
        "The permission set In Session gives Author Apex, only in a session in which it is activated.",
        "The permission set group Muted gives Manage Users.",
        "The profile System Administrator gives Modify All Data, View All Data, Author Apex.",
        "The account is frozen: it cannot use them until it is unfrozen.",
    ] {
        assert!(texts.contains(text), "{text}: {texts:#?}");
    }
}

/// Lists one type of a sync.
async fn list(harness: &Harness, kind: &str, sync: &str) -> BTreeMap<String, pb::Resource> {
    let rows = list_resources(harness.resources(), kind, sync).await;
    let id = |row: &pb::Resource| row.id.as_ref().unwrap().resource.clone();
    rows.into_iter().map(|row| (id(&row), row)).collect()
}

#[test_case(&["user", "security_insight"]; "users first")]
#[test_case(&["security_insight", "user"]; "insights first")]
#[tokio::test]
async fn the_order_of_the_types_does_not_matter(order: &[&str]) {
    let harness = Harness::of(varied(), on()).await;
    let sync = format!("{:0>27}", "order");
    let mut listed = BTreeMap::new();
    for kind in order {
        listed.insert(*kind, list(&harness, kind, &sync).await);
    }
    let expected: BTreeSet<String> = expected(&harness.simulator.org()).into_keys().collect();
    let found: BTreeSet<String> = listed["security_insight"].keys().cloned().collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn insights_wait_for_users_that_are_being_listed() {
    let harness = Harness::of(varied(), on()).await;
    let sync = format!("{:0>27}", "parallel");
    let (users, insights) = tokio::join!(
        list(&harness, "user", &sync),
        list(&harness, "security_insight", &sync)
    );
    assert!(!users.is_empty());
    let expected: BTreeSet<String> = expected(&harness.simulator.org()).into_keys().collect();
    assert_eq!(insights.into_keys().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn one_insight_alone_is_the_one_of_the_listing() {
    let harness = Harness::of(varied(), on()).await;
    let synced = harness.sync().await;
    let get = async |id: &str| {
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id: Some(pb::ResourceId {
                resource_type: "security_insight".to_owned(),
                resource: id.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = harness.getter().get_resource(request).await?;
        Ok::<_, tonic::Status>(answer.into_inner().resource.unwrap())
    };
    for id in synced.of_type("security_insight") {
        let listed = &synced.resources[&format!("security_insight/{id}")];
        assert_eq!(&get(&id).await.unwrap(), listed, "{id}");
    }
    let gone = harness.simulator.org().rows("User");
    let gone = gone.iter().find(|row| row["IsActive"] == false).unwrap();
    let gone = gone["Id"].as_str().unwrap();
    for id in [format!("{gone}:tier-1"), format!("{gone}:nothing")] {
        let error = get(&id).await.unwrap_err();
        assert_eq!(error.code(), tonic::Code::NotFound, "{id}");
    }
}

#[tokio::test]
async fn grants_are_the_same_with_and_without_insights() {
    let harness = Harness::of(varied(), on()).await;
    let with = harness.sync().await;
    let harness = harness.restart_with(Options::default()).await;
    let without = harness.sync().await;
    assert_eq!(with.grants, without.grants);
    assert!(without.of_type("security_insight").is_empty());
    assert!(!without.types.contains_key("security_insight"));
}

#[tokio::test]
async fn people_who_are_left_out_have_no_insights() {
    let harness = Harness::of(
        varied(),
        Options {
            company_domains: baton_salesforce::connector::CompanyDomains::new(&[
                "elsewhere.example".to_owned(),
            ])
            .unwrap(),
            ..on()
        },
    )
    .await;
    let synced = harness.sync().await;
    assert!(synced.of_type("security_insight").is_empty());
}

#[tokio::test]
async fn a_column_that_is_hidden_accuses_nobody() {
    let mut org = varied();
    org.hide_field("User", "LastLoginDate");
    org.hide_field("User", "FederationIdentifier");
    let harness = Harness::of(org, on()).await;
    let synced = harness.sync().await;
    let ids = synced.of_type("security_insight");
    assert!(ids.iter().any(|id| id.ends_with(":tier-1")));
    assert!(!ids.iter().any(|id| id.ends_with(":dormant")));
    assert!(!ids.iter().any(|id| id.ends_with(":no-federation-id")));
}

#[tokio::test]
async fn twenty_ways_are_named_and_the_others_counted() {
    let mut build = Builder::new();
    let user = build.user(&[]);
    for number in 0..23 {
        let set = build.set(&format!("Way {number:02}"), &["ViewAllData"]);
        build.hold(&user, SET, &set, &[]);
    }
    let harness = Harness::of(build.org, on()).await;
    let synced = harness.sync().await;
    let resource = &synced.resources[&format!("security_insight/{user}:tier-1")];
    let factors = factors(resource);
    assert_eq!(factors.len(), 21);
    assert_eq!(factors[20], "3 more ways are not named.");
}

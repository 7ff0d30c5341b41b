//! What a full sync brings, and what it costs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;

use crate::harness::{Harness, Setup, Synced, annotation, everything, key};

/// What an org holds, told by the org itself: the truth that a sync is compared with.
struct Truth {
    rows: BTreeMap<&'static str, Vec<Json>>,
}

impl Truth {
    fn of(harness: &Harness) -> Self {
        let org = harness.simulator.org();
        let objects = [
            "User",
            "Profile",
            "UserRole",
            "Group",
            "GroupMember",
            "PermissionSet",
            "PermissionSetGroup",
            "PermissionSetGroupComponent",
            "PermissionSetAssignment",
            "ConnectedApplication",
            "UserLicense",
            "PermissionSetLicense",
            "PermissionSetLicenseAssign",
            "PackageLicense",
            "UserPackageLicense",
        ];
        Self {
            rows: objects
                .into_iter()
                .map(|name| (name, org.rows(name)))
                .collect(),
        }
    }

    fn rows(&self, object: &str) -> impl Iterator<Item = &Json> {
        self.rows[object].iter()
    }

    fn ids(&self, object: &str) -> BTreeSet<String> {
        self.rows(object).map(|row| text(row, "Id")).collect()
    }

    fn users(&self, options: &Options) -> BTreeSet<String> {
        self.rows("User")
            .filter(|row| options.non_standard_users || row["UserType"] == "Standard")
            .filter(|row| options.deactivated_users || row["IsActive"] == true)
            .map(|row| text(row, "Id"))
            .collect()
    }

    fn assignable_sets(&self) -> BTreeSet<String> {
        self.rows("PermissionSet")
            .filter(|row| row["IsOwnedByProfile"] == false && row["PermissionSetGroupId"].is_null())
            .map(|row| text(row, "Id"))
            .collect()
    }

    /// The grants that a sync must bring, apart from those that follow from roles.
    fn grants(&self, options: &Options) -> BTreeSet<String> {
        let users = self.users(options);
        let sets = self.assignable_sets();
        let mut grants = BTreeSet::new();
        for user in self
            .rows("User")
            .filter(|row| users.contains(&text(row, "Id")))
        {
            let id = text(user, "Id");
            grants.insert(format!(
                "profile:{}:assigned:user:{id}",
                text(user, "ProfileId")
            ));
            if !user["UserRoleId"].is_null() {
                grants.insert(format!(
                    "role:{}:assigned:user:{id}",
                    text(user, "UserRoleId")
                ));
            }
        }
        for row in self.rows("PermissionSetAssignment") {
            let user = text(row, "AssigneeId");
            let holds = row["IsActive"] == true && row["IsRevoked"] != true;
            if !holds || !users.contains(&user) {
                continue;
            }
            let (set, group) = (
                text(row, "PermissionSetId"),
                text(row, "PermissionSetGroupId"),
            );
            if !group.is_empty() {
                grants.insert(format!("permission_set_group:{group}:member:user:{user}"));
            } else if sets.contains(&set) {
                grants.insert(format!("permission:{set}:assigned:user:{user}"));
            }
        }
        for row in self.rows("PermissionSetGroupComponent") {
            let (set, group) = (
                text(row, "PermissionSetId"),
                text(row, "PermissionSetGroupId"),
            );
            if sets.contains(&set) {
                grants.insert(format!(
                    "permission:{set}:assigned:permission_set_group:{group}"
                ));
            }
        }
        for row in self.rows("GroupMember") {
            let (group, member) = (text(row, "GroupId"), text(row, "UserOrGroupId"));
            if users.contains(&member) {
                grants.insert(format!("group:{group}:member:user:{member}"));
            } else if member.starts_with("00G") {
                grants.insert(format!("group:{group}:member:group:{member}"));
            }
        }
        grants.extend(self.implied(options));
        if options.licenses {
            grants.extend(self.licenses(&users));
        }
        grants
    }

    /// Who has licences.
    fn licenses(&self, users: &BTreeSet<String>) -> BTreeSet<String> {
        let of_profile: BTreeMap<String, String> = self
            .rows("Profile")
            .map(|row| (text(row, "Id"), text(row, "UserLicenseId")))
            .collect();
        let mut grants = BTreeSet::new();
        for user in self.rows("User") {
            let id = text(user, "Id");
            if !users.contains(&id) {
                continue;
            }
            if user["IsActive"] == true {
                let license = &of_profile[&text(user, "ProfileId")];
                grants.insert(format!("user_license:{license}:assigned:user:{id}"));
            }
            let switches = user.as_object().unwrap().iter();
            let on = switches.filter(|(name, value)| {
                name.starts_with("UserPermissions") && **value == Json::Bool(true)
            });
            grants.extend(on.map(|(name, _)| format!("feature_license:{name}:assigned:user:{id}")));
        }
        let tables = [
            (
                "permission_set_license",
                "PermissionSetLicenseAssign",
                "AssigneeId",
                "PermissionSetLicenseId",
            ),
            (
                "package_license",
                "UserPackageLicense",
                "UserId",
                "PackageLicenseId",
            ),
        ];
        for (kind, object, who, what) in tables {
            let held = self
                .rows(object)
                .filter(|row| row["IsRevoked"] != true && users.contains(&text(row, who)));
            grants.extend(held.map(|row| {
                format!(
                    "{kind}:{}:assigned:user:{}",
                    text(row, what),
                    text(row, who)
                )
            }));
        }
        grants
    }

    /// Grants that follow from roles and from being inside.
    fn implied(&self, options: &Options) -> BTreeSet<String> {
        let users = self.users(options);
        let mut grants = self.through_cycles(&users);
        for group in self.rows("Group") {
            let id = text(group, "Id");
            let kind = text(group, "Type");
            if kind == "Organization" {
                let inside = self.rows("User").filter(|row| {
                    row["IsActive"] == true
                        && row["UserType"] == "Standard"
                        && users.contains(&text(row, "Id"))
                });
                grants.extend(
                    inside.map(|user| format!("group:{id}:member:user:{}", text(user, "Id"))),
                );
            }
            let related = text(group, "RelatedId");
            let roles = match kind.as_str() {
                "Role" => BTreeSet::from([related]),
                "RoleAndSubordinates" => self.branch(&related, true),
                "RoleAndSubordinatesInternal" => self.branch(&related, false),
                _ => continue,
            };
            grants.extend(
                roles
                    .iter()
                    .map(|role| format!("group:{id}:member:role:{role}")),
            );
        }
        grants
    }

    /// Pairs of groups that contain each other.
    fn cycles(&self) -> BTreeSet<(String, String)> {
        let mut inside: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in self.rows("GroupMember") {
            let (outer, inner) = (text(row, "GroupId"), text(row, "UserOrGroupId"));
            if inner.starts_with("00G") {
                inside.entry(outer).or_default().push(inner);
            }
        }
        let reach = |from: &String| {
            let mut reached = BTreeSet::new();
            let mut open = vec![from.clone()];
            while let Some(outer) = open.pop() {
                for inner in inside.get(&outer).into_iter().flatten() {
                    if reached.insert(inner.clone()) {
                        open.push(inner.clone());
                    }
                }
            }
            reached
        };
        let reached: BTreeMap<&String, BTreeSet<String>> =
            inside.keys().map(|group| (group, reach(group))).collect();
        let mutual = |a: &String, b: &String| {
            a != b && reached.get(b).is_some_and(|reached| reached.contains(a))
        };
        reached
            .iter()
            .flat_map(|(a, from)| from.iter().map(move |b| (*a, b)))
            .filter(|(a, b)| mutual(a, b))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect()
    }

    /// Who is in a group because another group and this one contain each other.
    fn through_cycles(&self, users: &BTreeSet<String>) -> BTreeSet<String> {
        let cycles = self.cycles();
        let mut grants = BTreeSet::new();
        for (a, b) in &cycles {
            for row in self
                .rows("GroupMember")
                .filter(|row| text(row, "GroupId") == *b)
            {
                let member = text(row, "UserOrGroupId");
                if users.contains(&member) {
                    grants.insert(format!("group:{a}:member:user:{member}"));
                } else if member.starts_with("00G")
                    && member != *a
                    && !cycles.contains(&(a.clone(), member.clone()))
                {
                    grants.insert(format!("group:{a}:member:group:{member}"));
                }
            }
        }
        grants
    }

    fn branch(&self, top: &str, with_portals: bool) -> BTreeSet<String> {
        let mut branch = BTreeSet::new();
        let mut open = vec![top.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(role) = open.pop() {
            if !seen.insert(role.clone()) {
                continue;
            }
            let row = self.rows("UserRole").find(|row| text(row, "Id") == role);
            let kind = row.map(|row| text(row, "PortalType")).unwrap_or_default();
            if with_portals || kind.is_empty() || kind == "None" {
                branch.insert(role.clone());
            }
            let below = self
                .rows("UserRole")
                .filter(|row| text(row, "ParentRoleId") == role);
            open.extend(below.map(|row| text(row, "Id")));
        }
        branch
    }
}

fn text(row: &Json, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

/// What is missing and what is too much, as one text.
fn difference(got: &BTreeSet<String>, wanted: &BTreeSet<String>) -> String {
    let missing: Vec<_> = wanted.difference(got).take(5).collect();
    let extra: Vec<_> = got.difference(wanted).take(5).collect();
    format!("missing {missing:?}, too much {extra:?}")
}

fn assert_equals_truth(synced: &Synced, truth: &Truth, options: &Options) {
    assert_eq!(synced.duplicates, Vec::<String>::new());
    assert_eq!(synced.dangling(), BTreeSet::new());
    let wanted = [
        ("user", truth.users(options)),
        ("profile", truth.ids("Profile")),
        ("role", truth.ids("UserRole")),
        ("group", truth.ids("Group")),
        ("permission", truth.assignable_sets()),
        ("permission_set_group", truth.ids("PermissionSetGroup")),
    ];
    let licenses = [
        ("user_license", truth.ids("UserLicense")),
        ("permission_set_license", truth.ids("PermissionSetLicense")),
        ("package_license", truth.ids("PackageLicense")),
    ];
    let licenses = licenses.into_iter().map(|(kind, ids)| {
        (
            kind,
            if options.licenses {
                ids
            } else {
                BTreeSet::new()
            },
        )
    });
    for (resource_type, wanted) in wanted.into_iter().chain(licenses) {
        let got = synced.of_type(resource_type);
        assert!(
            got == wanted,
            "{resource_type}: {}",
            difference(&got, &wanted)
        );
    }
    // The tests of the other types compare theirs.
    let is_told = |id: &&String| {
        [
            "profile",
            "role",
            "group",
            "permission",
            "permission_set_group",
            "user_license",
            "permission_set_license",
            "package_license",
            "feature_license",
        ]
        .contains(&id.split(':').next().unwrap())
    };
    let got = synced.grants.keys().filter(is_told).cloned().collect();
    let wanted = truth.grants(options);
    assert!(got == wanted, "grants: {}", difference(&got, &wanted));
}

/// A connector for `org` that reads everything there is.
async fn read_everything(org: Org) -> Harness {
    Harness::with(Setup {
        org,
        options: everything(),
        ..Setup::default()
    })
    .await
}

#[test_case(Options::default(); "default options")]
#[test_case(everything(); "everything")]
#[test_case(Options { licenses: false, ..everything() }; "everything but licences")]
#[test_case(Options { deactivated_users: false, ..Options::default() }; "active users only")]
#[test_case(
    Options { deactivated_users: false, ..everything() };
    "active users of every type"
)]
#[tokio::test]
async fn a_sync_brings_every_row_of_the_org_once(options: Options) {
    let setup = Setup {
        options: options.clone(),
        ..Setup::default()
    };
    let harness = Harness::with(setup).await;
    let synced = harness.sync().await;
    assert_equals_truth(&synced, &Truth::of(&harness), &options);
}

#[tokio::test]
async fn a_host_without_type_scoped_grants_gets_the_same_rows() {
    let harness = read_everything(Org::seed(Preset::Tiny)).await;
    let (today, before) = (harness.sync().await, harness.sync_per_resource().await);
    assert_eq!(before.duplicates, Vec::<String>::new());
    assert_eq!(today.ids(), before.ids());
}

#[test_case(false, 33; "without licences")]
#[test_case(true, 42; "with licences")]
#[tokio::test]
async fn a_sync_of_a_thousand_users_costs_few_calls(licenses: bool, most: u64) {
    let options = Options {
        licenses,
        ..everything()
    };
    let harness = Harness::with(Setup {
        org: Org::seed(Preset::Demo),
        options: options.clone(),
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    assert_equals_truth(&synced, &Truth::of(&harness), &options);
    let calls = harness.simulator.api_calls();
    assert!(calls <= most, "{calls} calls");
    assert_eq!(harness.simulator.logins(), 1);
}

#[test_case(false, 62; "without licences")]
#[test_case(true, 70; "with licences")]
#[tokio::test]
async fn a_sync_of_twenty_thousand_users_costs_few_calls(licenses: bool, most: u64) {
    // What is not read ahead is read in parts.
    let options = Options {
        licenses,
        grants_follow: licenses,
        ..everything()
    };
    let harness = Harness::with(Setup {
        org: Org::seed(Preset::Large),
        options: options.clone(),
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    let calls = harness.simulator.api_calls();
    assert!(calls <= most, "{calls} calls");
    assert_eq!(synced.siblings > 0, !options.grants_follow);
    assert!(
        synced.largest_reply < 3 * 1024 * 1024,
        "{} bytes",
        synced.largest_reply
    );
    assert_equals_truth(&synced, &Truth::of(&harness), &options);
}

/// One call in five fails, each time in another way.
#[tokio::test]
async fn a_sync_survives_a_failing_org_with_the_same_rows() {
    let harness = read_everything(Org::seed(Preset::Demo)).await;
    harness.simulator.faults().every(5, Fault::mixture());
    let synced = harness.sync().await;
    assert!(harness.simulator.faults().injected() > 2);
    assert_equals_truth(&synced, &Truth::of(&harness), &everything());
}

#[tokio::test]
async fn a_server_that_sends_fewer_rows_than_asked_for_loses_none() {
    let mut org = Org::seed(Preset::Demo);
    org.settings.batch_row_cap = Some(137);
    let harness = read_everything(org).await;
    let synced = harness.sync().await;
    assert_equals_truth(&synced, &Truth::of(&harness), &everything());
}

/// Lists the users within a sync; `each` sees the ids of every page before the next is asked for.
async fn list_users(
    harness: &Harness,
    page_size: u32,
    mut each: impl FnMut(&[String]),
) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut token = String::new();
    loop {
        let request = pb::ResourcesServiceListResourcesRequest {
            resource_type_id: "user".into(),
            page_size,
            page_token: token,
            active_sync_id: "sync".into(),
            ..Default::default()
        };
        let answer = harness
            .resources()
            .list_resources(request)
            .await
            .unwrap()
            .into_inner();
        let id = |row: &pb::Resource| row.id.clone().unwrap().resource;
        let page: Vec<_> = answer.list.iter().map(id).collect();
        each(&page);
        for id in page {
            assert!(ids.insert(id), "a row came twice");
        }
        token = answer.next_page_token;
        if token.is_empty() {
            return ids;
        }
    }
}

/// An org whose active users alone are listed. Pages of a query but the first take `pause`.
async fn large_org_of_active_users(pause: Duration) -> (Harness, Vec<String>) {
    let options = Options {
        deactivated_users: false,
        ..everything()
    };
    let harness = Harness::with(Setup {
        org: Org::seed(Preset::Large),
        options: options.clone(),
        ..Setup::default()
    })
    .await;
    let continued = Matcher::any().path(TOGETHER);
    harness
        .simulator
        .faults()
        .every_matching(1, continued, [Fault::Latency(pause)]);
    let users = Truth::of(&harness).users(&options).into_iter().collect();
    (harness, users)
}

/// Pages of a query but the first.
const CONTINUED: &str = "/query/0r8";
/// Several of them.
const TOGETHER: &str = "/composite";

/// The pages of a query come several in a call; what changes between them must cost nobody.
#[tokio::test]
async fn users_who_leave_while_the_list_is_read_take_no_one_else_along() {
    let (harness, all) = large_org_of_active_users(Duration::from_millis(20)).await;
    // The connector's own user stays.
    let own = harness
        .simulator
        .org()
        .user_by_username("admin@simulated.example")
        .unwrap();
    let all: Vec<_> = all.into_iter().filter(|id| *id != own).collect();
    let mut left = BTreeSet::new();
    let some_leave = async {
        // The factor spreads them over the whole list.
        for id in (0..all.len()).map(|number| &all[number * 7_919 % all.len()]) {
            left.insert(id.clone());
            let gone = [("IsActive", json!(false))];
            harness.simulator.with(|org| org.set("User", id, &gone));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let listed = tokio::select! {
        listed = list_users(&harness, 0, |_| {}) => listed,
        () = some_leave => panic!("nobody is left"),
    };
    let stayed = all.iter().filter(|id| !left.contains(*id));
    let lost: Vec<_> = stayed.filter(|id| !listed.contains(*id)).collect();
    assert_eq!(lost, Vec::<&String>::new());
    assert!(left.len() > 20);
}

#[tokio::test]
async fn twenty_thousand_users_cost_eight_calls() {
    let harness = read_everything(Org::seed(Preset::Large)).await;
    let listed = list_users(&harness, 0, |_| {}).await;
    assert_eq!(listed, Truth::of(&harness).users(&everything()));
    let calls = harness.simulator.requests();
    // Three pages come in one call, because they are long. One more call is for those that are frozen
    // or locked, one for the description of users, one for the first page, and one to sign in.
    let most = listed.len().div_ceil(2000).div_ceil(3) + 4;
    assert!(calls.len() <= most, "{} calls", calls.len());
}

/// The first page tells how many follow; they do not wait for each other.
#[tokio::test]
async fn pages_of_users_do_not_wait_for_each_other() {
    let (harness, all) = large_org_of_active_users(Duration::from_millis(400)).await;
    let listed = list_users(&harness, 0, |_| {}).await;
    assert_eq!(listed.len(), all.len());
    // One after the other, the pages alone would be a longer chain.
    let (depth, pages) = (harness.simulator.depth(), all.len().div_ceil(2000));
    assert!(depth < pages, "{depth} of {pages}");
}

/// Salesforce sends fewer rows if they are long.
#[test_case(1500, 24)]
#[test_case(200, 120)]
#[tokio::test]
async fn users_in_shorter_batches_are_all_listed(rows: usize, most_calls: u64) {
    let mut org = Org::seed(Preset::Large);
    org.settings.batch_row_cap = Some(rows);
    let harness = read_everything(org).await;
    let listed = list_users(&harness, 0, |_| {}).await;
    assert_eq!(listed, Truth::of(&harness).users(&everything()));
    let calls = harness.simulator.api_calls();
    assert!(calls <= most_calls, "{calls} calls");
}

/// An org forgets the result of a query after two days, or earlier.
#[tokio::test]
async fn users_of_a_query_that_the_org_forgets_are_all_listed() {
    let mut org = Org::seed(Preset::Large);
    org.settings.locator_lifetime = Duration::ZERO;
    let harness = read_everything(org).await;
    let listed = list_users(&harness, 0, |_| {}).await;
    assert_eq!(listed, Truth::of(&harness).users(&everything()));
    let together = harness.simulator.requests();
    assert!(together.iter().any(|call| call.path.ends_with(TOGETHER)));
}

/// The same where several pages do not come in one call.
#[tokio::test]
async fn users_are_listed_page_by_page_if_nothing_else_works() {
    let harness = read_everything(Org::seed(Preset::Large)).await;
    let faults = harness.simulator.faults();
    let refused = Fault::status(404, "NOT_FOUND", "The requested resource does not exist");
    faults.every_matching(1, Matcher::any().path(TOGETHER), [refused]);
    let continued = Matcher::reads().path(CONTINUED);
    faults.every_matching(4, continued, [Fault::QueryLocatorInvalid]);
    let listed = list_users(&harness, 0, |_| {}).await;
    assert_eq!(listed, Truth::of(&harness).users(&everything()));
    let calls = harness.simulator.requests();
    let alone = calls.iter().filter(|call| call.path.contains(CONTINUED));
    assert!(alone.count() > 4);
}

#[tokio::test]
async fn pages_may_be_as_small_as_a_host_likes() {
    let harness = read_everything(Org::seed(Preset::Tiny)).await;
    let ids = list_users(&harness, 7, |page| assert!(page.len() <= 7)).await;
    assert_eq!(ids.len(), Truth::of(&harness).users(&everything()).len());
    // What did not fit into a page was kept for the next one.
    assert!(
        harness.simulator.api_calls() <= 3,
        "{}",
        harness.simulator.api_calls()
    );
}

/// A sync that goes on in another process has only its page tokens.
#[tokio::test]
async fn a_page_token_means_the_same_in_another_process() {
    let options = everything();
    let setup = || Setup {
        options: options.clone(),
        ..Setup::default()
    };
    let first = Harness::with(setup()).await;
    let second = crate::harness::serve(
        &first.simulator,
        &setup(),
        tokio_util::sync::CancellationToken::new(),
    )
    .await;
    let mut other = pb::grants_service_client::GrantsServiceClient::new(second);
    for resource_type in [
        "profile",
        "role",
        "permission",
        "permission_set_group",
        "group",
    ] {
        let whole = first.sync().await;
        let wanted: BTreeSet<String> = whole
            .grants
            .keys()
            .filter(|id| id.starts_with(&format!("{resource_type}:")))
            .cloned()
            .collect();
        let mut got = BTreeSet::new();
        let mut token = String::new();
        for page in 0.. {
            let request = pb::GrantsServiceListGrantsRequest {
                resource: Some(stub(resource_type, resource_type)),
                annotations: vec![baton_salesforce::wire::annotation::pack(
                    &pb::TypeScopedGrants {},
                )],
                page_size: 11,
                page_token: token,
                active_sync_id: "sync".into(),
            };
            // Every other page comes from the other process.
            let answer = if page % 2 == 0 {
                first.grants().list_grants(request).await
            } else {
                other.list_grants(request).await
            };
            let answer = answer.unwrap().into_inner();
            got.extend(answer.list.into_iter().map(|grant| grant.id));
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert!(
            got == wanted,
            "{resource_type}: {}",
            difference(&got, &wanted)
        );
    }
}

fn stub(resource_type: &str, id: &str) -> pb::Resource {
    let id = pb::ResourceId {
        resource_type: resource_type.into(),
        resource: id.into(),
        ..Default::default()
    };
    pb::Resource {
        id: Some(id),
        ..Default::default()
    }
}

#[tokio::test]
async fn each_state_of_a_user_is_told_apart() {
    let harness = read_everything(Org::seed(Preset::Tiny)).await;
    let synced = harness.sync().await;
    let org = harness.simulator.org();
    let login = |user: &str| {
        org.rows("UserLogin")
            .into_iter()
            .find(|row| row["UserId"] == user)
    };
    let mut seen = BTreeSet::new();
    for row in org.rows("User") {
        let id = text(&row, "Id");
        let status = synced.resources[&format!("user/{id}")]
            .status
            .clone()
            .unwrap();
        let login = login(&id).unwrap_or_default();
        let wanted = if row["IsActive"] == false {
            (pb::status::ResourceStatus::Disabled, "deactivated")
        } else if login["IsFrozen"] == true {
            (pb::status::ResourceStatus::Disabled, "frozen")
        } else if login["IsPasswordLocked"] == true {
            (pb::status::ResourceStatus::Enabled, "password locked")
        } else {
            (pb::status::ResourceStatus::Enabled, "")
        };
        assert_eq!(
            (status.status(), status.details.as_str()),
            wanted,
            "user {id}"
        );
        seen.insert(status.details);
    }
    assert_eq!(seen.len(), 4, "the tiny org has every state: {seen:?}");
}

#[tokio::test]
async fn nested_groups_and_components_can_be_expanded() {
    let harness = Harness::start().await;
    let synced = harness.sync().await;
    let cycles = Truth::of(&harness).cycles();
    assert!(
        !cycles.is_empty(),
        "the tiny org has groups that contain each other"
    );
    let mut kinds = BTreeSet::new();
    for grant in synced.grants.values() {
        let principal = grant.principal.as_ref().unwrap().id.as_ref().unwrap();
        let expandable = annotation::<pb::GrantExpandable>(&grant.annotations);
        if principal.resource_type == "user" {
            assert!(expandable.is_none(), "{}", grant.id);
            continue;
        }
        let Some(sources) = expandable else {
            // Hosts must not follow a cycle; what it gives is told as rows of its own.
            let outer = grant
                .entitlement
                .as_ref()
                .unwrap()
                .resource
                .as_ref()
                .unwrap();
            let outer = outer.id.as_ref().unwrap().resource.clone();
            assert!(
                cycles.contains(&(outer, principal.resource.clone())),
                "{}",
                grant.id
            );
            continue;
        };
        for source in sources.entitlement_ids {
            let entitlement = &synced.entitlements[&source];
            let on = entitlement.resource.as_ref().unwrap().id.as_ref();
            assert_eq!(key(on), key(Some(principal)), "{}", grant.id);
        }
        kinds.insert(principal.resource_type.clone());
    }
    let wanted = ["group", "permission_set_group", "role"].map(str::to_owned);
    assert_eq!(kinds, BTreeSet::from(wanted));
}

#[tokio::test]
async fn groups_that_salesforce_keeps_are_immutable() {
    let harness = Harness::start().await;
    let synced = harness.sync().await;
    for row in harness.simulator.org().rows("Group") {
        let id = format!("group:{}:member", text(&row, "Id"));
        let marks = &synced.entitlements[&id].annotations;
        let is_immutable = annotation::<pb::EntitlementImmutable>(marks).is_some();
        let is_editable = ["Regular", "Queue"].contains(&text(&row, "Type").as_str());
        assert_eq!(is_immutable, !is_editable, "{id} is a {}", row["Type"]);
    }
}

#[tokio::test]
async fn an_assignment_tells_when_it_ends_and_that_it_must_be_activated() {
    let harness = Harness::start().await;
    let synced = harness.sync().await;
    let facts: BTreeSet<String> = synced
        .grants
        .values()
        .filter_map(|grant| annotation::<pb::GrantMetadata>(&grant.annotations))
        .flat_map(|facts| facts.metadata.unwrap().fields.into_keys())
        .collect();
    assert!(facts.contains("expires_at"), "{facts:?}");
    assert!(facts.contains("session_activation_required"), "{facts:?}");
}

#[test_case("PermissionSetAssignment")]
#[test_case("PermissionSetGroup")]
#[test_case("PermissionSetGroupComponent")]
#[test_case("PermissionSet")]
#[test_case("GroupMember")]
#[test_case("Group")]
#[test_case("UserRole")]
#[test_case("Profile")]
#[test_case("UserLogin")]
#[test_case("MutingPermissionSet")]
#[test_case("ConnectedApplication")]
#[test_case("UserLicense")]
#[test_case("PermissionSetLicense")]
#[test_case("PermissionSetLicenseAssign")]
#[test_case("PackageLicense")]
#[test_case("UserPackageLicense")]
#[tokio::test]
async fn an_object_that_may_not_be_read_costs_its_rows_only(object: &'static str) {
    for error in [
        Fault::status(400, "INVALID_TYPE", "sObject type 'X' is not supported."),
        Fault::status(
            400,
            "INSUFFICIENT_ACCESS",
            "insufficient access rights on cross-reference id",
        ),
    ] {
        let harness = Harness::with(Setup {
            options: everything(),
            ..Setup::default()
        })
        .await;
        harness
            .simulator
            .faults()
            .next(1000, Matcher::queries_of(object), error);
        let synced = harness.sync().await;
        assert_eq!(synced.dangling(), BTreeSet::new());
        assert_eq!(
            synced.of_type("user"),
            Truth::of(&harness).users(&everything())
        );
    }
}

/// Without knowing them, hosts would cut circles of groups as they like.
#[tokio::test]
async fn trouble_with_the_look_for_nested_groups_goes_up_to_the_host() {
    let harness = read_everything(Org::seed(Preset::Tiny)).await;
    let nested = Matcher::queries_of("GroupMember").soql("IN (SELECT Id FROM Group)");
    harness
        .simulator
        .faults()
        .next(1000, nested, Fault::unavailable());
    let request = pb::GrantsServiceListGrantsRequest {
        resource: Some(stub("group", "group")),
        annotations: vec![baton_salesforce::wire::annotation::pack(
            &pb::TypeScopedGrants {},
        )],
        active_sync_id: "sync".into(),
        ..Default::default()
    };
    let status = harness.grants().list_grants(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn without_users_there_is_no_sync() {
    let harness = Harness::start().await;
    let error = Fault::status(400, "INVALID_TYPE", "sObject type 'User' is not supported.");
    harness
        .simulator
        .faults()
        .next(1000, Matcher::queries_of("User"), error);
    let request = pb::ResourcesServiceListResourcesRequest {
        resource_type_id: "user".into(),
        ..Default::default()
    };
    let status = harness
        .resources()
        .list_resources(request)
        .await
        .unwrap_err();
    // Not NotFound, which hosts take for an empty listing.
    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
}

#[tokio::test]
async fn a_field_that_the_org_does_not_have_is_left_out() {
    let mut org = Org::seed(Preset::Tiny);
    org.hide_field("User", "EmployeeNumber");
    org.hide_field("User", "FederationIdentifier");
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    assert_equals_truth(&synced, &Truth::of(&harness), &Options::default());
}

/// Two queries on their way at the same time meet the same missing field.
#[tokio::test]
async fn a_missing_field_that_two_find_at_once_fails_neither() {
    let mut org = Org::seed(Preset::Tiny);
    org.hide_field("User", "EmployeeNumber");
    org.settings.latency = Duration::from_millis(50);
    let harness = read_everything(org).await;
    let (one, other) = tokio::join!(
        list_users(&harness, 0, |_| {}),
        list_users(&harness, 0, |_| {})
    );
    assert_eq!(one, other);
    let refused = harness.simulator.requests();
    let refused = refused.iter().filter(|call| call.status == 400).count();
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn chosen_user_fields_come_with_the_profile() {
    let fields = ["Cost_Center__c", "Badge__c"];
    let user_fields = fields
        .map(|name| baton_salesforce::salesforce::FieldName::parse(name).unwrap())
        .to_vec();
    let options = Options {
        user_fields,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options: options.clone(),
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    assert_equals_truth(&synced, &Truth::of(&harness), &options);
    let org = harness.simulator.org();
    let rows = org.rows("User");
    let row = rows
        .iter()
        .find(|row| row["Cost_Center__c"].is_string())
        .expect("one has it");
    let resource = &synced.resources[&format!("user/{}", text(row, "Id"))];
    let profile = resource.profile.as_ref().unwrap();
    let value = profile.fields["Cost_Center__c"].kind.clone().unwrap();
    assert_eq!(
        value,
        prost_types::value::Kind::StringValue(text(row, "Cost_Center__c"))
    );
}

#[tokio::test]
async fn the_daily_limit_stops_the_host_with_the_figures() {
    let harness = Harness::start().await;
    harness.simulator.with(|org| {
        org.settings.daily_limit = 1000;
        org.settings.used_before = 1000;
    });
    let request = pb::ResourcesServiceListResourcesRequest {
        resource_type_id: "user".into(),
        ..Default::default()
    };
    let status = harness
        .resources()
        .list_resources(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status:?}");
}

#[test_case("user")]
#[test_case("group")]
#[test_case("permission")]
#[test_case("permission_set_group")]
#[test_case("role")]
#[test_case("profile")]
#[test_case("user_license")]
#[test_case("permission_set_license")]
#[test_case("package_license")]
#[test_case("feature_license")]
#[tokio::test]
async fn one_resource_looks_as_in_a_sync(resource_type: &str) {
    let harness = read_everything(Org::seed(Preset::Tiny)).await;
    let synced = harness.sync().await;
    for id in synced.of_type(resource_type).into_iter().take(5) {
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id: stub(resource_type, &id).id,
            ..Default::default()
        };
        let answer = harness
            .getter()
            .get_resource(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            answer.resource.as_ref(),
            synced.resources.get(&format!("{resource_type}/{id}"))
        );
    }
    let request = pb::ResourceGetterServiceGetResourceRequest {
        resource_id: stub(resource_type, "005000000000000AAA").id,
        ..Default::default()
    };
    let status = harness.getter().get_resource(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
}

/// Ids are enough: daemons send no more.
#[tokio::test]
async fn a_stub_of_a_system_group_is_still_immutable() {
    let harness = Harness::start().await;
    let group = harness
        .simulator
        .org()
        .find("Group", "Type", "Organization")
        .unwrap();
    let request = pb::EntitlementsServiceListEntitlementsRequest {
        resource: Some(stub("group", &group)),
        ..Default::default()
    };
    let answer = harness
        .entitlements()
        .list_entitlements(request)
        .await
        .unwrap()
        .into_inner();
    let marks = &answer.list[0].annotations;
    assert!(annotation::<pb::EntitlementImmutable>(marks).is_some());
}

#[tokio::test]
async fn the_largest_names_stay_below_the_limit_of_a_reply() {
    let mut org = Org::seed(Preset::Demo);
    let long = "Ünïcode ".repeat(10);
    let ids: Vec<String> = org.rows("User").iter().map(|row| text(row, "Id")).collect();
    for id in ids {
        let cut = |length: usize| json!(long.chars().take(length).collect::<String>());
        org.set(
            "User",
            &id,
            &[
                ("FirstName", cut(40)),
                ("LastName", cut(80)),
                ("Department", cut(80)),
                ("Title", cut(80)),
            ],
        );
    }
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    assert!(
        synced.largest_reply < 3 * 1024 * 1024,
        "{} bytes",
        synced.largest_reply
    );
    assert_equals_truth(&synced, &Truth::of(&harness), &Options::default());
}

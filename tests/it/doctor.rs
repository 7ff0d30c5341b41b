//! `baton-salesforce doctor` against simulated orgs and against what is no org.

use std::collections::{BTreeMap, BTreeSet};

use baton_salesforce::connector::checks::{CAPABILITIES, SignIn, examine};
use baton_salesforce::doctor::{Outcome, Report, State};
use baton_salesforce::salesforce::{Auth, Client, ClientConfig, Instance};
use salesforce_simulator::{Fault, Matcher, Org, Preset, Settings, Simulator};
use serde_json::Value as Json;
use test_case::test_case;

use crate::process::{Ended, command, end, run, with};

/// The permissions of the table that the simulated org has columns for.
const PERMISSIONS: [&str; 19] = [
    "ApiEnabled",
    "ViewAllUsers",
    "ViewAllProfiles",
    "ViewSetup",
    "ViewRoles",
    "ManageUsers",
    "ManageInternalUsers",
    "ManageRoles",
    "AssignPermissionSets",
    "ManageProfilesPermissionsets",
    "ManageSessionPermissionSets",
    "CustomizeApplication",
    "FreezeUsers",
    "ResetPasswords",
    "ManagePackageLicenses",
    "ManageTerritories",
    "TransferAnyEntity",
    "ModifyAllData",
    "MonitorLoginHistory",
];

/// The user that the connector signs in as.
const USERNAME: &str = "user000003@simulated.example";

/// Lets the app run as a user who has all permissions but these: by a permission set, and by what
/// the org enforces.
pub(crate) fn lacking(org: &mut Org, lacks: &[&str]) {
    let user = org.user_by_username(USERNAME).unwrap();
    let profile = org.find("Profile", "Name", "Minimum Access - Salesforce");
    org.update(
        "User",
        &user,
        &[("ProfileId", Json::from(profile.unwrap()))],
    )
    .unwrap();
    let mut fields = vec![
        ("Name".to_owned(), Json::from("Rights")),
        ("Label".to_owned(), Json::from("Rights")),
    ];
    let has = |permission: &&str| !lacks.contains(permission);
    for permission in PERMISSIONS.iter().copied().filter(has) {
        fields.push((format!("Permissions{permission}"), Json::from(true)));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let set = org.create("PermissionSet", &fields).unwrap();
    let held = [
        ("AssigneeId", Json::from(user)),
        ("PermissionSetId", Json::from(set)),
    ];
    org.create("PermissionSetAssignment", &held).unwrap();
    org.settings.client.run_as = Some(USERNAME.to_owned());
    org.settings.territories = true;
    org.settings.agents = true;
    let lacks = lacks.iter().map(|&lack| lack.to_owned());
    org.settings.missing_permissions.extend(lacks);
}

async fn start(lacks: &[&str]) -> Simulator {
    let mut org = Org::seed(Preset::Tiny);
    lacking(&mut org, lacks);
    Simulator::start(org).await
}

pub(crate) fn client(url: &str) -> Client {
    let auth = Auth::ClientCredentials {
        client_id: "simulated-client-id".to_owned(),
        client_secret: "simulated-client-secret".to_owned().into(),
    };
    let mut config = ClientConfig::new(Instance::parse(url, false).unwrap(), auth);
    config.retry.idempotent_attempts = 1;
    Client::new(config).unwrap()
}

async fn examined(simulator: &Simulator) -> Report {
    let report = examine(&client(&simulator.url()), SignIn::ClientCredentials).await;
    assert!(simulator.unexpected().is_empty());
    let writes = simulator.requests();
    let writes = writes
        .iter()
        .filter(|one| one.method != "GET" && !one.login);
    for write in writes {
        assert!(write.path.ends_with("/composite"), "{write:?}");
    }
    report
}

/// The checks that are not allowed, with the permission that they name.
fn open(report: &Report) -> BTreeMap<&'static str, (State, String)> {
    let open = report
        .checks
        .iter()
        .filter(|check| check.state != State::Allowed);
    open.map(|check| {
        (
            check.id,
            (check.state, check.permission.clone().unwrap_or_default()),
        )
    })
    .collect()
}

#[tokio::test]
async fn a_user_who_may_do_everything_is_told_so_in_ten_requests() {
    let simulator = start(&[]).await;
    let report = examined(&simulator).await;
    assert_eq!(open(&report), BTreeMap::new());
    assert_eq!(report.result, Outcome::Ok);
    let requests = simulator.requests();
    let requests = requests.iter().filter(|one| !one.login).count();
    assert!(requests <= 10, "{requests} requests");
    assert!(simulator.api_calls() <= 10);
    assert_eq!(simulator.logins(), 1);

    let org = simulator.org();
    assert_eq!(report.org.id, Some(org.organization_id()));
    assert_eq!(report.org.name.as_deref(), Some("Simulated Org"));
    assert_eq!(report.org.edition.as_deref(), Some("Enterprise Edition"));
    assert_eq!(report.org.sandbox, Some(false));
    assert_eq!(report.org.api_version.as_deref(), Some("63.0"));
    assert!(report.org.api_version_newest.is_some());
    assert!(report.org.calls_used.unwrap() <= 10);
    assert_eq!(report.org.calls_allowed, Some(100_000));
    assert_eq!(report.user.id, org.user_by_username(USERNAME));
    assert_eq!(report.user.username.as_deref(), Some(USERNAME));
    assert_eq!(
        report.user.profile.as_deref(),
        Some("Minimum Access - Salesforce")
    );
    assert_eq!(report.user.license.as_deref(), Some("Salesforce"));
}

#[tokio::test]
async fn every_capability_is_checked() {
    let simulator = start(&[]).await;
    let report = examined(&simulator).await;
    let checked: BTreeSet<_> = report.checks.iter().map(|check| check.id).collect();
    for capability in CAPABILITIES {
        assert!(checked.contains(capability.id), "{}", capability.id);
    }
    assert_eq!(checked.len(), report.checks.len(), "a check is made twice");
}

/// A user who lacks these: exactly the named permission is named, everything else stays allowed.
#[test_case(&["ManageUsers"], &[
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "manage users")]
#[test_case(&["ViewSetup"], &[
    ("read.permission_set_group_component", "View Setup and Configuration"),
    ("read.object_permissions", "View Setup and Configuration"),
    ("read.security_insight", "View Setup and Configuration"),
    ("read.feed.setup_audit", "View Setup and Configuration"),
    ("read.connected_app.access", "View Setup and Configuration"),
    ("read.user_license", "View Setup and Configuration"),
    ("read.permission_set_license", "View Setup and Configuration"),
]; "view setup")]
#[test_case(&["ManageTerritories"], &[
    ("grant.territory", "Manage Territories"),
]; "manage territories")]
#[test_case(&["ManageRoles"], &[
    ("grant.role", "Manage Roles"),
]; "manage roles")]
#[test_case(&["CustomizeApplication"], &[
    ("read.connected_app", "Customize Application"),
    ("read.connected_app.authorization", "Customize Application"),
    ("grant.connected_app", "Customize Application"),
]; "customize application")]
#[test_case(&["ManagePackageLicenses"], &[
    ("grant.package_license", "Manage Package Licenses"),
    ("action.release_user.include_licenses", "Manage Package Licenses"),
]; "package licenses")]
#[test_case(&["TransferAnyEntity"], &[
    ("action.transfer_user_records", "Transfer Record"),
]; "transfer record")]
#[test_case(&["ViewRoles", "ManageRoles", "ManageUsers"], &[
    ("read.role", "View Roles and Role Hierarchy"),
    ("grant.role", "Manage Roles"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "view roles")]
#[test_case(&["ViewAllProfiles", "ManageUsers"], &[
    ("read.profile", "View All Profiles"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "view all profiles")]
#[test_case(&["AssignPermissionSets", "ManageUsers"], &[
    ("grant.permission_set", "Assign Permission Sets"),
    ("grant.permission_set_group", "Assign Permission Sets"),
    ("grant.permission_set_license", "Assign Permission Sets"),
    ("action.release_user", "Assign Permission Sets"),
    ("action.release_user.include_licenses", "Assign Permission Sets"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "assign permission sets")]
#[test_case(&["ManageInternalUsers", "ManageUsers"], &[
    ("grant.role", "Manage Internal Users"),
    ("grant.profile", "Manage Internal Users"),
    ("grant.feature_license", "Manage Internal Users"),
    ("create.account", "Manage Internal Users"),
    ("delete.account", "Manage Internal Users"),
    ("action.update_user_status", "Manage Internal Users"),
    ("action.update_user_profile", "Manage Internal Users"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "manage internal users")]
#[test_case(&["ResetPasswords", "ManageUsers"], &[
    ("action.send_password_reset", "Reset User Passwords and Unlock Users"),
    ("create.account.password_mail", "Reset User Passwords and Unlock Users"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "reset passwords")]
#[test_case(&["FreezeUsers", "ManageUsers"], &[
    ("action.freeze_user", "Manage Users"),
    ("action.unfreeze_user", "Manage Users"),
    ("read.login_state", "Manage Users"),
    ("grant.group", "Manage Users"),
    ("action.release_user.include_groups", "Manage Users"),
]; "freeze users")]
#[tokio::test]
async fn what_a_user_lacks_is_named_as_in_setup(lacks: &[&str], expected: &[(&str, &str)]) {
    let simulator = start(lacks).await;
    let report = examined(&simulator).await;
    let open = open(&report);
    let named: BTreeMap<&str, &str> = open
        .iter()
        .map(|(id, (_, permission))| (*id, permission.as_str()))
        .collect();
    assert_eq!(named, expected.iter().copied().collect());
    for check in report
        .checks
        .iter()
        .filter(|check| check.state != State::Allowed)
    {
        assert!(check.cause.is_some() && check.remedy.is_some(), "{check:?}");
    }
    assert_eq!(report.result, Outcome::Warnings);
    assert!(simulator.api_calls() <= 10, "{}", simulator.api_calls());
}

/// Whoever may not see users sees only itself, and nothing that begins with a user works.
#[tokio::test]
async fn a_user_who_sees_no_users_makes_a_sync_pointless() {
    let simulator = start(&["ViewAllUsers", "ManageUsers"]).await;
    let report = examined(&simulator).await;
    assert_eq!(report.result, Outcome::Failed);
    let open = open(&report);
    for id in ["read.user", "grant.role", "create.account"] {
        assert_eq!(
            open[id],
            (State::Denied, "View All Users".to_owned()),
            "{id}"
        );
    }
    assert_eq!(report.user.username.as_deref(), Some(USERNAME));
    let named: BTreeSet<_> = open.values().map(|(_, named)| named.as_str()).collect();
    assert_eq!(named, BTreeSet::from(["Manage Users", "View All Users"]));
}

/// Also if another permission allows the same, as it does for who has nearly all.
#[tokio::test]
async fn each_permission_that_lacks_alone_is_named() {
    let alternatives_only = [
        "ManageProfilesPermissionsets",
        "ManageSessionPermissionSets",
        "FreezeUsers",
        "ModifyAllData",
    ];
    for lack in PERMISSIONS {
        let simulator = start(&[lack]).await;
        let report = examined(&simulator).await;
        let permission = CAPABILITIES
            .iter()
            .flat_map(|one| one.needs)
            .flat_map(|need| need.any_of)
            .find(|permission| permission.name == lack);
        let label = permission.map_or("API Enabled", |permission| permission.label);
        let named: BTreeSet<_> = report
            .checks
            .iter()
            .filter_map(|check| check.permission.as_deref())
            .collect();
        let expected = if alternatives_only.contains(&lack) {
            BTreeSet::new()
        } else {
            BTreeSet::from([label])
        };
        assert_eq!(named, expected, "{lack}");
    }
}

/// Most orgs have no territories and no agents, and that is no reason to warn.
#[tokio::test]
async fn features_that_an_org_need_not_have_do_not_count() {
    let simulator = start(&[]).await;
    simulator.with(|org| {
        org.settings.territories = false;
        org.settings.agents = false;
    });
    let report = examined(&simulator).await;
    let open = open(&report);
    let ids: Vec<_> = open.keys().copied().collect();
    assert_eq!(ids, ["grant.territory", "read.agent", "read.territory"]);
    assert!(open.values().all(|(state, _)| *state == State::Absent));
    assert_eq!(report.result, Outcome::Ok);
}

#[test_case("UserLogin", "read.login_state"; "frozen users")]
#[test_case("ConnectedApplication", "read.connected_app"; "apps")]
#[test_case("PermissionSetGroup", "read.permission_set_group"; "groups of sets")]
#[tokio::test]
async fn an_object_that_the_org_does_not_have_is_absent(object: &str, id: &str) {
    let simulator = start(&[]).await;
    simulator.with(|org| org.settings.hidden_objects.insert(object.to_owned()));
    let report = examined(&simulator).await;
    let open = open(&report);
    assert_eq!(open[id].0, State::Absent);
    assert!(
        open.values().all(|(state, _)| *state == State::Absent),
        "{open:?}"
    );
    assert_eq!(report.result, Outcome::Warnings);
}

#[tokio::test]
async fn an_object_that_is_refused_in_spite_of_all_permissions_is_denied() {
    let simulator = start(&[]).await;
    simulator.with(|org| org.settings.forbidden_objects.insert("Group".to_owned()));
    let report = examined(&simulator).await;
    assert_eq!(open(&report)["read.group"].0, State::Denied);
    let check = report
        .checks
        .iter()
        .find(|check| check.id == "read.group")
        .unwrap();
    assert!(
        check
            .cause
            .as_ref()
            .unwrap()
            .contains("INSUFFICIENT_ACCESS")
    );
}

#[tokio::test]
async fn users_that_cannot_be_read_are_a_failure() {
    let simulator = start(&[]).await;
    simulator.with(|org| org.settings.forbidden_objects.insert("User".to_owned()));
    let report = examined(&simulator).await;
    assert_eq!(report.result, Outcome::Failed);
    assert_eq!(open(&report)["read.user"].0, State::Denied);
}

/// Before API 41.0 there is no `UserPermissionAccess`.
#[tokio::test]
async fn without_user_permission_access_the_users_own_sets_are_added_up() {
    let simulator = start(&["CustomizeApplication"]).await;
    simulator.with(|org| {
        org.settings
            .hidden_objects
            .insert("UserPermissionAccess".to_owned())
    });
    let report = examined(&simulator).await;
    let open: Vec<_> = open(&report).into_keys().collect();
    let expected = [
        "grant.connected_app",
        "read.connected_app",
        "read.connected_app.authorization",
    ];
    assert_eq!(open, expected);
    let source = report
        .checks
        .iter()
        .find(|check| check.id == "connection.permissions");
    assert!(
        source
            .unwrap()
            .cause
            .as_ref()
            .unwrap()
            .contains("permission sets of the user")
    );
    let requests = simulator.requests();
    assert!(requests.iter().filter(|one| !one.login).count() <= 10);
}

#[tokio::test]
async fn permissions_that_nothing_shows_are_unknown_and_not_allowed() {
    let simulator = start(&[]).await;
    simulator.with(|org| {
        for object in ["UserPermissionAccess", "PermissionSet"] {
            org.settings.hidden_objects.insert(object.to_owned());
        }
    });
    let report = examined(&simulator).await;
    let open = open(&report);
    for id in [
        "connection.permissions",
        "read.user",
        "grant.role",
        "action.freeze_user",
    ] {
        assert_eq!(open[id].0, State::Unknown, "{id}");
    }
    assert!(
        !open.contains_key("read.group"),
        "it was read, and needs no permission"
    );
}

type Change = fn(&mut Settings);

#[test_case(|it| it.api_enabled_for_org = false, "connection.api", State::Absent, "Professional"; "an edition without API")]
#[test_case(|it| { it.missing_permissions.insert("ApiEnabled".into()); }, "connection.api", State::Denied, "may not use the API"; "a user without API")]
#[test_case(|it| it.client.run_as = None, "connection.sign_in", State::Denied, "no user to run as"; "an app that runs as nobody")]
#[test_case(|it| it.client.secret = "another".into(), "connection.sign_in", State::Denied, "consumer secret is wrong"; "a wrong secret")]
#[test_case(|it| it.used_before = 100_000, "connection.api_calls", State::Denied, "calls"; "a day without calls")]
#[tokio::test]
async fn a_step_that_fails_is_named_with_what_to_do(
    change: Change,
    step: &str,
    state: State,
    seen: &str,
) {
    let simulator = start(&[]).await;
    simulator.with(|org| change(&mut org.settings));
    let report = examined(&simulator).await;
    assert_eq!(report.result, Outcome::Failed);
    let check = report.checks.iter().find(|check| check.id == step).unwrap();
    assert_eq!(check.state, state, "{check:?}");
    assert!(check.cause.as_ref().unwrap().contains(seen), "{check:?}");
    assert!(check.remedy.is_some(), "{check:?}");
    let reached = ["connection.dns", "connection.tcp", "connection.http"];
    for id in reached {
        let check = report.checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(check.state, State::Allowed, "{check:?}");
    }
    for capability in CAPABILITIES {
        let check = report.checks.iter().find(|check| check.id == capability.id);
        assert_ne!(check.unwrap().state, State::Allowed, "{}", capability.id);
    }
}

#[tokio::test]
async fn a_user_without_the_api_lacks_only_that_for_everything() {
    let simulator = start(&["ApiEnabled"]).await;
    let report = examined(&simulator).await;
    let denied = report
        .checks
        .iter()
        .filter(|check| check.state == State::Denied);
    let named: BTreeSet<_> = denied.map(|check| check.permission.clone()).collect();
    assert_eq!(named, BTreeSet::from([Some("API Enabled".to_owned())]));
}

#[tokio::test]
async fn an_api_version_that_the_org_lacks_is_told_before_anything_fails() {
    let simulator = start(&[]).await;
    let auth = Auth::ClientCredentials {
        client_id: "simulated-client-id".to_owned(),
        client_secret: "simulated-client-secret".to_owned().into(),
    };
    let instance = Instance::parse(&simulator.url(), false).unwrap();
    let mut config = ClientConfig::new(instance, auth);
    config.api_version = "99.0".parse().unwrap();
    let client = Client::new(config).unwrap();
    let report = examine(&client, SignIn::ClientCredentials).await;
    let check = report
        .checks
        .iter()
        .find(|check| check.id == "connection.api_version");
    let check = check.unwrap();
    assert_eq!(check.state, State::Denied);
    let newest = report.org.api_version_newest.unwrap();
    assert!(
        check.remedy.as_ref().unwrap().contains(&newest),
        "{check:?}"
    );
}

#[tokio::test]
async fn something_that_is_no_org_is_told_as_such() {
    let simulator = start(&[]).await;
    simulator
        .faults()
        .every_matching(1, Matcher::any(), [Fault::html(200)]);
    let report = examine(&client(&simulator.url()), SignIn::ClientCredentials).await;
    let open = open(&report);
    assert_eq!(open["connection.http"].0, State::Denied);
    assert!(!open.contains_key("connection.tcp"));
    assert_eq!(simulator.logins(), 0, "no credentials are sent to it");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_refused_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let report = examine(&client(&url), SignIn::ClientCredentials).await;
    let open = open(&report);
    assert_eq!(open["connection.tcp"].0, State::Denied);
    assert_eq!(open["connection.sign_in"].0, State::Unknown);
    assert_eq!(report.exit_code(), 2);
}

fn json(ended: &Ended) -> Json {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[tokio::test]
async fn the_command_prints_the_report_and_ends_with_its_code() {
    let simulator = start(&["CustomizeApplication"]).await;
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &with(&simulator, &["doctor", "--json"])).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    let report = json(&ended);
    assert_eq!(report["result"], "warnings");
    assert_eq!(report["user"]["username"], USERNAME);
    let keys = |value: &Json| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&report), ["checks", "org", "result", "user"]);
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(
            keys(check),
            ["cause", "id", "permission", "remedy", "state"]
        );
    }
    assert!(!ended.stderr.contains(USERNAME), "the log names nobody");
    ended.assert_decent();

    let ended = run(directory.path(), &with(&simulator, &["doctor"])).await;
    assert_eq!(ended.code(), 1);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines.contains(&"read.user: allowed: fields of --user-custom-fields also need field-level security: visible"), "{ended:?}");
    assert!(
        lines.last().unwrap().starts_with("result: warnings"),
        "{ended:?}"
    );
    assert!(
        std::fs::read_dir(directory.path())
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn a_wrong_configuration_is_a_report_too() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        ["doctor", "--json", "--oauth2-token=T"],
        ["doctor", "--json", "--instance-url=https://evil.example"],
    ] {
        let ended = end(command(directory.path(), &arguments).spawn().unwrap()).await;
        assert_eq!(ended.code(), 2, "{ended:?}");
        let report = json(&ended);
        assert_eq!(report["result"], "failed");
        assert_eq!(report["checks"][0]["id"], "connection.configuration");
        assert_eq!(report["checks"][0]["state"], "denied");
    }
    let ended = run(directory.path(), &["doctor"]).await;
    assert_eq!(ended.code(), 2);
    let last = ended.stdout.lines().last().unwrap();
    assert_eq!(last, "result: failed at connection.configuration");
}

//! What a user may do and see: permissions of profiles, permission sets and groups.

use reqwest::Method;
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Answer, Client, at, user_body};

/// An org and a session of a user whose profile gives nothing, with a permission set that gives
/// these permissions.
pub(crate) async fn signed_in_with(permissions: &[&str]) -> Client {
    let mut client = Client::tiny().await;
    let name = "reader@simulated.example";
    let body = user_body(&client, name);
    let fields: Vec<_> = body.as_object().unwrap().iter().collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), (*value).clone()))
        .collect();
    client.sim.with(|org| {
        let user = org.create("User", &fields).unwrap();
        let set = [("Name", json!("Reading")), ("Label", json!("Reading"))];
        let set = org.create("PermissionSet", &set).unwrap();
        let columns: Vec<_> = permissions
            .iter()
            .map(|name| format!("Permissions{name}"))
            .collect();
        let columns: Vec<_> = columns
            .iter()
            .map(|name| (name.as_str(), json!(true)))
            .collect();
        org.set("PermissionSet", &set, &columns);
        let assignment = [("AssigneeId", json!(user)), ("PermissionSetId", json!(set))];
        org.create("PermissionSetAssignment", &assignment).unwrap();
        org.settings.client.run_as = Some(name.to_owned());
    });
    client.sign_in().await;
    client
}

fn lack(client: &Client, permissions: &[&str]) {
    let lacking = permissions.iter().map(|name| (*name).to_owned());
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .extend(lacking);
}

fn code((status, body): &Answer) -> (u16, &str) {
    (*status, body[0]["errorCode"].as_str().unwrap_or("none"))
}

async fn records(client: &Client, soql: &str) -> Vec<Value> {
    let (status, body) = client.query(soql).await;
    assert_eq!(status, 200, "{body}");
    body["records"].as_array().unwrap().clone()
}

async fn access(client: &Client, columns: &str) -> Value {
    let soql = format!("SELECT {columns} FROM UserPermissionAccess");
    let mut rows = records(client, &soql).await;
    assert_eq!(rows.len(), 1, "the row of the running user");
    rows.remove(0)
}

#[tokio::test]
async fn user_permission_access_is_the_row_of_the_running_user() {
    let mut client = signed_in_with(&["ApiEnabled", "ViewAllUsers"]).await;
    let columns =
        "PermissionsApiEnabled, PermissionsViewAllUsers, PermissionsManageUsers, LastCacheUpdate";
    let row = access(&client, columns).await;
    assert_eq!(row["PermissionsApiEnabled"], true);
    assert_eq!(row["PermissionsViewAllUsers"], true);
    assert_eq!(row["PermissionsManageUsers"], false);
    assert!(row["LastCacheUpdate"].is_string());
    lack(&client, &["ViewAllUsers"]);
    let row = access(&client, columns).await;
    assert_eq!(row["PermissionsViewAllUsers"], false);

    let administrator = "admin@simulated.example".to_owned();
    client.sim.org().settings.client.run_as = Some(administrator);
    client.sign_in().await;
    let row = access(&client, columns).await;
    assert_eq!(row["PermissionsManageUsers"], true);
    assert_eq!(row["PermissionsViewAllUsers"], false);
}

#[tokio::test]
async fn user_permission_access_has_the_columns_of_a_permission_set() {
    let client = Client::tiny().await;
    let columns = async |object: &str| {
        let (_, body) = client.get(&format!("/sobjects/{object}/describe")).await;
        let fields = body["fields"].as_array().unwrap().clone();
        let names = fields
            .iter()
            .map(|field| field["name"].as_str().unwrap().to_owned());
        names
            .filter(|name| name.starts_with("Permissions"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        columns("UserPermissionAccess").await,
        columns("PermissionSet").await
    );
    client
        .sim
        .org()
        .hide_field("UserPermissionAccess", "PermissionsManageTerritories");
    let answer = client
        .query("SELECT PermissionsManageTerritories FROM UserPermissionAccess")
        .await;
    assert_eq!(
        code(&answer),
        (400, "INVALID_FIELD"),
        "columns differ by edition"
    );
    let answer = client
        .post("/sobjects/UserPermissionAccess", json!({}))
        .await;
    assert_eq!(code(&answer), (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"));
}

#[tokio::test]
async fn a_set_that_waits_for_activation_gives_nothing() {
    let client = signed_in_with(&["ApiEnabled"]).await;
    assert_eq!(client.query("SELECT Id FROM Account").await.0, 200);
    let set = client
        .sim
        .org()
        .find("PermissionSet", "Name", "Reading")
        .unwrap();
    let waiting = [("HasActivationRequired", json!(true))];
    client.sim.org().set("PermissionSet", &set, &waiting);
    let answer = client.query("SELECT Id FROM Account").await;
    assert_eq!(code(&answer), (403, "FUNCTIONALITY_NOT_ENABLED"));
    let text = "This feature is not currently enabled for this user.";
    assert_eq!(answer.1[0]["message"], text);
}

#[tokio::test]
async fn a_permission_set_group_gives_what_its_sets_give_and_are_not_muted() {
    let client = signed_in_with(&[]).await;
    let answer = client.query("SELECT Id FROM Account").await;
    assert_eq!(code(&answer), (403, "FUNCTIONALITY_NOT_ENABLED"));
    client.sim.with(|org| {
        let set = [
            ("Name", json!("Api")),
            ("Label", json!("Api")),
            ("PermissionsApiEnabled", json!(true)),
        ];
        let set = org.create("PermissionSet", &set).unwrap();
        let group = [
            ("DeveloperName", json!("Apis")),
            ("MasterLabel", json!("Apis")),
        ];
        let group = org.create("PermissionSetGroup", &group).unwrap();
        let part = [
            ("PermissionSetGroupId", json!(group)),
            ("PermissionSetId", json!(set)),
        ];
        org.create("PermissionSetGroupComponent", &part).unwrap();
        let user = org.user_by_username("reader@simulated.example").unwrap();
        let assignment = [
            ("AssigneeId", json!(user)),
            ("PermissionSetGroupId", json!(group)),
        ];
        org.create("PermissionSetAssignment", &assignment).unwrap();
    });
    assert_eq!(client.query("SELECT Id FROM Account").await.0, 200);
    client.sim.with(|org| {
        let muting = [
            ("DeveloperName", json!("Mute")),
            ("MasterLabel", json!("Mute")),
            ("PermissionsApiEnabled", json!(true)),
        ];
        let muting = org.insert("MutingPermissionSet", &muting);
        let group = org.find("PermissionSetGroup", "DeveloperName", "Apis");
        let part = [
            ("PermissionSetGroupId", json!(group)),
            ("PermissionSetId", json!(muting)),
        ];
        org.insert("PermissionSetGroupComponent", &part);
    });
    let answer = client.query("SELECT Id FROM Account").await;
    assert_eq!(code(&answer), (403, "FUNCTIONALITY_NOT_ENABLED"));
}

const USERS: &[&str] = &["ManageUsers", "ViewAllUsers"];
const SETS: &[&str] = &[
    "ViewSetup",
    "AssignPermissionSets",
    "ManageProfilesPermissionsets",
    "ManageSessionPermissionSets",
];

// Each of the permissions is enough, and without all of them the query fails.
#[test_case(USERS, "User", (400, "INSUFFICIENT_ACCESS"); "users")]
#[test_case(&["ManageUsers", "FreezeUsers"], "UserLogin", (400, "INSUFFICIENT_ACCESS"); "frozen users")]
#[test_case(&["ManageUsers", "ManageRoles", "ViewRoles"], "UserRole", (400, "INSUFFICIENT_ACCESS"); "roles")]
#[test_case(SETS, "PermissionSet", (400, "INVALID_TYPE"); "permission sets")]
#[test_case(SETS, "PermissionSetGroup", (400, "INVALID_TYPE"); "groups of sets")]
#[test_case(&["ViewSetup", "AssignPermissionSets", "ManageUsers"], "PermissionSetAssignment", (400, "INVALID_TYPE"); "assignments")]
#[test_case(&["ViewSetup"], "PermissionSetGroupComponent", (400, "INVALID_TYPE"); "components")]
#[test_case(&["ViewSetup"], "SetupEntityAccess", (400, "INVALID_TYPE"); "access to apps")]
#[test_case(&["ViewSetup"], "UserLicense", (400, "INVALID_TYPE"); "licences")]
#[test_case(&["CustomizeApplication"], "ConnectedApplication", (400, "INVALID_TYPE"); "connected apps")]
#[test_case(&["ApiEnabled"], "Account", (403, "FUNCTIONALITY_NOT_ENABLED"); "anything")]
#[tokio::test]
async fn reading_needs_a_permission(any_of: &[&str], object: &str, refused: (u16, &str)) {
    let client = Client::tiny().await;
    let soql = format!("SELECT Id FROM {object}");
    for enough in any_of {
        let others: Vec<_> = any_of
            .iter()
            .copied()
            .filter(|name| name != enough)
            .collect();
        lack(&client, &others);
        assert_eq!(client.query(&soql).await.0, 200, "{enough} is enough");
        client.sim.org().settings.missing_permissions.clear();
    }
    lack(&client, any_of);
    assert_eq!(code(&client.query(&soql).await), refused);
    if refused.1 == "INVALID_TYPE" {
        let (status, _) = client.get(&format!("/sobjects/{object}/describe")).await;
        assert_eq!(status, 404, "it is not described either");
    }
}

#[tokio::test]
async fn users_see_their_own_records() {
    let client = signed_in_with(&["ApiEnabled"]).await;
    let me = client
        .sim
        .org()
        .user_by_username("reader@simulated.example")
        .unwrap();
    let soql = format!("SELECT Id, ProfileId FROM User WHERE Id = '{me}'");
    let own = records(&client, &soql).await;
    let profiles = records(&client, "SELECT Id FROM Profile").await;
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0]["Id"], own[0]["ProfileId"]);
    let admin = client.sim.org().integration_user();
    let (status, body) = client.get(&format!("/sobjects/User/{admin}")).await;
    assert_eq!(code(&(status, body)), (400, "INSUFFICIENT_ACCESS"));
    assert_eq!(client.get(&format!("/sobjects/User/{me}")).await.0, 200);
    assert_eq!(
        records(&client, "SELECT UserId FROM OauthToken")
            .await
            .len(),
        0
    );
}

#[test_case(&["TransferAnyEntity"], "Account", false; "an account")]
#[test_case(&["TransferAnyEntity"], "Case", true; "a case with a permission of its own")]
#[test_case(&["TransferAnyEntity", "TransferAnyCase"], "Case", false; "a case")]
#[tokio::test]
async fn transferring_needs_a_permission(missing: &[&str], object: &str, allowed: bool) {
    let client = Client::tiny().await;
    lack(&client, missing);
    let id = client.id(&format!("SELECT Id FROM {object} LIMIT 1"));
    let owner = client.sim.org().integration_user();
    let path = at(&format!("/sobjects/{object}/{id}"));
    let body = json!({"OwnerId": owner});
    let response = client.send(Method::PATCH, &path, Some(&body)).await;
    assert_eq!(response.status() == 204, allowed);
}

#[test_case("ManageRoles", "UserRole", json!({"Name": "x", "OpportunityAccessForAccountOwner": "Edit"}); "a role")]
#[test_case("ManagePackageLicenses", "UserPackageLicense", json!({}); "a package licence")]
#[test_case("ManageProfilesPermissionsets", "PermissionSet", json!({"Name": "x", "Label": "x"}); "a permission set")]
#[tokio::test]
async fn writing_needs_a_permission(permission: &str, object: &str, body: Value) {
    let client = Client::tiny().await;
    lack(&client, &[permission]);
    let answer = client.post(&format!("/sobjects/{object}"), body).await;
    assert_eq!(code(&answer), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
}

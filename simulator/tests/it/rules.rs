//! The rules of DML.

use salesforce_simulator::{Blocker, Org, OrgError, Preset};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, user_body};

fn tiny() -> Org {
    Org::seed(Preset::Tiny)
}

fn id(org: &Org, soql: &str) -> String {
    org.query(soql)[0]["Id"].as_str().unwrap().to_owned()
}

fn user(org: &Org, name: &str) -> String {
    org.user_by_username(&format!("{name}@simulated.example"))
        .unwrap()
}

fn set(org: &Org, name: &str) -> String {
    org.find("PermissionSet", "Name", name).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, OrgError>) -> String {
    result.unwrap_err().code
}

#[test_case(json!({"Nonsense": 1}), "INVALID_FIELD", "No such column 'Nonsense' on sobject of type User"; "unknown field")]
#[test_case(json!({"Name": "x"}), "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Name."; "read only")]
#[test_case(json!({"IsActive": "yes"}), "JSON_PARSER_ERROR", "Cannot deserialize instance of boolean from VALUE_STRING value yes"; "text for a checkbox")]
#[test_case(json!({"LastName": 5}), "JSON_PARSER_ERROR", "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"; "number for text")]
#[test_case(json!({"Start_Date__c": "soon"}), "JSON_PARSER_ERROR", "Cannot deserialize instance of date"; "no date")]
#[test_case(json!({"Alias": "far too long"}), "STRING_TOO_LONG", "Alias: data value too large: far too long (max length=8)"; "too long")]
#[test_case(json!({"Email": "Not a real email address"}), "INVALID_EMAIL_ADDRESS", "Email: invalid email address: Not a real email address"; "bad address")]
#[test_case(json!({"Username": "plain"}), "INVALID_EMAIL_ADDRESS", "Username: invalid email address: plain"; "bad user name")]
#[test_case(json!({"EmailEncodingKey": "EBCDIC"}), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: EBCDIC"; "bad choice")]
#[test_case(json!({"ProfileId": "nonsense"}), "MALFORMED_ID", "Profile ID: id value of incorrect type: nonsense"; "no id")]
#[test_case(json!({"ProfileId": "00eHp00000zzzzz"}), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"; "dangling id")]
#[test_case(json!({"ProfileId": "005Hp00000zzzzz"}), "FIELD_INTEGRITY_EXCEPTION", "Profile ID: id value of incorrect type"; "id of another object")]
#[test_case(json!({"Username": "ADMIN@simulated.example"}), "DUPLICATE_USERNAME", "Duplicate Username.<br>"; "user name taken")]
#[test_case(json!({"FederationIdentifier": "fed-000001"}), "DUPLICATE_VALUE", "duplicate value found: FederationIdentifier duplicates value on record with id: 005"; "federation id taken")]
#[test_case(json!({"CommunityNickname": "admin"}), "DUPLICATE_COMM_NICKNAME", "nickname"; "nickname taken")]
#[test_case(json!({"Id": "005Hp00000zzzzz"}), "INVALID_FIELD", "The Id field should not be specified"; "own id")]
#[tokio::test]
async fn a_wrong_user_is_refused(change: Value, code: &str, message: &str) {
    let client = Client::tiny().await;
    let users = client.sim.org().count("User");
    let mut body = user_body(&client, "new@simulated.example");
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    let (status, body) = client.post("/sobjects/User", body).await;
    assert_eq!(status, 400);
    assert_eq!(body[0]["errorCode"], code);
    assert!(
        body[0]["message"].as_str().unwrap().contains(message),
        "{body}"
    );
    assert_eq!(client.sim.org().count("User"), users);
}

#[tokio::test]
async fn all_missing_fields_are_named_at_once() {
    let client = Client::tiny().await;
    let (status, body) = client
        .post("/sobjects/User", json!({"Email": "a@b.example"}))
        .await;
    assert_eq!(
        (status, &body[0]["errorCode"]),
        (400, &json!("REQUIRED_FIELD_MISSING"))
    );
    let fields = body[0]["fields"].as_array().unwrap();
    for name in [
        "Username",
        "LastName",
        "Alias",
        "ProfileId",
        "TimeZoneSidKey",
        "LocaleSidKey",
    ] {
        assert!(fields.contains(&json!(name)), "{name} in {body}");
    }
}

#[test]
fn a_second_assignment_of_a_set_is_a_duplicate() {
    let mut org = tiny();
    let fields = [
        ("AssigneeId", json!(user(&org, "frozen"))),
        ("PermissionSetId", json!(set(&org, "Set_0000"))),
    ];
    org.create("PermissionSetAssignment", &fields).unwrap();
    let error = org.create("PermissionSetAssignment", &fields).unwrap_err();
    assert_eq!(error.code, "DUPLICATE_VALUE");
    assert!(
        error
            .message
            .starts_with("Duplicate PermissionSetAssignment. Assignee: 005")
    );
}

#[test]
fn a_group_of_sets_is_assigned_with_its_aggregate() {
    let mut org = tiny();
    let frozen = user(&org, "frozen");
    let group = id(&org, "SELECT Id FROM PermissionSetGroup LIMIT 1");
    let fields = [
        ("AssigneeId", json!(frozen)),
        ("PermissionSetGroupId", json!(group)),
    ];
    let row = org.create("PermissionSetAssignment", &fields).unwrap();
    let row = org.get("PermissionSetAssignment", &row).unwrap();
    let aggregate = row["PermissionSetId"].as_str().unwrap().to_owned();
    let owner = &org.get("PermissionSet", &aggregate).unwrap()["PermissionSetGroupId"];
    assert_eq!(owner, &json!(group));
    assert!(org.direct_permission_sets(&frozen).is_empty());
    assert!(org.permission_set_groups(&frozen).contains(&group));
    let direct = [
        ("AssigneeId", json!(frozen)),
        ("PermissionSetId", json!(aggregate)),
    ];
    assert_eq!(
        code(org.create("PermissionSetAssignment", &direct)),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    org.settings.group_rows_name_the_aggregate = false;
    let fields = [
        ("AssigneeId", json!(user(&org, "locked"))),
        ("PermissionSetGroupId", json!(group)),
    ];
    let row = org.create("PermissionSetAssignment", &fields).unwrap();
    assert!(org.get("PermissionSetAssignment", &row).unwrap()["PermissionSetId"].is_null());
}

#[test]
fn what_cannot_be_assigned_is_refused() {
    let mut org = tiny();
    let frozen = user(&org, "frozen");
    let owned = id(
        &org,
        "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true LIMIT 1",
    );
    let group = id(&org, "SELECT Id FROM PermissionSetGroup LIMIT 1");
    let cases = [
        (
            json!({"PermissionSetId": owned}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (json!({}), "REQUIRED_FIELD_MISSING"),
        (
            json!({"PermissionSetId": set(&org, "Set_0001"), "PermissionSetGroupId": group}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            json!({"PermissionSetId": set(&org, "Platform_Users_Only")}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            json!({"PermissionSetId": set(&org, "Needs_Sold_Out_License")}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            json!({"PermissionSetId": set(&org, "Set_0001"), "ExpirationDate": "2001-01-01T00:00:00Z"}),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ];
    for (body, wanted) in cases {
        let mut fields = vec![("AssigneeId", json!(frozen))];
        fields.extend(
            body.as_object()
                .unwrap()
                .iter()
                .map(|(n, v)| (n.as_str(), v.clone())),
        );
        assert_eq!(
            code(org.create("PermissionSetAssignment", &fields)),
            wanted,
            "{body}"
        );
    }
}

#[test]
fn a_set_brings_the_licence_that_it_needs_and_holds_it() {
    let mut org = tiny();
    let frozen = user(&org, "frozen");
    let fields = [
        ("AssigneeId", json!(frozen)),
        ("PermissionSetId", json!(set(&org, "Needs_License"))),
    ];
    let row = org.create("PermissionSetAssignment", &fields).unwrap();
    let soql = format!("SELECT Id FROM PermissionSetLicenseAssign WHERE AssigneeId = '{frozen}'");
    let license = id(&org, &soql);
    assert_eq!(
        code(org.destroy("PermissionSetLicenseAssign", &license)),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    org.destroy("PermissionSetAssignment", &row).unwrap();
    org.destroy("PermissionSetLicenseAssign", &license).unwrap();
}

#[test]
fn an_assignment_of_the_profile_is_not_for_us() {
    let mut org = tiny();
    let frozen = user(&org, "frozen");
    let soql = format!(
        "SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{frozen}' AND \
         PermissionSet.IsOwnedByProfile = true"
    );
    let row = id(&org, &soql);
    assert_eq!(
        code(org.destroy("PermissionSetAssignment", &row)),
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
    let profile = id(
        &org,
        "SELECT Id FROM Profile WHERE Name = 'Standard Platform User'",
    );
    org.update("User", &frozen, &[("ProfileId", json!(profile))])
        .unwrap();
    let soql = format!(
        "SELECT Id, PermissionSet.ProfileId FROM PermissionSetAssignment WHERE AssigneeId = \
         '{frozen}' AND PermissionSet.IsOwnedByProfile = true"
    );
    let rows = org.query(&soql);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["PermissionSet"]["ProfileId"], json!(profile));
}

#[test]
fn an_assignment_expires_with_the_clock() {
    let mut org = tiny();
    let at = org.clock().now() + std::time::Duration::from_hours(1);
    let frozen = user(&org, "frozen");
    let fields = [
        ("AssigneeId", json!(frozen)),
        ("PermissionSetId", json!(set(&org, "Set_0003"))),
        ("ExpirationDate", json!(at.to_string())),
    ];
    org.create("PermissionSetAssignment", &fields).unwrap();
    assert_eq!(org.direct_permission_sets(&frozen).len(), 1);
    org.clock().advance(std::time::Duration::from_secs(3601));
    assert!(org.direct_permission_sets(&frozen).is_empty());
}

#[test]
fn a_second_membership_is_the_first_one() {
    let mut org = tiny();
    let group = org.create("Group", &[("Name", "Fresh".into())]).unwrap();
    let fields = [
        ("GroupId", json!(group)),
        ("UserOrGroupId", json!(user(&org, "frozen"))),
    ];
    let first = org.create("GroupMember", &fields).unwrap();
    assert_eq!(org.create("GroupMember", &fields).unwrap(), first);
    assert_eq!(org.members(&group).len(), 1);
    let outer = org.create("Group", &[("Name", "Outer".into())]).unwrap();
    let nest = |a: &str, b: &str| [("GroupId", json!(a)), ("UserOrGroupId", json!(b))];
    org.create("GroupMember", &nest(&outer, &group)).unwrap();
    assert_eq!(
        code(org.create("GroupMember", &nest(&group, &outer))),
        "CIRCULAR_DEPENDENCY"
    );
    let everybody = org
        .find("Group", "DeveloperName", "AllInternalUsers")
        .unwrap();
    let wrong = nest(&everybody, &group);
    assert_eq!(
        code(org.create("GroupMember", &wrong)),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    assert_eq!(
        code(org.destroy("Group", &everybody)),
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
}

#[test]
fn users_are_deactivated_unless_something_stands_in_the_way() {
    let mut org = tiny();
    let (me, frozen, second) = (
        org.integration_user(),
        user(&org, "frozen"),
        user(&org, "second.admin"),
    );
    let off = [("IsActive", json!(false))];
    assert_eq!(
        code(org.update("User", &me, &off)),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    org.settings
        .deactivation_blockers
        .insert(frozen.clone(), Blocker::default_lead_owner());
    assert_eq!(
        code(org.update("User", &frozen, &off)),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    org.settings.deactivation_blockers.clear();
    org.update("User", &frozen, &off).unwrap();
    assert!(!org.is_active(&frozen));
    org.set("User", &me, &[("IsActive", false.into())]);
    assert_eq!(
        code(org.update("User", &second, &off)),
        "CANNOT_DISABLE_LAST_ADMIN"
    );
}

#[test]
fn seats_run_out_and_come_back() {
    let mut org = tiny();
    let license = org
        .find("UserLicense", "LicenseDefinitionKey", "SFDC")
        .unwrap();
    let used = org.get("UserLicense", &license).unwrap()["UsedLicenses"].clone();
    org.set("UserLicense", &license, &[("TotalLicenses", used)]);
    let (gone, frozen) = (user(&org, "gone"), user(&org, "frozen"));
    let on = [("IsActive", json!(true))];
    assert_eq!(
        code(org.update("User", &gone, &on)),
        "LICENSE_LIMIT_EXCEEDED"
    );
    org.update("User", &frozen, &[("IsActive", json!(false))])
        .unwrap();
    org.update("User", &gone, &on).unwrap();
}

#[test]
fn freezing_is_for_others_and_unlocking_goes_one_way() {
    let mut org = tiny();
    let login = |org: &Org, name: &str| {
        let user = user(org, name);
        id(
            org,
            &format!("SELECT Id FROM UserLogin WHERE UserId = '{user}'"),
        )
    };
    let (mine, other, locked) = (
        login(&org, "admin"),
        login(&org, "chatter"),
        login(&org, "locked"),
    );
    let freeze = [("IsFrozen", json!(true))];
    assert_eq!(
        code(org.update("UserLogin", &mine, &freeze)),
        "CANNOT_FREEZE_SELF"
    );
    org.update("UserLogin", &other, &freeze).unwrap();
    assert!(org.is_frozen(&user(&org, "chatter")));
    let lock = [("IsPasswordLocked", json!(true))];
    assert_eq!(
        code(org.update("UserLogin", &other, &lock)),
        "CANNOT_PASSWORD_LOCKOUT"
    );
    org.update("UserLogin", &locked, &[("IsPasswordLocked", json!(false))])
        .unwrap();
}

#[test]
fn a_role_brings_its_groups_and_takes_them_along() {
    let mut org = tiny();
    let fields = [
        ("Name", json!("Scouts")),
        ("OpportunityAccessForAccountOwner", json!("Read")),
    ];
    let role = org.create("UserRole", &fields).unwrap();
    let soql = format!("SELECT Name, Type FROM Group WHERE RelatedId = '{role}'");
    assert_eq!(org.query(&soql).len(), 3);
    org.destroy("UserRole", &role).unwrap();
    assert!(org.query(&soql).is_empty());
    let used = id(
        &org,
        "SELECT UserRoleId, Id FROM User WHERE UserRoleId != null LIMIT 1",
    );
    let used = org.get("User", &used).unwrap()["UserRoleId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(code(org.destroy("UserRole", &used)), "DELETE_FAILED");
}

#[test]
fn records_go_to_active_users_only() {
    let mut org = tiny();
    let account = id(&org, "SELECT Id FROM Account LIMIT 1");
    let gone = user(&org, "gone");
    let error = org
        .update("Account", &account, &[("OwnerId", json!(gone))])
        .unwrap_err();
    assert_eq!(error.code, "INACTIVE_OWNER_OR_USER");
    assert!(error.message.contains(&gone[..15]));
    org.update(
        "Account",
        &account,
        &[("OwnerId", json!(user(&org, "frozen")))],
    )
    .unwrap();
    let case = id(&org, "SELECT Id FROM Case LIMIT 1");
    let queue = id(&org, "SELECT Id FROM Group WHERE Type = 'Queue' LIMIT 1");
    org.update("Case", &case, &[("OwnerId", json!(queue))])
        .unwrap();
}

#[test_case("ManageUsers", "User"; "users")]
#[test_case("AssignPermissionSets", "PermissionSetAssignment"; "assignments")]
#[test_case("ManageRoles", "UserRole"; "roles")]
#[test_case("ManagePackageLicenses", "UserPackageLicense"; "package licences")]
fn writes_need_permissions(permission: &str, object: &str) {
    let mut org = tiny();
    org.settings.missing_permissions.insert(permission.into());
    org.settings
        .missing_permissions
        .insert("ManageInternalUsers".into());
    org.settings
        .missing_permissions
        .insert("ManageUsers".into());
    assert_eq!(
        code(org.create(object, &[])),
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
}

#[test]
fn what_is_read_only_stays_so() {
    let mut org = tiny();
    assert_eq!(
        code(org.create("UserLicense", &[])),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    );
    let member = id(&org, "SELECT Id FROM GroupMember LIMIT 1");
    let code = code(org.update("GroupMember", &member, &[]));
    assert_eq!(code, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY");
}

//! Objects that only some orgs have, or that only some users see: Chatter groups, licenses,
//! territories, agents, apps, sign-ins and the Setup audit trail.

use std::time::Duration;

use reqwest::Method;
use salesforce_simulator::{Org, Preset, SeedSize};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{Client, answer};

const OBJECTS: [&str; 19] = [
    "UserLicense",
    "PermissionSetLicense",
    "PermissionSetLicenseAssign",
    "PackageLicense",
    "UserPackageLicense",
    "ConnectedApplication",
    "ExternalClientApplication",
    "SetupEntityAccess",
    "AppMenuItem",
    "OauthToken",
    "Territory2",
    "Territory2Model",
    "UserTerritory2Association",
    "BotDefinition",
    "CollaborationGroup",
    "CollaborationGroupMember",
    "LoginHistory",
    "SetupAuditTrail",
    "MutingPermissionSet",
];

async fn everything() -> Client {
    let client = Client::tiny().await;
    let mut org = client.sim.org();
    org.settings.territories = true;
    org.settings.agents = true;
    drop(org);
    client
}

fn user(client: &Client, name: &str) -> String {
    let name = format!("{name}@simulated.example");
    client.sim.org().user_by_username(&name).unwrap()
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1[0]["errorCode"].as_str().unwrap_or(""))
}

async fn count(client: &Client, object: &str) -> u64 {
    let (status, body) = client.query(&format!("SELECT COUNT() FROM {object}")).await;
    assert_eq!(status, 200, "{object}: {body}");
    body["totalSize"].as_u64().unwrap()
}

#[tokio::test]
async fn each_object_is_there_and_can_be_missing_or_forbidden() {
    let client = everything().await;
    for object in OBJECTS {
        assert!(count(&client, object).await > 0, "{object}");
        let soql = format!("SELECT Id FROM {object}");
        client
            .sim
            .org()
            .settings
            .hidden_objects
            .insert(object.into());
        let missing = client.query(&soql).await;
        assert_eq!(code(&missing), (400, "INVALID_TYPE"), "{object}");
        client.sim.org().settings.hidden_objects.clear();
        client
            .sim
            .org()
            .settings
            .forbidden_objects
            .insert(object.into());
        let forbidden = client.query(&soql).await;
        assert_eq!(code(&forbidden), (400, "INSUFFICIENT_ACCESS"), "{object}");
        client.sim.org().settings.forbidden_objects.clear();
    }
}

#[tokio::test]
async fn an_org_without_a_feature_has_no_such_objects() {
    let client = Client::tiny().await;
    client.sim.org().settings.chatter = false;
    for object in ["CollaborationGroup", "Territory2", "BotDefinition"] {
        let missing = client.query(&format!("SELECT Id FROM {object}")).await;
        assert_eq!(code(&missing), (400, "INVALID_TYPE"), "{object}");
    }
}

#[tokio::test]
async fn a_muting_set_can_be_hidden_while_its_components_are_seen() {
    let client = Client::tiny().await;
    client
        .sim
        .org()
        .settings
        .hidden_objects
        .insert("MutingPermissionSet".into());
    let soql = "SELECT PermissionSetId FROM PermissionSetGroupComponent";
    let (status, body) = client.query(soql).await;
    assert_eq!(status, 200);
    let records = body["records"].as_array().unwrap();
    let is_muting = |row: &Value| row["PermissionSetId"].as_str().unwrap().starts_with("0QM");
    assert!(records.iter().any(is_muting));
}

#[tokio::test]
async fn members_join_a_chatter_group_once_and_its_owner_stays() {
    let client = Client::tiny().await;
    let group = client.one("SELECT Id, OwnerId, MemberCount FROM CollaborationGroup WHERE CollaborationType = 'Private'");
    let id = group["Id"].as_str().unwrap();
    let newcomer = user(&client, "nologin");
    let body = json!({"CollaborationGroupId": id, "MemberId": newcomer});
    let path = "/sobjects/CollaborationGroupMember";
    let (status, made) = client.post(path, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let twin = client.post(path, body).await;
    assert_eq!(code(&twin), (400, "DUPLICATE_VALUE"));
    let row = format!("{path}/{}", made["id"].as_str().unwrap());
    let admin = json!({"CollaborationRole": "Admin"});
    assert_eq!(client.patch(&row, admin).await.0, 204);
    let counted = client.sim.org().get("CollaborationGroup", id).unwrap();
    assert_eq!(
        counted["MemberCount"].as_i64(),
        group["MemberCount"].as_i64().map(|n| n + 1)
    );
    assert_eq!(client.delete(&row).await.0, 204);

    let owner = group["OwnerId"].as_str().unwrap();
    let own = client.id(&format!(
        "SELECT Id FROM CollaborationGroupMember WHERE CollaborationGroupId = '{id}' AND MemberId = '{owner}'"
    ));
    let refused = client.delete(&format!("{path}/{own}")).await;
    assert_eq!(code(&refused), (400, "CANNOT_DELETE_OWNER"));
    let standard = json!({"CollaborationRole": "Standard"});
    let refused = client.patch(&format!("{path}/{own}"), standard).await;
    assert_eq!(code(&refused), (400, "FIELD_INTEGRITY_EXCEPTION"));
    let gone = user(&client, "gone");
    let body = json!({"CollaborationGroupId": id, "MemberId": gone});
    let refused = client.post(path, body).await;
    assert_eq!(code(&refused), (400, "INACTIVE_OWNER_OR_USER"));
}

#[tokio::test]
async fn an_unlisted_group_is_hidden_from_outsiders() {
    let client = Client::tiny().await;
    let all = count(&client, "CollaborationGroup").await;
    let members = count(&client, "CollaborationGroupMember").await;
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ManageUnlistedGroups".into());
    assert_eq!(count(&client, "CollaborationGroup").await, all - 1);
    assert!(count(&client, "CollaborationGroupMember").await < members);
}

#[tokio::test]
async fn a_feature_license_has_as_many_seats_as_the_org_bought() {
    const FIELD: &str = "UserPermissionsKnowledgeUser";
    let client = Client::tiny().await;
    let (_, described) = client.get("/sobjects/User/describe").await;
    let fields = described["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == FIELD).unwrap();
    assert_eq!(field["label"], "Knowledge User");
    let soql = format!("SELECT Id FROM User WHERE {FIELD} = true AND IsActive = true");
    let used = client.sim.org().query(&soql).len();
    client
        .sim
        .with(|org| org.settings.feature_seats.insert(FIELD.into(), used + 1));
    let path = |name: &str| format!("/sobjects/User/{}", user(&client, name));
    let on = json!({FIELD: true});
    assert_eq!(client.patch(&path("nologin"), on.clone()).await.0, 204);
    assert_eq!(client.patch(&path("nologin"), on.clone()).await.0, 204);
    let full = client.patch(&path("frozen"), on.clone()).await;
    assert_eq!(code(&full), (400, "LICENSE_LIMIT_EXCEEDED"));
    // An inactive user takes no seat until it is activated.
    assert_eq!(client.patch(&path("gone"), on.clone()).await.0, 204);
    let full = client.patch(&path("gone"), json!({"IsActive": true})).await;
    assert_eq!(code(&full), (400, "LICENSE_LIMIT_EXCEEDED"));
    let off = json!({"IsActive": false});
    assert_eq!(client.patch(&path("nologin"), off).await.0, 204);
    assert_eq!(client.patch(&path("frozen"), on).await.0, 204);
}

#[test_case("freepkg", None; "unlimited")]
#[test_case("oldpkg", Some("INVALID_PACKAGE_LICENSE"); "expired")]
#[tokio::test]
async fn a_package_license_is_given(namespace: &str, refused: Option<&str>) {
    let client = Client::tiny().await;
    let soql = format!("SELECT Id FROM PackageLicense WHERE NamespacePrefix = '{namespace}'");
    let body = json!({"PackageLicenseId": client.id(&soql), "UserId": user(&client, "frozen")});
    let path = "/sobjects/UserPackageLicense";
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ManagePackageLicenses".into());
    let forbidden = client.post(path, body.clone()).await;
    assert_eq!(code(&forbidden), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
    client.sim.org().settings.missing_permissions.clear();
    let answer = client.post(path, body).await;
    match refused {
        Some(refused) => assert_eq!(code(&answer), (400, refused)),
        None => assert_eq!(answer.0, 201, "{}", answer.1),
    }
}

#[tokio::test]
async fn a_role_in_a_territory_is_an_active_value_of_its_picklist() {
    let client = everything().await;
    let values = "SELECT Value FROM PicklistValueInfo WHERE EntityParticle.EntityDefinition.QualifiedApiName = \
        'UserTerritory2Association' AND EntityParticle.DeveloperName = 'RoleInTerritory2' AND IsActive = true";
    let custom = [("Owner", true), ("Sales Rep", false), ("Überwacher", true)];
    client
        .sim
        .org()
        .set_picklist("UserTerritory2Association", "RoleInTerritory2", &custom);
    let (_, body) = client.query(values).await;
    let rows = body["records"].as_array().unwrap();
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| row["Value"].as_str().unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["Owner", "Überwacher"]);
    let territory = client.id("SELECT Id FROM Territory2 WHERE Name = 'Emea Current'");
    let path = "/sobjects/UserTerritory2Association";
    let body = json!({"Territory2Id": territory, "UserId": user(&client, "frozen")});
    let (status, made) = client.post(path, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let twin = client.post(path, body).await;
    assert_eq!(code(&twin), (400, "DUPLICATE_VALUE"));
    let row = format!("{path}/{}", made["id"].as_str().unwrap());
    let role = |role: Value| json!({"RoleInTerritory2": role});
    assert_eq!(client.patch(&row, role("Überwacher".into())).await.0, 204);
    for wrong in ["Sales Rep", "Administrator"] {
        let refused = client.patch(&row, role(wrong.into())).await;
        let expected = (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
        assert_eq!(code(&refused), expected, "{wrong}");
    }
    assert_eq!(client.patch(&row, role(Value::Null)).await.0, 204);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ManageTerritories".into());
    let forbidden = client.delete(&row).await;
    assert_eq!(code(&forbidden), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
}

#[tokio::test]
async fn only_the_active_model_is_seen_without_manage_territories() {
    let client = everything().await;
    let soql = "SELECT Id FROM Territory2 WHERE Territory2Model.State != 'Active'";
    let planned = |body: &Value| body["totalSize"].as_u64().unwrap();
    let (_, body) = client.query(soql).await;
    assert_eq!(planned(&body), 2);
    let all = count(&client, "UserTerritory2Association").await;
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ManageTerritories".into());
    let (_, body) = client.query(soql).await;
    assert_eq!(planned(&body), 0);
    assert_eq!(count(&client, "Territory2Model").await, 1);
    assert_eq!(count(&client, "UserTerritory2Association").await, all - 2);
}

#[tokio::test]
async fn some_agents_run_as_a_user_of_their_own() {
    let client = everything().await;
    let with = client
        .sim
        .org()
        .query("SELECT Id FROM BotDefinition WHERE BotUser.Username != null");
    let without = client
        .sim
        .org()
        .query("SELECT Id FROM BotDefinition WHERE BotUserId = null");
    assert_eq!((with.len(), without.len()), (1, 2));
}

#[tokio::test]
async fn apps_of_both_kinds_are_opened_to_sets_and_profiles() {
    let org = Org::seed(Preset::Tiny);
    for kind in ["ConnectedApplication", "ExternalClientApplication"] {
        for owned in [true, false] {
            let soql = format!(
                "SELECT Id FROM SetupEntityAccess WHERE SetupEntityType = '{kind}' AND \
                 Parent.IsOwnedByProfile = {owned}"
            );
            assert!(!org.query(&soql).is_empty(), "{soql}");
        }
    }
}

#[tokio::test]
async fn a_delete_token_ends_one_approval_of_several() {
    let client = Client::of(Org::seed_size(SeedSize::for_users(50))).await;
    let soql = "SELECT UserId, AppName, DeleteToken, AppMenuItem.ApplicationId FROM OauthToken";
    let (_, body) = client.query(soql).await;
    let rows = body["records"].as_array().unwrap().clone();
    let of = |row: &Value| (row["UserId"].clone(), row["AppName"].clone());
    let twice = rows.iter().find(|row| {
        let same = rows.iter().filter(|other| of(other) == of(row));
        same.count() == 2
    });
    let twice = twice.unwrap();
    let token = twice["DeleteToken"].as_str().unwrap();
    let path = format!("/services/oauth2/revoke?token={token}");
    let (status, _) = answer(client.send(Method::POST, &path, None).await).await;
    assert_eq!(status, 200);
    let (_, body) = client.query(soql).await;
    let left = body["records"].as_array().unwrap();
    assert_eq!(left.len(), rows.len() - 1);
    assert!(left.iter().all(|row| row["DeleteToken"] != token));
    assert!(left.iter().any(|row| of(row) == of(twice)));
    let (status, _) = answer(client.send(Method::POST, &path, None).await).await;
    assert_eq!(status, 400, "it is gone");
}

#[tokio::test]
async fn the_pages_of_a_query_end_after_2500_approvals() {
    let client = Client::tiny().await;
    let me = client.sim.org().integration_user();
    client.sim.with(|org| {
        for number in 0..2600 {
            let token = format!("many-{number}");
            let fields = [("UserId", json!(me)), ("DeleteToken", json!(token))];
            org.insert("OauthToken", &fields);
        }
    });
    let (_, mut page) = client.query("SELECT DeleteToken FROM OauthToken").await;
    let mut sizes = Vec::new();
    loop {
        sizes.push(page["records"].as_array().unwrap().len());
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            break;
        };
        (_, page) = answer(client.send(Method::GET, next, None).await).await;
    }
    assert_eq!(sizes, [500; 5]);
    let (_, rest) = client
        .query("SELECT DeleteToken FROM OauthToken LIMIT 2500 OFFSET 2500")
        .await;
    assert!(!rest["records"].as_array().unwrap().is_empty());
}

#[test_case("LoginHistory", "LoginTime", 183; "sign-ins")]
#[test_case("SetupAuditTrail", "CreatedDate", 180; "changes in Setup")]
#[tokio::test]
async fn old_rows_are_not_seen(object: &str, time: &str, days: u64) {
    let client = Client::tiny().await;
    let seen = count(&client, object).await;
    let stored = client.sim.org().count(object);
    assert!(seen > 0 && seen < u64::try_from(stored).unwrap());
    let me = client.sim.org().integration_user();
    let at = |age: u64| {
        let now = client.sim.clock().now();
        let age = jiff::SignedDuration::from_secs(i64::try_from(age).unwrap());
        json!(now.checked_sub(age).unwrap().to_string())
    };
    for age in [60, days * 86_400 - 60, days * 86_400 + 60] {
        let mut fields = vec![(time, at(age))];
        fields.push(match object {
            "LoginHistory" => ("UserId", json!(me)),
            _ => ("Action", json!("PermSetAssign")),
        });
        client.sim.org().insert(object, &fields);
    }
    assert_eq!(
        count(&client, object).await,
        seen + 2,
        "rows can be added while it runs"
    );
    client.sim.clock().advance(Duration::from_mins(2));
    assert_eq!(count(&client, object).await, seen + 1);
}

#[tokio::test]
async fn other_peoples_sign_ins_need_a_permission() {
    let client = Client::tiny().await;
    let missing = ["ManageUsers", "MonitorLoginHistory"].map(str::to_owned);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .extend(missing);
    assert_eq!(count(&client, "LoginHistory").await, 0);
    client
        .sim
        .org()
        .settings
        .missing_permissions
        .insert("ViewSetup".into());
    let missing = client.query("SELECT Id FROM SetupAuditTrail").await;
    assert_eq!(code(&missing), (400, "INVALID_TYPE"));
    for column in ["Display", "Section"] {
        client.sim.org().settings.missing_permissions.clear();
        let soql = format!("SELECT Id FROM SetupAuditTrail WHERE {column} != null");
        let refused = client.query(&soql).await;
        assert_eq!(code(&refused), (400, "INVALID_FIELD"), "{column}");
    }
}

#[tokio::test]
async fn a_changed_permission_set_group_is_recalculated() {
    let client = Client::tiny().await;
    client.sim.org().settings.group_recalculation = Duration::from_secs(30);
    let group = client.id("SELECT Id FROM PermissionSetGroup WHERE DeveloperName = 'Bundle_001'");
    let set = client.id("SELECT Id FROM PermissionSet WHERE Name = 'Commerce_Shopper'");
    let body = json!({"PermissionSetGroupId": group, "PermissionSetId": set});
    let (status, body) = client
        .post("/sobjects/PermissionSetGroupComponent", body)
        .await;
    assert_eq!(status, 201, "{body}");
    let soql = format!("SELECT Status FROM PermissionSetGroup WHERE Id = '{group}'");
    let (_, body) = client.query(&soql).await;
    assert_eq!(body["records"][0]["Status"], "Updating");
    client.sim.clock().advance(Duration::from_secs(31));
    let (_, body) = client.query(&soql).await;
    assert_eq!(body["records"][0]["Status"], "Updated");
}

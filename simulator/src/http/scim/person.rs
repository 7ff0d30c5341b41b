//! A user as SCIM shows it.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{CORE_USER, ENTERPRISE_USER, location};
use crate::http::context::RequestContext;
use crate::org::Org;
use crate::org::id::Id;
use crate::org::table::RowRef;
use crate::org::value::Value;

/// Returns a user with its entitlements, role and groups.
pub(super) fn to_json(context: RequestContext<'_>, org: &Org, user: &RowRef<'_>) -> Json {
    let text = |field: &str| user.get(field).to_json();
    let mut body = Map::new();
    let mut put = |name: &str, value: Json| {
        let empty = match &value {
            Json::Null => true,
            Json::Array(list) => list.is_empty(),
            Json::Object(members) => members.is_empty(),
            _ => false,
        };
        if !empty {
            body.insert(name.to_owned(), value);
        }
    };
    put("schemas", json!([CORE_USER, ENTERPRISE_USER]));
    put("id", json!(user.id()));
    put("externalId", text("FederationIdentifier"));
    put("userName", text("Username"));
    let name = [
        ("formatted", "Name"),
        ("familyName", "LastName"),
        ("givenName", "FirstName"),
        ("middleName", "MiddleName"),
        ("honorificSuffix", "Suffix"),
    ];
    put("name", parts(user, &name));
    put("displayName", text("Name"));
    put("nickName", text("CommunityNickname"));
    put("title", text("Title"));
    put("userType", text("UserType"));
    put("preferredLanguage", text("LanguageLocaleKey"));
    put("locale", text("LocaleSidKey"));
    put("timezone", text("TimeZoneSidKey"));
    put("active", Json::Bool(user.get("IsActive").is_true()));
    if let Some(address) = user.get("Email").as_str() {
        put(
            "emails",
            json!([{"value": address, "type": "work", "primary": true}]),
        );
    }
    let phones = [("Phone", "work"), ("MobilePhone", "mobile"), ("Fax", "fax")];
    let phones = phones.into_iter().filter_map(|(field, kind)| {
        let number = user.get(field).as_str()?;
        Some(json!({"value": number, "type": kind}))
    });
    put("phoneNumbers", phones.collect());
    put("addresses", addresses(user));
    put("entitlements", entitlements(context, org, user));
    put("roles", roles(context, org, user));
    put("groups", groups(context, org, user.id()));
    put(ENTERPRISE_USER, enterprise(context, org, user));
    let id = user.id();
    put("meta", meta(context, "User", "Users", id, user));
    Json::Object(body)
}

/// Returns the `meta` of a resource.
pub(super) fn meta(
    context: RequestContext<'_>,
    kind: &str,
    endpoint: &str,
    id: Id,
    row: &RowRef<'_>,
) -> Json {
    let changed = row.get("SystemModstamp").as_timestamp();
    let created = row.get("CreatedDate").as_timestamp().or(changed);
    let version = Sha256::digest(format!("{id}{changed:?}"));
    let version = version
        .iter()
        .take(20)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    json!({
        "resourceType": kind,
        "created": created.map(seconds),
        "lastModified": changed.map(seconds),
        "location": location(context, &format!("{endpoint}/{id}")),
        "version": version,
    })
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns an object of the fields that have a value.
fn parts(row: &RowRef<'_>, names: &[(&str, &str)]) -> Json {
    let members = names.iter().filter_map(|(name, field)| {
        let value = row.get(field);
        (!value.is_null()).then(|| ((*name).to_owned(), value.to_json()))
    });
    Json::Object(members.collect())
}

fn addresses(user: &RowRef<'_>) -> Json {
    let names = [
        ("streetAddress", "Street"),
        ("locality", "City"),
        ("region", "State"),
        ("postalCode", "PostalCode"),
        ("country", "Country"),
    ];
    let Json::Object(mut address) = parts(user, &names) else {
        return Json::Null;
    };
    if address.is_empty() {
        return Json::Null;
    }
    address.insert("type".to_owned(), "work".into());
    address.insert("primary".to_owned(), true.into());
    json!([address])
}

/// The profile, which is the primary one, and the permission sets that are assigned directly.
fn entitlements(context: RequestContext<'_>, org: &Org, user: &RowRef<'_>) -> Json {
    let entry = |id: Id, display: &Value, kind: &str, primary: bool| {
        json!({
            "value": id,
            "display": display.to_json(),
            "type": kind,
            "primary": primary,
            "$ref": location(context, &format!("Entitlements/{id}")),
        })
    };
    let profile = user.get("ProfileId").as_id();
    let profile = profile.and_then(|id| org.database().get("Profile", id));
    let profile = profile.map(|row| entry(row.id(), row.get("Name"), "Profile", true));
    let sets = org.held_sets(user.id()).into_iter().filter_map(|(_, set)| {
        let row = org.database().get("PermissionSet", set)?;
        Some(entry(set, row.get("Label"), "PermissionSet", false))
    });
    profile.into_iter().chain(sets).collect()
}

fn roles(context: RequestContext<'_>, org: &Org, user: &RowRef<'_>) -> Json {
    let role = user.get("UserRoleId").as_id();
    let role = role.and_then(|id| org.database().get("UserRole", id));
    role.into_iter()
        .map(|row| {
            let id = row.id();
            json!({
                "value": id,
                "display": row.get("Name").to_json(),
                "primary": true,
                "$ref": location(context, &format!("Roles/{id}")),
            })
        })
        .collect()
}

/// The public groups that contain the user directly.
fn groups(context: RequestContext<'_>, org: &Org, user: Id) -> Json {
    let rows = org
        .database()
        .find("GroupMember", "UserOrGroupId", &Value::Id(user));
    let groups = rows.into_iter().filter_map(|row| {
        let group = org.database().get("Group", row.get("GroupId").as_id()?)?;
        let id = group.id();
        (group.get("Type").as_str() == Some("Regular")).then(|| {
            json!({
                "value": id,
                "display": group.get("Name").to_json(),
                "type": "direct",
                "$ref": location(context, &format!("Groups/{id}")),
            })
        })
    });
    groups.collect()
}

fn enterprise(context: RequestContext<'_>, org: &Org, user: &RowRef<'_>) -> Json {
    let names = [
        ("employeeNumber", "EmployeeNumber"),
        ("organization", "CompanyName"),
        ("division", "Division"),
        ("department", "Department"),
    ];
    let Json::Object(mut members) = parts(user, &names) else {
        return Json::Null;
    };
    let manager = user.get("ManagerId").as_id();
    if let Some(row) = manager.and_then(|id| org.database().get("User", id)) {
        let id = row.id();
        let manager = json!({
            "value": id,
            "displayName": row.get("Name").to_json(),
            "$ref": location(context, &format!("Users/{id}")),
        });
        members.insert("manager".to_owned(), manager);
    }
    Json::Object(members)
}

//! Who is signed in: `/services/oauth2/userinfo` and the identity URL.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use super::shared::Shared;

/// `GET /services/oauth2/userinfo`.
pub(crate) fn userinfo(shared: &Shared, call: &Call) -> Reply {
    let Some((org_id, user_id, user)) = signed_in(shared, call) else {
        return bad_token();
    };
    let text = |name: &str| user.get(name).cloned().unwrap_or(Value::Null);
    let base = &shared.base;
    Reply::ordered(&[
        ("sub", format!("{base}/id/{org_id}/{user_id}").into()),
        ("user_id", user_id.into()),
        ("organization_id", org_id.into()),
        ("preferred_username", text("Username")),
        ("nickname", text("CommunityNickname")),
        ("name", text("Name")),
        ("email", text("Email")),
        ("email_verified", true.into()),
        ("given_name", text("FirstName")),
        ("family_name", text("LastName")),
        ("zoneinfo", text("TimeZoneSidKey")),
        (
            "photos",
            json!({"picture": text("FullPhotoUrl"), "thumbnail": text("SmallPhotoUrl")}),
        ),
        (
            "profile",
            format!("{base}/{}", text("Id").as_str().unwrap_or("")).into(),
        ),
        ("picture", text("FullPhotoUrl")),
        ("urls", urls(base)),
        ("active", text("IsActive")),
        ("user_type", user_type(&user)),
        ("language", text("LanguageLocaleKey")),
        ("locale", text("LocaleSidKey")),
        ("updated_at", text("LastModifiedDate")),
    ])
}

/// `GET /id/{org}/{user}`.
pub(crate) fn identity(shared: &Shared, call: &Call, org: &str, user: &str) -> Reply {
    let Some((org_id, user_id, row)) = signed_in(shared, call) else {
        return bad_token();
    };
    let same = |long: &str, asked: &str| asked.get(..15) == long.get(..15);
    if !same(&org_id, org) || !same(&user_id, user) {
        return Reply::text(404, "text/plain", "Bad_Id".into());
    }
    let text = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    let base = &shared.base;
    Reply::ordered(&[
        ("id", format!("{base}/id/{org_id}/{user_id}").into()),
        ("asserted_user", true.into()),
        ("user_id", user_id.into()),
        ("organization_id", org_id.into()),
        ("username", text("Username")),
        ("nick_name", text("CommunityNickname")),
        ("display_name", text("Name")),
        ("email", text("Email")),
        ("email_verified", true.into()),
        ("first_name", text("FirstName")),
        ("last_name", text("LastName")),
        ("timezone", text("TimeZoneSidKey")),
        ("urls", urls(base)),
        ("active", text("IsActive")),
        ("user_type", user_type(&row)),
        ("language", text("LanguageLocaleKey")),
        ("locale", text("LocaleSidKey")),
        ("last_modified_date", text("LastModifiedDate")),
    ])
}

/// URLs of the APIs. Clients replace `{version}`.
fn urls(base: &str) -> Value {
    json!({
        "rest": format!("{base}/services/data/v{{version}}/"),
        "sobjects": format!("{base}/services/data/v{{version}}/sobjects/"),
        "query": format!("{base}/services/data/v{{version}}/query/"),
        "custom_domain": base,
    })
}

/// The type of a user as the identity service spells it: `STANDARD`.
fn user_type(user: &Value) -> Value {
    let text = user.get("UserType").and_then(Value::as_str);
    text.unwrap_or("Standard").to_uppercase().into()
}

fn signed_in(shared: &Shared, call: &Call) -> Option<(String, String, Value)> {
    let token = call.header("authorization")?.strip_prefix("Bearer ")?;
    let user_id = shared.session_user(token)?;
    let org = shared.read();
    let user = org.get("User", &user_id)?;
    Some((org.organization_id(), user_id, user))
}

fn bad_token() -> Reply {
    Reply::text(403, "text/plain", "Bad_OAuth_Token".into()).with_error_code("Bad_OAuth_Token")
}

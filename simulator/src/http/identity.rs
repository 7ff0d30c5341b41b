//! Who is signed in: `/services/oauth2/userinfo` and the identity URL.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use super::shared::Shared;

/// `GET /services/oauth2/userinfo`.
pub(crate) fn userinfo(shared: &Shared, call: &Call) -> Reply {
    match signed_in(shared, call) {
        Some((org_id, user_id, user)) => {
            let text = |name: &str| user.get(name).cloned().unwrap_or(Value::Null);
            Reply::json(
                200,
                json!({
                    "sub": format!("{}/id/{org_id}/{user_id}", shared.base),
                    "user_id": user_id,
                    "organization_id": org_id,
                    "preferred_username": text("Username"),
                    "nickname": text("CommunityNickname"),
                    "name": text("Name"),
                    "email": text("Email"),
                    "email_verified": true,
                    "given_name": text("FirstName"),
                    "family_name": text("LastName"),
                    "zoneinfo": text("TimeZoneSidKey"),
                    "active": text("IsActive"),
                    "user_type": "STANDARD",
                    "locale": text("LocaleSidKey"),
                }),
            )
        }
        None => bad_token(),
    }
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
    Reply::json(
        200,
        json!({
            "id": format!("{base}/id/{org_id}/{user_id}"),
            "asserted_user": true,
            "user_id": user_id,
            "organization_id": org_id,
            "username": text("Username"),
            "nick_name": text("CommunityNickname"),
            "display_name": text("Name"),
            "email": text("Email"),
            "active": text("IsActive"),
            "user_type": "STANDARD",
            "urls": {
                "rest": format!("{base}/services/data/v{{version}}/"),
                "sobjects": format!("{base}/services/data/v{{version}}/sobjects/"),
                "query": format!("{base}/services/data/v{{version}}/query/"),
                "custom_domain": base,
            },
        }),
    )
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

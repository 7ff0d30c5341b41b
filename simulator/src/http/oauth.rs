//! `/services/oauth2/*`: tokens, revocation, introspection, who am I.

use serde_json::{Value, json};

use super::call::Call;
use super::identity;
use super::reply::Reply;
use super::session::opaque;
use super::{Shared, login};
use crate::org::settings::HostKind;

mod authorize;
mod grant;
mod jwt;

/// An error in the form of RFC 6749.
#[derive(Debug)]
struct OauthError {
    code: &'static str,
    description: String,
}

impl OauthError {
    fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl From<OauthError> for Reply {
    fn from(error: OauthError) -> Self {
        let body = json!({"error": error.code, "error_description": error.description});
        Self::json(400, body)
            .with_header("cache-control", "no-store".into())
            .with_error_code(error.code)
    }
}

/// Answers a request under `/services/oauth2/`.
pub(crate) fn handle(shared: &Shared, call: &Call, resource: &str) -> Reply {
    match (resource, call.method.as_str()) {
        ("token", "POST") => token(shared, call),
        ("token", method) => Reply::method_not_allowed(method, "POST"),
        ("authorize", "GET" | "POST") => authorize::handle(shared, call),
        ("revoke", "GET" | "POST") => revoke(shared, call),
        ("introspect", "POST") => introspect(shared, call),
        ("userinfo", "GET" | "POST") => identity::userinfo(shared, call),
        _ => Reply::unknown_path(),
    }
}

fn token(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    let granted = match form.get("grant_type") {
        Some("client_credentials") => grant::client_credentials(shared, call, &form),
        Some("password") => grant::password(shared, call, &form),
        Some("refresh_token") => grant::refresh(shared, call, &form),
        Some("authorization_code") => authorize::exchange(shared, call, &form),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => jwt::grant(shared, &form),
        _ => Err(OauthError::new(
            "unsupported_grant_type",
            "grant type not supported",
        )),
    };
    match granted {
        Ok(grant) => issue(shared, grant),
        Err(error) => error.into(),
    }
}

/// What a grant is good for.
#[derive(Debug)]
struct Granted {
    user_id: String,
    refresh_token: Option<String>,
    scope: &'static str,
}

fn issue(shared: &Shared, granted: Granted) -> Reply {
    let now = shared.clock.now();
    let (org_id, instance_url) = {
        let org = shared.read();
        let url = org
            .settings
            .instance_url
            .clone()
            .unwrap_or_else(|| shared.base.clone());
        (org.organization_id(), url)
    };
    let access_token = shared.sessions().open(&org_id, &granted.user_id, now);
    let mut body = json!({
        "access_token": access_token,
        "signature": format!("{}=", opaque()),
        "scope": granted.scope,
        "instance_url": instance_url,
        "id": format!("{}/id/{org_id}/{}", shared.base, granted.user_id),
        "token_type": "Bearer",
        "issued_at": login::issued_at(now),
    });
    if let (Some(refresh), Some(fields)) = (granted.refresh_token, body.as_object_mut()) {
        fields.insert("refresh_token".into(), Value::String(refresh));
    }
    Reply::json(200, body).with_header("cache-control", "no-store".into())
}

fn revoke(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    let token = form.get("token").unwrap_or("");
    let session = shared.sessions().kill(token);
    let stored = shared.write().revoke_token(token);
    if session || stored {
        return Reply::empty(200);
    }
    let body = "error=invalid_token&error_description=invalid+token".to_owned();
    Reply::text(400, "application/x-www-form-urlencoded", body).with_error_code("invalid_token")
}

fn introspect(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    if let Err(error) = grant::check_client(shared, call, &form) {
        return error.into();
    }
    let token = form.get("token").unwrap_or("");
    let Some(user_id) = shared.session_user(token) else {
        return Reply::json(200, json!({"active": false}));
    };
    let org = shared.read();
    let username = org
        .get("User", &user_id)
        .and_then(|user| user.get("Username").cloned());
    Reply::json(
        200,
        json!({
            "active": true,
            "scope": "api id",
            "client_id": org.settings.client.id,
            "username": username,
            "sub": format!("{}/id/{}/{user_id}", shared.base, org.organization_id()),
            "token_type": "access_token",
        }),
    )
}

/// Form fields by name.
#[derive(Debug)]
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Refuses generic hosts where the org wants its own.
fn refuse_generic_host(shared: &Shared) -> Result<(), OauthError> {
    let org = shared.read();
    if org.settings.host == HostKind::LoginHost && org.settings.my_domain_login_required {
        return Err(OauthError::invalid_grant(
            "login must use the org's My Domain",
        ));
    }
    Ok(())
}

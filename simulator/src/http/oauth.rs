//! `/services/oauth2/*`: tokens, revocation, introspection, user info.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::call::Call;
use super::identity;
use super::login;
use super::reply::Reply;
use super::session::Session;
use super::shared::Shared;
use crate::org::settings::HostKind;

mod authorize;
mod format;
mod grant;
mod jwt;

/// Scopes of the app, granted to a request that names none.
const ALL_SCOPES: &str = "refresh_token api id";

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
        Ok(grant) => format::token_response(call, &form, issue(shared, grant)),
        Err(error) => error.into(),
    }
}

/// The result of a successful token request.
#[derive(Debug)]
struct Granted {
    user_id: String,
    scope: String,
    /// The refresh token of the approval that the session belongs to.
    approval: Option<String>,
    /// Whether the response contains the refresh token.
    tells_refresh_token: bool,
}

impl Granted {
    /// A session without a refresh token.
    fn session(user_id: String, scope: &str) -> Self {
        Self {
            user_id,
            scope: scope.to_owned(),
            approval: None,
            tells_refresh_token: false,
        }
    }
}

/// Opens a session and returns the fields of the token response.
fn issue(shared: &Shared, granted: Granted) -> Value {
    let now = shared.clock.now();
    let (org_id, instance_url, secret) = {
        let org = shared.read();
        let url = org.settings.instance_url.clone();
        let url = url.unwrap_or_else(|| shared.base.clone());
        (
            org.organization_id(),
            url,
            org.settings.client.secret.clone(),
        )
    };
    let mut session = Session::new(granted.user_id.clone(), &granted.scope, now);
    session.approval.clone_from(&granted.approval);
    let access_token = shared.sessions().open(&org_id, session);
    let id = format!("{}/id/{org_id}/{}", shared.base, granted.user_id);
    let issued_at = login::issued_at(now);
    let mut body = json!({
        "access_token": access_token,
        "signature": signature(&secret, &id, &issued_at),
        "scope": granted.scope,
        "instance_url": instance_url,
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued_at,
    });
    let refresh_token = granted.approval.filter(|_| granted.tells_refresh_token);
    if let (Some(token), Some(fields)) = (refresh_token, body.as_object_mut()) {
        fields.insert("refresh_token".into(), Value::String(token));
    }
    body
}

/// Lets the client check that the identity URL comes from Salesforce: the HMAC-SHA256 of `id` and
/// `issued_at` under the consumer secret, in base64. Source: Salesforce Help, "OAuth 2.0 Web Server
/// Flow for Web App Integration", response parameter `signature`.
fn signature(secret: &str, id: &str, issued_at: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(id.as_bytes());
    mac.update(issued_at.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Ends a session, or an approval with all its sessions.
fn revoke(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    let refused = |code: &str, description: &str| {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("error", code)
            .append_pair("error_description", description)
            .finish();
        Reply::text(400, "application/x-www-form-urlencoded", body).with_error_code(code)
    };
    let token = form.get("token").unwrap_or("");
    if token.is_empty() {
        return refused("unsupported_token_type", "this token type is not supported");
    }
    let stored = shared.write().revoke_token(token);
    let mut sessions = shared.sessions();
    sessions.kill_approval(token);
    if sessions.kill(token) || stored {
        return Reply::empty(200);
    }
    refused("invalid_token", "invalid token")
}

fn introspect(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    if let Err(error) = grant::check_client(shared, call, &form) {
        return error.into();
    }
    let token = form.get("token").unwrap_or("");
    let Some(active) = Active::find(shared, token) else {
        return Reply::json(200, json!({"active": false}));
    };
    let org = shared.read();
    let username = org
        .get("User", &active.user_id)
        .and_then(|user| user.get("Username").cloned());
    let mut body = json!({
        "active": true,
        "scope": active.scope,
        "client_id": org.settings.client.id,
        "username": username,
        "sub": format!("{}/id/{}/{}", shared.base, org.organization_id(), active.user_id),
        "token_type": if active.life.is_some() { "access_token" } else { "refresh_token" },
    });
    if let (Some((opened, end)), Some(fields)) = (active.life, body.as_object_mut()) {
        fields.insert("iat".into(), opened.as_second().into());
        fields.insert("nbf".into(), opened.as_second().into());
        fields.insert("exp".into(), end.as_second().into());
    }
    Reply::json(200, body)
}

/// A valid token.
struct Active {
    user_id: String,
    scope: String,
    /// Start and end of an access token; a refresh token has none.
    life: Option<(Timestamp, Timestamp)>,
}

impl Active {
    fn find(shared: &Shared, token: &str) -> Option<Self> {
        let org = shared.read();
        let sessions = shared.sessions();
        let lifetime = org.settings.session_lifetime;
        let active = if let Some(session) = sessions.peek(token, shared.clock.now(), lifetime) {
            Self {
                user_id: session.user_id.clone(),
                scope: session.scope.clone(),
                life: Some(session.life(lifetime)),
            }
        } else {
            let scope = sessions.approved_scope(token).unwrap_or(ALL_SCOPES);
            Self {
                user_id: org.user_by_username(org.refresh_tokens.get(token)?)?,
                scope: scope.to_owned(),
                life: None,
            }
        };
        org.may_sign_in(&active.user_id).then_some(active)
    }
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

/// Rejects sign-ins on login.salesforce.com if the org requires its My Domain.
fn refuse_generic_host(shared: &Shared) -> Result<(), OauthError> {
    let org = shared.read();
    if org.settings.host == HostKind::LoginHost && org.settings.my_domain_login_required {
        return Err(OauthError::invalid_grant(
            "login must use the org's My Domain",
        ));
    }
    Ok(())
}

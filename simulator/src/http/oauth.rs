//! `/services/oauth2/*`: authorization, tokens, revocation, introspection, user info.

use super::call::Call;
use super::identity;
use super::reply::Reply;
use super::shared::Shared;
use crate::org::FamilyId;

mod assertion;
mod authorize;
mod client;
mod error;
mod exchange;
mod grant;
mod introspect;
mod jwt;
mod page;
mod pkce;
mod revoke;
mod token_response;

pub(crate) use assertion::public_key;
use error::OauthError;

/// Answers a request under `/services/oauth2/`.
pub(crate) fn handle(shared: &Shared, call: &Call, resource: &str) -> Reply {
    match (resource, call.method.as_str()) {
        ("token", "POST") => token(shared, call),
        ("token", method) => Reply::method_not_allowed(method, "POST"),
        ("authorize", "GET" | "POST") => authorize::handle(shared, call),
        ("success", "GET") => page::success(),
        ("revoke", "GET" | "POST") => revoke::handle(shared, call),
        ("introspect", "POST") => introspect::handle(shared, call),
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
        Some("authorization_code") => exchange::grant(shared, call, &form),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => jwt::grant(shared, &form),
        _ => Err(OauthError::new(
            "unsupported_grant_type",
            "grant type not supported",
        )),
    };
    match granted {
        Ok(granted) => {
            let fields = token_response::issue(shared, granted);
            token_response::render(call, &form, &fields)
        }
        Err(error) => error.into(),
    }
}

/// The result of a successful token request.
#[derive(Debug)]
struct Granted {
    user_id: String,
    scope: String,
    /// The approval that the session belongs to.
    family: Option<FamilyId>,
    /// The authorization code of the request.
    code: Option<String>,
    /// The refresh token in the response.
    refresh_token: Option<String>,
    /// Whether the response contains `signature` and `issued_at`.
    signed: bool,
}

impl Granted {
    /// A session without a refresh token.
    fn session(user_id: String, scope: &str) -> Self {
        Self {
            user_id,
            scope: scope.to_owned(),
            family: None,
            code: None,
            refresh_token: None,
            signed: true,
        }
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

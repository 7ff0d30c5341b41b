//! `/services/oauth2/introspect`.

use jiff::Timestamp;
use serde_json::json;

use super::Form;
use super::client::{self, Secret};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::http::shared::Shared;

/// Tells whether a token is valid, and whose it is.
pub(super) fn handle(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    if let Err(error) = client::check(shared, call, &form, Secret::Required) {
        return error.into();
    }
    let token = form.get("token").unwrap_or("");
    let Some(active) = Active::find(shared, token) else {
        return Reply::json(200, json!({"active": false}));
    };
    let org = shared.read();
    let user = org.get("User", &active.user_id);
    let username = user.and_then(|user| user.get("Username").cloned());
    let kind = match active.life {
        Some(_) => "access_token",
        None => "refresh_token",
    };
    let subject = format!(
        "{}/id/{}/{}",
        shared.base,
        org.organization_id(),
        active.user_id
    );
    let mut fields = vec![
        ("active", true.into()),
        ("scope", active.scope.into()),
        ("client_id", org.settings.client.id.clone().into()),
        ("username", username.into()),
        ("sub", subject.into()),
        ("token_type", kind.into()),
    ];
    if let Some((opened, end)) = active.life {
        fields.push(("exp", end.as_second().into()));
        fields.push(("iat", opened.as_second().into()));
        fields.push(("nbf", opened.as_second().into()));
    }
    Reply::ordered(&fields)
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
            let family = session.family;
            if family.is_some_and(|family| org.family(family).is_none()) {
                return None;
            }
            Self {
                user_id: session.user_id.clone(),
                scope: session.scope.clone(),
                life: Some(session.life(lifetime)),
            }
        } else {
            let (_, family) = org.family_of(token)?;
            Self {
                user_id: family.user_id.clone(),
                scope: family.scope.clone(),
                life: None,
            }
        };
        org.may_sign_in(&active.user_id).then_some(active)
    }
}

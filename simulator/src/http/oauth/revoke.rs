//! `/services/oauth2/revoke`.

use super::Form;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::http::shared::Shared;

/// Ends a session, or an approval with all its sessions.
pub(super) fn handle(shared: &Shared, call: &Call) -> Reply {
    let form = Form(call.form());
    let token = form.get("token").unwrap_or("");
    if token.is_empty() {
        return refused("unsupported_token_type", "this token type is not supported");
    }
    if shared.write().revoke_token(token) || shared.sessions().kill(token) {
        return Reply::empty(200);
    }
    refused("invalid_token", "invalid token")
}

fn refused(code: &str, description: &str) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", code)
        .append_pair("error_description", description)
        .finish();
    Reply::text(400, "application/x-www-form-urlencoded", body).with_error_code(code)
}

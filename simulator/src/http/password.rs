//! `/sobjects/User/{id}/password`: reads the state of a user's password, sets it or resets it.

use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::session::opaque;
use crate::org::OrgError;

const SHORTEST: usize = 8;

pub(super) fn handle(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
) -> Result<Reply, OrgError> {
    let mut org = context.shared.write();
    let user = org
        .visible_object("User", &context.caller)
        .ok_or_else(OrgError::no_such_resource)
        .and_then(|def| org.known_record(def, id))?
        .to_string();
    let any_of = ["ManageUsers", "ResetPasswords"];
    if !org.rights(context.caller.user).has_any(&any_of) {
        let text = "You do not have permission to view this record.";
        return Err(OrgError::new(403, "INSUFFICIENT_ACCESS", text));
    }
    match call.method.as_str() {
        "GET" => Ok(Reply::json(200, json!({"isExpired": false}))),
        "POST" => {
            let body = call.json()?;
            let password = body
                .get("NewPassword")
                .and_then(Value::as_str)
                .unwrap_or("");
            let letters = password.chars().any(char::is_alphabetic);
            let digits = password.chars().any(|c| c.is_ascii_digit());
            if !letters || !digits || password.len() < SHORTEST {
                let text = "Your password must have a mix of letters and numbers.";
                return Err(OrgError::new(400, "INVALID_NEW_PASSWORD", text));
            }
            org.password_resets.push((user, false));
            Ok(Reply::no_content())
        }
        "DELETE" => {
            if !org.is_active(&user) {
                let text = "Cannot reset password for an inactive user.";
                return Err(OrgError::new(400, "INACTIVE_OWNER_OR_USER", text));
            }
            org.password_resets.push((user, true));
            let password: String = opaque().chars().take(9).collect();
            Ok(Reply::json(200, json!({"NewPassword": password})))
        }
        method => Ok(Reply::method_not_allowed(method, "GET,HEAD,POST,DELETE")),
    }
}

//! Errors in the form of RFC 7644, 3.12, and in the older form of some faults.

use serde_json::json;

use super::reply;
use crate::http::reply::Reply;
use crate::org::OrgError;

/// An error of a SCIM request.
#[derive(Debug)]
pub(super) struct ScimError {
    status: u16,
    detail: String,
    scim_type: Option<&'static str>,
    /// For the log.
    code: String,
    /// Whether it has the form of SCIM 1.1.
    old_form: bool,
}

impl ScimError {
    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            scim_type: None,
            code: "SCIM".to_owned(),
            old_form: false,
        }
    }

    /// 400 with a `scimType` of RFC 7644, 3.12.
    pub(super) fn bad(scim_type: &'static str, detail: impl Into<String>) -> Self {
        let mut error = Self::new(400, detail).coded(scim_type);
        error.scim_type = Some(scim_type);
        error
    }

    pub(super) fn not_found(id: &str) -> Self {
        Self::new(404, format!("Resource {id} not found.")).coded("NOT_FOUND")
    }

    /// The user may not read what was asked for.
    pub(super) fn unreadable() -> Self {
        OrgError::unreadable().into()
    }

    /// A page that begins too far from the first resource.
    pub(super) fn start_index_too_big() -> Self {
        let text = "Start index too big. Consider filtering down your result set, e.g. id gt \
                    \"(the last id in the result set)\"";
        let mut error = Self::new(400, text);
        error.old_form = true;
        error
    }

    /// Sets the code for the log.
    pub(super) fn coded(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }
}

impl From<ScimError> for Reply {
    fn from(error: ScimError) -> Self {
        let body = if error.old_form {
            json!({"Errors": [{"description": error.detail, "code": error.status}]})
        } else {
            let mut body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "detail": error.detail,
                "status": error.status.to_string(),
            });
            if let (Some(kind), Some(body)) = (error.scim_type, body.as_object_mut()) {
                body.insert("scimType".to_owned(), kind.into());
            }
            body
        };
        reply(error.status, &body).with_error_code(&error.code)
    }
}

/// What the org's rules refuse: the message is the org's, the status that of SCIM.
impl From<OrgError> for ScimError {
    fn from(error: OrgError) -> Self {
        let (status, scim_type) = match error.code.as_str() {
            "INSUFFICIENT_ACCESS"
            | "INSUFFICIENT_ACCESS_OR_READONLY"
            | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" => (403, None),
            "DUPLICATE_USERNAME" | "DUPLICATE_VALUE" | "DUPLICATE_COMM_NICKNAME" => {
                (409, Some("uniqueness"))
            }
            "REQUIRED_FIELD_MISSING"
            | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            | "STRING_TOO_LONG"
            | "INVALID_EMAIL_ADDRESS"
            | "JSON_PARSER_ERROR"
            | "MALFORMED_ID"
            | "INVALID_CROSS_REFERENCE_KEY" => (400, Some("invalidValue")),
            _ => (error.http, None),
        };
        let mut messages = vec![error.message];
        messages.extend(error.others.into_iter().map(|other| other.message));
        Self {
            status,
            detail: messages.join("; "),
            scim_type,
            code: error.code,
            old_form: false,
        }
    }
}

//! A response as the handlers create it, before faults, compression and the limit header.

use serde_json::Value;

use crate::org::OrgError;

/// The body of a response.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// No body.
    Empty,
    /// JSON as a value.
    Json(Value),
    /// Serialized JSON.
    Rendered(Vec<u8>),
    /// Text of another media type.
    Text {
        content_type: &'static str,
        text: String,
    },
}

/// A response.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload,
    /// Whether the path exists.
    pub(crate) known: bool,
    /// The first error code, for the log.
    pub(crate) error_code: Option<String>,
    /// API calls to count in addition to the request itself.
    pub(crate) extra_calls: u64,
}

impl Reply {
    /// A JSON response.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, Payload::Json(body))
    }

    /// An object whose fields have this order.
    pub(crate) fn ordered(fields: &[(&str, Value)]) -> Self {
        let member = |(name, value): &(&str, Value)| format!("\"{name}\":{value}");
        let members: Vec<String> = fields.iter().map(member).collect();
        Self::rendered(format!("{{{}}}", members.join(",")).into_bytes())
    }

    /// A response of serialized JSON.
    pub(crate) fn rendered(body: Vec<u8>) -> Self {
        Self::new(200, Payload::Rendered(body))
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::new(204, Payload::Empty)
    }

    /// A response of another media type.
    pub(crate) fn text(status: u16, content_type: &'static str, text: String) -> Self {
        Self::new(status, Payload::Text { content_type, text })
    }

    /// A response without body.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Payload::Empty)
    }

    /// 404 for an unknown path.
    pub(crate) fn unknown_path() -> Self {
        let mut reply = Self::from(OrgError::no_such_resource());
        reply.known = false;
        reply
    }

    /// 405.
    pub(crate) fn method_not_allowed(method: &str, allowed: &str) -> Self {
        OrgError::new(
            405,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{method}' not allowed. Allowed are {allowed}"),
        )
        .into()
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the error code for the log.
    pub(crate) fn with_error_code(mut self, code: &str) -> Self {
        self.error_code = Some(code.to_owned());
        self
    }

    /// Returns the body as JSON to embed in another response; null if there is none.
    pub(crate) fn into_value(self) -> Value {
        match self.payload {
            Payload::Empty => Value::Null,
            Payload::Json(value) => value,
            Payload::Rendered(bytes) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            Payload::Text { text, .. } => Value::String(text),
        }
    }

    /// Returns the same as text.
    pub(crate) fn into_json(self) -> Vec<u8> {
        match self.payload {
            Payload::Rendered(bytes) => bytes,
            _ => self.into_value().to_string().into_bytes(),
        }
    }

    fn new(status: u16, payload: Payload) -> Self {
        Self {
            status,
            headers: Vec::new(),
            payload,
            known: true,
            error_code: None,
            extra_calls: 0,
        }
    }
}

impl From<OrgError> for Reply {
    fn from(error: OrgError) -> Self {
        let code = error.code.clone();
        Self::json(error.http, error.to_body()).with_error_code(&code)
    }
}

impl From<Result<Reply, OrgError>> for Reply {
    fn from(result: Result<Reply, OrgError>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

//! One answer as the handlers make it, before faults, compression and the limit header.

use serde_json::Value;

use crate::org::OrgError;

/// The body of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// No body.
    Empty,
    /// JSON that can still be looked into.
    Json(Value),
    /// JSON that was rendered where it arose.
    Rendered(Vec<u8>),
    /// Anything else.
    Text {
        content_type: &'static str,
        text: String,
    },
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload,
    /// False if the org has no such path.
    pub(crate) known: bool,
    /// The first error code, for the log.
    pub(crate) error_code: Option<String>,
    /// Calls that this request counts beyond its own.
    pub(crate) extra_calls: u64,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, Payload::Json(body))
    }

    /// A JSON answer that is rendered already.
    pub(crate) fn rendered(body: Vec<u8>) -> Self {
        Self::new(200, Payload::Rendered(body))
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::new(204, Payload::Empty)
    }

    /// An answer with another media type.
    pub(crate) fn text(status: u16, content_type: &'static str, text: String) -> Self {
        Self::new(status, Payload::Text { content_type, text })
    }

    /// An answer without body.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Payload::Empty)
    }

    /// 404 for a path that the org does not have.
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

    /// The error code that goes into the log.
    pub(crate) fn with_error_code(mut self, code: &str) -> Self {
        self.error_code = Some(code.to_owned());
        self
    }

    /// The body as JSON, for embedding into another answer; null if there is none.
    pub(crate) fn into_value(self) -> Value {
        match self.payload {
            Payload::Empty => Value::Null,
            Payload::Json(value) => value,
            Payload::Rendered(bytes) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            Payload::Text { text, .. } => Value::String(text),
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

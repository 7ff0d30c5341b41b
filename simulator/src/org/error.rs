//! What an org says when it refuses: a code, a sentence, the fields at fault, an HTTP status.

use serde_json::{Value, json};

use super::settings::Blocker;
use super::table::TableError;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct OrgError {
    /// The HTTP status of a request that fails so.
    pub http: u16,
    /// `errorCode`, or `statusCode` in collections.
    pub code: String,
    /// `message`.
    pub message: String,
    /// `fields`; left out of REST errors that have none.
    pub fields: Option<Vec<String>>,
    /// Further errors of the same request.
    pub others: Vec<OrgError>,
}

impl OrgError {
    /// A refusal without fields.
    #[must_use]
    pub fn new(http: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            http,
            code: code.into(),
            message: message.into(),
            fields: None,
            others: Vec::new(),
        }
    }

    /// A refusal of DML: 400 with a list of fields, which may be empty.
    #[must_use]
    pub fn dml(code: &str, message: impl Into<String>, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        Self {
            http: 400,
            code: code.into(),
            message: message.into(),
            fields: Some(fields),
            others: Vec::new(),
        }
    }

    /// Several errors of one request, in order.
    #[must_use]
    pub fn several(http: u16, errors: Vec<Blocker>) -> Self {
        let mut errors = errors.into_iter().map(|error| Self {
            http,
            code: error.code,
            message: error.message,
            fields: Some(error.fields),
            others: Vec::new(),
        });
        let first = errors.next();
        let mut first = first.unwrap_or_else(|| {
            Self::new(http, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
        });
        first.others = errors.collect();
        first
    }

    /// Somebody else holds the record.
    #[must_use]
    pub fn locked_row() -> Self {
        let text = "unable to obtain exclusive access to this record or 1 records";
        Self::dml("UNABLE_TO_LOCK_ROW", text, &[])
    }

    /// 404 for a resource that does not exist.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// 404 for a record that never was.
    #[must_use]
    pub fn no_such_record(key: &str) -> Self {
        Self::new(
            404,
            "NOT_FOUND",
            format!("Provided external ID field does not exist or is not accessible: {key}"),
        )
    }

    /// 404 for a record that was deleted.
    #[must_use]
    pub fn record_is_deleted() -> Self {
        let mut error = Self::dml("ENTITY_IS_DELETED", "entity is deleted", &[]);
        error.http = 404;
        error
    }

    /// The user may not touch this record.
    #[must_use]
    pub fn no_access() -> Self {
        let text = "insufficient access rights on object id";
        Self::dml("INSUFFICIENT_ACCESS_OR_READONLY", text, &[])
    }

    /// The array of a REST error body.
    #[must_use]
    pub fn to_body(&self) -> Value {
        self.all().map(Self::to_rest_error).collect()
    }

    /// The `errors` of one record's result in a collection.
    #[must_use]
    pub fn to_record_errors(&self) -> Value {
        self.all().map(Self::to_record_error).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    fn to_rest_error(&self) -> Value {
        match &self.fields {
            Some(fields) => {
                json!({"message": self.message, "errorCode": self.code, "fields": fields})
            }
            None => json!({"message": self.message, "errorCode": self.code}),
        }
    }

    /// Two codes differ from REST.
    fn to_record_error(&self) -> Value {
        let (code, message) = match self.code.as_str() {
            "NOT_FOUND" => ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
            code => (code, self.message.as_str()),
        };
        let fields = self.fields.clone().unwrap_or_default();
        json!({"statusCode": code, "message": message, "fields": fields})
    }
}

/// A failure of the store that the rules should have made impossible.
impl From<TableError> for OrgError {
    fn from(error: TableError) -> Self {
        tracing::error!(%error, "the simulator's rules let a wrong write through");
        Self::new(
            500,
            "UNKNOWN_EXCEPTION",
            format!(
                "An unexpected error occurred. Please include this ErrorId if you contact support: \
                 12345-6789 (123456): {error}"
            ),
        )
    }
}

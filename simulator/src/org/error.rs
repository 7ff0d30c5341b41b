//! Errors that the org returns: code, message, fields and HTTP status.

use serde_json::{Value, json};

use super::settings::Blocker;
use super::table::TableError;

/// An error of the org.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct OrgError {
    /// HTTP status of the response.
    pub http: u16,
    /// `errorCode`, or `statusCode` in collections.
    pub code: String,
    /// `message`.
    pub message: String,
    /// `fields`; omitted from REST errors if `None`.
    pub fields: Option<Vec<String>>,
    /// Further errors of the same request.
    pub others: Vec<OrgError>,
}

impl OrgError {
    /// An error without fields.
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

    /// A DML error: 400 with a list of fields, which can be empty.
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

    /// The record is locked by another transaction.
    #[must_use]
    pub fn locked_row() -> Self {
        let text = "unable to obtain exclusive access to this record or 1 records";
        Self::dml("UNABLE_TO_LOCK_ROW", text, &[])
    }

    /// A restricted picklist does not have this value.
    #[must_use]
    pub fn bad_picklist_value(field: &str, label: &str, value: &str) -> Self {
        let text = format!("{label}: bad value for restricted picklist field: {value}");
        Self::dml("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, &[field])
    }

    /// The daily API limit is exceeded.
    #[must_use]
    pub fn daily_limit() -> Self {
        let text = "TotalRequests Limit exceeded.";
        Self::new(403, "REQUEST_LIMIT_EXCEEDED", text)
    }

    /// 400 for a locator that does not exist or has expired.
    #[must_use]
    pub fn unknown_locator() -> Self {
        Self::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    }

    /// 404 for a resource that does not exist.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// 404 for a record that never existed.
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

    /// An id of the right kind without a record: 400 in a reference, 404 as the record to write.
    #[must_use]
    pub fn invalid_cross_reference(http: u16) -> Self {
        let mut error = Self::dml("INVALID_CROSS_REFERENCE_KEY", CROSS_REFERENCE, &[]);
        error.http = http;
        error
    }

    /// The user may not read a record, or what it refers to.
    pub(crate) fn unreadable() -> Self {
        let text = "insufficient access rights on cross-reference id";
        Self::new(400, "INSUFFICIENT_ACCESS", text)
    }

    /// The user cannot write this record.
    #[must_use]
    pub fn no_access() -> Self {
        let text = "insufficient access rights on object id";
        Self::dml("INSUFFICIENT_ACCESS_OR_READONLY", text, &[])
    }

    /// Returns the error array of a REST response.
    #[must_use]
    pub fn to_body(&self) -> Value {
        self.all().map(Self::to_rest_error).collect()
    }

    /// Returns the `errors` of a record in a collection.
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

    /// Collections report missing records as invalid references.
    fn to_record_error(&self) -> Value {
        let (code, message) = match self.code.as_str() {
            "NOT_FOUND" => ("INVALID_CROSS_REFERENCE_KEY", CROSS_REFERENCE),
            code => (code, self.message.as_str()),
        };
        let fields = self.fields.clone().unwrap_or_default();
        json!({"statusCode": code, "message": message, "fields": fields})
    }
}

const CROSS_REFERENCE: &str = "invalid cross reference id";

/// A failure of the store that the checks should have prevented.
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

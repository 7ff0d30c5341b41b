//! A request to Salesforce, as a value.
//!
//! Must not know: hosts, tokens, retries.

use std::borrow::Cow;

use http::Method;
use serde::Serialize;

use crate::salesforce::{
    error::{Error, Operation, Result},
    measure,
};

/// A request below `/services/data/vNN.0`, or to an absolute path of the org.
///
/// Unless it is marked as idempotent, it is not retried if Salesforce may have executed it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) accept: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<Body>,
    pub(crate) operation: Operation,
    /// The word under which it is counted.
    pub(crate) object: &'static str,
    pub(crate) idempotent: bool,
    pub(crate) anonymous: bool,
}

/// Path of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Below the client's API version, without a leading slash.
    Versioned(String),
    /// From the root of the host.
    Absolute(String),
}

/// A body. `Debug` does not show it, because it may contain personal data or a secret.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) bytes: bytes::Bytes,
    pub(crate) content_type: &'static str,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

impl Request {
    /// A read, which is idempotent. `name` is for people, such as `describe User`.
    pub fn get(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::GET, path, name).idempotent()
    }

    /// A `POST`, which is not idempotent.
    pub fn post(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::POST, path, name)
    }

    /// A `PATCH`, which is not idempotent.
    pub fn patch(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path, name)
    }

    /// A `DELETE`, which is not idempotent.
    pub fn delete(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, name)
    }

    fn new(method: Method, path: impl Into<String>, name: impl Into<String>) -> Self {
        let write = method != Method::GET;
        Self {
            method,
            path: Path::Versioned(path.into()),
            query: Vec::new(),
            accept: "application/json",
            headers: Vec::new(),
            body: None,
            operation: Operation::new(name.into(), write),
            object: measure::NO_OBJECT,
            idempotent: false,
            anonymous: false,
        }
    }

    /// Marks the request as idempotent.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Marks a `POST` that only reads, such as a composite of queries.
    pub fn read_only(self) -> Self {
        self.not_a_write().idempotent()
    }

    /// Marks a request that changes no record, such as the start of a query job.
    pub(crate) fn not_a_write(mut self) -> Self {
        self.operation = Operation::new(self.operation.as_str().to_owned(), false);
        self
    }

    /// Counts the request as one for this object.
    pub(crate) fn about(mut self, object: &str) -> Self {
        self.object = measure::object(object);
        self
    }

    /// Counts the request as one that holds others.
    pub(crate) fn of_several(mut self) -> Self {
        self.object = measure::COMPOSITE;
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds query parameters that Salesforce chose.
    pub(crate) fn queries(
        mut self,
        parameters: impl IntoIterator<Item = (Cow<'static, str>, String)>,
    ) -> Self {
        self.query.extend(parameters);
        self
    }

    /// Asks for another type of answer than JSON.
    pub(crate) fn accept(mut self, media_type: &'static str) -> Self {
        self.accept = media_type;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body)
            .map_err(|_| Error::Invalid("the body cannot be written as JSON"))?;
        self.body = Some(Body {
            bytes: body.into(),
            content_type: "application/json",
        });
        Ok(self)
    }

    /// Sets the body of a form, which is encoded already.
    pub(crate) fn form(mut self, encoded: String) -> Self {
        self.body = Some(Body {
            bytes: encoded.into(),
            content_type: "application/x-www-form-urlencoded",
        });
        self
    }

    /// Makes the path absolute: it starts at the root of the host.
    pub(crate) fn absolute(mut self) -> Self {
        if let Path::Versioned(path) = self.path {
            self.path = Path::Absolute(path);
        }
        self
    }

    /// Sends the request without a session.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }
}

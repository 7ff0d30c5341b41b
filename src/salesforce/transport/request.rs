//! A request as a value: what is asked, before anything is sent.
//!
//! Must not know: hosts, tokens, retries.

use http::Method;
use serde::Serialize;

use crate::salesforce::error::{Error, Operation, Result};

/// One call below `/services/data/vNN.0`, or at an absolute path of the org.
///
/// Not idempotent unless it says so: only then is it sent again when nobody knows whether it was
/// carried out.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<Body>,
    pub(crate) operation: Operation,
    pub(crate) idempotent: bool,
    pub(crate) anonymous: bool,
}

/// Where it goes at the org's host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Below the client's API version, without a leading slash.
    Versioned(String),
    /// From the root of the host.
    Absolute(String),
}

/// A JSON body; it may hold personal data and is not shown.
#[derive(Clone)]
pub(crate) struct Body(pub(crate) bytes::Bytes);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Request {
    /// A read: idempotent. `name` is for people, such as `describe User`.
    pub fn get(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::GET, path, name).idempotent()
    }

    /// A write that is sent once.
    pub fn post(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::POST, path, name)
    }

    /// A write that is sent once.
    pub fn patch(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path, name)
    }

    /// A write that is sent once.
    pub fn delete(path: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, name)
    }

    fn new(method: Method, path: impl Into<String>, name: impl Into<String>) -> Self {
        let write = method != Method::GET;
        Self {
            method,
            path: Path::Versioned(path.into()),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            operation: Operation::new(name.into(), write),
            idempotent: false,
            anonymous: false,
        }
    }

    /// Says that doing it twice is the same as doing it once.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Says that a `POST` only reads (a composite of queries), so that it is never ambiguous.
    pub fn read_only(mut self) -> Self {
        self.operation = Operation::new(self.operation.as_str().to_owned(), false);
        self.idempotent()
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
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
        self.body = Some(Body(body.into()));
        Ok(self)
    }

    /// Leaves the API version out: `path` starts at the host's root.
    pub(crate) fn absolute(mut self) -> Self {
        if let Path::Versioned(path) = self.path {
            self.path = Path::Absolute(path);
        }
        self
    }

    /// Sends no token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }
}

//! The request log: one record for each request, in order of arrival.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// A request that the org received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The HTTP method, upper case.
    pub method: String,
    /// The path without the query string.
    pub path: String,
    /// The decoded SOQL, if the request was a query.
    pub soql: Option<String>,
    /// The object of the request, spelled as in the request.
    pub object: Option<String>,
    /// HTTP status of the answer; 0 if the connection was dropped.
    pub status: u16,
    /// Whether the request counted against the daily limit.
    pub api_call: bool,
    /// How many API calls it counted as. A batch counts each of its subrequests.
    pub cost: u64,
    /// Whether it was a sign-in (token request or SOAP login).
    pub login: bool,
    /// Whether the path exists.
    pub known: bool,
    /// Name of the injected fault.
    pub fault: Option<&'static str>,
    /// Error code of the answer, if it is a Salesforce error.
    pub error_code: Option<String>,
    /// When it arrived, by the org's clock.
    pub at: Timestamp,
}

/// The log of one simulator; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestLog {
    records: Arc<Mutex<Vec<RequestRecord>>>,
}

impl RequestLog {
    pub(crate) fn push(&self, record: RequestRecord) {
        self.lock().push(record);
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn fold<T>(&self, start: T, add: impl FnMut(T, &RequestRecord) -> T) -> T {
        self.lock().iter().fold(start, add)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RequestRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

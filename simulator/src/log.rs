//! What was asked of the org: one record per request, in the order of arrival.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// One request as the org saw it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The HTTP method, upper case.
    pub method: String,
    /// The path without the query string.
    pub path: String,
    /// The decoded SOQL, if the request was a query.
    pub soql: Option<String>,
    /// The object that the request is about, as the request spells it.
    pub object: Option<String>,
    /// The status that was answered; 0 if the connection was dropped instead.
    pub status: u16,
    /// Whether the request counted against the daily limit.
    pub api_call: bool,
    /// How many calls it counted (a batch counts each of its parts).
    pub cost: u64,
    /// Whether it was a sign-in (token request or SOAP login).
    pub login: bool,
    /// Whether the org knew the path.
    pub known: bool,
    /// The fault that the plan injected, by name.
    pub fault: Option<&'static str>,
    /// The error code of the answer, if it was an error of the org's own form.
    pub error_code: Option<String>,
    /// The org's time.
    pub at: Timestamp,
}

/// The records of one simulator; clones share them.
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

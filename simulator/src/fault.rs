//! The fault plan: which requests fail, and how.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::org::settings::Blocker;

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The request is not executed; the answer is a Salesforce error array with one entry.
    Status {
        /// HTTP status.
        http: u16,
        /// `errorCode`.
        code: String,
        /// `message`.
        message: String,
    },
    /// The request is not executed; the answer is an array of several errors.
    Errors {
        /// HTTP status.
        http: u16,
        /// The entries of the array, in order.
        errors: Vec<Blocker>,
    },
    /// The request is not executed; the answer has this body, for example an HTML page.
    Http {
        /// HTTP status.
        status: u16,
        /// The body.
        body: String,
        /// `Content-Type`.
        content_type: String,
    },
    /// The request is answered normally after this delay.
    Latency(Duration),
    /// The connection is closed and the request is not executed.
    DropBefore,
    /// The request is executed and the connection is closed without an answer.
    DropAfter,
    /// The request is executed and the answer is this error.
    ErrorAfter {
        /// HTTP status.
        http: u16,
        /// `errorCode`.
        code: String,
        /// `message`.
        message: String,
    },
    /// 401 `INVALID_SESSION_ID`; the session of the request ends.
    ExpireSession,
    /// The query is executed; one value in its answer is replaced. An answer without that row is
    /// not changed.
    Cell {
        /// Which row of the page, counted from 0.
        row: usize,
        /// The column. A dotted path (`Profile.Name`) names a column of a parent.
        column: String,
        /// The new value, of any JSON type.
        value: Value,
    },
    /// The request is executed; the connection breaks in the middle of the answer.
    TruncatedBody,
    /// The request is executed; CSV in its answer ends in the middle of a row, although the answer
    /// is complete. Other answers are not changed.
    ShortCsv,
    /// The request is executed; the bulk job that it creates fails at its end.
    BulkJobFails,
    /// The request is executed; the answer has status 200 and a body that is not JSON.
    GarbageBody,
    /// 400 `UNABLE_TO_LOCK_ROW`; nothing is executed.
    LockRow,
    /// 400 `INVALID_QUERY_LOCATOR`; nothing is executed.
    QueryLocatorInvalid,
    /// 403 `REQUEST_LIMIT_EXCEEDED` for concurrent requests; nothing is executed.
    ConcurrentLimit,
}

impl Fault {
    /// 503 `SERVER_UNAVAILABLE`; nothing is executed.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Status {
            http: 503,
            code: "SERVER_UNAVAILABLE".into(),
            message: "The server is temporarily unavailable. Please try again later.".into(),
        }
    }

    /// A Salesforce error; nothing is executed.
    #[must_use]
    pub fn status(http: u16, code: &str, message: &str) -> Self {
        Self::Status {
            http,
            code: code.into(),
            message: message.into(),
        }
    }

    /// The request is executed, then answered with a Salesforce error.
    #[must_use]
    pub fn error_after(http: u16, code: &str, message: &str) -> Self {
        Self::ErrorAfter {
            http,
            code: code.into(),
            message: message.into(),
        }
    }

    /// Several Salesforce errors; nothing is executed.
    #[must_use]
    pub fn errors(http: u16, errors: impl IntoIterator<Item = Blocker>) -> Self {
        Self::Errors {
            http,
            errors: errors.into_iter().collect(),
        }
    }

    /// The query is executed, and one value in its answer is null.
    #[must_use]
    pub fn null_cell(row: usize, column: &str) -> Self {
        Self::Cell {
            row,
            column: column.into(),
            value: Value::Null,
        }
    }

    /// An HTML error page, as Salesforce's edge servers send it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Http {
            status,
            body: format!(
                "<html><head><title>{status}</title></head><body>Service Not Available</body></html>"
            ),
            content_type: "text/html; charset=UTF-8".into(),
        }
    }

    /// A mix of faults for [`FaultPlan::every`].
    #[must_use]
    pub fn mixture() -> Vec<Self> {
        vec![
            Self::unavailable(),
            Self::DropBefore,
            Self::LockRow,
            Self::ExpireSession,
            Self::QueryLocatorInvalid,
        ]
    }

    /// A short name for the request log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Errors { .. } => "errors",
            Self::Cell { .. } => "cell",
            Self::Http { .. } => "http",
            Self::Latency(_) => "latency",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::ErrorAfter { .. } => "error-after",
            Self::ExpireSession => "expire-session",
            Self::TruncatedBody => "truncated-body",
            Self::ShortCsv => "short-csv",
            Self::BulkJobFails => "bulk-job-fails",
            Self::GarbageBody => "garbage-body",
            Self::LockRow => "lock-row",
            Self::QueryLocatorInvalid => "query-locator-invalid",
            Self::ConcurrentLimit => "concurrent-limit",
        }
    }
}

/// Selects requests. All conditions that are set must match.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    method: Option<String>,
    path: Option<String>,
    object: Option<String>,
    soql: Option<String>,
    write: Option<bool>,
    login: Option<bool>,
}

impl Matcher {
    /// Every request, including sign-ins and the list of versions.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Every REST request except sign-ins.
    #[must_use]
    pub fn api() -> Self {
        Self {
            login: Some(false),
            ..Self::default()
        }
    }

    /// Sign-ins: token requests and SOAP logins.
    #[must_use]
    pub fn logins() -> Self {
        Self {
            login: Some(true),
            ..Self::default()
        }
    }

    /// Requests that write records.
    #[must_use]
    pub fn writes() -> Self {
        Self {
            write: Some(true),
            ..Self::api()
        }
    }

    /// Requests that write records of this object.
    #[must_use]
    pub fn writes_to(object: &str) -> Self {
        Self::writes().object(object)
    }

    /// Requests that read.
    #[must_use]
    pub fn reads() -> Self {
        Self {
            write: Some(false),
            ..Self::api()
        }
    }

    /// Queries of this object over REST: first and later pages.
    #[must_use]
    pub fn queries_of(object: &str) -> Self {
        // Behind the version, not behind `/jobs`.
        Self::reads().path(".0/query").object(object)
    }

    /// Requests for bulk query jobs of this object. Narrow it to a method for creates (`POST`),
    /// aborts (`PATCH`) and deletes (`DELETE`).
    #[must_use]
    pub fn bulk_jobs_of(object: &str) -> Self {
        Self::reads().path("/jobs/query").object(object)
    }

    /// Pages of results of bulk query jobs of this object.
    #[must_use]
    pub fn bulk_results_of(object: &str) -> Self {
        Self::reads().path("/results").object(object)
    }

    /// Narrows to a method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Narrows to paths that contain this text.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.into());
        self
    }

    /// Narrows to an object (case-insensitive).
    #[must_use]
    pub fn object(mut self, object: &str) -> Self {
        self.object = Some(object.into());
        self
    }

    /// Narrows to queries whose SOQL contains this text.
    #[must_use]
    pub fn soql(mut self, part: &str) -> Self {
        self.soql = Some(part.into());
        self
    }

    fn matches(&self, probe: &Probe<'_>) -> bool {
        self.method
            .as_deref()
            .is_none_or(|wanted| wanted == probe.method)
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| probe.path.contains(wanted))
            && self
                .soql
                .as_deref()
                .is_none_or(|w| probe.soql.is_some_and(|s| s.contains(w)))
            && self.write.is_none_or(|wanted| wanted == probe.write)
            && self.login.is_none_or(|wanted| wanted == probe.login)
            && self.object.as_deref().is_none_or(|wanted| {
                probe
                    .objects
                    .iter()
                    .any(|object| object.eq_ignore_ascii_case(wanted))
            })
    }
}

/// The properties of a request that a matcher compares.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) soql: Option<&'a str>,
    pub(crate) objects: &'a [String],
    pub(crate) write: bool,
    pub(crate) login: bool,
}

/// The planned faults; clones share the plan.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    inner: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Planned>,
    every: Vec<Cycle>,
    injected: u64,
}

#[derive(Debug)]
struct Planned {
    left: u64,
    matcher: Matcher,
    fault: Fault,
}

#[derive(Debug)]
struct Cycle {
    period: u64,
    matcher: Matcher,
    faults: Vec<Fault>,
    seen: u64,
}

impl FaultPlan {
    /// Makes the next `n` matching requests fail.
    pub fn next(&self, n: u64, matcher: Matcher, fault: Fault) {
        self.lock().next.push_back(Planned {
            left: n,
            matcher,
            fault,
        });
    }

    /// Makes every `k`th REST request fail, cycling through the faults.
    pub fn every(&self, k: u64, faults: impl IntoIterator<Item = Fault>) {
        self.every_matching(k, Matcher::api(), faults);
    }

    /// Makes every `k`th matching request fail, cycling through the faults.
    pub fn every_matching(
        &self,
        k: u64,
        matcher: Matcher,
        faults: impl IntoIterator<Item = Fault>,
    ) {
        let faults = faults.into_iter().collect();
        self.lock().every.push(Cycle {
            period: k.max(1),
            matcher,
            faults,
            seen: 0,
        });
    }

    /// Removes every planned fault.
    pub fn clear(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.every.clear();
    }

    /// Returns how many faults were injected so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    /// Returns how many faults planned by [`FaultPlan::next`] are still to come.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.lock().next.iter().map(|planned| planned.left).sum()
    }

    pub(crate) fn take(&self, probe: &Probe<'_>) -> Option<Fault> {
        let mut plan = self.lock();
        let fault = plan.take_next(probe).or_else(|| plan.take_cycle(probe));
        plan.injected += u64::from(fault.is_some());
        fault
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn take_next(&mut self, probe: &Probe<'_>) -> Option<Fault> {
        let planned = self
            .next
            .iter_mut()
            .find(|planned| planned.left > 0 && planned.matcher.matches(probe))?;
        planned.left -= 1;
        let fault = planned.fault.clone();
        self.next.retain(|planned| planned.left > 0);
        Some(fault)
    }

    fn take_cycle(&mut self, probe: &Probe<'_>) -> Option<Fault> {
        let mut chosen = None;
        for cycle in self
            .every
            .iter_mut()
            .filter(|cycle| cycle.matcher.matches(probe))
        {
            cycle.seen += 1;
            let kinds = u64::try_from(cycle.faults.len()).unwrap_or(0);
            if chosen.is_none() && kinds > 0 && cycle.seen.is_multiple_of(cycle.period) {
                let turn = (cycle.seen / cycle.period - 1) % kinds;
                chosen = cycle
                    .faults
                    .get(usize::try_from(turn).unwrap_or(0))
                    .cloned();
            }
        }
        chosen
    }
}

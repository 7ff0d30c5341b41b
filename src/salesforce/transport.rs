//! Sends requests, and retries them.
//!
//! Whether a failure may be retried depends on Salesforce's error code in the body, so this is one
//! function instead of a stack of layers. Signing in is part of an attempt.
//! Must not know: objects, queries, or what a value means.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use backon::Retryable as _;
use http::{HeaderName, header};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio::{sync::Semaphore, time::Instant};
use tracing::{Instrument as _, Span};
use url::Url;

mod decode;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use self::decode::Json;
pub(super) use self::decode::{FromBody, decode};
pub(crate) use self::request::Path;
pub use self::request::Request;
pub(crate) use self::stream::Stream;
use super::{
    answer::{BodyError, Head, date, header_text, read_bounded},
    api_version::ApiVersion,
    attempts::Attempts,
    auth::{AccessToken, TokenCache},
    error::{ApiError, Error, Flaw, Operation, Result},
    limits::Quota,
    measure,
    obstacle::NoAnswer,
    retry::{Recovery, RetryBudget, RetryPolicy},
};
use crate::{metrics::Upstream, trace};

const LIMIT_INFO: HeaderName = HeaderName::from_static("sforce-limit-info");
const CALL_OPTIONS: HeaderName = HeaderName::from_static("sforce-call-options");

/// Maximum size of an error body. A larger one does not come from an API.
const MAX_REFUSAL: usize = 1024 * 1024;

/// After this time the last known quota is outdated, and a call may be sent to learn the new one.
const QUOTA_LIFE: Duration = Duration::from_mins(5);

/// Result of a call, and its cost.
#[derive(Clone, Debug)]
#[must_use]
pub struct Response<T> {
    /// The result.
    pub value: T,
    /// The org's daily API calls, if the answer contains them.
    pub quota: Option<Quota>,
    /// Number of HTTP requests sent, including retries.
    pub calls: u32,
}

impl<T> Response<T> {
    /// Converts the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            quota: self.quota,
            calls: self.calls,
        }
    }

    /// Converts the value with a function that may fail.
    pub fn try_map<U>(self, change: impl FnOnce(T) -> Result<U>) -> Result<Response<U>> {
        let made = Attempts {
            calls: self.calls,
            ..Attempts::default()
        };
        Ok(Response {
            value: change(self.value).map_err(|error| error.with_attempts(made))?,
            quota: self.quota,
            calls: self.calls,
        })
    }
}

/// Configuration of the transport.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) http: reqwest::Client,
    pub(crate) host: Url,
    pub(crate) version: ApiVersion,
    pub(crate) tokens: TokenCache,
    pub(crate) retry: RetryPolicy,
    pub(crate) concurrency: usize,
    pub(crate) max_response: usize,
    pub(crate) api_reserve: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) metrics: Upstream,
}

#[derive(Debug)]
pub(crate) struct Transport {
    setup: Setup,
    permits: Semaphore,
    sent: AtomicU64,
    /// Used to keep the reserve; each answer has its own quota.
    last_quota: Mutex<Option<(Quota, Instant)>>,
    /// The time of the last answer by the server's clock, and when it came.
    server_time: parking_lot::Mutex<Option<(Timestamp, std::time::Instant)>>,
}

impl Transport {
    pub(crate) fn new(setup: Setup) -> Self {
        let permits = Semaphore::new(setup.concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            setup,
            permits,
            sent: AtomicU64::new(0),
            last_quota: Mutex::new(None),
            server_time: parking_lot::Mutex::new(None),
        }
    }

    /// The time by the server's clock; `None` until an answer told it. Our own clock may be set
    /// meanwhile.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        let (time, since) = (*self.server_time.lock())?;
        time.checked_add(since.elapsed()).ok()
    }

    /// Number of HTTP requests sent since the start, excluding logins.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.setup.version
    }

    /// Signs in, unless there is a session.
    pub(crate) async fn login(&self) -> Result<Arc<AccessToken>> {
        self.setup.tokens.token().await.map_err(Error::Auth)
    }

    pub(crate) async fn settle(&self) {
        self.setup.tokens.settle().await;
    }

    /// Sends a request, and reads its answer. Sends it again if that is safe and may succeed.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<Response<T>> {
        let answer = self.send_kept::<Json<T>>(request).await?;
        Ok(answer.map(|body| body.0))
    }

    /// The same for a value that keeps its body.
    pub(super) async fn send_kept<T: FromBody>(&self, request: &Request) -> Result<Response<T>> {
        Ok(self.carry::<Held<T>>(request).await?.map(|body| body.0))
    }

    /// The same, but the body of the answer is left to the caller.
    pub(crate) async fn open(&self, request: &Request) -> Result<Response<Stream>> {
        self.carry(request).await
    }

    async fn carry<T: Taken>(&self, request: &Request) -> Result<Response<T>> {
        self.refuse_unsent(request)?;
        let calls = AtomicU32::new(0);
        let mut budget = RetryBudget::new(&self.setup.retry, request.idempotent);
        let outcome = (|| self.attempt(request, &calls))
            .retry(budget.backoff())
            .when(|error| self.may_repeat(request, error, &mut budget))
            .adjust(RetryBudget::wait)
            .await;
        let calls = calls.into_inner();
        match outcome {
            Ok((value, quota)) => Ok(Response {
                value,
                quota,
                calls,
            }),
            Err(error) => {
                let attempts = Attempts {
                    calls,
                    exhausted: budget.is_exhausted(),
                    wait_too_long: budget.is_wait_too_long(&error),
                };
                Err(error.with_attempts(attempts))
            }
        }
    }

    async fn attempt<T: Taken>(
        &self,
        request: &Request,
        calls: &AtomicU32,
    ) -> Result<(T, Option<Quota>)> {
        let token = if request.anonymous {
            None
        } else {
            Some(self.login().await?)
        };
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| Error::Invalid("the client is closed"))?;
        let call = self.build(request, token.as_deref())?;
        let span = trace::request(method_name(&request.method), request.object);
        let outcome = self.exchange(request, call).instrument(span.clone()).await;
        let word = measure::outcome(&outcome);
        trace::end(&span, word, outcome.is_ok());
        self.setup.metrics.request(request.object, word);
        if !matches!(outcome, Err(Error::NotSent { .. })) {
            calls.fetch_add(1, Ordering::Relaxed);
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        match (&outcome, &token) {
            (Err(error), Some(token)) if error.is_session_expired() => {
                self.setup.tokens.discard(token).await;
            }
            // Also a refusal is an answer to somebody whom Salesforce knows.
            (Ok(_) | Err(Error::Api { .. }), Some(token)) => token.was_useful(),
            _ => {}
        }
        outcome
    }

    fn may_repeat(&self, request: &Request, error: &Error, budget: &mut RetryBudget) -> bool {
        if !budget.allows(error) {
            return false;
        }
        if let Some(recovery) = Recovery::of(error, request.idempotent) {
            self.setup.metrics.retry(measure::reason(recovery));
        }
        true
    }

    async fn exchange<T: Taken>(
        &self,
        request: &Request,
        call: reqwest::RequestBuilder,
    ) -> Result<(T, Option<Quota>)> {
        let operation = || request.operation.clone();
        let response = call
            .send()
            .await
            .map_err(|error| no_answer(request, error))?;
        let status = response.status();
        trace::status(&Span::current(), status.as_u16());
        let quota = header_text(response.headers(), &LIMIT_INFO).and_then(Quota::parse);
        self.remember(quota.as_ref());
        if status.is_success() {
            if let Some(time) = date(response.headers()) {
                *self.server_time.lock() = Some((time, std::time::Instant::now()));
            }
            let taken = T::take(response, operation(), self.setup.max_response).await?;
            return Ok((taken, quota));
        }
        let head = Head::of(&response);
        let body = match read_bounded(response, MAX_REFUSAL).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(limit)) => {
                let flaw = Flaw::TooLarge(limit);
                return Err(Error::unreadable(operation(), status.as_u16(), flaw));
            }
            // A refusal whose body was cut off is still a refusal.
            Err(BodyError::Lost(_)) => Vec::new(),
        };
        let answer = ApiError::new(head, &body, quota).of_scim(request.is_scim());
        Err(Error::refused(operation(), answer))
    }

    fn build(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
    ) -> Result<reqwest::RequestBuilder> {
        let host = token.map_or(&self.setup.host, AccessToken::instance);
        let url = url(host, self.setup.version, request)?;
        let mut call = self
            .setup
            .http
            .request(request.method.clone(), url)
            .header(header::ACCEPT, request.accept)
            .header(CALL_OPTIONS, "client=baton-salesforce");
        if let Some(token) = token {
            call = call.bearer_auth(token.secret());
        }
        for (name, value) in &request.headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = &request.body {
            call = call
                .header(header::CONTENT_TYPE, body.content_type)
                .body(body.bytes.clone());
        }
        Ok(call)
    }

    /// Rejects writes in a dry run, and any request if only the reserve is left.
    fn refuse_unsent(&self, request: &Request) -> Result<()> {
        if self.setup.dry_run && request.operation.is_write() {
            let (Path::Versioned(path) | Path::Absolute(path)) = request.path.clone();
            let operation = request.operation.clone();
            return Err(Error::DryRun {
                operation,
                method: method_name(&request.method),
                path,
            });
        }
        let Some(reserve) = self.setup.api_reserve else {
            return Ok(());
        };
        let last = self
            .last_quota
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((quota, heard)) if quota.remaining() < reserve && heard.elapsed() < QUOTA_LIFE => {
                Err(Error::ReserveReached {
                    used: quota.used,
                    limit: quota.limit,
                    reserve,
                })
            }
            _ => Ok(()),
        }
    }

    fn remember(&self, quota: Option<&Quota>) {
        if let Some(quota) = quota {
            let metrics = &self.setup.metrics;
            metrics.quota("org", quota.remaining(), quota.limit);
            if let Some(app) = &quota.per_app {
                metrics.quota("app", app.remaining(), app.limit);
            }
        }
        if let (Some(quota), Some(_)) = (quota, self.setup.api_reserve) {
            let mut last = self
                .last_quota
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *last = Some((quota.clone(), Instant::now()));
        }
    }
}

/// What is made of a successful answer.
trait Taken: Sized {
    /// `limit` is the maximum size of a body that is held, in bytes.
    fn take(
        response: reqwest::Response,
        operation: Operation,
        limit: usize,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// A body that is held.
struct Held<T>(T);

impl<T: FromBody> Taken for Held<T> {
    async fn take(response: reqwest::Response, operation: Operation, limit: usize) -> Result<Self> {
        let status = response.status().as_u16();
        let page = Head::of(&response).page;
        let body = match read_bounded(response, limit).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(limit)) => {
                return Err(Error::unreadable(operation, status, Flaw::TooLarge(limit)));
            }
            Err(BodyError::Lost(source)) => {
                let source = source.into();
                return Err(Error::Lost { operation, source });
            }
        };
        T::from_body(body.into()).map(Self).map_err(|flaw| {
            let flaw = match page {
                Some(_) if flaw == Flaw::NotJson => Flaw::Page,
                _ => flaw,
            };
            Error::unreadable(operation, status, flaw)
        })
    }
}

impl Taken for Stream {
    async fn take(response: reqwest::Response, operation: Operation, _: usize) -> Result<Self> {
        Ok(Self::new(response, operation))
    }
}

fn url(host: &Url, version: ApiVersion, request: &Request) -> Result<Url> {
    let path = match &request.path {
        Path::Versioned(path) => format!("/services/data/v{version}/{path}"),
        Path::Absolute(path) => path.clone(),
    };
    let is_plain = |part: &str| !matches!(part, "." | "..");
    let wanted = path.starts_with("/services/") && !path.contains(['?', '#', '\\', '%']);
    if !wanted || path.contains("//") || !path.split('/').all(is_plain) {
        return Err(Error::Invalid("the path is not one of Salesforce's"));
    }
    let mut url = host.clone();
    url.set_path(&path);
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(url)
}

/// If connecting fails, nothing was sent. After any other failure, Salesforce may have got the
/// request.
fn no_answer(request: &Request, error: reqwest::Error) -> Error {
    let operation = request.operation.clone();
    let (is_builder, is_connect) = (error.is_builder(), error.is_connect());
    let source = NoAnswer::from(error);
    if is_builder {
        Error::Invalid("the request cannot be built")
    } else if is_connect {
        Error::NotSent { operation, source }
    } else {
        Error::Lost { operation, source }
    }
}

fn method_name(method: &http::Method) -> &'static str {
    match *method {
        http::Method::POST => "POST",
        http::Method::PATCH => "PATCH",
        http::Method::DELETE => "DELETE",
        http::Method::PUT => "PUT",
        _ => "GET",
    }
}

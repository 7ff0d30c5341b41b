//! Handles one HTTP request: applies faults and limits, checks the session, counts API calls, and
//! writes the request log.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderValue, StatusCode};
use jiff::fmt::rfc2822;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use super::call::Call;
use super::reply::{Payload, Reply};
use super::request_info::RequestInfo;
use super::shared::Shared;
use super::{bulk, composite, rest, scim};
use crate::connection::CutHandle;
use crate::fault::Fault;
use crate::log::RequestRecord;
use crate::org::OrgError;
use crate::org::id::Id;

/// Maximum size of a request body.
const LARGEST_BODY: usize = 64 * 1024 * 1024;
/// Maximum length of the URI, and of the URI with the headers.
const LONGEST_URI: usize = 16_384;
/// Time for sending the first half of a truncated body.
const BEFORE_THE_CUT: Duration = Duration::from_millis(20);

/// Builds the HTTP service of a simulator.
pub(crate) fn service(shared: Arc<Shared>) -> IntoMakeServiceWithConnectInfo<Router, CutHandle> {
    Router::new()
        .fallback(
            move |ConnectInfo(cut_handle): ConnectInfo<CutHandle>, request: Request| {
                let shared = Arc::clone(&shared);
                async move { answer(&shared, &cut_handle, request).await }
            },
        )
        // Fast, because tests measure the client and not the compression.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(RequestDecompressionLayer::new())
        .into_make_service_with_connect_info::<CutHandle>()
}

async fn answer(shared: &Arc<Shared>, cut_handle: &CutHandle, request: Request) -> Response {
    let in_progress = shared.enter();
    let offset = shared.read().settings.clock_offset;
    shared.clock.set_offset(offset);
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let header_bytes: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let too_long = match target.len() {
        uri if uri > LONGEST_URI => Some(Reply::text(414, "text/html", uri_too_long())),
        uri if uri + header_bytes > LONGEST_URI => Some(Reply::empty(431)),
        _ => None,
    };
    // A client that disconnects while sending gets no answer.
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let call = Call::new(parts.method.as_str(), target, parts.headers, body);
    bulk::run_due_jobs(shared);
    let info = RequestInfo::of(shared, &call);
    let fault = shared.faults.take(&info.probe(&call));

    let mut pause = shared.read().settings.latency;
    if let Some(Fault::Latency(extra)) = fault {
        pause += extra;
    }
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let done = too_long.map_or_else(
        || execute(shared, &call, &info, fault.as_ref(), in_progress.count),
        |reply| Done { reply, cost: 0 },
    );
    let dropped = matches!(fault, Some(Fault::DropBefore | Fault::DropAfter));
    record(shared, &call, &info, fault.as_ref(), &done, dropped);
    if dropped {
        cut_handle.cut();
    }
    let limit = (done.cost > 0 || info.counts).then(|| limit_info(shared));
    let mut response = render(done.reply, limit, fault.as_ref());
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&shared.clock.now());
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// An answer and the number of API calls it counted as.
struct Done {
    reply: Reply,
    cost: u64,
}

fn execute(
    shared: &Shared,
    call: &Call,
    info: &RequestInfo,
    fault: Option<&Fault>,
    concurrent: usize,
) -> Done {
    if let Some(reply) = fault.and_then(|fault| instead(shared, call, fault)) {
        // Only requests that reached the org count as API calls.
        let counted = matches!(fault, Some(Fault::LockRow | Fault::QueryLocatorInvalid));
        let cost = u64::from(counted && info.counts);
        spend(shared, cost);
        return Done { reply, cost };
    }
    let done = run(shared, call, info, concurrent);
    match fault {
        Some(Fault::ErrorAfter {
            http,
            code,
            message,
        }) => {
            let reply = OrgError::new(*http, code, message.clone()).into();
            Done {
                reply,
                cost: done.cost,
            }
        }
        Some(Fault::Cell { row, column, value }) => Done {
            reply: with_cell(done.reply, *row, column, value),
            cost: done.cost,
        },
        Some(Fault::ShortCsv) => Done {
            reply: bulk::shortened(done.reply),
            cost: done.cost,
        },
        Some(Fault::BulkJobFails) => {
            bulk::doom(shared, &done.reply);
            done
        }
        _ => done,
    }
}

/// Replaces one value in a page of a query.
fn with_cell(mut reply: Reply, row: usize, column: &str, value: &Value) -> Reply {
    let mut page = reply.clone().into_value();
    let cell = page
        .get_mut("records")
        .and_then(|records| records.get_mut(row))
        .and_then(|record| {
            column
                .split('.')
                .try_fold(record, |at, name| at.get_mut(name))
        });
    if let Some(cell) = cell {
        *cell = value.clone();
        reply.payload = Payload::Json(page);
    }
    reply
}

fn run(shared: &Shared, call: &Call, info: &RequestInfo, concurrent: usize) -> Done {
    if !info.counts {
        return Done {
            reply: rest::open(shared, call),
            cost: 0,
        };
    }
    let user = match admit(shared, call, concurrent) {
        Ok(user) => user,
        Err(error) => {
            return Done {
                reply: error.into(),
                cost: 0,
            };
        }
    };
    spend(shared, 1);
    // A composite can be a transaction of several requests, so one that writes runs exclusively.
    let reply = if call.path.ends_with("/composite") && !composite::only_reads(call) {
        let _alone = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
        rest::handle(shared, call, &user)
    } else {
        let _with_others = shared.gate.read().unwrap_or_else(PoisonError::into_inner);
        if call.path.starts_with("/services/scim/") {
            scim::handle(shared, call, &user)
        } else {
            rest::handle(shared, call, &user)
        }
    };
    spend(shared, reply.extra_calls);
    Done {
        cost: 1 + reply.extra_calls,
        reply,
    }
}

/// Checks session and limits of a request. Returns the user's id.
fn admit(shared: &Shared, call: &Call, concurrent: usize) -> Result<String, OrgError> {
    let expired = || OrgError::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let header = call.header("authorization").unwrap_or("");
    let token = header
        .strip_prefix("Bearer ")
        .or_else(|| header.strip_prefix("OAuth "))
        .ok_or_else(expired)?;
    let user = shared.session_user(token).ok_or_else(expired)?;
    let org = shared.read();
    let settings = &org.settings;
    if !settings.api_enabled_for_org {
        let text = "The REST API is not enabled for this Organization.";
        return Err(OrgError::new(403, "API_DISABLED_FOR_ORG", text));
    }
    if !org
        .rights(Id::parse(&user).unwrap_or(Id::ZERO))
        .has("ApiEnabled")
    {
        let text = "This feature is not currently enabled for this user.";
        return Err(OrgError::new(403, "FUNCTIONALITY_NOT_ENABLED", text));
    }
    if shared.calls_used(&org) >= settings.daily_limit {
        return Err(OrgError::daily_limit());
    }
    if settings
        .concurrent_limit
        .is_some_and(|limit| concurrent > limit)
    {
        return Err(concurrent_limit());
    }
    Ok(user)
}

fn concurrent_limit() -> OrgError {
    let text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
    OrgError::new(403, "REQUEST_LIMIT_EXCEEDED", text)
}

fn spend(shared: &Shared, calls: u64) {
    shared
        .used
        .fetch_add(usize::try_from(calls).unwrap_or(0), Ordering::SeqCst);
}

/// Returns the answer of a fault that prevents execution.
fn instead(shared: &Shared, call: &Call, fault: &Fault) -> Option<Reply> {
    let error = match fault {
        Fault::Status {
            http,
            code,
            message,
        } => OrgError::new(*http, code, message.clone()),
        Fault::Errors { http, errors } => OrgError::several(*http, errors.clone()),
        Fault::Http {
            status,
            body,
            content_type,
        } => {
            let kind = if content_type.contains("html") {
                "text/html; charset=UTF-8"
            } else {
                "text/plain"
            };
            let reply = Reply::text(*status, kind, body.clone());
            return Some(reply.with_header("content-type", content_type.clone()));
        }
        Fault::ExpireSession => {
            let token = call
                .header("authorization")
                .and_then(|text| text.strip_prefix("Bearer "));
            shared.sessions().kill(token.unwrap_or(""));
            OrgError::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
        }
        Fault::LockRow => OrgError::locked_row(),
        Fault::QueryLocatorInvalid => OrgError::unknown_locator(),
        Fault::ConcurrentLimit => concurrent_limit(),
        Fault::DropBefore => return Some(Reply::empty(500)),
        Fault::Latency(_)
        | Fault::DropAfter
        | Fault::Cell { .. }
        | Fault::ErrorAfter { .. }
        | Fault::TruncatedBody
        | Fault::ShortCsv
        | Fault::BulkJobFails
        | Fault::GarbageBody => return None,
    };
    Some(error.into())
}

fn record(
    shared: &Shared,
    call: &Call,
    info: &RequestInfo,
    fault: Option<&Fault>,
    done: &Done,
    dropped: bool,
) {
    let unknown = !done.reply.known;
    if unknown {
        tracing::warn!(
            method = call.method,
            path = call.path,
            "no such path in an org"
        );
    }
    shared.log.push(RequestRecord {
        method: call.method.clone(),
        path: call.path.clone(),
        soql: info.soql.clone(),
        object: info.objects.first().cloned(),
        status: if dropped { 0 } else { done.reply.status },
        api_call: done.cost > 0,
        cost: done.cost,
        login: info.login,
        known: !unknown,
        fault: fault.map(Fault::name),
        error_code: done.reply.error_code.clone(),
        at: shared.clock.now(),
    });
}

fn limit_info(shared: &Shared) -> String {
    let org = shared.read();
    let used = shared.calls_used(&org);
    let whole = format!("api-usage={used}/{}", org.settings.daily_limit);
    match org.settings.per_app_limit {
        Some(limit) => {
            let own = used - org.settings.used_before.min(used);
            let name = &org.settings.client.name;
            format!("{whole}; per-app-api-usage={own}/{limit}(appName={name})")
        }
        None => whole,
    }
}

fn render(reply: Reply, limit: Option<String>, fault: Option<&Fault>) -> Response {
    let (content_type, mut bytes) = match reply.payload {
        Payload::Empty => (None, Bytes::new()),
        Payload::Json(value) => (Some(JSON), Bytes::from(value.to_string())),
        Payload::Rendered(bytes) => (Some(JSON), Bytes::from(bytes)),
        Payload::Text { content_type, text } => (Some(content_type), Bytes::from(text)),
    };
    let mut status = reply.status;
    if matches!(fault, Some(Fault::GarbageBody)) {
        bytes = Bytes::from_static(b"{\"totalSize\":3,\"done\":tr\x00\xff<html>");
        status = 200;
    }
    let whole = bytes.len();
    let body = if matches!(fault, Some(Fault::TruncatedBody)) {
        let half = bytes.slice(..whole / 2);
        let cut = std::io::Error::other("cut by the fault plan");
        let parts = tokio_stream::iter([Ok(half), Err(cut)]);
        // Without a pause the server discards the headers and the first half together with the error.
        Body::from_stream(parts.then(async |part| {
            if part.is_err() {
                tokio::time::sleep(BEFORE_THE_CUT).await;
            }
            part
        }))
    } else {
        Body::from(bytes)
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(kind) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if matches!(fault, Some(Fault::TruncatedBody)) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(whole));
    }
    for (name, text) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    if let Some(value) = limit.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert("sforce-limit-info", value);
    }
    response
}

const JSON: &str = "application/json;charset=UTF-8";

fn uri_too_long() -> String {
    json!("Request-URI Too Long").to_string()
}

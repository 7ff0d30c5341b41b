//! The spans of traces, and how a trace goes from one process to the next: as the header `traceparent`
//! of W3C Trace Context (<https://www.w3.org/TR/trace-context/>).
//!
//! Names and attributes are words of this program, never anything of an org. Without a collector
//! nobody listens to these spans, and they are not even made.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::{MetadataKey, MetadataMap};
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The target of all spans here. No log line is made of them.
pub(crate) const TARGET: &str = "trace";

/// Work with which a trace begins: a task of the platform, or what the command line asks for.
pub(crate) fn work(name: &'static str) -> Span {
    info_span!(
        target: TARGET, parent: None, "work",
        otel.name = name, otel.status_code = Empty, outcome = Empty,
    )
}

/// A call to the connector process, by the path of its method.
pub(crate) fn call(path: &'static str) -> Span {
    info_span!(
        target: TARGET, "call",
        otel.name = method(path), otel.kind = "client", otel.status_code = Empty,
        rpc.system = "grpc", outcome = Empty,
    )
}

/// A call that the connector process answers. It continues the trace of the caller, if there is one.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Span {
    let span = info_span!(
        target: TARGET, "answer",
        otel.name = method(path), otel.kind = "server", otel.status_code = Empty,
        rpc.system = "grpc", outcome = Empty,
    );
    if !span.is_disabled() {
        let context = TraceContextPropagator::new().extract(&Headers(headers));
        // It fails if the span is gone or has begun, and this one is new.
        let _ = span.set_parent(context);
    }
    span
}

/// A request to Salesforce.
pub(crate) fn request(method: &'static str, object: &'static str) -> Span {
    info_span!(
        target: TARGET, "request",
        otel.name = format!("{method} {object}"), otel.kind = "client", otel.status_code = Empty,
        http.request.method = method, http.response.status_code = Empty,
        sf.object = object, outcome = Empty,
    )
}

/// A sign-in to Salesforce.
pub(crate) fn sign_in() -> Span {
    info_span!(
        target: TARGET, "sign in",
        otel.kind = "client", otel.status_code = Empty, outcome = Empty,
    )
}

/// Notes how the work of a span ended.
pub(crate) fn end(span: &Span, outcome: &'static str, is_good: bool) {
    span.record("outcome", outcome);
    if !is_good {
        span.record("otel.status_code", "ERROR");
    }
}

/// Notes the status of the answer to a request.
pub(crate) fn status(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
}

/// Tells the callee which trace the current work belongs to.
pub(crate) fn inject(metadata: &mut MetadataMap) {
    TraceContextPropagator::new().inject_context(&Context::current(), &mut Metadata(metadata));
}

/// Work for a task of its own that belongs to the current trace, and whose log lines have the fields
/// of the current call.
pub(crate) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    // The current span may be one that only the log knows.
    work.with_current_context().in_current_span()
}

/// A gRPC code as a label or an attribute.
pub(crate) fn code(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::Ok => "ok",
        Code::Cancelled => "cancelled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}

/// `ResourcesService/ListResources`
fn method(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    let service = path.split('/').next().unwrap_or_default();
    let package = service.rfind('.').map_or(0, |dot| dot + 1);
    path.get(package..).unwrap_or(path)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Metadata<'a>(&'a mut MetadataMap);

impl Injector for Metadata<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (MetadataKey::from_bytes(key.as_bytes()), value.parse()) {
            self.0.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_without_its_package() {
        let path = "/c1.connector.v2.ResourcesService/ListResources";
        assert_eq!(method(path), "ResourcesService/ListResources");
        assert_eq!(method("nonsense"), "nonsense");
        assert_eq!(method(""), "");
    }
}

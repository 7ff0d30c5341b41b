//! The layers around every call: a request id, a log line, and panic recovery.

use std::any::Any;
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{HeaderMap, Request, Response};
use ksuid::{Ksuid, KsuidLike};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};
use tracing::{Instrument, Span};

use super::malformed::Malformed;
use super::runs::panic_message;
use crate::pb::FILE_DESCRIPTOR_SET;
use crate::trace;

/// The metadata in which a caller may name its request.
const REQUEST_ID: &str = "x-request-id";
const LONGEST_ID: usize = 128;

/// The layer for a server of [`super::Services`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Edge;

impl<S> Layer<S> for Edge {
    type Service = Traced<CatchPanic<Malformed<S>, Answer>>;

    fn layer(&self, inner: S) -> Self::Service {
        Traced {
            inner: CatchPanic::custom(Malformed::new(inner), Answer),
        }
    }
}

/// The answer to a call whose handler panicked; the process lives on.
#[derive(Clone, Copy, Debug)]
pub struct Answer;

impl ResponseForPanic for Answer {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send>) -> Response<Body> {
        tracing::error!(panic = panic_message(panic.as_ref()), "a call panicked");
        Status::internal("Internal Server Error").into_http()
    }
}

/// A service that logs each call once.
#[derive(Clone, Debug)]
pub struct Traced<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Traced<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path().to_owned();
        // At the highest level: whichever lines the log lets through have the id.
        let span = tracing::error_span!("call", request_id = request_id(request.headers()));
        let began = Instant::now();
        let traced = traced(&path, request.headers());
        let call = traced.in_scope(|| span.in_scope(|| self.inner.call(request)));
        let ended = traced.clone();
        let logged = async move {
            let response = call.await?;
            let status = Status::from_header_map(response.headers());
            log(&path, began, status.as_ref());
            let code = status.as_ref().map_or(Code::Ok, Status::code);
            trace::end(&ended, trace::code(code), code == Code::Ok);
            Ok(response)
        };
        Box::pin(logged.instrument(span).instrument(traced))
    }
}

/// The span of a call, for traces. Calls of other methods than ours have none: their names are the
/// caller's. Those about the rate limit do nothing that anybody would look for.
fn traced(path: &str, headers: &HeaderMap) -> Span {
    static METHODS: LazyLock<HashSet<String>> = LazyLock::new(methods);
    if path.starts_with("/c1.connector.v2.") && METHODS.contains(path) {
        trace::answer(path, headers)
    } else {
        Span::none()
    }
}

/// The paths of all methods in `proto/`.
fn methods() -> HashSet<String> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
    let mut paths = HashSet::new();
    for file in files.file {
        for service in &file.service {
            let methods = service.method.iter();
            paths.extend(
                methods.map(|method| {
                    format!("/{}.{}/{}", file.package(), service.name(), method.name())
                }),
            );
        }
    }
    paths
}

/// The id that the caller gave the request, if it can stand in a log; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .filter(|id| (1..=LONGEST_ID).contains(&id.len()))
        .filter(|id| {
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        })
        .map_or_else(|| Ksuid::now(None).to_string(), str::to_owned)
}

/// A unary call that failed says so in the headers; without a status there, it went well.
fn log(path: &str, began: Instant, status: Option<&Status>) {
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or(("", path));
    let code = status.map_or(Code::Ok, Status::code);
    let error = status.map(Status::message).unwrap_or_default();
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    macro_rules! line {
        ($level:ident, $($field:tt)*) => {
            tracing::$level!(
                grpc.service = service, grpc.method = method, duration_ms, code = ?code, $($field)*
            )
        };
    }
    match code {
        Code::Ok | Code::Cancelled => line!(debug, "call"),
        // Somebody should look at these.
        Code::Internal | Code::Unknown | Code::DataLoss => line!(error, error, "call failed"),
        // The caller has the reason and tells it, on the same stderr if it is our own host.
        _ => line!(debug, error, "call refused"),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("deploy-7.user_3", true; "a plain one")]
    #[test_case("", false; "none")]
    #[test_case("two words", false; "a space")]
    #[test_case("ann@example.com", false; "an address")]
    #[test_case(&"a".repeat(129), false; "a long one")]
    fn the_callers_id_is_taken_if_it_can_stand_in_a_log(id: &str, is_taken: bool) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = id.parse() {
            headers.insert(REQUEST_ID, value);
        }
        let found = request_id(&headers);
        assert_eq!(found == id, is_taken);
        assert!(!found.is_empty());
    }
}

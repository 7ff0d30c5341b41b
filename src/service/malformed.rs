//! Requests that cannot be decoded are the caller's fault.
//!
//! tonic answers `Internal` to them: to bytes that are no message, to strings that are not UTF-8, to
//! messages nested too deeply or compressed in a wrong way. Callers would take that for a fault of
//! the connector, and it would be logged as one.

use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use crate::wire::ByHandler;

/// A service that answers `InvalidArgument` to requests that cannot be decoded.
#[derive(Clone, Debug)]
pub struct Malformed<S> {
    inner: S,
}

impl<S> Malformed<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<B>> for Malformed<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = self.inner.call(request);
        Box::pin(async move {
            let response = call.await?;
            let undecoded = response
                .extensions()
                .get::<Status>()
                .filter(|status| status.code() == Code::Internal && !is_by_handler(status));
            Ok(match undecoded {
                Some(status) => {
                    let message = format!("the request cannot be decoded: {}", status.message());
                    Status::invalid_argument(message).into_http()
                }
                None => response,
            })
        })
    }
}

fn is_by_handler(status: &Status) -> bool {
    status
        .source()
        .is_some_and(<dyn std::error::Error>::is::<ByHandler>)
}

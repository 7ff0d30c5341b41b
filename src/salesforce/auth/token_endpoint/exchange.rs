//! One HTTP exchange for the `oauth2` crate. Remembers what that crate forgets: the head of the
//! answer, and whether the credentials were sent.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{
    Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body::{Body, Frame, SizeHint};
use oauth2::{HttpRequest, HttpResponse, RequestTokenError, basic::BasicErrorResponse};
use url::Url;

use super::{
    Outcome,
    answer::{Failed, is_active, normalized},
};
use crate::salesforce::{
    answer::{Head, read_bounded},
    auth::AuthError,
};

/// A token answer is small; anything larger is not one.
const MAX_ANSWER: usize = 64 * 1024;

/// Runs when the connection stands, before the first byte of the body. The body is sent only if it
/// succeeds.
pub(in super::super) type Departure = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

pub(super) struct Exchange {
    http: reqwest::Client,
    head: Mutex<Head>,
    departure: Mutex<Option<Departure>>,
    departed: Arc<AtomicBool>,
}

/// A body that leaves once. Without a copy of it, no layer below can send it again.
struct Once {
    departure: Option<Departure>,
    departed: Arc<AtomicBool>,
    content: Bytes,
}

impl Exchange {
    pub(super) fn new(http: reqwest::Client, departure: Option<Departure>) -> Self {
        Self {
            http,
            head: Mutex::default(),
            departure: Mutex::new(departure),
            departed: Arc::default(),
        }
    }

    /// Sends a form of our own, and reads the answer as the `oauth2` crate does.
    pub(super) async fn post(&self, url: &Url, form: String) -> Outcome {
        let answer = self.send(post(url, form)?).await?;
        let body = answer.body();
        let malformed = |_| RequestTokenError::Other("the body is malformed".to_owned());
        if answer.status() == StatusCode::OK {
            return serde_json::from_slice(body).map_err(malformed);
        }
        let refusal = serde_json::from_slice(body).map_err(malformed)?;
        Err(RequestTokenError::ServerResponse(refusal))
    }

    /// Sends a form to the introspection endpoint. `None` if it does not say.
    pub(super) async fn ask(&self, url: &Url, form: String) -> Result<Option<bool>, Failed> {
        let failed = |error| self.failed(RequestTokenError::Request(error));
        let answer = self.send(post(url, form).map_err(failed)?).await;
        let answer = answer.map_err(failed)?;
        match answer.status().as_u16() {
            200 => Ok(is_active(answer.body())),
            429 | 500.. => Err(failed(AuthError::from_head(self.head()))),
            _ => Ok(None),
        }
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, AuthError> {
        let request = request.map(|content| {
            let departure = self.departure.lock();
            reqwest::Body::wrap(Once {
                departure: departure.unwrap_or_else(PoisonError::into_inner).take(),
                departed: Arc::clone(&self.departed),
                content: content.into(),
            })
        });
        let request = request.try_into().map_err(AuthError::unreachable)?;
        let response = self
            .http
            .execute(request)
            .await
            .map_err(AuthError::unreachable)?;
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Head::of(&response);
        let status = response.status();
        let body = read_bounded(response, MAX_ANSWER)
            .await
            .map_err(AuthError::unread)?;
        // A body that is no answer fails as JSON, whatever its type says.
        let body = normalized(&body, status.is_success()).unwrap_or(body);
        let answer = http::Response::builder().status(status);
        answer.body(body).map_err(|_| AuthError::garbled())
    }

    pub(super) fn failed(&self, error: RequestTokenError<AuthError, BasicErrorResponse>) -> Failed {
        Failed::from_error(error, self.head(), self.departed.load(Ordering::Acquire))
    }

    fn head(&self) -> Head {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.clone()
    }
}

fn post(url: &Url, form: String) -> Result<HttpRequest, AuthError> {
    Request::post(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into_bytes())
        .map_err(|_| AuthError::garbled())
}

impl<'c> oauth2::AsyncHttpClient<'c> for Exchange {
    type Error = AuthError;
    // Boxed with an explicit `Send`: a closure's future is not general enough for `async_trait`.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AuthError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Body for Once {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.content.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(departure) = &mut self.departure {
            let allowed = ready!(departure.as_mut().poll(context));
            self.departure = None;
            if let Err(error) = allowed {
                self.content.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
        self.departed.store(true, Ordering::Release);
        let all = std::mem::take(&mut self.content);
        Poll::Ready(Some(Ok(Frame::data(all))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.len() as u64)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

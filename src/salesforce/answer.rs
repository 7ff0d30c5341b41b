//! The head of an answer that may be anything, and its body, of bounded size.
//!
//! Must not know: requests, tokens, errors, or what a body means.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::Timestamp;
/// The longest wait that is understood. A larger number means the same: not today.
const LONGEST_WAIT: Duration = Duration::from_hours(24 * 365);

/// What the head of an answer says besides success.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) redirect: Option<Redirect>,
    /// How far the server's clock is ahead of ours, in seconds, by the header `Date`.
    pub(super) clock_ahead: Option<i64>,
    /// Whether the body is a page for a browser, as far as its type tells.
    pub(super) page: Option<WebPage>,
}

/// A page for a browser, where an API answers with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a web page instead of data: a network's sign-in page (captive portal), a proxy's message or a \
     maintenance page; sign in to the network with a browser, have the proxy let *.salesforce.com \
     through, or check instance-url"
)]
pub(super) struct WebPage;

/// A redirect, which is never followed: the other host would get the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    /// Only the host: a path or a query may hold a session.
    host: Option<String>,
}

/// Why a body could not be held.
#[derive(Debug)]
pub(super) enum BodyError {
    TooLarge(usize),
    Lost(reqwest::Error),
}

/// Reads a body, but never more than `limit` bytes of it.
pub(super) async fn read_bounded(
    mut response: reqwest::Response,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| BodyError::Lost(error.without_url()))?
    {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Head {
    pub(super) fn of(response: &reqwest::Response) -> Self {
        let headers = response.headers();
        Self {
            status: response.status().as_u16(),
            retry_after: retry_after(headers),
            redirect: redirect(response.status(), headers, response.url()),
            clock_ahead: clock_ahead(headers, SystemTime::now()),
            page: page(headers),
        }
    }
}

impl From<u16> for Head {
    /// The head of an answer inside another one.
    fn from(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a redirect")?;
        if let Some(host) = &self.host {
            write!(f, " to {host}")?;
        }
        f.write_str(
            ", which is not followed: the org is in maintenance, its My Domain has another name \
             now, or a network's sign-in page (captive portal) answers; check instance-url",
        )
    }
}

impl std::error::Error for Redirect {}

/// Seconds, or a date that is compared with the answer's own `Date`, or with our clock without one.
/// A moment that has passed asks for no wait.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = header_text(headers, &header::RETRY_AFTER)?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is a long wait, not none.
        let wait = text.parse().map_or(LONGEST_WAIT, Duration::from_secs);
        return Some(wait.min(LONGEST_WAIT));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = header_text(headers, &header::DATE)
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(SystemTime::now);
    let wait = until.duration_since(now).ok()?;
    Some(wait.min(LONGEST_WAIT))
}

/// The time by the server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(header_text(headers, &header::DATE)?).ok()?;
    date.try_into().ok()
}

fn clock_ahead(headers: &HeaderMap, now: SystemTime) -> Option<i64> {
    let date = httpdate::parse_http_date(header_text(headers, &header::DATE)?).ok()?;
    let seconds = |distance: Duration| i64::try_from(distance.as_secs()).ok();
    match date.duration_since(now) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => seconds(behind.duration()).map(|behind| -behind),
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap, asked: &url::Url) -> Option<Redirect> {
    let location = headers
        .get(header::LOCATION)
        .filter(|_| status.is_redirection())?;
    let target = location
        .to_str()
        .ok()
        .and_then(|text| asked.join(text).ok());
    Some(Redirect {
        host: target.and_then(|target| target.host_str().map(str::to_owned)),
    })
}

fn page(headers: &HeaderMap) -> Option<WebPage> {
    let kind = header_text(headers, &header::CONTENT_TYPE)?.trim_start();
    let is_page = ["text/html", "application/xhtml"].iter().any(|page| {
        kind.get(..page.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(page))
    });
    is_page.then_some(WebPage)
}

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("30" => Some(30))]
    #[test_case(" 86400 " => Some(86_400))]
    #[test_case("Sun, 06 Nov 1994 08:50:07 GMT" => Some(30); "a date")]
    #[test_case("Sunday, 06-Nov-94 08:50:07 GMT" => Some(30); "an old form of a date")]
    #[test_case("Sun, 06 Nov 1994 08:00:00 GMT" => None; "a date that has passed")]
    #[test_case("99999999999999999999" => Some(31_536_000); "a number that does not fit")]
    #[test_case("Fri, 31 Dec 9999 23:59:59 GMT" => Some(31_536_000); "a date that is far away")]
    #[test_case("-1" => None)]
    #[test_case("1.5" => None)]
    #[test_case("soon" => None)]
    #[test_case("" => None)]
    fn a_wait_is_a_number_of_seconds_or_a_date(text: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        let now = "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap();
        headers.insert(header::DATE, now);
        headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test_case("https://acme.example/x?sid=1" => Some("acme.example"))]
    #[test_case("//other.example:8443" => Some("other.example"); "without a scheme")]
    #[test_case("/maintenance" => Some("org.example"); "without a host")]
    #[test_case("http://[" => None; "no URL")]
    fn a_redirect_keeps_only_its_host(location: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        let asked = url::Url::parse("https://org.example/services").unwrap();
        let found = redirect(StatusCode::FOUND, &headers, &asked).unwrap();
        let known = ["acme.example", "other.example", "org.example"];
        known
            .into_iter()
            .find(|host| found.host.as_deref() == Some(host))
    }
}

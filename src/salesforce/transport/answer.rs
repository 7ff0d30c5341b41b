//! Reading an answer that may be anything: its size, its JSON, its `Retry-After`.
//!
//! Must not know: requests, tokens, or what is done about a flaw.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use serde::de::DeserializeOwned;

use crate::salesforce::error::{Flaw, Result};

/// Why a body could not be held.
#[derive(Debug)]
pub(in crate::salesforce) enum BodyError {
    TooLarge(usize),
    Lost(reqwest::Error),
}

/// Reads a body, but never more than `limit` bytes of it.
pub(in crate::salesforce) async fn read_bounded(
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

/// An empty body stands for `null`: `204 No Content` is a success without a value.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Flaw> {
    let is_empty = body.is_empty();
    let body = if is_empty { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => Flaw::Truncated,
        serde_json::error::Category::Data if is_empty => Flaw::Truncated,
        serde_json::error::Category::Data => Flaw::Shape {
            line: error.line(),
            column: error.column(),
        },
        _ => Flaw::NotJson,
    })
}

/// Seconds, or a date that is compared with the answer's own `Date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = header_text(headers, &header::RETRY_AFTER)?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let instant = |text| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp());
    let now = instant(header_text(headers, &header::DATE)?)?;
    Duration::try_from(instant(text)?.duration_since(now)).ok()
}

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

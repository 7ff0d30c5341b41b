//! A JSON body as a value, or what is wrong with it.
//!
//! Must not know: requests, tokens, or what is done about a flaw.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::salesforce::error::Flaw;

/// A value that a body is read as. It may keep the body, or parts of it, instead of copying them.
pub(in crate::salesforce) trait FromBody: Sized {
    fn from_body(body: Bytes) -> Result<Self, Flaw>;
}

/// A value that keeps nothing of its body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromBody for Json<T> {
    fn from_body(body: Bytes) -> Result<Self, Flaw> {
        decode(&body).map(Self)
    }
}

/// An empty body stands for `null`: `204 No Content` is a success without a value.
pub(in crate::salesforce) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Flaw> {
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

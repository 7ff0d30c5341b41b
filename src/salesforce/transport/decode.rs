//! A JSON body as a value, or what is wrong with it.
//!
//! Must not know: requests, tokens, or what is done about a flaw.

use serde::de::DeserializeOwned;

use crate::salesforce::error::Flaw;

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

//! JSON that is checked, and not read yet.
//!
//! It is a part of the body that it came in, because pages of a query have megabytes.

use std::fmt;

use bytes::Bytes;
use serde_json::value::RawValue;

/// The smallest part of a body that is not copied is one of so many.
const LEAST_PART: usize = 10;

/// One JSON value as text. Clones share the text.
#[derive(Clone)]
pub(super) struct JsonText(Bytes);

impl JsonText {
    /// A value that was read from `body`. One from elsewhere is copied, and a small one, which would
    /// hold the whole body in memory.
    pub(super) fn part(body: &Bytes, value: &RawValue) -> Self {
        let text = value.get().as_bytes();
        let is_part = body.as_ptr_range().contains(&text.as_ptr());
        let is_large = text.len() > body.len() / LEAST_PART;
        Self(if is_part && is_large {
            body.slice_ref(text)
        } else {
            Bytes::copy_from_slice(text)
        })
    }

    /// The length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_null(&self) -> bool {
        *self.0 == *b"null"
    }

    pub(super) fn get(&self) -> &str {
        // It was JSON, and so is UTF-8.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }
}

impl From<Box<RawValue>> for JsonText {
    fn from(value: Box<RawValue>) -> Self {
        Self(Bytes::from(String::from(Box::<str>::from(value))))
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonText")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_not_copied() {
        let body = Bytes::from_static(br#"{"a": [1, "\u00e4"], "b": null}"#);
        let parts: std::collections::BTreeMap<&str, &RawValue> =
            serde_json::from_slice(&body).unwrap();
        let a = JsonText::part(&body, parts.values().next().unwrap());
        assert_eq!(a.get(), r#"[1, "\u00e4"]"#);
        assert!(body.as_ptr_range().contains(&a.0.as_ptr()));
        assert_eq!(format!("{a:?}"), "JsonText");
    }
}

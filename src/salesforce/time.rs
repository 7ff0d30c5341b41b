//! Salesforce's way to write a point in time: `2026-01-02T03:04:05.000+0000` (REST API guide,
//! "Date formats"), which RFC 3339 readers refuse for its offset without a colon.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

/// Reads one; `None` if it is neither Salesforce's form nor RFC 3339.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

/// Deserializes a field that may be null.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    text.map(|text| parse(&text).ok_or_else(|| D::Error::custom("not a point in time")))
        .transpose()
}

/// Deserializes a field that is never null.
pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("no point in time"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("2026-01-02T03:04:05.000+0000"; "Salesforce's form")]
    #[test_case("2026-01-02T03:04:05Z"; "RFC 3339")]
    #[test_case("2026-01-02T05:04:05.000+0200"; "another offset")]
    fn the_same_moment(text: &str) {
        assert_eq!(parse(text).map(Timestamp::as_second), Some(1_767_323_045));
    }

    #[test]
    fn nonsense_is_nothing() {
        assert_eq!(parse("yesterday"), None);
    }
}

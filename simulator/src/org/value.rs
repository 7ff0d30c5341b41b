//! A cell of a row. It takes 16 bytes, because a large org has tens of millions of them.
//!
//! It serializes to the JSON form of Salesforce.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

use super::id::Id;

/// A cell. Like Salesforce, [`Value::text`] turns an empty string into null.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A checkbox.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A record id; reference fields hold these, never text.
    Id(Id),
    /// Text of any kind: string, picklist, email, address.
    Text(Text),
    /// A point in time, to the millisecond.
    DateTime(Moment),
    /// A calendar day.
    Date(Date),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// Text, or null when it is empty.
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(Text::from(text))
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The id, if this is one.
    #[must_use]
    pub fn as_id(&self) -> Option<Id> {
        if let Self::Id(id) = self {
            Some(*id)
        } else {
            None
        }
    }

    /// The checkbox; anything else, null included, counts as false.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The whole number, if this is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The point in time, if this is one.
    #[must_use]
    pub fn as_timestamp(&self) -> Option<Timestamp> {
        if let Self::DateTime(moment) = self {
            Some(moment.timestamp())
        } else {
            None
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as Salesforce writes it in JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Double(number) => serializer.serialize_f64(*number),
            Self::Id(id) => id.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::DateTime(moment) => serializer.collect_str(moment),
            Self::Date(date) => serializer.collect_str(date),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Self {
        Self::DateTime(timestamp.into())
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Shared, immutable text behind a thin pointer: an `Arc<str>` would be too wide for a cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Arc<Box<str>>);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

/// A point in time in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The same point as a timestamp.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the day in UTC, the only time zone of the simulated org.
    #[must_use]
    pub fn date(self) -> Date {
        Offset::UTC.to_datetime(self.timestamp()).date()
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl fmt::Display for Moment {
    /// Salesforce's form: `2026-01-02T03:04:05.000+0000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Offset::UTC.to_datetime(self.timestamp());
        let (date, time) = (at.date(), at.time());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write!(
            f,
            "{date}T{hour:02}:{minute:02}:{second:02}.{:03}+0000",
            time.millisecond()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds_and_a_colonless_offset() -> Result<(), jiff::Error> {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse()?;
        assert_eq!(Value::from(time).to_json(), "2026-01-02T03:04:05.000+0000");
        Ok(())
    }

    #[test]
    fn the_empty_string_is_null() {
        assert_eq!(Value::text(""), Value::Null);
    }
}

//! Values without a schema, and times.

use std::time::SystemTime;

use jiff::Timestamp;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};

use crate::baton::{Object, Value};

/// An object as a `google.protobuf.Struct`.
#[must_use]
pub fn to_struct(object: Object) -> Struct {
    Struct {
        fields: object
            .into_iter()
            .map(|(name, value)| (name, to_value(value)))
            .collect(),
    }
}

fn to_value(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value),
        Value::Text(value) => Kind::StringValue(value),
        Value::List(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(to_value).collect(),
        }),
        Value::Object(object) => Kind::StructValue(to_struct(object)),
    };
    prost_types::Value { kind: Some(kind) }
}

/// A `google.protobuf.Struct` as an object; a value without a kind is null.
#[must_use]
pub fn from_struct(message: Struct) -> Object {
    message
        .fields
        .into_iter()
        .map(|(name, value)| (name, from_value(value)))
        .collect()
}

fn from_value(message: prost_types::Value) -> Value {
    match message.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) => Value::Number(value),
        Some(Kind::StringValue(value)) => Value::Text(value),
        Some(Kind::ListValue(list)) => {
            Value::List(list.values.into_iter().map(from_value).collect())
        }
        Some(Kind::StructValue(object)) => Value::Object(from_struct(object)),
    }
}

/// A point in time.
#[must_use]
pub fn to_timestamp(time: Timestamp) -> prost_types::Timestamp {
    // The standard library's time is the one type that both crates convert from and to; it gets
    // times before 1970 right, which seconds and nanoseconds alone do not.
    prost_types::Timestamp::from(SystemTime::from(time))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test]
    fn an_object_survives_the_round_trip() {
        let object = Object::from([
            ("null".to_owned(), Value::Null),
            (
                "list".to_owned(),
                Value::List(vec![true.into(), 1.5.into(), "x".into()]),
            ),
            (
                "object".to_owned(),
                Value::Object(Object::from([("a".to_owned(), "b".into())])),
            ),
        ]);
        assert_eq!(from_struct(to_struct(object.clone())), object);
    }

    #[test_case("2026-05-20T08:00:00.5Z", 1_779_264_000, 500_000_000)]
    #[test_case("1969-12-31T23:59:59.75Z", -1, 750_000_000; "before 1970")]
    fn times_keep_their_nanoseconds(text: &str, seconds: i64, nanos: i32) {
        let time = to_timestamp(text.parse().unwrap());
        assert_eq!((time.seconds, time.nanos), (seconds, nanos));
    }
}

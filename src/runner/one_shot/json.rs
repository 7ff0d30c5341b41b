//! Converts between JSON and protobuf.

use std::sync::OnceLock;

use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Proto};
use serde_json::{Map, Number, Value};

use crate::pb::FILE_DESCRIPTOR_SET;
use crate::runner::error::{Error, Result};

/// Converts a JSON object to a protobuf `Struct`.
pub(in crate::runner) fn to_struct(object: Map<String, Value>) -> Struct {
    Struct {
        fields: object
            .into_iter()
            .map(|(key, value)| (key, to_proto(value)))
            .collect(),
    }
}

fn to_proto(value: Value) -> Proto {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(to_proto).collect(),
        }),
        Value::Object(object) => Kind::StructValue(to_struct(object)),
    };
    Proto { kind: Some(kind) }
}

/// Converts a protobuf `Struct` to JSON.
pub(in crate::runner) fn from_struct(from: Struct) -> Value {
    Value::Object(
        from.fields
            .into_iter()
            .map(|(key, value)| (key, from_proto(value)))
            .collect(),
    )
}

fn from_proto(value: Proto) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) => number(value),
        Some(Kind::StringValue(value)) => Value::String(value),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(from_proto).collect(),
        Some(Kind::StructValue(object)) => from_struct(object),
    }
}

/// Like protobuf JSON, writes whole numbers without a fraction.
fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Converts a message to canonical protobuf JSON on one line.
pub fn to_json<M: Name>(message: &M) -> Result<String> {
    static POOL: OnceLock<Option<DescriptorPool>> = OnceLock::new();
    let failed = |why: &str| Error::Internal(format!("printing {}: {why}", M::NAME));
    let descriptor = POOL
        .get_or_init(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok())
        .as_ref()
        .and_then(|pool| pool.get_message_by_name(&M::full_name()))
        .ok_or_else(|| failed("unknown message"))?;
    let mut dynamic = DynamicMessage::new(descriptor);
    dynamic
        .transcode_from(message)
        .map_err(|error| failed(&error.to_string()))?;
    let mut json = serde_json::Serializer::new(Vec::new());
    dynamic
        .serialize_with_options(&mut json, &SerializeOptions::new())
        .map_err(|error| failed(&error.to_string()))?;
    String::from_utf8(json.into_inner()).map_err(|error| failed(&error.to_string()))
}

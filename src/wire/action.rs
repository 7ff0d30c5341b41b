//! Actions: their schemas, and how a host writes a waiting time.

use std::time::Duration;

use crate::baton::{ActionField, ActionSchema, FieldKind};
use crate::pb::config;
use crate::pb::config::field::Field as Kind;
use crate::pb::connector as pb;

/// How an action is called and what it returns.
#[must_use]
pub fn schema(schema: &ActionSchema) -> pb::BatonActionSchema {
    pb::BatonActionSchema {
        name: schema.name.to_owned(),
        arguments: schema.arguments.iter().map(field).collect(),
        constraints: Vec::new(),
        return_types: schema.returns.iter().map(field).collect(),
        display_name: schema.display_name.to_owned(),
        description: schema.description.to_owned(),
        action_type: schema.kinds.clone(),
        resource_type_id: String::new(),
    }
}

fn field(field: &ActionField) -> config::Field {
    let kind = match field.kind {
        FieldKind::Text => Kind::StringField(config::StringField::default()),
        FieldKind::Bool => Kind::BoolField(config::BoolField::default()),
        FieldKind::Int => Kind::IntField(config::IntField::default()),
        FieldKind::TextList => Kind::StringSliceField(config::StringSliceField::default()),
        FieldKind::Map => Kind::StringMapField(config::StringMapField::default()),
    };
    config::Field {
        name: field.name.to_owned(),
        display_name: field.display_name.to_owned(),
        description: field.description.to_owned(),
        is_required: field.required,
        field: Some(kind),
        ..Default::default()
    }
}

/// How long an invocation shall wait for its end: nothing and zero mean one second, and nobody
/// waits longer than an hour.
#[must_use]
pub fn inline_wait(wait: Option<prost_types::Duration>) -> Duration {
    match wait.map(Duration::try_from) {
        Some(Ok(wait)) if !wait.is_zero() => wait.min(Duration::from_hours(1)),
        _ => Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(None => 1; "absent")]
    #[test_case(Some(0) => 1; "zero")]
    #[test_case(Some(7) => 7; "seven seconds")]
    #[test_case(Some(86_400) => 3_600; "a day")]
    fn a_wait_lies_between_a_second_and_an_hour(seconds: Option<i64>) -> u64 {
        let wait = seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
        inline_wait(wait).as_secs()
    }
}

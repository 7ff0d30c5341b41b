//! The configuration as a form, which `config` prints. Hosts build their settings page from it.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use super::flag::{Flag, Kind, Published};
use super::flags;
use super::group::Group;
use crate::pb::config as pb;

/// The form.
#[must_use]
pub fn configuration() -> pb::Configuration {
    let ops = flags::all().filter(|flag| flag.published == Published::Ops);
    let form = flags::all().filter(|flag| flag.published == Published::Form);
    pb::Configuration {
        fields: ops.chain(form).map(field).collect(),
        display_name: "Salesforce".to_owned(),
        help_url: "/docs/baton/salesforce".to_owned(),
        icon_url: "/static/app-icons/salesforce.svg".to_owned(),
        field_groups: Group::ALL.iter().map(field_group).collect(),
        ..pb::Configuration::default()
    }
}

/// The form as JSON, without a line break at the end.
pub fn configuration_json() -> anyhow::Result<String> {
    to_json(&configuration())
}

/// Capabilities as the JSON of an `Any`, without a line break at the end.
pub fn capabilities_json(
    capabilities: &crate::pb::connector::ConnectorCapabilities,
) -> anyhow::Result<String> {
    to_json(&prost_types::Any::from_msg(capabilities)?)
}

/// Protobuf JSON with two spaces of indentation.
fn to_json<M: Message + prost::Name>(message: &M) -> anyhow::Result<String> {
    let pool = DescriptorPool::decode(crate::pb::FILE_DESCRIPTOR_SET)?;
    let descriptor = pool
        .get_message_by_name(&M::full_name())
        .ok_or_else(|| anyhow::anyhow!("message {} is not described", M::full_name()))?;
    let mut dynamic = DynamicMessage::new(descriptor);
    dynamic.transcode_from(message)?;
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    dynamic.serialize_with_options(&mut serializer, &SerializeOptions::new())?;
    Ok(String::from_utf8(text)?)
}

fn field(flag: &Flag) -> pb::Field {
    pb::Field {
        name: flag.name.to_owned(),
        display_name: flag.display_name.to_owned(),
        description: flag.description.to_owned(),
        is_required: flag.required,
        is_ops: flag.published == Published::Ops,
        is_secret: flag.secret,
        field: Some(typed(flag)),
        ..pb::Field::default()
    }
}

fn typed(flag: &Flag) -> pb::field::Field {
    use pb::field::Field as Typed;
    let text = |kind: pb::StringFieldType, default: &str| pb::StringField {
        default_value: default.to_owned(),
        rules: flag.required.then(|| pb::StringRules {
            is_required: true,
            ..pb::StringRules::default()
        }),
        r#type: kind.into(),
        ..pb::StringField::default()
    };
    match flag.kind {
        Kind::Switch(default) => Typed::BoolField(pb::BoolField {
            default_value: default,
            ..pb::BoolField::default()
        }),
        Kind::Number { default, .. } => Typed::IntField(pb::IntField {
            default_value: default,
            ..pb::IntField::default()
        }),
        Kind::Text(default) => {
            Typed::StringField(text(pb::StringFieldType::TextUnspecified, default))
        }
        Kind::Token => Typed::StringField(text(pb::StringFieldType::Oauth2, "")),
        Kind::Upload { extension } => Typed::StringField(pb::StringField {
            allowed_extensions: vec![extension.to_owned()],
            ..text(pb::StringFieldType::FileUpload, "")
        }),
        Kind::List => Typed::StringSliceField(pb::StringSliceField::default()),
        Kind::Map => Typed::StringMapField(pb::StringMapField::default()),
    }
}

fn field_group(group: &Group) -> pb::FieldGroup {
    pb::FieldGroup {
        name: group.name.to_owned(),
        display_name: group.display_name.to_owned(),
        help_text: group.help.to_owned(),
        fields: group
            .fields
            .iter()
            .map(|flag| flag.name.to_owned())
            .collect(),
        default: group.is_default(),
    }
}

//! Converts JSON values to field values. Rejects values of the wrong type, size or format.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;

use super::error::OrgError;
use super::id::Id;
use super::schema::{FieldDef, FieldType};
use super::value::Value;

/// Converts a value for a field. Does not check whether null is allowed.
pub(super) fn read(field: &FieldDef, json: &Json) -> Result<Value, OrgError> {
    let refused = || cannot_deserialize(field.ty, json);
    match field.ty {
        FieldType::Boolean => json.as_bool().map(Value::Bool).ok_or_else(refused),
        _ if json.is_null() => Ok(Value::Null),
        FieldType::Int => json.as_i64().map(Value::Int).ok_or_else(refused),
        FieldType::Double | FieldType::Currency => {
            json.as_f64().map(Value::Double).ok_or_else(refused)
        }
        FieldType::Date => {
            let day = json.as_str().filter(|text| text.len() == 10);
            day.and_then(|text| text.parse::<Date>().ok())
                .map(Value::Date)
                .ok_or_else(refused)
        }
        FieldType::DateTime => json
            .as_str()
            .and_then(instant)
            .map(Value::from)
            .ok_or_else(refused),
        FieldType::Id | FieldType::Reference => {
            let text = json.as_str().ok_or_else(refused)?;
            Id::parse(text).map(Value::Id).map_err(|_| {
                let message = format!("{}: id value of incorrect type: {text}", field.label);
                OrgError::dml("MALFORMED_ID", message, &[&field.name])
            })
        }
        _ => text(field, json.as_str().ok_or_else(refused)?),
    }
}

fn text(field: &FieldDef, text: &str) -> Result<Value, OrgError> {
    let (name, label) = (field.name.as_str(), &field.label);
    // Salesforce trims text.
    let text = if field.ty == FieldType::LongTextArea {
        text
    } else {
        text.trim()
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if field.restricted_picklist {
        return listed(field, text);
    }
    let is_email = field.ty == FieldType::Email || name == "Username";
    if is_email && !looks_like_email(text) {
        let message = format!("{label}: invalid email address: {text}");
        return Err(OrgError::dml("INVALID_EMAIL_ADDRESS", message, &[name]));
    }
    let longest = usize::try_from(field.length).unwrap_or(usize::MAX);
    if longest > 0 && text.chars().count() > longest {
        let message = format!("{label}: data value too large: {text} (max length={longest})");
        return Err(OrgError::dml("STRING_TOO_LONG", message, &[name]));
    }
    Ok(Value::text(text))
}

/// Checks values of a restricted picklist and returns them in the spelling of the list. Values of a
/// multi-select picklist are separated by semicolons.
fn listed(field: &FieldDef, text: &str) -> Result<Value, OrgError> {
    let one = |wanted: &str| {
        let entries = field.picklist.iter().filter(|entry| entry.active);
        let mut values = entries.map(|entry| entry.value.as_str());
        values
            .find(|value| value.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| OrgError::bad_picklist_value(&field.name, &field.label, wanted))
    };
    if field.ty != FieldType::MultiPicklist {
        return one(text).map(Value::text);
    }
    let values = text.split(';').map(str::trim).map(one);
    let values = values.collect::<Result<Vec<_>, _>>()?;
    Ok(Value::text(values.join(";")))
}

fn looks_like_email(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*/=?^_+-`{|}~.".contains(c);
    text.split_once('@').is_some_and(|(local, domain)| {
        let labels: Vec<_> = domain.split('.').collect();
        !local.is_empty()
            && local.chars().all(allowed)
            && labels.len() > 1
            && labels.iter().all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            })
    })
}

impl FieldDef {
    /// Parses a value in a path. Returns `None` if it does not fit the field.
    pub(crate) fn read_key(&self, text: &str) -> Option<Value> {
        let json = match self.ty {
            FieldType::Int | FieldType::Double | FieldType::Currency => {
                serde_json::from_str(text).ok()?
            }
            _ => Json::from(text),
        };
        read(self, &json).ok()
    }
}

/// Parses a date and time with the offset `Z`, `+0000` or `+00:00`, with or without fractions.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (head, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (sign_hours, minutes) = offset.split_at_checked(3)?;
    format!("{head}{sign_hours}:{minutes}").parse().ok()
}

fn cannot_deserialize(ty: FieldType, json: &Json) -> OrgError {
    let token = match json {
        Json::Null => "VALUE_NULL",
        Json::Bool(true) => "VALUE_TRUE",
        Json::Bool(false) => "VALUE_FALSE",
        Json::Number(number) if number.is_f64() => "VALUE_NUMBER_FLOAT",
        Json::Number(_) => "VALUE_NUMBER_INT",
        Json::String(_) => "VALUE_STRING",
        Json::Array(_) => "START_ARRAY",
        Json::Object(_) => "START_OBJECT",
    };
    let wanted = match ty {
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Double | FieldType::Currency => "double",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime",
        FieldType::Id | FieldType::Reference => "reference",
        _ => "string",
    };
    let value = json
        .as_str()
        .map_or_else(|| json.to_string(), str::to_owned);
    OrgError::new(
        400,
        "JSON_PARSER_ERROR",
        format!(
            "Cannot deserialize instance of {wanted} from {token} value {value} or request may be \
             missing a required field"
        ),
    )
}

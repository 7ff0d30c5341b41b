//! What a field of a request must be, and what the Go SDK says when it is not.
//!
//! The texts are those of protoc-gen-validate, because people search for them.

use std::fmt;

use prost_reflect::{EnumDescriptor, Kind, Value};

/// A rule of the contract for one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A message must be present.
    Required,
    /// A text has so many bytes.
    Bytes(usize, usize),
    /// A text is empty or has so many bytes.
    EmptyOrBytes(usize, usize),
    /// A text has at most so many bytes.
    AtMostBytes(usize),
    /// A text has at least so many characters.
    Characters(usize),
    /// A text is an e-mail address.
    Email,
    /// A text consists of letters, digits, `_` and `-`.
    Slug,
    /// A number is at most this.
    AtMost(u32),
    /// A number lies between these, both included.
    Within(i64, i64),
    /// A value of an enum is one that the contract names.
    Defined,
    /// A list has at least so many items.
    Items(usize),
    /// A list has no item twice.
    Unique,
    /// Each item of a list is one that the contract names.
    EachDefined,
    /// A duration lies between nothing and a day.
    WithinADay,
}

/// Why a field is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which item of a list, if it is one.
    pub index: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// More about it.
    pub cause: Option<String>,
}

impl Refusal {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            index: None,
            reason: reason.into(),
            cause: None,
        }
    }
}

impl Rule {
    /// Checks a value of the declared `kind`; `present` is whether the request has it at all.
    pub fn check(self, value: &Value, kind: &Kind, present: bool) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Required, _) => require(present, || "value is required"),
            (Self::Email, Value::String(text)) => email(text).map_err(|cause| Refusal {
                cause: Some(cause.to_owned()),
                ..Refusal::new("value must be a valid email address")
            }),
            (_, Value::String(text)) => self.check_text(text),
            (Self::AtMost(most), Value::U32(number)) => require(*number <= most, || {
                format!("value must be less than or equal to {most}")
            }),
            (Self::Within(least, most), Value::I64(number)) => {
                require((least..=most).contains(number), || {
                    format!("value must be inside range [{least}, {most}]")
                })
            }
            (Self::Defined, Value::EnumNumber(number)) => defined(*number, kind),
            (_, Value::List(items)) => self.check_list(items, kind),
            (Self::WithinADay, Value::Message(duration)) if present => {
                let part = |name| duration.get_field_by_name(name);
                let seconds = part("seconds")
                    .and_then(|value| value.as_i64())
                    .unwrap_or_default();
                let nanos = part("nanos")
                    .and_then(|value| value.as_i32())
                    .unwrap_or_default();
                within_a_day(seconds, nanos)
            }
            _ => Ok(()),
        }
    }

    fn check_text(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::EmptyOrBytes(..) if text.is_empty() => Ok(()),
            Self::Bytes(least, most) | Self::EmptyOrBytes(least, most) => {
                require((least..=most).contains(&text.len()), || {
                    format!("value length must be between {least} and {most} bytes, inclusive")
                })
            }
            Self::AtMostBytes(most) => require(text.len() <= most, || {
                format!("value length must be at most {most} bytes")
            }),
            Self::Characters(least) => require(text.chars().count() >= least, || {
                format!("value length must be at least {least} runes")
            }),
            Self::Slug => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
                require(
                    !text.is_empty() && text.bytes().all(fits),
                    || "value does not match regex pattern \"^[A-Za-z0-9_-]+$\"",
                )
            }
            _ => Ok(()),
        }
    }

    fn check_list(self, items: &[Value], kind: &Kind) -> Result<(), Refusal> {
        match self {
            Self::Items(least) => require(items.len() >= least, || {
                format!("value must contain at least {least} item(s)")
            }),
            Self::Unique => {
                let mut seen = std::collections::HashSet::new();
                let fresh = |item: &Value| item.as_enum_number().is_none_or(|n| seen.insert(n));
                require(
                    items.iter().all(fresh),
                    || "repeated value must contain unique items",
                )
            }
            Self::EachDefined => items.iter().enumerate().try_for_each(|(index, item)| {
                let checked = item
                    .as_enum_number()
                    .map_or(Ok(()), |number| defined(number, kind));
                checked.map_err(|refusal| Refusal {
                    index: Some(index),
                    ..refusal
                })
            }),
            _ => Ok(()),
        }
    }
}

fn require<T: Into<String>>(holds: bool, reason: impl FnOnce() -> T) -> Result<(), Refusal> {
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(reason()))
    }
}

fn defined(number: i32, kind: &Kind) -> Result<(), Refusal> {
    let known = |kind: &EnumDescriptor| kind.get_value(number).is_some();
    require(
        kind.as_enum().is_none_or(known),
        || "value must be one of the defined enum values",
    )
}

fn within_a_day(seconds: i64, nanos: i32) -> Result<(), Refusal> {
    const DAY: i64 = 86_400;
    if nanos.unsigned_abs() >= 1_000_000_000 || i64::from(nanos.signum()) * seconds.signum() < 0 {
        return Err(Refusal::new("value is not a valid duration"));
    }
    let inside = seconds >= 0 && nanos >= 0 && (seconds < DAY || (seconds == DAY && nanos == 0));
    require(inside, || "value must be inside range [0s, 24h0m0s]")
}

/// Whether a text may stand where the protocol wants an e-mail address.
#[must_use]
pub fn is_email(text: &str) -> bool {
    email(text).is_ok()
}

/// As strict as the Go SDK's check, which is not very strict.
fn email(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("mail: no address");
    }
    // `Name <address>` counts as an address too.
    let address = match text
        .trim()
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    {
        Some((_, address)) => address,
        None => text.trim(),
    };
    let Some((local, host)) = address.rsplit_once('@') else {
        return Err("mail: missing '@' or angle-addr");
    };
    if address.len() > 254 {
        return Err("email addresses cannot exceed 254 characters");
    }
    if local.len() > 64 {
        return Err("email address local phrase cannot exceed 64 characters");
    }
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let special = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;@\\,\"".contains(c);
    if local.is_empty() || (!quoted && local.split('.').any(str::is_empty)) {
        return Err("mail: missing word in phrase: mail: invalid string");
    }
    if !quoted && local.contains(special) {
        return Err("mail: expected single address");
    }
    hostname(host)
}

fn hostname(host: &str) -> Result<(), &'static str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.len() > 253 {
        return Err("hostname cannot exceed 253 characters");
    }
    host.split('.').try_for_each(|label| match label {
        "" => Err("mail: no angle-addr"),
        _ if label.len() > 63 => {
            Err("hostname part must be non-empty and cannot exceed 63 characters")
        }
        _ if label.starts_with('-') => Err("hostname parts cannot begin with hyphens"),
        _ if label.ends_with('-') => Err("hostname parts cannot end with hyphens"),
        _ if label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
        {
            Ok(())
        }
        _ => Err("hostname parts can only contain alphanumeric characters or hyphens"),
    })
}

/// The rule as the contract writes it. A test compares every rule with the contract.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => write!(f, "message {{ required: true }}"),
            Self::Bytes(least, most) => {
                write!(f, "string {{ min_bytes: {least} max_bytes: {most} }}")
            }
            Self::EmptyOrBytes(least, most) => {
                write!(
                    f,
                    "string {{ min_bytes: {least} max_bytes: {most} ignore_empty: true }}"
                )
            }
            Self::AtMostBytes(most) => write!(f, "string {{ max_bytes: {most} }}"),
            Self::Characters(least) => write!(f, "string {{ min_len: {least} }}"),
            Self::Email => write!(f, "string {{ email: true }}"),
            Self::Slug => write!(f, "string {{ pattern: \"^[A-Za-z0-9_-]+$\" }}"),
            Self::AtMost(most) => write!(f, "uint32 {{ lte: {most} ignore_empty: true }}"),
            Self::Within(least, most) => write!(f, "int64 {{ lte: {most} gte: {least} }}"),
            Self::Defined => write!(f, "enum {{ defined_only: true }}"),
            Self::Items(least) => write!(f, "repeated {{ min_items: {least} }}"),
            Self::Unique => write!(f, "repeated {{ unique: true }}"),
            Self::EachDefined => {
                write!(
                    f,
                    "repeated {{ items {{ enum {{ defined_only: true }} }} }}"
                )
            }
            Self::WithinADay => write!(f, "duration {{ lte {{ seconds: 86400 }} gte {{ }} }}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("ada@example.com" => true)]
    #[test_case("Ada <ada@example.com>" => true; "with a name")]
    #[test_case("a.b+c@sub.example.com" => true; "with dots and a plus")]
    #[test_case("" => false; "nothing")]
    #[test_case("ada" => false; "no host")]
    #[test_case("a b@example.com" => false; "a blank")]
    #[test_case("ada@-example.com" => false; "a hyphen first")]
    #[test_case("ada@exa_mple.com" => false; "an underscore in the host")]
    #[test_case("@example.com" => false; "no local part")]
    fn an_address_is_recognised(text: &str) -> bool {
        email(text).is_ok()
    }

    #[test_case(0, 0 => true)]
    #[test_case(86_400, 0 => true)]
    #[test_case(86_400, 1 => false)]
    #[test_case(0, -1 => false)]
    #[test_case(1, -1 => false; "mixed signs")]
    fn a_wait_is_at_most_a_day(seconds: i64, nanos: i32) -> bool {
        within_a_day(seconds, nanos).is_ok()
    }
}

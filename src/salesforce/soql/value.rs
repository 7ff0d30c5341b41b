//! Literals: the only place of the program that quotes a value for SOQL.
//!
//! Must not know: which field a value is compared with.

use jiff::Timestamp;

use super::SoqlError;
use crate::salesforce::SalesforceId;

/// Salesforce's limit for one text literal, in characters.
const MAX_LITERAL: usize = 4_000;

/// A literal on the right of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A quoted text.
    Text(String),
    /// A quoted record id.
    Id(SalesforceId),
    /// An instant in UTC, written without quotes.
    DateTime(Timestamp),
    /// A `LIKE` pattern: the text without wildcards, and where they are added.
    Pattern {
        /// What is looked for, taken literally.
        text: String,
        /// Anything may come before it.
        open_start: bool,
        /// Anything may come after it.
        open_end: bool,
    },
}

impl Value {
    /// The literal's text.
    pub fn to_soql(&self) -> Result<String, SoqlError> {
        let mut out = String::new();
        self.write(&mut out)?;
        Ok(out)
    }

    pub(super) fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(true) => out.push_str("true"),
            Self::Boolean(false) => out.push_str("false"),
            Self::Integer(number) => out.push_str(&number.to_string()),
            Self::Id(id) => out.extend(["'", &id.to_string(), "'"]),
            Self::DateTime(instant) => out.push_str(&date_time(*instant)),
            Self::Text(text) => quote(out, text, &[], ("", ""))?,
            Self::Pattern {
                text,
                open_start,
                open_end,
            } => {
                let wildcard = |open: bool| if open { "%" } else { "" };
                quote(
                    out,
                    text,
                    &['%', '_'],
                    (wildcard(*open_start), wildcard(*open_end)),
                )?;
            }
        }
        Ok(())
    }
}

/// Writes a quoted literal; `also` are characters that get a backslash besides the usual ones.
fn quote(
    out: &mut String,
    text: &str,
    also: &[char],
    (before, after): (&str, &str),
) -> Result<(), SoqlError> {
    if text.chars().count() > MAX_LITERAL {
        return Err(SoqlError::LiteralTooLong);
    }
    out.push('\'');
    out.push_str(before);
    for character in text.chars() {
        match character {
            '\\' => out.push_str(r"\\"),
            '\'' => out.push_str(r"\'"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            '\u{8}' => out.push_str(r"\b"),
            '\u{c}' => out.push_str(r"\f"),
            other if other.is_control() => return Err(SoqlError::ControlCharacter),
            other => {
                if also.contains(&other) {
                    out.push('\\');
                }
                out.push(other);
            }
        }
    }
    out.push_str(after);
    out.push('\'');
    Ok(())
}

fn date_time(instant: Timestamp) -> String {
    let format = match instant.subsec_nanosecond() {
        0 => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S.%3fZ",
    };
    instant.strftime(format).to_string()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<SalesforceId> for Value {
    fn from(id: SalesforceId) -> Self {
        Self::Id(id)
    }
}

impl From<&SalesforceId> for Value {
    fn from(id: &SalesforceId) -> Self {
        Self::Id(*id)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::DateTime(instant)
    }
}

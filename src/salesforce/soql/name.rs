//! Names of objects, fields and paths to parents (`Profile.UserLicense.Name`).
//!
//! Must not know: whether the org has such a field.

use std::{borrow::Cow, str::FromStr};

use super::SoqlError;

/// No name of Salesforce's comes near this; it bounds what is copied into a statement.
const MAX_NAME: usize = 255;

/// A dotted name that may stand in a statement unquoted.
///
/// From `&'static str` it is checked when the statement is written; a name known only at run time
/// (a custom field from the configuration) must pass [`FieldName::parse`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldName(Cow<'static, str>);

impl FieldName {
    /// Accepts `[A-Za-z][A-Za-z0-9_]*`, repeated with dots.
    pub fn parse(text: &str) -> Result<Self, SoqlError> {
        if is_name(text) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(SoqlError::Name)
        }
    }

    /// The name as it will be written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        if !is_name(&self.0) {
            return Err(SoqlError::Name);
        }
        out.push_str(&self.0);
        Ok(())
    }
}

impl From<&'static str> for FieldName {
    fn from(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<&&'static str> for FieldName {
    fn from(name: &&'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<&FieldName> for FieldName {
    fn from(name: &FieldName) -> Self {
        name.clone()
    }
}

impl FromStr for FieldName {
    type Err = SoqlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && text.split('.').all(is_part)
}

fn is_part(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_alphabetic())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

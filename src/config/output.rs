//! The form in which an operation prints its result.

use super::flags::one_shot::OUTPUT;
use super::values::Values;

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object on one line.
    Json,
}

impl OutputFormat {
    pub(super) fn resolve(values: &Values) -> Result<Self, String> {
        match values.text(&OUTPUT) {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            text => Err(format!(
                "field {}: value must be one of text, json but got '{text}'",
                OUTPUT.name
            )),
        }
    }
}

//! The API through which accounts and their entitlements are changed.

use super::flags::connector::LIFECYCLE_API;
use super::values::Values;

/// The API through which accounts and their entitlements are changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LifecycleApi {
    /// The REST API.
    #[default]
    Rest,
    /// SCIM 2.0.
    Scim,
}

impl LifecycleApi {
    pub(super) fn resolve(values: &Values) -> Result<Self, String> {
        match values.text(&LIFECYCLE_API) {
            "rest" => Ok(Self::Rest),
            "scim" => Ok(Self::Scim),
            text => Err(format!(
                "field {}: value must be one of rest, scim but got '{text}'",
                LIFECYCLE_API.name
            )),
        }
    }
}

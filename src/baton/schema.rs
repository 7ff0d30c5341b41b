//! The form for a new account, as data.

use std::borrow::Cow;

/// A text field of the form for a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountField {
    /// Key in the account's profile.
    pub key: Cow<'static, str>,
    /// Name for people.
    pub display_name: Cow<'static, str>,
    /// Whether the field has to be filled in.
    pub required: bool,
    /// Explanation for people.
    pub description: Cow<'static, str>,
    /// An example.
    pub placeholder: &'static str,
    /// Position in the form, from 1.
    pub order: i32,
    /// Value if the field is empty.
    pub default: Option<&'static str>,
}

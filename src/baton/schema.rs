//! Forms as data: what a new account asks for.

/// A field of the account form. All fields of ours are texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountField {
    /// The key in the account's profile.
    pub key: &'static str,
    /// The name that people see.
    pub display_name: &'static str,
    /// Whether the form must have it.
    pub required: bool,
    /// What to enter.
    pub description: &'static str,
    /// An example.
    pub placeholder: &'static str,
    /// Its place in the form, from 1.
    pub order: i32,
    /// What an empty field means.
    pub default: Option<&'static str>,
}

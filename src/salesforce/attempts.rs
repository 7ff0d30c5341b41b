//! How often a failed request was sent: kept in its error, so that no layer above repeats too much.
//!
//! Must not know: what the failure was.

/// How often a failed request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// HTTP requests that may have reached Salesforce, logins not counted.
    pub(crate) calls: u32,
    /// Whether only the end of its retries kept the transport from sending it again.
    pub(crate) exhausted: bool,
    /// Whether Salesforce asks for a longer wait than the policy allows.
    pub(crate) wait_too_long: bool,
}

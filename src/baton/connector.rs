//! The connector as a whole: its name, a check of its credentials, and the end of a sync.

use async_trait::async_trait;

use super::{Id, Quota, Result};

/// Properties of a connector that do not belong to a resource type.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Name for people.
    fn display_name(&self) -> &'static str;

    /// Description for people.
    fn description(&self) -> &'static str;

    /// Checks the credentials and permissions with a call to the upstream system. Hosts call it
    /// before each sync.
    async fn validate(&self) -> Result<Validation>;

    /// Drops what was cached for a sync, or for all syncs if `sync` is `None`, and returns what the
    /// sync could not read and how to fix it, one sentence each. By default there is nothing to drop.
    async fn cleanup(&self, sync: Option<&Id>) -> Vec<String> {
        let _ = sync;
        Vec::new()
    }
}

/// Result of a successful check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// What will not work and how to fix it, one sentence each.
    pub warnings: Vec<String>,
    /// The upstream system's quota, if it is known.
    pub quota: Option<Quota>,
}

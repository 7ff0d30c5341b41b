//! The connector as a whole: what it calls itself, whether it works, and the end of a sync.

use async_trait::async_trait;

use super::{Id, Quota, Result};

/// What the services need of a connector besides its registry.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The name that people see.
    fn display_name(&self) -> &'static str;

    /// What it is for.
    fn description(&self) -> &'static str;

    /// Checks credentials and permissions against the upstream system.
    async fn validate(&self) -> Result<Validation>;

    /// Forgets what was kept for a sync; `None` means everything.
    async fn cleanup(&self, sync: Option<&Id>);
}

/// What a successful check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// What will not work, and what mends it; one sentence each.
    pub warnings: Vec<String>,
    /// What the upstream system said of its quota, last.
    pub quota: Option<Quota>,
}

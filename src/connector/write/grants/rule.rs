//! How the entitlement of one resource type is granted and revoked.

use async_trait::async_trait;

use super::target::{Shape, Target};
use crate::baton::{Grant, GrantId, Result};
use crate::connector::write::attempt::Attempt;

/// Grants and revokes one kind of entitlement.
#[async_trait]
pub(in crate::connector) trait Rule: Send + Sync + 'static {
    /// Which requests are valid.
    fn shape(&self) -> &Shape;

    /// Whether the resources have the entitlement `slug`.
    fn has(&self, slug: &str) -> bool {
        slug == self.shape().slug
    }

    /// Grants the entitlement.
    async fn grant(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied>;

    /// Revokes the entitlement.
    async fn revoke(&self, target: &Target, attempt: &mut Attempt<'_>) -> Result<Applied>;
}

/// What a rule did.
pub(in crate::connector) struct Applied {
    pub(super) already: bool,
    pub(super) grants: Vec<Grant>,
    pub(super) replaced: Vec<GrantId>,
    /// What the person who granted it should know.
    pub(super) warnings: Vec<String>,
}

impl Applied {
    /// The org was changed.
    pub(super) fn changed() -> Self {
        Self {
            already: false,
            grants: Vec::new(),
            replaced: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The org was as requested already.
    pub(super) fn already() -> Self {
        Self {
            already: true,
            ..Self::changed()
        }
    }

    /// Adds a grant that exists now.
    pub(super) fn with(mut self, grant: Grant) -> Self {
        self.grants.push(grant);
        self
    }

    /// Adds a warning.
    pub(super) fn warning(mut self, warning: Option<String>) -> Self {
        self.warnings.extend(warning);
        self
    }

    /// Adds a grant that no longer exists because of the change.
    pub(super) fn replacing(mut self, grant: Option<GrantId>) -> Self {
        self.replaced.extend(grant);
        self
    }
}

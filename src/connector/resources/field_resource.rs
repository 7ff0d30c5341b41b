//! Resource types of which a user has one at most, named in a field of the user: roles and
//! profiles.

use std::sync::Arc;

use async_trait::async_trait;

use super::directory::{Directory, DirectoryRow};
use super::field_grants::{FieldGrants, UserReference};
use crate::baton::{
    Call, Entitlement, Grant, GrantScope, Page, PageRequest, Provisioner, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::USER;
use crate::connector::read::context::ReadContext;
use crate::connector::text;

/// A row that users refer to in a field.
pub(super) trait UserFieldRow: DirectoryRow {
    /// The field.
    const REFERENCE: UserReference;
    /// What people call the resource.
    const NOUN: &'static str;
    /// The last words of the entitlement's display name.
    const TITLE: &'static str;
}

/// Lists the rows and the users who refer to them.
pub(super) struct FieldResources<R: DirectoryRow> {
    context: Arc<ReadContext>,
    directory: Directory<R>,
    grants: FieldGrants,
    provisioner: Box<dyn Provisioner>,
}

impl<R: UserFieldRow> FieldResources<R> {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            grants: FieldGrants::new(context, R::REFERENCE, R::TYPE),
            provisioner,
        }
    }
}

#[async_trait]
impl<R: UserFieldRow> ResourceSyncer for FieldResources<R> {
    fn resource_type(&self) -> &ResourceType {
        R::TYPE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!("Has the {} {}", R::NOUN, text::shown(on));
        let entitlement = text::entitlement(on, "assigned", R::TITLE, about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        let targets = self.directory.all(&memory);
        self.grants.page(scope, page, &memory, targets).await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}

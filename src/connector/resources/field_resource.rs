//! Resource types of which a user has one at most, named in a field of the user: roles and
//! profiles.

use std::sync::Arc;

use async_trait::async_trait;

use super::directory::{Directory, DirectoryRow};
use super::field_grants::{FieldGrants, UserReference};
use super::given;
use super::giver::Giver;
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
    /// What the resource means for who has it, in a sentence.
    const MEANS: &'static str;
    /// What gives permissions, if it does.
    const GIVES: Option<Giver>;
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

    /// Adds to the resources what they give.
    async fn complete(&self, page: &mut Page<Resource>, call: &Call) -> Result<()> {
        match R::GIVES {
            Some(giver) => given::show(giver, page, &self.context, call).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl<R: UserFieldRow> ResourceSyncer for FieldResources<R> {
    fn resource_type(&self) -> &ResourceType {
        R::TYPE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        if R::GIVES.is_some() {
            given::foresee(&self.context, page);
        }
        let mut answer = self.directory.list(page).await?;
        self.complete(&mut answer, &page.call).await?;
        Ok(answer)
    }

    async fn get(&self, id: &ResourceId, call: &Call) -> Result<Page<Resource>> {
        let mut answer = self.directory.get(id).await?;
        self.complete(&mut answer, call).await?;
        Ok(answer)
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let mut about = Some(format!("Has the {} {}.", R::NOUN, text::shown(on)));
        text::add_sentence(&mut about, Some(R::MEANS.to_owned()));
        text::add_sentence(&mut about, given::of_request(on));
        let about = about.unwrap_or_default();
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

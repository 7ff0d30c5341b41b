//! What roles and profiles have in common: a user has one at most, and the link is a field of the
//! user.

use std::sync::Arc;

use async_trait::async_trait;

use super::catalog::USER;
use super::context::Context;
use super::directory::{Directory, Entry};
use super::links::{Link, Links};
use super::provision::{Provisioning, UserField};
use super::text;
use crate::baton::{
    Call, Entitlement, Grant, GrantScope, Id, Page, PageRequest, Provisioner, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result,
};

/// A row that users refer to in a field.
pub(super) trait Referred: Entry {
    /// Which field that is.
    const LINK: Link;
    /// What people call it.
    const NOUN: &'static str;
    /// What the entitlement is called behind the resource's name.
    const TITLE: &'static str;
    /// How it is granted.
    fn rule() -> UserField;
}

/// Lists the rows and which user has which.
pub(super) struct OfUsers<R: Entry> {
    context: Arc<Context>,
    directory: Directory<R>,
    links: Links,
    provisioning: Provisioning<UserField>,
}

impl<R: Referred> OfUsers<R> {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&context)),
            links: Links::new(Arc::clone(&context), R::LINK, R::resource_type()),
            provisioning: Provisioning::new(Arc::clone(&context), R::rule()),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
        self.links.forget(sync);
    }
}

#[async_trait]
impl<R: Referred> ResourceSyncer for OfUsers<R> {
    fn resource_type(&self) -> &ResourceType {
        R::resource_type()
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!("Has the {} {}", R::NOUN, text::shown(on));
        Ok(Page::last(vec![text::entitlement(
            on,
            "assigned",
            R::TITLE,
            about,
            &[USER.id],
        )]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        self.links
            .page(scope, page, &memory, self.directory.known(&memory))
            .await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(&self.provisioning)
    }
}

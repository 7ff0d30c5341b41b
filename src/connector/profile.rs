//! Profiles. Every user has exactly one; the link is a field of the user.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::catalog::{PROFILE, USER};
use super::context::Context;
use super::directory::{Directory, Entry};
use super::known::Known;
use super::links::{Link, Links};
use super::memory::Memory;
use super::provision::{Provisioning, UserField};
use super::table::{Row, Table};
use super::text;
use super::user::LicensePart;
use crate::baton::{
    Call, Entitlement, Grant, GrantScope, Id, Page, PageRequest, Provisioner, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result, Variant,
};
use crate::salesforce::SalesforceId;

/// A row of Profile (facts/salesforce-api.md C.3).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileRow {
    id: SalesforceId,
    name: Option<String>,
    description: Option<String>,
    user_type: Option<String>,
    user_license_id: Option<SalesforceId>,
    user_license: Option<LicensePart>,
}

impl Row for ProfileRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl Entry for ProfileRow {
    type Links = ();
    const OBJECT: &'static str = "Profile";
    const NEEDS: &'static str =
        "give the connector's user \"View All Profiles\" or \"Manage Users\"";

    fn resource_type() -> &'static ResourceType {
        &PROFILE
    }

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Name"]).optional(&[
            "Description",
            "UserType",
            "UserLicenseId",
            "UserLicense.Name",
            "UserLicense.LicenseDefinitionKey",
        ])
    }

    fn links(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let license = self.user_license;
        let (license, key) = license.map_or((None, None), |part| {
            (part.name, part.license_definition_key)
        });
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("user_type", self.user_type),
            ("license_id", self.user_license_id.map(|id| id.to_string())),
            ("license", license),
            ("license_key", key),
        ]);
        Ok(Resource {
            id: ResourceId::new(PROFILE.id, self.id.to_string())?,
            display_name: text::name([self.name], self.id),
            description: text::filled(self.description),
            variant: Variant::Plain,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }

    fn known(memory: &Memory) -> &Known<()> {
        &memory.profiles
    }
}

/// Lists profiles and who has which.
pub(super) struct Profiles {
    context: Arc<Context>,
    directory: Directory<ProfileRow>,
    links: Links,
    provisioning: Provisioning<UserField>,
}

impl Profiles {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&context)),
            links: Links::new(Arc::clone(&context), Link::Profile, &PROFILE),
            provisioning: Provisioning::new(Arc::clone(&context), UserField::profile()),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
        self.links.forget(sync);
    }
}

#[async_trait]
impl ResourceSyncer for Profiles {
    fn resource_type(&self) -> &ResourceType {
        &PROFILE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!("Has the profile {}", text::shown(on));
        Ok(Page::last(vec![text::entitlement(
            on,
            "assigned",
            "Profile",
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

//! User licences: seats that active users use by their profile.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::directory::{Directory, DirectoryRow};
use super::field_grants::{FieldGrants, UserReference};
use super::license::{License, SLUG, Seats};
use crate::baton::{
    Call, Entitlement, EntitlementMark, Grant, GrantScope, Object, Page, PageRequest, Resource,
    ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::{USER, USER_LICENSE};
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A row of `UserLicense`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserLicenseRow {
    id: SalesforceId,
    name: Option<String>,
    master_label: Option<String>,
    license_definition_key: Option<String>,
    status: Option<String>,
    total_licenses: Option<i64>,
    used_licenses: Option<i64>,
}

impl Row for UserLicenseRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for UserLicenseRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &USER_LICENSE;
    const OBJECT: &'static str = "UserLicense";
    const REMEDY: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "Name",
            "MasterLabel",
            "LicenseDefinitionKey",
            "Status",
            "TotalLicenses",
            "UsedLicenses",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let names = [self.master_label, self.name.clone()];
        License {
            kind: Self::TYPE,
            id: self.id.to_string(),
            name: text::name(names, self.id),
            about: "Every active user whose profile is of this licence uses one seat. It bounds \
                    what the user can be given."
                .to_owned(),
            seats: Seats {
                total: self.total_licenses,
                used: self.used_licenses,
            },
            status: text::filled(self.status),
            ends: None,
            profile: text::profile([
                ("id", Some(self.id.to_string())),
                ("name", self.name),
                ("license_key", self.license_definition_key),
            ]),
        }
        .into_resource()
    }
}

/// Lists user licences and the active users of their profiles.
pub(super) struct UserLicenses {
    context: Arc<ReadContext>,
    directory: Directory<UserLicenseRow>,
    grants: FieldGrants,
}

impl UserLicenses {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            grants: FieldGrants::new(context, UserReference::License, &USER_LICENSE),
        }
    }
}

/// Why it is not granted and revoked.
const OF_PROFILE: &str = "the licence follows from the user's profile; change the profile, or \
                          deactivate the user to free the seat";

#[async_trait]
impl ResourceSyncer for UserLicenses {
    fn resource_type(&self) -> &ResourceType {
        &USER_LICENSE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let name = text::shown(on);
        let about = format!(
            "Uses a seat of the user licence {name}, because the user is active and its profile \
             is of this licence. To free the seat, change the profile or deactivate the user."
        );
        let mut entitlement = text::entitlement(on, SLUG, "User License", about, &[USER.id]);
        let why = Object::from([("reason".to_owned(), OF_PROFILE.into())]);
        entitlement.marks.push(EntitlementMark::Immutable(why));
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        let targets = self.directory.all(&memory);
        self.grants.page(scope, page, &memory, targets).await
    }
}

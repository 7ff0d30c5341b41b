//! Connected apps: applications that are registered to sign in to the org.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::directory::{Directory, DirectoryRow};
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    AppKind, Call, Entitlement, Grant, GrantScope, Page, PageRequest, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result, Trait, TypeMark, Variant,
};
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::{self, SalesforceId};

/// The resource type.
static CONNECTED_APP: ResourceType = ResourceType {
    id: "connected_application",
    display_name: "Connected Application",
    description: "An application that is registered to sign in to the org",
    traits: &[Trait::App],
    marks: &[TypeMark::SkipEntitlementsAndGrants],
    permissions: &[],
};

/// A row of `ConnectedApplication`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct AppRow {
    id: SalesforceId,
    name: Option<String>,
    start_url: Option<String>,
    options_allow_admin_approved_users_only: Option<bool>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    created_date: Option<Timestamp>,
}

impl Row for AppRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for AppRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &CONNECTED_APP;
    const OBJECT: &'static str = "ConnectedApplication";
    const REMEDY: &'static str =
        "give the connector's user \"Customize Application\", or leave out --sync-connected-apps";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "Name",
            "StartUrl",
            "OptionsAllowAdminApprovedUsersOnly",
            "CreatedDate",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("start_url", self.start_url),
        ]);
        profile.extend(
            self.options_allow_admin_approved_users_only
                .map(|only| ("admin_approved_users_only".to_owned(), only.into())),
        );
        Ok(Resource {
            id: ResourceId::new(CONNECTED_APP.id, self.id.to_string())?,
            display_name: text::name([self.name], self.id),
            description: None,
            variant: Variant::App(AppKind {
                nhi_detail: "salesforce.connected_application",
            }),
            profile: Some(profile),
            status: None,
            created_at: self.created_date,
        })
    }
}

/// Lists connected apps.
pub(in crate::connector) struct ConnectedApps {
    directory: Directory<AppRow>,
}

impl ConnectedApps {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        Self {
            directory: Directory::new(context),
        }
    }
}

#[async_trait]
impl ResourceSyncer for ConnectedApps {
    fn resource_type(&self) -> &ResourceType {
        &CONNECTED_APP
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        no_entitlements()
    }

    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Ok(Page::last(Vec::new()))
    }
}

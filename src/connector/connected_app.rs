//! Connected apps: applications that are registered to sign in to the org.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::catalog::CONNECTED_APP;
use super::context::Context;
use super::directory::{Directory, Entry};
use super::known::Known;
use super::memory::Memory;
use super::table::{Row, Table};
use super::text;
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    AppKind, Call, Entitlement, Grant, GrantScope, Id, Page, PageRequest, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result, Variant,
};
use crate::salesforce::{self, SalesforceId};

/// A row of `ConnectedApplication` (facts/salesforce-api.md C.8).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AppRow {
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

impl Entry for AppRow {
    type Links = ();
    const OBJECT: &'static str = "ConnectedApplication";
    const NEEDS: &'static str =
        "give the connector's user \"Customize Application\", or leave out --sync-connected-apps";

    fn resource_type() -> &'static ResourceType {
        &CONNECTED_APP
    }

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Name"]).optional(&[
            "StartUrl",
            "OptionsAllowAdminApprovedUsersOnly",
            "CreatedDate",
        ])
    }

    fn links(&self) -> Option<()> {
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

    fn known(memory: &Memory) -> &Known<()> {
        &memory.connected_apps
    }
}

/// Lists connected apps.
pub(super) struct ConnectedApps {
    directory: Directory<AppRow>,
}

impl ConnectedApps {
    pub(super) fn new(context: &Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(context)),
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
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

//! Rows of apps, and the resources that they become.
//!
//! Object Reference: `ConnectedApplication`, `ExternalClientApplication`.

use jiff::Timestamp;
use serde::Deserialize;

use crate::baton::{AppKind, Resource, ResourceId, ResourceType, Result, Variant};
use crate::connector::catalog::CONNECTED_APP;
use crate::connector::read::table::{Row, Table};
use crate::connector::resources::directory::DirectoryRow;
use crate::connector::text;
use crate::salesforce::{self, SalesforceId};

/// The key prefix of connected apps.
const CONNECTED_PREFIX: &str = "0H4";

const REMEDY: &str =
    "give the connector's user \"Customize Application\", or leave out --sync-connected-apps";

/// Whether it is the id of a connected app; otherwise it is that of an external client app.
pub(in crate::connector) fn is_connected_app(id: SalesforceId) -> bool {
    id.key_prefix() == CONNECTED_PREFIX
}

/// What later phases need of an app.
pub(in crate::connector) struct AppSummary {
    /// Its name, by which an authorization names it.
    pub(super) name: Option<Box<str>>,
}

impl AppSummary {
    fn new(name: Option<&String>) -> Self {
        Self {
            name: name.map(|name| name.as_str().into()),
        }
    }
}

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

impl AppRow {
    /// Whether only people whom an administrator has chosen may use it.
    pub(super) fn is_restricted(&self) -> Option<bool> {
        self.options_allow_admin_approved_users_only
    }
}

impl DirectoryRow for AppRow {
    type Summary = AppSummary;
    const TYPE: &'static ResourceType = &CONNECTED_APP;
    const OBJECT: &'static str = "ConnectedApplication";
    const REMEDY: &'static str = REMEDY;

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "Name",
            "StartUrl",
            "OptionsAllowAdminApprovedUsersOnly",
            "CreatedDate",
        ])
    }

    fn summary(&self) -> Option<AppSummary> {
        Some(AppSummary::new(self.name.as_ref()))
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

/// A row of `ExternalClientApplication`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct ExternalAppRow {
    id: SalesforceId,
    developer_name: Option<String>,
    master_label: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    created_date: Option<Timestamp>,
}

impl Row for ExternalAppRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for ExternalAppRow {
    type Summary = AppSummary;
    const TYPE: &'static ResourceType = &CONNECTED_APP;
    const OBJECT: &'static str = "ExternalClientApplication";
    const REMEDY: &'static str = REMEDY;

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "DeveloperName",
            "MasterLabel",
            "Description",
            "CreatedDate",
        ])
    }

    fn summary(&self) -> Option<AppSummary> {
        Some(AppSummary::new(self.master_label.as_ref()))
    }

    fn into_resource(self) -> Result<Resource> {
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.master_label.clone()),
            ("developer_name", self.developer_name.clone()),
        ]);
        Ok(Resource {
            id: ResourceId::new(CONNECTED_APP.id, self.id.to_string())?,
            display_name: text::name([self.master_label, self.developer_name], self.id),
            description: text::filled(self.description),
            variant: Variant::App(AppKind {
                nhi_detail: "salesforce.external_client_application",
            }),
            profile: Some(profile),
            status: None,
            created_at: self.created_date,
        })
    }
}

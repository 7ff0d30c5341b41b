//! Permission set licences: seats for features that permission sets give.

use serde::Deserialize;

use super::directory::DirectoryRow;
use super::license::{License, Seats};
use super::license_holders::AssignedLicense;
use super::synced_users::Via;
use crate::baton::{Resource, ResourceType, Result};
use crate::connector::catalog::PERMISSION_SET_LICENSE;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A row of `PermissionSetLicense`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetLicenseRow {
    id: SalesforceId,
    developer_name: Option<String>,
    master_label: Option<String>,
    permission_set_license_key: Option<String>,
    status: Option<String>,
    total_licenses: Option<i64>,
    used_licenses: Option<i64>,
    expiration_date: Option<String>,
}

impl Row for SetLicenseRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for SetLicenseRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &PERMISSION_SET_LICENSE;
    const OBJECT: &'static str = "PermissionSetLicense";
    const REMEDY: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "DeveloperName",
            "MasterLabel",
            "PermissionSetLicenseKey",
            "Status",
            "TotalLicenses",
            "UsedLicenses",
            "ExpirationDate",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let names = [self.master_label, self.developer_name.clone()];
        License {
            kind: Self::TYPE,
            id: self.id.to_string(),
            name: text::name(names, self.id),
            about: "Lets its holder have permission sets with features that their user licence \
                    does not include."
                .to_owned(),
            seats: Seats {
                total: self.total_licenses,
                used: self.used_licenses,
            },
            status: text::filled(self.status),
            ends: self.expiration_date,
            profile: text::profile([
                ("id", Some(self.id.to_string())),
                ("developer_name", self.developer_name),
                ("license_key", self.permission_set_license_key),
            ]),
        }
        .into_resource()
    }
}

impl AssignedLicense for SetLicenseRow {
    const NOUN: &'static str = "Permission Set License";
    const ASSIGNMENT: &'static str = "PermissionSetLicenseAssign";
    const USER: &'static str = "AssigneeId";
    const LICENSE: &'static str = "PermissionSetLicenseId";
    const VIA: Via = Via::Assignee;
    const ASSIGNMENT_REMEDY: &'static str =
        "give the connector's user \"View Setup and Configuration\" or \"Assign Permission Sets\"";

    fn about(name: &str) -> String {
        format!(
            "Uses a seat of the permission set licence {name}. It gives no access by itself: it \
             lets the user have the permission sets that need it."
        )
    }
}

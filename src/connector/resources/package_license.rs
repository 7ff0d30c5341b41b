//! Package licences: seats of installed packages.

use serde::Deserialize;

use super::directory::DirectoryRow;
use super::license::{License, Seats};
use super::license_holders::AssignedLicense;
use super::synced_users::Via;
use crate::baton::{Resource, ResourceType, Result};
use crate::connector::catalog::PACKAGE_LICENSE;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A row of `PackageLicense`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PackageLicenseRow {
    id: SalesforceId,
    namespace_prefix: Option<String>,
    status: Option<String>,
    is_provisioned: Option<bool>,
    allowed_licenses: Option<i64>,
    used_licenses: Option<i64>,
    expiration_date: Option<String>,
}

impl Row for PackageLicenseRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for PackageLicenseRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &PACKAGE_LICENSE;
    const OBJECT: &'static str = "PackageLicense";
    const REMEDY: &'static str =
        "give the connector's user \"View Setup and Configuration\" or \"Manage Package Licenses\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "NamespacePrefix",
            "Status",
            "IsProvisioned",
            "AllowedLicenses",
            "UsedLicenses",
            "ExpirationDate",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("namespace_prefix", self.namespace_prefix.clone()),
        ]);
        let provisioned = self.is_provisioned.map(Into::into);
        profile.extend(provisioned.map(|value| ("is_provisioned".to_owned(), value)));
        License {
            kind: Self::TYPE,
            id: self.id.to_string(),
            name: text::name([self.namespace_prefix], self.id),
            about: "Lets its holder use a package that is installed in the org; the name is the \
                    namespace of the package."
                .to_owned(),
            seats: Seats {
                total: self.allowed_licenses,
                used: self.used_licenses,
            },
            status: text::filled(self.status),
            ends: self.expiration_date,
            profile,
        }
        .into_resource()
    }
}

impl AssignedLicense for PackageLicenseRow {
    const NOUN: &'static str = "Package License";
    const ASSIGNMENT: &'static str = "UserPackageLicense";
    const USER: &'static str = "UserId";
    const LICENSE: &'static str = "PackageLicenseId";
    const VIA: Via = Via::Holder;
    const ASSIGNMENT_REMEDY: &'static str =
        "give the connector's user \"View Setup and Configuration\" or \"Manage Package Licenses\"";

    fn about(name: &str) -> String {
        format!(
            "Uses a seat of the installed package {name}, which the user may open then. What the \
             user may do in it, permission sets and the profile say."
        )
    }
}

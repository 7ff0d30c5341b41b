//! Profiles. Every user has exactly one; the link is a field of the user.

use serde::Deserialize;

use super::catalog::PROFILE;
use super::directory::Entry;
use super::known::Known;
use super::links::Link;
use super::memory::Memory;
use super::provision::UserField;
use super::referred::Referred;
use super::table::{Row, Table};
use super::text;
use super::user::LicensePart;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
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

impl Referred for ProfileRow {
    const LINK: Link = Link::Profile;
    const NOUN: &'static str = "profile";
    const TITLE: &'static str = "Profile";

    fn rule() -> UserField {
        UserField::profile()
    }
}

//! Profiles. Every user has exactly one; the link is a field of the user.

use serde::Deserialize;

use super::directory::DirectoryRow;
use super::field_grants::UserReference;
use super::field_resource::UserFieldRow;
use super::giver::Giver;
use super::row_parts::LicensePart;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
use crate::connector::catalog::PROFILE;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A row of Profile.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct ProfileRow {
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

impl DirectoryRow for ProfileRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &PROFILE;
    const OBJECT: &'static str = "Profile";
    const REMEDY: &'static str =
        "give the connector's user \"View All Profiles\" or \"Manage Users\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "Name",
            "Description",
            "UserType",
            "UserLicenseId",
            "UserLicense.Name",
            "UserLicense.LicenseDefinitionKey",
        ])
    }

    fn summary(&self) -> Option<()> {
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
}

impl UserFieldRow for ProfileRow {
    const REFERENCE: UserReference = UserReference::Profile;
    const NOUN: &'static str = "profile";
    const TITLE: &'static str = "Profile";
    const MEANS: &'static str = "A profile is the base of what a user may do. Every user has exactly \
                                 one, so granting another one replaces it.";
    const GIVES: Option<Giver> = Some(Giver::Profile);
}

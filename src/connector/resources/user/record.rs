//! A user's row: the one list of the columns that a sync reads, and where each goes.

use jiff::Timestamp;
use serde::Deserialize;

use crate::baton::Value;
use crate::connector::options::Options;
use crate::connector::read::table::{Row, Table};
use crate::connector::resources::row_parts::{LicensePart, NamePart};
use crate::connector::resources::synced_users::UserSummary;
use crate::connector::resources::user_facts::{FactColumns, UserFacts};
use crate::salesforce::{self, SalesforceId};

/// Defines [`UserRow`] with its columns. `required` columns fail the query if the org does not have
/// them, `optional` ones are left out, and a consequence of that may be given. `=> "key"` shows the value in the resource's profile.
macro_rules! user_columns {
    ($(
        $(#[$attribute:meta])*
        $need:ident $(($consequence:literal))? $field:ident: $type:ty = $column:literal
        $(reads [$($path:literal),+])? $(=> $key:literal)?;
    )+) => {
        /// A row of User.
        #[derive(Debug, Deserialize)]
        pub(in crate::connector) struct UserRow {
            $(
                $(#[$attribute])*
                #[serde(rename = $column)]
                pub(super) $field: $type,
            )+
        }

        /// The top-level names in a row.
        pub(super) const NAMES: &[&str] = &["attributes", $($column),+];

        /// Those that are parents.
        pub(super) const PARENTS: &[&str] =
            &[$($(user_columns!(@parent $column [$($path),+]),)?)+];

        impl UserRow {
            /// The columns to read.
            pub(super) fn table() -> Table {
                let table = Table::new("User", &[]);
                $(let table = user_columns!(@column table $need $(($consequence))? $column $([$($path),+])?);)+
                table
            }

            /// What the profile shows, by key.
            pub(super) fn profile_values(&self) -> Vec<(&'static str, Value)> {
                let values = [$($(($key, self.$field.shown()),)?)+];
                values
                    .into_iter()
                    .filter_map(|(key, value)| Some((key, value?)))
                    .collect()
            }
        }
    };
    (@parent $column:literal [$($path:literal),+]) => { $column };
    (@column $table:ident required $column:literal) => { $table.required(&[$column]) };
    (@column $table:ident optional $column:literal) => { $table.optional(&[$column]) };
    (@column $table:ident optional($consequence:literal) $column:literal) => {
        $table.optional_or($column, $consequence)
    };
    (@column $table:ident optional $column:literal [$($path:literal),+]) => {
        $table.optional(&[$($path),+])
    };
}

user_columns! {
    required id: SalesforceId = "Id";
    required is_active: bool = "IsActive" => "is_active";
    /// Empty for some accounts that Salesforce maintains itself.
    required user_type: Option<String> = "UserType";
    optional username: Option<String> = "Username";
    optional name: Option<String> = "Name";
    optional first_name: Option<String> = "FirstName" => "first_name";
    optional last_name: Option<String> = "LastName" => "last_name";
    optional email: Option<String> = "Email";
    optional("the grants of profiles are missing") profile_id: Option<SalesforceId> = "ProfileId" => "profile_id";
    optional profile: Option<ProfilePart> = "Profile"
        reads ["Profile.Name", "Profile.UserLicense.Name",
            "Profile.UserLicense.LicenseDefinitionKey"];
    optional("the grants of roles are missing") user_role_id: Option<SalesforceId> = "UserRoleId" => "role_id";
    optional user_role: Option<NamePart> = "UserRole" reads ["UserRole.Name"] => "role";
    optional manager_id: Option<SalesforceId> = "ManagerId" => "manager_id";
    optional department: Option<String> = "Department" => "department";
    optional title: Option<String> = "Title" => "title";
    optional employee_number: Option<String> = "EmployeeNumber" => "employee_number";
    optional federation_identifier: Option<String> = "FederationIdentifier"
        => "federation_identifier";
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    optional created_date: Option<Timestamp> = "CreatedDate" => "created_at";
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    optional last_login_date: Option<Timestamp> = "LastLoginDate";
}

/// What a user's row shows of its profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct ProfilePart {
    pub(super) name: Option<String>,
    /// Read only if the sync has licences.
    user_license_id: Option<SalesforceId>,
    pub(super) user_license: Option<LicensePart>,
}

impl UserRow {
    pub(super) fn summary(&self) -> UserSummary {
        UserSummary::new(
            self.profile_id,
            self.user_role_id,
            self.profile
                .as_ref()
                .and_then(|profile| profile.user_license_id),
            self.is_active,
            self.user_type.as_deref(),
        )
    }
}

impl UserRow {
    pub(super) fn facts(&self, options: &Options) -> UserFacts {
        let columns = FactColumns {
            is_active: self.is_active,
            profile: self.profile_id,
            email: self.email.as_deref(),
            username: self.username.as_deref(),
            federation_id: self.federation_identifier.as_deref(),
            last_login: self.last_login_date,
            created: self.created_date,
        };
        UserFacts::new(columns, options)
    }
}

impl Row for UserRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// How a column's value is shown in a profile. Nothing is shown for an empty value.
trait Shown {
    fn shown(&self) -> Option<Value>;
}

impl Shown for bool {
    fn shown(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Shown for Option<String> {
    fn shown(&self) -> Option<Value> {
        let text = self.as_deref().filter(|text| !text.is_empty());
        text.map(Value::from)
    }
}

impl Shown for Option<SalesforceId> {
    fn shown(&self) -> Option<Value> {
        self.map(|id| id.to_string().into())
    }
}

impl Shown for Option<Timestamp> {
    fn shown(&self) -> Option<Value> {
        self.map(|time| time.to_string().into())
    }
}

impl Shown for Option<NamePart> {
    fn shown(&self) -> Option<Value> {
        self.as_ref()?.name.shown()
    }
}

impl ProfilePart {
    /// Name of the profile, and name and key of its licence, as a profile shows them.
    pub(super) fn profile_values(&self) -> Vec<(&'static str, Value)> {
        let license = self.user_license.as_ref();
        let values = [
            ("profile", self.name.shown()),
            ("license", license.and_then(|license| license.name.shown())),
            (
                "license_key",
                license.and_then(|license| license.license_definition_key.shown()),
            ),
        ];
        values
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

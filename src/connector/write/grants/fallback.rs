//! The profile that a user gets when its profile is revoked: the one that the configuration maps to
//! the user's licence.
//!
//! A licence is identified by its name ("Salesforce"), its label or its key ("SFDC"), in any case.
//! If several of them are mapped, the name counts. A profile is identified by its id or its name.
//! The user and the profiles are read in one call, each time.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::baton::{Error, Result};
use crate::connector::error::ReadError;
use crate::connector::write::attempt::Attempt;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, Select, field};

/// The flag of the mapping.
const FLAG: &str = "--license-to-least-privileged-profile-mapping";

const PROFILE_PREFIX: &str = "00e";

/// Licence → profile, as configured.
type Mapping = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserPart {
    profile_id: Option<SalesforceId>,
    profile: Option<ProfilePart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProfilePart {
    user_license: Option<LicensePart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LicensePart {
    name: Option<String>,
    master_label: Option<String>,
    license_definition_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedProfile {
    id: SalesforceId,
    name: Option<String>,
}

/// The current state of a user, and the profiles that the mapping names.
pub(super) struct Found {
    user: UserPart,
    profiles: Vec<NamedProfile>,
}

/// Reads a user and the mapped profiles. Returns `None` if the user does not exist.
pub(super) async fn look(
    user: SalesforceId,
    attempt: &mut Attempt<'_>,
) -> Result<Option<Found>, ReadError> {
    let mapping = &attempt.context.options.least_privileged_profiles;
    let select = Select::from("User")
        .fields([
            "ProfileId",
            "Profile.UserLicense.Name",
            "Profile.UserLicense.MasterLabel",
            "Profile.UserLicense.LicenseDefinitionKey",
        ])
        .filter(field("Id").eq(user))
        .limit(1);
    let (users, profiles) = match mapped(mapping) {
        None => (attempt.query(&select).await?, Vec::new()),
        Some(mapped) => {
            let profiles = Select::from("Profile")
                .fields(["Id", "Name"])
                .filter(mapped);
            let mut answers = attempt.ask([select, profiles]).await?;
            (
                answers.rows(0, "read a user")?,
                answers.rows(1, "read profiles")?,
            )
        }
    };
    Ok(users
        .into_iter()
        .next()
        .map(|user| Found { user, profiles }))
}

/// The profiles that the mapping names.
fn mapped(mapping: &Mapping) -> Option<Condition> {
    if mapping.is_empty() {
        return None;
    }
    let named = field("Name").in_strings(mapping.values());
    let ids: Vec<_> = mapping
        .values()
        .filter_map(|profile| profile_id(profile))
        .collect();
    Some(if ids.is_empty() {
        named
    } else {
        named.or(field("Id").in_ids(ids))
    })
}

fn profile_id(text: &str) -> Option<SalesforceId> {
    let id: SalesforceId = text.trim().parse().ok()?;
    (id.key_prefix() == PROFILE_PREFIX).then_some(id)
}

impl Found {
    /// The user's profile.
    pub(super) fn current(&self) -> Option<SalesforceId> {
        self.user.profile_id
    }

    /// The profile that the mapping has for this user.
    pub(super) fn choose(&self, mapping: &Mapping) -> Result<SalesforceId> {
        let license = self
            .user
            .profile
            .as_ref()
            .and_then(|profile| profile.user_license.as_ref());
        let Some(license) = license.filter(|license| !license.names().is_empty()) else {
            return Err(Error::precondition(format!(
                "the licence of the user is not shown, so no profile of {FLAG} can be chosen; \
                 give the connector's user \"View Setup and Configuration\""
            )));
        };
        let names = license.names();
        let Some((key, profile)) = names.iter().find_map(|name| entry(mapping, name)) else {
            return Err(Error::precondition(format!(
                "{FLAG} has no entry for the licence \"{}\" of the user, and a user cannot be \
                 without a profile; add \"{}=<name or id of a profile>\"",
                names.join("\" or \""),
                names.first().copied().unwrap_or_default(),
            )));
        };
        self.profile(profile).ok_or_else(|| {
            Error::precondition(format!(
                "{FLAG} maps the licence \"{key}\" to \"{profile}\", and the org has no profile \
                 of that name or id"
            ))
        })
    }

    fn profile(&self, wanted: &str) -> Option<SalesforceId> {
        let by = |is_it: &dyn Fn(&NamedProfile) -> bool| {
            self.profiles
                .iter()
                .find(|profile| is_it(profile))
                .map(|profile| profile.id)
        };
        let id = profile_id(wanted);
        by(&|profile| Some(profile.id) == id)
            .or_else(|| by(&|profile| profile.name.as_deref() == Some(wanted)))
            .or_else(|| by(&|profile| profile.name.as_deref().is_some_and(|n| is_same(n, wanted))))
    }
}

impl LicensePart {
    /// Its names, best first.
    fn names(&self) -> Vec<&str> {
        let names = [&self.name, &self.master_label, &self.license_definition_key];
        let mut names: Vec<&str> = names.into_iter().filter_map(Option::as_deref).collect();
        names.dedup();
        names
    }
}

fn entry<'a>(mapping: &'a Mapping, license: &str) -> Option<(&'a String, &'a String)> {
    mapping
        .get_key_value(license)
        .or_else(|| mapping.iter().find(|(key, _)| is_same(key, license)))
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    const MINIMUM: &str = "00eHp0000000001";

    fn choose(mapping: &[(&str, &str)]) -> Result<SalesforceId> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let license = LicensePart {
            name: Some("Salesforce".to_owned()),
            master_label: Some("Salesforce".to_owned()),
            license_definition_key: Some("SFDC".to_owned()),
        };
        let user = UserPart {
            profile_id: None,
            profile: Some(ProfilePart {
                user_license: Some(license),
            }),
        };
        let minimum = NamedProfile {
            id: MINIMUM.parse().unwrap(),
            name: Some("Minimum Access".to_owned()),
        };
        Found {
            user,
            profiles: vec![minimum],
        }
        .choose(&mapping.iter().map(owned).collect())
    }

    #[test_case(&[("Salesforce", "Minimum Access")]; "names")]
    #[test_case(&[("SFDC", MINIMUM)]; "key and id")]
    #[test_case(&[("salesforce ", "minimum access")]; "any case")]
    #[test_case(&[("SFDC", "Typo"), ("Salesforce", "Minimum Access")]; "the name comes first")]
    fn a_profile_is_chosen(mapping: &[(&str, &str)]) {
        assert_eq!(choose(mapping).unwrap(), MINIMUM.parse().unwrap());
    }

    #[test_case(&[] => "has no entry for the licence \"Salesforce\" or \"SFDC\""; "nothing mapped")]
    #[test_case(&[("Chatter Free", "Minimum Access")] => "has no entry for the licence \"Salesforce\" or \"SFDC\""; "another licence")]
    #[test_case(&[("Salesforce", "Typo")] => "maps the licence \"Salesforce\" to \"Typo\""; "no such profile")]
    fn a_wrong_mapping_names_its_key(mapping: &[(&str, &str)]) -> &'static str {
        let said = choose(mapping).unwrap_err().to_string();
        assert!(said.starts_with(FLAG));
        let known = [
            "has no entry for the licence \"Salesforce\" or \"SFDC\"",
            "maps the licence \"Salesforce\" to \"Typo\"",
        ];
        known
            .into_iter()
            .find(|known| said.contains(known))
            .unwrap()
    }
}

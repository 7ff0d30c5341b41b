//! The profile of a new user, by id or by name.

use crate::baton::Result;
use crate::connector::read::table::{IdRow, Row as _};
use crate::connector::write::attempt::Attempt;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Select, field};

/// The key prefix of profiles.
const PREFIX: &str = "00e";

/// The result of a search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    NotAsked,
    Profile(SalesforceId),
    Nothing,
}

impl Found {
    pub(super) fn id(self) -> Option<SalesforceId> {
        match self {
            Self::Profile(id) => Some(id),
            Self::NotAsked | Self::Nothing => None,
        }
    }

    pub(super) fn problem(self) -> Option<String> {
        let text = "profileId is neither the id nor the name of a profile in this org, or the \
                    connector's user may not see it";
        (self == Self::Nothing).then(|| text.to_owned())
    }
}

/// Looks a profile up by id or name. Names are unique in an org.
pub(super) async fn find(wanted: &str, attempt: &mut Attempt<'_>) -> Result<Found> {
    let id = wanted
        .parse::<SalesforceId>()
        .ok()
        .filter(|id| id.key_prefix() == PREFIX);
    let which = match id {
        Some(id) => field("Id").eq(id),
        // No profile has such a name.
        None if wanted.chars().count() > 255 || wanted.contains(char::is_control) => {
            return Ok(Found::Nothing);
        }
        None => field("Name").eq(wanted),
    };
    let select = Select::from("Profile").field("Id").filter(which).limit(2);
    let rows = attempt.query::<IdRow>(&select).await;
    let rows = rows.map_err(|error| error.wrap("looking the profile up"))?;
    Ok(rows
        .first()
        .map_or(Found::Nothing, |row| Found::Profile(row.id())))
}

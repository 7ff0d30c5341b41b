//! The profile of a new user, by id or by name.

use super::{Context, Wrote, wrap};
use crate::baton::Result;
use crate::connector::context::IdRow;
use crate::connector::table::Row as _;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Select, field};

/// What ids of profiles begin with.
const PREFIX: &str = "00e";

/// What became of a search.
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

/// Looks the profile up; the org has at most one of a name.
pub(super) async fn find(context: &Context, wanted: &str, wrote: &mut Wrote) -> Result<Found> {
    let id = wanted
        .parse::<SalesforceId>()
        .ok()
        .filter(|id| id.key_prefix() == PREFIX);
    let which = match id {
        Some(id) => field("Id").eq(id),
        // No name has that many characters, and none has any that cannot be written.
        None if wanted.chars().count() > 255 || wanted.contains(char::is_control) => {
            return Ok(Found::Nothing);
        }
        None => field("Name").eq(wanted),
    };
    let select = Select::from("Profile").field("Id").filter(which).limit(2);
    let page = wrote.tried(context.org.client.query::<IdRow>(&select).await);
    let page = page.map_err(|error| wrap("looking the profile up", error))?;
    Ok(page
        .records
        .first()
        .map_or(Found::Nothing, |row| Found::Profile(row.id())))
}

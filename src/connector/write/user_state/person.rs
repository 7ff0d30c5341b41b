//! A user as a decision to write needs it, always a fresh read.

use serde::Deserialize;

use crate::baton::{Error, Result};
use crate::connector::error::ReadError;
use crate::connector::read::table::{Row, Table};
use crate::connector::write::attempt::Attempt;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// The key prefix of users.
const PREFIX: &str = "005";

/// Parses the id of a user; `name` is the argument that holds it.
pub(in crate::connector::write) fn user_id(name: &str, text: &str) -> Result<SalesforceId> {
    let id: SalesforceId = text
        .parse()
        .map_err(|error| Error::invalid(format!("{name} is not an id of a user")).because(error))?;
    if id.key_prefix() == PREFIX {
        return Ok(id);
    }
    Err(Error::invalid(format!(
        "{name} is not an id of a user: {id} begins with {}, ids of users begin with {PREFIX}",
        id.key_prefix()
    )))
}

/// What is read of a user before a write.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector::write) struct Person {
    pub(in crate::connector::write) id: SalesforceId,
    pub(in crate::connector::write) is_active: bool,
    pub(in crate::connector::write) profile_id: Option<SalesforceId>,
}

impl Row for Person {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// Several users, read in one call. Those that do not exist are left out.
pub(in crate::connector::write) async fn people(
    ids: &[SalesforceId],
    attempt: &mut Attempt<'_>,
) -> Result<Vec<Person>, ReadError> {
    let table = Table::new("User", &["Id", "IsActive"])
        .optional_or("ProfileId", "a licence without a seat is not named")
        .only(field("Id").in_ids(ids));
    attempt.read::<Person>(&table).await
}

/// One user.
pub(in crate::connector::write) async fn person(
    id: SalesforceId,
    attempt: &mut Attempt<'_>,
) -> Result<Person> {
    let found = people(&[id], attempt).await;
    let found = found.map_err(|error| error.wrap("reading the user"))?;
    found
        .into_iter()
        .find(|person| person.id == id)
        .ok_or_else(|| unknown(id))
}

/// The error for a user that does not exist.
pub(in crate::connector::write) fn unknown(id: SalesforceId) -> Error {
    Error::not_found(format!(
        "user {id} does not exist in this org, or the connector's user may not see it"
    ))
}

//! Sets what SCIM does not carry on a user that was just created: its alias, and whatever the answer
//! did not show.
//!
//! The user is whole and usable without it, because Salesforce fills in what it requires. So a failure
//! does not fail the creation; the outcome says what is left to do.

use serde_json::{Map, Value as Json};
use tracing::warn;

use crate::connector::write::attempt::Attempt;
use crate::connector::write::field_values::is_equal;
use crate::connector::write::refusal::{Write, explain};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::FieldName;

const DOING: &str = "its fields cannot be set";

/// Sets the fields in one request. Returns what is left to do, if that fails.
pub(super) async fn complete(
    id: SalesforceId,
    rest: &Map<String, Json>,
    attempt: &mut Attempt<'_>,
) -> Option<String> {
    if rest.is_empty() {
        return None;
    }
    let (client, object) = (&attempt.context.org.client, FieldName::from("User"));
    let object = &object;
    let names: Vec<_> = rest
        .keys()
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    let find = || async {
        let now = client.read::<Map<String, Json>>(object, id, &names).await?;
        Ok(now.map(|now| {
            let is_set = |(name, wanted): (&String, &Json)| is_equal(name, now.get(name), wanted);
            rest.iter().all(is_set).then_some(())
        }))
    };
    let set = attempt
        .settle(|| client.update(object, id, rest), find)
        .await;
    let error = match set {
        Ok(()) => return None,
        Err(error) => explain(DOING, Write::UserFields, error),
    };
    warn!(sf.id = %id, error = error.chain(), "the new user lacks some of its fields");
    let names: Vec<_> = rest.keys().map(String::as_str).collect();
    Some(format!(
        "some of its fields may not be set; set {} with the action update_user_profile ({})",
        names.join(", "),
        error.chain()
    ))
}

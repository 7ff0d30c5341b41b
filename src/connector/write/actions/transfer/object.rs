//! The objects whose records are transferred.

use crate::baton::{Error, Result};
use crate::connector::error::wrap;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::field_values::shown;
use crate::salesforce::ErrorCode;
use crate::salesforce::soql::FieldName;

/// The default objects. They have owners in every org, so they are not described first.
const USUAL: &[&str] = &["Account", "Opportunity", "Task"];

/// The objects named, each once.
pub(super) fn names(given: Option<Vec<&str>>) -> Result<Vec<FieldName>> {
    let Some(given) = given else {
        return Ok(USUAL.iter().map(FieldName::from).collect());
    };
    if given.is_empty() {
        return Err(Error::invalid(
            "objects names no object; leave it out for the usual ones",
        ));
    }
    let (mut names, mut wrong) = (Vec::<FieldName>::new(), Vec::new());
    for text in given {
        match FieldName::parse(text) {
            Ok(_) if text.contains('.') => wrong.push(shown(text)),
            Ok(name) => {
                let is_twin = |other: &FieldName| other.as_str().eq_ignore_ascii_case(text);
                if !names.iter().any(is_twin) {
                    names.push(name);
                }
            }
            Err(_) => wrong.push(shown(text)),
        }
    }
    if wrong.is_empty() {
        return Ok(names);
    }
    Err(Error::invalid(format!(
        "no names of objects: {}",
        wrong.join(", ")
    )))
}

/// The objects by their proper names, if the records of all of them have owners.
pub(super) async fn check(
    names: Vec<FieldName>,
    attempt: &mut Attempt<'_>,
) -> Result<Vec<FieldName>> {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        let usual = USUAL
            .iter()
            .find(|usual| usual.eq_ignore_ascii_case(name.as_str()));
        if let Some(usual) = usual {
            objects.push(FieldName::from(usual));
            continue;
        }
        let described = match attempt.take(attempt.context.org.client.describe(&name).await) {
            Ok(described) => described,
            Err(error) if error.is_not_found() || error.code() == Some(&ErrorCode::InvalidType) => {
                problems.push(format!(
                    "{} is no object of this org, or the connector's user may not see it",
                    name.as_str()
                ));
                continue;
            }
            Err(error) => return Err(wrap(format!("describing {}", name.as_str()), error)),
        };
        let can_be_given = described
            .field("OwnerId")
            .is_some_and(|owner| owner.updateable);
        match FieldName::parse(&described.name) {
            Ok(name) if described.queryable && can_be_given => objects.push(name),
            _ => problems.push(format!(
                "records of {} have no owner to change",
                described.name
            )),
        }
    }
    if problems.is_empty() {
        return Ok(objects);
    }
    Err(Error::invalid(format!(
        "nothing was transferred: {}",
        problems.join("; ")
    )))
}

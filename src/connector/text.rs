//! Names, profiles and entitlements: small pieces that all resource types share.

use crate::baton::{
    Entitlement, EntitlementId, Error, GrantScope, Object, Purpose, ResourceId, ResourceRef,
    Result, Value,
};
use crate::salesforce::SalesforceId;

/// The first name that is not blank, else the id.
pub(super) fn name<const N: usize>(names: [Option<String>; N], id: SalesforceId) -> String {
    names
        .into_iter()
        .find_map(filled)
        .unwrap_or_else(|| id.to_string())
}

/// The text, unless it is empty.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A profile of those texts that are not blank.
pub(super) fn profile<const N: usize>(texts: [(&str, Option<String>); N]) -> Object {
    texts
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), Value::Text(filled(text)?))))
        .collect()
}

/// The texts of a list in a profile. A key that is missing has none.
pub(super) fn listed<'a>(profile: &'a Object, key: &str) -> Vec<&'a str> {
    match profile.get(key) {
        Some(Value::List(values)) => values.iter().filter_map(Value::as_text).collect(),
        _ => Vec::new(),
    }
}

/// Adds a sentence to a text that may be missing or lack its full stop.
pub(super) fn add_sentence(text: &mut Option<String>, sentence: Option<String>) {
    let Some(sentence) = sentence else { return };
    let begin = text.take().unwrap_or_default();
    let begin = begin.trim_end();
    *text = Some(match begin.chars().last() {
        None => sentence,
        Some('.' | '!' | '?') => format!("{begin} {sentence}"),
        Some(_) => format!("{begin}. {sentence}"),
    });
}

/// The Salesforce id in a request. It came from the org, so its key prefix is not checked.
pub(super) fn record_id(id: &ResourceId) -> Result<SalesforceId> {
    SalesforceId::read(id.resource.as_str()).map_err(|error| {
        Error::invalid(format!(
            "the resource id of the {} is not a Salesforce id",
            id.resource_type
        ))
        .because(error)
    })
}

/// The record whose grants are requested. `None` if those of the whole type are.
pub(super) fn record_of(scope: &GrantScope) -> Result<Option<SalesforceId>> {
    match scope {
        GrantScope::Type => Ok(None),
        GrantScope::Resource(on) => record_id(&on.id).map(Some),
    }
}

/// The name of a request's resource. Hosts may send only its id.
pub(super) fn shown(on: &ResourceRef) -> &str {
    if on.display_name.is_empty() {
        on.id.resource.as_str()
    } else {
        &on.display_name
    }
}

/// The entitlement `slug` on a resource, called `NAME NOUN`.
pub(super) fn entitlement(
    on: &ResourceRef,
    slug: &str,
    noun: &str,
    description: String,
    grantable_to: &[&'static str],
) -> Entitlement {
    Entitlement {
        id: EntitlementId::new(on.id.clone(), slug),
        display_name: format!("{} {noun}", shown(on)),
        description: Some(description),
        purpose: Purpose::Assignment,
        grantable_to: grantable_to.to_vec(),
        marks: Vec::new(),
    }
}

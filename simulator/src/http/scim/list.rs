//! Lists: filters, pages, and the choice of attributes.

use serde_json::{Map, Value as Json, json};

use super::error::ScimError;
use super::filter::Filter;
use super::reply;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::org::table::RowRef;
use crate::org::value::Value;

/// The largest page. Source: Salesforce's `ServiceProviderConfigs`.
pub(super) const LARGEST_PAGE: usize = 200;
/// The size of a page if the request does not say.
const USUAL_PAGE: usize = 20;
/// The last `startIndex` that is accepted.
const LAST_START: usize = 2000;

/// The page that a request asks for.
pub(super) struct Page {
    /// Counted from 1.
    start: usize,
    count: usize,
}

impl Page {
    pub(super) fn of(call: &Call) -> Result<Self, ScimError> {
        let number = |name: &str, default: usize| match call.param(name) {
            None => Ok(default),
            Some(text) => match text.trim().parse::<i64>() {
                Ok(number) => Ok(usize::try_from(number).unwrap_or(0)),
                Err(_) => Err(ScimError::bad(
                    "invalidValue",
                    format!("{name} is not a number."),
                )),
            },
        };
        let start = number("startIndex", 1)?.max(1);
        if start > LAST_START {
            return Err(ScimError::start_index_too_big());
        }
        let count = number("count", USUAL_PAGE)?.min(LARGEST_PAGE);
        Ok(Self { start, count })
    }

    /// Answers with one page of all that was found.
    pub(super) fn answer<T>(
        &self,
        call: &Call,
        found: &[T],
        to_json: impl Fn(&T) -> Json,
    ) -> Reply {
        let rows = found.iter().skip(self.start - 1).take(self.count);
        let resources: Vec<Json> = rows.map(|row| project(call, to_json(row))).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": found.len(),
            "startIndex": self.start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        });
        reply(200, &body)
    }
}

/// Returns the rows that the request's filter accepts, and whether it has a filter.
pub(super) fn filtered<'a>(
    call: &Call,
    rows: impl Iterator<Item = RowRef<'a>>,
    fields: &impl Fn(&RowRef<'a>, &str) -> Option<Value>,
    known: impl Fn(&str) -> bool,
) -> Result<(Vec<RowRef<'a>>, bool), ScimError> {
    let text = call.param("filter").map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Ok((rows.collect(), false));
    }
    let filter = Filter::parse(text, known)?;
    let fits =
        |row: &RowRef<'a>| filter.accepts(&|path: &str| fields(row, path).unwrap_or(Value::Null));
    Ok((rows.filter(fits).collect(), true))
}

/// Leaves what `attributes` and `excludedAttributes` choose (RFC 7644, 3.9).
pub(super) fn project(call: &Call, resource: Json) -> Json {
    let chosen = |param: &str| -> Option<Vec<String>> {
        let list = call.param(param)?.split(',');
        Some(list.map(|name| name.trim().to_lowercase()).collect())
    };
    let (wanted, unwanted) = (chosen("attributes"), chosen("excludedAttributes"));
    let Json::Object(members) = resource else {
        return resource;
    };
    let named = |list: &[String], key: &str| {
        let key = key.to_lowercase();
        let inside = |name: &String| {
            let rest = name.strip_prefix(&key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']))
        };
        list.iter().any(inside)
    };
    let stays = |key: &str| {
        matches!(key, "id" | "schemas")
            || wanted.as_ref().is_none_or(|list| named(list, key))
                && !unwanted.as_ref().is_some_and(|list| named(list, key))
    };
    let kept: Map<String, Json> = members.into_iter().filter(|(key, _)| stays(key)).collect();
    Json::Object(kept)
}

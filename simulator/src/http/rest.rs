//! Routes paths to resources.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use super::upsert::Key;
use super::{
    Shared, batch, collections, composite, describe, identity, limits, oauth, password, query,
    related, replication, rows, soap, upsert,
};
use crate::org::id::Id;
use crate::org::schema::{NEWEST_VERSION, OLDEST_VERSION};
use crate::org::{Caller, OrgError};

/// The context of an authenticated request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit<'a> {
    pub(super) shared: &'a Shared,
    pub(super) caller: Caller,
}

impl Visit<'_> {
    /// Returns `/services/data/vNN.0`, for URLs in responses.
    pub(super) fn root(&self) -> String {
        format!("/services/data/v{}.0", self.caller.version)
    }
}

/// Answers requests that need no session.
pub(super) fn open(shared: &Shared, call: &Call) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["services", "data"] if call.method == "GET" => Reply::json(200, versions()),
        ["services", "data"] => Reply::method_not_allowed(&call.method, "GET,HEAD"),
        ["services", "oauth2", resource] => oauth::handle(shared, call, resource),
        ["services", "Soap", flavour, version] | ["services", "Soap", flavour, version, _] => {
            soap::handle(shared, call, flavour, version)
        }
        ["id", org, user] => identity::identity(shared, call, org, user),
        _ => Reply::unknown_path(),
    }
}

/// Answers requests below `/services/data/vNN.0`.
pub(super) fn handle(shared: &Shared, call: &Call, user: &str) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["services", "data", version, rest @ ..] = parts.as_slice() else {
        return Reply::unknown_path();
    };
    let version = match version_number(version) {
        Ok(version) => version,
        Err(reply) => return reply,
    };
    let user = Id::parse(user).unwrap_or(Id::ZERO);
    let visit = Visit {
        shared,
        caller: Caller { user, version },
    };
    resource(visit, call, rest)
}

/// Resources of an object that the simulator does not have. These words are not ids.
const OTHER_RESOURCES: &[&str] = &[
    "approvals",
    "compactLayouts",
    "defaultValues",
    "layouts",
    "listviews",
    "quickActions",
    "relevantItems",
];

fn resource(visit: Visit<'_>, call: &Call, rest: &[&str]) -> Reply {
    let method = call.method.as_str();
    match rest {
        [] if method == "GET" => Reply::json(200, resources(visit)),
        ["query"] => query::start(visit, call, false),
        ["queryAll"] => query::start(visit, call, true),
        ["query" | "queryAll", locator] => query::more(visit, call, locator),
        ["sobjects"] => describe::global(visit, call),
        ["sobjects", "User", id, "password"] => password::handle(visit, call, id).into(),
        ["sobjects", object] if method == "GET" => describe::brief(visit, object),
        ["sobjects", object] => rows::create(visit, call, object).into(),
        ["sobjects", object, "describe"] => describe::full(visit, call, object),
        ["sobjects", _, "describe", ..] => Reply::unknown_path(),
        ["sobjects", _, resource, ..] if OTHER_RESOURCES.contains(resource) => {
            Reply::unknown_path()
        }
        ["sobjects", object, "updated"] => replication::updated(visit, call, object).into(),
        ["sobjects", object, "deleted"] => replication::deleted(visit, call, object).into(),
        ["sobjects", object, field] if field.eq_ignore_ascii_case("Id") => {
            rows::create(visit, call, object).into()
        }
        ["sobjects", object, id] => rows::single(visit, call, object, id).into(),
        ["sobjects", object, id, relationship] if Id::parse(id).is_ok() => {
            related::read(visit, call, object, id, relationship).into()
        }
        ["sobjects", object, field, value] => {
            let key = Key {
                object,
                field,
                value,
            };
            upsert::single(visit, call, key).into()
        }
        ["limits"] => limits::limits(visit, call).into(),
        ["limits", "recordCount"] => limits::record_count(visit, call).into(),
        ["composite"] => composite::handle(visit, call).into(),
        ["composite", "batch"] => batch::handle(visit, call).into(),
        ["composite", "sobjects"] => collections::handle(visit, call, None).into(),
        ["composite", "sobjects", object, field] => {
            collections::upsert(visit, call, object, field).into()
        }
        ["composite", "sobjects", object] => collections::handle(visit, call, Some(object)).into(),
        [] => Reply::method_not_allowed(method, "GET,HEAD"),
        _ => Reply::unknown_path(),
    }
}

fn version_number(text: &str) -> Result<u32, Reply> {
    let number = text
        .strip_prefix('v')
        .and_then(|text| text.strip_suffix(".0"));
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(version @ OLDEST_VERSION..=NEWEST_VERSION) => Ok(version),
        Some(8..OLDEST_VERSION) => Err(OrgError::new(
            410,
            "UNSUPPORTED_API_VERSION",
            "The requested API version has been retired.",
        )
        .into()),
        _ => Err(Reply::unknown_path()),
    }
}

fn versions() -> Value {
    let label = |version: u32| {
        // Three releases a year since Spring '11 (v21); v62 is Winter '25.
        let season = match version % 3 {
            0 => "Spring",
            1 => "Summer",
            _ => "Winter",
        };
        let year = 11 + (version + 1 - 21) / 3;
        format!("{season} '{year}")
    };
    let one = |version: u32| {
        json!({
            "label": label(version),
            "url": format!("/services/data/v{version}.0"),
            "version": format!("{version}.0"),
        })
    };
    (OLDEST_VERSION..=NEWEST_VERSION).map(one).collect()
}

fn resources(visit: Visit<'_>) -> Value {
    let root = visit.root();
    let org = visit.shared.read();
    json!({
        "sobjects": format!("{root}/sobjects"),
        "query": format!("{root}/query"),
        "queryAll": format!("{root}/queryAll"),
        "composite": format!("{root}/composite"),
        "limits": format!("{root}/limits"),
        "identity": format!(
            "{}/id/{}/{}", visit.shared.base, org.organization_id(), visit.caller.user
        ),
    })
}

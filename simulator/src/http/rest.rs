//! Routes paths to resources.

use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::shared::Shared;
use super::upsert::Key;
use super::{
    batch, bulk, collections, composite, describe, identity, limits, oauth, password, query,
    related, replication, rows, soap, upsert,
};
use crate::org::id::Id;
use crate::org::schema::{NEWEST_VERSION, OLDEST_VERSION};
use crate::org::{Caller, OrgError};

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
    let context = RequestContext {
        shared,
        caller: Caller { user, version },
    };
    resource(context, call, rest)
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

fn resource(context: RequestContext<'_>, call: &Call, rest: &[&str]) -> Reply {
    let method = call.method.as_str();
    match rest {
        [] if method == "GET" => Reply::json(200, resources(context)),
        ["query"] => query::start(context, call, false),
        ["queryAll"] => query::start(context, call, true),
        ["query" | "queryAll", locator] => query::more(context, call, locator),
        ["sobjects"] => describe::global(context, call),
        ["sobjects", "User", id, "password"] => password::handle(context, call, id).into(),
        ["sobjects", object] if method == "GET" => describe::brief(context, object),
        ["sobjects", object] => rows::create(context, call, object).into(),
        ["sobjects", object, "describe"] => describe::full(context, call, object),
        ["sobjects", _, "describe", ..] => Reply::unknown_path(),
        ["sobjects", _, resource, ..] if OTHER_RESOURCES.contains(resource) => {
            Reply::unknown_path()
        }
        ["sobjects", object, "updated"] => replication::updated(context, call, object).into(),
        ["sobjects", object, "deleted"] => replication::deleted(context, call, object).into(),
        ["sobjects", object, field] if field.eq_ignore_ascii_case("Id") => {
            rows::create(context, call, object).into()
        }
        ["sobjects", object, id] => rows::single(context, call, object, id).into(),
        ["sobjects", object, id, relationship] if Id::parse(id).is_ok() => {
            related::read(context, call, object, id, relationship).into()
        }
        ["sobjects", object, field, value] => {
            let key = Key {
                object,
                field,
                value,
            };
            upsert::single(context, call, key).into()
        }
        ["jobs", "query", job @ ..] => bulk::handle(context, call, job),
        ["limits"] => limits::limits(context, call).into(),
        ["limits", "recordCount"] => limits::record_count(context, call).into(),
        ["composite"] => composite::handle(context, call).into(),
        ["composite", "batch"] => batch::handle(context, call).into(),
        ["composite", "sobjects"] => collections::handle(context, call, None).into(),
        ["composite", "sobjects", object, field] => {
            collections::upsert(context, call, object, field).into()
        }
        ["composite", "sobjects", object] => {
            collections::handle(context, call, Some(object)).into()
        }
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

fn resources(context: RequestContext<'_>) -> Value {
    let root = context.root();
    let org = context.shared.read();
    json!({
        "sobjects": format!("{root}/sobjects"),
        "query": format!("{root}/query"),
        "queryAll": format!("{root}/queryAll"),
        "composite": format!("{root}/composite"),
        "jobs": format!("{root}/jobs"),
        "limits": format!("{root}/limits"),
        "identity": format!(
            "{}/id/{}/{}", context.shared.base, org.organization_id(), context.caller.user
        ),
    })
}

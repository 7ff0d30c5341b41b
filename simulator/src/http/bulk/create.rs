//! Creates a query job, and refuses queries that Bulk API 2.0 cannot run.

use serde::Deserialize;

use super::{format, info, read_body};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::query;
use crate::http::reply::Reply;
use crate::org::bulk::Request;
use crate::org::{Org, OrgError};
use crate::soql::ast::{Query, SelectItem};
use crate::soql::{self, SoqlError};

/// Fields that consist of others. Source: Object Reference, "Compound Fields".
const COMPOUND: [&str; 6] = [
    "Address",
    "BillingAddress",
    "ShippingAddress",
    "MailingAddress",
    "OtherAddress",
    "PersonMailingAddress",
];

/// The body of a create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    operation: Operation,
    query: String,
    #[serde(rename = "contentType")]
    _content_type: Option<ContentType>,
    column_delimiter: Option<String>,
    line_ending: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Operation {
    Query,
    QueryAll,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ContentType {
    Csv,
}

/// `POST /jobs/query`.
pub(super) fn create(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    let body: Body = read_body(call)?;
    let format = format::parse(
        body.column_delimiter.as_deref(),
        body.line_ending.as_deref(),
    )?;
    let all_rows = body.operation == Operation::QueryAll;
    let query = soql::parse(&body.query).map_err(refused)?;
    let object = {
        let org = context.shared.read();
        check(context, &org, &query, all_rows)?
    };
    let request = Request {
        caller: context.caller,
        object,
        soql: body.query,
        all_rows,
        format,
        chunked: query.limit.is_none() && query.order_by.is_empty(),
    };
    let mut org = context.shared.write();
    check_limit(&org)?;
    let job = org.create_bulk_job(request);
    Ok(Reply::json(200, info::brief(&org, &job)))
}

/// Checks a query and returns its object.
fn check(
    context: RequestContext<'_>,
    org: &Org,
    query: &Query,
    all_rows: bool,
) -> Result<String, OrgError> {
    let def = org.visible_object(&query.from.text, &context.caller);
    if let Some(def) = def {
        if org.settings.bulk_unsupported.contains(&def.name) {
            let text = format!("Entity '{}' is not supported by the Bulk API.", def.name);
            return Err(OrgError::new(400, "INVALIDENTITY", text));
        }
        org.check_readable(def)?;
    }
    if let Some(what) = unsupported(query) {
        let text = format!("{what} not supported in Bulk Query");
        return Err(OrgError::new(400, "FEATURE_NOT_ENABLED", text));
    }
    let (checked, _) = query::with_context(context, org, all_rows, |ctx| soql::check(query, ctx));
    checked.map_err(refused)?;
    Ok(def.map_or_else(String::new, |def| def.name.clone()))
}

/// Returns the first part of a query that Bulk API 2.0 does not support. Source: "SOQL
/// Considerations" in "Query".
fn unsupported(query: &Query) -> Option<&'static str> {
    if !query.group_by.is_empty() {
        return Some("GROUP BY");
    }
    if query.offset > 0 {
        return Some("OFFSET");
    }
    query.select.iter().find_map(|item| match item {
        SelectItem::Count | SelectItem::Aggregate(..) => Some("Aggregate functions"),
        SelectItem::Fields(..) => Some("FIELDS()"),
        SelectItem::Children(_) => Some("Aggregate Relationships"),
        SelectItem::Field(path, _) => {
            let name = path.last();
            let is_compound = COMPOUND.iter().any(|it| it.eq_ignore_ascii_case(name));
            is_compound.then_some("Selecting compound data")
        }
    })
}

fn check_limit(org: &Org) -> Result<(), OrgError> {
    if org.bulk_jobs_left() > 0 {
        return Ok(());
    }
    let most = org.settings.bulk_daily_jobs;
    let text = format!("Max bulk v2 query jobs ({most}) per 24 hrs has been reached");
    Err(OrgError::new(400, "LIMIT_EXCEEDED", text))
}

fn refused(error: SoqlError) -> OrgError {
    OrgError::new(400, error.code, error.message)
}

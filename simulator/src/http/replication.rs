//! `/sobjects/{Object}/updated` and `/deleted`: records changed or deleted in a time span.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::schema::ObjectDef;
use crate::org::table::RowRef;
use crate::org::value::Moment;
use crate::org::{Org, OrgError};

/// How far back changed and deleted records can be listed, in days.
const UPDATED_DAYS: i64 = 30;
const DELETED_DAYS: i64 = 15;
const HOURS_IN_A_DAY: i64 = 24;

/// Lists created and changed records.
pub(super) fn updated(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
) -> Result<Reply, OrgError> {
    if call.method != "GET" {
        return Ok(Reply::method_not_allowed(&call.method, "GET,HEAD"));
    }
    let org = context.shared.read();
    let def = replicated(&org, context, object)?;
    let span = Span::of(context, call, UPDATED_DAYS)?;
    let changed = |row: &RowRef<'_>| {
        let stamp = row.get("SystemModstamp").as_timestamp();
        let stamp = stamp.or_else(|| row.get("LastModifiedDate").as_timestamp());
        stamp.is_some_and(|at| span.covers(at)) && !row.get("IsDeleted").is_true()
    };
    let rows = org.database().rows(&def.name).filter(changed);
    let ids: Vec<Value> = rows.map(|row| json!(row.id())).collect();
    let body = json!({"ids": ids, "latestDateCovered": text(span.end)});
    Ok(Reply::json(200, body))
}

/// Lists deleted records.
pub(super) fn deleted(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
) -> Result<Reply, OrgError> {
    if call.method != "GET" {
        return Ok(Reply::method_not_allowed(&call.method, "GET,HEAD"));
    }
    let org = context.shared.read();
    let def = replicated(&org, context, object)?;
    let span = Span::of(context, call, DELETED_DAYS)?;
    let gone = org.deleted_records(def);
    let gone = gone.into_iter().filter(|(_, at)| span.covers(*at));
    let records: Vec<Value> = gone
        .map(|(id, at)| json!({"id": id, "deletedDate": text(at)}))
        .collect();
    let body = json!({
        "deletedRecords": records,
        "earliestDateAvailable": text(context.shared.started),
        "latestDateCovered": text(span.end),
    });
    Ok(Reply::json(200, body))
}

fn replicated<'o>(
    org: &'o Org,
    context: RequestContext<'_>,
    object: &str,
) -> Result<&'o ObjectDef, OrgError> {
    let def = org
        .visible_object(object, &context.caller)
        .ok_or_else(OrgError::no_such_resource)?;
    org.check_readable(def)?;
    if def.replicateable {
        return Ok(def);
    }
    let text = format!("sObject type '{}' is not replicateable", def.name);
    Err(OrgError::new(400, "INVALID_TYPE", text))
}

/// A time span in whole minutes.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: Timestamp,
    end: Timestamp,
}

impl Span {
    fn of(context: RequestContext<'_>, call: &Call, days: i64) -> Result<Self, OrgError> {
        let refused = |text: &str| OrgError::new(400, "INVALID_REPLICATION_DATE", text);
        let date = |name: &str| {
            // An unencoded plus sign is decoded as a blank.
            let given = call.param(name).unwrap_or("").replace(' ', "+");
            let at = Org::read_instant(&given);
            at.map(whole_minute)
                .ok_or_else(|| refused(&format!("{name} must be a date and time")))
        };
        let (start, end) = (date("start")?, date("end")?);
        if start >= end {
            return Err(refused("startDate must be before endDate"));
        }
        let age = context.shared.clock.now().duration_since(start);
        if age > SignedDuration::from_hours(days * HOURS_IN_A_DAY) {
            return Err(refused(&format!("startDate is more than {days} days ago")));
        }
        Ok(Self { start, end })
    }

    fn covers(self, at: Timestamp) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// Drops the seconds, which Salesforce ignores.
fn whole_minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

fn text(at: Timestamp) -> String {
    Moment::from(at).to_string()
}

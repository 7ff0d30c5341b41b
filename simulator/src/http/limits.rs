//! `/limits` and `/limits/recordCount`.

use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::OrgError;

/// `GET /limits`.
pub(super) fn limits(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    check(context, call)?;
    let org = context.shared.read();
    let daily = org.settings.daily_limit;
    let left = daily.saturating_sub(context.shared.calls_used(&org));
    let sets = org.count("PermissionSet");
    let pair = |max: u64, remaining: u64| json!({"Max": max, "Remaining": remaining});
    let mut body = json!({
        "ConcurrentAsyncGetReportInstances": pair(200, 200),
        "DailyApiRequests": pair(daily, left),
        "DailyAsyncApexExecutions": pair(250_000, 250_000),
        "DailyBulkApiBatches": pair(15_000, 15_000),
        "DailyBulkV2QueryFileStorageMB": pair(976_562, 976_562),
        "DailyBulkV2QueryJobs": pair(org.settings.bulk_daily_jobs, org.bulk_jobs_left()),
        "HourlyTimeBasedWorkflow": pair(1000, 1000),
        "PermissionSets": {
            "Max": 1500,
            "Remaining": 1500_usize.saturating_sub(sets),
            "CreateCustom": pair(1000, 999),
        },
        "SingleEmail": pair(5000, 5000),
    });
    if org.rights(context.caller.user).has("ManageUsers")
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("DataStorageMB".into(), pair(1024, 1000));
        fields.insert("FileStorageMB".into(), pair(1024, 1000));
    }
    Ok(Reply::json(200, body))
}

/// `GET /limits/recordCount`.
pub(super) fn record_count(context: RequestContext<'_>, call: &Call) -> Result<Reply, OrgError> {
    check(context, call)?;
    let org = context.shared.read();
    let wanted: Vec<String> = match call.param("sObjects") {
        Some(list) => list.split(',').map(|name| name.trim().to_owned()).collect(),
        None => org
            .database()
            .schema()
            .objects()
            .map(|def| def.name.clone())
            .collect(),
    };
    let mut counts: Vec<Value> = wanted
        .iter()
        .filter_map(|name| org.visible_object(name, &context.caller))
        .map(|def| json!({"count": org.count(&def.name), "name": def.name}))
        .collect();
    counts.sort_by_key(|entry| entry.get("name").map(Value::to_string));
    Ok(Reply::json(200, json!({"sObjects": counts})))
}

fn check(context: RequestContext<'_>, call: &Call) -> Result<(), OrgError> {
    if call.method != "GET" {
        let text = format!(
            "HTTP Method '{}' not allowed. Allowed are GET,HEAD",
            call.method
        );
        return Err(OrgError::new(405, "METHOD_NOT_ALLOWED", text));
    }
    let org = context.shared.read();
    if !org.rights(context.caller.user).has("ViewSetup") {
        let text = "This feature is not currently enabled for this user type or org: [Limits]";
        return Err(OrgError::new(403, "FUNCTIONALITY_NOT_ENABLED", text));
    }
    Ok(())
}

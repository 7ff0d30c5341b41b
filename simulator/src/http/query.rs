//! `/query`, `/queryAll` and their continuations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use super::rest::Visit;
use crate::org::schema::ObjectDef;
use crate::org::{Org, OrgError};
use crate::soql::{self, Context, Outcome, SoqlError};

/// Page sizes that an org takes; others are moved to the nearest.
const SMALLEST_PAGE: usize = 200;
const LARGEST_PAGE: usize = 2000;
/// Tokens come in smaller pages.
const TOKEN_PAGE: usize = 500;

/// `GET /query?q=`.
pub(super) fn start(visit: Visit<'_>, call: &Call, all_rows: bool) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let Some(text) = call.param("q") else {
        return malformed("A query string has to be specified");
    };
    expire(visit);
    let org = visit.shared.read();
    let query = match soql::parse(text) {
        Ok(query) => query,
        Err(error) => return refused(&error),
    };
    let object = query.from.text.clone();
    if let Some(def) = org.visible_object(&object, visit.caller.version)
        && let Err(error) = org.check_readable(def)
    {
        return error.into();
    }
    let outcome = with_context(visit, &org, all_rows, |ctx| soql::evaluate(&query, ctx));
    let outcome = match outcome {
        Ok(outcome) => Arc::new(outcome),
        Err(error) => return refused(&error),
    };
    let size = page_size(&org, call, &object);
    let key = (outcome.len() > size).then(|| {
        visit.shared.locators().open(
            object,
            Arc::clone(&outcome),
            visit.shared.clock.now(),
            org.settings.open_cursor_limit,
        )
    });
    page(visit, &org, &outcome, 0, size, key.as_deref())
}

/// `GET /query/{locator}-{offset}`.
pub(super) fn more(visit: Visit<'_>, call: &Call, text: &str) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let unknown = || {
        Reply::from(OrgError::new(
            400,
            "INVALID_QUERY_LOCATOR",
            "invalid query locator",
        ))
    };
    let parts = text.rsplit_once('-');
    let Some((key, offset)) = parts.and_then(|(key, offset)| Some((key, offset.parse().ok()?)))
    else {
        return unknown();
    };
    expire(visit);
    let org = visit.shared.read();
    let life = org.settings.locator_lifetime;
    let locator = visit
        .shared
        .locators()
        .find(key, visit.shared.clock.now(), life);
    match locator {
        Some(locator) if offset < locator.outcome.len() => {
            let size = page_size(&org, call, &locator.object);
            page(visit, &org, &locator.outcome, offset, size, Some(key))
        }
        _ => unknown(),
    }
}

fn page(
    visit: Visit<'_>,
    org: &Org,
    outcome: &Outcome,
    offset: usize,
    size: usize,
    key: Option<&str>,
) -> Reply {
    let end = (offset + size).min(outcome.len());
    let next = key.filter(|_| end < outcome.len());
    let mut body = Vec::with_capacity(256 * (end - offset) + 256);
    body.extend_from_slice(
        format!(
            "{{\"totalSize\":{},\"done\":{},",
            outcome.total_size(),
            next.is_none()
        )
        .as_bytes(),
    );
    if let Some(key) = next {
        let url = format!("\"nextRecordsUrl\":\"{}/query/{key}-{end}\",", visit.root());
        body.extend_from_slice(url.as_bytes());
    }
    body.extend_from_slice(b"\"records\":");
    let written = with_context(visit, org, true, |ctx| {
        serde_json::to_writer(&mut body, &outcome.page(ctx, offset..end))
    });
    if let Err(error) = written {
        return OrgError::new(500, "UNKNOWN_EXCEPTION", error.to_string()).into();
    }
    body.push(b'}');
    Reply::rendered(body)
}

fn with_context<T>(
    visit: Visit<'_>,
    org: &Org,
    all_rows: bool,
    act: impl FnOnce(&Context<'_>) -> T,
) -> T {
    let version = visit.caller.version;
    let hidden = |def: &ObjectDef| org.visible_object(&def.name, version).is_none();
    act(&Context {
        db: org.database(),
        now: visit.shared.clock.now(),
        api_version: version,
        hidden: &hidden,
        visible: None,
        all_rows,
    })
}

fn page_size(org: &Org, call: &Call, object: &str) -> usize {
    let options = call.header("sforce-query-options").unwrap_or("");
    let asked = options
        .split([',', ';'])
        .filter_map(|option| option.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))
        .and_then(|(_, size)| size.trim().parse().ok());
    let size = asked
        .unwrap_or(LARGEST_PAGE)
        .clamp(SMALLEST_PAGE, LARGEST_PAGE);
    let size = if object.eq_ignore_ascii_case("OauthToken") {
        size.min(TOKEN_PAGE)
    } else {
        size
    };
    org.settings
        .batch_row_cap
        .map_or(size, |cap| size.min(cap.max(1)))
}

/// Assignments expire by the clock, not by a request; a query must see that.
fn expire(visit: Visit<'_>) {
    if visit.shared.read().has_expiry_due() {
        visit.shared.write().expire_assignments();
    }
}

fn refused(error: &SoqlError) -> Reply {
    OrgError::new(400, error.code, error.message.clone()).into()
}

fn malformed(text: &str) -> Reply {
    Reply::json(
        400,
        Value::Array(vec![
            json!({"message": text, "errorCode": "MALFORMED_QUERY"}),
        ]),
    )
    .with_error_code("MALFORMED_QUERY")
}

impl Org {
    /// The records of a query as its JSON array, all of them, at the newest version.
    ///
    /// # Panics
    /// If the query is refused: a test that asks wrongly is wrong.
    #[must_use]
    pub fn query(&self, text: &str) -> Vec<Value> {
        let hidden = |_: &ObjectDef| false;
        let ctx = Context {
            db: self.database(),
            now: self.clock().now(),
            api_version: super::NEWEST_VERSION,
            hidden: &hidden,
            visible: None,
            all_rows: false,
        };
        let outcome = soql::parse(text).and_then(|query| soql::evaluate(&query, &ctx));
        match outcome {
            Ok(outcome) => match outcome.page(&ctx, 0..outcome.len()).to_json() {
                Value::Array(records) => records,
                _ => Vec::new(),
            },
            #[expect(clippy::panic, reason = "the test's query is wrong")]
            Err(error) => panic!("the query {text:?} is wrong: {error}"),
        }
    }
}

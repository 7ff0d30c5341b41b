//! `/query`, `/queryAll` and their further pages.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::schema::{NEWEST_VERSION, ObjectDef};
use crate::org::table::Row;
use crate::org::{Org, OrgError};
use crate::soql::{self, Context, Cut, Cuts, Outcome, SoqlError};

/// Bounds of the batch size; values outside are clamped.
const SMALLEST_PAGE: usize = 200;
const LARGEST_PAGE: usize = 2000;
/// Records of `OauthToken` that the pages of a query have together. Source: Object Reference,
/// `OauthToken`.
const MOST_TOKENS: usize = 2500;
/// Maximum batch size for `OauthToken`. Source: Object Reference, `OauthToken`.
const TOKEN_PAGE: usize = 500;

/// `GET /query?q=`.
pub(super) fn start(context: RequestContext<'_>, call: &Call, all_rows: bool) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let Some(text) = call.param("q") else {
        return malformed("A query string has to be specified");
    };
    expire(context);
    let query = match soql::parse(text) {
        Ok(query) => query,
        Err(error) => return refused(&error),
    };
    let object = query.from.text.clone();
    if object.eq_ignore_ascii_case("UserPermissionAccess") {
        context
            .shared
            .write()
            .cache_permissions(context.caller.user);
    }
    let org = context.shared.read();
    if let Some(def) = org.visible_object(&object, &context.caller)
        && let Err(error) = org.check_readable(def)
    {
        return error.into();
    }
    let evaluated = with_context(context, &org, all_rows, |ctx| soql::evaluate(&query, ctx));
    let outcome = match evaluated {
        (Err(error), _) => return refused(&error),
        (_, Some(unseen)) => return unseen.into(),
        (Ok(outcome), None) => Arc::new(outcome),
    };
    let size = batch_size(&org, call, &object, LARGEST_PAGE);
    let result = QueryResult {
        object,
        outcome,
        key: None,
    };
    page(context, &org, &result, 0, size)
}

/// `GET /query/{locator}-{offset}`.
pub(super) fn more(context: RequestContext<'_>, call: &Call, text: &str) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let unknown = || Reply::from(OrgError::unknown_locator());
    let parts = text.rsplit_once('-');
    let Some((key, offset)) = parts.and_then(|(key, offset)| Some((key, offset.parse().ok()?)))
    else {
        return unknown();
    };
    expire(context);
    let org = context.shared.read();
    let life = org.settings.locator_lifetime;
    let locator = context
        .shared
        .locators()
        .find(key, context.shared.clock.now(), life);
    match locator {
        Some(locator) if offset < locator.outcome.len() => {
            let size = batch_size(&org, call, &locator.object, locator.size);
            let result = QueryResult {
                object: locator.object,
                outcome: locator.outcome,
                key: Some(key.to_owned()),
            };
            page(context, &org, &result, offset, size)
        }
        _ => unknown(),
    }
}

/// The result of a query, to be sent in pages.
struct QueryResult {
    object: String,
    outcome: Arc<Outcome>,
    /// Its locator, if it is open.
    key: Option<String>,
}

fn page(
    context: RequestContext<'_>,
    org: &Org,
    result: &QueryResult,
    offset: usize,
    size: usize,
) -> Reply {
    let outcome = &result.outcome;
    let (batch, _) = with_context(context, org, true, |ctx| outcome.batch(ctx, offset, size));
    let end = batch.end;
    let last = if result.object.eq_ignore_ascii_case("OauthToken") {
        outcome.len().min(MOST_TOKENS)
    } else {
        outcome.len()
    };
    let next = (end < last).then(|| {
        let open = || open_locator(context, org, &result.object, outcome, size);
        result.key.clone().unwrap_or_else(open)
    });
    let cuts: Cuts = batch
        .unfinished
        .into_iter()
        .map(|set| {
            let shown = set.shown;
            let key = open_locator(context, org, &result.object, &Arc::new(set.rows), size);
            let next = format!("{}/query/{key}-{shown}", context.root());
            ((set.parent, set.name), Cut { shown, next })
        })
        .collect();
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
        let url = format!(
            "\"nextRecordsUrl\":\"{}/query/{key}-{end}\",",
            context.root()
        );
        body.extend_from_slice(url.as_bytes());
    }
    body.extend_from_slice(b"\"records\":");
    let (written, _) = with_context(context, org, true, |ctx| {
        let page = outcome.page(ctx, offset..end);
        serde_json::to_writer(&mut body, &page.with_cuts(&cuts))
    });
    if let Err(error) = written {
        return OrgError::new(500, "UNKNOWN_EXCEPTION", error.to_string()).into();
    }
    body.push(b'}');
    Reply::rendered(body)
}

fn open_locator(
    context: RequestContext<'_>,
    org: &Org,
    object: &str,
    outcome: &Arc<Outcome>,
    size: usize,
) -> String {
    context.shared.locators().open(
        object.to_owned(),
        Arc::clone(outcome),
        size,
        context.shared.clock.now(),
        org.settings.open_cursor_limit,
    )
}

/// Evaluates something as the caller sees it. An error of the second kind is that of a record that
/// the caller cannot see.
pub(super) fn with_context<T>(
    context: RequestContext<'_>,
    org: &Org,
    all_rows: bool,
    act: impl FnOnce(&Context<'_>) -> T,
) -> (T, Option<OrgError>) {
    let caller = context.caller;
    let hidden = |def: &ObjectDef| org.visible_object(&def.name, &caller).is_none();
    let sight = org.sight(caller.user);
    let unseen = RefCell::new(None);
    let visible = |def: &ObjectDef, row: &Row| match sight.shows(def, row) {
        Ok(shown) => shown,
        Err(error) => {
            unseen.replace(Some(error));
            false
        }
    };
    let result = act(&Context {
        db: org.database(),
        now: context.shared.clock.now(),
        api_version: caller.version,
        hidden: &hidden,
        visible: (!sight.is_unlimited()).then_some(&visible),
        all_rows,
    });
    (result, unseen.into_inner())
}

/// Returns the batch size of a request.
fn batch_size(org: &Org, call: &Call, object: &str, usual: usize) -> usize {
    let options = call.header("sforce-query-options").unwrap_or("");
    let asked = options
        .split([',', ';'])
        .filter_map(|option| option.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))
        .and_then(|(_, size)| size.trim().parse().ok());
    let size = asked.unwrap_or(usual).clamp(SMALLEST_PAGE, LARGEST_PAGE);
    let size = if object.eq_ignore_ascii_case("OauthToken") {
        size.min(TOKEN_PAGE)
    } else {
        size
    };
    org.settings
        .batch_row_cap
        .map_or(size, |cap| size.min(cap.max(1)))
}

/// Applies expirations that are due, so that a query sees them.
pub(super) fn expire(context: RequestContext<'_>) {
    if context.shared.read().has_expiry_due() {
        context.shared.write().expire_assignments();
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
    /// Returns all records of a query, in the newest API version.
    ///
    /// # Panics
    /// If the query is invalid.
    #[must_use]
    pub fn query(&self, text: &str) -> Vec<Value> {
        let hidden = |_: &ObjectDef| false;
        let ctx = Context {
            db: self.database(),
            now: self.clock().now(),
            api_version: NEWEST_VERSION,
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

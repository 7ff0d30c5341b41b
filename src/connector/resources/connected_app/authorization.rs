//! `OauthToken`: the apps that people let act for them.
//!
//! The rows have no ids, so they are read in the order of their users. A person may have authorized
//! an app several times: that is one grant.
//!
//! Object Reference, "OauthToken": `Id` is reserved; at most 2,500 rows a query; without "Customize
//! Application" only one's own rows are shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use super::{AUTHORIZED, AppIndex, Apps, ConnectedApps, Position};
use crate::baton::{
    Cursor as _, EntitlementId, Grant, GrantMark, Object, Page, PageRequest, ResourceId, Result,
};
use crate::connector::catalog::{CONNECTED_APP, USER};
use crate::connector::error::wrap_listing;
use crate::connector::read::beginning::read_all;
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::connector::resources::synced_users::{SyncedUsers, among};
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{self, Client, Error, QueryPage, SalesforceId};

const OBJECT: &str = "OauthToken";
const REMEDY: &str = "give the connector's user \"Customize Application\"";

/// The largest number of rows that Salesforce returns for one query of this object.
const MOST_ROWS: u32 = 2500;

/// A row of `OauthToken`, without its secrets.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TokenRow {
    user_id: SalesforceId,
    app_name: Option<String>,
    app_menu_item_id: Option<SalesforceId>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    last_used_date: Option<Timestamp>,
    use_count: Option<f64>,
}

/// A row of `AppMenuItem`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemRow {
    id: SalesforceId,
    application_id: Option<SalesforceId>,
}

impl Row for ItemRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// What a person's authorizations of one app come to.
#[derive(Clone, Default)]
struct Total {
    tokens: u32,
    uses: f64,
    last_used: Option<Timestamp>,
}

/// The authorizations of a running sync by app and user, in the order of their ids' bytes.
#[derive(Default)]
struct Authorizations(OnceCell<Arc<Totals>>);

type Key = ([u8; 15], [u8; 15]);
type Totals = BTreeMap<Key, (SalesforceId, SalesforceId, Total)>;

fn key(app: SalesforceId, user: SalesforceId) -> Key {
    (*app.as_bytes(), *user.as_bytes())
}

impl ConnectedApps {
    /// One page of what people gave. Only apps and users of the sync count.
    pub(super) async fn authorizations(
        &self,
        on: Option<SalesforceId>,
        after: Option<(SalesforceId, SalesforceId)>,
        page: &PageRequest,
    ) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        let cell = memory.slot::<Authorizations>();
        let all = cell.0.get_or_try_init(|| self.totals(&memory)).await?;
        let after = after.map(|(app, user)| key(app, user));
        let wanted: Vec<_> = all
            .iter()
            .filter(|(key, _)| after.is_none_or(|after| **key > after))
            .map(|(_, entry)| entry)
            .filter(|(app, ..)| on.is_none_or(|on| on == *app))
            .collect();
        let is_full = page.call.sync.is_some() && on.is_none();
        let users = if is_full {
            let users = SyncedUsers::of(&memory).all(&self.context).await;
            Some(users.map_err(|error| wrap_listing("listing users", error))?)
        } else {
            SyncedUsers::of(&memory).peek()
        };
        let asked = match &users {
            Some(_) => None,
            None => among(&self.context, wanted.iter().map(|(_, user, _)| *user))
                .await
                .map_err(|error| wrap_listing("reading the users of apps", error))?,
        };
        let is_synced = |user: &SalesforceId| {
            users.as_ref().is_none_or(|users| users.contains(user))
                && asked.as_ref().is_none_or(|users| users.contains(user))
        };
        let mut fill = PageFill::new(page);
        for (app, user, total) in wanted {
            if is_synced(user) && fill.push(grant(*app, *user, total)?) {
                let position = Position::Authorized(Some((*app, *user)));
                return Ok(fill.into_page(Some(position.to_token()?)));
            }
        }
        Ok(fill.into_page(None))
    }

    /// All authorizations of the apps that the sync has.
    async fn totals(&self, memory: &SyncMemory) -> Result<Arc<Totals>> {
        let apps = self.apps(memory).await?;
        if apps.iter().next().is_none() {
            return Ok(Arc::default());
        }
        let tokens = match read(&self.context.org.client).await {
            Err(error) if is_unavailable(memory, OBJECT, REMEDY, &error) => Vec::new(),
            tokens => tokens.map_err(|error| wrap_listing("listing OauthToken", error))?,
        };
        let index = self.index(&apps, &tokens, memory).await?;
        let mut totals = Totals::new();
        let mut left_out = 0_u32;
        for token in tokens {
            let app = index.find(token.app_menu_item_id, token.app_name.as_deref());
            let Some(app) = app.filter(|app| apps.contains(app)) else {
                left_out += 1;
                continue;
            };
            let entry = totals.entry(key(app, token.user_id));
            let (.., total) = entry.or_insert((app, token.user_id, Total::default()));
            total.tokens += 1;
            total.uses += token.use_count.unwrap_or_default();
            total.last_used = total.last_used.max(token.last_used_date);
        }
        if left_out > 0 {
            info!(
                sf.object = OBJECT,
                count = left_out,
                "{left_out} authorizations are left out, because their apps are not installed in \
                 this org or several apps have the same name"
            );
        }
        Ok(Arc::new(totals))
    }

    async fn index(
        &self,
        apps: &Apps,
        tokens: &[TokenRow],
        memory: &SyncMemory,
    ) -> Result<AppIndex> {
        let mut index = AppIndex::default();
        for (app, summary) in apps.iter() {
            index.app(*app, summary.name.as_deref());
        }
        if tokens.iter().all(|token| token.app_menu_item_id.is_none()) {
            return Ok(index);
        }
        let table = Table::new("AppMenuItem", &["Id"]).optional_or(
            "ApplicationId",
            "authorizations are matched to apps by name only",
        );
        let read = read_all(&self.context, memory, &table, |row: ItemRow| {
            if let Some(app) = row.application_id {
                index.item(row.id, app);
            }
        });
        match read.await {
            Err(error) if is_unavailable(memory, "AppMenuItem", REMEDY, &error) => {}
            read => read.map_err(|error| wrap_listing("listing AppMenuItem", error))?,
        }
        Ok(index)
    }
}

fn grant(app: SalesforceId, user: SalesforceId, total: &Total) -> Result<Grant> {
    let app = ResourceId::new(CONNECTED_APP.id, app.to_string())?;
    let user = ResourceId::new(USER.id, user.to_string())?;
    let mut facts = Object::from([
        ("use_count".to_owned(), total.uses.into()),
        ("token_count".to_owned(), total.tokens.into()),
    ]);
    if let Some(last) = total.last_used {
        facts.insert("last_used".to_owned(), last.to_string().into());
    }
    Ok(Grant::new(EntitlementId::new(app, AUTHORIZED), user).with(GrantMark::Metadata(facts)))
}

/// All rows, at most [`MOST_ROWS`] a query. The last user of a query is read again by the next one,
/// because the query may have ended between two rows of that user.
async fn read(client: &Client) -> Result<Vec<TokenRow>, Error> {
    let mut columns = vec![
        "UserId",
        "AppName",
        "AppMenuItemId",
        "LastUsedDate",
        "UseCount",
    ];
    let mut rows: Vec<TokenRow> = Vec::new();
    let mut from: Option<SalesforceId> = None;
    let mut skipped = 0;
    loop {
        let select = Select::from(OBJECT)
            .fields(columns.iter().copied())
            .filter(match from {
                Some(user) => field("UserId").ge(user),
                None => field("UserId").not_null(),
            })
            .order_by("UserId")
            .limit(MOST_ROWS);
        let select = if skipped > 0 {
            select.offset(skipped)
        } else {
            select
        };
        let (mut some, count) = match all(client, &select).await {
            Err(error) if leave_out(&mut columns, &error) => continue,
            answer => answer?,
        };
        let (first, last) = (some.first(), some.last());
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(rows);
        };
        let (first, last) = (first.user_id, last.user_id);
        if count < MOST_ROWS as usize {
            rows.append(&mut some);
            return Ok(rows);
        }
        if first == last {
            // One user alone fills a query.
            skipped = if from == Some(last) {
                skipped + MOST_ROWS
            } else {
                MOST_ROWS
            };
            rows.append(&mut some);
        } else {
            some.retain(|row| row.user_id != last);
            rows.append(&mut some);
            skipped = 0;
        }
        from = Some(last);
    }
}

/// Leaves out a column that the org does not have. Returns whether there is one.
fn leave_out(columns: &mut Vec<&'static str>, error: &Error) -> bool {
    let Some(missing) = error.missing_field() else {
        return false;
    };
    let name = missing.name;
    let place = columns
        .iter()
        .position(|column| *column != "UserId" && column.eq_ignore_ascii_case(name));
    place.map(|place| columns.remove(place)).is_some()
}

/// The rows of all pages of a query, and how many there were with those that cannot be read.
async fn all(client: &Client, select: &Select) -> Result<(Vec<TokenRow>, usize), Error> {
    let mut page: QueryPage<TokenRow> = Box::pin(client.query(select)).await?.value;
    let (mut rows, mut unreadable) = (Vec::new(), 0);
    loop {
        rows.append(&mut page.records);
        unreadable += page.unreadable.len();
        let Some(next) = page.next.take().filter(|_| !page.done) else {
            break;
        };
        let next = Box::pin(client.query_next(OBJECT, &next)).await?;
        page = next.value.read(OBJECT)?;
    }
    if unreadable > 0 {
        warn!(
            sf.object = OBJECT,
            count = unreadable,
            "{unreadable} rows of {OBJECT} are left out, because Salesforce sent no usable values: \
             what was read of it is not complete"
        );
    }
    let count = rows.len() + unreadable;
    Ok((rows, count))
}

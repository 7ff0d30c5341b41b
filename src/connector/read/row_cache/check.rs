//! Compares the kept rows of a table with the org: which ones changed, and which ones are gone.
//!
//! Rows that are new or changed say so by their times. If these and the kept ones together are as
//! many as the org has, they are its rows. If not, some are gone: rows are counted by group, and the
//! groups whose numbers differ are read again. Any doubt, and the table is read as a whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Deserialize;

use super::file::{Entry, RowFile};
use super::known::{Gone, Kept, KnownRows, LostRows};
use super::rows::{Columns, page, rows};
use super::statements::{self, ChangeStatements};
use crate::connector::read::org::Org;
use crate::connector::read::table::{IDS_A_QUERY, MOST_GROUPS};
use crate::connector::read::together::TOGETHER;
use crate::salesforce::composite::{Asked, Question};
use crate::salesforce::soql::SoqlError;
use crate::salesforce::{Error, Locator, PageText, Quota, Response, SalesforceId};

/// Changed rows of all tables that a sync holds at most, as Salesforce sends them, in bytes. Tables
/// with more are read as a whole.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Why the kept rows are not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Doubt {
    #[error("Salesforce does not answer")]
    Salesforce(#[from] Error),
    #[error("a statement cannot be written")]
    Statement(#[from] SoqlError),
    #[error(transparent)]
    Lost(#[from] LostRows),
    /// Without the cause, which may quote a value.
    #[error("an answer has rows that cannot be told apart")]
    Unreadable,
    #[error("too much has changed")]
    TooMuch,
    #[error("the numbers of rows do not match")]
    Numbers,
    #[error("comparing was stopped")]
    Stopped,
}

impl From<serde_json::Error> for Doubt {
    fn from(_: serde_json::Error) -> Self {
        Self::Unreadable
    }
}

/// What is compared.
pub(super) struct Comparison {
    pub(super) org: Arc<Org>,
    pub(super) file: Arc<RowFile>,
    pub(super) entry: Entry,
    pub(super) changes: ChangeStatements,
    /// Rows with an older time were there when the kept rows were read.
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
    /// The bytes of changed rows that this sync holds.
    pub(super) held: Arc<AtomicUsize>,
    /// The day's calls, as last heard.
    pub(super) quota: Mutex<Option<Quota>>,
}

/// How many rows each group has.
type Counts = HashMap<Option<SalesforceId>, u64>;

/// Rows that were read now.
#[derive(Default)]
struct Fresh {
    pages: Vec<PageText>,
    ids: HashSet<SalesforceId>,
    counts: Counts,
}

impl Comparison {
    /// The rows as they are now. The answers are to the first two questions, in this order: a row that
    /// comes between them is one too many and cannot stand for one that is gone.
    pub(super) async fn run(
        &self,
        count: &PageText,
        newer: Response<PageText>,
    ) -> Result<KnownRows, Doubt> {
        let expected = count_of(count)?;
        let newer = self.received(newer);
        let (gone, newer) = self.changed(newer, HashSet::new()).await?;
        let (gone, counts) = self.tally(gone).await?;
        if sum(&counts) + newer.ids.len() as u64 == expected {
            return Ok(self.known(gone, newer.pages));
        }
        self.without_those_gone().await
    }

    /// The rows, after it turned out that their number is another one.
    async fn without_those_gone(&self) -> Result<KnownRows, Doubt> {
        let at = |statement: &str| statements::at(statement, self.now, self.since);
        let groups = self.changes.groups.as_ref();
        let counts = groups.map_or(&self.changes.count, |groups| &groups.counts);
        let (counts, touched) = (at(counts)?, at(&self.changes.touched)?);
        let newer = at(&self.changes.newer)?;
        // In this order, for the same reason.
        let [counts, touched, newer] = self.ask([&counts, &touched, &newer]).await?;
        // Rows that changed so that they do not belong to the table any more.
        let touched = self.all(touched).await?;
        let touched = Fresh::of(touched, &Columns::default())?;
        let (gone, newer) = self.changed(newer, touched.ids).await?;
        let (mut gone, mut kept) = self.tally(gone).await?;
        for (group, number) in &newer.counts {
            *kept.entry(*group).or_default() += number;
        }
        let Some(groups) = groups else {
            if sum(&kept) != count_of(&counts)? {
                return Err(Doubt::Numbers);
            }
            return Ok(self.known(gone, newer.pages));
        };
        let counts = counts_of(&counts, &groups.column)?;
        let differing = differing(&kept, &counts)?;
        let expected = |group: &SalesforceId| counts.get(&Some(*group)).copied();
        let expected: u64 = differing.iter().filter_map(expected).sum();
        let again = self.of_groups(&groups.rows, &differing).await?;
        let again = Fresh::of(again, &gone.columns)?;
        if again.ids.len() as u64 != expected {
            return Err(Doubt::Numbers);
        }
        gone.groups = differing.into_iter().collect();
        // A row that changed may be in a group that was read again.
        let mut pages = again.pages;
        for changed in &newer.pages {
            pages.push(without_groups(changed, &gone)?);
        }
        Ok(self.known(gone, pages))
    }

    /// The rows that are new or changed, and what they and `touched` leave of the kept rows.
    async fn changed(
        &self,
        newer: PageText,
        mut touched: HashSet<SalesforceId>,
    ) -> Result<(Gone, Fresh), Doubt> {
        let groups = self.changes.groups.as_ref();
        let columns = Columns {
            group: groups.map_or_else(String::new, |groups| groups.column.clone()),
            ending: self.changes.ending.clone(),
        };
        let newer = self.all(newer).await?;
        let newer = Fresh::of(newer, &columns)?;
        touched.extend(&newer.ids);
        let gone = Gone {
            columns,
            rows: touched,
            groups: HashSet::new(),
            now: self.now,
        };
        Ok((gone, newer))
    }

    fn known(&self, gone: Gone, fresh: Vec<PageText>) -> KnownRows {
        KnownRows {
            kept: self.kept(Arc::new(gone)),
            fresh: fresh.into_iter(),
            complete_at: self.entry.complete_at,
            quota: self.quota.lock().take(),
        }
    }

    fn kept(&self, gone: Arc<Gone>) -> Kept {
        Kept {
            file: Arc::clone(&self.file),
            chunks: self.entry.chunks.clone().into_iter(),
            gone,
            last: None,
        }
    }

    /// Counts the kept rows that are not gone, by group.
    async fn tally(&self, gone: Gone) -> Result<(Gone, Counts), Doubt> {
        let gone = Arc::new(gone);
        let mut kept = self.kept(Arc::clone(&gone));
        let counted = tokio::task::spawn_blocking(move || {
            let mut counts = Counts::new();
            loop {
                let counted = kept.next(|rows| {
                    for (_, facts) in rows {
                        *counts.entry(facts.group).or_default() += 1;
                    }
                });
                match counted {
                    Some(counted) => counted?,
                    None => return Ok::<_, LostRows>(counts),
                }
            }
        });
        let counts = counted.await.map_err(|_| Doubt::Stopped)??;
        let gone = Arc::into_inner(gone).ok_or(Doubt::Stopped)?;
        Ok((gone, counts))
    }

    /// All rows of some groups.
    async fn of_groups(
        &self,
        statement: &str,
        groups: &[SalesforceId],
    ) -> Result<Vec<PageText>, Doubt> {
        let mut pages = Vec::new();
        for groups in groups.chunks(IDS_A_QUERY) {
            let statement = statements::of(statement, groups)?;
            let statement = statements::at(&statement, self.now, self.since)?;
            let [first] = self.ask([&statement]).await?;
            pages.extend(self.all(first).await?);
        }
        Ok(pages)
    }

    async fn ask<const N: usize>(&self, soql: [&str; N]) -> Result<[PageText; N], Doubt> {
        let pages = self
            .pages(soql.iter().map(|soql| Asked::First(soql)))
            .await?;
        pages.try_into().map_err(|_| Doubt::Stopped)
    }

    /// The pages of a query that begins with `first`, with as many rows as that says.
    async fn all(&self, first: PageText) -> Result<Vec<PageText>, Doubt> {
        let mut head = Head::of(&first)?;
        let (total, rows_each) = (head.total_size, head.rows);
        let mut so_far = head.rows;
        self.hold(&first)?;
        let mut pages = vec![first];
        while !head.done {
            if head.rows == 0 || so_far >= total {
                return Err(Doubt::Numbers);
            }
            let next = head.next.take().ok_or(Doubt::Numbers)?;
            let mut locators = vec![next.clone()];
            // If it is known where the other pages are, several come in one call.
            if next.row() == Some(so_far) {
                let begins = (so_far..total).step_by(rows_each.max(1));
                let others = begins.skip(1).take(TOGETHER - 1);
                locators.extend(others.filter_map(|row| next.at(row)));
            }
            for page in self.pages(locators.iter().map(Asked::Next)).await? {
                head = Head::of(&page)?;
                so_far += head.rows;
                self.hold(&page)?;
                pages.push(page);
            }
        }
        if so_far != total {
            return Err(Doubt::Numbers);
        }
        Ok(pages)
    }

    async fn pages(&self, asked: impl Iterator<Item = Asked<'_>>) -> Result<Vec<PageText>, Doubt> {
        let object = self.entry.statements.object.as_str();
        let questions: Vec<_> = asked.map(|page| Question { object, page }).collect();
        let answers = self.org.answers(&questions).await.into_iter();
        let pages = answers.map(|answer| answer.map(|answer| self.received(answer)));
        Ok(pages.collect::<Result<_, _>>()?)
    }

    /// Takes a page out of its answer.
    fn received(&self, answer: Response<PageText>) -> PageText {
        let mut quota = self.quota.lock();
        *quota = answer.quota.or(quota.take());
        answer.value
    }

    /// Counts what is held in memory.
    fn hold(&self, page: &PageText) -> Result<(), Doubt> {
        let bytes = page.json().len();
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > MOST_BYTES {
            return Err(Doubt::TooMuch);
        }
        Ok(())
    }
}

/// What a page says of its query.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    done: bool,
    total_size: usize,
    #[serde(default, rename = "nextRecordsUrl")]
    next: Option<Locator>,
    #[serde(skip)]
    rows: usize,
}

impl Head {
    fn of(page: &PageText) -> Result<Self, Doubt> {
        let mut head: Self = serde_json::from_str(page.json())?;
        head.rows = rows(page.json())?.len();
        Ok(head)
    }
}

/// The answer to a `COUNT()`.
fn count_of(answer: &PageText) -> Result<u64, Doubt> {
    Ok(Head::of(answer)?.total_size as u64)
}

/// The number of rows by group, as the org counts them.
fn counts_of(answer: &PageText, column: &str) -> Result<Counts, Doubt> {
    let mut counts = Counts::new();
    for row in rows(answer.json())? {
        let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row.get())?;
        let group = row.get(column).ok_or(Doubt::Numbers)?;
        let group: Option<SalesforceId> = Option::deserialize(group)?;
        let total = row.get("total").and_then(serde_json::Value::as_u64);
        counts.insert(group, total.ok_or(Doubt::Numbers)?);
    }
    if counts.len() >= MOST_GROUPS as usize {
        return Err(Doubt::TooMuch);
    }
    Ok(counts)
}

/// The groups that have another number of rows. Rows without a group cannot be asked for by it.
fn differing(kept: &Counts, counts: &Counts) -> Result<Vec<SalesforceId>, Doubt> {
    let groups: HashSet<_> = kept.keys().chain(counts.keys()).copied().collect();
    let differing = groups.into_iter().filter(|group| {
        let number = |counts: &Counts| counts.get(group).copied().unwrap_or_default();
        number(kept) != number(counts)
    });
    let differing: Option<Vec<SalesforceId>> = differing.collect();
    differing.ok_or(Doubt::Numbers)
}

impl Fresh {
    fn of(pages: Vec<PageText>, columns: &Columns) -> Result<Self, Doubt> {
        let mut fresh = Self::default();
        for page in &pages {
            for row in rows(page.json())? {
                let facts = columns.read(row)?;
                if !fresh.ids.insert(facts.id) {
                    return Err(Doubt::Numbers);
                }
                *fresh.counts.entry(facts.group).or_default() += 1;
            }
        }
        if !fresh.ids.is_empty() {
            fresh.pages = pages;
        }
        Ok(fresh)
    }
}

/// The rows of `changed` that are in none of the groups that were read again.
fn without_groups(changed: &PageText, gone: &Gone) -> Result<PageText, Doubt> {
    let mut kept = Vec::new();
    for row in rows(changed.json())? {
        let group = gone.columns.read(row)?.group;
        if group.is_none_or(|group| !gone.groups.contains(&group)) {
            kept.push(row);
        }
    }
    page(&kept).ok_or(Doubt::Stopped)
}

fn sum(counts: &Counts) -> u64 {
    counts.values().sum()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use serde_json::{Value, json};
    use test_case::test_case;
    use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

    use super::*;
    use crate::connector::options::Options;
    use crate::connector::read::row_cache::file::{Binding, Spool};
    use crate::connector::read::row_cache::statements::Statements;
    use crate::connector::read::table::Table;
    use crate::salesforce::{Auth, Client, ClientConfig, Instance};

    const TOTAL: usize = 9000;

    /// A page of `length` rows from `row` on.
    fn page(row: usize, length: usize) -> Value {
        let end = TOTAL.min(row + length);
        let rows: Vec<Value> = (row..end)
            .map(|number| json!({ "Id": format!("011Hp{number:010}") }))
            .collect();
        let next = format!("/services/data/v62.0/query/0r8x-{end}");
        json!({ "totalSize": TOTAL, "done": end == TOTAL, "nextRecordsUrl": next, "records": rows })
    }

    fn text(page: &Value) -> PageText {
        PageText::kept(page.to_string()).unwrap()
    }

    /// A comparison with an org whose page at a row has `length(row)` rows.
    async fn comparison(server: &MockServer, length: fn(usize) -> usize) -> Comparison {
        let answer = move |request: &Request| {
            let asked: Value = serde_json::from_slice(&request.body).unwrap();
            let parts = asked["compositeRequest"].as_array().unwrap().iter();
            let parts = parts.map(|part| {
                let row = part["url"].as_str().unwrap().rsplit_once('-').unwrap().1;
                let row = row.parse().unwrap();
                let body = page(row, length(row));
                json!({ "referenceId": part["referenceId"], "httpStatusCode": 200, "body": body })
            });
            let parts: Vec<Value> = parts.collect();
            ResponseTemplate::new(200).set_body_json(json!({ "compositeResponse": parts }))
        };
        let composite = Mock::given(matchers::method("POST")).respond_with(answer);
        composite.mount(server).await;
        let alone = move |request: &Request| {
            let row = request.url.path().rsplit_once('-').unwrap().1;
            let row = row.parse().unwrap();
            ResponseTemplate::new(200).set_body_json(page(row, length(row)))
        };
        let alone = Mock::given(matchers::method("GET")).respond_with(alone);
        alone.mount(server).await;
        let instance = Instance::parse(&server.uri(), false).unwrap();
        let auth = Auth::Token("a-token".to_owned().into());
        let client = Client::new(ClientConfig::new(instance, auth)).unwrap();
        let table = Table::new("GroupMember", &["Id", "GroupId"])
            .changes_show_in(["SystemModstamp"], Some("GroupId"));
        let entry = Entry {
            statements: Statements::of(&table).unwrap(),
            read_at: Timestamp::UNIX_EPOCH,
            complete_at: Timestamp::UNIX_EPOCH,
            chunks: Vec::new(),
        };
        Comparison {
            org: Arc::new(Org::new(Arc::new(client), &Options::default())),
            file: Arc::new(empty_file()),
            changes: entry.statements.changes.clone().unwrap(),
            entry,
            since: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
            held: Arc::default(),
            quota: Mutex::default(),
        }
    }

    fn empty_file() -> RowFile {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows");
        let binding = Binding {
            org: String::new(),
            address: String::new(),
            user: String::new(),
            api_version: String::new(),
            program: String::new(),
        };
        let mut spool = Spool::create(directory.path()).unwrap();
        spool.save(&path, &binding, Vec::new()).unwrap();
        RowFile::open(&path, &binding).unwrap().unwrap().0
    }

    #[test_case(|_| 2000 => Some(TOTAL); "pages of the same length")]
    #[test_case(|_| 700 => Some(TOTAL); "short pages")]
    #[test_case(|row| if row == 4000 { 1500 } else { 2000 } => None; "a short one among others")]
    #[test_case(|row| if row == 8000 { 300 } else { 2000 } => Some(TOTAL); "a short one at the end")]
    #[test_case(|row| if row == 4000 { 0 } else { 2000 } => None; "an empty one")]
    #[test_case(|row| if row == 0 { 2000 } else { 0 } => None; "nothing for ever")]
    #[tokio::test]
    async fn a_change_is_not_lost_between_pages(length: fn(usize) -> usize) -> Option<usize> {
        let server = MockServer::start().await;
        let comparison = comparison(&server, length).await;
        let pages = comparison.all(text(&page(0, length(0)))).await;
        let calls = server.received_requests().await.unwrap().len();
        assert!(calls <= TOTAL / 700, "{calls} calls");
        let pages = pages.ok()?;
        let fresh = Fresh::of(pages, &Columns::default()).unwrap();
        Some(fresh.ids.len())
    }

    #[test]
    fn groups_with_other_numbers_are_found() {
        let id = |number: u32| {
            Some(
                format!("00GHp{number:010}")
                    .parse::<SalesforceId>()
                    .unwrap(),
            )
        };
        let kept = Counts::from([(id(1), 3), (id(2), 5), (id(3), 1)]);
        let counts = Counts::from([(id(1), 3), (id(2), 4), (id(4), 2)]);
        let mut found = differing(&kept, &counts).unwrap();
        found.sort_by(SalesforceId::cmp_bytes);
        assert_eq!(found, [id(2), id(3), id(4)].map(Option::unwrap));
        let without = Counts::from([(None, 1)]);
        assert!(matches!(differing(&without, &kept), Err(Doubt::Numbers)));
    }
}

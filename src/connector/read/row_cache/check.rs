//! Compares the kept rows of a table with the org: which ones changed, and which ones are gone.
//!
//! Rows that are new or changed say so by their times. If these and the kept ones together are as
//! many as the org has, they are its rows. If not, some are gone: rows are counted by group, and the
//! groups whose numbers differ are read again. Any doubt, and the table is read as a whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::file::{Entry, RowFile};
use super::known::{Gone, Kept, KnownRows, LostRows};
use super::rows::{Columns, page, rows};
use super::statements::{self, ChangeStatements, MOST_GROUPS};
use crate::connector::read::org::Org;
use crate::connector::read::table::IDS_A_QUERY;
use crate::connector::read::together::TOGETHER;
use crate::salesforce::composite::{Asked, Question};
use crate::salesforce::soql::SoqlError;
use crate::salesforce::{Error, Locator, PageText, Response, SalesforceId};

/// Changed rows that are held at most, as Salesforce sends them, in bytes. If there are more, the
/// table is read as a whole.
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
    #[error("an answer has rows that cannot be told apart")]
    Unreadable(#[from] serde_json::Error),
    #[error("too much has changed")]
    TooMuch,
    #[error("the numbers of rows do not match")]
    Numbers,
    #[error("comparing was stopped")]
    Stopped,
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
    /// The rows as they are now. `newer` and `count` are the answers to the first two questions.
    pub(super) async fn run(
        &self,
        newer: Response<PageText>,
        count: &PageText,
    ) -> Result<KnownRows, Doubt> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Count {
            total_size: u64,
        }
        let Count { total_size } = serde_json::from_str(count.json())?;
        let columns = Columns {
            group: self.changes.group.clone(),
            ending: self.changes.ending.clone(),
        };
        let newer = self.all(newer.value).await?;
        let newer = Fresh::of(newer, &columns)?;
        let gone = Gone {
            columns,
            rows: newer.ids.clone(),
            groups: HashSet::new(),
            now: self.now,
        };
        let (gone, counts) = self.tally(gone).await?;
        let number = sum(&counts) + newer.ids.len() as u64;
        if number == total_size {
            return Ok(self.known(gone, newer.pages));
        }
        self.without_those_gone(gone, newer).await
    }

    /// The rows, after it turned out that their number is another one.
    async fn without_those_gone(&self, mut gone: Gone, newer: Fresh) -> Result<KnownRows, Doubt> {
        let touched = statements::at(&self.changes.touched, self.now, self.since)?;
        let counts = statements::at(&self.changes.counts, self.now, self.since)?;
        let [touched, counts] = self.ask([&touched, &counts]).await?;
        // Rows that changed so that they do not belong to the table any more.
        let touched = self.all(touched).await?;
        let touched = Fresh::of(touched, &Columns::default())?;
        gone.rows.extend(touched.ids);
        let (mut gone, mut kept) = self.tally(gone).await?;
        for (group, number) in &newer.counts {
            *kept.entry(*group).or_default() += number;
        }
        let counts = self.counts(&counts)?;
        let groups: HashSet<_> = kept.keys().chain(counts.keys()).copied().collect();
        let differing = groups.into_iter().filter(|group| {
            let number = |counts: &Counts| counts.get(group).copied().unwrap_or_default();
            number(&kept) != number(&counts)
        });
        // Rows without a group cannot be asked for by their group.
        let differing: Option<Vec<SalesforceId>> = differing.collect();
        let differing = differing.ok_or(Doubt::Numbers)?;
        let expected = |group: &SalesforceId| counts.get(&Some(*group)).copied();
        let expected: u64 = differing.iter().filter_map(expected).sum();
        let again = self.of_groups(&differing).await?;
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

    fn known(&self, gone: Gone, fresh: Vec<PageText>) -> KnownRows {
        KnownRows {
            kept: self.kept(Arc::new(gone)),
            fresh: fresh.into_iter(),
            complete_at: self.entry.complete_at,
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

    /// The number of rows by group, as the org counts them.
    fn counts(&self, answer: &PageText) -> Result<Counts, Doubt> {
        let mut counts = Counts::new();
        for row in rows(answer.json())? {
            let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row.get())?;
            let group = row.get(&self.changes.group).ok_or(Doubt::Numbers)?;
            let group: Option<SalesforceId> = Option::deserialize(group)?;
            let total = row.get("total").and_then(serde_json::Value::as_u64);
            counts.insert(group, total.ok_or(Doubt::Numbers)?);
        }
        if counts.len() >= MOST_GROUPS as usize {
            return Err(Doubt::TooMuch);
        }
        Ok(counts)
    }

    /// All rows of some groups.
    async fn of_groups(&self, groups: &[SalesforceId]) -> Result<Vec<PageText>, Doubt> {
        let mut pages = Vec::new();
        for groups in groups.chunks(IDS_A_QUERY) {
            let statement = statements::of(&self.changes.of_groups, groups)?;
            let statement = statements::at(&statement, self.now, self.since)?;
            let [first] = self.ask([&statement]).await?;
            pages.extend(self.all(first).await?);
            held_in_memory(&pages)?;
        }
        Ok(pages)
    }

    async fn ask<const N: usize>(&self, soql: [&str; N]) -> Result<[PageText; N], Doubt> {
        let questions = soql.map(|soql| self.question(Asked::First(soql)));
        let answers = self.org.answers(&questions).await;
        let answers = answers.into_iter();
        let pages: Vec<_> = answers
            .map(|answer| answer.map(|answer| answer.value))
            .collect::<Result<_, _>>()?;
        pages.try_into().map_err(|_| Doubt::Stopped)
    }

    fn question<'a>(&'a self, page: Asked<'a>) -> Question<'a> {
        let object = self.entry.statements.object.as_str();
        Question { object, page }
    }

    /// The pages of a query that begins with `first`.
    async fn all(&self, first: PageText) -> Result<Vec<PageText>, Doubt> {
        let mut pages = vec![first];
        while let Some(next) = pages.last().map(next).transpose()?.flatten() {
            held_in_memory(&pages)?;
            let following = self.following(&next, pages.len()).await?;
            pages.extend(following);
        }
        Ok(pages)
    }

    /// The pages from `next` on, several in one call if it is known where they are. `so_far` pages
    /// tell how many may follow.
    async fn following(&self, next: &Next, so_far: usize) -> Result<Vec<PageText>, Doubt> {
        let mut locators = vec![next.locator.clone()];
        if let Some(row) = next.locator.row()
            && row == next.rows_each.saturating_mul(so_far)
        {
            let begins = (row..next.total).step_by(next.rows_each.max(1));
            let others = begins.skip(1).take(TOGETHER - 1);
            locators.extend(others.filter_map(|row| next.locator.at(row)));
        }
        let questions: Vec<_> = locators
            .iter()
            .map(|locator| self.question(Asked::Next(locator)))
            .collect();
        let answers = self.org.answers(&questions).await.into_iter();
        let pages: Vec<_> = answers
            .map(|answer| answer.map(|answer| answer.value))
            .collect::<Result<_, _>>()?;
        Ok(pages)
    }
}

/// What follows a page.
struct Next {
    locator: Locator,
    rows_each: usize,
    total: usize,
}

fn next(page: &PageText) -> Result<Option<Next>, Doubt> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        done: bool,
        total_size: usize,
        #[serde(default, rename = "nextRecordsUrl")]
        next: Option<Locator>,
    }
    let head: Head = serde_json::from_str(page.json())?;
    if head.done {
        return Ok(None);
    }
    Ok(Some(Next {
        locator: head.next.ok_or(Doubt::Numbers)?,
        rows_each: rows(page.json())?.len(),
        total: head.total_size,
    }))
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

fn held_in_memory(pages: &[PageText]) -> Result<(), Doubt> {
    let bytes: usize = pages.iter().map(|page| page.json().len()).sum();
    if bytes > MOST_BYTES {
        return Err(Doubt::TooMuch);
    }
    Ok(())
}

fn sum(counts: &Counts) -> u64 {
    counts.values().sum()
}

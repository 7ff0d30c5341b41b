//! Pages of records.
//!
//! Must not know: which object is asked for, or how a caller continues: a keyset condition is
//! better than a locator, which dies after two days or earlier.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    client::Client,
    error::{Error, Flaw, Operation, Result},
    json_text::JsonText,
    soql::Select,
    transport::{FromBody, Request, Response, decode},
};

/// Salesforce's largest batch; it may still send fewer records a page.
const BATCH: (&str, &str) = ("Sforce-Query-Options", "batchSize=2000");

/// Some records, and whether there are more.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QueryPage<T> {
    /// The records of this page; fewer than asked for does not mean that it is the last.
    #[serde(default = "Vec::new")]
    pub records: Vec<T>,
    /// Whether there are no more.
    pub done: bool,
    /// How many records the whole query has, or what `COUNT()` counted.
    pub total_size: u64,
    /// Where the query continues, as long as the server knows it.
    #[serde(default, rename = "nextRecordsUrl")]
    pub next: Option<Locator>,
    /// Records that cannot be read, and are missing in `records`.
    #[serde(skip)]
    pub unreadable: Vec<UnreadableRecord>,
}

/// A record that lacks a value or has one of another type than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableRecord {
    /// Its place among all records of the page, from 0.
    pub index: usize,
    /// Its `Id`, if that can be read.
    pub id: Option<String>,
    /// The field that cannot be read, such as `PermissionSetId` or `Profile.Name`.
    pub field: String,
}

/// A server-side position in a running query: opaque, short-lived, only ever a path of the org.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Locator(String);

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locator")
    }
}

impl Locator {
    /// How many rows of the query come before the page, if the locator says it. Salesforce's own end
    /// with this number: `/services/data/v62.0/query/0r8xx3d3FsAvwqKAIR-2000`
    /// ([REST API guide, Query More Results](https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query_more_results.htm)).
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        let (_, row) = self.0.rsplit_once('-')?;
        row.parse().ok()
    }

    /// The same query from another row on.
    #[must_use]
    pub fn at(&self, row: usize) -> Option<Self> {
        self.row()?;
        let (query, _) = self.0.rsplit_once('-')?;
        Some(Self(format!("{query}-{row}")))
    }

    /// The path of the page. Only a path of the API is followed, whatever the answer said.
    pub(super) fn path(&self) -> Result<&str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/.-_".contains(c);
        if self.0.starts_with("/services/data/v")
            && self.0.chars().all(is_plain)
            && !self.0.contains("..")
        {
            return Ok(&self.0);
        }
        Err(Error::Invalid("the locator is not a path of a query"))
    }
}

impl<T> QueryPage<T> {
    /// Adds the page that follows this one.
    pub fn append(&mut self, next: Self) {
        let before = self.records.len() + self.unreadable.len();
        let unreadable = next.unreadable.into_iter();
        self.unreadable
            .extend(unreadable.map(|row| UnreadableRecord {
                index: row.index + before,
                ..row
            }));
        self.records.extend(next.records);
        self.done = next.done;
        self.next = next.next;
    }

    /// How many records the page has, also those that cannot be read.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.records.len() + self.unreadable.len()
    }

    /// The page of a query that need not be sent, because no record can match.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            records: Vec::new(),
            done: true,
            total_size: 0,
            next: None,
            unreadable: Vec::new(),
        }
    }
}

impl Client {
    /// Asks for the first page of a query.
    pub async fn query<T: DeserializeOwned>(
        &self,
        select: &Select,
    ) -> Result<Response<QueryPage<T>>> {
        let soql = select.to_soql().map_err(Error::Soql)?;
        let answer = self.query_text(select.object(), soql).await?;
        answer.try_map(|text| text.read(select.object()))
    }

    /// Asks for the first page of a statement about `object`, and does not read it yet.
    pub async fn query_text(
        &self,
        object: &str,
        soql: impl Into<String>,
    ) -> Result<Response<PageText>> {
        let request = Request::get("query", format!("query {object}"))
            .about(object)
            .query("q", soql)
            .header(BATCH.0, BATCH.1);
        self.send_kept(&request).await
    }

    /// Asks for the next page of a query of `object`; `INVALID_QUERY_LOCATOR` when the server has
    /// forgotten it.
    pub async fn query_next(&self, object: &str, locator: &Locator) -> Result<Response<PageText>> {
        let request = Request::get(locator.path()?, format!("query {object}"))
            .absolute()
            .about(object)
            .header(BATCH.0, BATCH.1);
        self.send_kept(&request).await
    }

    /// Counts rows: the select must be a `COUNT()`.
    pub async fn count(&self, select: &Select) -> Result<Response<u64>> {
        let page = self.query::<serde::de::IgnoredAny>(select).await?;
        Ok(page.map(|page| page.total_size))
    }
}

/// The JSON of a page: checked to be JSON and to be there, and not read yet.
#[derive(Clone, Debug)]
pub struct PageText(JsonText);

impl FromBody for PageText {
    fn from_body(body: Bytes) -> std::result::Result<Self, Flaw> {
        let text = JsonText::part(&body, decode(&body)?);
        Self::new(text).ok_or(Flaw::Truncated)
    }
}

impl PageText {
    /// `None` if there is no page.
    pub(super) fn new(text: JsonText) -> Option<Self> {
        (!text.is_null()).then_some(Self(text))
    }

    /// The page that somebody has kept as JSON; `None` if it is none.
    #[must_use]
    pub fn kept(json: String) -> Option<Self> {
        let text = RawValue::from_string(json).ok()?;
        Self::new(text.into())
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// As Salesforce sent it.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// Reads the records of a page of `object`. A record of an unexpected shape costs only itself: the
    /// answer is complete, so requesting it again would bring the same.
    pub fn read<T: DeserializeOwned>(&self, object: &str) -> Result<QueryPage<T>> {
        let body = self.0.get();
        match serde_json::from_str(body) {
            Ok(page) => Ok(page),
            Err(_) => salvage(body).map_err(|error| {
                let flaw = Flaw::Shape {
                    line: error.line(),
                    column: error.column(),
                };
                let operation = Operation::new(format!("query {object}"), false);
                Error::unreadable(operation, 200, flaw)
            }),
        }
    }
}

fn salvage<T: DeserializeOwned>(body: &str) -> serde_json::Result<QueryPage<T>> {
    // `RawValue` borrows from the body, so it cannot be a `DeserializeOwned` record.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct RawPage<'a> {
        #[serde(borrow, default)]
        records: Vec<&'a RawValue>,
        done: bool,
        total_size: u64,
        #[serde(default, rename = "nextRecordsUrl")]
        next: Option<Locator>,
    }

    let raw: RawPage<'_> = serde_json::from_str(body)?;
    let mut page = QueryPage {
        records: Vec::new(),
        done: raw.done,
        total_size: raw.total_size,
        next: raw.next,
        unreadable: Vec::new(),
    };
    for (index, record) in raw.records.into_iter().enumerate() {
        let read = &mut serde_json::Deserializer::from_str(record.get());
        match serde_path_to_error::deserialize(read) {
            Ok(record) => page.records.push(record),
            Err(error) => page.unreadable.push(UnreadableRecord {
                index,
                id: id(record),
                field: error.path().to_string(),
            }),
        }
    }
    Ok(page)
}

fn id(record: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId {
        #[serde(rename = "Id")]
        id: String,
    }
    serde_json::from_str::<OnlyId>(record.get())
        .ok()
        .map(|record| record.id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        id: String,
        is_active: bool,
    }

    #[test]
    fn a_locator_says_how_many_rows_come_before_it() {
        let locator = |text: &str| Locator(text.to_owned());
        let known = locator("/services/data/v62.0/query/0r8xx3d3FsAvwqKAIR-2000");
        assert_eq!(known.row(), Some(2000));
        let later = locator("/services/data/v62.0/query/0r8xx3d3FsAvwqKAIR-5999");
        assert_eq!(known.at(5999), Some(later));
        for odd in [
            "/services/data/v62.0/query/0r8xx3d3FsAvwqKAIR",
            "/query/a-b",
            "",
        ] {
            assert_eq!(
                (locator(odd).row(), locator(odd).at(7)),
                (None, None),
                "{odd}"
            );
        }
    }

    #[test]
    fn pages_are_joined_with_their_unreadable_records() {
        let page = |text: &str| salvage::<Row>(text).unwrap();
        let mut first = page(
            r#"{"totalSize":4,"done":false,"nextRecordsUrl":"/q-2",
            "records":[{"Id":"a","IsActive":true},{"Id":"b"}]}"#,
        );
        first.append(page(
            r#"{"totalSize":4,"done":true,"records":[{"Id":"c"},{"Id":"d","IsActive":true}]}"#,
        ));
        let odd: Vec<usize> = first.unreadable.iter().map(|row| row.index).collect();
        assert_eq!(
            (first.rows(), first.done, first.next.clone()),
            (4, true, None)
        );
        assert_eq!(odd, [1, 2]);
    }

    #[test]
    fn a_record_of_another_shape_costs_only_itself() {
        let body = r#"{"totalSize":9,"done":false,"records":[{"Id":"a","IsActive":true},
            {"Id":"b","IsActive":null},{"Id":"c","IsActive":false},7]}"#;
        let page: QueryPage<Row> = salvage(body).unwrap();
        let ids: Vec<_> = page.records.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(
            (ids.as_slice(), page.total_size, page.done),
            (["a", "c"].as_slice(), 9, false)
        );
        let odd: Vec<_> = page
            .unreadable
            .iter()
            .map(|odd| (odd.index, odd.id.as_deref(), odd.field.as_str()))
            .collect();
        assert_eq!(odd, [(1, Some("b"), "IsActive"), (3, None, ".")]);
        assert!(salvage::<Row>(r#"{"records":[]}"#).is_err());
    }
}

//! The results of a query job: where their pages are, and the records of a page as a stream.

use std::{borrow::Cow, collections::BTreeMap};

use http::HeaderName;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::{
    csv::{CsvReader, Fields},
    job::Delimiter,
    record::{Columns, Kind},
};
use crate::salesforce::{
    describe::ObjectDescription,
    error::{Flaw, Result},
    query::UnreadableRecord,
    transport::Stream,
};

/// What stands for no locator in the header.
const NO_LOCATOR: &str = "null";
const LOCATOR: HeaderName = HeaderName::from_static("sforce-locator");
const RECORDS: HeaderName = HeaderName::from_static("sforce-numberofrecords");

/// A page of a job's result: the parameters of its address. [`Link::FIRST`] has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link(Vec<(Cow<'static, str>, String)>);

impl Link {
    /// The first page.
    pub const FIRST: Self = Self(Vec::new());

    /// The page that follows another one, with at most `rows` records.
    #[must_use]
    pub fn behind(locator: &str, rows: u32) -> Self {
        Self(vec![
            ("locator".into(), locator.to_owned()),
            ("maxRecords".into(), rows.to_string()),
        ])
    }

    /// Reads the parameters of an address that Salesforce sent. The rest of it is known.
    fn read(address: &str) -> Self {
        let address = Url::parse("https://org.invalid").and_then(|org| org.join(address));
        let pairs = address.iter().flat_map(Url::query_pairs);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned().into(), value.into_owned()))
                .collect(),
        )
    }

    pub(super) fn query(&self) -> Vec<(Cow<'static, str>, String)> {
        self.0.clone()
    }
}

/// Pages that can be fetched side by side.
#[derive(Debug)]
pub struct ResultList {
    /// Their addresses.
    pub pages: Vec<Link>,
    /// Where the next ones are listed, if there are any.
    pub next: Option<Link>,
}

impl<'de> Deserialize<'de> for ResultList {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Listed {
            result_pages: Vec<Page>,
            // The guide spells it in both ways.
            #[serde(default, alias = "nextRecordUrl")]
            next_records_url: Option<String>,
            #[serde(default)]
            done: bool,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            result_url: String,
        }
        let listed = Listed::deserialize(deserializer)?;
        let pages = listed.result_pages.iter();
        let next = listed.next_records_url.filter(|_| !listed.done);
        Ok(Self {
            pages: pages.map(|page| Link::read(&page.result_url)).collect(),
            next: next.as_deref().map(Link::read),
        })
    }
}

/// A page of a job's result. Its records come one after the other.
#[derive(Debug)]
pub struct ResultPage {
    stream: Stream,
    csv: CsvReader,
    /// What came and is not read yet.
    bytes: bytes::Bytes,
    has_ended: bool,
    /// Where the next page is, as long as there is one.
    pub locator: Option<String>,
    /// How many records the page has, if Salesforce says it.
    records: Option<u64>,
    given: u64,
}

/// The fields of an object by their names in lower case, each with its own spelling and its kind.
#[derive(Debug, Default)]
pub struct FieldKinds(BTreeMap<String, (String, Kind)>);

impl FieldKinds {
    /// As the description says.
    #[must_use]
    pub fn of(object: &ObjectDescription) -> Self {
        let fields = object.fields.iter().map(|field| {
            let own = (field.name.clone(), Kind::of(field));
            (field.name.to_lowercase(), own)
        });
        Self(fields.collect())
    }
}

impl ResultPage {
    pub(super) fn new(stream: Stream, delimiter: Delimiter) -> Result<Self> {
        let locator = stream.header(&LOCATOR).filter(|text| *text != NO_LOCATOR);
        let records = stream.header(&RECORDS).and_then(|text| text.parse().ok());
        if stream.is_page() {
            return Err(stream.unreadable(Flaw::Page));
        }
        Ok(Self {
            csv: CsvReader::new(delimiter),
            bytes: bytes::Bytes::new(),
            has_ended: false,
            locator: locator.filter(|text| !text.is_empty()).map(str::to_owned),
            records,
            given: 0,
            stream,
        })
    }

    /// The columns of the result, if the page begins with a header. A page without any record has
    /// none.
    pub async fn header(
        &mut self,
        wanted: &[String],
        kinds: &FieldKinds,
    ) -> Result<Option<Columns>> {
        let mut columns = None;
        let is_there = self
            .with_record(|fields| columns = Columns::of(fields, wanted, &kinds.0))
            .await?;
        if is_there && columns.is_none() {
            return Err(self.stream.unreadable(Flaw::NotCsv));
        }
        Ok(columns)
    }

    /// The next row, the `index`th of its batch. `None` at the end of a page that is whole. A header
    /// is no row, on whichever pages Salesforce sends it.
    pub async fn row<T: DeserializeOwned>(
        &mut self,
        columns: &Columns,
        index: usize,
    ) -> Result<Option<std::result::Result<T, UnreadableRecord>>> {
        loop {
            let (mut row, mut is_odd) = (None, false);
            let is_first = self.given == 0;
            let is_there = self
                .with_record(|fields| {
                    if is_first && columns.is_header(fields) {
                        return;
                    }
                    is_odd = fields.len() != columns.len();
                    row = Some(columns.row(fields, index));
                })
                .await?;
            if is_odd {
                return Err(self.stream.unreadable(Flaw::Truncated));
            }
            match row {
                Some(row) => {
                    self.given += 1;
                    return Ok(Some(row));
                }
                None if is_there => {}
                None => return self.whole().map(|()| None),
            }
        }
    }

    /// Whether all records have come.
    fn whole(&self) -> Result<()> {
        let is_whole = match self.records {
            Some(records) => records == self.given,
            None => self.csv.is_at_an_end(),
        };
        if is_whole {
            Ok(())
        } else {
            Err(self.stream.unreadable(Flaw::Truncated))
        }
    }

    /// Calls `take` with the next record. Returns whether there is one.
    async fn with_record(&mut self, take: impl FnOnce(Fields<'_>)) -> Result<bool> {
        let odd = |stream: &Stream| stream.unreadable(Flaw::NotCsv);
        loop {
            let mut input = self.bytes.as_ref();
            let before = input.len();
            // An empty input means the end to the reader.
            if before > 0 || self.has_ended {
                let found = self.csv.read(&mut input).map_err(|_| odd(&self.stream))?;
                let read = before - input.len();
                if let Some(fields) = found {
                    take(fields);
                    bytes::Buf::advance(&mut self.bytes, read);
                    return Ok(true);
                }
                if self.has_ended {
                    return Ok(false);
                }
            }
            let chunk = self.stream.chunk().await?;
            self.has_ended = chunk.is_none();
            self.bytes = chunk.unwrap_or_default();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn pairs(link: &Link) -> Vec<(&str, &str)> {
        let pairs = link.0.iter();
        pairs
            .map(|(name, value)| (name.as_ref(), value.as_str()))
            .collect()
    }

    #[test]
    fn a_list_has_the_addresses_of_pages_and_of_the_next_list() {
        let list = |name: &str, done: bool| {
            let text = format!(
                r#"{{"resultPages":[{{"resultUrl":"/services/data/v62.0/jobs/query/750/results?locator=MTAw%3D"}}],
                "{name}":"https://acme.example/services/data/v62.0/jobs/query/750/resultPages?locator=Mg&x=1","done":{done}}}"#
            );
            serde_json::from_str::<ResultList>(&text).unwrap()
        };
        for name in ["nextRecordsUrl", "nextRecordUrl"] {
            let list = list(name, false);
            let first = list.pages.first().unwrap();
            assert_eq!(pairs(first), [("locator", "MTAw=")]);
            assert_eq!(pairs(&list.next.unwrap()), [("locator", "Mg"), ("x", "1")]);
        }
        assert_eq!(list("nextRecordsUrl", true).next, None);
        let end: ResultList = serde_json::from_str(r#"{"resultPages":[],"done":false}"#).unwrap();
        assert!(end.pages.is_empty() && end.next.is_none());
    }
}

//! The rows of a page that is not read yet: which ones they are, and a page of some of them.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::salesforce::{PageText, SalesforceId, time};

/// The rows of a page.
pub(super) fn rows(page: &str) -> serde_json::Result<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow, default)]
        records: Vec<&'a RawValue>,
    }
    let page: Page<'_> = serde_json::from_str(page)?;
    Ok(page.records)
}

/// A page of these rows.
pub(super) fn page(rows: &[&RawValue]) -> Option<PageText> {
    let length: usize = rows.iter().map(|row| row.get().len() + 1).sum();
    let mut json = String::with_capacity(length + 64);
    json.push_str("{\"done\":true,\"totalSize\":");
    json.push_str(&rows.len().to_string());
    json.push_str(",\"records\":[");
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        json.push_str(row.get());
    }
    json.push_str("]}");
    PageText::kept(json)
}

/// What tells whether a row is still there.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) id: SalesforceId,
    pub(super) group: Option<SalesforceId>,
    pub(super) ends: Option<Timestamp>,
}

/// Which columns of a row are the facts. Only columns of the row itself can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub(super) group: String,
    pub(super) ending: Option<String>,
}

impl Columns {
    /// The facts of a row; an error if it has no usable id.
    pub(super) fn read(&self, row: &RawValue) -> serde_json::Result<Facts> {
        let mut json = serde_json::Deserializer::from_str(row.get());
        self.deserialize(&mut json)
    }
}

impl<'de> DeserializeSeed<'de> for &Columns {
    type Value = Facts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Facts, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &Columns {
    type Value = Facts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Facts, A::Error> {
        let (mut id, mut group, mut ends) = (None, None, None);
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == "Id" {
                id = Some(map.next_value()?);
            } else if name == self.group.as_str() {
                group = map.next_value()?;
            } else if Some(name.as_ref()) == self.ending.as_deref() {
                let text: Option<Cow<'de, str>> = map.next_value()?;
                let wrong = || A::Error::custom("not a point in time");
                let time = text.map(|text| time::parse(&text).ok_or_else(wrong));
                ends = time.transpose()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Facts {
            id: id.ok_or_else(|| A::Error::missing_field("Id"))?,
            group,
            ends,
        })
    }
}

//! Pages of records.
//!
//! Must not know: which object is asked for, or how a caller continues: a keyset condition is
//! better than a locator, which dies after two days or earlier.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    client::Client,
    error::{Error, Result},
    soql::Select,
    transport::{Request, Response},
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
    /// Where the query goes on, while the server still knows.
    #[serde(default, rename = "nextRecordsUrl")]
    pub next: Option<Locator>,
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

impl Client {
    /// Asks for the first page of a query.
    pub async fn query<T: DeserializeOwned>(
        &self,
        select: &Select,
    ) -> Result<Response<QueryPage<T>>> {
        let soql = select.to_soql().map_err(Error::Soql)?;
        let request = Request::get("query", format!("query {}", select.object()))
            .query("q", soql)
            .header(BATCH.0, BATCH.1);
        self.send(&request).await
    }

    /// Asks for the next page of a query; `INVALID_QUERY_LOCATOR` when the server has forgotten it.
    pub async fn query_next<T: DeserializeOwned>(
        &self,
        locator: &Locator,
    ) -> Result<Response<QueryPage<T>>> {
        if !locator.0.starts_with("/services/data/") {
            return Err(Error::Invalid("the locator is not a path of a query"));
        }
        let request = Request::get(locator.0.clone(), "continue a query").absolute();
        self.send(&request.header(BATCH.0, BATCH.1)).await
    }

    /// Counts rows: the select must be a `COUNT()`.
    pub async fn count(&self, select: &Select) -> Result<Response<u64>> {
        let page = self.query::<serde::de::IgnoredAny>(select).await?;
        Ok(page.map(|page| page.total_size))
    }
}

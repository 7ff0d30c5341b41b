//! An object's columns and rows, as a query that reads them page by page.
//!
//! Rows are read in the order of their ids: `WHERE Id > :last ORDER BY Id`. A position is the last
//! id that was delivered, so it is valid in any process at any time. Salesforce compares the ids,
//! because its collation differs from that of bytes.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, FieldName, Select, field};

/// Rows in one answer of Salesforce, and rows that OFFSET can skip, at most.
pub(in crate::connector) const PAGE: usize = 2000;

/// A record that has an id.
pub(in crate::connector) trait Row: DeserializeOwned + Send + 'static {
    fn id(&self) -> SalesforceId;
}

/// Which columns and rows of an object to read.
#[derive(Clone)]
pub(in crate::connector) struct Table {
    pub(in crate::connector) object: &'static str,
    /// Required: without them a row is useless.
    pub(in crate::connector) columns: Vec<FieldName>,
    /// Left out of the query if the org does not have them or hides them from the connector's user.
    pub(in crate::connector) optional: Vec<FieldName>,
    pub(in crate::connector) rows: Option<Condition>,
}

impl Table {
    pub(in crate::connector) fn new(object: &'static str, columns: &[&'static str]) -> Self {
        Self {
            object,
            columns: columns.iter().map(|name| FieldName::from(*name)).collect(),
            optional: Vec::new(),
            rows: None,
        }
    }

    #[must_use]
    pub(in crate::connector) fn required(mut self, columns: &[&'static str]) -> Self {
        let columns = columns.iter().map(|name| FieldName::from(*name));
        self.columns.extend(columns);
        self
    }

    #[must_use]
    pub(in crate::connector) fn optional(mut self, columns: &[&'static str]) -> Self {
        self.optional
            .extend(columns.iter().map(|name| FieldName::from(*name)));
        self
    }

    #[must_use]
    pub(in crate::connector) fn only(mut self, condition: impl Into<Option<Condition>>) -> Self {
        self.rows = match (self.rows.take(), condition.into()) {
            (Some(rows), Some(condition)) => Some(rows.and(condition)),
            (rows, condition) => rows.or(condition),
        };
        self
    }

    /// The rows after the id `after`, in the order of their ids; all rows if it is `None`.
    pub(super) fn select(&self, after: Option<SalesforceId>) -> Select {
        let mut select = Select::from(self.object).fields(self.columns.iter().cloned());
        select = select.fields(self.optional.iter().cloned());
        if let Some(condition) = &self.rows {
            select = select.filter(condition.clone());
        }
        if let Some(after) = after {
            select = select.filter(field("Id").gt(after));
        }
        select.order_by("Id")
    }
}

/// A row of which only the id is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct IdRow {
    id: SalesforceId,
}

impl Row for IdRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

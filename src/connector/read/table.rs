//! An object's columns and rows, as a query that reads them page by page.
//!
//! Rows are read in the order of their ids: `WHERE Id > :last ORDER BY Id`. A position is the last
//! id that was delivered, so it is valid in any process at any time. Salesforce compares the ids,
//! because its collation differs from that of bytes.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, FieldName, Select, field};

/// Rows in one answer of Salesforce, at most.
pub(in crate::connector) const PAGE: usize = 2000;

/// The largest table that can wait in memory as a whole, in pages.
pub(super) const FEW_PAGES: usize = 32;

/// Salesforce does not page through the results of aggregate queries: this is all it returns.
pub(super) const MOST_GROUPS: u32 = 2000;

/// Stands for the beginning of a table where an id says behind which row to read. No record has this
/// id.
pub(super) const BEGINNING: SalesforceId = SalesforceId::ZERO;

/// How many ids fit into the URL of a query, which Salesforce limits to 16 KiB.
pub(in crate::connector) const IDS_A_QUERY: usize = 400;

/// A record that has an id.
pub(in crate::connector) trait Row: DeserializeOwned + Send + 'static {
    fn id(&self) -> SalesforceId;
}

/// Which columns and rows of an object to read.
#[derive(Clone)]
pub(in crate::connector) struct Table {
    pub(in crate::connector) object: &'static str,
    /// Without these a row is useless, or it is unknown whether it counts.
    required: Vec<FieldName>,
    optional: Vec<Optional>,
    pub(in crate::connector) rows: Option<Condition>,
    /// Rows that meet one of these conditions, each of which is on an optional column.
    any_of: Vec<(Optional, Condition)>,
    has_any_of: bool,
    /// The column that says when a row ends, and the time of this reading: rows that have ended do
    /// not count.
    ending: Option<(&'static str, Timestamp)>,
    pub(super) changes: Option<Changes>,
}

/// How a change of a row shows, if it always does.
#[derive(Clone)]
pub(super) struct Changes {
    /// One of these times is new. With a parent's columns or conditions on them, its time is one.
    pub(super) times: Vec<&'static str>,
    /// A reference by which rows can be counted to find out which ones are gone. It never changes.
    pub(super) group: Option<&'static str>,
}

/// A column that is left out if the org does not have it or hides it.
#[derive(Clone)]
struct Optional {
    name: FieldName,
    /// What is missing without it.
    consequence: &'static str,
}

/// The consequence of most missing columns.
const NOT_SHOWN: &str = "its value is not shown";

impl Table {
    /// The columns named are required.
    pub(in crate::connector) fn new(object: &'static str, columns: &[&'static str]) -> Self {
        Self {
            object,
            required: Vec::new(),
            optional: Vec::new(),
            rows: None,
            any_of: Vec::new(),
            has_any_of: false,
            ending: None,
            changes: None,
        }
        .required(columns)
    }

    /// Only rows that have not ended by the time in `column`, or that never end.
    #[must_use]
    pub(in crate::connector) fn lasting(mut self, column: &'static str) -> Self {
        self.ending = Some((column, Timestamp::now()));
        self
    }

    /// The same rows at another time.
    #[must_use]
    pub(super) fn at(mut self, now: Timestamp) -> Self {
        self.ending = self.ending.map(|(column, _)| (column, now));
        self
    }

    /// The column that says when a row ends.
    pub(super) fn ending(&self) -> Option<&'static str> {
        self.ending.map(|(column, _)| column)
    }

    /// Says that each change of a row, or of what its columns and conditions take from parents, shows
    /// in one of `times`, unless it goes. `group` is a reference by which rows can be counted, and that
    /// is never changed.
    #[must_use]
    pub(in crate::connector) fn changes_show_in(
        mut self,
        times: impl IntoIterator<Item = &'static str>,
        group: Option<&'static str>,
    ) -> Self {
        let times = times.into_iter().collect();
        self.changes = Some(Changes { times, group });
        self
    }

    #[must_use]
    pub(in crate::connector) fn required(mut self, columns: &[&'static str]) -> Self {
        let columns = columns.iter().map(|name| FieldName::from(*name));
        self.required.extend(columns);
        self
    }

    #[must_use]
    pub(in crate::connector) fn optional(self, columns: &[&'static str]) -> Self {
        let columns = columns.iter().map(|name| FieldName::from(*name));
        self.optional_fields(columns, NOT_SHOWN)
    }

    /// An optional column without which more is missing than its value.
    #[must_use]
    pub(in crate::connector) fn optional_or(
        self,
        column: &'static str,
        consequence: &'static str,
    ) -> Self {
        self.optional_fields([FieldName::from(column)], consequence)
    }

    /// Optional columns that the configuration names.
    #[must_use]
    pub(in crate::connector) fn chosen(self, columns: &[FieldName]) -> Self {
        let consequence = "the configured field is not shown; check its spelling";
        self.optional_fields(columns.iter().cloned(), consequence)
    }

    /// Optional columns whose names are known only at run time. A column that the table has already
    /// is not added again, because Salesforce refuses a query that names one twice.
    #[must_use]
    pub(in crate::connector) fn optional_fields(
        mut self,
        columns: impl IntoIterator<Item = FieldName>,
        consequence: &'static str,
    ) -> Self {
        for name in columns {
            let is_same = |other: &FieldName| other.as_str().eq_ignore_ascii_case(name.as_str());
            let has_it = self.required.iter().any(is_same)
                || self.optional.iter().any(|other| is_same(&other.name));
            if !has_it {
                self.optional.push(Optional { name, consequence });
            }
        }
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

    /// Only rows of which one of the flags is true. A flag that the org does not have counts as
    /// false for all rows.
    #[must_use]
    pub(in crate::connector) fn any_flag<N: Into<FieldName>>(
        mut self,
        flags: impl IntoIterator<Item = (N, &'static str)>,
    ) -> Self {
        self.has_any_of = true;
        self.any_of = flags
            .into_iter()
            .map(|(name, consequence)| {
                let name: FieldName = name.into();
                let is_set = field(&name).eq(true);
                (Optional { name, consequence }, is_set)
            })
            .collect();
        self
    }

    /// Whether no row can meet the conditions, because the org has none of the columns.
    pub(super) fn is_empty(&self) -> bool {
        self.has_any_of && self.any_of.is_empty()
    }

    /// The optional columns, each with what is missing without it.
    pub(super) fn optional_columns(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let conditions = self.any_of.iter().map(|(column, _)| column);
        let columns = self.optional.iter().chain(conditions);
        columns.map(|column| (column.name.as_str(), column.consequence))
    }

    /// Keeps the optional columns for which `is_there` holds.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.optional
            .retain(|column| is_there(column.name.as_str()));
        self.any_of
            .retain(|(column, _)| is_there(column.name.as_str()));
    }

    /// The rows after the id `after`, in the order of their ids; all rows if it is `None`.
    pub(super) fn select(&self, after: Option<SalesforceId>) -> Select {
        let mut select = self.unordered();
        if let Some(after) = after {
            select = select.filter(field("Id").gt(after));
        }
        select.order_by("Id")
    }

    /// All rows, in no order.
    pub(super) fn unordered(&self) -> Select {
        let optional = self.optional.iter().map(|column| column.name.clone());
        let mut select = Select::from(self.object)
            .fields(self.required.iter().cloned())
            .fields(optional);
        let any_of = self.any_of.iter().map(|(_, condition)| condition.clone());
        let conditions = self
            .rows
            .iter()
            .cloned()
            .chain(self.ending.map(|(column, now)| {
                let ends = || field(column);
                ends().is_null().or(ends().gt(now))
            }))
            .chain(any_of.reduce(Condition::or));
        for condition in conditions {
            select = select.filter(condition);
        }
        select
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

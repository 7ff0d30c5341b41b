//! One write as a value: it can be told before it is sent, sent, and looked for afterwards.

use std::fmt;

use serde_json::Value;

use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Condition, Select};

/// A write of one record. Its fields are ids, dates and flags: it may be shown.
pub(super) struct Change {
    pub(super) verb: Verb,
    pub(super) object: &'static str,
    pub(super) truth: Truth,
}

/// What is done to the record.
pub(super) enum Verb {
    Create(Value),
    Update(SalesforceId, Value),
    Delete(SalesforceId),
}

/// How the org tells whether the write was done, when its answer was lost.
pub(super) struct Truth {
    object: &'static str,
    rows: Condition,
    /// It was done if there is such a row; or else if there is none.
    expects_row: bool,
}

impl Truth {
    /// Done when there is such a row.
    pub(super) fn row(object: &'static str, rows: Condition) -> Self {
        Self {
            object,
            rows,
            expects_row: true,
        }
    }

    /// Done when there is no such row.
    pub(super) fn no_row(object: &'static str, rows: Condition) -> Self {
        Self {
            object,
            rows,
            expects_row: false,
        }
    }

    pub(super) fn question(&self) -> Select {
        Select::from(self.object)
            .field("Id")
            .filter(self.rows.clone())
            .limit(1)
    }

    pub(super) fn is_done(&self, has_row: bool) -> bool {
        has_row == self.expects_row
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object;
        match &self.verb {
            Verb::Create(fields) => write!(f, "POST sobjects/{object} {fields}"),
            Verb::Update(id, fields) => write!(f, "PATCH sobjects/{object}/{id} {fields}"),
            Verb::Delete(id) => write!(f, "DELETE sobjects/{object}/{id}"),
        }
    }
}

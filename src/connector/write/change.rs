//! A write of one record as a value: it can be shown before it is sent, sent, and looked for
//! afterwards. It goes over REST or SCIM; the record and its truth are the same.

use std::fmt;

use serde_json::Value;

use crate::salesforce::SalesforceId;
use crate::salesforce::scim::Patch;
use crate::salesforce::soql::{Condition, Select};

/// A write of one record. Its fields are ids, dates and flags, so it may be shown.
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
    /// A change of a user over SCIM.
    Patch(SalesforceId, Patch),
    /// The deletion of a user over SCIM.
    DeleteUser(SalesforceId),
}

impl Verb {
    /// The id of the record that is sent to, if it exists already.
    pub(super) fn id(&self) -> Option<SalesforceId> {
        match self {
            Self::Create(_) => None,
            Self::Update(id, _) | Self::Delete(id) | Self::Patch(id, _) | Self::DeleteUser(id) => {
                Some(*id)
            }
        }
    }
}

/// How to find out whether a write took effect if its answer was lost.
pub(super) struct Truth {
    object: &'static str,
    rows: Condition,
    expects_row: bool,
}

impl Truth {
    /// The write took effect if such a row exists.
    pub(super) fn row(object: &'static str, rows: Condition) -> Self {
        Self {
            object,
            rows,
            expects_row: true,
        }
    }

    /// The write took effect if no such row exists.
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
            Verb::Patch(id, patch) => write!(f, "PATCH scim/v2/Users/{id} {patch}"),
            Verb::DeleteUser(id) => write!(f, "DELETE scim/v2/Users/{id}"),
        }
    }
}

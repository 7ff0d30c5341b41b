//! Whose records get which new owner.

use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{FieldName, Select, field};

/// From whom to whom.
#[derive(Clone, Copy)]
pub(super) struct OwnerChange {
    pub(super) from: SalesforceId,
    pub(super) to: SalesforceId,
}

impl OwnerChange {
    /// The records of `object` that the old owner still owns.
    pub(super) fn open(self, object: &FieldName) -> Select {
        Select::from(object).filter(field("OwnerId").eq(self.from))
    }
}

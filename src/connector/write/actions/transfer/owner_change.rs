//! The old and the new owner of a transfer.

use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{FieldName, Select, field};

/// The old and the new owner.
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

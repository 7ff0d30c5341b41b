//! What Salesforce says of a record that was saved or deleted.

use serde::Deserialize;

use super::{
    error::{ApiError, Error, Operation, Problem, Result},
    id::SalesforceId,
};

/// Result for one record.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct SaveResult {
    /// The record's id, if there is one.
    #[serde(default)]
    pub id: Option<SalesforceId>,
    /// Whether the record was saved or deleted.
    pub success: bool,
    /// Errors, if it was not saved.
    #[serde(default)]
    pub errors: Vec<Problem>,
}

impl SaveResult {
    /// The id of the record, or its errors as an [`Error`].
    pub fn into_result(self, name: &'static str) -> Result<Option<SalesforceId>> {
        if self.success {
            return Ok(self.id);
        }
        let answer = ApiError::from_problems(400, self.errors);
        Err(Error::refused(Operation::new(name, true), answer))
    }
}

//! What Salesforce's refusals of a write mean, in a sentence that says what can be done.
//!
//! Salesforce's own words stay out: they name people. Its code goes along as the reason.

use crate::baton::{Error, Kind};
use crate::connector::error::{ReadError, quota, wrap};
use crate::salesforce::{self, ErrorCode};

/// What a call does, for sentences.
#[derive(Clone, Copy)]
pub(super) struct Refusals {
    /// What is being done, such as `assigning a permission set`.
    pub(super) doing: &'static str,
    /// What people call the thing.
    pub(super) noun: &'static str,
}

impl Refusals {
    /// The error of a read or a write that failed.
    pub(super) fn explain(self, error: ReadError) -> Error {
        match error {
            ReadError::Own(error) => error,
            ReadError::Salesforce(error) => self.refused(error),
        }
    }

    fn refused(self, error: salesforce::Error) -> Error {
        // A failure that may pass is no refusal, whatever its code.
        let code = error.code().filter(|_| !error.is_ambiguous());
        let words = code.and_then(|code| self.words(code));
        match words {
            Some((kind, words)) => {
                let quota = error.quota().map(quota);
                Error::new(kind, format!("{}: {words}", self.doing))
                    .with_quota(quota)
                    .because(error)
            }
            None => wrap(self.doing, error),
        }
    }

    fn words(self, code: &ErrorCode) -> Option<(Kind, String)> {
        use ErrorCode as C;
        let noun = self.noun;
        let (kind, words) = match code {
            C::InvalidCrossReferenceKey | C::NotFound | C::EntityIsDeleted | C::MalformedId => (
                Kind::InvalidArgument,
                format!("the user or the {noun} does not exist in this org"),
            ),
            C::FieldIntegrityException => (
                Kind::FailedPrecondition,
                format!(
                    "Salesforce does not let this user have this {noun}: the licence or the kind \
                     of the user does not allow it"
                ),
            ),
            C::FieldCustomValidationException | C::CannotInsertUpdateActivateEntity => (
                Kind::FailedPrecondition,
                "a validation rule, flow or trigger of the org does not allow it".to_owned(),
            ),
            C::CannotDisableLastAdmin => (
                Kind::FailedPrecondition,
                "the user is the last active administrator of the org; make somebody else one \
                 first"
                    .to_owned(),
            ),
            C::LicenseLimitExceeded => (
                Kind::FailedPrecondition,
                "no seat of the licence is left".to_owned(),
            ),
            _ => return None,
        };
        Some((kind, words))
    }
}

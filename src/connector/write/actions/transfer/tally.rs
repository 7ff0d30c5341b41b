//! What was transferred and what was not, in numbers and with a bounded list of reasons.

use std::collections::BTreeMap;

use super::owner_change::OwnerChange;
use crate::baton::{Object, Value};
use crate::connector::write::batch::RecordError;
use crate::salesforce::soql::FieldName;
use crate::salesforce::{ErrorCode, SalesforceId};

/// The largest number of reasons that are listed.
const MAX_LISTED: usize = 100;

/// Whether many records failed for one reason that does not pass. The next ones would fail too.
pub(super) fn is_hopeless(failed: &[(SalesforceId, RecordError)]) -> bool {
    let Some((_, first)) = failed.first() else {
        return false;
    };
    let passes = first.code == Some(ErrorCode::UnableToLockRow);
    failed.len() >= 20 && !passes && failed.iter().all(|(_, error)| error.code == first.code)
}

/// What was transferred so far.
pub(super) struct Tally {
    by_object: BTreeMap<String, u64>,
    failed: u64,
    listed: Vec<String>,
    is_complete: bool,
}

impl Tally {
    pub(super) fn new(objects: &[FieldName]) -> Self {
        let by_object = objects
            .iter()
            .map(|object| (object.as_str().to_owned(), 0))
            .collect();
        Self {
            by_object,
            failed: 0,
            listed: Vec::new(),
            is_complete: true,
        }
    }

    pub(super) fn add(&mut self, object: &FieldName, number: u64) {
        *self
            .by_object
            .entry(object.as_str().to_owned())
            .or_default() += number;
    }

    pub(super) fn fail(&mut self, object: &FieldName, failed: Vec<(SalesforceId, RecordError)>) {
        for (id, error) in failed {
            self.failed += 1;
            self.list(format!("{} {id}: {error}", object.as_str()));
        }
    }

    /// Notes something about an object as a whole.
    pub(super) fn note(&mut self, text: String) {
        self.is_complete = false;
        self.list(text);
    }

    fn list(&mut self, text: String) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(text);
        }
    }

    pub(super) fn transferred(&self) -> u64 {
        self.by_object.values().sum()
    }

    pub(super) fn values(&self) -> Object {
        let by_object = self
            .by_object
            .iter()
            .map(|(name, count)| (name.clone(), number(*count)));
        Object::from([
            ("transferred".to_owned(), number(self.transferred())),
            (
                "transferred_by_object".to_owned(),
                Value::Object(by_object.collect()),
            ),
            ("failed".to_owned(), number(self.failed)),
            ("failures".to_owned(), self.listed.clone().into()),
        ])
    }

    pub(super) fn reply(&self, dry_run: bool, change: OwnerChange) -> Object {
        let OwnerChange { from, to } = change;
        let word = if dry_run {
            "would be given"
        } else {
            "were given"
        };
        let summary = format!(
            "{} records of user {from} {word} to user {to}, {} could not be",
            self.transferred(),
            self.failed
        );
        let mut values = self.values();
        let is_whole = self.failed == 0 && self.is_complete;
        values.insert("success".to_owned(), is_whole.into());
        values.insert("dry_run".to_owned(), dry_run.into());
        values.insert("summary".to_owned(), summary.into());
        values
    }
}

/// The protocol has only doubles, which are exact for far more records than an org has.
fn number(count: u64) -> Value {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

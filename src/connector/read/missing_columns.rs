//! Columns that an org does not have, or hides from the connector's user.
//!
//! Salesforce refuses a whole query for one such column and names it. An optional column is left out
//! from then on, with one warning. A required one fails the query.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

use super::table::Table;
use crate::salesforce::{ApiError, Error, MissingField};

/// The columns that were missing so far, by object, each with what is told about it.
#[derive(Default)]
pub(super) struct MissingColumns(Mutex<BTreeMap<(&'static str, String), String>>);

impl MissingColumns {
    /// Removes the missing columns, and the conditions on them, from `table`.
    pub(super) fn leave_out(&self, table: &mut Table) {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.is_empty() {
            return;
        }
        let object = table.object;
        table.retain(|column| !missing.contains_key(&(object, column.to_owned())));
    }

    /// What is told about each of them.
    pub(super) fn reports(&self) -> Vec<String> {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.values().cloned().collect()
    }

    /// Whether a column of `object` was missing.
    pub(super) fn has(&self, object: &'static str, column: &str) -> bool {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.contains_key(&(object, column.to_owned()))
    }

    /// Forgets the missing columns: the org may have them by now.
    pub(super) fn forget(&self) {
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.clear();
    }

    /// Learns from an `INVALID_FIELD` error which optional columns of `table` are missing. Returns
    /// false if it names none of them, so that the same query is not sent again. Whether another
    /// query has learnt of the column meanwhile does not matter, because this one named it.
    pub(super) fn learn(&self, table: &Table, error: &Error) -> bool {
        let Some(field) = error.api().and_then(ApiError::missing_field) else {
            return false;
        };
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_named = false;
        for (column, consequence) in table.optional_columns() {
            if !is_same(column, table.object, field) {
                continue;
            }
            is_named = true;
            if let Entry::Vacant(place) = missing.entry((table.object, column.to_owned())) {
                let report = format!(
                    "{column} of {} is left out, because the org does not have it or the \
                     connector's user may not see it: {consequence}; give the connector's user \
                     read access to this field in a permission set",
                    table.object
                );
                warn!(sf.object = table.object, sf.field = column, "{report}");
                place.insert(report);
            }
        }
        is_named
    }
}

/// Whether `column` of `object`, which may be a path, is or contains the missing field.
fn is_same(column: &str, object: &str, field: MissingField<'_>) -> bool {
    let is_name = |part: &str| part.eq_ignore_ascii_case(field.name);
    let (parents, last) = match column.rsplit_once('.') {
        Some((parents, last)) => (parents, last),
        None => ("", column),
    };
    if field.is_relationship {
        return parents.split('.').any(is_name);
    }
    let Some(lacking) = field.object else {
        return column.split('.').any(is_name);
    };
    // A relationship is usually called as the object that it leads to. If it is not, the path is
    // left out for any other object: a lost value is better than a failed query.
    is_name(last) && lacking.eq_ignore_ascii_case(object) == parents.is_empty()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn field<'a>(name: &'a str, object: Option<&'a str>) -> MissingField<'a> {
        MissingField::new(name, object, object.is_none())
    }

    #[test_case("Title", field("Title", Some("User")) => true; "a column")]
    #[test_case("Title", field("title", Some("user")) => true; "in any case")]
    #[test_case("Name", field("Name", Some("Profile")) => false; "a column of a parent is not the own one")]
    #[test_case("Profile.Name", field("Name", Some("Profile")) => true; "a path")]
    #[test_case("Profile.Name", field("Name", Some("User")) => false; "the own column is not that of a parent")]
    #[test_case("Profile.UserLicense.Name", field("UserLicense", None) => true; "a relationship")]
    #[test_case("UserLicenseId", field("UserLicense", None) => false; "an id is no relationship")]
    fn a_missing_field_is_found_among_the_columns(column: &str, field: MissingField<'_>) -> bool {
        is_same(column, "User", field)
    }
}

//! The org: its records and settings, and functions for tests to inspect and change them.
//!
//! [`Org::insert`], [`Org::set`] and [`Org::delete`] bypass Salesforce's checks; [`Org::create`],
//! [`Org::update`] and [`Org::destroy`] apply them (`rules`). It does not depend on HTTP.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::clock::Clock;

mod approvals;
pub(crate) mod bulk;
mod error;
pub mod id;
mod inspect;
mod read_json;
mod rights;
mod rules;
pub mod schema;
pub mod seed;
pub mod settings;
mod sight;
mod store;
pub mod table;
pub mod value;
mod visible;

pub(crate) use approvals::FamilyId;
pub use bulk::{BulkJobView, BulkState};
pub use error::OrgError;
pub(crate) use rules::Caller;

use approvals::Approvals;
use id::Id;
use schema::Schema;
use seed::{Preset, SeedSize};
use settings::Settings;
use store::Undo;
use table::Database;
use value::Value;

/// The refresh token that every org has, of the administrator.
pub const FIRST_REFRESH_TOKEN: &str = "simulated-refresh-token";

/// A simulated org.
#[derive(Debug, Clone)]
pub struct Org {
    /// Settings that tests can change.
    pub settings: Settings,
    /// Passwords set or reset through the API: the user id, and whether an email was sent.
    pub password_resets: Vec<(String, bool)>,
    db: Database,
    clock: Clock,
    organization: Id,
    integration_user: Id,
    /// Permanently deleted records, with the time of deletion.
    deleted: BTreeMap<Id, Timestamp>,
    undo: Vec<Undo>,
    transaction: Option<rules::Transaction>,
    next_expiry: Option<Timestamp>,
    /// Permission set groups that are being updated, with the end.
    recalculations: BTreeMap<Id, Timestamp>,
    approvals: Approvals,
    bulk: bulk::Jobs,
    /// Rows of `UserPermissionAccess`, by user.
    access_rows: BTreeMap<Id, Id>,
    /// Value of audit columns while the org is seeded.
    stamp: Option<Timestamp>,
}

impl Org {
    /// Returns an org with only what every org has: its Organization record, licenses, the standard
    /// profiles, and the administrator as whom clients sign in.
    #[must_use]
    pub fn empty() -> Self {
        let mut org = Self {
            settings: Settings::new(),
            password_resets: Vec::new(),
            db: Database::new(Schema::standard()),
            clock: Clock::new(),
            organization: Id::ZERO,
            integration_user: Id::ZERO,
            deleted: BTreeMap::new(),
            undo: Vec::new(),
            transaction: None,
            next_expiry: None,
            recalculations: BTreeMap::new(),
            approvals: Approvals::default(),
            bulk: bulk::Jobs::default(),
            access_rows: BTreeMap::new(),
            stamp: None,
        };
        seed::seed_essentials(&mut org);
        let username = org.settings.username.clone();
        org.add_refresh_token(FIRST_REFRESH_TOKEN, &username);
        org
    }

    /// Returns an org of a predefined size.
    #[must_use]
    pub fn seed(preset: Preset) -> Self {
        Self::seed_size(preset.size())
    }

    /// Returns an org of any size. The same size always gives the same org.
    #[must_use]
    pub fn seed_size(size: SeedSize) -> Self {
        let mut org = Self::empty();
        seed::fill(&mut org, size);
        org
    }

    /// The org's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The records, for reading.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// The records, for changes that no API allows.
    pub fn database_mut(&mut self) -> &mut Database {
        &mut self.db
    }

    /// Adds a record without Salesforce's checks and returns its 18-character id. Values must fit
    /// the schema. Audit columns, defaults and a user's full name are filled in.
    ///
    /// # Panics
    /// If the object or a field does not exist, or a value has the wrong type.
    pub fn insert(&mut self, object: &str, fields: &[(&str, Json)]) -> String {
        let cells = self.read_fields(object, fields);
        self.seed_row(object, cells).to_string()
    }

    /// Changes fields of a record without Salesforce's checks.
    ///
    /// # Panics
    /// If the record or a field does not exist, or a value has the wrong type.
    pub fn set(&mut self, object: &str, id: &str, fields: &[(&str, Json)]) {
        let cells = self.read_fields(object, fields);
        let id = known_id(id);
        if let Err(error) = self.write(object, id, cells) {
            wrong_test(&error.to_string());
        }
        self.undo.clear();
    }

    /// Deletes a record without Salesforce's checks. Returns whether it existed.
    pub fn delete(&mut self, object: &str, id: &str) -> bool {
        let removed = Id::parse(id).is_ok_and(|id| self.remove(object, id));
        self.undo.clear();
        removed
    }

    /// Returns a record with all its fields, in the form of the API.
    #[must_use]
    pub fn get(&self, object: &str, id: &str) -> Option<Json> {
        let row = self.db.get(object, Id::parse(id).ok()?)?;
        Some(store::as_json(row))
    }

    /// Returns all records of an object in id order, including deleted and revoked ones.
    #[must_use]
    pub fn rows(&self, object: &str) -> Vec<Json> {
        self.db.rows(object).map(store::as_json).collect()
    }

    /// Counts the records of an object, including deleted and revoked ones.
    #[must_use]
    pub fn count(&self, object: &str) -> usize {
        self.db
            .key(object)
            .and_then(|key| self.db.table(key))
            .map_or(0, table::Table::len)
    }

    /// Creates a record with Salesforce's checks, as the integration user.
    pub fn create(&mut self, object: &str, fields: &[(&str, Json)]) -> Result<String, OrgError> {
        let saved = self.create_record(&self.caller(), object, &as_map(fields))?;
        Ok(saved.id.to_string())
    }

    /// Updates a record with Salesforce's checks, as the integration user.
    pub fn update(
        &mut self,
        object: &str,
        id: &str,
        fields: &[(&str, Json)],
    ) -> Result<(), OrgError> {
        self.update_record(&self.caller(), object, id, &as_map(fields))
    }

    /// Deletes a record with Salesforce's checks, as the integration user.
    pub fn destroy(&mut self, object: &str, id: &str) -> Result<(), OrgError> {
        self.delete_record(&self.caller(), object, id)
    }

    /// Returns the integration user, calling the newest API version.
    fn caller(&self) -> Caller {
        Caller {
            user: self.integration_user,
            version: schema::NEWEST_VERSION,
        }
    }

    fn read_fields(&self, object: &str, fields: &[(&str, Json)]) -> Vec<(String, Value)> {
        let Some(def) = self.db.schema().object(object) else {
            wrong_test(&format!("no object {object}"));
        };
        let read = |(name, json): &(&str, Json)| {
            let field = def
                .field(name)
                .ok_or_else(|| format!("no field {name} on {object}"))?;
            let value = read_json::read(field, json).map_err(|error| error.to_string())?;
            Ok((field.name.clone(), value))
        };
        match fields.iter().map(read).collect::<Result<Vec<_>, String>>() {
            Ok(cells) => cells,
            Err(reason) => wrong_test(&reason),
        }
    }
}

fn as_map(fields: &[(&str, Json)]) -> Map<String, Json> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn known_id(id: &str) -> Id {
    match Id::parse(id) {
        Ok(id) => id,
        Err(error) => wrong_test(&format!("{id}: {error}")),
    }
}

#[expect(
    clippy::panic,
    reason = "the test that seeds the org is wrong, and nobody else calls this"
)]
fn wrong_test(reason: &str) -> ! {
    panic!("the seed is wrong: {reason}")
}

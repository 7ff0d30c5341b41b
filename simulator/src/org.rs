//! The org: its records, its settings, and the ways that tests look into it and change it.
//!
//! Records are written here without the rules of DML; `rules` adds those. It knows nothing of HTTP.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::clock::Clock;

mod error;
pub mod id;
mod inspect;
mod read_json;
mod rules;
pub mod schema;
pub mod seed;
pub mod settings;
mod store;
pub mod table;
pub mod value;
mod visible;

pub use error::OrgError;
pub(crate) use rules::Caller;

use id::Id;
use schema::Schema;
use seed::{Preset, SeedSize};
use settings::Settings;
use store::Undo;
use table::Database;
use value::Value;

/// A simulated org.
#[derive(Debug, Clone)]
pub struct Org {
    /// The switches.
    pub settings: Settings,
    /// Refresh tokens that were issued, with the user names they stand for.
    pub refresh_tokens: BTreeMap<String, String>,
    /// Passwords that were set or reset over the API: user id, and whether the user got a mail.
    pub password_resets: Vec<(String, bool)>,
    db: Database,
    clock: Clock,
    organization: Id,
    integration_user: Id,
    /// Ids of records that were deleted: an org tells them from ids that never were.
    deleted: HashSet<Id>,
    undo: Vec<Undo>,
    transaction: Option<rules::Transaction>,
    next_expiry: Option<Timestamp>,
    /// The time that audit columns get while the org is seeded.
    stamp: Option<Timestamp>,
}

impl Org {
    /// An org with nothing but what every org has: its own row, licences, the standard profiles
    /// and the administrator through whom clients sign in.
    #[must_use]
    pub fn empty() -> Self {
        let mut org = Self {
            settings: Settings::new(),
            refresh_tokens: BTreeMap::from([(
                "simulated-refresh-token".into(),
                "admin@simulated.example".into(),
            )]),
            password_resets: Vec::new(),
            db: Database::new(Schema::standard()),
            clock: Clock::new(),
            organization: Id::ZERO,
            integration_user: Id::ZERO,
            deleted: HashSet::new(),
            undo: Vec::new(),
            transaction: None,
            next_expiry: None,
            stamp: None,
        };
        seed::plant_essentials(&mut org);
        org
    }

    /// An org of one of the usual sizes.
    #[must_use]
    pub fn seed(preset: Preset) -> Self {
        Self::seed_size(preset.size())
    }

    /// An org of any size; the same size gives the same org.
    #[must_use]
    pub fn seed_size(size: SeedSize) -> Self {
        let mut org = Self::empty();
        seed::plant(&mut org, size);
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

    /// The records, for tests that want to do what no API can.
    pub fn database_mut(&mut self) -> &mut Database {
        &mut self.db
    }

    /// Adds a record without asking the rules; only the schema must hold. Returns the 18-character
    /// id. Columns that an org fills in (audit columns, defaults, a user's full name) are filled in.
    ///
    /// # Panics
    /// If the object or a field does not exist or a value has the wrong type: a test that says so
    /// is wrong.
    pub fn insert(&mut self, object: &str, fields: &[(&str, Json)]) -> String {
        let cells = self.read_fields(object, fields);
        self.plant(object, cells).to_string()
    }

    /// Changes fields of a record without asking the rules.
    ///
    /// # Panics
    /// If the record or a field does not exist or a value has the wrong type.
    pub fn set(&mut self, object: &str, id: &str, fields: &[(&str, Json)]) {
        let cells = self.read_fields(object, fields);
        let id = known_id(id);
        if let Err(error) = self.write(object, id, cells) {
            wrong_test(&error.to_string());
        }
        self.undo.clear();
    }

    /// Removes a record without asking the rules; says whether it was there.
    pub fn delete(&mut self, object: &str, id: &str) -> bool {
        let removed = Id::parse(id).is_ok_and(|id| self.remove(object, id));
        self.undo.clear();
        removed
    }

    /// A record with all its fields, as the API would read it.
    #[must_use]
    pub fn get(&self, object: &str, id: &str) -> Option<Json> {
        let row = self.db.get(object, Id::parse(id).ok()?)?;
        Some(store::as_json(row))
    }

    /// All records of an object, hidden ones included, in id order.
    #[must_use]
    pub fn rows(&self, object: &str) -> Vec<Json> {
        self.db.rows(object).map(store::as_json).collect()
    }

    /// How many records of an object there are, hidden ones included.
    #[must_use]
    pub fn count(&self, object: &str) -> usize {
        self.db
            .key(object)
            .and_then(|key| self.db.table(key))
            .map_or(0, table::Table::len)
    }

    /// Creates a record by the rules, as the integration user.
    pub fn create(&mut self, object: &str, fields: &[(&str, Json)]) -> Result<String, OrgError> {
        let saved = self.create_record(&self.caller(), object, &as_map(fields))?;
        Ok(saved.id.to_string())
    }

    /// Updates a record by the rules, as the integration user.
    pub fn update(
        &mut self,
        object: &str,
        id: &str,
        fields: &[(&str, Json)],
    ) -> Result<(), OrgError> {
        self.update_record(&self.caller(), object, id, &as_map(fields))
    }

    /// Deletes a record by the rules, as the integration user.
    pub fn destroy(&mut self, object: &str, id: &str) -> Result<(), OrgError> {
        self.delete_record(&self.caller(), object, id)
    }

    /// The integration user at the newest API version.
    fn caller(&self) -> Caller {
        Caller {
            user: self.integration_user,
            version: crate::http::NEWEST_VERSION,
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

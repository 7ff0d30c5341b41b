//! Reads from the file of a sync what a report needs.

use std::collections::HashMap;

use jiff::Timestamp;
use prost_types::Struct;
use prost_types::value::Kind;

use super::error::Result;
use super::facts::{Count, End, Facts, Giver, Held, License, Permission, Step};
use crate::access::{self, Person, StoredSync, Target};
use crate::pb::connector::{Resource, ResourceId};
use crate::strong_permissions::STRONG;

/// Reads a sync. Accounts are in memory; grants are read one after the other.
pub(super) fn facts(sync: &StoredSync) -> Result<Facts> {
    let mut people = People::default();
    for person in sync.people() {
        people.add(person?);
    }
    let mut question = Question::default();
    let givers = givers(sync, &mut question)?;
    let licenses = licenses(sync, &mut question)?;
    let mut facts = Facts {
        at: sync.reader().end()?,
        sync_id: sync.reader().sync_id().to_owned(),
        counts: counts(sync)?,
        warnings: sync.reader().warnings()?,
        licenses,
        ..Facts::default()
    };
    let mut ways = Ways::default();
    sync.each_holder(&question.targets, |person, held| -> Result<()> {
        let person = people.place(person);
        for way in held {
            match question.subjects.get(way.target) {
                Some(Subject::Giver(giver)) => ways.add(person, *giver, &way.held, &mut facts),
                Some(Subject::License(license)) => {
                    if let Some(license) = facts.licenses.get_mut(*license) {
                        license.holders.push(person);
                    }
                }
                None => {}
            }
        }
        Ok(())
    })?;
    facts.tells_objects = givers.iter().any(access::Giver::tells_objects);
    let says_what_is_given = givers.iter().any(|giver| !giver.permissions.is_empty());
    facts.givers = (says_what_is_given || facts.tells_objects).then(|| ways.givers(&givers));
    facts.people = people.all;
    Ok(facts)
}

/// The accounts by their ids.
#[derive(Default)]
struct People {
    all: Vec<Person>,
    places: HashMap<(String, String), usize>,
}

impl People {
    fn add(&mut self, person: Person) -> usize {
        let place = self.all.len();
        self.places.insert(key(&person.id), place);
        self.all.push(person);
        place
    }

    /// The place of an account, which may be one that only grants name.
    fn place(&mut self, person: &Person) -> usize {
        match self.places.get(&key(&person.id)) {
            Some(place) => *place,
            None => self.add(person.clone()),
        }
    }
}

fn key(id: &ResourceId) -> (String, String) {
    (id.resource_type.clone(), id.resource.clone())
}

/// Whose holders are asked for.
#[derive(Default)]
struct Question {
    targets: Vec<Target>,
    /// What each target is of.
    subjects: Vec<Subject>,
}

/// The place of a giver or of a licence.
enum Subject {
    Giver(usize),
    License(usize),
}

impl Question {
    fn ask(&mut self, entitlement: String, subject: Subject) {
        self.targets.push(Target {
            entitlement,
            through_givers: false,
        });
        self.subjects.push(subject);
    }
}

fn givers(sync: &StoredSync, question: &mut Question) -> Result<Vec<access::Giver>> {
    let givers = sync.givers()?;
    for (place, giver) in givers.iter().enumerate() {
        for entitlement in &giver.entitlements {
            question.ask(entitlement.clone(), Subject::Giver(place));
        }
    }
    Ok(givers)
}

/// The ways of people to what gives permissions.
#[derive(Default)]
struct Ways {
    places: HashMap<(usize, Vec<Step>), usize>,
}

impl Ways {
    fn add(&mut self, person: usize, giver: usize, held: &access::Held, facts: &mut Facts) {
        let steps: Vec<Step> = held
            .path
            .iter()
            .map(|step| Step {
                kind: step.kind.clone(),
                name: step.name.clone(),
            })
            .collect();
        let ends: Option<Timestamp> = held
            .limits
            .expires_at
            .as_ref()
            .and_then(|at| at.parse().ok());
        if let (Some(at), Some(what)) = (ends, steps.first()) {
            let what = what.clone();
            facts.ends.push(End { person, what, at });
        }
        let next = self.places.len();
        let giver = *self.places.entry((giver, steps)).or_insert(next);
        facts.held.push(Held {
            person,
            giver,
            ends,
            needs_activation: held.limits.needs_activation,
        });
    }

    /// What gives permissions, once for each way to it.
    fn givers(self, known: &[access::Giver]) -> Vec<Giver> {
        let mut places: Vec<_> = self.places.into_iter().collect();
        places.sort_by_key(|(_, place)| *place);
        let giver = |((giver, steps), _): ((usize, Vec<Step>), usize)| {
            let giver = known.get(giver);
            let objects = |list: fn(&access::Giver) -> &Option<Vec<String>>| {
                giver
                    .and_then(|giver| list(giver).clone())
                    .unwrap_or_default()
            };
            Giver {
                steps,
                permissions: giver.map(permissions).unwrap_or_default(),
                view_all: objects(|giver| &giver.view_all),
                modify_all: objects(|giver| &giver.modify_all),
            }
        };
        places.into_iter().map(giver).collect()
    }
}

/// What a giver gives. A name that this program does not know has the giver's own tier.
fn permissions(giver: &access::Giver) -> Vec<Permission> {
    let tier = |label: &str| {
        let known = STRONG.iter().find(|permission| permission.label == label);
        known.map_or(giver.tier.unwrap_or(3), |permission| permission.tier)
    };
    let labels = giver.permissions.iter();
    labels
        .map(|label| Permission {
            tier: tier(label),
            label: label.clone(),
        })
        .collect()
}

fn counts(sync: &StoredSync) -> Result<Vec<Count>> {
    let counts = sync.reader().counts()?.into_iter();
    let name = |id: &str| {
        sync.types()
            .get(id)
            .filter(|name| !name.is_empty())
            .cloned()
    };
    Ok(counts
        .map(|count| Count {
            name: name(&count.resource_type).unwrap_or(count.resource_type),
            resources: count.resources.unsigned_abs(),
            grants: count.grants.unsigned_abs(),
        })
        .collect())
}

/// The resources whose profile has seats.
fn licenses(sync: &StoredSync, question: &mut Question) -> Result<Vec<License>> {
    let mut licenses = Vec::new();
    let accounts = sync.account_types();
    let types = sync.types().iter();
    for (id, name) in types.filter(|(id, _)| !accounts.contains(id)) {
        for row in sync.reader().resources(id) {
            let row = row?;
            let Some(license) = license(&row, name) else {
                continue;
            };
            for entitlement in sync.reader().entitlement_ids(&row.id.unwrap_or_default())? {
                question.ask(entitlement, Subject::License(licenses.len()));
            }
            licenses.push(license);
        }
    }
    Ok(licenses)
}

/// The keys of a licence's profile, of which it has one at least.
const SEATS: [&str; 3] = ["purchased_seats", "consumed_seats", "unlimited"];

fn license(row: &Resource, kind: &str) -> Option<License> {
    let facts = &row.profile.as_ref()?.fields;
    SEATS.iter().find(|key| facts.contains_key(**key))?;
    let profile = row.profile.as_ref()?;
    Some(License {
        kind: kind.to_owned(),
        name: row.display_name.clone(),
        purchased: count(profile, "purchased_seats"),
        consumed: count(profile, "consumed_seats"),
        is_unlimited: value(profile, "unlimited") == Some(&Kind::BoolValue(true)),
        status: text(profile, "status").unwrap_or_default().to_owned(),
        expires_on: text(profile, "expires_on").and_then(|day| day.parse().ok()),
        holders: Vec::new(),
    })
}

fn value<'a>(profile: &'a Struct, key: &str) -> Option<&'a Kind> {
    profile.fields.get(key)?.kind.as_ref()
}

fn text<'a>(profile: &'a Struct, key: &str) -> Option<&'a str> {
    match value(profile, key)? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

/// Seats are whole numbers, far below those that a double cannot hold exactly.
fn count(profile: &Struct, key: &str) -> Option<u64> {
    match value(profile, key)? {
        Kind::NumberValue(number) => format!("{number:.0}").parse().ok(),
        _ => None,
    }
}

//! Objects of which somebody may view or modify all records, whatever sharing says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::facts::{Facts, Giver, can_sign_in};
use super::list::List;
use super::text;
use crate::records::Record;

/// How many objects the page shows.
const SHOWN: usize = 1000;

/// How many names a row gives of what opens an object.
const NAMED: usize = 3;

/// An object of which all records are open to somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) view: Holders,
    pub(super) modify: Holders,
    /// What opens it, that with the most holders first.
    through: Vec<String>,
}

/// How many people may do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holders {
    pub(super) all: usize,
    /// How many of them can sign in.
    pub(super) usable: usize,
}

impl Object {
    pub(super) fn shown_name(&self) -> String {
        text::shown(&self.name)
    }

    pub(super) fn shown_through(&self) -> String {
        let mut named: Vec<String> = self
            .through
            .iter()
            .take(NAMED)
            .map(|name| text::shown(name))
            .collect();
        if self.through.len() > NAMED {
            named.push(format!("{} more", self.through.len() - NAMED));
        }
        named.join("; ")
    }
}

impl Record for Object {
    const COLUMNS: &'static [&'static str] = &[
        "object",
        "view_all",
        "view_all_can_sign_in",
        "modify_all",
        "modify_all_can_sign_in",
        "through",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.view.all.to_string(),
            self.view.usable.to_string(),
            self.modify.all.to_string(),
            self.modify.usable.to_string(),
            self.through.join("; "),
        ]
    }
}

/// What opens an object: places among the givers.
#[derive(Default)]
struct Openers {
    view: Vec<usize>,
    modify: Vec<usize>,
}

/// The objects, those with the most people who may modify all records first. `None` if the file does
/// not say who may.
pub(super) fn objects(facts: &Facts) -> Option<List<Object>> {
    let givers = facts.givers.as_ref().filter(|_| facts.tells_objects)?;
    let mut openers: BTreeMap<&str, Openers> = BTreeMap::new();
    for (place, giver) in givers.iter().enumerate() {
        for name in &giver.view_all {
            openers.entry(name).or_default().view.push(place);
        }
        for name in &giver.modify_all {
            openers.entry(name).or_default().modify.push(place);
        }
    }
    let mut people: Vec<Vec<usize>> = vec![Vec::new(); givers.len()];
    for held in &facts.held {
        if let Some(of_giver) = people.get_mut(held.giver) {
            of_giver.push(held.person);
        }
    }
    let mut objects: Vec<Object> = openers
        .into_iter()
        .map(|(name, openers)| Object {
            name: name.to_owned(),
            view: holders(&openers.view, &people, facts),
            modify: holders(&openers.modify, &people, facts),
            through: through(&openers, givers, &people),
        })
        .collect();
    objects.sort_by_key(|object| Reverse((object.modify.all, object.view.all)));
    Some(List::new("objects", objects, SHOWN))
}

/// How many people hold one of the givers.
fn holders(givers: &[usize], people: &[Vec<usize>], facts: &Facts) -> Holders {
    let mut found: Vec<usize> = givers
        .iter()
        .filter_map(|giver| people.get(*giver))
        .flatten()
        .copied()
        .collect();
    found.sort_unstable();
    found.dedup();
    let states = found.iter().filter_map(|person| facts.people.get(*person));
    Holders {
        all: found.len(),
        usable: states.filter(|person| can_sign_in(person.state)).count(),
    }
}

/// The names of what opens an object, also of that which nobody holds.
fn through(openers: &Openers, givers: &[Giver], people: &[Vec<usize>]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut places = [openers.view.as_slice(), &openers.modify].concat();
    places.sort_unstable();
    places.dedup();
    for place in places {
        let (Some(giver), Some(holders)) = (givers.get(place), people.get(place)) else {
            continue;
        };
        if let Some(step) = giver.steps.last() {
            *counts
                .entry(format!("{} {}", step.kind, step.name))
                .or_default() += holders.len();
        }
    }
    let mut named: Vec<(String, usize)> = counts.into_iter().collect();
    named.sort_by_key(|(_, holders)| Reverse(*holders));
    named.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::facts::{Held, Step};
    use super::*;
    use crate::access::{Person, State};
    use crate::pb::connector::ResourceId;

    fn giver(name: &str, view_all: &[&str], modify_all: &[&str]) -> Giver {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Giver {
            steps: vec![Step {
                kind: "Permission Set".to_owned(),
                name: name.to_owned(),
            }],
            permissions: Vec::new(),
            view_all: names(view_all),
            modify_all: names(modify_all),
        }
    }

    fn facts() -> Facts {
        let person = |state| Person {
            state,
            ..Person::unknown(ResourceId::default())
        };
        let held = |person, giver| Held {
            person,
            giver,
            ends: None,
            needs_activation: false,
        };
        Facts {
            people: vec![person(State::Active), person(State::Frozen)],
            givers: Some(vec![
                giver("Auditor", &["Account", "Case"], &[]),
                giver("Owner", &["Account"], &["Account"]),
            ]),
            tells_objects: true,
            held: vec![held(0, 0), held(1, 0), held(1, 1)],
            ..Facts::default()
        }
    }

    #[test]
    fn a_person_counts_once_whatever_opens_the_object() {
        let found = objects(&facts()).unwrap();
        let cells: Vec<String> = found.rows.iter().map(|row| row.cells().join(",")).collect();
        assert_eq!(
            cells,
            [
                "Account,2,1,1,0,Permission Set Auditor; Permission Set Owner",
                "Case,2,1,0,0,Permission Set Auditor",
            ]
        );
    }

    #[test]
    fn a_file_that_does_not_tell_has_no_list() {
        let facts = Facts {
            tells_objects: false,
            ..facts()
        };
        assert!(objects(&facts).is_none());
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let mut facts = facts();
        let names = ["A", "B", "C", "D", "E"];
        facts.givers = Some(names.map(|name| giver(name, &["Lead"], &[])).to_vec());
        facts.held.clear();
        let found = objects(&facts).unwrap();
        let lead = found.rows.first().unwrap();
        assert_eq!(
            lead.shown_through(),
            "Permission Set A; Permission Set B; Permission Set C; 2 more"
        );
        assert_eq!(lead.view, Holders::default());
    }
}

//! The questions that the command `access` answers.

use std::collections::{BTreeMap, HashMap};

use super::error::{Error, Result};
use super::find::find;
use super::giver::{self, Giver};
use super::held::Held;
use super::holders::Target;
use super::person::Person;
use super::stored::{Access, StoredSync};
use crate::c1z;
use crate::nearest;
use crate::pb::connector::ResourceId;
use crate::printable::printable;
use crate::strong_permissions::{self, API_ENABLED, STRONG, StrongPermission};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// All that a person has: username, id, address, name, or a part of one.
    Person(String),
    /// Who holds an entitlement.
    Entitlement(String),
    /// Who has a strong permission.
    Permission(String),
    /// Who may view or modify all records of an object.
    Object(String),
    /// All that everybody has.
    Everything,
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Who.
    pub person: &'a Person,
    /// What, and by which path.
    pub held: &'a Held,
    /// The strong permissions that come with it: the one that was asked for, or all.
    pub gives: Vec<String>,
}

/// What a reader of an answer should know besides its rows.
pub(super) type Notes = Vec<String>;

const TOO_MANY_PATHS: &str =
    "some paths are left out: between two entitlements at most 20 are listed";

/// Calls `each` with every row of the answer.
pub(super) fn answer(
    sync: &StoredSync,
    question: &Question,
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<Notes> {
    match question {
        Question::Person(text) => {
            let person = find(sync, text)?;
            let access = sync.access_of(&person.id)?;
            let gives = Gives::among(sync, &access.held)?;
            rows(&person, &access, &gives, each)?;
            Ok(notes(access.is_cut))
        }
        Question::Everything => {
            sync.reader().map()?;
            let gives = Gives::of(sync)?;
            let mut is_cut = false;
            let strangers = sync.strangers()?.into_iter().map(Ok);
            for person in sync.people().chain(strangers) {
                let person = person?;
                let access = sync.access_of(&person.id)?;
                rows(&person, &access, &gives, each)?;
                is_cut |= access.is_cut;
            }
            Ok(notes(is_cut))
        }
        Question::Entitlement(id) => holders_of_entitlement(sync, id, each),
        Question::Permission(asked) => holders_of_permission(sync, asked, each),
        Question::Object(object) => holders_of_object(sync, object, each),
    }
}

fn notes(is_cut: bool) -> Notes {
    is_cut
        .then(|| TOO_MANY_PATHS.to_owned())
        .into_iter()
        .collect()
}

fn rows(
    person: &Person,
    access: &Access,
    gives: &Gives,
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    access.held.iter().try_for_each(|held| {
        let gives = gives.with(held);
        each(&Row {
            person,
            held,
            gives,
        })
    })
}

fn holders_of_entitlement(
    sync: &StoredSync,
    id: &str,
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<Notes> {
    match sync.reader().entitlement(id) {
        Ok(_) => {}
        Err(c1z::Error::Missing { .. }) => return Err(Error::NoEntitlement(id.to_owned())),
        Err(error) => return Err(error.into()),
    }
    let gives = Gives::of(sync)?;
    let target = Target {
        entitlement: id.to_owned(),
        through_givers: true,
    };
    let is_cut = sync.each_holder(&[target], |person, ways| -> Result<()> {
        for way in ways {
            each(&Row {
                person,
                held: &way.held,
                gives: gives.with(&way.held),
            })?;
        }
        Ok(())
    })?;
    Ok(notes(is_cut))
}

fn holders_of_permission(
    sync: &StoredSync,
    asked: &str,
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<Notes> {
    let givers = sync.givers()?;
    if givers.iter().all(|giver| giver.permissions.is_empty()) {
        return Err(Error::NoPermissions);
    }
    let label = label(&givers, asked)?;
    let mut notes = holders_of_givers(sync, &givers, each, |giver| {
        let label = giver.gives(&label).then(|| label.clone());
        label.into_iter().collect()
    })?;
    if strong_permissions::find(&label).is_some_and(|found| found.column == API_ENABLED) {
        notes.push(format!(
            "a sync tells of {label} only where a permission of tier 1 or 2 comes with it: almost \
             everybody has it"
        ));
    }
    Ok(notes)
}

/// The name in Setup of the permission that is asked for.
fn label(givers: &[Giver], asked: &str) -> Result<String> {
    if let Some(found) = strong_permissions::find(asked) {
        return Ok(found.label.to_owned());
    }
    // Another version of this program may know others.
    let told = || givers.iter().flat_map(|giver| &giver.permissions);
    let letters = strong_permissions::letters(asked);
    if let Some(found) = told().find(|label| strong_permissions::letters(label) == letters) {
        return Ok(found.clone());
    }
    let names = STRONG.iter().flat_map(|one| [one.label, one.api_name()]);
    let hint = nearest::of(asked, names.chain(told().map(String::as_str)));
    let known: Vec<&str> = STRONG.iter().map(StrongPermission::api_name).collect();
    Err(Error::NoPermission {
        asked: asked.to_owned(),
        hint: hint
            .map(|name| format!("; did you mean {}?", printable(name)))
            .unwrap_or_default(),
        known: known.join(", "),
    })
}

fn holders_of_object(
    sync: &StoredSync,
    object: &str,
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<Notes> {
    let givers = sync.givers()?;
    let tells_objects = givers.iter().any(Giver::tells_objects);
    if !tells_objects && givers.iter().all(|giver| giver.permissions.is_empty()) {
        return Err(Error::NoPermissions);
    }
    let mut notes = holders_of_givers(sync, &givers, each, |giver| opens(giver, object))?;
    if !tells_objects {
        notes.push(
            "the sync was made without --sync-object-permissions: those are listed who have View \
             All Data or Modify All Data, but not those who may view or modify all records of \
             single objects"
                .to_owned(),
        );
        return Ok(notes);
    }
    let opened = || {
        let lists = givers
            .iter()
            .flat_map(|giver| [&giver.view_all, &giver.modify_all]);
        lists.flatten().flatten().map(String::as_str)
    };
    if !opened().any(|name| name.eq_ignore_ascii_case(object)) {
        let hint = nearest::of(object, opened());
        let hint = hint.map(|name| format!("; did you mean {}?", printable(name)));
        notes.push(format!(
            "nothing in the file opens all records of {object:?} in particular{}",
            hint.unwrap_or_default()
        ));
    }
    Ok(notes)
}

/// Why whoever holds `giver` sees all records of an object.
fn opens(giver: &Giver, object: &str) -> Vec<String> {
    let has = |list: &Option<Vec<String>>| {
        let mut names = list.iter().flatten();
        names.any(|name| name.eq_ignore_ascii_case(object))
    };
    [
        (
            giver.gives("Modify All Data"),
            "Modify All Data (every object)",
        ),
        (giver.gives("View All Data"), "View All Data (every object)"),
        (has(&giver.modify_all), "Modify All Records"),
        (has(&giver.view_all), "View All Records"),
    ]
    .into_iter()
    .filter(|(is_given, _)| *is_given)
    .map(|(_, why)| why.to_owned())
    .collect()
}

/// Everyone who holds a profile, permission set or group of which `what` says that it gives
/// something.
fn holders_of_givers(
    sync: &StoredSync,
    givers: &[Giver],
    each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    what: impl Fn(&Giver) -> Vec<String>,
) -> Result<Notes> {
    let mut targets = Vec::new();
    let mut given = Vec::new();
    for giver in givers {
        let permissions = what(giver);
        if permissions.is_empty() {
            continue;
        }
        for entitlement in &giver.entitlements {
            targets.push(Target {
                entitlement: entitlement.clone(),
                through_givers: false,
            });
            given.push(permissions.clone());
        }
    }
    let is_cut = sync.each_holder(&targets, |person, ways| -> Result<()> {
        for way in ways {
            each(&Row {
                person,
                held: &way.held,
                gives: given.get(way.target).cloned().unwrap_or_default(),
            })?;
        }
        Ok(())
    })?;
    Ok(notes(is_cut))
}

/// Which strong permissions come with which entitlement.
pub(crate) struct Gives(HashMap<String, Vec<String>>);

impl Gives {
    pub(crate) fn of(sync: &StoredSync) -> Result<Self> {
        Ok(Self::from(sync.givers()?))
    }

    /// What comes with what is held in these ways, and nothing else.
    fn among(sync: &StoredSync, held: &[Held]) -> Result<Self> {
        let targets = held.iter().filter_map(Held::target);
        let ids: BTreeMap<(&str, &str), &ResourceId> = targets
            .map(|step| &step.resource)
            .map(|id| ((id.resource_type.as_str(), id.resource.as_str()), id))
            .collect();
        let givers = ids.into_values().map(|id| sync.giver(id));
        let givers: Vec<Option<Giver>> = givers.collect::<Result<_>>()?;
        Ok(Self::from(givers.into_iter().flatten()))
    }

    fn from(givers: impl IntoIterator<Item = Giver>) -> Self {
        let givers = givers.into_iter();
        let strong = givers.filter(|it| !it.permissions.is_empty());
        let all = strong.flat_map(|giver| {
            let permissions = giver.permissions;
            let entitlements = giver.entitlements.into_iter();
            entitlements.map(move |id| (id, permissions.clone()))
        });
        Self(all.collect())
    }

    /// What comes with an entitlement that is held in this way. A permission set in a group gives
    /// nothing by itself: the group says what its sets give.
    pub(crate) fn with(&self, held: &Held) -> Vec<String> {
        let is_giver = |kind: &str| giver::TYPES.contains(&kind);
        if held
            .through()
            .iter()
            .any(|step| is_giver(&step.resource.resource_type))
        {
            return Vec::new();
        }
        let target = held.target().and_then(|step| self.0.get(&step.entitlement));
        target.cloned().unwrap_or_default()
    }
}

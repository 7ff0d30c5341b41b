//! What is different about one person.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::change::{Access, PersonChange};
use crate::access::{Direct, Error, Gives, Held, Person, State, Step, StoredSync};
use crate::pb::connector::ResourceId;

/// The types of which a person has one resource at most: another one takes its place.
const PROFILE: &str = "profile";
const ROLE: &str = "role";

/// Two syncs, and what of them can be compared.
pub(super) struct Pair<'a> {
    old: Side<'a>,
    new: Side<'a>,
    /// The resource types that both have read.
    types: BTreeSet<String>,
    /// Whether both have all that there was.
    are_full: bool,
    /// Whether a direct grant leads to the same in both, by the type of its principal and its
    /// entitlement.
    same: RefCell<HashMap<(String, String), bool>>,
    /// Whether some ways were left out.
    is_cut: Cell<bool>,
}

struct Side<'a> {
    sync: &'a StoredSync,
    gives: Gives,
}

/// The ways to each entitlement.
type Ways = BTreeMap<String, Vec<Held>>;

impl<'a> Pair<'a> {
    pub(super) fn of(old: &'a StoredSync, new: &'a StoredSync) -> Result<Self, Error> {
        let side = |sync: &'a StoredSync| -> Result<Side<'a>, Error> {
            sync.reader().map()?;
            let gives = Gives::of(sync)?;
            Ok(Side { sync, gives })
        };
        let (before, after) = (old.types_read(new)?, new.types_read(old)?);
        Ok(Self {
            types: before.intersection(&after).cloned().collect(),
            are_full: old.reader().is_full() && new.reader().is_full(),
            same: RefCell::default(),
            is_cut: Cell::default(),
            old: side(old)?,
            new: side(new)?,
        })
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    pub(super) fn are_full(&self) -> bool {
        self.are_full
    }

    /// What is different about an account that one of the syncs has, or both.
    pub(super) fn changes(
        &self,
        before: Option<&Person>,
        after: Option<&Person>,
    ) -> Result<Vec<PersonChange>, Error> {
        let Some(id) = after.or(before).map(|person| &person.id) else {
            return Ok(Vec::new());
        };
        if !self.types.contains(&id.resource_type) {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        match (before, after) {
            (None, _) if self.are_full => changes.push(PersonChange::Came),
            (_, None) if self.are_full => changes.push(PersonChange::Went),
            (Some(before), Some(after)) => changes.extend(state(before.state, after.state)),
            _ => {}
        }
        let is_in_both = before.is_some() && after.is_some();
        self.add_access(id, is_in_both, &mut changes)?;
        Ok(changes)
    }

    fn add_access(
        &self,
        id: &ResourceId,
        is_in_both: bool,
        changes: &mut Vec<PersonChange>,
    ) -> Result<(), Error> {
        let before = self.direct(&self.old, id)?;
        let after = self.direct(&self.new, id)?;
        if before == after && self.lead_to_the_same(&after, &id.resource_type)? {
            return Ok(());
        }
        let (mut old, old_is_cut) = self.ways(&self.old, &before, id)?;
        let (mut new, new_is_cut) = self.ways(&self.new, &after, id)?;
        let is_cut = old_is_cut || new_is_cut;
        if is_in_both {
            if let Some((from, to)) = replaced(PROFILE, &mut old, &mut new) {
                changes.push(PersonChange::Profile { from, to });
            }
            if let Some((from, to)) = replaced(ROLE, &mut old, &mut new) {
                changes.push(PersonChange::Role { from, to });
            }
        }
        let entitlements: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
        for entitlement in entitlements {
            let ways = (old.remove(&entitlement), new.remove(&entitlement));
            changes.extend(match ways {
                (None, Some(ways)) => access(ways, &self.new.gives).map(PersonChange::Gained),
                (Some(ways), None) => access(ways, &self.old.gives).map(PersonChange::Lost),
                // Where ways are left out, it is not known which are new.
                (Some(old), Some(new)) if !is_cut => other_ways(&old, &new),
                _ => None,
            });
        }
        self.add_limits(&before, &after, changes)?;
        self.is_cut.set(self.is_cut.get() || is_cut);
        Ok(())
    }

    /// The direct grants that can be compared.
    fn direct(&self, of: &Side<'_>, person: &ResourceId) -> Result<Vec<Direct>, Error> {
        let mut grants = of.sync.direct(person)?;
        if self.are_full {
            return Ok(grants);
        }
        // A partial sync has only some resources: those that both have are compared.
        let mut is_in_both = Vec::new();
        for grant in &grants {
            let id = &grant.entitlement;
            is_in_both.push(
                self.old.sync.reader().has_entitlement(id)?
                    && self.new.sync.reader().has_entitlement(id)?,
            );
        }
        let mut is_in_both = is_in_both.into_iter();
        grants.retain(|_| is_in_both.next().unwrap_or_default());
        Ok(grants)
    }

    fn lead_to_the_same(&self, grants: &[Direct], kind: &str) -> Result<bool, Error> {
        for grant in grants {
            let key = (kind.to_owned(), grant.entitlement.clone());
            let known = self.same.borrow().get(&key).copied();
            let is_same = if let Some(is_same) = known {
                is_same
            } else {
                let old = self.old.sync.ways_from(&grant.entitlement, kind)?;
                let new = self.new.sync.ways_from(&grant.entitlement, kind)?;
                let is_same = ids(&old.paths) == ids(&new.paths);
                self.same.borrow_mut().insert(key, is_same);
                is_same
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The ways to each entitlement that lead only through what both syncs have, and whether some
    /// are left out.
    fn ways(
        &self,
        of: &Side<'_>,
        grants: &[Direct],
        person: &ResourceId,
    ) -> Result<(Ways, bool), Error> {
        let mut ways = Ways::new();
        let access = of.sync.access_by(grants, &person.resource_type)?;
        for held in access.held {
            let is_in_both = |step: &Rc<Step>| self.types.contains(&step.resource.resource_type);
            // What a grant leads to is known only if all resources were read.
            let is_known = self.are_full || held.path.len() == 1;
            let Some(target) = held.target() else {
                continue;
            };
            if is_known && held.path.iter().all(is_in_both) {
                let of_target = ways.entry(target.entitlement.clone()).or_default();
                of_target.push(held);
            }
        }
        Ok((ways, access.is_cut))
    }

    /// The direct grants that both syncs have, with other limits.
    fn add_limits(
        &self,
        before: &[Direct],
        after: &[Direct],
        changes: &mut Vec<PersonChange>,
    ) -> Result<(), Error> {
        for grant in after {
            let is_same = |other: &&Direct| other.entitlement == grant.entitlement;
            let Some(earlier) = before.iter().find(is_same) else {
                continue;
            };
            if earlier.limits != grant.limits {
                changes.push(PersonChange::Limits {
                    step: self.new.sync.step(&grant.entitlement)?,
                    from: earlier.limits.clone(),
                    to: grant.limits.clone(),
                });
            }
        }
        Ok(())
    }
}

fn state(from: State, to: State) -> Option<PersonChange> {
    let is_known = from != State::Unknown && to != State::Unknown;
    (is_known && from != to).then_some(PersonChange::State { from, to })
}

/// The paths as ids: names may change.
fn ids(paths: &[Vec<Rc<Step>>]) -> BTreeSet<Vec<&str>> {
    paths.iter().map(|path| path_ids(path)).collect()
}

fn path_ids(path: &[Rc<Step>]) -> Vec<&str> {
    path.iter().map(|step| step.entitlement.as_str()).collect()
}

/// What was held, and what is held in its place.
type Replaced = (Option<Rc<Step>>, Option<Rc<Step>>);

/// Takes the resource of a type that the person held directly and that another one replaces: the
/// one before and the one after. `None` if it is the same.
fn replaced(kind: &str, old: &mut Ways, new: &mut Ways) -> Option<Replaced> {
    let only_in = |ways: &Ways, others: &Ways| -> Vec<Rc<Step>> {
        let only = ways.iter().filter(|(id, _)| !others.contains_key(*id));
        let direct = only.flat_map(|(_, ways)| ways);
        direct
            .filter_map(|held| match held.path.as_slice() {
                [step] if step.resource.resource_type == kind => Some(Rc::clone(step)),
                _ => None,
            })
            .collect()
    };
    let (lost, gained) = (only_in(old, new), only_in(new, old));
    if lost.len() > 1 || gained.len() > 1 || (lost.is_empty() && gained.is_empty()) {
        return None;
    }
    let (from, to) = (lost.into_iter().next(), gained.into_iter().next());
    if let Some(step) = &from {
        old.remove(&step.entitlement);
    }
    if let Some(step) = &to {
        new.remove(&step.entitlement);
    }
    Some((from, to))
}

fn access(ways: Vec<Held>, gives: &Gives) -> Option<Access> {
    let step = Rc::clone(ways.first()?.target()?);
    // Of several ways, one is enough to have what comes with it.
    let gives = ways.iter().map(|held| gives.with(held));
    let gives = gives.max_by_key(Vec::len).unwrap_or_default();
    Some(Access { step, ways, gives })
}

fn other_ways(old: &[Held], new: &[Held]) -> Option<PersonChange> {
    let step = Rc::clone(new.first()?.target()?);
    let only_in = |ways: &[Held], others: &[Held]| -> Vec<Held> {
        let others: BTreeSet<Vec<&str>> = others.iter().map(|held| path_ids(&held.path)).collect();
        let only = ways
            .iter()
            .filter(|held| !others.contains(&path_ids(&held.path)));
        only.cloned().collect()
    };
    let (lost, gained) = (only_in(old, new), only_in(new, old));
    let is_same = lost.is_empty() && gained.is_empty();
    (!is_same).then_some(PersonChange::Ways { step, lost, gained })
}

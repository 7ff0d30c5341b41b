//! One sync, opened for questions about access.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;

use super::error::Error;
use super::find::Like;
use super::giver::{self, Giver};
use super::graph::{Graph, Paths};
use super::held::{Held, Limits, Step};
use super::person::Person;
use crate::c1z::{self, Bounds, Reader};
use crate::pb::connector::resource_type::Trait;
use crate::pb::connector::{ResourceId, ResourceType};
use crate::printable::printable;

/// Paths that are kept for the next person at most. They are found again when they are needed.
const KEPT_PATHS: usize = 200_000;

/// One sync, opened for questions about access.
///
/// In memory are the nestings of entitlements and the names of those that were asked for. Accounts
/// and grants are read from the file, one person after the other.
#[derive(Debug)]
pub struct StoredSync {
    reader: Reader,
    /// What people call each resource type.
    kinds: BTreeMap<String, String>,
    account_types: Vec<String>,
    license_types: Vec<String>,
    pub(super) graph: Graph,
    steps: RefCell<HashMap<String, Rc<Step>>>,
    onwards: RefCell<Kept>,
}

/// What direct grants lead to, by the type of the principal and the entitlement.
#[derive(Debug, Default)]
struct Kept {
    paths: HashMap<(String, String), Rc<Ways>>,
    size: usize,
}

/// All ways that lead from an entitlement.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub(crate) paths: Vec<Vec<Rc<Step>>>,
    pub(crate) are_cut: bool,
}

/// A direct grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Direct {
    pub(crate) entitlement: String,
    pub(crate) limits: Limits,
}

/// All that somebody has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// Every way to every entitlement, by the names of the resources; the shortest way to an
    /// entitlement comes first.
    pub held: Vec<Held>,
    /// Whether some ways are left out, because there are too many between two entitlements. Every
    /// entitlement has one at least.
    pub is_cut: bool,
}

impl StoredSync {
    /// Opens the newest finished sync of a file.
    pub fn open(file: &Path, bounds: &Bounds) -> Result<Self, Error> {
        Self::of(Reader::open(file, bounds)?)
    }

    /// Takes the sync of a reader.
    pub fn of(reader: Reader) -> Result<Self, Error> {
        let types = reader.resource_types()?;
        let mut graph = Graph::default();
        reader.each_nesting(|nesting| -> Result<(), Error> {
            let expansion = &nesting.expansion;
            for from in &expansion.entitlement_ids {
                let types = &expansion.resource_type_ids;
                graph.nest(from, &nesting.entitlement, expansion.shallow, types);
            }
            Ok(())
        })?;
        Ok(Self {
            reader,
            graph,
            account_types: with_trait(&types, Trait::User),
            license_types: with_trait(&types, Trait::LicenseProfile),
            kinds: types
                .into_iter()
                .map(|kind| (kind.id, kind.display_name))
                .collect(),
            steps: RefCell::default(),
            onwards: RefCell::default(),
        })
    }

    /// The file, for its other rows.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What the sync could not read, in short. An answer may lack something because of it.
    pub fn unread(&self) -> Result<BTreeSet<String>, Error> {
        let warnings = self.reader.warnings()?.unwrap_or_default();
        // What to do about it stands behind the colon, and was told when the sync ran.
        let short = |warning: &String| {
            let what = warning.split(": ").next().unwrap_or_default();
            printable(what)
        };
        Ok(warnings.iter().map(short).collect())
    }

    /// The resource types by id, with what people call them.
    #[must_use]
    pub fn types(&self) -> &BTreeMap<String, String> {
        &self.kinds
    }

    /// The resource types that the sync has read. Of a type without resources that is not certain if
    /// the sync could not read something that `other` could.
    pub(crate) fn types_read(&self, other: &Self) -> Result<BTreeSet<String>, Error> {
        let has_all_of_other = self.unread()?.is_subset(&other.unread()?);
        let mut read = BTreeSet::new();
        for kind in self.kinds.keys() {
            if has_all_of_other || self.reader.resources(kind).next().transpose()?.is_some() {
                read.insert(kind.clone());
            }
        }
        Ok(read)
    }

    /// The types whose resources are accounts.
    #[must_use]
    pub fn account_types(&self) -> &[String] {
        &self.account_types
    }

    /// The types whose resources are licences.
    #[must_use]
    pub fn license_types(&self) -> &[String] {
        &self.license_types
    }

    /// The accounts, in the order of their ids.
    pub fn people(&self) -> impl Iterator<Item = Result<Person, Error>> {
        let rows = self.account_types.iter();
        let rows = rows.flat_map(|kind| self.reader.resources(kind));
        rows.filter_map(|row| row.map(Person::of).map_err(Error::from).transpose())
    }

    /// The accounts of which the row may contain `text`, and some others.
    pub(super) fn people_like(&self, text: &str) -> impl Iterator<Item = Result<Person, Error>> {
        let like = Like::of(text);
        let rows = self.account_types.iter().flat_map(move |kind| {
            let like = like.clone();
            self.reader
                .resources_where(kind, move |row| like.may_be_in(row))
        });
        rows.filter_map(|row| row.map(Person::of).map_err(Error::from).transpose())
    }

    /// The accounts that hold something and that the file does not have: only their ids are known.
    pub fn strangers(&self) -> Result<Vec<Person>, Error> {
        let mut found = Vec::new();
        for kind in &self.account_types {
            let ids = self.reader.principals_without_resource(kind)?;
            found.extend(ids.into_iter().map(Person::unknown));
        }
        Ok(found)
    }

    /// The account with this id. Of one that the file does not have, only the id is known.
    pub fn person(&self, id: &ResourceId) -> Result<Person, Error> {
        match self.reader.resource(id) {
            Ok(row) => Ok(Person::of(row).unwrap_or_else(|| Person::unknown(id.clone()))),
            Err(c1z::Error::Missing { .. }) => Ok(Person::unknown(id.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// All profiles, permission sets and permission set groups.
    pub fn givers(&self) -> Result<Vec<Giver>, Error> {
        let mut givers = Vec::new();
        for kind in giver::TYPES {
            for row in self.reader.resources(kind) {
                let row = row?;
                let on = row.id.clone().unwrap_or_default();
                let entitlements = self.reader.entitlement_ids(&on)?;
                givers.extend(Giver::of(row, entitlements));
            }
        }
        Ok(givers)
    }

    /// What a profile, permission set or permission set group gives. `None` for other resources.
    pub(super) fn giver(&self, id: &ResourceId) -> Result<Option<Giver>, Error> {
        if !giver::TYPES.contains(&id.resource_type.as_str()) {
            return Ok(None);
        }
        match self.reader.resource(id) {
            Ok(row) => Ok(Giver::of(row, self.reader.entitlement_ids(id)?)),
            Err(c1z::Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All that an account has.
    pub fn access_of(&self, person: &ResourceId) -> Result<Access, Error> {
        self.access_by(&self.direct(person)?, &person.resource_type)
    }

    /// All that direct grants give to a principal of this type.
    pub(crate) fn access_by(
        &self,
        grants: &[Direct],
        principal_type: &str,
    ) -> Result<Access, Error> {
        let mut access = Access::default();
        for direct in grants {
            let ways = self.ways_from(&direct.entitlement, principal_type)?;
            access.is_cut |= ways.are_cut;
            access.held.extend(ways.paths.iter().map(|path| Held {
                path: path.clone(),
                limits: direct.limits.clone(),
            }));
        }
        access.held.sort_by_cached_key(|held| {
            let target = held.target().map(|step| {
                let names = [&step.kind, &step.name, &step.slug, &step.entitlement];
                names.map(String::clone)
            });
            (target, held.path.len(), held.through_words())
        });
        Ok(access)
    }

    /// The direct grants of an account.
    pub(crate) fn direct(&self, person: &ResourceId) -> Result<Vec<Direct>, Error> {
        let mut found = Vec::new();
        self.reader
            .each_grant_to(person, |grant| -> Result<(), Error> {
                if grant.is_direct() {
                    found.push(Direct {
                        limits: Limits::of(&grant),
                        entitlement: grant.entitlement,
                    });
                }
                Ok(())
            })?;
        found.sort();
        Ok(found)
    }

    /// All ways that lead from an entitlement, for principals of a type.
    pub(crate) fn ways_from(
        &self,
        entitlement: &str,
        principal_type: &str,
    ) -> Result<Rc<Ways>, Error> {
        let key = (principal_type.to_owned(), entitlement.to_owned());
        if let Some(ways) = self.onwards.borrow().paths.get(&key) {
            return Ok(Rc::clone(ways));
        }
        let ways = Rc::new(match self.graph.node(entitlement) {
            Some(node) => self.named(self.graph.onwards(node, principal_type))?,
            None => Ways {
                paths: vec![vec![self.step(entitlement)?]],
                are_cut: false,
            },
        });
        let mut kept = self.onwards.borrow_mut();
        kept.size += ways.paths.len();
        if kept.size > KEPT_PATHS {
            *kept = Kept::default();
        }
        kept.paths.insert(key, Rc::clone(&ways));
        Ok(ways)
    }

    pub(super) fn named(&self, found: Paths) -> Result<Ways, Error> {
        let paths = found.by_end.into_values().flatten();
        let paths = paths.map(|path| {
            let steps = path.into_iter().map(|node| self.step(self.graph.id(node)));
            steps.collect::<Result<Vec<_>, _>>()
        });
        Ok(Ways {
            paths: paths.collect::<Result<_, _>>()?,
            are_cut: found.are_cut,
        })
    }

    /// An entitlement with its names.
    pub(crate) fn step(&self, entitlement: &str) -> Result<Rc<Step>, Error> {
        if let Some(step) = self.steps.borrow().get(entitlement) {
            return Ok(Rc::clone(step));
        }
        let (resource, slug, name) = match self.reader.entitlement(entitlement) {
            Ok(row) => {
                let on = row.resource.unwrap_or_default();
                (on.id.unwrap_or_default(), row.slug, on.display_name)
            }
            Err(c1z::Error::Missing { .. }) => {
                let (on, slug) = parts(entitlement);
                (on, slug, String::new())
            }
            Err(error) => return Err(error.into()),
        };
        let kind = self.kinds.get(&resource.resource_type);
        let step = Rc::new(Step {
            entitlement: entitlement.to_owned(),
            slug,
            kind: kind.unwrap_or(&resource.resource_type).clone(),
            name: if name.is_empty() {
                resource.resource.clone()
            } else {
                name
            },
            resource,
        });
        let mut steps = self.steps.borrow_mut();
        steps.insert(entitlement.to_owned(), Rc::clone(&step));
        Ok(step)
    }
}

/// The resource types with a trait.
fn with_trait(types: &[ResourceType], wanted: Trait) -> Vec<String> {
    let types = types
        .iter()
        .filter(|kind| kind.traits.contains(&wanted.into()));
    types.map(|kind| kind.id.clone()).collect()
}

/// The resource and the slug in the id of an entitlement that the file does not have:
/// `<type>:<id>:<slug>`. The slug may contain colons.
fn parts(id: &str) -> (ResourceId, String) {
    let mut parts = id.splitn(3, ':').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let on = ResourceId {
        resource_type: next(),
        resource: next(),
        ..ResourceId::default()
    };
    (on, next())
}

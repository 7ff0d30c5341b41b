//! Who holds some entitlements, and in which ways.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::Error;
use super::giver;
use super::held::{Held, Limits, Step};
use super::person::Person;
use super::stored::{StoredSync, Ways};
use crate::pb::connector::ResourceId;

/// An entitlement whose holders are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The entitlement.
    pub entitlement: String,
    /// Whether ways through something that gives permissions itself count. They do not in questions
    /// about permissions: a permission set group answers for its sets, because it may mute some of
    /// what they give.
    pub through_givers: bool,
}

/// One way in which somebody holds one of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The place of the target in the question.
    pub target: usize,
    /// How it is held.
    pub held: Held,
}

impl StoredSync {
    /// Calls `each` with everyone who holds one of `targets`, in the order of their ids, and with
    /// all the ways in which they do. Returns whether some ways are left out because there are too
    /// many.
    ///
    /// It reads the grants of the targets and of what leads to them and no others. In memory are
    /// only the ids of their holders.
    pub fn each_holder<E: From<Error>>(
        &self,
        targets: &[Target],
        mut each: impl FnMut(&Person, &[Way]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut is_cut = false;
        for kind in self.account_types() {
            let (leads, are_cut) = self.leads(targets, kind)?;
            is_cut |= are_cut;
            let mut holders = self.direct_holders(&leads, kind)?;
            holders.sort_unstable();
            for of_one in holders.chunk_by(|one, other| one.principal == other.principal) {
                let Some(principal) = of_one.first().map(|holder| &holder.principal) else {
                    continue;
                };
                let id = ResourceId {
                    resource_type: kind.clone(),
                    resource: principal.clone(),
                    ..ResourceId::default()
                };
                let mut ways: Vec<Way> = of_one
                    .iter()
                    .filter_map(|holder| Some((holder, leads.get(holder.lead)?)))
                    .flat_map(|(holder, lead)| {
                        lead.ways.iter().map(|(target, path)| Way {
                            target: *target,
                            held: Held {
                                path: path.clone(),
                                limits: holder.limits.clone(),
                            },
                        })
                    })
                    .collect();
                ways.sort_by_key(|way| (way.target, way.held.path.len()));
                each(&self.person(&id)?, &ways)?;
            }
        }
        Ok(is_cut)
    }

    /// What must be held directly to hold one of the targets.
    fn leads(&self, targets: &[Target], kind: &str) -> Result<(Vec<Lead>, bool), Error> {
        let mut leads: BTreeMap<String, Vec<Leading>> = BTreeMap::new();
        let mut are_cut = false;
        for (place, target) in targets.iter().enumerate() {
            let ways = match self.graph.node(&target.entitlement) {
                Some(node) => self.named(self.graph.back(node, kind))?,
                None => Ways {
                    paths: vec![vec![self.step(&target.entitlement)?]],
                    are_cut: false,
                },
            };
            are_cut |= ways.are_cut;
            for path in ways.paths {
                let Some(((_, before), first)) = path.split_last().zip(path.first()) else {
                    continue;
                };
                let is_giver =
                    |step: &Rc<Step>| giver::TYPES.contains(&step.resource.resource_type.as_str());
                if !target.through_givers && before.iter().any(is_giver) {
                    continue;
                }
                let first = first.entitlement.clone();
                leads.entry(first).or_default().push((place, path));
            }
        }
        let leads = leads.into_iter().map(|(first, ways)| Lead { first, ways });
        Ok((leads.collect(), are_cut))
    }

    fn direct_holders(&self, leads: &[Lead], kind: &str) -> Result<Vec<Holder>, Error> {
        let mut holders = Vec::new();
        for (place, lead) in leads.iter().enumerate() {
            self.reader()
                .each_grant_of(&lead.first, |grant| -> Result<(), Error> {
                    if grant.principal.resource_type == kind && grant.is_direct() {
                        holders.push(Holder {
                            limits: Limits::of(&grant),
                            principal: grant.principal.resource,
                            lead: place,
                        });
                    }
                    Ok(())
                })?;
        }
        Ok(holders)
    }
}

/// The place of a target, and the path to it.
type Leading = (usize, Vec<Rc<Step>>);

/// An entitlement that leads to targets.
struct Lead {
    first: String,
    ways: Vec<Leading>,
}

/// Somebody who holds a lead directly.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    principal: String,
    lead: usize,
    limits: Limits,
}

//! Memberships that no table holds: they follow from the users' roles, or from being inside.
//!
//! A role's group is held by the role itself, so that whoever has the role is in it; a group of a
//! role and its subordinates is held by each role of that branch. "All Internal Users" is held by
//! each active internal user.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::member::membership;
use crate::baton::{
    EntitlementId, Expansion, Grant, GrantMark, Object, ResourceId, Result,
};
use crate::connector::catalog::{ROLE, USER};
use crate::connector::known::Sealed;
use crate::connector::memory::{GroupLinks, RoleLinks, UserLinks};
use crate::salesforce::SalesforceId;

/// Behind which group and which of its principals a listing goes on.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    group: SalesforceId,
    principal: SalesforceId,
}

/// Works out the implied memberships of some groups.
pub(super) struct Implied<'a> {
    groups: &'a Sealed<GroupLinks>,
    roles: Option<&'a Sealed<RoleLinks>>,
    users: Option<&'a Sealed<UserLinks>>,
    below: HashMap<SalesforceId, Vec<SalesforceId>>,
}

impl<'a> Implied<'a> {
    pub(super) fn new(
        groups: &'a Sealed<GroupLinks>,
        roles: Option<&'a Sealed<RoleLinks>>,
        users: Option<&'a Sealed<UserLinks>>,
    ) -> Self {
        let mut below: HashMap<_, Vec<_>> = HashMap::new();
        for (role, links) in roles.into_iter().flat_map(Sealed::iter) {
            if let Some(parent) = links.parent {
                below.entry(parent).or_default().push(*role);
            }
        }
        Self { groups, roles, users, below }
    }

    /// The memberships behind `after`, group by group, in an order that does not change.
    pub(super) fn after(
        &self,
        after: Option<Place>,
    ) -> impl Iterator<Item = (Place, Result<Grant>)> {
        let started = after.into_iter().filter_map(|place| {
            Some((place.group, *self.groups.get(&place.group)?, Some(place.principal)))
        });
        let rest = self.groups.after(after.map(|place| place.group).as_ref());
        let rest = rest.iter().map(|(group, links)| (*group, *links, None));
        started.chain(rest).flat_map(move |(group, links, behind)| {
            self.principals(links, behind).into_iter().map(move |principal| {
                (Place { group, principal }, grant(group, links.kind, principal))
            })
        })
    }

    /// Who holds a group by implication, in the order of the ids' bytes, behind `behind`.
    fn principals(&self, links: GroupLinks, behind: Option<SalesforceId>) -> Vec<SalesforceId> {
        match links.kind {
            Kind::Organization => {
                let users = self.users.map(|users| users.after(behind.as_ref()));
                let inside = users.unwrap_or_default().iter().filter(|user| user.1.is_internal);
                inside.map(|user| user.0).collect()
            }
            kind if kind.is_of_role() => {
                let mut roles = links.related.map_or_else(Vec::new, |top| self.branch(kind, top));
                roles.retain(|role| behind.is_none_or(|behind| role.cmp_bytes(&behind).is_gt()));
                roles
            }
            _ => Vec::new(),
        }
    }

    /// The role, and those below it where the kind says so. Roles that the sync does not have are
    /// left out, and a loop in the hierarchy ends where it began.
    fn branch(&self, kind: Kind, top: SalesforceId) -> Vec<SalesforceId> {
        let Some(roles) = self.roles else { return Vec::new() };
        let counts = |role: &SalesforceId| {
            roles.get(role).is_some_and(|links| {
                !(links.is_portal && kind == Kind::RoleAndSubordinatesInternal)
            })
        };
        let mut branch: Vec<SalesforceId> = Vec::from_iter(counts(&top).then_some(top));
        if kind != Kind::Role {
            let mut seen = std::collections::HashSet::from([top]);
            let mut open = vec![top];
            while let Some(role) = open.pop() {
                for child in self.below.get(&role).into_iter().flatten() {
                    if seen.insert(*child) {
                        open.push(*child);
                        branch.extend(counts(child).then_some(*child));
                    }
                }
            }
        }
        branch.sort_unstable_by(SalesforceId::cmp_bytes);
        branch
    }
}

fn grant(group: SalesforceId, kind: Kind, principal: SalesforceId) -> Result<Grant> {
    let entitlement = membership(group)?;
    let why = Object::from([("reason".to_owned(), kind.why_immutable().into())]);
    if kind == Kind::Organization {
        let user = ResourceId::new(USER.id, principal.to_string())?;
        return Ok(Grant::new(entitlement, user).with(GrantMark::Immutable(why)));
    }
    let role = ResourceId::new(ROLE.id, principal.to_string())?;
    let expansion = Expansion {
        entitlements: vec![EntitlementId::new(role.clone(), "assigned")],
        shallow: false,
        resource_types: Vec::new(),
    };
    Ok(Grant::new(entitlement, role)
        .with(GrantMark::Expandable(expansion))
        .with(GrantMark::Immutable(why)))
}

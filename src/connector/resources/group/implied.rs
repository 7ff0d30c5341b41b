//! Memberships that no table holds: they follow from the users' roles, from being an internal user,
//! or from groups that contain each other.
//!
//! The group of a role is granted to the role, and hosts expand that to the role's users. The group
//! of a role and its subordinates is granted to each role of that branch. "All Internal Users" is
//! granted to each active internal user.

use std::collections::HashMap;

use super::kind::Kind;
use super::member::{self, membership};
use super::nesting::Nesting;
use super::position::Place;
use super::record::GroupSummary;
use crate::baton::{EntitlementId, Expansion, Grant, GrantMark, Object, ResourceId, Result};
use crate::connector::catalog::{ROLE, USER};
use crate::connector::read::snapshot::Snapshot;
use crate::connector::resources::role::RoleSummary;
use crate::connector::resources::synced_users::Users;
use crate::salesforce::SalesforceId;

/// Works out the implied memberships of some groups.
pub(super) struct Implied<'a> {
    /// Whose memberships are asked for.
    pub(super) groups: &'a Snapshot<GroupSummary>,
    pub(super) roles: Option<&'a Snapshot<RoleSummary>>,
    pub(super) users: Option<&'a Users>,
    /// All groups of the sync.
    pub(super) listed: &'a Snapshot<GroupSummary>,
    pub(super) nesting: &'a Nesting,
}

/// The roles directly below each role.
type Below = HashMap<SalesforceId, Vec<SalesforceId>>;

impl Implied<'_> {
    /// The memberships behind `after`, group by group, in an order that does not change.
    pub(super) fn after(
        &self,
        after: Option<Place>,
    ) -> impl Iterator<Item = (Place, Result<Grant>)> {
        let below = self.below();
        let started = after.into_iter().filter_map(|place| {
            Some((
                place.group,
                *self.groups.get(&place.group)?,
                Some(place.principal),
            ))
        });
        let rest = self.groups.after(after.map(|place| place.group).as_ref());
        let rest = rest.iter().map(|(group, summary)| (*group, *summary, None));
        started
            .chain(rest)
            .flat_map(move |(group, summary, behind)| {
                self.principals(group, summary, behind, &below)
                    .into_iter()
                    .map(move |principal| {
                        (
                            Place { group, principal },
                            grant(group, summary.kind, principal),
                        )
                    })
            })
    }

    /// Who holds a group by implication, in the order of the ids' bytes, behind `behind`.
    fn principals(
        &self,
        group: SalesforceId,
        summary: GroupSummary,
        behind: Option<SalesforceId>,
        below: &Below,
    ) -> Vec<SalesforceId> {
        let is_next = |id: &SalesforceId| behind.is_none_or(|behind| id.cmp_bytes(&behind).is_gt());
        match summary.kind {
            Kind::Regular | Kind::Queue => {
                let lacking = self.nesting.lacking(group).iter();
                lacking
                    .filter(|id| is_next(id) && self.is_synced(id))
                    .copied()
                    .collect()
            }
            Kind::Organization => {
                let users = self.users.map(|users| users.after(behind.as_ref()));
                let inside = users
                    .unwrap_or_default()
                    .iter()
                    .filter(|user| user.1.is_internal);
                inside.map(|user| user.0).collect()
            }
            kind if kind.is_of_role() => {
                let mut roles = summary
                    .related
                    .map_or_else(Vec::new, |top| self.branch(kind, top, below));
                roles.retain(is_next);
                roles
            }
            _ => Vec::new(),
        }
    }

    fn below(&self) -> Below {
        let mut below = Below::new();
        for (role, summary) in self.roles.into_iter().flat_map(Snapshot::iter) {
            if let Some(parent) = summary.parent {
                below.entry(parent).or_default().push(*role);
            }
        }
        below
    }

    fn is_synced(&self, member: &SalesforceId) -> bool {
        self.listed.contains(member) || self.users.is_some_and(|users| users.contains(member))
    }

    /// The role, and those below it where the kind says so. Roles that the sync does not have are
    /// left out, and a loop in the hierarchy ends where it began.
    fn branch(&self, kind: Kind, top: SalesforceId, below: &Below) -> Vec<SalesforceId> {
        let Some(roles) = self.roles else {
            return Vec::new();
        };
        let counts = |role: &SalesforceId| {
            roles.get(role).is_some_and(|summary| {
                !(summary.is_portal && kind == Kind::RoleAndSubordinatesInternal)
            })
        };
        let mut branch: Vec<SalesforceId> = Vec::from_iter(counts(&top).then_some(top));
        if kind != Kind::Role {
            let mut seen = std::collections::HashSet::from([top]);
            let mut open = vec![top];
            while let Some(role) = open.pop() {
                for child in below.get(&role).into_iter().flatten() {
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
    let why =
        |reason: &str| GrantMark::Immutable(Object::from([("reason".to_owned(), reason.into())]));
    if kind.is_editable() {
        let reason = "this group and another contain each other, and the member is in the other";
        return Ok(member::grant(group, principal, true)?.with(why(reason)));
    }
    let entitlement = membership(group)?;
    let why = why(kind.why_immutable());
    if kind == Kind::Organization {
        let user = ResourceId::new(USER.id, principal.to_string())?;
        return Ok(Grant::new(entitlement, user).with(why));
    }
    let role = ResourceId::new(ROLE.id, principal.to_string())?;
    let expansion = Expansion {
        entitlements: vec![EntitlementId::new(role.clone(), "assigned")],
        shallow: false,
        resource_types: Vec::new(),
    };
    Ok(Grant::new(entitlement, role)
        .with(GrantMark::Expandable(expansion))
        .with(why))
}

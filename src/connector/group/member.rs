//! `GroupMember`: who was put into which group.

use serde::{Deserialize, Serialize};

use super::implied::Place;
use super::nesting::Nesting;
use crate::baton::{Cursor, EntitlementId, Expansion, Grant, GrantMark, ResourceId, Result};
use crate::connector::catalog::{GROUP, USER};
use crate::connector::edges::Span;
use crate::connector::table::{Row, Table};
use crate::salesforce::SalesforceId;

/// What to do where the members may not be read.
pub(super) const NEEDS: &str = "give the connector's user \"View Setup and Configuration\"";

/// So many ids fit into the URL of a query: Salesforce allows 16 KiB.
pub(super) const IDS_A_QUERY: usize = 400;

/// Users have this prefix (facts/salesforce-api.md C.0); the other members are groups.
const USER_PREFIX: &str = "005";

/// Where the listing of members goes on: what follows from roles first, then the entered rows.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Position {
    Implied(Place),
    Members(Span),
}

impl Cursor for Position {}

/// A row of `GroupMember`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MemberRow {
    id: SalesforceId,
    pub(super) group_id: SalesforceId,
    pub(super) user_or_group_id: SalesforceId,
}

impl Row for MemberRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

pub(super) fn table() -> Table {
    Table::new("GroupMember", &["Id", "GroupId", "UserOrGroupId"])
}

/// The entitlement of a group's members.
pub(super) fn membership(group: SalesforceId) -> Result<EntitlementId> {
    Ok(EntitlementId::new(
        ResourceId::new(GROUP.id, group.to_string())?,
        "member",
    ))
}

impl MemberRow {
    pub(super) fn is_user(&self) -> bool {
        is_user(self.user_or_group_id)
    }

    /// The group and its member.
    pub(super) fn edge(&self) -> (SalesforceId, SalesforceId) {
        (self.group_id, self.user_or_group_id)
    }

    /// The grant; hosts do not follow nestings within a cycle.
    pub(super) fn grant(&self, nesting: &Nesting) -> Result<Grant> {
        let (group, member) = self.edge();
        grant(group, member, !nesting.is_cycle(group, member))
    }
}

fn is_user(member: SalesforceId) -> bool {
    member.key_prefix() == USER_PREFIX
}

/// A membership; a group in a group brings its members along if hosts are to follow it.
pub(super) fn grant(group: SalesforceId, member: SalesforceId, is_followed: bool) -> Result<Grant> {
    let entitlement = membership(group)?;
    if is_user(member) {
        return Ok(Grant::new(
            entitlement,
            ResourceId::new(USER.id, member.to_string())?,
        ));
    }
    let principal = ResourceId::new(GROUP.id, member.to_string())?;
    let grant = Grant::new(entitlement, principal);
    if !is_followed {
        return Ok(grant);
    }
    let expansion = Expansion {
        entitlements: vec![membership(member)?],
        shallow: false,
        resource_types: Vec::new(),
    };
    Ok(grant.with(GrantMark::Expandable(expansion)))
}

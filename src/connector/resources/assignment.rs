//! `PermissionSetAssignment`: who holds which permission set or permission set group.
//!
//! Only assignments that give access count. Assignments of sets that belong to a profile or that
//! aggregate a group are left out, and so are expired and revoked ones. A grant's metadata shows
//! when the assignment expires and whether it must be activated in a session.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::held_rows::{self, Held};
use super::synced_users::Via;
use crate::baton::{
    EntitlementId, Grant, GrantMark, Object, Page, PageRequest, PageToken, ResourceId, Result,
};
use crate::connector::catalog::{PERMISSION_SET, PERMISSION_SET_GROUP, USER};
use crate::connector::options::Options;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::salesforce::soql::field;
use crate::salesforce::{self, SalesforceId};

/// What is assigned.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::connector) enum Assigned {
    Set,
    Group,
}

impl Assigned {
    pub(in crate::connector) fn column(self) -> &'static str {
        match self {
            Self::Set => "PermissionSetId",
            Self::Group => "PermissionSetGroupId",
        }
    }

    /// The entitlement that an assignment gives.
    pub(super) fn entitlement(self, id: SalesforceId) -> Result<EntitlementId> {
        let (kind, slug) = match self {
            Self::Set => (PERMISSION_SET.id, "assigned"),
            Self::Group => (PERMISSION_SET_GROUP.id, "member"),
        };
        Ok(EntitlementId::new(
            ResourceId::new(kind, id.to_string())?,
            slug,
        ))
    }

    /// Its effective assignments to the users of a sync.
    fn table(self, options: &Options) -> Table {
        let table = Table::new(
            OBJECT,
            &[
                "Id",
                "AssigneeId",
                "PermissionSetId",
                "PermissionSetGroupId",
            ],
        );
        let (table, kind) = match self {
            Self::Set => (
                table.optional(&["PermissionSet.HasActivationRequired"]),
                field("PermissionSetGroupId")
                    .is_null()
                    .and(field("PermissionSet.IsOwnedByProfile").eq(false)),
            ),
            Self::Group => (
                table.optional(&["PermissionSetGroup.HasActivationRequired"]),
                field("PermissionSetGroupId").not_null(),
            ),
        };
        let now = Timestamp::now();
        let lasting = field("ExpirationDate")
            .is_null()
            .or(field("ExpirationDate").gt(now));
        table
            .optional(&["ExpirationDate", "IsRevoked"])
            .only(kind)
            .only(field("IsActive").eq(true))
            .only(lasting)
            .only(Via::Assignee.condition(options))
    }
}

/// A row of `PermissionSetAssignment`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct AssignmentRow {
    id: SalesforceId,
    pub(in crate::connector) assignee_id: SalesforceId,
    permission_set_id: Option<SalesforceId>,
    permission_set_group_id: Option<SalesforceId>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    expiration_date: Option<Timestamp>,
    is_revoked: Option<bool>,
    /// Only read before a write; a sync asks for active rows only.
    is_active: Option<bool>,
    permission_set: Option<ActivationPart>,
    permission_set_group: Option<ActivationPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ActivationPart {
    has_activation_required: Option<bool>,
    /// Only read before a write; a sync asks for other rows only.
    is_owned_by_profile: Option<bool>,
}

impl Row for AssignmentRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl AssignmentRow {
    /// What is assigned, unless the assignment was revoked by a user access policy.
    pub(in crate::connector) fn target(&self, assigned: Assigned) -> Option<SalesforceId> {
        if self.is_revoked == Some(true) {
            return None;
        }
        match assigned {
            Assigned::Set => self.permission_set_id,
            Assigned::Group => self.permission_set_group_id,
        }
    }

    /// Whether the user has it because of the profile.
    pub(in crate::connector) fn is_of_profile(&self) -> bool {
        self.permission_set
            .as_ref()
            .and_then(|set| set.is_owned_by_profile)
            == Some(true)
    }

    /// The permission set group because of which the user has it.
    pub(in crate::connector) fn group(&self) -> Option<SalesforceId> {
        self.permission_set_group_id
    }

    /// Whether a user access policy took it away.
    pub(in crate::connector) fn is_revoked(&self) -> bool {
        self.is_revoked == Some(true)
    }

    /// Whether its end has come.
    pub(in crate::connector) fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration_date
            .is_some_and(|end| end <= now || self.is_active == Some(false))
    }

    /// Whether it gives access.
    pub(in crate::connector) fn is_effective(&self, now: Timestamp) -> bool {
        !self.is_revoked() && !self.is_expired(now) && self.is_active != Some(false)
    }

    /// The grant of the assignment.
    pub(in crate::connector) fn grant(
        &self,
        assigned: Assigned,
        target: SalesforceId,
    ) -> Result<Grant> {
        let principal = ResourceId::new(USER.id, self.assignee_id.to_string())?;
        let grant = Grant::new(assigned.entitlement(target)?, principal);
        let mut facts = Object::new();
        if let Some(end) = self.expiration_date {
            facts.insert("expires_at".to_owned(), end.to_string().into());
        }
        let part = match assigned {
            Assigned::Set => &self.permission_set,
            Assigned::Group => &self.permission_set_group,
        };
        if part.as_ref().and_then(|part| part.has_activation_required) == Some(true) {
            facts.insert("session_activation_required".to_owned(), true.into());
        }
        Ok(if facts.is_empty() {
            grant
        } else {
            grant.with(GrantMark::Metadata(facts))
        })
    }
}

/// The assignments that a page lists.
pub(in crate::connector) struct Question<'a, F> {
    pub(in crate::connector) context: &'a ReadContext,
    pub(in crate::connector) listing: &'a Listing<AssignmentRow>,
    pub(in crate::connector) assigned: Assigned,
    /// Of this set or group only; absent for all.
    pub(in crate::connector) on: Option<SalesforceId>,
    pub(in crate::connector) span: Span,
    pub(in crate::connector) page: &'a PageRequest,
    pub(in crate::connector) memory: &'a SyncMemory,
    /// The sets or groups of the sync.
    pub(in crate::connector) targets: F,
    /// Writes a span into the page token of the listing.
    pub(in crate::connector) position: &'a (dyn Fn(Span) -> Result<PageToken> + Send + Sync),
}

/// One page of assignments as grants.
pub(in crate::connector) async fn page<E, F>(question: Question<'_, F>) -> Result<Page<Grant>>
where
    F: Future<Output = Result<Arc<Snapshot<E>>>>,
{
    let assigned = question.assigned;
    let held = |row: &AssignmentRow| {
        let user = row.assignee_id;
        row.target(assigned).map(|on| Held { user, on })
    };
    let rows = held_rows::Question {
        context: question.context,
        listing: question.listing,
        table: assigned.table(&question.context.options),
        column: assigned.column(),
        remedy: REMEDY,
        doing: "listing permission set assignments",
        on: question.on,
        span: question.span,
        page: question.page,
        memory: question.memory,
        targets: question.targets,
        position: question.position,
    };
    held_rows::page(rows, held, |row, held| row.grant(assigned, held.on)).await
}

const OBJECT: &str = "PermissionSetAssignment";
const REMEDY: &str =
    "give the connector's user \"View Setup and Configuration\" or \"Assign Permission Sets\"";

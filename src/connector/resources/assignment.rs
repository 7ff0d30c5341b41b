//! `PermissionSetAssignment`: who holds which permission set or permission set group.
//!
//! Only assignments that give access count. Assignments of sets that belong to a profile or that
//! aggregate a group are left out, and so are expired and revoked ones. A grant's metadata shows
//! when the assignment expires and whether it must be activated in a session.

pub(super) mod strong_holdings;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::giver::Giver;
use super::held_rows::{self, Held};
use super::strong_sets::StrongSets;
use super::synced_users::{SyncedUsers, Via};
use crate::baton::{
    EntitlementId, Grant, GrantMark, Object, Page, PageRequest, PageToken, ResourceId, Result,
};
use crate::connector::catalog::{PERMISSION_SET, PERMISSION_SET_GROUP, USER};
use crate::connector::error::wrap_listing;
use crate::connector::options::Options;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::salesforce::soql::{Condition, field};
use crate::salesforce::{self, SalesforceId};
use strong_holdings::{At, Shared, StrongHoldings};

/// What is assigned.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        let (column, parent) = match self {
            Self::Set => (SET_ACTIVATION, "PermissionSet.SystemModstamp"),
            Self::Group => (GROUP_ACTIVATION, "PermissionSetGroup.SystemModstamp"),
        };
        let times = ["SystemModstamp", Via::Assignee.changed(), parent];
        effective(&[column], options)
            .only(self.condition())
            .changes_show_in(times, Some(self.column()))
    }

    /// The rows that assign such.
    fn condition(self) -> Condition {
        let group = field(Self::Group.column());
        match self {
            Self::Set => group
                .is_null()
                .and(field("PermissionSet.IsOwnedByProfile").eq(false)),
            Self::Group => group.not_null(),
        }
    }
}

const SET_ACTIVATION: &str = "PermissionSet.HasActivationRequired";
const GROUP_ACTIVATION: &str = "PermissionSetGroup.HasActivationRequired";

impl From<Assigned> for Giver {
    fn from(assigned: Assigned) -> Self {
        match assigned {
            Assigned::Set => Self::Set,
            Assigned::Group => Self::Group,
        }
    }
}

/// Effective assignments to the users of a sync, with those of the profiles' own sets.
fn effective(activation: &[&'static str], options: &Options) -> Table {
    let columns = [
        "Id",
        "AssigneeId",
        Assigned::Set.column(),
        Assigned::Group.column(),
    ];
    Table::new(OBJECT, &columns)
        .optional(activation)
        .optional(&["ExpirationDate", "IsRevoked"])
        .only(field("IsActive").eq(true))
        .lasting("ExpirationDate")
        .only(Via::Assignee.condition(options))
}

/// The effective assignments of permission sets and of groups to the users of a sync.
pub(super) fn table_of_both(options: &Options) -> Table {
    let both = Assigned::Set.condition().or(Assigned::Group.condition());
    effective(&[SET_ACTIVATION, GROUP_ACTIVATION], options).only(both)
}

/// Starts to read the assignments that a sync lists after its resources. With insights, they are read
/// in two parts.
pub(super) fn foresee(
    assigned: Assigned,
    listing: &Listing<AssignmentRow>,
    context: &ReadContext,
    page: &PageRequest,
) {
    if !context.options.security_insights {
        listing.foresee(&assigned.table(&context.options), page);
    }
}

/// Whether `error` means that assignments are left out of the sync; reports it if so.
pub(super) fn is_left_out(memory: &SyncMemory, error: &salesforce::Error) -> bool {
    is_unavailable(memory, OBJECT, REMEDY, error)
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

    /// Whether a set or a group is assigned, and which; none if it was revoked.
    pub(super) fn assigned(&self) -> Option<(Assigned, SalesforceId)> {
        let assigned = match self.permission_set_group_id {
            Some(_) => Assigned::Group,
            None => Assigned::Set,
        };
        Some((assigned, self.target(assigned)?))
    }

    /// When it ends, if it does.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.expiration_date
    }

    /// Whether it gives nothing until it is activated in a session.
    pub(super) fn needs_activation(&self) -> bool {
        let part = match self.permission_set_group_id {
            Some(_) => &self.permission_set_group,
            None => &self.permission_set,
        };
        part.as_ref().and_then(|part| part.has_activation_required) == Some(true)
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
        if self.needs_activation() {
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
    pub(super) part: Part,
    pub(in crate::connector) page: &'a PageRequest,
    pub(in crate::connector) memory: &'a SyncMemory,
    /// The sets or groups of the sync.
    pub(in crate::connector) targets: F,
    /// Writes a part into the page token of the listing.
    pub(super) position: &'a (dyn Fn(Part) -> Result<PageToken> + Send + Sync),
}

/// Where a listing of assignments is.
pub(super) enum Part {
    /// All are read from the org.
    All(Span),
    /// Some of them have been read for security insights.
    Shared(Shared),
}

impl Part {
    /// The beginning of a listing: of all assignments in a sync, those that insights have read come
    /// first.
    pub(super) async fn first(
        assigned: Assigned,
        on: Option<SalesforceId>,
        context: &ReadContext,
        memory: &SyncMemory,
    ) -> Result<Self> {
        let shared = if context.options.security_insights && on.is_none() {
            let strong = StrongSets::all(context, memory).await?;
            StrongHoldings::of(memory).share(assigned, &strong)
        } else {
            None
        };
        Ok(shared.map_or_else(|| Self::All(Span::default()), Self::Shared))
    }
}

/// One page of assignments as grants.
pub(in crate::connector) async fn page<E, F>(mut question: Question<'_, F>) -> Result<Page<Grant>>
where
    F: Future<Output = Result<Arc<Snapshot<E>>>>,
{
    let (assigned, position) = (question.assigned, question.position);
    let table = assigned.table(&question.context.options);
    let part = std::mem::replace(&mut question.part, Part::All(Span::default()));
    let (table, span, shared) = match part {
        Part::All(span) => (table, span, None),
        Part::Shared(Shared {
            of,
            at: At::Kept(after),
        }) => {
            return kept(question, of, after).await;
        }
        Part::Shared(
            shared @ Shared {
                at: At::Others(span),
                ..
            },
        ) => (table.only(shared.others(assigned)), span, Some(shared.of)),
    };
    // A row that was read ahead may have ended meanwhile.
    let now = Timestamp::now();
    let held = |row: &AssignmentRow| {
        let user = row.assignee_id;
        let on = row.target(assigned).filter(|_| !row.is_expired(now));
        on.map(|on| Held { user, on })
    };
    let rows = held_rows::Question {
        context: question.context,
        listing: question.listing,
        table,
        column: assigned.column(),
        remedy: REMEDY,
        doing: DOING,
        on: question.on,
        span,
        page: question.page,
        memory: question.memory,
        targets: question.targets,
        position: &|span| {
            position(match &shared {
                None => Part::All(span),
                Some(of) => Part::Shared(Shared {
                    of: of.clone(),
                    at: At::Others(span),
                }),
            })
        },
    };
    held_rows::page(rows, held, |row, held| row.grant(assigned, held.on)).await
}

/// One page of those assignments that security insights have read already.
async fn kept<E, F>(
    question: Question<'_, F>,
    of: Vec<SalesforceId>,
    after: Option<SalesforceId>,
) -> Result<Page<Grant>>
where
    F: Future<Output = Result<Arc<Snapshot<E>>>>,
{
    let (assigned, context, memory) = (question.assigned, question.context, question.memory);
    let failed = |error| wrap_listing(DOING, error);
    let holdings = StrongHoldings::of(memory);
    let rows = holdings
        .kept(assigned, &of, context)
        .await
        .map_err(failed)?;
    let users = SyncedUsers::of(memory).all(context).await.map_err(failed)?;
    let targets = question.targets.await?;
    let shared = |at| Shared { of: of.clone(), at };
    let is_of_listing = shared(At::Kept(after)).owns(assigned);
    let mut fill = PageFill::new(question.page);
    for (id, row) in rows.after(after.as_ref()) {
        let target = row.target(assigned).filter(|target| {
            is_of_listing(row) && users.contains(&row.assignee_id) && targets.contains(target)
        });
        let Some(target) = target else { continue };
        if fill.push(row.grant(assigned, target)?) {
            let part = Part::Shared(shared(At::Kept(Some(*id))));
            return Ok(fill.into_page(Some((question.position)(part)?)));
        }
    }
    let part = Part::Shared(shared(At::Others(Span::default())));
    Ok(fill.into_page(Some((question.position)(part)?)))
}

const DOING: &str = "listing permission set assignments";
const OBJECT: &str = "PermissionSetAssignment";
const REMEDY: &str =
    "give the connector's user \"View Setup and Configuration\" or \"Assign Permission Sets\"";

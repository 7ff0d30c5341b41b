//! Tables in which a row makes a user a member of something and may also name the member's role:
//! territories and Chatter groups.
//!
//! A row is a grant of the entitlement `member`, and of one more for the role.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::held_rows::{self, Held};
use crate::baton::{
    Cursor, EncodedSize, EntitlementId, Error, Grant, Page, PageRequest, PageSize, ResourceId,
    ResourceType, Result,
};
use crate::connector::catalog::USER;
use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::salesforce::SalesforceId;

/// The slug of membership.
pub(in crate::connector) const MEMBER: &str = "member";

/// Such a table.
pub(in crate::connector) trait Roster: Send + Sync + 'static {
    /// The resource type of what users are members of.
    const TYPE: &'static ResourceType;
    /// The object with the rows.
    const OBJECT: &'static str;
    /// What to do if the rows may not be read.
    const REMEDY: &'static str;
    /// The column of the user.
    const USER: &'static str;
    /// The relation of that column.
    const VIA: Via;
    /// The column of what the user is a member of.
    const ON: &'static str;
    /// The column of the role.
    const ROLE: &'static str;
    /// The slug of the entitlement that a role gives. `None` for those that give only membership.
    fn slug(role: &str) -> Option<String>;
    /// The role that gives the entitlement `slug`.
    fn role(slug: &str) -> Option<&str>;
}

/// A row of such a table.
#[derive(Deserialize)]
pub(in crate::connector) struct RosterRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(alias = "UserId", alias = "MemberId")]
    user: SalesforceId,
    #[serde(alias = "Territory2Id", alias = "CollaborationGroupId")]
    on: SalesforceId,
    #[serde(default, alias = "RoleInTerritory2", alias = "CollaborationRole")]
    role: Option<String>,
}

impl Row for RosterRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl RosterRow {
    /// The slug of the role's entitlement.
    pub(in crate::connector) fn role_slug<K: Roster>(&self) -> Option<String> {
        K::slug(
            self.role
                .as_deref()
                .filter(|role| !role.trim().is_empty())?,
        )
    }
}

/// The grant of one entitlement.
pub(in crate::connector) fn grant<K: Roster>(
    on: SalesforceId,
    slug: &str,
    user: SalesforceId,
) -> Result<Grant> {
    let on = ResourceId::new(K::TYPE.id, on.to_string())?;
    let user = ResourceId::new(USER.id, user.to_string())?;
    Ok(Grant::new(EntitlementId::new(on, slug), user))
}

/// The grants of one row.
struct Given(Vec<Grant>);

impl EncodedSize for Given {
    fn encoded_size(&self) -> usize {
        self.0.iter().map(EncodedSize::encoded_size).sum()
    }
}

/// Where the listing of grants continues.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Position(Span);

impl Cursor for Position {}

/// What to list.
pub(in crate::connector) struct Question<'a> {
    pub(in crate::connector) context: &'a ReadContext,
    pub(in crate::connector) listing: &'a Listing<RosterRow>,
    /// The members of this one only; absent for all.
    pub(in crate::connector) on: Option<SalesforceId>,
    pub(in crate::connector) page: &'a PageRequest,
    pub(in crate::connector) memory: &'a SyncMemory,
    /// The slugs of the roles that have an entitlement. `None` if all have.
    pub(in crate::connector) slugs: Option<&'a BTreeSet<String>>,
}

/// One page of grants. In a full sync `targets` are what it has listed, and only they and the users
/// of the sync count, so no grant names a missing resource.
pub(in crate::connector) async fn page<K: Roster, S: Send + Sync>(
    question: Question<'_>,
    targets: Option<Arc<Snapshot<S>>>,
) -> Result<Page<Grant>> {
    let Question {
        context,
        on,
        page,
        memory,
        slugs,
        ..
    } = question;
    if targets.as_ref().is_some_and(|targets| targets.is_empty()) {
        return Ok(Page::last(Vec::new()));
    }
    let token = page.token.as_ref().map(Position::from_token).transpose()?;
    let Position(span) = token.unwrap_or_default();
    let doing = format!("listing {}", K::OBJECT);
    let rows = held_rows::Question {
        context,
        listing: question.listing,
        table: Table::new(K::OBJECT, &["Id", K::USER, K::ON])
            .optional_or(K::ROLE, "the roles of members are missing")
            .only(K::VIA.condition(&context.options)),
        column: K::ON,
        remedy: K::REMEDY,
        doing: &doing,
        on,
        span,
        page: &halved(page)?,
        memory,
        // Asked for in a full sync only, which has them.
        targets: async {
            targets.ok_or_else(|| Error::internal("a full sync without what it has listed"))
        },
        position: &|span| Position(span).to_token(),
    };
    let held = |row: &RosterRow| {
        Some(Held {
            user: row.user,
            on: row.on,
        })
    };
    let given = |row: &RosterRow, held: Held| {
        let mut grants = vec![grant::<K>(held.on, MEMBER, held.user)?];
        match row.role_slug::<K>() {
            Some(slug) if slugs.is_none_or(|slugs| slugs.contains(&slug)) => {
                grants.push(grant::<K>(held.on, &slug, held.user)?);
            }
            Some(_) => warn!(
                sf.object = K::OBJECT,
                sf.id = %row.id,
                "the role of a member came into use during the sync; the next one has it"
            ),
            None => {}
        }
        Ok(Given(grants))
    };
    let page = held_rows::page(rows, held, given).await?;
    let grants = page.items.into_iter().flat_map(|given| given.0);
    Ok(Page {
        items: grants.collect(),
        next: page.next,
        siblings: page.siblings,
        quota: page.quota,
    })
}

/// The request for half as many rows, because a row may be two grants.
fn halved(page: &PageRequest) -> Result<PageRequest> {
    let half = page.size.map_or(0, |size| size.get().div_ceil(2));
    Ok(PageRequest {
        size: PageSize::new(half)?,
        ..page.clone()
    })
}

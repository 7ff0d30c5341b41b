//! Groups: public groups, queues, and the groups that Salesforce maintains itself, for example for
//! roles. Only public groups and queues can be changed.

mod implied;
mod kind;
mod member;
mod nested;
mod nesting;
mod position;
mod record;

use std::sync::Arc;

use async_trait::async_trait;

pub(in crate::connector) use kind::Kind;

use super::directory::{Directory, DirectoryRow as _};
use super::role::RoleRow;
use super::synced_users::{SyncedUsers, Users, among};
use crate::baton::Cursor as _;
use crate::baton::{
    Call, Entitlement, EntitlementMark, Grant, GrantScope, Object, Page, PageRequest, Provisioner,
    Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::{GROUP, USER};
use crate::connector::error::{ReadError, wrap, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::partitioned_scan::{self, Plan, Span};
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::unavailable::is_unavailable;
use crate::connector::text;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;
use implied::Implied;
use member::MemberRow;
use nesting::Nesting;
use position::{Place, Position};
use record::GroupRow;

/// Lists groups and their members.
pub(super) struct Groups {
    context: Arc<ReadContext>,
    directory: Directory<GroupRow>,
    roles: Directory<RoleRow>,
    members: Listing<MemberRow>,
    provisioner: Box<dyn Provisioner>,
}

impl Groups {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            roles: Directory::new(context),
            members: Listing::new(context, "GroupMember"),
            provisioner,
        }
    }

    /// The kind of a group, from the request if it says so, else from Salesforce.
    async fn kind(&self, on: &ResourceRef) -> Result<Option<Kind>> {
        let told = on
            .profile
            .as_ref()
            .and_then(|profile| profile.get("type")?.as_text());
        if let Some(told) = told {
            return Ok(Some(Kind::of(told)));
        }
        let id = text::record_id(&on.id)?;
        Ok(self.directory.row(id).await?.0.map(|row| row.kind()))
    }

    /// The groups that contain each other. Nobody expands nestings outside a sync, so none are
    /// read then.
    async fn nesting(&self, page: &PageRequest, memory: &SyncMemory) -> Result<Arc<Nesting>> {
        if page.call.sync.is_none() {
            return Ok(Arc::default());
        }
        nested::nesting(&self.context, memory).await
    }

    async fn users(&self, memory: &SyncMemory) -> Result<Arc<Users>> {
        let users = SyncedUsers::of(memory).all(&self.context).await;
        users.map_err(|error| wrap_listing("listing users", error))
    }

    /// Memberships that no table holds.
    async fn implied(
        &self,
        on: Option<SalesforceId>,
        after: Option<Place>,
        page: &PageRequest,
        memory: &SyncMemory,
    ) -> Result<Page<Grant>> {
        let groups = match on {
            None => self.directory.all(memory).await?,
            Some(on) => {
                let row = self.directory.row(on).await?.0;
                let summary = row.and_then(|row| row.summary());
                let rows = summary.map(|summary| (on, summary)).into_iter();
                Arc::new(Snapshot::new(rows.collect()))
            }
        };
        let has_kind = |is_kind: fn(Kind) -> bool| groups.iter().any(|group| is_kind(group.1.kind));
        let nesting = self.nesting(page, memory).await?;
        let roles = if has_kind(Kind::is_of_role) {
            Some(self.roles.all(memory).await?)
        } else {
            None
        };
        let users = if nesting.has_cycles() || has_kind(|kind| kind == Kind::Organization) {
            Some(self.users(memory).await?)
        } else {
            None
        };
        let listed = if nesting.has_cycles() {
            self.directory.all(memory).await?
        } else {
            Arc::clone(&groups)
        };
        let implied = Implied {
            groups: &groups,
            roles: roles.as_deref(),
            users: users.as_deref(),
            listed: &listed,
            nesting: &nesting,
        };
        let mut fill = PageFill::new(page);
        for (place, grant) in implied.after(after) {
            if fill.push(grant?) {
                return Ok(fill.into_page(Some(Position::Implied(place).to_token()?)));
            }
        }
        let next = Position::Members(Span::default()).to_token()?;
        Ok(fill.into_page(Some(next)))
    }

    /// Memberships that somebody added.
    async fn members(
        &self,
        on: Option<SalesforceId>,
        span: Span,
        page: &PageRequest,
        memory: &SyncMemory,
    ) -> Result<Page<Grant>> {
        let doing = "listing group members";
        let is_full = page.call.sync.is_some() && on.is_none();
        // Members are users and groups. No SOQL condition can say which of them the sync has,
        // because the relationship has two types.
        let (users, groups) = if is_full {
            let groups = self.directory.all(memory).await?;
            (Some(self.users(memory).await?), Some(groups))
        } else {
            (SyncedUsers::of(memory).peek(), None)
        };
        let nesting = self.nesting(page, memory).await?;
        let table = member::table().only(on.map(|on| field("GroupId").eq(on)));
        let plan = Plan {
            org: &self.context.org,
            table: &table,
            column: "GroupId",
            may_split: is_full,
        };
        let scanned = partitioned_scan::read(&self.members, plan, span, page, |row: MemberRow| {
            let is_known = match (row.is_user(), &users, &groups) {
                (true, Some(users), _) => users.contains(&row.user_or_group_id),
                (false, _, Some(groups)) => groups.contains(&row.user_or_group_id),
                _ => true,
            } && groups
                .as_ref()
                .is_none_or(|groups| groups.contains(&row.group_id));
            is_known.then(|| row.grant(&nesting)).transpose()
        });
        let mut scanned = match scanned.await {
            Ok(scanned) => scanned,
            Err(ReadError::Salesforce(error))
                if span == Span::default()
                    && is_unavailable(memory, "GroupMember", member::REMEDY, &error) =>
            {
                return Ok(Page::last(Vec::new()));
            }
            Err(error) => return Err(error.in_listing(doing)),
        };
        if users.is_none() {
            self.drop_unsynced(&mut scanned.read.items).await?;
        }
        scanned.into_page(|span| Position::Members(span).to_token())
    }

    /// Drops the users that a sync with these options would not list, after reading which those
    /// are.
    async fn drop_unsynced(&self, grants: &mut Vec<Grant>) -> Result<()> {
        let user = |grant: &Grant| -> Option<SalesforceId> {
            let principal = &grant.principal;
            (principal.resource_type.as_str() == USER.id)
                .then(|| text::record_id(principal).ok())
                .flatten()
        };
        let listed = among(&self.context, grants.iter().filter_map(user)).await;
        let listed = listed.map_err(|error| wrap("reading the users of a group", error))?;
        let Some(listed) = listed else {
            return Ok(());
        };
        grants.retain(|grant| {
            let is_user = grant.principal.resource_type.as_str() == USER.id;
            !is_user || user(grant).is_some_and(|user| listed.contains(&user))
        });
        Ok(())
    }
}

#[async_trait]
impl ResourceSyncer for Groups {
    fn resource_type(&self) -> &ResourceType {
        &GROUP
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.members.foresee(&member::table(), page);
        self.context.foresee(page, |context, memory| async move {
            nested::nesting(&context, &memory).await.is_ok()
        });
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let kind = self.kind(on).await?;
        let about = format!(
            "Is a member of the group {}, and sees the records that are shared with it.",
            text::shown(on)
        );
        let mut entitlement = text::entitlement(on, "member", "Group Member", about, &[USER.id]);
        if let Some(kind) = kind.filter(|kind| !kind.is_editable()) {
            let why = Object::from([("reason".to_owned(), kind.why_immutable().into())]);
            entitlement.marks.push(EntitlementMark::Immutable(why));
        }
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        match page.token.as_ref().map(Position::from_token).transpose()? {
            None => self.implied(on, None, page, &memory).await,
            Some(Position::Implied(place)) => self.implied(on, Some(place), page, &memory).await,
            Some(Position::Members(span)) => self.members(on, span, page, &memory).await,
        }
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}

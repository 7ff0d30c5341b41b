//! Groups: public groups, queues, and the groups that Salesforce keeps by itself for roles, for
//! everybody inside, and so on. Only public groups and queues can be changed.

use std::sync::Arc;

use async_trait::async_trait;

use super::catalog::{GROUP, USER};
use super::context::Context;
use super::directory::{Directory, Entry};
use super::edges::{self, Plan, Span};
use super::error::{wrap, wrap_listing};
use super::listing::{Listing, Trouble};
use super::memory::Memory;
use super::outage::is_outage;
use super::provision::{Memberships, Provisioning};
use super::role::RoleRow;
use super::table::Table;
use super::text;
use crate::baton::{
    Call, Cursor, Entitlement, EntitlementMark, Grant, GrantScope, Id, Object, Page, PageRequest,
    Provisioner, REPLY_BUDGET, Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, Weight,
};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

mod implied;
mod kind;
mod member;
mod record;

pub(super) use kind::Kind;
pub(super) use record::GroupRow;

use implied::{Implied, Place};
use member::{MemberRow, Position};

/// Lists groups and who is in which.
pub(super) struct Groups {
    context: Arc<Context>,
    directory: Directory<GroupRow>,
    roles: Directory<RoleRow>,
    members: Listing<MemberRow>,
    provisioning: Provisioning<Memberships>,
}

impl Groups {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&context)),
            roles: Directory::new(Arc::clone(&context)),
            members: Listing::new(Arc::clone(&context.org)),
            provisioning: Provisioning::new(Arc::clone(&context), Memberships),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
        self.members.forget(sync);
    }

    /// The kind of a group: as the request tells it, or as Salesforce does.
    async fn kind(&self, on: &ResourceRef) -> Result<Option<Kind>> {
        let told = on.profile.as_ref().and_then(|profile| profile.get("type")?.as_text());
        if let Some(told) = told {
            return Ok(Some(Kind::of(told)));
        }
        let Ok(id) = on.id.resource.as_str().parse() else { return Ok(None) };
        Ok(self.directory.row(id).await?.0.map(|row| row.kind()))
    }

    /// Memberships that follow from roles or from being inside; they are nowhere in a table.
    async fn implied(
        &self,
        on: Option<SalesforceId>,
        after: Option<Place>,
        page: &PageRequest,
        memory: &Memory,
    ) -> Result<Page<Grant>> {
        let groups = match on {
            None => self.directory.known(memory).await?,
            Some(on) => {
                let links = self.directory.row(on).await?.0.and_then(|row| row.links());
                Arc::new(super::known::Sealed::new(links.map(|links| (on, links)).into_iter().collect()))
            }
        };
        let needs_roles = groups.iter().any(|group| group.1.kind.is_of_role());
        let needs_users = groups.iter().any(|group| group.1.kind == Kind::Organization);
        let roles = if needs_roles { Some(self.roles.known(memory).await?) } else { None };
        let users = if needs_users {
            let users = self.context.users(memory).await;
            Some(users.map_err(|error| wrap_listing("listing users", error))?)
        } else {
            None
        };
        let implied = Implied::new(&groups, roles.as_deref(), users.as_deref());
        let most = page.rows(usize::MAX);
        let (mut items, mut weight) = (Vec::new(), 0);
        for (place, grant) in implied.after(after) {
            let grant = grant?;
            weight += grant.weight();
            items.push(grant);
            if weight >= REPLY_BUDGET || items.len() >= most {
                let next = Some(Position::Implied(place).to_token()?);
                return Ok(Page { items, next, siblings: Vec::new(), quota: None });
            }
        }
        let next = Some(Position::Members(Span::default()).to_token()?);
        Ok(Page { items, next, siblings: Vec::new(), quota: None })
    }

    /// Memberships that somebody entered.
    async fn members(
        &self,
        on: Option<SalesforceId>,
        span: Span,
        page: &PageRequest,
        memory: &Memory,
    ) -> Result<Page<Grant>> {
        let doing = "listing group members";
        let is_full = page.call.sync.is_some() && on.is_none();
        // Members are users and groups. Which of them the sync has, a condition cannot say: the
        // relation has two types.
        let (users, groups) = if is_full {
            let users = self.context.users(memory).await;
            let users = users.map_err(|error| wrap_listing(doing, error))?;
            (Some(users), Some(self.directory.known(memory).await?))
        } else {
            (memory.users.peek(), None)
        };
        let table = member::table().only(on.map(|on| field("GroupId").eq(on)));
        let plan = Plan {
            org: &self.context.org,
            table: &table,
            column: "GroupId",
            may_split: is_full,
        };
        let edges = edges::read(&self.members, plan, span, page, |row: MemberRow| {
            let is_known = match (row.is_user(), &users, &groups) {
                (true, Some(users), _) => users.contains(&row.user_or_group_id),
                (false, _, Some(groups)) => groups.contains(&row.user_or_group_id),
                _ => true,
            } && groups.as_ref().is_none_or(|groups| groups.contains(&row.group_id));
            is_known.then(|| row.grant()).transpose()
        });
        let mut edges = match edges.await {
            Ok(edges) => edges,
            Err(Trouble::Salesforce(error))
                if span == Span::default()
                    && is_outage(memory, "GroupMember", member::NEEDS, &error) =>
            {
                return Ok(Page::last(Vec::new()));
            }
            Err(trouble) => return Err(trouble.in_listing(doing)),
        };
        if users.is_none() {
            self.drop_unsynced(&mut edges.read.items).await?;
        }
        let token = |span: Span| Position::Members(span).to_token();
        let next = edges.next.map(token).transpose()?;
        let siblings = edges.siblings.into_iter().map(token).collect::<Result<_>>()?;
        Ok(Page { items: edges.read.items, next, siblings, quota: edges.read.quota })
    }

    /// Drops the users that a sync with these options would not list, by asking for each.
    async fn drop_unsynced(&self, grants: &mut Vec<Grant>) -> Result<()> {
        let Some(synced) = self.context.synced_users(super::context::Via::User) else {
            return Ok(());
        };
        let users: Vec<SalesforceId> = grants
            .iter()
            .filter(|grant| grant.principal.resource_type.as_str() == USER.id)
            .filter_map(|grant| grant.principal.resource.as_str().parse().ok())
            .collect();
        let mut listed = std::collections::HashSet::new();
        for chunk in users.chunks(member::IDS_A_QUERY) {
            let ids = field("Id").in_ids(chunk.iter().copied());
            let table = Table::new("User", &["Id"]).only(synced.clone()).only(ids);
            let read = self.context.org.read_all(&table, |row: super::context::IdRow| {
                listed.insert(super::table::Row::id(&row));
            });
            read.await.map_err(|error| wrap("reading the users of a group", error))?;
        }
        grants.retain(|grant| {
            let user: Option<SalesforceId> = grant.principal.resource.as_str().parse().ok();
            grant.principal.resource_type.as_str() != USER.id
                || user.is_some_and(|user| listed.contains(&user))
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
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let kind = self.kind(on).await?;
        let about = format!("Is a member of the group {}", text::shown(on));
        let mut entitlement = text::entitlement(on, "member", "Group Member", about, &[USER.id]);
        if let Some(kind) = kind.filter(|kind| !kind.is_editable()) {
            let why = Object::from([("reason".to_owned(), kind.why_immutable().into())]);
            entitlement.marks.push(EntitlementMark::Immutable(why));
        }
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = match scope {
            GrantScope::Type => None,
            GrantScope::Resource(on) => match on.id.resource.as_str().parse() {
                Ok(id) => Some(id),
                Err(_) => return Ok(Page::last(Vec::new())),
            },
        };
        let memory = self.context.memory(&page.call);
        match page.token.as_ref().map(Position::from_token).transpose()? {
            None => self.implied(on, None, page, &memory).await,
            Some(Position::Implied(place)) => {
                self.implied(on, Some(place), page, &memory).await
            }
            Some(Position::Members(span)) => self.members(on, span, page, &memory).await,
        }
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(&self.provisioning)
    }
}

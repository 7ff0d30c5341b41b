//! Groups: public groups, queues, and the groups that Salesforce keeps by itself for roles, for
//! everybody inside, and so on. Only public groups and queues can be changed.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::warn;

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
    Call, Cursor, EncodedSize, Entitlement, EntitlementMark, Grant, GrantScope, Id, Object, Page,
    PageRequest, Provisioner, REPLY_BUDGET, Resource, ResourceId, ResourceRef, ResourceSyncer,
    ResourceType, Result,
};
use crate::salesforce::soql::{Select, field};
use crate::salesforce::{ErrorCode, SalesforceId};

mod implied;
mod kind;
mod member;
mod nesting;
mod record;

pub(super) use kind::Kind;
pub(super) use nesting::Nesting;
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

    /// The groups that contain each other. Outside a sync nobody follows nestings, so nobody asks.
    async fn nesting(&self, page: &PageRequest, memory: &Memory) -> Result<Arc<Nesting>> {
        if page.call.sync.is_none() {
            return Ok(Arc::default());
        }
        let read = || async {
            let mut edges = Vec::new();
            let groups = Select::from("Group").fields(["Id"]);
            let nested = member::table().only(field("UserOrGroupId").in_select(groups));
            let read = self
                .context
                .org
                .read_all(&nested, |row: MemberRow| edges.push(row.edge()));
            if let Err(error) = read.await {
                if error.is_transient(true) || error.is_daily_limit() || error.code().is_none() {
                    return Err(wrap_listing("looking for nested groups", error));
                }
                // It will not pass. Reading the members tells if they are out of reach; if only
                // this is, hosts cut cycles as they like.
                if !error.is_object_unavailable() {
                    warn!(
                        sf.error_code = error.code().map(ErrorCode::as_str),
                        "cannot look for groups that contain each other"
                    );
                }
                return Ok(Arc::default());
            }
            let mut nesting = Nesting::find(&edges);
            let mut members = Vec::new();
            for chunk in nesting.groups().chunks(member::IDS_A_QUERY) {
                let of = field("GroupId").in_ids(chunk.iter().copied());
                let table = member::table().only(of);
                let read = self
                    .context
                    .org
                    .read_all(&table, |row: MemberRow| members.push(row.edge()));
                read.await
                    .map_err(|error| wrap_listing("listing group members", error))?;
            }
            nesting.settle(&members);
            Ok(Arc::new(nesting))
        };
        memory.nesting.get_or_try_init(read).await.cloned()
    }

    /// Memberships that follow from roles, from being inside, or from groups that contain each
    /// other; they are nowhere in a table.
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
                Arc::new(super::known::Sealed::new(
                    links.map(|links| (on, links)).into_iter().collect(),
                ))
            }
        };
        let needs_roles = groups.iter().any(|group| group.1.kind.is_of_role());
        let nesting = self.nesting(page, memory).await?;
        let needs_users = nesting.has_cycles()
            || groups
                .iter()
                .any(|group| group.1.kind == Kind::Organization);
        let roles = if needs_roles {
            Some(self.roles.known(memory).await?)
        } else {
            None
        };
        let users = if needs_users {
            let users = self.context.users(memory).await;
            Some(users.map_err(|error| wrap_listing("listing users", error))?)
        } else {
            None
        };
        let listed = if nesting.has_cycles() {
            self.directory.known(memory).await?
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
        let most = page.rows(usize::MAX);
        let (mut items, mut size) = (Vec::new(), 0);
        for (place, grant) in implied.after(after) {
            let grant = grant?;
            size += grant.encoded_size();
            items.push(grant);
            if size >= REPLY_BUDGET || items.len() >= most {
                let next = Some(Position::Implied(place).to_token()?);
                return Ok(Page {
                    items,
                    next,
                    siblings: Vec::new(),
                    quota: None,
                });
            }
        }
        let next = Some(Position::Members(Span::default()).to_token()?);
        Ok(Page {
            items,
            next,
            siblings: Vec::new(),
            quota: None,
        })
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
        let nesting = self.nesting(page, memory).await?;
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
            } && groups
                .as_ref()
                .is_none_or(|groups| groups.contains(&row.group_id));
            is_known.then(|| row.grant(&nesting)).transpose()
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
        let siblings = edges
            .siblings
            .into_iter()
            .map(token)
            .collect::<Result<_>>()?;
        Ok(Page {
            items: edges.read.items,
            next,
            siblings,
            quota: edges.read.quota,
        })
    }

    /// Drops the users that a sync with these options would not list, by asking for each.
    async fn drop_unsynced(&self, grants: &mut Vec<Grant>) -> Result<()> {
        let Some(synced) = self.context.synced_users(super::context::Via::User) else {
            return Ok(());
        };
        let users: Vec<SalesforceId> = grants
            .iter()
            .filter(|grant| grant.principal.resource_type.as_str() == USER.id)
            .filter_map(|grant| text::record_id(&grant.principal).ok())
            .collect();
        let mut listed = std::collections::HashSet::new();
        for chunk in users.chunks(member::IDS_A_QUERY) {
            let ids = field("Id").in_ids(chunk.iter().copied());
            let table = Table::new("User", &["Id"]).only(synced.clone()).only(ids);
            let read = self
                .context
                .org
                .read_all(&table, |row: super::context::IdRow| {
                    listed.insert(super::table::Row::id(&row));
                });
            read.await
                .map_err(|error| wrap("reading the users of a group", error))?;
        }
        grants.retain(|grant| {
            let user: Option<SalesforceId> = text::record_id(&grant.principal).ok();
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
            GrantScope::Resource(on) => Some(text::record_id(&on.id)?),
        };
        let memory = self.context.memory(&page.call);
        match page.token.as_ref().map(Position::from_token).transpose()? {
            None => self.implied(on, None, page, &memory).await,
            Some(Position::Implied(place)) => self.implied(on, Some(place), page, &memory).await,
            Some(Position::Members(span)) => self.members(on, span, page, &memory).await,
        }
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(&self.provisioning)
    }
}

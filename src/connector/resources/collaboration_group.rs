//! Chatter groups. Held by users as `member`, and as `admin` by those who manage the group too.
//!
//! Object Reference: `CollaborationGroup`, `CollaborationGroupMember`.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::directory::{Directory, DirectoryRow};
use super::roster::{self, MEMBER, Question, Roster, RosterRow};
use crate::baton::{
    Call, Entitlement, EntitlementMark, Grant, GrantScope, Object, Page, PageRequest, Provisioner,
    Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, Status, StatusKind,
    Value, Variant,
};
use crate::connector::catalog::{COLLABORATION_GROUP, USER};
use crate::connector::people::Via;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::{self, SalesforceId};

/// The slug of those who manage a group, and their role in Salesforce.
const ADMIN: &str = "admin";
const ADMIN_ROLE: &str = "Admin";

/// Why the members of an archived group do not change.
pub(in crate::connector) const WHY_IMMUTABLE: &str =
    "the Chatter group is archived; activate it in Chatter to change its members";

const REMEDY: &str = "if the org has Chatter, let the connector's user use it, else leave out \
                      --sync-chatter-groups";

/// `CollaborationGroupMember`: the members of Chatter groups.
pub(in crate::connector) struct ChatterMembers;

impl Roster for ChatterMembers {
    const TYPE: &'static ResourceType = &COLLABORATION_GROUP;
    const OBJECT: &'static str = "CollaborationGroupMember";
    const REMEDY: &'static str = REMEDY;
    const USER: &'static str = "MemberId";
    const VIA: Via = Via::Member;
    const ON: &'static str = "CollaborationGroupId";
    const ROLE: &'static str = "CollaborationRole";

    fn slug(role: &str) -> Option<String> {
        (role == ADMIN_ROLE).then(|| ADMIN.to_owned())
    }

    fn role(slug: &str) -> Option<&str> {
        (slug == ADMIN).then_some(ADMIN_ROLE)
    }
}

/// A row of `CollaborationGroup`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChatterGroupRow {
    id: SalesforceId,
    name: Option<String>,
    description: Option<String>,
    collaboration_type: Option<String>,
    owner_id: Option<SalesforceId>,
    is_archived: Option<bool>,
    #[serde(default, deserialize_with = "salesforce::time::optional")]
    created_date: Option<Timestamp>,
}

impl Row for ChatterGroupRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for ChatterGroupRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &COLLABORATION_GROUP;
    const OBJECT: &'static str = "CollaborationGroup";
    const REMEDY: &'static str = REMEDY;

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "Name",
            "Description",
            "CollaborationType",
            "OwnerId",
            "IsArchived",
            "CreatedDate",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("type", self.collaboration_type),
            ("owner_id", self.owner_id.map(|id| id.to_string())),
        ]);
        profile.extend(
            self.is_archived
                .map(|is_archived| ("is_archived".to_owned(), is_archived.into())),
        );
        let status = self.is_archived.map(|is_archived| Status {
            kind: if is_archived {
                StatusKind::Disabled
            } else {
                StatusKind::Enabled
            },
            details: is_archived.then(|| "archived".to_owned()),
        });
        Ok(Resource {
            id: ResourceId::new(COLLABORATION_GROUP.id, self.id.to_string())?,
            display_name: text::name([self.name], self.id),
            description: text::filled(self.description),
            variant: Variant::Group,
            profile: Some(profile),
            status,
            created_at: self.created_date,
        })
    }
}

/// Lists Chatter groups and their members.
pub(super) struct CollaborationGroups {
    context: Arc<ReadContext>,
    directory: Directory<ChatterGroupRow>,
    members: Listing<RosterRow>,
    provisioner: Box<dyn Provisioner>,
}

impl CollaborationGroups {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            members: Listing::new(context, COLLABORATION_GROUP.id),
            provisioner,
        }
    }

    /// From the request if it says so, else from Salesforce.
    async fn is_archived(&self, on: &ResourceRef) -> Result<bool> {
        if let Some(profile) = &on.profile {
            let told = profile.get("is_archived").and_then(Value::as_bool);
            return Ok(told == Some(true));
        }
        let row = self.directory.row(text::record_id(&on.id)?).await?.0;
        Ok(row.and_then(|row| row.is_archived) == Some(true))
    }
}

#[async_trait]
impl ResourceSyncer for CollaborationGroups {
    fn resource_type(&self) -> &ResourceType {
        &COLLABORATION_GROUP
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let name = text::shown(on);
        let about = format!("Is a member of the Chatter group {name}: reads and writes its posts");
        let member = text::entitlement(on, MEMBER, "Chatter Group Member", about, &[USER.id]);
        let about = format!("Manages the Chatter group {name}: its settings, members and posts");
        let admin = text::entitlement(on, ADMIN, "Chatter Group Manager", about, &[USER.id]);
        let mut both = vec![member, admin];
        if self.is_archived(on).await? {
            for entitlement in &mut both {
                let why = Object::from([("reason".to_owned(), WHY_IMMUTABLE.into())]);
                entitlement.marks.push(EntitlementMark::Immutable(why));
            }
        }
        Ok(Page::last(both))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        let is_full = page.call.sync.is_some() && on.is_none();
        let targets = if is_full {
            Some(self.directory.all(&memory).await?)
        } else {
            None
        };
        let question = Question {
            context: &self.context,
            listing: &self.members,
            on,
            page,
            memory: &memory,
            slugs: None,
        };
        roster::page::<ChatterMembers, _>(question, targets).await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}

//! `SetupEntityAccess`: the permission sets and profiles that have access to an app.
//!
//! A row names a permission set. One that belongs to a profile stands for the profile. The sum of a
//! permission set group stands for nothing: the sets that the group consists of have rows of their
//! own.

use serde::Deserialize;

use super::{ASSIGNED, ConnectedApps, Position};
use crate::baton::{
    Cursor as _, EntitlementId, Expansion, Grant, GrantMark, Page, PageRequest, ResourceId, Result,
};
use crate::connector::catalog::{CONNECTED_APP, PERMISSION_SET, PROFILE, USER};
use crate::connector::error::ReadError;
use crate::connector::read::partitioned_scan::{self, Plan, Span};
use crate::connector::read::table::{Row, Table};
use crate::connector::read::unavailable::is_unavailable;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

const OBJECT: &str = "SetupEntityAccess";
const REMEDY: &str = "give the connector's user \"View Setup and Configuration\"";

/// A row of `SetupEntityAccess`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccessRow {
    id: SalesforceId,
    parent_id: SalesforceId,
    setup_entity_id: SalesforceId,
    parent: ParentPart,
}

/// What a row shows of its permission set.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParentPart {
    is_owned_by_profile: bool,
    profile_id: Option<SalesforceId>,
    permission_set_group_id: Option<SalesforceId>,
    r#type: Option<String>,
}

impl Row for AccessRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

/// Who has access.
#[derive(Clone, Copy)]
enum Holder {
    Set(SalesforceId),
    Profile(SalesforceId),
}

impl AccessRow {
    fn table() -> Table {
        let columns = ["Id", "ParentId", "SetupEntityId", "Parent.IsOwnedByProfile"];
        Table::new(OBJECT, &columns)
            .optional_or("Parent.ProfileId", "the access of profiles is missing")
            .optional(&["Parent.PermissionSetGroupId", "Parent.Type"])
            .only(
                field("SetupEntityType")
                    .in_strings(["ConnectedApplication", "ExternalClientApplication"]),
            )
    }

    fn holder(&self) -> Option<Holder> {
        let parent = &self.parent;
        let is_sum =
            parent.permission_set_group_id.is_some() || parent.r#type.as_deref() == Some("Group");
        if parent.is_owned_by_profile {
            parent.profile_id.map(Holder::Profile)
        } else {
            (!is_sum).then_some(Holder::Set(self.parent_id))
        }
    }
}

/// The holders of the permission set or of the profile have access.
fn grant(app: SalesforceId, holder: Holder) -> Result<Grant> {
    let (kind, id) = match holder {
        Holder::Set(id) => (PERMISSION_SET.id, id),
        Holder::Profile(id) => (PROFILE.id, id),
    };
    let holder = ResourceId::new(kind, id.to_string())?;
    let expansion = Expansion {
        entitlements: vec![EntitlementId::new(holder.clone(), ASSIGNED)],
        shallow: false,
        resource_types: vec![USER.id],
    };
    let app = ResourceId::new(CONNECTED_APP.id, app.to_string())?;
    let grant = Grant::new(EntitlementId::new(app, ASSIGNED), holder);
    Ok(grant.with(GrantMark::Expandable(expansion)))
}

impl ConnectedApps {
    /// One page of what administrators gave. In a full sync only apps, permission sets and profiles
    /// that the sync has count.
    pub(super) async fn accesses(
        &self,
        on: Option<SalesforceId>,
        span: Span,
        page: &PageRequest,
    ) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        let is_full = page.call.sync.is_some() && on.is_none();
        let synced = if is_full {
            let apps = self.apps(&memory).await?;
            let sets = self.sets.all(&memory).await?;
            Some((apps, sets, self.profiles.all(&memory).await?))
        } else {
            None
        };
        let is_synced = |app: &SalesforceId, holder: Holder| {
            synced.as_ref().is_none_or(|(apps, sets, profiles)| {
                apps.contains(app)
                    && match holder {
                        Holder::Set(set) => sets.contains(&set),
                        Holder::Profile(profile) => profiles.contains(&profile),
                    }
            })
        };
        let after = Position::Authorized(None);
        if synced
            .as_ref()
            .is_some_and(|(apps, ..)| apps.iter().next().is_none())
        {
            return Ok(Page::last(Vec::new()));
        }
        let table = AccessRow::table().only(on.map(|on| field("SetupEntityId").eq(on)));
        let plan = Plan {
            org: &self.context.org,
            table: &table,
            column: "SetupEntityId",
            may_split: false,
        };
        let given = |row: AccessRow| {
            let app = row.setup_entity_id;
            let holder = row.holder().filter(|holder| is_synced(&app, *holder));
            holder.map(|holder| grant(app, holder)).transpose()
        };
        let mut page = match partitioned_scan::read(&self.access, plan, span, page, given).await {
            Ok(scanned) => scanned.into_page(|span| Position::Access(span).to_token())?,
            Err(ReadError::Salesforce(error))
                if span == Span::default() && is_unavailable(&memory, OBJECT, REMEDY, &error) =>
            {
                Page::last(Vec::new())
            }
            Err(error) => return Err(error.in_listing("listing the access to apps")),
        };
        if page.next.is_none() {
            page.next = Some(after.to_token()?);
        }
        Ok(page)
    }
}

//! Changes in Setup. Source: Object Reference, `SetupAuditTrail`.
//!
//! Each row is one event: access that somebody got or lost, if the row names both without doubt;
//! else a change of the user or of the object that it names; else a change of the org.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::audit_names::Names;
use super::audit_text::{Change, Kind, Named};
use super::organization::Organization;
use super::reader::{self, FeedRow, Source};
use crate::baton::{
    EntitlementId, Event, EventFeed, EventKind, EventPage, EventRequest, Occurrence, ResourceId,
    Result,
};
use crate::connector::catalog::{
    PERMISSION_SET, PERMISSION_SET_GROUP, PERMISSION_SET_LICENSE, PROFILE, ROLE, USER,
};
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::{self, SalesforceId};

/// A row of `SetupAuditTrail`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuditRow {
    id: SalesforceId,
    #[serde(deserialize_with = "salesforce::time::required")]
    created_date: Timestamp,
    created_by_id: Option<SalesforceId>,
    action: Option<String>,
    section: Option<String>,
    display: Option<String>,
    delegate_user: Option<String>,
}

impl Row for AuditRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl FeedRow for AuditRow {
    fn time(&self) -> Timestamp {
        self.created_date
    }
}

/// The feed `setup_audit`.
pub(super) struct SetupAudit {
    context: Arc<ReadContext>,
    source: Source,
    organization: Organization,
}

impl SetupAudit {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        let table = Table::new("SetupAuditTrail", &["Id", "CreatedDate", "Action"]).optional(&[
            "CreatedById",
            "Section",
            "Display",
            "DelegateUser",
        ]);
        Self {
            context: Arc::clone(context),
            source: Source {
                feed: "setup_audit",
                table,
                time: "CreatedDate",
                kept: (180, "180 days"),
                remedy: "give it \"View Setup and Configuration\" in a permission set",
            },
            organization: Organization::default(),
        }
    }

    async fn what(&self, row: &Named, names: &Names) -> Result<Occurrence> {
        if let (Some((kind, name)), Some(person)) = (&row.object, &row.person)
            && let (Some(on), Some(user)) = (names.object(*kind, name), names.synced_user(person))
            && let Some(on_type) = self.type_of(*kind)
        {
            let entitlement = EntitlementId::new(ResourceId::new(on_type, on)?, slug(*kind));
            let principal = ResourceId::new(USER.id, user)?;
            match row.change {
                Change::Grant => {
                    return Ok(Occurrence::CreateGrant {
                        entitlement,
                        principal,
                    });
                }
                Change::Revoke => {
                    return Ok(Occurrence::CreateRevoke {
                        entitlement,
                        principal,
                    });
                }
                Change::Other => {}
            }
        }
        let user = row.person.as_ref().and_then(|person| names.user(person));
        let object = row.object.as_ref().and_then(|(kind, name)| {
            let id = names.object(*kind, name)?;
            Some((self.type_of(*kind)?, id))
        });
        let changed = match (user, object) {
            (Some(user), _) => ResourceId::new(USER.id, user)?,
            (None, Some((kind, id))) => ResourceId::new(kind, id)?,
            (None, None) => self.organization.id(&self.context.org.client).await?,
        };
        Ok(Occurrence::ResourceChange(changed))
    }

    /// The resource type, if it is synced.
    fn type_of(&self, kind: Kind) -> Option<&'static str> {
        match kind {
            Kind::PermissionSet => Some(PERMISSION_SET.id),
            Kind::PermissionSetGroup => Some(PERMISSION_SET_GROUP.id),
            Kind::PermissionSetLicense => {
                let is_synced = self.context.options.licenses;
                is_synced.then_some(PERMISSION_SET_LICENSE.id)
            }
            Kind::Profile => Some(PROFILE.id),
            Kind::Role => Some(ROLE.id),
        }
    }
}

/// The entitlement that a user gets.
fn slug(kind: Kind) -> &'static str {
    match kind {
        Kind::PermissionSetGroup => "member",
        _ => "assigned",
    }
}

#[async_trait]
impl EventFeed for SetupAudit {
    fn id(&self) -> &'static str {
        self.source.feed
    }

    fn kinds(&self) -> &'static [EventKind] {
        &[
            EventKind::ResourceChange,
            EventKind::CreateGrant,
            EventKind::CreateRevoke,
        ]
    }

    async fn events(&self, request: &EventRequest) -> Result<EventPage> {
        let org = &self.context.org;
        let read = reader::read::<AuditRow>(org, &self.source, request).await?;
        let texts: Vec<Named> = read.rows.iter().map(AuditRow::named).collect();
        let names = Names::read(&self.context, &texts).await?;
        let mut events = Vec::with_capacity(read.rows.len());
        for (row, text) in read.rows.into_iter().zip(&texts) {
            let what = self.what(text, &names).await?;
            events.push(row.into_event(what));
        }
        Ok(EventPage {
            events,
            cursor: read.position.to_cursor(self.source.feed)?,
            has_more: read.has_more,
            warnings: read.warnings,
            quota: read.quota,
        })
    }
}

impl AuditRow {
    fn named(&self) -> Named {
        Named::read(
            self.action.as_deref().unwrap_or_default(),
            self.display.as_deref().unwrap_or_default(),
        )
    }

    fn into_event(self, what: Occurrence) -> Event {
        let by = self.created_by_id.map(|id| id.to_string());
        Event {
            id: self.id.to_string(),
            occurred_at: self.created_date,
            what,
            details: text::profile([
                ("action", self.action),
                ("section", self.section),
                ("display", self.display),
                ("created_by_id", by),
                ("delegate_user", self.delegate_user),
            ]),
        }
    }
}

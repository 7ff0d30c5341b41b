//! Applications that are registered to sign in to the org: connected apps and external client apps.
//!
//! Administrators give permission sets and profiles access to an app (`assigned`), and people let an
//! app act for them (`authorized`).

mod access;
mod authorization;
mod index;
mod position;
mod record;

use std::sync::Arc;

use async_trait::async_trait;

use super::directory::Directory;
use super::permission_set::SetRow;
use super::profile::ProfileRow;
use crate::baton::{
    Call, Cursor as _, Entitlement, EntitlementMark, Grant, GrantScope, Object, Page, PageRequest,
    PageToken, Provisioner, Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType,
    Result,
};
use crate::connector::catalog::{CONNECTED_APP, PERMISSION_SET, PROFILE, USER};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::text;
use crate::salesforce::SalesforceId;
use access::AccessRow;
use position::{Listed, Position};
use record::{AppRow, AppSummary, ExternalAppRow, is_connected_app};

pub(in crate::connector) use index::AppIndex;

/// The slug of what administrators give.
pub(in crate::connector) const ASSIGNED: &str = "assigned";
/// The slug of what people give.
pub(in crate::connector) const AUTHORIZED: &str = "authorized";
/// Why `assigned` cannot be changed here.
pub(in crate::connector) const WHY_IMMUTABLE: &str = "which permission sets and profiles have access to an app is part of the org's configuration; \
     change it in Setup, or change who holds the permission set or the profile";

/// Lists apps, who has access to them and who uses them.
pub(in crate::connector) struct ConnectedApps {
    context: Arc<ReadContext>,
    connected: Directory<AppRow>,
    external: Directory<ExternalAppRow>,
    sets: Directory<SetRow>,
    profiles: Directory<ProfileRow>,
    access: Listing<AccessRow>,
    provisioner: Box<dyn Provisioner>,
}

/// The apps of a sync.
struct Apps {
    connected: Arc<Snapshot<AppSummary>>,
    external: Arc<Snapshot<AppSummary>>,
}

impl Apps {
    fn contains(&self, app: &SalesforceId) -> bool {
        self.connected.contains(app) || self.external.contains(app)
    }

    fn iter(&self) -> impl Iterator<Item = &(SalesforceId, AppSummary)> {
        self.connected.iter().chain(self.external.iter())
    }
}

impl ConnectedApps {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            connected: Directory::new(context),
            external: Directory::new(context),
            sets: Directory::new(context),
            profiles: Directory::new(context),
            access: Listing::new(context, CONNECTED_APP.id),
            provisioner,
        }
    }

    async fn apps(&self, memory: &SyncMemory) -> Result<Apps> {
        Ok(Apps {
            connected: self.connected.all(memory).await?,
            external: self.external.all(memory).await?,
        })
    }

    /// Whether only people whom an administrator has chosen may use the app; `None` if that is not
    /// known.
    async fn is_restricted(&self, on: &ResourceRef) -> Result<Option<bool>> {
        if let Some(profile) = &on.profile {
            return Ok(profile
                .get("admin_approved_users_only")
                .and_then(crate::baton::Value::as_bool));
        }
        let id = text::record_id(&on.id)?;
        if !is_connected_app(id) {
            return Ok(None);
        }
        let (row, _) = self.connected.row(id).await?;
        Ok(row.and_then(|row| row.is_restricted()))
    }
}

#[async_trait]
impl ResourceSyncer for ConnectedApps {
    fn resource_type(&self) -> &ResourceType {
        &CONNECTED_APP
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let token = page.token.as_ref().map(Listed::from_token).transpose()?;
        let place = token.unwrap_or(Listed::Connected(String::new()));
        let (Listed::Connected(inner) | Listed::External(inner)) = &place;
        let request = PageRequest {
            token: PageToken::new(inner.as_str())?,
            ..page.clone()
        };
        let is_connected = matches!(place, Listed::Connected(_));
        let answer = if is_connected {
            self.connected.list(&request).await?
        } else {
            self.external.list(&request).await?
        };
        let inner = answer.next.map(|next| next.as_str().to_owned());
        let next = match inner {
            Some(inner) if is_connected => Some(Listed::Connected(inner)),
            Some(inner) => Some(Listed::External(inner)),
            None if is_connected => Some(Listed::External(String::new())),
            None => None,
        };
        Ok(Page {
            items: answer.items,
            next: next.map(|next| next.to_token()).transpose()?,
            siblings: Vec::new(),
            quota: answer.quota,
        })
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        if text::record_id(id).is_ok_and(is_connected_app) {
            self.connected.get(id).await
        } else {
            self.external.get(id).await
        }
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let name = text::shown(on);
        let restricted = match self.is_restricted(on).await? {
            Some(true) => "Only users with access may use this app.",
            Some(false) => {
                "This app is open to everybody all the same: each user may authorize it, with or \
                 without this access."
            }
            None => "The app's own policies decide whether other users may authorize it too.",
        };
        let about = format!("An administrator gave access to the app {name}. {restricted}");
        let holders = &[PERMISSION_SET.id, PROFILE.id];
        let mut assigned = text::entitlement(on, ASSIGNED, "App Access", about, holders);
        let why = Object::from([("reason".to_owned(), WHY_IMMUTABLE.into())]);
        assigned.marks.push(EntitlementMark::Immutable(why));
        let about = format!(
            "Has signed in to the app {name} and let it act in the org on the user's behalf. \
             Revoking this ends that; only the user can authorize the app again"
        );
        let authorized = text::entitlement(on, AUTHORIZED, "App Authorization", about, &[USER.id]);
        Ok(Page::last(vec![assigned, authorized]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let token = page.token.as_ref().map(Position::from_token).transpose()?;
        match token.unwrap_or(Position::Access(Span::default())) {
            Position::Access(span) => self.accesses(on, span, page).await,
            Position::Authorized(after) => self.authorizations(on, after, page).await,
        }
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}

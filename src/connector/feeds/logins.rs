//! Sign-ins. Source: Object Reference, `LoginHistory`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::OnceCell;
use tracing::warn;

use super::organization::Organization;
use super::reader::{self, FeedRow, Source};
use crate::baton::{
    Error, Event, EventFeed, EventKind, EventPage, EventRequest, Kind, Occurrence, Resource,
    ResourceId, Result, Variant,
};
use crate::connector::catalog::{CONNECTED_APP, USER};
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::soql::Select;
use crate::salesforce::{self, ErrorCode, SalesforceId};

const OBJECT: &str = "LoginHistory";
/// The status of a sign-in that succeeded; any other text says why it did not.
const SUCCESS: &str = "Success";
const REMEDY: &str = "give it \"Manage Users\" or \"Monitor Login History\" in a permission set";
/// The names of apps are read again after this.
const APPS_KEPT: Duration = Duration::from_mins(10);

/// A row of `LoginHistory`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoginRow {
    id: SalesforceId,
    user_id: SalesforceId,
    #[serde(deserialize_with = "salesforce::time::required")]
    login_time: Timestamp,
    status: Option<String>,
    login_type: Option<String>,
    login_sub_type: Option<String>,
    source_ip: Option<String>,
    country_iso: Option<String>,
    application: Option<String>,
    browser: Option<String>,
    platform: Option<String>,
    api_type: Option<String>,
}

impl Row for LoginRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl FeedRow for LoginRow {
    fn time(&self) -> Timestamp {
        self.login_time
    }

    /// A sign-in that failed is no use of anything. Salesforce does not filter by status.
    fn is_event(&self) -> bool {
        self.status.as_deref() == Some(SUCCESS)
    }
}

/// The feed `logins`.
pub(super) struct Logins {
    context: Arc<ReadContext>,
    source: Source,
    organization: Organization,
    /// Set once it is known that the connector's user sees all sign-ins.
    sees_all: OnceCell<()>,
    apps: Mutex<Option<(Instant, Arc<Apps>)>>,
}

impl Logins {
    pub(super) fn new(context: &Arc<ReadContext>) -> Self {
        let columns = ["Id", "UserId", "LoginTime", "Status"];
        let table = Table::new(OBJECT, &columns).optional(&[
            "LoginType",
            "LoginSubType",
            "SourceIp",
            "CountryIso",
            "Application",
            "Browser",
            "Platform",
            "ApiType",
        ]);
        Self {
            context: Arc::clone(context),
            source: Source {
                feed: "logins",
                table,
                time: "LoginTime",
                kept: (183, "six months"),
                remedy: REMEDY,
            },
            organization: Organization::default(),
            sees_all: OnceCell::new(),
            apps: Mutex::default(),
        }
    }

    /// Fails if the connector's user sees only its own sign-ins, which Salesforce does not say.
    async fn check(&self) -> Result<()> {
        let checked = self.sees_all.get_or_try_init(|| async {
            match self.rights().await {
                Ok(Some(false)) => Err(Error::new(
                    Kind::PermissionDenied,
                    format!(
                        "the event feed logins needs {OBJECT}, of which the org shows the \
                         connector's user only its own rows: {REMEDY}"
                    ),
                )),
                Ok(_) => Ok(()),
                Err(error) if error.is_object_unavailable() || error.is_not_found() => {
                    warn!(
                        "the org does not show what the connector's user may do: if it has \
                         neither \"Manage Users\" nor \"Monitor Login History\", sign-ins of \
                         others are missing in the event feed logins"
                    );
                    Ok(())
                }
                Err(error) => Err(wrap_listing("reading UserPermissionAccess", error)),
            }
        });
        checked.await.copied()
    }

    /// Whether the user has one of the two permissions; `None` if the org does not show it.
    async fn rights(&self) -> Result<Option<bool>, salesforce::Error> {
        const MANAGE: &str = "PermissionsManageUsers";
        const MONITOR: &str = "PermissionsMonitorLoginHistory";
        type Access = HashMap<String, serde_json::Value>;
        let client = &self.context.org.client;
        let select = Select::from("UserPermissionAccess").field(MANAGE).limit(1);
        let both = select.clone().field(MONITOR);
        let answer = match client.query::<Access>(&both).await {
            // The org has no such permission, so nobody has it.
            Err(error) if error.code() == Some(&ErrorCode::InvalidField) => {
                client.query::<Access>(&select).await?
            }
            answer => answer?,
        };
        let row = answer.value.records.into_iter().next();
        Ok(row.map(|row| {
            let has = |name| row.get(name).and_then(serde_json::Value::as_bool) == Some(true);
            has(MANAGE) || has(MONITOR)
        }))
    }

    /// The apps by name. Empty unless apps are synced.
    async fn apps(&self) -> Arc<Apps> {
        if !self.context.options.connected_apps {
            return Arc::default();
        }
        if let Some((at, apps)) = self.apps.lock().as_ref()
            && at.elapsed() < APPS_KEPT
        {
            return Arc::clone(apps);
        }
        let apps = Arc::new(Apps::read(&self.context).await);
        *self.apps.lock() = Some((Instant::now(), Arc::clone(&apps)));
        apps
    }

    fn event(row: LoginRow, apps: &Apps, organization: &Resource) -> Result<Event> {
        let app = row.application.as_deref().and_then(|name| apps.one(name));
        let target = match app {
            Some(id) => Resource::new(
                ResourceId::new(CONNECTED_APP.id, id.to_string())?,
                row.application.as_deref().unwrap_or_default(),
                Variant::Plain,
            ),
            None => organization.clone(),
        };
        let details = text::profile([
            ("login_type", row.login_type),
            ("login_sub_type", row.login_sub_type),
            ("source_ip", row.source_ip),
            ("country", row.country_iso),
            ("application", row.application.clone()),
            ("browser", row.browser),
            ("platform", row.platform),
            ("api_type", row.api_type),
        ]);
        Ok(Event {
            id: row.id.to_string(),
            occurred_at: row.login_time,
            what: Occurrence::Usage {
                target: Box::new(target),
                actor: ResourceId::new(USER.id, row.user_id.to_string())?,
            },
            details,
        })
    }
}

#[async_trait]
impl EventFeed for Logins {
    fn id(&self) -> &'static str {
        self.source.feed
    }

    fn kinds(&self) -> &'static [EventKind] {
        &[EventKind::Usage]
    }

    async fn events(&self, request: &EventRequest) -> Result<EventPage> {
        self.check().await?;
        let org = &self.context.org;
        let read = reader::read::<LoginRow>(org, &self.source, request).await?;
        let mut events = Vec::with_capacity(read.rows.len());
        if !read.rows.is_empty() {
            let apps = self.apps().await;
            let organization = self.organization.resource(&org.client).await?;
            for row in read.rows {
                events.push(Self::event(row, &apps, &organization)?);
            }
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

/// Apps by the name that sign-ins show.
#[derive(Default)]
struct Apps(HashMap<String, Vec<SalesforceId>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AppRow {
    id: SalesforceId,
    name: Option<String>,
    master_label: Option<String>,
}

impl Row for AppRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl Apps {
    /// Reads the apps. What cannot be read has no names: its sign-ins count for the org.
    async fn read(context: &ReadContext) -> Self {
        let mut apps = Self::default();
        for (object, name) in [
            ("ConnectedApplication", "Name"),
            ("ExternalClientApplication", "MasterLabel"),
        ] {
            let table = Table::new(object, &["Id"]).optional(&[name]);
            let each = |row: AppRow| {
                if let Some(name) = row.name.or(row.master_label) {
                    apps.0.entry(name).or_default().push(row.id);
                }
            };
            if let Err(error) = context.org.read_all(&table, each).await {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(
                    sf.object = object,
                    error,
                    "sign-ins by apps of {object} count for the org"
                );
            }
        }
        apps
    }

    /// The app of this name, if there is exactly one.
    fn one(&self, name: &str) -> Option<SalesforceId> {
        match self.0.get(name).map(Vec::as_slice) {
            Some([id]) => Some(*id),
            _ => None,
        }
    }
}

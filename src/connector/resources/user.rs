//! Users: the accounts of people and machines. Nothing is granted *on* a user.

mod chosen_fields;
pub(in crate::connector) mod fetch;
pub(in crate::connector) mod record;
pub(in crate::connector) mod resource;

use std::sync::Arc;

use async_trait::async_trait;

use super::features::{FeatureHolders, FeatureSet, Features};
use super::login_states::LoginStates;
use super::synced_users::{SyncedUsers, UserSummary, Via, with_license};
use super::user_facts::{FactsOfUsers, UserFacts};
use crate::baton::syncer::no_entitlements;
use crate::baton::{
    Call, Deleter, Entitlement, Error, Grant, GrantScope, Page, PageRequest, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::USER;
use crate::connector::error::{ReadError, wrap_listing};
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::{Listing, Position, Read, Reading};
use crate::connector::text;
use crate::salesforce::{self, SalesforceId};
use chosen_fields::{ListedUser, WideUserRow};
use record::UserRow;
use resource::to_resource;

/// What later phases of a sync need of the users on a page.
#[derive(Default)]
struct Seen {
    users: Vec<(SalesforceId, UserSummary)>,
    features: Vec<(SalesforceId, FeatureSet)>,
    /// Empty if the sync has no insights.
    facts: Vec<(SalesforceId, UserFacts)>,
}

/// Lists users.
pub(super) struct Users {
    context: Arc<ReadContext>,
    listing: Listing<UserRow>,
    /// Used instead if the configuration or the feature licences add fields.
    wide: Listing<WideUserRow>,
    deleter: Box<dyn Deleter>,
}

impl Users {
    pub(super) fn new(context: &Arc<ReadContext>, deleter: Box<dyn Deleter>) -> Self {
        Self {
            context: Arc::clone(context),
            listing: Listing::new(context, USER.id),
            wide: Listing::new(context, USER.id),
            deleter,
        }
    }

    async fn read<R: ListedUser>(
        &self,
        listing: &Listing<R>,
        position: Option<&Position>,
        page: &PageRequest,
        states: &LoginStates,
        features: &Features,
        seen: &mut Seen,
    ) -> Result<Read<Resource>, ReadError> {
        let options = &self.context.options;
        let table = with_license(fetch::table(options), options);
        let table = features.columns(table).only(Via::User.condition(options));
        let table = if options.user_fields.is_empty() {
            table.changes_show_in(CHANGES, None)
        } else {
            // The value of a formula changes without a trace.
            table
        };
        let reading = Reading::at(&table, page, position);
        let org = &self.context.org;
        let shapes = org.user_fields.shapes(&org.client, &options.user_fields);
        let shapes = shapes.await?;
        let convert = |row: R| {
            let (user, others) = row.into_parts();
            let held = features.held(|name| others.is_on(name));
            seen.features.extend(held.map(|held| (user.id, held)));
            seen.users.push((user.id, user.summary()));
            if options.security_insights {
                seen.facts.push((user.id, user.facts(options)));
            }
            let chosen = others.shown(&options.user_fields, &shapes);
            to_resource(&user, chosen, states, options).map(Some)
        };
        listing.read(reading, convert).await
    }
}

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> &ResourceType {
        &USER
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        let position = Position::read(USER.id, page)?;
        let position = position.as_ref();
        let memory = self.context.memory(&page.call);
        let facts = FactsOfUsers::of(&memory);
        facts.begin();
        let states = async {
            let states = LoginStates::all(&self.context, &memory).await;
            states.map_err(failed)
        };
        let features = Features::in_sync(&self.context, page, &memory);
        let (states, features) = tokio::try_join!(states, features)?;
        let mut seen = Seen::default();
        let is_plain = self.context.options.user_fields.is_empty() && features.is_empty();
        let read = if is_plain {
            self.read(&self.listing, position, page, &states, &features, &mut seen)
                .await
        } else {
            self.read(&self.wide, position, page, &states, &features, &mut seen)
                .await
        };
        // Without users nothing else means anything, so a User object that cannot be read fails
        // the sync.
        let read = read.map_err(|error| error.in_listing(DOING))?;
        let (after, next) = (position.map(|position| &position.after), read.next.as_ref());
        SyncedUsers::of(&memory).extend(after, seen.users, next);
        FeatureHolders::of(&memory).extend(after, seen.features, next);
        if self.context.options.security_insights {
            facts.extend(after, seen.facts, next);
        }
        read.into_page(USER.id)
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        let Ok(id) = text::record_id(id) else {
            return Ok(Page::last(Vec::new()));
        };
        let fetched = fetch::by_id(&self.context.org, &self.context.options, id).await;
        let fetched = fetched.map_err(|error| error.wrap("reading one user"))?;
        Ok(fetched.page)
    }

    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        no_entitlements()
    }

    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Ok(Page::last(Vec::new()))
    }

    fn deleter(&self) -> Option<&dyn Deleter> {
        Some(self.deleter.as_ref())
    }
}

const DOING: &str = "listing users";

/// Where a change of a user's row shows. A sign-in changes only its own time.
const CHANGES: [&str; 5] = [
    "SystemModstamp",
    "LastLoginDate",
    "Profile.SystemModstamp",
    "Profile.UserLicense.SystemModstamp",
    "UserRole.SystemModstamp",
];

fn failed(error: salesforce::Error) -> Error {
    wrap_listing(DOING, error)
}

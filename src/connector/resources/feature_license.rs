//! Feature licences: switches of the user for features, such as Marketing User.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::features::{Feature, FeatureHolders, FeatureSet, Features, is_switch};
use super::license::{License, SLUG, Seats};
use super::synced_users::{SyncedUsers, Users, Via};
use crate::baton::{
    Call, Cursor, Entitlement, EntitlementId, Error, Grant, GrantScope, Page, PageRequest,
    Provisioner, Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::{FEATURE_LICENSE, USER};
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::{Listing, Reading};
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::snapshot::Snapshot;
use crate::connector::read::table::{IdRow, Row as _, Table};
use crate::connector::text;
use crate::salesforce::soql::field;
use crate::salesforce::{self, FieldName, SalesforceId};

/// Where the listing of grants continues: in a switch, behind a user. In memory users have the order
/// of the snapshot, on the server that of Salesforce.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    Memory {
        feature: String,
        after: SalesforceId,
    },
    Server(SalesforceId),
}

impl Cursor for Position {}

/// Lists feature licences and who has them.
pub(super) struct FeatureLicenses {
    context: Arc<ReadContext>,
    holders: Listing<IdRow>,
    provisioner: Box<dyn Provisioner>,
}

impl FeatureLicenses {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            holders: Listing::new(context, FEATURE_LICENSE.id),
            provisioner,
        }
    }

    /// The holders of the features, which the users' listing has read.
    fn page_of_memory(
        features: &[(usize, &Feature)],
        holders: &Snapshot<FeatureSet>,
        users: &Users,
        page: &PageRequest,
        position: Option<&(String, SalesforceId)>,
    ) -> Result<Page<Grant>> {
        let mut fill = PageFill::new(page);
        for (place, feature) in features {
            let name = feature.name.as_str();
            let after = match position {
                Some((begin, _)) if name < begin.as_str() => continue,
                Some((begin, after)) if name == begin => Some(after),
                _ => None,
            };
            let on = ResourceId::new(FEATURE_LICENSE.id, name)?;
            for (user, set) in holders.after(after) {
                if !set.has(*place) || !users.contains(user) {
                    continue;
                }
                if fill.push(grant(&on, *user)?) {
                    let position = Position::Memory {
                        feature: name.to_owned(),
                        after: *user,
                    };
                    return Ok(fill.into_page(Some(position.to_token()?)));
                }
            }
        }
        Ok(fill.into_page(None))
    }

    /// The holders of one feature: one query.
    async fn page_of_server(
        &self,
        name: FieldName,
        page: &PageRequest,
        after: Option<SalesforceId>,
    ) -> Result<Page<Grant>> {
        let on = ResourceId::new(FEATURE_LICENSE.id, name.as_str())?;
        let part = name.as_str().to_owned();
        let table = Table::new("User", &["Id"])
            .only(field(name).eq(true))
            .only(Via::User.condition(&self.context.options));
        let reading = Reading::new(&table, page, after).part(part);
        let read = self
            .holders
            .read(reading, |row| grant(&on, row.id()).map(Some))
            .await
            .map_err(|error| error.in_listing(DOING))?;
        read.into_page_with(|after| Position::Server(after).to_token())
    }
}

fn grant(on: &ResourceId, user: SalesforceId) -> Result<Grant> {
    let principal = ResourceId::new(USER.id, user.to_string())?;
    Ok(Grant::new(EntitlementId::new(on.clone(), SLUG), principal))
}

fn resource(feature: &Feature) -> Result<Resource> {
    let name = feature.name.as_str();
    License {
        kind: &FEATURE_LICENSE,
        id: name.to_owned(),
        name: feature.label.clone(),
        about: "Switches a feature on for its holder. How many seats there are, Salesforce shows \
                only in Setup, on the page Company Information."
            .to_owned(),
        seats: Seats::default(),
        status: None,
        ends: None,
        profile: text::profile([
            ("field", Some(name.to_owned())),
            ("label", Some(feature.label.clone())),
        ]),
    }
    .into_resource()
}

/// The field of User that a request names.
fn named(on: &ResourceRef) -> Result<FieldName> {
    let name = on.id.resource.as_str();
    FieldName::parse(name)
        .ok()
        .filter(|_| is_switch(name) && !name.contains('.'))
        .ok_or_else(|| Error::invalid("the id of the feature licence is no such field of User"))
}

const DOING: &str = "listing who has feature licences";

fn failed(error: salesforce::Error) -> Error {
    wrap_listing(DOING, error)
}

fn foreign() -> Error {
    Error::invalid("page_token belongs to another listing; start this one again without it")
}

#[async_trait]
impl ResourceSyncer for FeatureLicenses {
    fn resource_type(&self) -> &ResourceType {
        &FEATURE_LICENSE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        if page.token.is_some() {
            return Err(foreign());
        }
        let memory = self.context.memory(&page.call);
        let features = Features::all(&self.context, &memory).await?;
        let resources = features.iter().map(resource);
        Ok(Page::last(resources.collect::<Result<_>>()?))
    }

    async fn get(&self, id: &ResourceId, call: &Call) -> Result<Page<Resource>> {
        let memory = self.context.memory(call);
        let features = Features::all(&self.context, &memory).await?;
        let found = features
            .iter()
            .find(|feature| feature.name.as_str() == id.resource.as_str());
        Ok(Page::of_option(found.map(resource).transpose()?))
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!(
            "Has the feature {} switched on, which uses a seat of the org's licence for it. What \
             the user may do with the feature, the profile and permission sets say.",
            text::shown(on)
        );
        let entitlement = text::entitlement(on, SLUG, "Feature License", about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let one = match scope {
            GrantScope::Type => None,
            GrantScope::Resource(on) => Some(named(on)?),
        };
        let known = FeatureHolders::of(&memory);
        let begin = match (position, &one) {
            (Some(Position::Server(after)), Some(name)) => {
                return self.page_of_server(name.clone(), page, Some(after)).await;
            }
            (Some(Position::Server(_)), None) => return Err(foreign()),
            (None, Some(name)) if known.peek().is_none() => {
                return self.page_of_server(name.clone(), page, None).await;
            }
            (Some(Position::Memory { feature, after }), _) => Some((feature, after)),
            (None, _) => None,
        };
        let features = Features::all(&self.context, &memory).await?;
        if features.is_empty() {
            return Ok(Page::last(Vec::new()));
        }
        let holders = known.all(&self.context, &features).await.map_err(failed)?;
        let users = SyncedUsers::of(&memory);
        let users = users.all(&self.context).await.map_err(failed)?;
        let wanted: Vec<(usize, &Feature)> = features
            .iter()
            .enumerate()
            .filter(|(_, feature)| one.as_ref().is_none_or(|one| *one == feature.name))
            .collect();
        Self::page_of_memory(&wanted, &holders, &users, page, begin.as_ref())
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}
